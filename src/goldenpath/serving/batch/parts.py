"""What a batch has done so far, in a folder beside its result, so that a run that was killed is gone on with.

The folder holds ``run.json``, which says what is being done, and for each chunk of rows its answers, its refused rows
and a receipt. The receipt is written last: a chunk without one was never done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import Any

import pyarrow as pa

from goldenpath.serving.batch.files import BatchError, Place, ending_of, sink

CHUNK_ROWS = 100_000


@dataclass(frozen=True)
class Run:
    """One batch: what it reads, and by which model.

    Attributes:
        id: The run's own id; ids of its answers begin with it.
        started: When it began, RFC 3339.
        source: Fingerprint of the rows.
        model: SHA-256 of the model file.
        signature: SHA-256 of its signature: the same graph decides otherwise under another threshold.
        variant: The variant that answers.
        chunk_rows: Rows of a chunk.
    """

    id: str
    started: str
    source: str
    model: str
    signature: str
    variant: str
    chunk_rows: int

    def is_same_work(self, other: Run) -> bool:
        """Whether the other run's chunks can be taken for this one's."""
        return replace(other, id=self.id, started=self.started) == self


@dataclass(frozen=True)
class Receipt:
    """What was done of one chunk.

    Attributes:
        rows_in: Rows that were read.
        rows_out: Rows that were answered.
        rows_refused: Rows that broke the contract.
    """

    rows_in: int
    rows_out: int
    rows_refused: int


class Parts:
    """The folder of a run."""

    def __init__(self, result: Place) -> None:
        self._result = result
        self._refusals = refusals_of(result)
        self._folder = result.beside(".parts")

    def earlier(self) -> Run | None:
        """The run that left something here."""
        written = self._folder.within("run.json")
        if not written.exists():
            return None
        try:
            return Run(**json.loads(written.read()))
        except (ValueError, TypeError):
            return None

    def begin(self, run: Run) -> None:
        """Start anew: what another run left is removed."""
        self._folder.remove()
        self._folder.within("run.json").write(json.dumps(asdict(run)).encode())

    def done(self) -> list[Receipt]:
        """Receipts of the chunks from the first on that have one."""
        found: list[Receipt] = []
        while (written := self._receipt(len(found))).exists():
            found.append(Receipt(**json.loads(written.read())))
        return found

    def add(self, chunk: int, answers: pa.Table, refused: pa.Table, receipt: Receipt) -> None:
        """Keep what was done of a chunk."""
        self._part(chunk, "answers").write(_packed(answers))
        self._part(chunk, "refused").write(_packed(refused))
        self._receipt(chunk).write(json.dumps(asdict(receipt)).encode())

    def finish(self, receipts: list[Receipt]) -> None:
        """Join the parts into the result and the file of refusals, which appear whole, and remove the folder."""
        ending = ending_of(self._result)
        for name, target in (("refused", self._refusals), ("answers", self._result)):
            if name == "refused" and not any(receipt.rows_refused for receipt in receipts):
                target.remove()  # of an earlier run of the same name
                continue
            whole = self._folder.within(f"{name}{ending}")
            with ExitStack() as stack:
                writer = None
                for chunk in range(len(receipts)):
                    table = _unpacked(self._part(chunk, name).read())
                    writer = writer or stack.enter_context(sink(whole, ending, table.schema))
                    if table.num_rows:
                        writer.write(table)
            whole.become(target)
        self._folder.remove()

    def _part(self, chunk: int, name: str) -> Place:
        return self._folder.within(f"{chunk:06d}.{name}.arrow")

    def _receipt(self, chunk: int) -> Place:
        return self._folder.within(f"{chunk:06d}.json")


def refusals_of(result: Place) -> Place:
    """Where the refused rows of a batch go: ``answers.refused.parquet`` beside ``answers.parquet``."""
    ending = ending_of(result)
    return Place(
        result.url.removesuffix(ending) + f".refused{ending}",
        result.system,
        result.path.removesuffix(ending) + f".refused{ending}",
    )


def total(receipts: list[Receipt]) -> Mapping[str, int]:
    """Sums over chunks, by name.

    Raises:
        BatchError: They do not add up.
    """
    names = ("rows_in", "rows_out", "rows_refused")
    sums = {name: sum(asdict(receipt)[name] for receipt in receipts) for name in names}
    if sums["rows_in"] != sums["rows_out"] + sums["rows_refused"]:
        raise BatchError(f"{sums}: the rows do not add up. Remove the .parts folder and start again.")
    return sums


def _packed(table: pa.Table) -> bytes:
    buffer = pa.BufferOutputStream()
    with pa.ipc.new_stream(buffer, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table)
    content: Any = buffer.getvalue()
    return content.to_pybytes()  # type: ignore[no-any-return]


def _unpacked(content: bytes) -> pa.Table:
    with pa.ipc.open_stream(pa.py_buffer(content)) as reader:
        return reader.read_all()
