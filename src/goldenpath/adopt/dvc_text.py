"""The text of ``dvc.yaml`` for an adopted table: ingest depends on the file, and on the contract."""

from __future__ import annotations

import io

from ruamel.yaml import YAML


def dvc_text(text: str, path: str, former: str | None) -> str:
    """Let the ingest stage depend on the adopted file.

    Args:
        text: The present ``dvc.yaml``.
        path: The adopted file.
        former: The file adopted before, if any.

    Returns:
        The new text, the rest of it unchanged.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 200
    yaml.indent(mapping=2, sequence=4, offset=2)
    tree = yaml.load(text)
    stage = tree["stages"]["ingest"]
    # The contract says which columns are dates, whatever they look like.
    wanted = ["contract.yaml", path]
    for dependency in (former, *wanted):
        if dependency in stage["deps"]:
            stage["deps"].remove(dependency)
    stage["deps"].extend(wanted)
    # How far back "recent" reaches matters to the sample only, and params.yaml no longer says it.
    for reader in tree["stages"].values():
        if "features" in reader.get("params", ()):
            reader["params"].remove("features")
    stream = io.StringIO()
    yaml.dump(tree, stream)
    return stream.getvalue()
