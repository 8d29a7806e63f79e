from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from dvc.repo import Repo

from goldenpath.adopt.errors import AdoptError
from goldenpath.adopt.write import refuse_to_lose_work, write
from goldenpath.project.paths import OPENAPI
from tests.sample import ROOT

PLACE = Path("data/source/customers.csv")
ADOPTED = "income,left\n1.5,yes\n2.5,no\n"
FILES = {Path("contract.yaml"): "new: contract\n", Path("tests/test_source.py"): "NEW = 1\n"}


def git(root: Path, *words: str) -> None:
    person = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *person, *words], cwd=root, check=True, capture_output=True)


def tree(root: Path) -> dict[str, bytes]:
    ours = (path for path in root.rglob("*") if path.is_file() and not {".git", ".dvc"} & set(path.parts))
    return {str(path.relative_to(root)): path.read_bytes() for path in ours}


def committed(root: Path) -> Path:
    """The skeleton as a git and DVC repository, everything committed."""
    git(root, "init", "--quiet")
    (root / ".dvc").mkdir()
    (root / ".dvc/config").write_text("[core]\n    analytics = false\n")
    (root / ".dvc/.gitignore").write_text("/config.local\n/tmp\n/cache\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Start")
    return root


@pytest.fixture
def repository(skeleton: Path) -> Path:
    """The skeleton in git and DVC."""
    return committed(skeleton)


@pytest.fixture(scope="module")
def written(lay_out: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a repository after its data was adopted. Do not write to it; see ``adopted``."""
    folder = tmp_path_factory.mktemp("written")
    (folder / "customers.csv").write_text(ADOPTED)
    root = committed(lay_out(folder / "shop"))
    write(root, folder / "customers.csv", PLACE, FILES, former=None)
    return root


@pytest.fixture
def adopted(written: Path, tmp_path: Path) -> Path:
    """A copy of it to change at will."""
    return shutil.copytree(written, tmp_path / "adopted")


def test_the_data_goes_to_dvc_and_the_files_are_written(written: Path) -> None:
    assert (written / PLACE).read_text() == ADOPTED
    assert "customers.csv" in (written / f"{PLACE}.dvc").read_text()
    assert (written / "data/source/.gitignore").read_text() == "/customers.csv\n"
    assert {path: (written / path).read_text() for path in FILES} == FILES


def test_dvc_push_finds_the_data_under_the_projects_gitignore(repository: Path, customers_csv: Path) -> None:
    shutil.copy(ROOT / ".gitignore", repository)

    write(repository, customers_csv, PLACE, FILES, former=None)

    assert str(repository / PLACE) in {out.fs_path for out in Repo(str(repository)).index.outs}


def test_the_api_of_the_former_columns_is_taken_away(repository: Path, customers_csv: Path) -> None:
    (repository / OPENAPI).parent.mkdir(exist_ok=True)
    (repository / OPENAPI).write_text("{}")

    write(repository, customers_csv, PLACE, FILES, former=None)

    assert not (repository / OPENAPI).exists()


def test_another_file_takes_the_place_of_the_former(adopted: Path, customers_csv: Path) -> None:
    write(adopted, customers_csv, Path("data/source/other.csv"), FILES, former=PLACE)

    left = sorted(path.name for path in (adopted / "data/source").iterdir())
    assert left == [".gitignore", "other.csv", "other.csv.dvc"]
    assert (adopted / "data/source/.gitignore").read_text() == "/other.csv\n"


def test_when_dvc_fails_every_file_is_as_before(adopted: Path, customers_csv: Path) -> None:
    (adopted / ".dvc/config").write_text("[core]\n    no such option = 1\n")
    before = tree(adopted)

    with pytest.raises(AdoptError, match=r"dvc add data/source/other.csv failed, and nothing was changed"):
        write(adopted, customers_csv, Path("data/source/other.csv"), {Path("contract.yaml"): "x\n"}, former=PLACE)

    assert tree(adopted) == before


def test_when_a_file_cannot_be_written_every_file_is_as_before(repository: Path, customers_csv: Path) -> None:
    (repository / "tests").write_text("a file where a folder is wanted\n")
    before = tree(repository)

    with pytest.raises(AdoptError, match="Nothing was changed"):
        write(repository, customers_csv, PLACE, FILES, former=None)

    assert tree(repository) == before


def test_changes_that_are_not_committed_are_not_overwritten(repository: Path) -> None:
    (repository / "contract.yaml").write_text("my: work\n")

    with pytest.raises(AdoptError, match=r"contract.yaml: would be overwritten.*--force"):
        refuse_to_lose_work(repository, [Path("contract.yaml"), Path("params.yaml")])


def test_changes_elsewhere_do_not_matter(repository: Path) -> None:
    (repository / "params.yaml").write_text("my: work\n")

    refuse_to_lose_work(repository, [Path("contract.yaml")])


def test_what_adopt_wrote_itself_may_be_overwritten_until_someone_changes_it(adopted: Path) -> None:
    refuse_to_lose_work(adopted, list(FILES))

    (adopted / "contract.yaml").write_text("my: work\n")
    with pytest.raises(AdoptError, match=r"contract.yaml"):
        refuse_to_lose_work(adopted, list(FILES))


def test_without_git_there_is_nothing_to_compare_with(repository: Path) -> None:
    shutil.rmtree(repository / ".git")
    (repository / "contract.yaml").write_text("my: work\n")

    refuse_to_lose_work(repository, [Path("contract.yaml")])


def test_the_record_of_what_was_written_is_not_in_git(written: Path) -> None:
    record = written / ".dvc/tmp/adopted.json"

    assert set(json.loads(record.read_text())) == {str(path) for path in FILES}
    ignored = subprocess.run(["git", "check-ignore", "--quiet", str(record)], cwd=written, check=False)
    assert ignored.returncode == 0


def test_a_file_in_the_place_of_the_data_folder_is_refused(repository: Path, customers_csv: Path) -> None:
    (repository / "data").mkdir()
    (repository / "data/source").write_text("in the way")
    before = tree(repository)

    with pytest.raises(AdoptError, match="data/source: is a file"):
        write(repository, customers_csv, PLACE, FILES, former=None)

    assert tree(repository) == before
