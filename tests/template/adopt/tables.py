"""Small tables of the kinds that people bring, written without pandas, and with a signal that a model finds."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

Rows = list[dict[str, object]]


@dataclass(frozen=True)
class Table:
    """A table and how to adopt it.

    Attributes:
        file: The file's name.
        content: Its bytes.
        target: The column to predict, as typed.
        task: What adopt has to find.
        roles: Roles that the contract has to give, by contract name.
        named: The options of ``goldenpath adopt``.
    """

    file: str
    content: bytes
    target: str
    task: str
    roles: dict[str, list[str]]
    named: dict[str, str] = field(default_factory=dict)


def customers() -> Table:
    """Two classes as words, gaps, identifiers, free text, a constant, a duplicate, names with blanks and accents."""

    def row(number: int, chance: random.Random) -> dict[str, object]:
        income = round(chance.lognormvariate(10, 0.4), 2)
        return {
            "Customer ID": f"C{number:05d}",
            "E-Mail": f"person{number}@example.org",
            "Einkommen (€)": income if chance.random() > 0.1 else "",
            "Income copy": income,
            "Größe": chance.choice(["S", "M", "L"]),
            "Store": chance.choice([101, 205, 999]),
            "Newsletter": chance.choice(["yes", "no"]),
            "Land": "DE",
            "Note": f"customer number {number} called us about the bill",
            "Gender": chance.choice(["f", "m"]),
            "Churned?": "yes" if income + chance.gauss(0, 3000) < 20_000 else "no",
        }

    roles = {
        "customer_id": ["excluded"],
        "e_mail": ["excluded"],
        "note": ["excluded"],
        "land": ["excluded"],
        "store": ["feature", "segment"],
        "gender": ["protected"],
        "churned": ["target"],
    }
    return Table("customers 2026.csv", _csv(_rows(400, row)), "Churned?", "binary", roles, {"protected": "Gender"})


def weather() -> Table:
    """Several classes with accents, tabs, a mark at the start, Windows line ends, classes too rare to learn."""

    def row(number: int, chance: random.Random) -> dict[str, object]:
        degrees = chance.gauss(10, 8)
        wind = chance.gauss(5, 2)
        kind = "neige" if degrees < 3 else "brouillard épais" if wind < 4 else "été"
        # Ten classes of one row each: some are in no training part, so the model cannot know them.
        kind = f"rare {number}" if number < 10 else kind
        return {
            "Température": round(degrees, 1),
            "vent": round(wind, 1),
            "jour": chance.choice("LMJVSD"),
            "temps": kind,
        }

    content = _csv(_rows(300, row), "\t").replace(b"\n", b"\r\n")
    return Table("météo.tsv", b"\xef\xbb\xbf" + content, "temps", "multiclass", {"vent": ["feature"]})


def sales() -> Table:
    """An amount by day, as a German spreadsheet writes it: semicolons, decimal commas, Latin-1, days first."""

    def row(number: int, chance: random.Random) -> dict[str, object]:
        size = round(chance.uniform(20, 200), 1)
        offer = chance.choice(["ja", "nein"])
        price = size * (12 if offer == "ja" else 15) + chance.gauss(0, 60)
        return {
            "Verkauft am": (date(2025, 1, 1) + timedelta(days=number)).strftime("%d.%m.%Y"),
            "Wohnfläche": str(size).replace(".", ","),
            "Angebot": offer,
            "Preis je m²": f"{price:,.2f}".translate(str.maketrans(",.", ".,")),
        }

    content = _csv(_rows(300, row), ";").decode().encode("latin-1")
    roles = {"verkauft_am": ["time"], "wohnflache": ["feature"], "preis_je_m2": ["target"]}
    return Table("Verkäufe.csv", content, "Preis je m²", "regression", roles, {"time": "Verkauft am"})


def visits() -> Table:
    """Flags 0 and 1, Unix seconds as the time, users with several rows each."""

    def row(_: int, chance: random.Random) -> dict[str, object]:
        clicks = chance.randrange(9)
        return {
            "user_id": chance.randrange(60),
            "ts": int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) + chance.randrange(10_000_000),
            "clicks": clicks,
            "mobile": chance.randrange(2),
            "bought": int(clicks + chance.gauss(0, 2) > 5),
        }

    roles = {"user_id": ["entity"], "ts": ["time"], "bought": ["target"]}
    return Table("visits.csv", _csv(_rows(500, row)), "bought", "binary", roles, {"time": "ts", "entity": "user_id"})


def households() -> Table:
    """True and False as the target, whole households held out."""

    def row(_: int, chance: random.Random) -> dict[str, object]:
        power = round(chance.gauss(10, 3), 2)
        return {
            "household": f"H{chance.randrange(50):03d}",
            "power": power,
            "solar": chance.choice(["True", "False"]),
            "alarm": power + chance.gauss(0, 1) > 11,
        }

    return Table(
        "households.csv", _csv(_rows(400, row)), "alarm", "binary", {"household": ["entity"]}, {"entity": "household"}
    )


def fraud() -> Table:
    """Three positives in a hundred, more rows than the others."""

    def row(_: int, chance: random.Random) -> dict[str, object]:
        amount = round(chance.lognormvariate(3, 1), 2)
        return {"amount": amount, "v1": round(chance.gauss(0, 1), 4), "Class": int(amount * chance.random() > 90)}

    return Table("fraud.csv", _csv(_rows(3000, row)), "Class", "binary", {"amount": ["feature"]})


def wine() -> Table:
    """Marks from 3 to 8 as classes, quoted names."""

    def row(_: int, chance: random.Random) -> dict[str, object]:
        alcohol = chance.gauss(10, 1)
        mark = min(8, max(3, round(5.5 + (alcohol - 10) * 1.5 + chance.gauss(0, 0.5))))
        return {"fixed acidity": round(chance.gauss(7, 1), 1), "alcohol": round(alcohol, 1), "quality": mark}

    return Table("wine.csv", _csv(_rows(400, row), ";", csv.QUOTE_ALL), "quality", "multiclass", {})


def loans() -> Table:
    """Percent and currency signs, "?" for missing, months as the time, a remainder beside its parts."""

    def row(number: int, chance: random.Random) -> dict[str, object]:
        lent, paid = chance.randrange(1000, 40_000), chance.randrange(900)
        return {
            "issued": f"2026-{1 + number // 50:02d}",
            "rate": f"{chance.uniform(5, 25):.2f}%",
            "lent": f"${lent:,}",
            "paid": paid,
            "grade": chance.choice(["A", "B", "C", "?"]),
            "open": lent - paid,
        }

    return Table(
        "loans.csv", _csv(_rows(250, row)), "open", "regression", {"rate": ["feature"], "lent": ["feature"]},
        {"time": "issued"},
    )  # fmt: skip


TABLES: Sequence[Callable[[], Table]] = (customers, weather, sales, visits, households, fraud, wine, loans)


def _rows(number: int, row: Callable[[int, random.Random], dict[str, object]]) -> Rows:
    chance = random.Random(7)  # noqa: S311  # tables, not secrets
    return [row(index, chance) for index in range(number)]


def _csv(rows: Rows, separator: str = ",", quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter=separator, quoting=quoting, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
