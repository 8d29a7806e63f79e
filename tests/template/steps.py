"""Runs a chain of long commands, showing that each one lives and how long it took."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

TAIL_LINES = 25


@dataclass(frozen=True)
class Step:
    """One command of a chain.

    Attributes:
        name: short name; also that of the log file.
        says: what the step does, in words for a newcomer.
        command: program and arguments.
        folder: where it runs.
    """

    name: str
    says: str
    command: Sequence[str]
    folder: Path


class StepError(Exception):
    """A step's command failed; the message shows the end of its log and how to run it again."""

    def __init__(self, step: Step, exit_code: int, log: Path) -> None:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        tail = "\n".join(f"  {line}" for line in lines[-TAIL_LINES:])
        again = f"cd {shlex.quote(str(step.folder))} && {shlex.join(step.command)}"
        super().__init__(
            f"'{step.name}' failed with exit code {exit_code}. The end of its log:\n{tail}\n"
            f"Whole log: {log}\nRun it again: {again}"
        )


def run(step: Step, logs: Path, environment: Mapping[str, str], console: Console) -> str:
    """Run one step to its end and return what it printed on standard output.

    Standard output and error are also written to ``logs/<name>.log``. A terminal shows the newest line while the step
    runs; anything else gets one line when it ends.

    Raises:
        StepError: the command ended with another exit code than 0.
    """
    log = logs / f"{step.name}.log"
    started = time.perf_counter()
    printed: list[str] = []
    with (
        console.status(f"{step.name}: {step.says}") as status,
        log.open("w", encoding="utf-8") as record,
        subprocess.Popen(
            step.command,
            cwd=step.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        for line in process.stdout or ():
            record.write(line)
            record.flush()
            printed.append(line)
            if line.strip():
                seconds = time.perf_counter() - started
                status.update(f"{step.name} {seconds:.0f} s: [dim]{escape(line.strip()[: console.width - 20])}[/]")
        exit_code = process.wait()
    seconds = time.perf_counter() - started
    if exit_code != 0:
        console.print(f"[red]failed[/] {step.name:<9} {seconds:6.1f} s  {step.says}")
        raise StepError(step, exit_code, log)
    console.print(f"[green]ok[/]     {step.name:<9} {seconds:6.1f} s  {step.says}")
    return "".join(printed)
