"""The project's own tests that a product of another problem or another table could fail.

The others have run on the product as it is generated. They read no contract and no parameters but their own: the rooms
evaluation and report, tests/serving/test_request.py, gates without test_prove.py, and experiments, of which one case is
kept because its parameters begin with the project's.
"""

from __future__ import annotations

# Whatever the rows: these are about processes that are killed, memory, a full disk, and what a command prints.
_MOMENTS = ("before a chunk is logged-2", "before a chunk is kept-3", "before the parts are joined-0",
            "before the result appears-0")  # fmt: skip
ONCE = (
    *(f"test_kill_9_loses_and_doubles_nothing[{moment}]" for moment in _MOMENTS),
    "test_a_cluster_whose_workers_die_gives_the_same_answers",
    "test_ten_times_the_rows_take_no_more_memory",
    "test_a_full_disk_stops_a_batch_with_one_line_and_it_is_gone_on_with",
    "test_the_command_tells_what_was_done",
)
_READING = (
    *("tests/model", "tests/pipeline", "tests/serving/test_rest.py", "tests/serving/test_batch.py"),
    *(f"--deselect=tests/serving/test_batch.py::{name}" for name in ONCE),
)
_BESIDES = (
    *("tests/monitoring", "tests/web", "tests/gates/test_prove.py"),
    "tests/experiments/test_experiment_report.py::test_a_challenger_that_is_better_is_promoted",
)
_OF_THE_TABLE = ("tests/test_source.py", "tests/test_lineage.py")
ANOTHER_PROBLEM = (*_READING, *_BESIDES)
ANOTHER_TABLE = (*_READING, *_OF_THE_TABLE)
"""Those that read contract and data, where a table of another shape would break."""
ANOTHER_PRODUCT = (*ANOTHER_TABLE, *_BESIDES, "tests/retraining", "tests/test_contract.py")
"""All that could tell an adopted table from the sample."""
