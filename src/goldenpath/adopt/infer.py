"""From what a column holds to what the contract says about it, each guess with its reason."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from goldenpath.adopt.assignment import Assignment
from goldenpath.adopt.names import identifiers, tokens
from goldenpath.adopt.personal import Personal, personal
from goldenpath.adopt.profile import Profile
from goldenpath.adopt.target import Target
from goldenpath.project.contract import Column, LogicalType, Role

MOSTLY_MISSING = 0.9
"""From this share of missing values on, a column is excluded: what is left is too little to hold out and judge."""

IDENTIFYING_SHARE = 0.9
"""From this share of different values on, text names rows instead of describing them."""

LEAST_ROWS_PER_VALUE = 5
"""With fewer rows per value on average, a category cannot be learned from."""

MOST_CATEGORIES = 1000
"""More different words than this are an identifier or free text, however many rows there are."""

FREE_TEXT_WORDS = 5
"""Text of this many words on average is prose; a category's name is shorter."""

MOST_ENUM_VALUES = 50
LEAST_ROWS_OF_ENUM_VALUE = 5
"""An enum refuses values never seen. That is right only where every value was seen several times: the chance that the
next row brings a new one is about the share of rows whose value was seen once (Good-Turing)."""

MOST_SEGMENTS = 5
MOST_SEGMENT_VALUES = 12
"""Reports per segment are read by people: a few columns with a few values each."""

# The last word of a name that says "this number names something". "Number of rooms" and "num_rooms" end otherwise.
_CODE_WORD = re.compile(
    r"ids?|codes?|nr|no|number|zip|plz|postcode|type|kind|class|category|cat|group|cluster|segment|region|district|zone|"
    r"ward|county|state|country|city|sector|channel|dept|department|store|shop|branch|product|sku|model|brand"
)
# Whom or what rows are about when several rows are about the same one. A model would learn each by heart.
_ACTOR_WORD = re.compile(
    r"user|customer|client|patient|subject|member|person|individual|employee|student|pupil|player|visitor|passenger|"
    r"driver|borrower|applicant|respondent|participant|kunde"
)
_OWNED_WORD = re.compile(r"household|family|account|acct|card|policy|contract|device|session|loan|case|kunden|panel")
_ID_WORD = re.compile(r"ids?|key|uuid|guid|nr|no|number|num|code|ref|identifier|hash")
LEAST_ACTORS = 50
# Words of a name by which a whole number that differs in nearly every row is the name of the row.
_IDENTIFIER_WORD = re.compile(
    r"ids?|key|uuid|guid|nr|no|number|code|ref|reference|serial|account|index|row|rownames|rowid|rownum|ticket|order|"
    r"invoice|customer|user|client"
)


@dataclass(frozen=True)
class Guess:
    """A column of the contract to be, and why it is so.

    Attributes:
        column: What the contract will say.
        reasons: One sentence for each guess.
        note: What a person should know and may want to change; empty when there is nothing.
    """

    column: Column
    reasons: tuple[str, ...]
    note: str = ""

    @property
    def is_feature(self) -> bool:
        """Whether the model sees the column."""
        return "feature" in self.column.roles


def infer(profiles: Sequence[Profile], named: Assignment, target: Target, file: str) -> list[Guess]:
    """Guess a contract column for every column of the table.

    Args:
        profiles: The facts, in the order of the file.
        named: What the person said about columns.
        target: What kind of target it is.
        file: The file's name, for descriptions.

    Returns:
        One guess per column, in the order of the file.
    """
    # A copy of the target is a duplicate of it wherever it stands.
    first_of = {facts.digest: facts.name for facts in profiles if facts.name == named.target}
    guesses = []
    segments = 0
    for facts, name in zip(profiles, identifiers([facts.name for facts in profiles]), strict=True):
        twin = first_of.setdefault(facts.digest, facts.name) if facts.present else facts.name
        guess = _guess(facts, name, named, target, twin)
        if "segment" in guess.column.roles:
            segments += 1
            if segments > MOST_SEGMENTS:
                guess = replace(guess, column=replace(guess.column, roles=guess.column.roles - {"segment"}))
        described = f"{facts.name}, a column of {file}."
        guesses.append(replace(guess, column=replace(guess.column, description=described)))
    return guesses


def excluded(guess: Guess, reason: str) -> Guess:
    """The same column, excluded for a reason: kept in the data, checked for its type only, unseen by the model."""
    kept = guess.column
    column = Column(kept.name, kept.physical_name, kept.type, frozenset(["excluded"]), kept.description, reason=reason)
    return Guess(replace(column, classification=kept.classification), (), guess.note)


