"""Whether a changed contract breaks those who rely on it: ``goldenpath gate contract``.

Three kinds of people rely on ``contract.yaml``. Producers deliver rows that have to keep it; callers send features to
the API and read its predictions; reviewers rely on who is protected and how sensitive a column is. A change that one of
them has to follow is breaking, and the contract's version has to say so by the rules of SemVer (https://semver.org): a
new major version, or before 1.0.0 a new minor one. Whatever only allows more takes a new minor version, words none.

What a producer offers may grow and what is asked of one may shrink, and the other way round for callers: the model's
prediction, the target, is therefore judged against the direction of its inputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import yaml

from goldenpath.gates import base, gate
from goldenpath.gates.gate import Report
from goldenpath.gates.verdict import InconclusiveError, Outcome
from goldenpath.project import contract
from goldenpath.project.contract import CLASSIFICATIONS, Column, Contract, ContractError, Role
from goldenpath.project.paths import CONTRACT_DIFF

Audience = Literal["producers", "callers", "reviewers"]
Demand = Literal["major", "minor", "none"]

GATE = "contract"
MOVED = 0.5
"""Share of a description's words that must be the same for a column of another name to count as the same one."""

UNITS = re.compile(
    r"""\b(?:
    ms | millisecond | second | minute | hour | day | week | month | year
    | mm | cm | meter | metre | km | kilometer | kilometre | inch | foot | feet | yard | mile
    | mph | knot | kmh | celsius | fahrenheit | kelvin | percent | fraction | degree | radian
    | gram | kg | kilogram | pound | lb | ton | tonne | liter | litre | gallon
    | pascal | hpa | kpa | millibar | psi | watt | kw | kwh | joule | volt
    | eur | euro | usd | dollar | gbp | chf | jpy | yen | cent | thousand | million
    )(?=(?:e?s)?\b)""",
    re.VERBOSE | re.IGNORECASE,
)
"""Words, without the plural's s, by which a description names a unit. ODCS has no field for it; where one goes and
another comes, numbers that look the same mean something else."""


@dataclass(frozen=True)
class Change:
    """One difference between two contracts.

    Attributes:
        column: The column's name in the newer contract; empty for the contract as a whole.
        what: What changed.
        before: What the older contract said.
        after: What the newer one says.
        breaks: Who has to follow.
        effect: What becomes of those who do not, or of everybody.
        fix: How to avoid the break.
    """

    column: str
    what: str
    before: str
    after: str
    breaks: tuple[Audience, ...] = ()
    effect: str = ""
    fix: str = ""

    @property
    def demands(self) -> Demand:
        """Which part of the version has to rise."""
        return "major" if self.breaks else "none" if self.what == "words" else "minor"


def run(root: Path, ref: str) -> Outcome:
    """Judge the work tree's contract against the base's, and write ``reports/contract-diff.json``.

    Args:
        root: The project's folder.
        ref: The branch, tag or commit to compare with.
    """
    return gate.run(GATE, root / CONTRACT_DIFF, partial(judge, root, ref), markdown)


def judge(root: Path, ref: str) -> Report:
    """Compare and judge.

    Args:
        root: The project's folder.
        ref: The branch, tag or commit to compare with.

    Raises:
        ContractError: The work tree's contract cannot be used.
        InconclusiveError: There is nothing to compare with.
    """
    old = base.find(root, ref)
    after = contract.load(root / contract.PATH)
    text = old.text(contract.PATH)
    if text is None:
        first = _versions("", after, "none")
        return {"verdict": "pass", "reasons": [], "base": old.commit, "version": first, "changes": []}
    try:
        before = contract.parse(text.encode())
    except ContractError as error:
        fault = str(error).splitlines()[0]
        raise InconclusiveError(f"At {ref} ({old.commit[:9]}) nothing can be compared: {fault}") from error
    changes = compare(before, after)
    if not changes and _meaning(text) != _meaning((root / contract.PATH).read_text(encoding="utf-8")):
        changes = [Change("", "words", "", "", effect="keys that decide neither rows nor requests")]
    demand = _largest(changes)
    fault = version_fault(before.version, after.version, demand)
    return {
        "verdict": "fail" if fault else "pass",
        "reasons": [fault] if fault else [],
        "base": old.commit,
        "version": _versions(before.version, after, demand),
        "changes": [{**asdict(change), "demands": change.demands} for change in changes],
    }


