"""Call a verb of the command as a person does, in this process."""

from __future__ import annotations

from click.testing import CliRunner, Result

from goldenpath.cli import main


def goldenpath(*words: str) -> Result:
    """Run ``goldenpath`` with these words; its exit code and what it printed are in the result."""
    return CliRunner().invoke(main, list(words))


def exit_code(*words: str) -> int:
    """Run ``goldenpath`` with these words, printing as it does; the code that it ends with."""
    try:
        main(list(words), prog_name="goldenpath")
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0
