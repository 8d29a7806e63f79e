"""Columns that look like personal data: by their names and by the shape of their values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from goldenpath.adopt.names import tokens
from goldenpath.adopt.profile import Profile

_SHAPES = {
    "e-mail addresses": r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}",
    "phone numbers": r"(\+\d{1,3}[ ./-]?|\(?0\d{1,4}\)?[ ./-]|\(\d{3}\) ?|\d{3}[-.])\d{2,4}([ ./-]?\d{2,4}){1,4}",
    "social security numbers": r"\d{3}-\d{2}-\d{4}",
    "bank accounts": r"[A-Z]{2}\d{2}[ ]?([A-Z0-9]{4}[ ]?){2,7}[A-Z0-9]{1,4}",
    "IP addresses": r"(\d{1,3}\.){3}\d{1,3}",
}
_NAMES = {
    "e-mail addresses": r"e_?mails?|(e_)?mail_address",
    "phone numbers": r"(tele)?phones?(_(no|nr|number))?|mobile(_(no|nr|number))?|cell_?phone|fax|telefon",
    "names of people": r"(first|last|full|sur|given|family|middle|maiden|user|customer|client|patient|employee|contact|"
    r"person|passenger|player)_?name|name|surname|vorname|nachname|prenom|apellidos?|nombre",
    "addresses of people": r"(home_|street_|postal_)?address|street|strasse|adresse",
    "identity numbers": r"ssn|social_security(_number)?|passport(_(no|nr|number))?|(national|tax)_id|iban|credit_card",
    "dates of birth": r"dob|birth_?da(te|y)|date_of_birth|geburts(datum|tag)",
}
_TEXT_ONLY = ("names of people", "addresses of people")
# What a person's protected traits are usually called; which apply is for people to decide.
_TRAIT = re.compile(
    r"sex|sexe|gender|geschlecht|age|alter|race|ethnic|ethnicity|religion|nationality|citizenship|disability|disabled|"
    r"marital|married|pregnant|orientation"
)
# Other things have an age, too.
_THING = re.compile(r"house|housing|home|building|car|vehicle|veh|plane|machine|device|account|company|firm|property")
_SHARE = 0.5


@dataclass(frozen=True)
class Personal:
    """Why a column looks personal.

    Attributes:
        reason: One clause, fit to stand in a sentence.
        identifies: Whether it names people, so that nothing general can be learned from it.
    """

    reason: str
    identifies: bool


def personal(facts: Profile) -> Personal | None:
    """Look for personal data in a column; None when it does not look so."""
    if facts.kind == "text":
        sample = [str(value) for value in facts.sample[:500]]
        for what, shape in _SHAPES.items():
            if sample and sum(bool(re.fullmatch(shape, value)) for value in sample) / len(sample) >= _SHARE:
                return Personal(f"the values look like {what}", identifies=True)
    name = "_".join(tokens(facts.name))
    for what, pattern in _NAMES.items():
        if re.fullmatch(pattern, name) and (facts.kind == "text" or what not in _TEXT_ONLY):
            # A name with many rows per value is a brand or a place, not a person.
            few = facts.rows_per_value < 20
            return Personal(f"the name suggests {what}", identifies=few and what != "dates of birth")
    return None


def traits(names: Sequence[str]) -> list[str]:
    """The columns whose names are those of protected traits."""
    words = {name: tokens(name) for name in names}
    return [
        name
        for name, parts in words.items()
        if any(map(_TRAIT.fullmatch, parts)) and not any(map(_THING.fullmatch, parts))
    ]
