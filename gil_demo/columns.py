"""The columns of every kind of table, and what makes such a table whole."""

import pandas as pd

from gil_demo.errors import ResultsError
from gil_demo.schemas import Column, Schema

MACHINE: dict[str, Column] = {
    "busy_percent": Column("percent"),
    "usable_cores": Column("whole"),
    "logical_cores": Column("whole"),
    "physical_cores": Column("whole", may_be_empty=True),
    "cores_limited_by": Column("text", may_be_empty=True),
    "python_version": Column("text"),
    "implementation": Column("text"),
    "gil_enabled": Column("yes_no"),
    "operating_system": Column("text"),
    "architecture": Column("text"),
    "measured_on": Column("text"),
    "recorded_on": Column("text", may_be_empty=True),
}
"""The facts of the machine, in every row of every table; `recorded_on` names the machine of a
recorded run and is empty for a run of one's own."""

VARIANT = ["runner", "workers", "start_method"]
_VARYING = [
    *VARIANT,
    *("tasks", "round", "rounds", "position"),
    *("start_up_seconds", "seconds", "tear_down_seconds"),
]


def check_same_facts(run: pd.DataFrame, place: str, facts: list[str]) -> None:
    """Raise a ResultsError if the rows of one run differ where they should not."""
    uneven = [name for name in facts if run[name].nunique(dropna=False) > 1]
    if uneven:
        raise ResultsError(f"{place} is no single run: its rows differ in {', '.join(uneven)}")


def _check_runs(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        _check_whole_run(run, f"{place}, run {run_id}")


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


def _check_slices(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        facts = [name for name in SLICES.columns if name not in _VARYING_SLICES]
        check_same_facts(run, f"{place}, run {run_id}", facts)
    backwards = (table["end_seconds"] < table["start_seconds"]).to_numpy()
    if backwards.any():
        raise ResultsError(
            f"{place}, row {backwards.argmax() + 1}: the slice ends before it starts"
        )


_VARYING_SLICES = ["runner", "start_method", "worker", "start_seconds", "end_seconds"]
SLICES = Schema(
    "slices",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("trace",)),
        "runner": Column("text", choices=("sequential", "threads", "processes")),
        "start_method": Column("text", may_be_empty=True),
        "workers": Column("whole"),
        "worker": Column("whole"),
        "count": Column("whole"),
        "switch_interval_seconds": Column("duration"),
        "start_seconds": Column("seconds"),
        "end_seconds": Column("seconds"),
    }
    | MACHINE,
    _check_slices,
)
"""A row for each slice of time in which a worker ran; the clock of each runner starts at 0."""


def _check_rounds(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        check_same_facts(run, f"{place}, run {run_id}", ["experiment", "rounds", *MACHINE])


SWITCHES = Schema(
    "rounds at a switch interval",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("switch",)),
        "workers": Column("whole"),
        "switch_interval_seconds": Column("duration"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "turn_seconds": Column("duration", may_be_empty=True),
        "steps_per_second": Column("rate"),
    }
    | MACHINE,
    _check_rounds,
)
"""A row for each round with two threads or more at one switch interval."""

EXCHANGES = Schema(
    "echo rounds",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("serve",)),
        "beside": Column("text", choices=("nothing", "thread", "process")),
        "switch_interval_seconds": Column("duration"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "requests": Column("whole"),
        "seconds": Column("duration"),
        "latency_median_seconds": Column("duration"),
        "latency_p99_seconds": Column("duration"),
    }
    | MACHINE,
    _check_rounds,
)
"""A row for each round of requests to an echo server beside nothing, a thread or a process."""

SCHEMAS = (RUNS, SLICES, SWITCHES, EXCHANGES)
