"""What a table of interpreters sums up to: two threads over one, for each of them."""

import re
from typing import Any

import pandas as pd

from gil_demo.columns import INTERPRETERS
from gil_demo.columns.interpreters import MEASURED
from gil_demo.estimates import estimate_median
from gil_demo.results import check_one_run, list_rows

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
