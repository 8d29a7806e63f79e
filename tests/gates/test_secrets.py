from __future__ import annotations

import json
import secrets as chance
import string
from pathlib import Path
from typing import Any

import pytest
import yaml

from goldenpath.gates import secrets
from goldenpath.project.paths import SECRETS
from goldenpath.repository.facts import TOLD
from tests.gates.orders import git
from tests.sample import ROOT

KEY_FILE = Path("settings.py")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one harmless commit, as the working directory."""
    root = tmp_path / "product"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "config", "user.name", "Test")
    git(root, "config", "user.email", "test@example.com")
    monkeypatch.chdir(root)
    commit("readme.md", "Nothing to see.\n")
    return root


def commit(path: str | Path, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
    git(Path.cwd(), "add", "--all")
    git(Path.cwd(), "commit", "--quiet", "--message", "Work")


def token() -> str:
    """A token that looks real and was never issued; made anew, so that no file of this project holds one."""
    return "ghp_" + "".join(chance.choice(string.ascii_letters + string.digits) for _ in range(36))


def plant(path: str | Path, comment: str = "") -> str:
    """Commit a token, with a comment beside it; returns it."""
    planted = token()
    commit(path, f'TOKEN = "{planted}"{comment}\n')
    return planted


def scanned() -> tuple[int, dict[str, Any]]:
    outcome = secrets.run(Path.cwd())
    return outcome.exit_code, json.loads(SECRETS.read_text())


def test_a_clean_history_is_green_and_counted_for_the_receipt(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOLD, str(tmp_path / "told.json"))

    assert scanned()[0] == 0

    told = json.loads((tmp_path / "told.json").read_text())
    assert told == {"scanner": "kingfisher", "findings": 0, "commits": 1}


def test_a_key_is_found_wherever_it_is_and_whatever_stands_beside_it(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = [plant("removed.py")]
    leak = git(repository, "rev-parse", "HEAD")
    Path("removed.py").unlink()
    commit("readme.md", "Removed.\n")
    git(repository, "checkout", "--quiet", "-b", "attempt")
    planted.append(plant("branch.py"))
    git(repository, "checkout", "--quiet", "main")
    planted.append(plant("commented.py", "  # kingfisher:ignore"))

    code, report = scanned()

    assert (code, report["verdict"]) == (1, "fail")
    found = {item["path"]: item["commit"] for item in report["secrets"]}
    assert sorted(found) == ["branch.py", "commented.py", "removed.py"]
    assert found["removed.py"] == leak
    shown = capsys.readouterr()
    assert "Revoke each where it was issued" in shown.out
    told = shown.out + shown.err + SECRETS.read_text()
    assert [key for key in planted if key in told] == [], "a report must not leak it once more"


def suppress(found: dict[str, Any], reason: str) -> None:
    """Suppress a finding."""
    secrets.SUPPRESSIONS.parent.mkdir(exist_ok=True)
    entry = {"path": found["path"], "fingerprint": found["fingerprint"], "reason": reason}
    secrets.SUPPRESSIONS.write_text(yaml.safe_dump([entry]))


def test_a_suppression_with_a_reason_holds_for_its_place_only(repository: Path) -> None:
    planted = plant(KEY_FILE)
    suppress(scanned()[1]["secrets"][0], "Revoked on 2026-01-31.")

    code, report = scanned()

    assert code == 0
    assert [item["reason"] for item in report["suppressed"]] == ["Revoked on 2026-01-31."]

    commit("elsewhere.py", f'OTHER = "{planted}"\n')

    code, report = scanned()

    assert code == 1
    assert [item["path"] for item in report["secrets"]] == ["elsewhere.py"]


def test_a_suppression_without_a_reason_is_refused(repository: Path) -> None:
    suppress({"path": "settings.py", "fingerprint": "1"}, " ")

    code, report = scanned()

    assert code == 1
    assert "want path, fingerprint and reason" in report["reasons"][0]


def test_a_shallow_clone_is_inconclusive(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit("readme.md", "More.\n")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{repository}", "shallow")
    monkeypatch.chdir(tmp_path / "shallow")

    code, report = scanned()

    assert code == 3
    assert "git fetch --unshallow" in report["reasons"][0]


def test_the_projects_own_files_raise_no_false_alarm(repository: Path) -> None:
    for path in git(ROOT, "ls-files").splitlines():
        if (ROOT / path).is_file():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes((ROOT / path).read_bytes())
    commit("readme.md", "The whole project.\n")

    code, report = scanned()

    assert code == 0, report["reasons"]