def compare(before: Contract, after: Contract) -> list[Change]:
    """Every difference that matters to somebody, the breaking ones first."""
    old, new = {column.name: column for column in before}, {column.name: column for column in after}
    renamed = _renamed(before, after)
    changes: list[Change] = []
    for name, column in old.items():
        now = new.get(renamed.get(name, name))
        changes += _of_column(column, now) if now else [_removed(column)]
    changes += [_added(new[name]) for name in new if name not in old and name not in renamed.values()]
    if before.about != after.about or before.name != after.name:
        changes.append(Change("", "words", "", "", effect="what the contract says of the product reads otherwise"))
    return sorted(changes, key=lambda change: ("major", "minor", "none").index(change.demands))


def version_fault(before: str, after: str, demand: Demand) -> str:
    """What is wrong with the newer contract's version; empty where it says what changed.

    Args:
        before: The base's version.
        after: The work tree's version.
        demand: Which part has to rise: at least this one, or a higher one.
    """
    then, now = _numbers(before), _numbers(after)
    if demand == "none" and before == after:
        return ""
    if now is None:
        return f"version: {after} of {contract.PATH} is not SemVer. Write three numbers, such as 1.2.3."
    if then is None:
        return ""
    if now < then:
        return f"version went back from {before} to {after}, which stands for an older contract. Raise it instead."
    wanted = _wanted(then, demand)
    if now >= wanted:
        return ""
    words = "a breaking change" if demand == "major" else "a compatible addition"
    zero = " (before 1.0.0 the minor number says so)" if then[0] == 0 and demand == "major" else ""
    return (
        f"version: {after} of {contract.PATH} does not tell of {words}{zero}. If it is meant, write version: "
        f"{'.'.join(map(str, wanted))} or higher, and tell those it concerns; if not, fix it as the table says."
    )


def markdown(report: Report) -> str:
    """The report for a pull request."""
    lines = gate.heading("Contract", report)
    if version := report.get("version"):
        rose = f"{version['base'] or 'none'} → {version['head']}"
        lines += [f"Version {gate.cell(rose)}; needed: {gate.cell(version['needed'])}.", ""]
    rows = [
        [
            change["column"] or "(contract)",
            change["what"],
            change["before"],
            change["after"],
            ", ".join(change["breaks"]) or "nobody",
            ". ".join(filter(None, (change["effect"], change["fix"]))),
        ]
        for change in report.get("changes", [])
    ]
    lines += gate.table(["column", "what", "before", "after", "breaks", "what follows, and how to fix it"], rows)
    if report["verdict"] == "pass" and not rows:
        lines.append("The contract is as it was.")
    return "\n".join(lines).rstrip()


def _removed(column: Column) -> Change:
    breaks: tuple[Audience, ...] = ()
    effect = "producers may go on delivering it; it is left out"
    if "feature" in column.roles or "target" in column.roles:
        breaks, effect = ("callers",), "requests that hold it are refused with 422"
    if "target" in column.roles:
        effect = "the model's predictions mean something else"
    if {"segment", "protected"} & column.roles:
        breaks, effect = (*breaks, "reviewers"), f"{effect}; its groups are judged no longer"
    fix = "Keep it, with role excluded where nothing uses it." if breaks == ("reviewers",) else "Keep it."
    return Change(column.name, "column removed", _summary(column), "", breaks, effect, fix if breaks else "")


def _added(column: Column) -> Change:
    feature = "feature" in column.roles and column.required
    breaks: tuple[Audience, ...] = ("producers", "callers") if feature else ("producers",)
    effect = f"a table without {column.physical_name} is refused"
    if feature:
        effect += "; so are requests without it"
    fix = "Callers need not follow where it is optional: required: false." if feature else ""
    return Change(column.name, "column added", "", _summary(column), breaks, effect, fix)


def _of_column(before: Column, after: Column) -> Iterator[Change]:
    change = partial(Change, after.name)
    is_input = "feature" in before.roles and "feature" in after.roles
    is_target = "target" in before.roles and "target" in after.roles
    senders: tuple[Audience, ...] = ("producers", "callers") if is_input else ("producers",)
    callers: tuple[Audience, ...] = ("callers",) if is_input or is_target else ()
    if before.name != after.name:
        effect = "requests under the old name are refused with 422" if is_input else "code that reads it by name"
        yield change(
            "renamed", before.name, after.name, callers, effect, "Keep the name, and change physicalName at most."
        )
    if before.physical_name != after.physical_name:
        effect = f"a table without {after.physical_name} is refused"
        fix = f"physicalName: {before.physical_name}"
        yield change("source's name", before.physical_name, after.physical_name, ("producers",), effect, fix)
    yield from _type_change(before, after, senders, is_target=is_target)
    yield from _narrowings(before, after, senders, is_target=is_target)
    yield from _meaning_changes(before, after, ("producers", *callers))
    yield from _role_changes(before, after)
    rank = CLASSIFICATIONS.index
    if before.classification != after.classification:
        lower = rank(after.classification) < rank(before.classification)
        breaks: tuple[Audience, ...] = ("reviewers",) if lower else ()
        effect = "people may see it who might not" if lower else "it has to be handled with more care"
        fix = f"classification: {before.classification}" if lower else ""
        yield change("classification", before.classification, after.classification, breaks, effect, fix)
    if (before.example, before.reason) != (after.example, after.reason):
        yield change("words", before.reason or before.example or "", after.reason or after.example or "")