def _guess(facts: Profile, name: str, named: Assignment, target: Target, twin: str) -> Guess:
    found = personal(facts)
    base = Column(
        name=name,
        physical_name=facts.name,
        type=_type(facts),
        roles=frozenset(["feature"]),
        classification="confidential" if found else "internal",
        required=facts.present == facts.rows,
        example=_example(facts),
    )
    note = f"Confidential: {found.reason}" if found else ""
    if facts.name == named.target:
        return _target(base, facts, target)
    if facts.name == named.time:
        kind: LogicalType = "date" if facts.midnight else "timestamp"
        reason = "Named by --time: the newest rows are held out; no feature, because the future has only new times"
        return Guess(replace(base, type=kind, roles=frozenset(["time"]), required=True), (reason,), note)
    if facts.name == named.entity:
        reason = "Entity ID: all its rows stay in one split; no feature, or it would be learned by heart"
        # No example of an entity: it may be a person.
        column = replace(base, roles=frozenset(["entity"]), required=True, example=None)
        return Guess(column, (reason,), note)
    guess = _described(base, facts, note)
    if facts.name in named.protected:
        reason = (
            "Named by --protected: reported per group and not seen by the model, because using it needs a legal "
            "ground; with one, add the role feature"
        )
        column = replace(guess.column, roles=frozenset(["protected"]))
        return replace(guess, column=column, reasons=(reason, *guess.reasons))
    why = _useless(facts, twin) or _unlearnable(facts, found)
    return excluded(guess, why) if why else guess


def _example(facts: Profile) -> Any:
    """A value as people and requests write it, from which a first request can be made."""
    if facts.kind == "timestamp":
        return facts.typical.strftime("%Y-%m-%d" if facts.midnight else "%Y-%m-%dT%H:%M:%SZ")
    if facts.kind == "boolean":
        return str(facts.typical).lower() in ("true", "t", "yes", "y")
    if facts.kind in ("integer", "number") and facts.typical is not None:
        return int(facts.typical) if facts.whole else float(facts.typical)
    return facts.typical


def _type(facts: Profile) -> LogicalType:
    if facts.kind == "timestamp":
        return "date" if facts.midnight else "timestamp"
    if facts.kind in ("boolean", "integer", "number"):
        return facts.kind
    return "string"


def _target(base: Column, facts: Profile, target: Target) -> Guess:
    example = target.positive if target.positive is not None else base.example
    column = replace(base, type=target.type, roles=frozenset(["target"]), required=True, example=example)
    reasons = [f"Named as TARGET; {target.reason}"]
    if target.classes and target.type != "boolean":
        column = replace(column, enum=tuple(value for value, _ in target.classes))
    if not target.classes:
        column, reason = _ranged(column, facts)
        reasons.append(reason)
    if facts.present < facts.rows:
        missing = facts.rows - facts.present
        reasons.append(f"Required, though {missing} rows have none: they teach nothing and are quarantined")
    return Guess(column, tuple(reasons))


def _described(base: Column, facts: Profile, note: str) -> Guess:
    """The guess for a column that describes the row: its type, its allowed values, whether it divides into segments."""
    if facts.kind == "boolean":
        return Guess(_with_segment(base, facts), (f"Boolean: holds only {_words_of(facts)}",), note)
    if facts.kind == "text":
        return _category(base, facts, note)
    if facts.kind in ("integer", "number"):
        if facts.kind == "integer" and _is_code(facts):
            guess = _category(replace(base, nominal=True), facts, note)
            reason = "Nominal: the name says that the number names something, so its order means nothing"
            return replace(guess, reasons=(reason, *guess.reasons))
        if facts.kind == "integer" and _values_of(facts) == [0, 1]:
            return Guess(replace(base, enum=(0, 1)), ("Enum: a flag, only 0 and 1",), note)
        column, reason = _ranged(base, facts)
        return Guess(column, (reason,), note)
    if facts.kind == "timestamp":
        return Guess(base, ("A timestamp, seen as days since 1970-01-01",), note)
    return Guess(base, (), note)


def _category(base: Column, facts: Profile, note: str) -> Guess:
    """A column of names: an enum where a new name would be a surprise, free otherwise."""
    if facts.values and facts.distinct <= MOST_ENUM_VALUES and facts.rarest >= LEAST_ROWS_OF_ENUM_VALUE:
        values = tuple(sorted(value for value, _ in facts.values))
        reason = f"Enum: {facts.distinct} values, each in at least {facts.rarest} rows"
        return Guess(_with_segment(replace(base, enum=values), facts), (reason,), note)
    why = f"{facts.distinct} values, the rarest in {_rows(facts.rarest)}"
    if base.type == "string":
        length = max(2 * facts.longest, 10)
        reason = f"No enum: {why}; at most {length} characters"
        return Guess(replace(base, max_length=length), (reason,), note)
    return Guess(base, (f"No enum: {why}",), note)


