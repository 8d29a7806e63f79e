"""The wheel has the same bytes wherever it is built, and pip and uv install it by its digest alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from goldenpath.project.errors import ProjectError
from goldenpath.repository import lock_file, wheel
from tests.sample import TEMPLATE

PROJECT = tomllib.loads((TEMPLATE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SMALL = {
    "pyproject.toml": """
[project]
name = "goldenpath"
version = "1.2.0"
description = "Small."
requires-python = ">=3.11"
license = "Apache-2.0"
dependencies = []

[project.optional-dependencies]
serve = ["numpy>=2", "uvloop>=1; sys_platform == 'linux' or python_version < '3.12'"]

[project.scripts]
goldenpath = "goldenpath:main"
""",
    "LICENSE": "As you like.\n",
    "src/goldenpath/__init__.py": "def main():\n    print('hello from the wheel')\n",
    "src/goldenpath/templates/rules.yaml": "groups: []\n",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A library of one module."""
    return write(tmp_path / "library")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this repository."""
    return wheel.build(TEMPLATE, tmp_path_factory.mktemp("wheel"))


def write(folder: Path) -> Path:
    for name, text in SMALL.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def metadata_of(path: Path) -> Metadata:
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if name.endswith("METADATA"))
        return Metadata.from_email(archive.read(name), validate=True)


def test_two_builds_have_the_same_bytes(built: Path, tmp_path: Path) -> None:
    again = wheel.build(TEMPLATE, tmp_path)

    assert again.read_bytes() == built.read_bytes()


def test_folder_times_and_rights_change_nothing(checkout: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        other = write(tmp_path / "another place")
    finally:
        os.umask(before)
    os.utime(other / "src/goldenpath/__init__.py", (1, 1))
    (other / "src/goldenpath/__pycache__").mkdir()
    (other / "src/goldenpath/__pycache__/main.cpython-311.pyc").write_bytes(b"compiled")

    first, second = wheel.build(checkout, tmp_path / "one"), wheel.build(other, tmp_path / "two")

    assert first.read_bytes() == second.read_bytes()


def test_a_changed_module_changes_the_digest(checkout: Path, tmp_path: Path) -> None:
    before = wheel.digest(wheel.build(checkout, tmp_path))
    (checkout / "src/goldenpath/__init__.py").write_text("", encoding="utf-8")

    assert wheel.digest(wheel.build(checkout, tmp_path)) != before


def test_data_beside_modules_is_in_it(checkout: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel.build(checkout, tmp_path)) as archive:
        assert archive.read("goldenpath/templates/rules.yaml") == b"groups: []\n"
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())


def test_its_name_holds_the_version(built: Path) -> None:
    name, version, _, tags = parse_wheel_filename(built.name)

    assert (name, str(version), {str(tag) for tag in tags}) == ("goldenpath", PROJECT["version"], {"py3-none-any"})
    assert wheel.version(built) == PROJECT["version"]


def test_metadata_says_what_pyproject_says(built: Path) -> None:
    found = metadata_of(built)

    assert found.name == "goldenpath"
    assert str(found.requires_python) == ",".join(sorted(PROJECT["requires-python"].split(",")))
    assert set(found.provides_extra or ()) == set(PROJECT["optional-dependencies"])
    assert found.license_expression == "Apache-2.0"


@pytest.mark.parametrize("extra", ["", *PROJECT["optional-dependencies"]])
def test_an_extra_asks_for_what_pyproject_lists(built: Path, extra: str) -> None:
    wanted = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]

    found = [item for item in metadata_of(built).requires_dist or () if asks(item, extra)]

    assert {f"{item.name}{sorted(item.extras)}{item.specifier}" for item in found} == {
        f"{item.name}{sorted(item.extras)}{item.specifier}" for item in map(Requirement, wanted)
    }


def asks(requirement: Requirement, extra: str) -> bool:
    """Whether a requirement is one of an extra, or of none."""
    if requirement.marker is None:
        return not extra
    return bool(extra) and requirement.marker.evaluate({"extra": extra})


@pytest.mark.parametrize(
    ("platform", "python", "extra", "expected"),
    [
        ("linux", "3.13", "serve", True),
        ("darwin", "3.11", "serve", True),
        ("darwin", "3.13", "serve", False),
        ("linux", "3.13", "", False),
    ],
)
def test_a_condition_with_or_holds_within_its_extra(
    checkout: Path, tmp_path: Path, platform: str, python: str, extra: str, expected: bool
) -> None:
    found = metadata_of(wheel.build(checkout, tmp_path)).requires_dist or []
    marker = next(item.marker for item in found if item.name == "uvloop")

    assert marker is not None
    assert marker.evaluate({"sys_platform": platform, "python_version": python, "extra": extra}) is expected


def test_the_record_names_every_file_with_its_digest(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        name = next(name for name in archive.namelist() if name.endswith("RECORD"))
        lines = archive.read(name).decode().splitlines()

        assert [line.split(",")[0] for line in lines] == archive.namelist()
        assert all(int(line.rsplit(",", 1)[1]) == archive.getinfo(line.split(",")[0]).file_size for line in lines[:-1])


def test_modules_run_straight_from_it(checkout: Path, tmp_path: Path) -> None:
    found = wheel.build(checkout, tmp_path)

    done = subprocess.run(
        [sys.executable, "-S", "-c", "import goldenpath; goldenpath.main()"],
        env={"PYTHONPATH": str(found)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "hello from the wheel\n"


def test_it_is_unpacked_for_a_while(checkout: Path, tmp_path: Path) -> None:
    with wheel.unpacked(wheel.build(checkout, tmp_path)) as sources:
        text = (sources / "goldenpath/__init__.py").read_text(encoding="utf-8")

    assert text == SMALL["src/goldenpath/__init__.py"]
    assert not sources.exists()


def test_a_damaged_wheel_is_refused(tmp_path: Path) -> None:
    damaged = tmp_path / "goldenpath-1.0-py3-none-any.whl"
    damaged.write_bytes(b"PK")

    with pytest.raises(ProjectError, match="cannot be unpacked"), wheel.unpacked(damaged):
        pass


class TestInstallation:
    """A project's lock installs the vendored wheel from any folder, without an index, and nothing else in its place."""

    @pytest.fixture
    def project(self, checkout: Path, tmp_path: Path) -> Path:
        root = tmp_path / "project"
        built = wheel.build(checkout, root / "vendor")
        (root / "requirements").mkdir()
        text = lock_file.with_wheel("", "1.2.0", wheel.digest(built))
        (root / "requirements/dev.txt").write_text(text, encoding="utf-8")
        return root

    @pytest.fixture
    def python(self, tmp_path: Path) -> Path:
        """The Python of an empty environment."""
        venv.create(tmp_path / "environment", symlinks=True)
        return tmp_path / "environment/bin/python"

    def installed(self, tool: str, python: Path, lock: Path, folder: Path) -> subprocess.CompletedProcess[str]:
        words = {
            "pip": [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index"],
            "uv": [str(Path(sys.executable).parent / "uv"), "pip", "install", "--python", str(python), "--offline"],
        }[tool]
        command = [*words, "--no-deps", "--require-hashes", "--requirement", str(lock)]
        variables = os.environ | {"UV_CACHE_DIR": str(folder / "cache")}
        return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)

    @pytest.mark.parametrize("tool", ["pip", "uv"])
    def test_the_lock_installs_it_from_another_folder(
        self, tool: str, project: Path, python: Path, tmp_path: Path
    ) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()

        done = self.installed(tool, python, project / "requirements/dev.txt", elsewhere)

        assert done.returncode == 0, done.stderr
        command = [str(python.parent / "goldenpath")]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "hello from the wheel\n"

    @pytest.mark.parametrize("tool", ["pip", "uv"])
    def test_a_swapped_wheel_is_not_installed(self, tool: str, project: Path, python: Path, checkout: Path) -> None:
        (checkout / "src/goldenpath/__init__.py").write_text("def main():\n    print('another')\n", encoding="utf-8")
        wheel.build(checkout, project / "vendor")

        done = self.installed(tool, python, project / "requirements/dev.txt", project)

        assert done.returncode != 0
        assert "hash" in done.stderr.lower()
        assert not (python.parent / "goldenpath").exists()

    def test_the_installed_files_are_those_recorded(self, project: Path, python: Path) -> None:
        self.installed("pip", python, project / "requirements/dev.txt", project)

        [info] = python.parents[1].rglob("goldenpath-1.2.0.dist-info")
        assert Parser().parsestr((info / "METADATA").read_text(encoding="utf-8"))["Version"] == "1.2.0"
        assert (info / "licenses/LICENSE").read_text(encoding="utf-8") == SMALL["LICENSE"]
        shutil.rmtree(info)
