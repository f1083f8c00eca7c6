"""The columns of the countdown under several interpreters."""

import pandas as pd

from gil_demo.columns.facts import MACHINE, check_same_facts
from gil_demo.errors import ResultsError
from gil_demo.schemas import Column, Schema

MEASURED = "measured"
WAYS = ("sequential", "threads", "processes")
_OF_INTERPRETER = ["version", "implementation_measured", "gil", "state", "steps"]


def _check_interpreters(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        where = f"{place}, run {run_id}"
        check_same_facts(run, where, ["experiment", *MACHINE])
        for name, rows in run.groupby("interpreter", sort=False):
            _check_one(rows, f"{where}, {name}")


def _check_one(rows: pd.DataFrame, where: str) -> None:
    check_same_facts(rows, where, _OF_INTERPRETER)
    if rows["state"].iloc[0] != MEASURED:
        if len(rows) > 1:
            raise ResultsError(f"{where} was not measured, but has {len(rows)} rows")
        return
    if rows[["round", "seconds", "steps"]].isna().to_numpy().any():
        raise ResultsError(f"{where} was measured, but a measurement is missing")
    wanted = list(range(1, int(rows["round"].max()) + 1))
    for way in ("sequential", "threads", *set(rows["runner"])):
        if sorted(rows.loc[rows["runner"] == way, "round"]) != wanted:
            raise ResultsError(f"{where} is not whole: {way} lacks a round of {len(wanted)}")


INTERPRETERS = Schema(
    "interpreters",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("interpreters",)),
        "interpreter": Column("text"),
        "version": Column("text", may_be_empty=True),
        "implementation_measured": Column("text", may_be_empty=True),
        "gil": Column("text", choices=("on", "off", "not known")),
        "state": Column("text"),
        "runner": Column("text", may_be_empty=True),
        "round": Column("whole", may_be_empty=True),
        "steps": Column("whole", may_be_empty=True),
        "seconds": Column("duration", may_be_empty=True),
    }
    | MACHINE,
    _check_interpreters,
)
"""A row for each timed countdown under an interpreter; `steps` is the whole countdown. One that
could not be measured has a single row, and its `state` says why. The machine's facts are those of
the Python that asked; no path is kept, since paths name people."""
