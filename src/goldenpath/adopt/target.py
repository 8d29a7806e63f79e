"""What the target is: classes or an amount, and which class counts as positive."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from goldenpath.adopt.errors import AdoptError
from goldenpath.adopt.profile import Profile

# A fifth of the rows is held out when there are few; with fewer than 20 of them the 95 % interval of a share is wider
# than 0.4 (normal approximation: 2 * 1.96 * sqrt(0.25 / 20) = 0.44), so no score would mean anything.
MINIMUM_ROWS = 100
# Ten values cover digits, marks and ratings; whole numbers with more are more often counts or amounts.
MOST_WHOLE_CLASSES = 10
MOST_CLASSES = 100
# Fewer rows than this per class on average, and text is an identifier or free text rather than a class.
LEAST_ROWS_PER_CLASS = 5
# Each tenth held out must be able to hold one row of each of two classes.
LEAST_ROWS_OF_TWO_CLASSES = 10
MOST_MISSING = 0.5
FEW_ROWS = 2000
"""Below this, a tenth of the rows is too few to hold out: with 200 rows, the interval of a share is 0.14 wide."""
_POSITIVE_WORDS = ("yes", "true", "y", "t", "1", "1.0", "positive", "pos")
_NEGATIVE_WORDS = ("no", "false", "n", "f", "0", "0.0", "-1", "-1.0", "negative", "neg")


@dataclass(frozen=True)
class Target:
    """The guess about the target.

    Attributes:
        name: The column's name in the file.
        problem: Classification for classes, regression for amounts.
        type: The target's logical type in the contract.
        classes: The classes with their rows, in order; empty for regression.
        positive: The class that counts as positive; None unless there are exactly two.
        reason: Why this problem, and why this positive class.
        warnings: What a person should know about the target.
    """

    name: str
    problem: Literal["classification", "regression"]
    type: Literal["boolean", "string", "integer", "number"]
    classes: tuple[tuple[Any, int], ...]
    positive: Any
    reason: str
    warnings: tuple[str, ...] = ()

    @property
    def odds(self) -> float:
        """Rows of the negative class for each row of the positive class."""
        positive = sum(rows for value, rows in self.classes if value == self.positive)
        return (sum(rows for _, rows in self.classes) - positive) / max(positive, 1)


def guess_target(facts: Profile) -> Target:
    """Decide what kind of target a column is.

    Raises:
        AdoptError: The column is constant, mostly missing, has too few rows, or is neither classes nor an amount.
    """
    where = f"TARGET {facts.name}"
    if facts.missing_share > MOST_MISSING:
        raise AdoptError(
            f"{where}: {facts.missing_share:.0%} of the rows have no value; at most {MOST_MISSING:.0%} may be missing. "
            "Keep the rows whose outcome is known, or name another target."
        )
    if facts.distinct < 2:
        raise AdoptError(
            f"{where}: is constant, always {facts.sample[0]!r}; there is nothing to learn. Name another one."
        )
    if facts.present < MINIMUM_ROWS:
        raise AdoptError(
            f"{where}: {facts.present} rows have a value, want at least {MINIMUM_ROWS}: with fewer, the rows held out "
            "cannot tell a good model from a lucky one. Collect more rows."
        )
    if facts.kind == "timestamp":
        raise AdoptError(
            f"{where}: holds dates, which are neither classes nor amounts. Add a column with the number of days you "
            "want to predict, and name that."
        )
    if facts.kind == "text" or facts.kind == "boolean":
        return _words(facts, where)
    if facts.whole and facts.distinct <= MOST_WHOLE_CLASSES:
        classes = tuple(sorted((int(value), rows) for value, rows in facts.values))
        return _classes(facts, "integer", classes, f"{facts.distinct} different whole numbers")
    kind: Literal["integer", "number"] = "integer" if facts.kind == "integer" else "number"
    why = f"{facts.distinct} different numbers, so an amount: regression"
    return Target(facts.name, "regression", kind, (), None, why)


def _words(facts: Profile, where: str) -> Target:
    if facts.distinct > MOST_CLASSES or facts.rows_per_value < LEAST_ROWS_PER_CLASS:
        raise AdoptError(
            f"{where}: is text with {facts.distinct} different values in {facts.present} rows, so an identifier or "
            f"free text; want at most {MOST_CLASSES} classes with {LEAST_ROWS_PER_CLASS} rows each on average. "
            "Group its values into classes, or name another target."
        )
    spelled = {str(value).lower() for value, _ in facts.values}
    if spelled <= {"true", "false"} or spelled <= {"t", "f"}:
        totals = {
            flag: sum(rows for value, rows in facts.values if str(value).lower()[0] == flag[0])
            for flag in ("false", "true")
        }
        classes: tuple[tuple[Any, int], ...] = ((False, totals["false"]), (True, totals["true"]))
        return _classes(facts, "boolean", classes, "true or false")
    classes = tuple(sorted((str(value), rows) for value, rows in facts.values))
    found = _classes(facts, "string", classes, f"{facts.distinct} different words")
    folded = [str(value).casefold() for value, _ in classes]
    alike = [str(value) for value, _ in classes if folded.count(str(value).casefold()) > 1]
    if alike:
        warning = (
            f"Classes that differ in capitals only are taken for different ones: {', '.join(alike)}. If they are "
            "not, fix the file and adopt again."
        )
        found = replace(found, warnings=(*found.warnings, warning))
    return found


def _classes(
    facts: Profile,
    kind: Literal["boolean", "string", "integer"],
    classes: tuple[tuple[Any, int], ...],
    found: str,
) -> Target:
    counts = sorted((rows for _, rows in classes), reverse=True)
    if counts[1] < LEAST_ROWS_OF_TWO_CLASSES:
        common = max(classes, key=lambda item: item[1])[0]
        raise AdoptError(
            f"TARGET {facts.name}: nearly every row is {common!r}; the next class has {counts[1]} rows, want at least "
            f"{LEAST_ROWS_OF_TWO_CLASSES} so that each part of the split holds some. Collect more of them."
        )
    warnings = []
    rare = [str(value) for value, rows in classes if rows < LEAST_ROWS_OF_TWO_CLASSES]
    if rare:
        warnings.append(
            f"Too few rows to learn or to judge: {', '.join(rare)} (fewer than {LEAST_ROWS_OF_TWO_CLASSES} each). They "
            "are kept; merge them into another class, or collect more."
        )
    share = counts[-1] / sum(counts)
    if len(classes) == 2 and share < 0.05:
        warnings.append(
            f"Strong imbalance: the rarer class is {share:.1%} of the rows. Read precision and recall, not accuracy, "
            "and set value.missed and value.false_alarm in params.yaml to your costs."
        )
    why = f"{found}, so classes: classification"
    if len(classes) != 2:
        return Target(facts.name, "classification", kind, classes, None, why, tuple(warnings))
    positive, chosen = _positive(classes)
    return Target(facts.name, "classification", kind, classes, positive, f"{why}; {chosen}", tuple(warnings))


def _positive(classes: tuple[tuple[Any, int], ...]) -> tuple[Any, str]:
    spelled = {str(value).lower(): value for value, _ in classes}
    yes = [value for word, value in spelled.items() if word in _POSITIVE_WORDS]
    no = [value for word, value in spelled.items() if word in _NEGATIVE_WORDS]
    if len(yes) == 1 and (no or not str(yes[0])[0].isdigit()):
        return yes[0], f"{yes[0]} is positive by its name"
    rarer = min(classes, key=lambda item: item[1])[0]
    return rarer, f"{rarer} is positive, being the rarer"
