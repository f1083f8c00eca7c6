"""The columns of the countdown under several interpreters."""

import re
from typing import Any

import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.measuring.estimates import estimate_median
from gil_demo.tables.schema import (
    MACHINE,
    Column,
    Schema,
    check_one_run,
    check_same_facts,
    list_rows,
)

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

OLD_GIL = "old GIL"

_BEFORE_2_7 = (2, 6)

_RATIOS = {"threads": "time_ratio", "processes": "processes_ratio"}


def summarise_interpreters(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up a run under several interpreters: a row for each of them, older versions first.

    Ratios are taken inside each round, against the sequential run of that round; the median
    counts, with its 95 % interval.

    Args:
        table: a table as `compare_interpreters` gives it.

    Returns:
        The columns interpreter, version, implementation, gil ("on", "off" or "not known"), state,
        rounds; step_nanoseconds (median of the sequential time for one step); time_ratio,
        time_ratio_low, time_ratio_high (two threads over one) and processes_ratio likewise. What
        could not be measured comes last, with nan for each figure.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, INTERPRETERS)
    rows = [_sum_up(rows) for _, rows in table.groupby("interpreter", sort=False)]
    ordered = sorted(rows, key=lambda row: (row["state"] != MEASURED, rank_version(row)))
    return pd.DataFrame(ordered)


def _sum_up(rows: pd.DataFrame) -> dict[str, Any]:
    first = rows.iloc[0]
    names = {"interpreter": "interpreter", "version": "version", "gil": "gil", "state": "state"}
    told = {name: first[source] for name, source in names.items()}
    told |= {"implementation": first["implementation_measured"], "rounds": 0}
    told |= {"step_nanoseconds": float("nan")}
    for ratio in _RATIOS.values():
        told |= dict.fromkeys((ratio, f"{ratio}_low", f"{ratio}_high"), float("nan"))
    if first["state"] != MEASURED:
        return told
    times = rows.pivot_table(index="round", columns="runner", values="seconds")
    told["rounds"] = len(times)
    told["step_nanoseconds"] = float(times["sequential"].median()) / int(first["steps"]) * 1e9
    for way, ratio in _RATIOS.items():
        if way in times:
            estimate = estimate_median(list(times[way] / times["sequential"]))
            told |= {
                ratio: estimate.median,
                f"{ratio}_low": estimate.low,
                f"{ratio}_high": estimate.high,
            }
    return told


def rank_version(row: Any) -> tuple[bool, list[int], str]:
    """Return what interpreters are sorted by: CPython first, then older versions first."""
    numbers = [int(number[:9]) for number in re.findall(r"\d+", row["version"])]
    return row["implementation"] != "CPython", numbers, row["interpreter"]


def list_marks(summary: pd.DataFrame, origin: str) -> pd.DataFrame:
    """List what a chart marks of a summary.

    Args:
        summary: what `summarise_interpreters` gave.
        origin: whose it is, for example "yours".

    Returns:
        A row for each interpreter that was measured: label (of its minor version), rank, origin,
        ratio, low, high, split (True) and source (empty).
    """
    marks = []
    for row in list_rows(summary[summary["state"] == MEASURED]):
        minor = ".".join(row.version.split(".")[:2])
        off = ", GIL off" if row.gil == "off" else ""
        marks.append(
            {
                "label": f"{row.interpreter.replace(row.version, minor)}{off}",
                "rank": (row.implementation != "CPython", *_read_minor(minor), bool(off)),
                "origin": origin,
                "ratio": row.time_ratio,
                "low": row.time_ratio_low,
                "high": row.time_ratio_high,
                "split": True,
                "source": "",
            }
        )
    return pd.DataFrame(marks)


def list_published_marks(published: pd.DataFrame) -> pd.DataFrame:
    """List what a chart marks of published figures: those with two threads.

    Args:
        published: what `load_published("countdown")` gives.

    Returns:
        The columns of `list_marks`; low and high are nan, and source names who published it.
    """
    marks = []
    for row in list_rows(published[published["threads"] == 2]):
        is_old = row.python == OLD_GIL
        marks.append(
            {
                "label": f"CPython, {OLD_GIL}" if is_old else f"CPython {row.python}",
                "rank": (False, *(_BEFORE_2_7 if is_old else _read_minor(str(row.python))), False),
                "origin": "published",
                "ratio": row.time_ratio,
                "low": float("nan"),
                "high": float("nan"),
                "split": bool(row.split),
                "source": f"{str(row.source).split(',')[0]} {row.year}",
            }
        )
    return pd.DataFrame(marks)


def _read_minor(minor: str) -> tuple[int, int]:
    numbers = [int(number[:9]) for number in re.findall(r"\d+", minor)]
    first, second = (*numbers, 0, 0)[:2]
    return first, second