def _with_segment(column: Column, facts: Profile) -> Column:
    if 2 <= facts.distinct <= MOST_SEGMENT_VALUES:
        roles: frozenset[Role] = column.roles | {"segment"}
        return replace(column, roles=roles)
    return column


def _ranged(column: Column, facts: Profile) -> tuple[Column, str]:
    """The column with a range: what was seen, widened by its own width on each side, never across zero."""
    low, high = float(facts.minimum), float(facts.maximum)
    width = (high - low) or max(abs(high), 1.0)
    minimum, maximum = _rounded(low - width, down=True), _rounded(high + width, down=False)
    if low >= 0:
        minimum = 0.0
    if high <= 0:
        maximum = 0.0
    exact = int if facts.kind == "integer" else float
    reason = f"Range: seen {_short(facts.minimum)} to {_short(facts.maximum)}, widened"
    return replace(column, minimum=exact(minimum), maximum=exact(maximum)), reason


def _rounded(value: float, down: bool) -> float:
    """The value rounded outward to two digits."""
    if value == 0:
        return 0.0
    scale = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    digits = max(0, -math.floor(math.log10(scale)))
    return round((math.floor if down else math.ceil)(value / scale) * scale, digits)


def _useless(facts: Profile, twin: str) -> str:
    if facts.kind == "empty":
        return "Empty: no row has a value."
    if facts.missing_share >= MOSTLY_MISSING:
        return f"Mostly missing: {facts.missing_share:.0%} of the rows have no value; {MOSTLY_MISSING:.0%} is too many."
    if facts.distinct == 1 and facts.present == facts.rows:
        return "Constant: the same value in every row."
    if twin != facts.name:
        return f"Duplicate: the same content as {twin}."
    return ""


def _unlearnable(facts: Profile, found: Personal | None) -> str:
    unlike = facts.distinct / facts.present
    if facts.kind == "text":
        if facts.words >= FREE_TEXT_WORDS and facts.rows_per_value < LEAST_ROWS_PER_VALUE:
            return f"Free text: {facts.words:.0f} words on average, {facts.distinct} different texts."
        if unlike >= IDENTIFYING_SHARE:
            return f"Identifier: {facts.distinct} different values in {facts.present} rows."
        if facts.distinct > MOST_CATEGORIES or facts.rows_per_value < LEAST_ROWS_PER_VALUE:
            return (
                f"Too many values: {facts.distinct} different ones in {facts.present} rows; a category needs "
                f"{LEAST_ROWS_PER_VALUE} rows per value on average and at most {MOST_CATEGORIES} values."
            )
    if facts.kind == "integer":
        if facts.counts_rows and not _is_year(facts):
            return "Row number: it goes up by one from row to row."
        if unlike >= IDENTIFYING_SHARE and any(map(_IDENTIFIER_WORD.fullmatch, tokens(facts.name))):
            return f"Identifier: {facts.distinct} different values in {facts.present} rows, and the name says so."
        if _is_code(facts) and (facts.distinct > MOST_CATEGORIES or facts.rows_per_value < LEAST_ROWS_PER_VALUE):
            return f"Identifier: {facts.distinct} different codes in {facts.present} rows, too few rows each."
    if facts.kind in ("text", "integer") and facts.distinct >= LEAST_ACTORS and _names_actor(facts.name):
        return (
            f"Identifier: names whom a row is about, {facts.distinct} of them. If each has several rows, adopt again "
            f"with --entity {facts.name}."
        )
    if found and found.identifies:
        return f"Personal data, which names people instead of describing them: {found.reason}."
    return ""


def _is_code(facts: Profile) -> bool:
    words = tokens(facts.name)
    counts = {"of", "num", "count", "total"} & set(words)
    return bool(_CODE_WORD.fullmatch(words[-1]) and not counts and _values_of(facts) != [0, 1] and facts.minimum >= 0)


def _names_actor(name: str) -> bool:
    words = tokens(name)
    alone = len(words) == 1 and _ACTOR_WORD.fullmatch(words[0])
    whose = any(_ACTOR_WORD.fullmatch(word) or _OWNED_WORD.fullmatch(word) for word in words[:-1])
    return bool(alone or (_ID_WORD.fullmatch(words[-1]) and whose))


def _is_year(facts: Profile) -> bool:
    in_calendar = facts.minimum >= 1500 and facts.maximum <= 2200
    return in_calendar and bool(re.search(r"year|jahr|annee|año", facts.name.lower()))


def _values_of(facts: Profile) -> list[Any]:
    return sorted(value for value, _ in facts.values[:3]) if len(facts.values) <= 2 else []


def _words_of(facts: Profile) -> str:
    return ", ".join(str(value) for value, _ in facts.values)


def _short(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{float(value):.6g}"


def _rows(number: int) -> str:
    return f"{number} row" if number == 1 else f"{number} rows"
