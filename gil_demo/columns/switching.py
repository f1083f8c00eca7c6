"""The columns of a trace, and of rounds at a switch interval."""

import pandas as pd

from gil_demo.columns.facts import MACHINE, check_rounds, check_same_facts, name_run
from gil_demo.errors import ResultsError
from gil_demo.schemas import Column, Schema


def _check_slices(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        facts = [name for name in SLICES.columns if name not in _VARYING_SLICES]
        check_same_facts(run, f"{place}, {name_run(run_id)}", facts)
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
        "runner": Column("text", choices=("sequential", "threads", "processes", "interpreters")),
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
    check_rounds,
)
"""A row for each round with two threads or more at one switch interval."""
