from __future__ import annotations

import datetime as dt

import pytest
import yaml

from goldenpath.project import yaml_text


@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_text_reads_the_same_with_and_without_libyaml(loader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_text, "_LOADER", getattr(yaml, loader, yaml.SafeLoader))

    found = yaml_text.load("a: [1, 1.0e-4, no, 'no', 2026-01-01, Größe]\nb: {c: }\n".encode())

    assert found == {"a": [1, 1e-4, False, "no", dt.date(2026, 1, 1), "Größe"], "b": {"c": None}}


@pytest.mark.parametrize("text", ["a: [", "!!python/object/apply:os.getcwd []", b"a: \xff"])
def test_what_is_no_data_is_refused(text: str | bytes) -> None:
    with pytest.raises(yaml.YAMLError):
        yaml_text.load(text)
