"""Batch prediction from and into an object store: S3's protocol as moto's server speaks it."""

from __future__ import annotations

import re
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.template.bytecode import UV
from tests.template.docker import free_port
from tests.template.generation import TEMPLATE, run, verb
from tests.template.watchers import running

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walked")]

LOCKS = TEMPLATE / "{{cookiecutter.project_slug}}" / "requirements"
BUCKET = "flights"
SAME = """
import sys, fsspec, pandas as pd
bucket, here = sys.argv[1:]
store, path = fsspec.core.url_to_fs(bucket)
print(*(name.rpartition("/")[2] for name in sorted(store.find(path))), sep="\\n")
one, two = (pd.read_parquet(name).drop(columns="prediction_id") for name in (f"{bucket}/answers.parquet", here))
pd.testing.assert_frame_equal(one, two)
print(len(one))
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[str]:
    """The address of an object store with an empty bucket."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [str(Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", url.rpartition(":")[2]]
    with running(command, tmp_path / "moto.log", f"{url}/moto-api/"):
        put(f"{url}/{BUCKET}")
        yield url


@pytest.fixture
def client(walked: Path, tmp_path: Path) -> str:
    """A folder with what a project that keeps its data on S3 installs beyond the others."""
    here, there = (set(re.findall(r"^\S+==\S+", (LOCKS / name).read_text(), re.MULTILINE))
                   for name in ("dev.txt", "remote-s3.txt"))  # fmt: skip
    packages = str(tmp_path / "packages")
    install = [str(UV), "pip", "install", "--python", ".venv/bin/python", "--no-deps", "--target", packages]
    done = run([*install, *sorted(there - here)], walked)
    assert done.returncode == 0, done.stderr
    return packages


def put(url: str, content: bytes = b"") -> None:
    """Make a bucket or an object, by a request that nobody signed."""
    sent = urllib.request.Request(url, content, {"Content-Type": "application/octet-stream"}, method="PUT")  # noqa: S310
    with urllib.request.urlopen(sent, timeout=30) as answer:  # noqa: S310
        answer.read()


def batch(project: Path, rows: str, answers: str, variables: Mapping[str, str], **words: str) -> str:
    """Answer a file of rows, and return what was said."""
    options = [word for name, value in words.items() for word in (f"--{name}", value)]
    done = verb(project, "batch", rows, answers, "--log", "off", *options, **variables)
    return done.stdout + done.stderr if done.returncode == 0 else f"failed: {done.stderr}"


def test_a_batch_is_read_from_and_written_to_an_object_store(
    walked: Path, store: str, client: str, tmp_path: Path
) -> None:
    rows = walked / "data/split/test.parquet"
    put(f"{store}/{BUCKET}/rows.parquet", rows.read_bytes())
    signed_in = {
        "AWS_ENDPOINT_URL": store,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "nothing",  # moto looks at no key
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONPATH": client,
    }
    words = {"metrics": str(tmp_path / "batch.prom")}

    refused = batch(walked, f"s3://{BUCKET}/rows.parquet", f"s3://{BUCKET}/answers.parquet", {}, **words)
    said = batch(walked, f"s3://{BUCKET}/rows.parquet", f"s3://{BUCKET}/answers.parquet", signed_in, **words)
    missing = batch(walked, f"s3://{BUCKET}/other.parquet", f"s3://{BUCKET}/answers.csv", signed_in, **words)
    batch(walked, str(rows), str(tmp_path / "answers.parquet"), {}, **words)

    assert "Its client is in requirements/remote-*.txt" in refused
    assert not said.startswith("failed"), said
    assert f"s3://{BUCKET}/other.parquet: no such file" in missing
    assert all("Traceback" not in text for text in (refused, said, missing))
    answered = [str(walked / ".venv/bin/python"), "-c", SAME, f"s3://{BUCKET}", str(tmp_path / "answers.parquet")]
    compared = run(answered, walked, **signed_in)
    assert compared.returncode == 0, compared.stderr
    assert compared.stdout.splitlines() == ["answers.parquet", "rows.parquet", "27337"]