def _type_change(before: Column, after: Column, senders: tuple[Audience, ...], *, is_target: bool) -> Iterator[Change]:
    if before.type == after.type:
        return
    wider = (before.type, after.type) == ("integer", "number")
    breaks: tuple[Audience, ...] = ("callers",) if wider and is_target else () if wider else senders
    if not wider and is_target:
        breaks = ("producers", "callers")
    effect = "every value of before is taken" if wider else "values of the old type are refused"
    fix = "" if not breaks else f"Keep {before.type}, or add a second column of the new type."
    yield Change(after.name, "type", before.type, after.type, breaks, effect, fix)


def _narrowings(before: Column, after: Column, senders: tuple[Audience, ...], *, is_target: bool) -> Iterator[Change]:
    """Demands on values that grew, which breaks senders, or shrank, which breaks at most readers of predictions."""
    if _set(before) != _set(after):
        yield _enum_change(before, after, senders, is_target=is_target)
    demands: list[tuple[str, Any, Any, bool]] = [
        ("required", before.required, after.required, after.required),
        ("unique", before.unique, after.unique, after.unique),
        ("minimum", before.minimum, after.minimum, _is_tighter(before.minimum, after.minimum, 1)),
        ("maximum", before.maximum, after.maximum, _is_tighter(before.maximum, after.maximum, -1)),
        ("pattern", before.pattern, after.pattern, after.pattern is not None),
        ("longest text", before.max_length, after.max_length, _is_tighter(before.max_length, after.max_length, -1)),
    ]
    for what, then, now, tighter in demands:
        if then == now:
            continue
        who = ("producers",) if what == "unique" else senders
        effect = "values that were taken are refused" if tighter else "more is taken than before"
        if what == "pattern" and tighter and then is not None:
            effect = "no machine can tell whether it takes all that the old one took"
        fix = "Keep the old demand, and fix the data that breaks the new one." if tighter else ""
        yield Change(after.name, what, _word(then), _word(now), who if tighter else (), effect, fix)


def _enum_change(before: Column, after: Column, senders: tuple[Audience, ...], *, is_target: bool) -> Change:
    gone, new = _set(before) - _set(after), _set(after) - _set(before)
    narrower = bool(after.enum) and (bool(gone) or not before.enum)
    wider = bool(before.enum) and (bool(new) or not after.enum)
    breaks: tuple[Audience, ...] = senders if narrower else ()
    if is_target and wider:
        breaks = (*breaks, "callers")
    lost = ", ".join(sorted(gone)) if before.enum else "every other value"
    effect = f"refused from now on: {lost}" if narrower else "more values are taken"
    if is_target and wider:
        effect += "; callers get values they have never seen"
    fix = "Keep the values, and fix the data that breaks the demand." if breaks else ""
    return Change(after.name, "enum", _listed(before.enum), _listed(after.enum), breaks, effect, fix)


def _meaning_changes(before: Column, after: Column, concerned: tuple[Audience, ...]) -> Iterator[Change]:
    if before.nominal != after.nominal:
        then, now = ("names" if column.nominal else "quantities" for column in (before, after))
        effect = "the same number is read as something else"
        yield Change(after.name, "scale", then, now, concerned, effect, "Add a column beside it instead.")
    if before.description == after.description:
        return
    units = _units(before.description), _units(after.description)
    gone, new = units[0] - units[1], units[1] - units[0]
    if gone and new:
        effect = "numbers that look the same mean something else"
        fix = "Keep the unit and convert in source.py, or add a column in the new one."
        yield Change(after.name, "unit", ", ".join(sorted(gone)), ", ".join(sorted(new)), concerned, effect, fix)
    else:
        yield Change(after.name, "words", before.description, after.description, effect="does it mean the same?")


