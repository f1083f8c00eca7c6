"""The columns of engines beside the plain Pool: many tasks of nothing, and tasks that grow."""

import pandas as pd

from gil_demo.columns.facts import MACHINE, check_same_facts, check_whole_rounds
from gil_demo.schemas import Column, Schema


def _check_engines(table: pd.DataFrame, place: str) -> None:
    check_whole_rounds(table, place, ["runner", "tasks", "steps"])
    for run_id, run in table.groupby("run_id", sort=False):
        check_same_facts(run, f"{place}, run {run_id}", ["workers", "is_elsewhere"])
        for runner, own in run.groupby("runner"):
            shared = ["start_method", "start_up_seconds", "tear_down_seconds"]
            check_same_facts(own, f"{place}, run {run_id}, {runner}", shared)


ENGINES = Schema(
    "maps by engines",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("engines",)),
        "runner": Column("text", choices=("sequential", "processes", "cluster", "ray")),
        "start_method": Column("text", may_be_empty=True),
        "workers": Column("whole"),
        "is_elsewhere": Column("yes_no"),
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
    _check_engines,
)
"""A row for each timed map of `tasks` tasks of `steps` each. Workers were kept open: start-up and
tear-down are those of the whole run. `is_elsewhere` tells whether the cluster's scheduler was
running already, on this machine or another."""
