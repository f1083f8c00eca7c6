"""The columns of what processes cost: start-up, carrying data, memory, and where they pay."""

import pandas as pd

from gil_demo.columns.facts import MACHINE, check_same_facts, check_whole_rounds, name_run
from gil_demo.errors import ResultsError
from gil_demo.schemas import Column, Schema

LOADS = ("nothing", "pandas")
"""What a worker imports before it is ready."""


def _check_starts(table: pd.DataFrame, place: str) -> None:
    check_whole_rounds(table, place, ["start_method", "loads"])
    _check_crew(table, place)


def _check_crew(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        check_same_facts(run, f"{place}, {name_run(run_id)}", ["workers"])


STARTS = Schema(
    "starts of a pool",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("starts",)),
        "start_method": Column("text"),
        "loads": Column("text", choices=LOADS),
        "workers": Column("whole"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "start_up_seconds": Column("duration"),
        "tear_down_seconds": Column("duration"),
    }
    | MACHINE,
    _check_starts,
)
"""A row for each pool that was started: until all workers were ready, and until all were gone."""

KINDS = ("bytes", "numbers")
WAYS = ("pickling", "argument", "result", "shared memory", "initializer", "kept")
"""How data gets to a worker: pickled and rebuilt in one process (for comparison), as a task's
argument, back as its result, in a shared memory block, with the start of a new pool, or not at
all, since the worker has kept it."""


def _check_transfers(table: pd.DataFrame, place: str) -> None:
    check_whole_rounds(table, place, ["kind", "way", "size_bytes"])
    for run_id, run in table.groupby("run_id", sort=False):
        check_same_facts(run, f"{place}, {name_run(run_id)}", ["start_method"])


TRANSFERS = Schema(
    "transfers of data",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("transfers",)),
        "kind": Column("text", choices=KINDS),
        "way": Column("text", choices=WAYS),
        "size_bytes": Column("whole"),
        "start_method": Column("text"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "seconds": Column("duration"),
    }
    | MACHINE,
    _check_transfers,
)
"""A row for each piece of data that was carried; `size_bytes` is its size when pickled."""

PARENTS = ("small", "holds the table")
DEEDS = ("waits", "imports pandas", "reads the table", "collects garbage", "collects, frozen")
"""What a worker does before its memory is measured. In the last case its parent had called
`gc.freeze` before the worker was forked."""


def _check_weights(table: pd.DataFrame, place: str) -> None:
    check_whole_rounds(table, place, ["start_method", "parent", "deed"])
    for run_id, run in table.groupby("run_id", sort=False):
        check_same_facts(run, f"{place}, {name_run(run_id)}", ["table_bytes"])


WEIGHTS = Schema(
    "weighed workers",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("weights",)),
        "start_method": Column("text"),
        "parent": Column("text", choices=PARENTS),
        "deed": Column("text", choices=DEEDS),
        "table_bytes": Column("whole"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "unique_bytes": Column("whole"),
        "parent_bytes": Column("whole"),
    }
    | MACHINE,
    _check_weights,
)
"""A row for each worker that was weighed: `unique_bytes` is the memory that would be free again if
it ended (USS), `table_bytes` what the table adds to its parent."""


def _check_lengths(table: pd.DataFrame, place: str) -> None:
    check_whole_rounds(table, place, ["runner", "start_method", "steps"])
    for run_id, run in table.groupby("run_id", sort=False):
        check_same_facts(run, f"{place}, {name_run(run_id)}", ["tasks"])
        ways = run.groupby(["runner", "start_method"], dropna=False)
        if len({frozenset(rows["steps"]) for _, rows in ways}) > 1:
            raise ResultsError(
                f"{place}, {name_run(run_id)} is not whole: its ways differ in the steps of a task"
            )


LENGTHS = Schema(
    "tasks of growing length",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("break_even",)),
        "runner": Column("text", choices=("sequential", "threads", "processes")),
        "start_method": Column("text", may_be_empty=True),
        "tasks": Column("whole"),
        "steps": Column("whole"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "start_up_seconds": Column("seconds"),
        "seconds": Column("duration"),
        "tear_down_seconds": Column("seconds"),
    }
    | MACHINE,
    _check_lengths,
)
"""A row for each timed run of as many tasks as there are workers, each of `steps`. Processes were
kept open: their start-up and tear-down are those of another pool of the same round."""