def _role_changes(before: Column, after: Column) -> Iterator[Change]:
    for role in sorted(before.roles - after.roles):
        if found := _LOST_ROLES.get(role):
            breaks, effect = found
            yield Change(after.name, f"role {role}", "held", "lost", breaks, effect, f"Keep role {role}.")
    for role in sorted(after.roles - before.roles):
        if role == "feature":
            must = after.required
            effect = "requests without it are refused with 422" if must else "requests may hold it"
            fix = "required: false" if must else ""
            yield Change(after.name, "role feature", "not held", "held", ("callers",) if must else (), effect, fix)
        elif role == "target":
            effect = "the model's predictions mean something else"
            fix = "Make a product of its own for another question."
            yield Change(after.name, "role target", "not held", "held", ("callers",), effect, fix)
        elif role != "excluded":
            effect = "rows are divided by it" if role in ("time", "entity") else "its groups are judged"
            yield Change(after.name, f"role {role}", "not held", "held", (), effect)


_LOST_ROLES: dict[Role, tuple[tuple[Audience, ...], str]] = {
    "feature": (("callers",), "requests that hold it are refused with 422"),
    "target": (("callers",), "the model's predictions mean something else"),
    "protected": (("reviewers",), "no floor holds for its groups any longer"),
    "segment": (("reviewers",), "no floor holds for its groups any longer"),
    "time": (("reviewers",), "the split may let the future into training"),
    "entity": (("reviewers",), "the same one may stand in training and test"),
}


def _renamed(before: Contract, after: Contract) -> dict[str, str]:
    """New names of columns, by the old ones: the same place in the source, or the same column in all but its names."""
    old, new = {column.name for column in before}, {column.name for column in after}
    added = [column for column in after if column.name not in old]
    found: dict[str, str] = {}
    for column in (column for column in before if column.name not in new):
        free = [other for other in added if other.name not in found.values()]
        same = [other for other in free if other.physical_name == column.physical_name]
        same = same or [other for other in free if _is_same_but_for_names(column, other)]
        if same:
            found[column.name] = same[0].name
    return found


def _is_same_but_for_names(column: Column, other: Column) -> bool:
    words, others = set(column.description.lower().split()), set(other.description.lower().split())
    alike = bool(words) and len(words & others) >= MOVED * len(words | others)
    names: dict[str, Any] = dict.fromkeys(("name", "physical_name", "description", "example", "reason", "title"), "")
    names["enum_labels"] = ()
    return alike and replace(column, **names) == replace(other, **names)


def _summary(column: Column) -> str:
    need = "required" if column.required else "optional"
    return f"{column.type}, {need}, {'/'.join(sorted(column.roles))}"


def _set(column: Column) -> set[str]:
    return {str(value) for value in column.enum}


def _listed(values: tuple[Any, ...]) -> str:
    return ", ".join(map(str, values)) or "any value"


def _word(value: Any) -> str:
    return "none" if value is None else {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _is_tighter(then: Any, now: Any, direction: int) -> bool:
    """Whether a bound lets less through; ``direction`` is 1 for a lower bound and -1 for an upper one."""
    if then is None or now is None:
        return now is not None
    if isinstance(then, int | float) and isinstance(now, int | float):
        return (now - then) * direction > 0
    return (str(now) > str(then)) == (direction > 0)


def _units(text: str) -> set[str]:
    return {word.lower() for word in UNITS.findall(text)}


def _numbers(version: str) -> tuple[int, int, int] | None:
    found = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)(?:[-+][0-9A-Za-z.+-]+)?", version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _wanted(then: tuple[int, int, int], demand: Demand) -> tuple[int, int, int]:
    major, minor, patch = then
    if demand == "none":
        return then
    if major == 0:
        return (0, minor + 1, 0) if demand == "major" else (0, minor, patch + 1)
    return (major + 1, 0, 0) if demand == "major" else (major, minor + 1, 0)


def _largest(changes: list[Change]) -> Demand:
    found = {change.demands for change in changes}
    return "major" if "major" in found else "minor" if "minor" in found else "none"


def _versions(before: str, after: Contract, demand: Demand) -> dict[str, str]:
    then = _numbers(before)
    needed = before if then is None or demand == "none" else ".".join(map(str, _wanted(then, demand)))
    return {"base": before, "head": after.version, "demands": demand, "needed": needed or "any"}


def _meaning(text: str) -> Any:
    """The contract without its version, comments and layout."""
    content = yaml.safe_load(text)
    return {key: value for key, value in content.items() if key != "version"}
