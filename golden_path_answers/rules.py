"""What a good answer is: one function, ``find_faults``, that returns every fault as one readable line.

The rules are strict because answers are rendered into YAML, TOML, Markdown, Python, shell and container files. What
passes here needs no escaping in any of them, as long as text stands between double quotes there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping

from golden_path_answers.names import why_taken

NAME_LENGTHS = range(2, 41)  # a Kubernetes name may have 63 characters: this leaves room for suffixes such as -canary

_SLUG = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_PACKAGE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_HANDLE = re.compile(r"@[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}(?:/[A-Za-z0-9](?:[-_.]?[A-Za-z0-9]){0,99})?")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"(?=.{{1,64}}@)[A-Za-z0-9_]+(?:[.+-][A-Za-z0-9_]+)*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}")
# The grammar of https://pkg.go.dev/github.com/distribution/reference without tag and digest.
_HOST_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = rf"(?:localhost|{_HOST_LABEL}(?:\.{_HOST_LABEL})+|{_HOST_LABEL}(?=:))(?::[0-9]{{1,5}})?"
_REGISTRY = re.compile(rf"{_HOST}(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_DERIVED = re.compile(r"[A-Za-z0-9._:/-]+")

_TEXT_PUNCTUATION = frozenset(" .,:;!?'()+-/%&\u2013\u2014\u2019")
# Letters of other alphabets that a reader takes for Latin ones, after https://www.unicode.org/reports/tr39/.
_LATIN_LOOKALIKES = frozenset(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u04bb\u04cf\u0501\u051b\u051d"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408\u04c0"
    "\u03bf\u03bd\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
)
# Chinese, Japanese and Korean mix these within a word.
_EAST_ASIAN_SCRIPTS = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"})


def find_faults(answers: Mapping[str, object], menu: Mapping[str, object]) -> list[str]:
    """Judge all answers.

    Args:
        answers: variable name to value, as cookiecutter is about to render them.
        menu: ``cookiecutter.json``; a list there is a choice, and its order does not matter.

    Returns:
        One line for each fault, in the order of the menu: what is wrong, where, and how to mend it. Printable ASCII
        only, so that a hostile answer cannot disturb the terminal that shows it. Empty when all answers are good.
    """
    faults: list[str] = []
    for name, default in menu.items():
        if name in ("__prompts__", "__accepted"):
            continue
        if faults and name.startswith("__"):
            continue  # derived from answers that are to be mended first
        if name not in answers:
            faults.append(f"{name}: no answer; give one")
            continue
        faults += (f"{name}: {fault}" for fault in _judge(name, answers[name], default))
    return faults


def _judge(name: str, value: object, default: object) -> Iterator[str]:
    if name.startswith("_") and not name.startswith("__"):
        if value != default:
            yield "is set by the template; leave it out"
    elif isinstance(default, bool):
        if not isinstance(value, bool):
            yield f"{_show(value)} is neither true nor false; answer yes or no"
    elif isinstance(default, list):
        if value not in default:
            yield f"{_show(value)} is not a choice; choose one of {', '.join(map(str, default))}"
    elif not isinstance(value, str):
        yield f"{_show(value)} is not text; write it as text"
    elif name in _TEXT_RULES:
        yield from _TEXT_RULES[name](value)
    elif not _DERIVED.fullmatch(value):
        yield f"{_show(value)} is derived from other answers; leave it out and mend those"


def _judge_slug(value: str) -> Iterator[str]:
    yield from _judge_identifier(value, _SLUG, "hyphen", "flight-delays")


def _judge_package(value: str) -> Iterator[str]:
    yield from _judge_identifier(value, _PACKAGE, "underscore", "flight_delays")


def _judge_identifier(value: str, pattern: re.Pattern[str], joint: str, example: str) -> Iterator[str]:
    if not value:
        yield f"is empty; give a name such as {example}"
        return
    if len(value) not in NAME_LENGTHS:
        shortest, longest = NAME_LENGTHS[0], NAME_LENGTHS[-1]
        yield f"{_show(value)} has {len(value)} characters; use {shortest} to {longest}"
    if not pattern.fullmatch(value):
        yield (
            f"{_show(value)} is not lower-case ASCII letters and digits joined by single {joint}s, a letter first; "
            f"write it like {example}"
        )
    elif taken := why_taken(value):
        yield f"{_show(value)} is the name of {taken}; choose another, such as {example}"


def _judge_name(value: str) -> Iterator[str]:
    yield from _judge_text(value, longest=60)


def _judge_description(value: str) -> Iterator[str]:
    yield from _judge_text(value, longest=200)


def _judge_text(value: str, longest: int) -> Iterator[str]:
    if not value.strip():
        yield "is empty; write a few words"
        return
    if len(value) > longest:
        yield f"has {len(value)} characters; use at most {longest}"
    if unicodedata.normalize("NFKC", value) != value:
        yield f"{_show(value)} holds look-alike or composed characters; type it with plain letters (Unicode NFKC)"
    if refused := sorted({char for char in value if not _may_stand_in_text(char)}):
        shown = ", ".join(_show_char(char) for char in refused[:5]) + (", ..." if len(refused) > 5 else "")
        yield f"holds {shown}; use letters, digits, spaces and . , : ; ! ? ' ( ) + - / % & only"
    if not value[0].isalnum() or value[-1].isspace():
        yield f"{_show(value)} does not start with a letter or digit, or ends with a space; trim it"
    if re.search(r"--|//|&[A-Za-z0-9]+;", value):
        yield f"{_show(value)} holds '--', '//' or an HTML entity; write it in plain words"
    if word := _find_disguise(value):
        yield f"the word {_show(word)} mixes or imitates alphabets; type it in one alphabet"
    if _has_piled_marks(value):
        yield f"{_show(value)} piles accents on a letter; use at most two"


def _may_stand_in_text(char: str) -> bool:
    if char.isascii():
        return char.isalnum() or char in _TEXT_PUNCTUATION
    category = unicodedata.category(char)
    if category[0] == "L":
        # Beyond the alphabets of living languages, Latin letters are phonetic signs that imitate others.
        base = unicodedata.normalize("NFD", char)[0]
        return _script_of(char) != "LATIN" or char < "\u0180" or base.isascii()
    return category in ("Mn", "Mc") or char in _TEXT_PUNCTUATION


def _find_disguise(text: str) -> str | None:
    """Find a word that mixes alphabets, or that imitates Latin among Latin words."""
    words: list[str] = re.findall(r"[^\W\d_]+", text)
    latin_text = any(_script_of(word[0]) == "LATIN" for word in words)
    for word in words:
        scripts = {_script_of(char) for char in word}
        if len(scripts) > 1 and not scripts <= _EAST_ASIAN_SCRIPTS:
            return word
        if latin_text and set(word) <= _LATIN_LOOKALIKES:
            return word
    return None


def _has_piled_marks(text: str) -> bool:
    marks = "".join("m" if unicodedata.category(char) in ("Mn", "Me") else " " for char in text)
    return "mmm" in marks


def _script_of(letter: str) -> str:
    # The first word of a letter's Unicode name is its script; the standard library has no script property.
    return unicodedata.name(letter, "UNNAMED").split()[0]


def _judge_owner(value: str) -> Iterator[str]:
    if not _HANDLE.fullmatch(value):
        yield f"{_show(value)} is not a code-owner handle; write @user or @org/team"


def _judge_contact(value: str) -> Iterator[str]:
    if len(value) > 254 or not _EMAIL.fullmatch(value):
        yield f"{_show(value)} is not an e-mail address; write it like ml-team@example.com"


def _judge_registry(value: str) -> Iterator[str]:
    if len(value) > 200 or not _REGISTRY.fullmatch(value):
        yield f"{_show(value)} is not a registry host and path; write it like ghcr.io/your-org, without scheme or tag"


_TEXT_RULES: Mapping[str, Callable[[str], Iterator[str]]] = {
    "project_name": _judge_name,
    "project_slug": _judge_slug,
    "package_name": _judge_package,
    "description": _judge_description,
    "owner": _judge_owner,
    "contact": _judge_contact,
    "container_registry": _judge_registry,
}


def _show(value: object) -> str:
    shown = ascii(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _show_char(char: str) -> str:
    code = f"U+{ord(char):04X}"
    if char.isascii() and char.isprintable():
        return f"'{char}'"
    return f"{code} ({unicodedata.name(char, 'unnamed')})"
