"""The columns of what happens inside a pool: tasks, rounds of a map, answers."""

from itertools import pairwise

import pandas as pd

from gil_demo.columns.facts import MACHINE, check_rounds, check_same_facts, name_run
from gil_demo.errors import ResultsError
from gil_demo.schemas import Column, Schema

MOST_WORKERS = 10_000
MOST_TASKS = 1_000_000
_VARYING_TASKS = ["task", "steps", "worker", "start_seconds", "end_seconds"]


def _check_tasks(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        where = f"{place}, {name_run(run_id)}"
        check_same_facts(run, where, [name for name in TASKS.columns if name not in _VARYING_TASKS])
        _check_limits(run, where)
        if (run["worker"] > run["workers"]).any():
            raise ResultsError(f"{where} names a worker beyond its {run['workers'].iloc[0]}")
        wanted = int(run["tasks"].iloc[0])
        if len(run) != wanted or run["task"].nunique() != wanted or run["task"].max() > wanted:
            raise ResultsError(f"{where} is not whole: it has {len(run)} rows for {wanted} tasks")
    clock = ["ready_seconds", "start_seconds", "end_seconds", "done_seconds", "gone_seconds"]
    for earlier, later in pairwise(clock):
        backwards = (table[later] < table[earlier]).to_numpy()
        if backwards.any():
            raise ResultsError(
                f"{place}, row {backwards.argmax() + 1}: {later} is before {earlier}"
            )


def _check_limits(table: pd.DataFrame, place: str) -> None:
    """Refuse sizes that no run has, and that would take for ever to sum up."""
    for name, most in (("workers", MOST_WORKERS), ("tasks", MOST_TASKS)):
        if (table[name] > most).any():
            raise ResultsError(f"{place}: {name} must be at most {most:,}, not {table[name].max()}")


TASKS = Schema(
    "tasks of a map",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("map",)),
        "workers": Column("whole"),
        "start_method": Column("text"),
        "chunksize": Column("whole"),
        "tasks": Column("whole"),
        "task": Column("whole"),
        "steps": Column("whole"),
        "worker": Column("whole"),
        "ready_seconds": Column("seconds"),
        "start_seconds": Column("seconds"),
        "end_seconds": Column("seconds"),
        "done_seconds": Column("seconds"),
        "gone_seconds": Column("seconds"),
    }
    | MACHINE,
    _check_tasks,
)
"""A row for each task of a `Pool.map`; the clock begins when the pool is asked for. The pool is
ready, has all answers (done) and is gone at the same moments in all rows."""


def _check_lists(table: pd.DataFrame, place: str) -> None:
    check_rounds(table, place)
    _check_limits(table, place)
    for run_id, run in table.groupby("run_id", sort=False):
        check_same_facts(run, f"{place}, {name_run(run_id)}", ["workers", "start_method", "count"])
    few = (table["count"] < table["tasks"]).to_numpy()
    if few.any():
        raise ResultsError(f"{place}, row {few.argmax() + 1}: there are more tasks than steps")


LISTS = Schema(
    "rounds of a map",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("lengths", "chunks")),
        "work": Column("text", choices=("even", "uneven")),
        "workers": Column("whole"),
        "start_method": Column("text"),
        "tasks": Column("whole"),
        "chunksize": Column("whole"),
        "default_chunksize": Column("whole"),
        "count": Column("whole"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "seconds": Column("duration"),
        "busy_seconds": Column("duration"),
    }
    | MACHINE,
    _check_lists,
)
"""A row for each timed `Pool.map`; `busy_seconds` is what its tasks took, one by one, added up."""


def _check_arrivals(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        varying = ("task", "steps", "place", "returned_seconds", "end_seconds", "arrived_seconds")
        facts = [name for name in ARRIVALS.columns if name not in ("method", "chunksize", *varying)]
        check_same_facts(run, f"{place}, {name_run(run_id)}", facts)
        tasks = int(run.groupby("method").size().max())
        for method, answers in run.groupby("method", sort=False):
            wanted = list(range(1, tasks + 1))
            if any(sorted(answers[name]) != wanted for name in ("task", "place")):
                raise ResultsError(
                    f"{place}, {name_run(run_id)} is not whole: the tasks of {method} are not "
                    f"those from 1 to {tasks}, each once"
                )


METHODS = ("map", "starmap", "imap", "imap_unordered", "apply_async")
ARRIVALS = Schema(
    "answers of a pool",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("methods",)),
        "method": Column("text", choices=METHODS),
        "workers": Column("whole"),
        "start_method": Column("text"),
        "chunksize": Column("whole"),
        "task": Column("whole"),
        "steps": Column("whole"),
        "place": Column("whole"),
        "returned_seconds": Column("seconds"),
        "end_seconds": Column("seconds"),
        "arrived_seconds": Column("seconds"),
    }
    | MACHINE,
    _check_arrivals,
)
"""A row for each answer that a method of a pool gave: which place it came in, when its task had
ended, when the caller held it, and when the method itself returned. Each method's clock begins
with its call."""
