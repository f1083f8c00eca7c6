"""The columns of a class: what many machines' runs sum up to, a row for each way of running."""

import pandas as pd

from gil_demo.columns.facts import MACHINE, check_same_facts
from gil_demo.columns.speed import VARIANT
from gil_demo.errors import ResultsError
from gil_demo.schemas import Column, Schema

MADE_UP = "made up"
"""How `recorded_on` begins where a run was made up."""


def _check_class(table: pd.DataFrame, place: str) -> None:
    ways = ["run_id", *VARIANT]
    twice = table[table.duplicated(ways)]
    if len(twice):
        raise ResultsError(f"{place} has a way of running twice in run {twice['run_id'].iloc[0]}")
    shared = ["file", "rounds", *MACHINE]
    uneven = table.groupby("run_id", sort=False)[shared].nunique(dropna=False).max(axis="columns")
    for run_id in uneven.index[uneven > 1]:
        check_same_facts(table[table["run_id"] == run_id], f"{place}, run {run_id}", shared)


CLASS = Schema(
    "runs of a class",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("class",)),
        "file": Column("text"),
        "runner": Column("text"),
        "workers": Column("whole"),
        "start_method": Column("text", may_be_empty=True),
        "rounds": Column("whole"),
        "seconds": Column("duration"),
        "start_up_seconds": Column("seconds"),
        "tear_down_seconds": Column("seconds"),
        "time_ratio": Column("rate"),
        "time_ratio_low": Column("rate", may_be_empty=True),
        "time_ratio_high": Column("rate", may_be_empty=True),
        "speed_up": Column("rate"),
        "speed_up_low": Column("rate", may_be_empty=True),
        "speed_up_high": Column("rate", may_be_empty=True),
        "cold_speed_up": Column("rate"),
    }
    | MACHINE,
    _check_class,
)
"""A row for each way of running on each machine; `file` is the name that the reader chose."""
