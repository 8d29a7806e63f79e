"""Where files can be seen on the web."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from goldenpath.cli import main
from goldenpath.reports.maturity.links import forge_of, handbook_of


@pytest.mark.parametrize(
    ("remote", "want"),
    [
        ("https://github.com/acme/churn.git", "https://github.com/acme/churn/blob/c0ffee/"),
        ("https://user:secret@github.com/acme/churn", "https://github.com/acme/churn/blob/c0ffee/"),
        ("git@github.com:acme/churn.git", "https://github.com/acme/churn/blob/c0ffee/"),
        ("ssh://git@gitlab.example.com:2222/a/b/c.git", "https://gitlab.example.com/a/b/c/-/blob/c0ffee/"),
        ("/srv/git/churn.git", ""),
        ("../churn", ""),
        ("file:///srv/churn", ""),
        ("C:/work/churn", ""),
        ('https://github.com/acme/ch"urn', ""),
        ("", ""),
    ],
)
def test_the_forge_is_told_from_the_remote_without_its_password(remote: str, want: str) -> None:
    assert forge_of(remote, "c0ffee", {}) == want


def test_the_forge_is_what_the_ci_system_says() -> None:
    environment = {"GITHUB_SERVER_URL": "https://git.acme.example", "GITHUB_REPOSITORY": "acme/churn"}

    assert forge_of("/tmp/x", "c0ffee", environment) == "https://git.acme.example/acme/churn/blob/c0ffee/"  # noqa: S108


@pytest.mark.parametrize(
    ("source", "version", "want"),
    [
        ("https://github.com/acme/golden-path.git", "1.2.3", "https://github.com/acme/golden-path/blob/v1.2.3/"),
        ("git+https://gitlab.com/acme/golden-path", "1.2.3", "https://gitlab.com/acme/golden-path/-/blob/v1.2.3/"),
        ("gh:acme/golden-path", "1.2.3", "https://github.com/acme/golden-path/blob/v1.2.3/"),
        ("git@github.com:acme/golden-path.git", "1.2.3", "https://github.com/acme/golden-path/blob/v1.2.3/"),
    ],
)
def test_the_handbook_is_the_templates_at_the_version_that_the_product_names(
    source: str, version: str, want: str
) -> None:
    assert handbook_of(source, version) == f"{want}docs/standards/"


@pytest.mark.parametrize(
    ("source", "version"),
    [
        ("/srv/templates/golden-path", "1.2.3"),
        ("golden-path", "1.2.3"),
        ("", ""),
        ("https://github.com/acme/golden-path", ""),
        ("https://github.com/acme/golden-path", "../../evil"),
        ('https://github.com/acme/"onclick', "1.2.3"),
        ("javascript:alert(1)", "1.2.3"),
    ],
)
def test_a_template_without_a_home_on_the_web_has_no_handbook_there(source: str, version: str) -> None:
    assert handbook_of(source, version) == ""


@pytest.mark.parametrize(
    ("manifest", "want"),
    [
        (
            'product: {name: X}\ntemplate: {source: "https://github.com/acme/golden-path", version: 1.2.3}\n',
            "https://github.com/acme/golden-path/blob/v1.2.3/docs/standards/methodology.md#doc-01",
        ),
        ('template: {source: "/srv/golden-path", version: 1.2.3}\n', None),
        ("template: [1, 2]\n", None),
        ("template: {\n", None),
    ],
    ids=["home", "no home", "no mapping", "no YAML"],
)
def test_a_review_leads_to_the_handbook_of_the_template_that_the_product_names(
    manifest: str, want: str | None, tmp_path: Path
) -> None:
    (tmp_path / "golden-path.yaml").write_text(manifest)

    shown = CliRunner().invoke(main, ["check", str(tmp_path), "--select", "DOC-01", "-f", "sarif"])

    [rule] = json.loads(shown.stdout)["runs"][0]["tool"]["driver"]["rules"]
    assert rule.get("helpUri") == want
