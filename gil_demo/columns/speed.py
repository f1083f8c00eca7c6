"""The columns of timed runs: what threads and processes took."""

import pandas as pd

from gil_demo.columns.facts import MACHINE, check_same_facts, name_run
from gil_demo.errors import ResultsError
from gil_demo.schemas import Column, Schema

VARIANT = ["runner", "workers", "start_method"]
_VARYING = [
    *VARIANT,
    *("tasks", "round", "rounds", "position"),
    *("start_up_seconds", "seconds", "tear_down_seconds"),
]


def _check_runs(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        _check_whole_run(run, f"{place}, {name_run(run_id)}")


def _check_whole_run(run: pd.DataFrame, place: str) -> None:
    if run["rounds"].nunique() != 1:
        raise ResultsError(f"{place} is not whole: its rows differ in their number of rounds")
    check_same_facts(run, place, [name for name in RUNS.columns if name not in _VARYING])
    wanted = int(run["rounds"].iloc[0])
    for key, group in run.groupby(VARIANT, dropna=False):
        there = group["round"].nunique()
        if len(group) != wanted or set(group["round"]) != set(range(1, wanted + 1)):
            raise ResultsError(
                f"{place} is not whole: {key[0]} with {key[1]} workers has {len(group)} rows "
                f"in {there} of {wanted} rounds"
            )


RUNS = Schema(
    "timed runs",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("compare", "scale", "workloads")),
        "workload": Column("text"),
        "runner": Column("text"),
        "workers": Column("whole"),
        "start_method": Column("text", may_be_empty=True),
        "tasks": Column("whole"),
        "count": Column("whole"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "start_up_seconds": Column("seconds"),
        "seconds": Column("duration"),
        "tear_down_seconds": Column("seconds"),
        "stopped_by": Column("text", choices=("precision", "budget")),
    }
    | MACHINE,
    _check_runs,
)
"""A row for each timed run; `count` is the size of the whole workload, in its own unit."""
