"""Files of an earlier commit that DVC keeps."""

from __future__ import annotations

from pathlib import Path

from goldenpath.gates.verdict import InconclusiveError


def stored(root: Path, commit: str, path: Path) -> bytes:
    """A file that DVC keeps, out of the cache or else the remote.

    Raises:
        InconclusiveError: It is in neither, or the remote cannot be reached.
    """
    # Takes a second to import, which most runs save: an unchanged model needs no other.
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException

    try:
        content: bytes = DVCFileSystem(str(root), rev=commit).read_bytes(str(path))
    except (DvcException, OSError) as error:
        raise InconclusiveError(
            f"{path} of commit {commit[:9]} is neither in DVC's cache here nor to be had from its remote "
            f"({' '.join(str(error).split())}).",
            "Send it from where it was trained: goldenpath push; or rebuild it here: goldenpath rebuild-base --base …",
        ) from error
    return content
