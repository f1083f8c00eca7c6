"""What Amdahl's law makes of ever more workers."""

import math

import pandas as pd

from gil_demo.errors import ResultsError
from gil_demo.fits import fit_parallel_part
from gil_demo.results import BASELINE, check_comparable

_COLUMNS = [
    *("runner", "cores", "parallel_part", "parallel_low", "parallel_high"),
    *("limit", "reason"),
]


def summarise_scaling(table: pd.DataFrame) -> pd.DataFrame:
    """Fit Amdahl's law to a run with ever more workers: a row for each way of running.

    Args:
        table: a table of one run, as `scale` gives it.

    Returns:
        The columns runner, cores (how many workers can truly work at once: the physical cores, or
        fewer where this Python may not use all), parallel_part with parallel_low and parallel_high
        (the median of the rounds and its 95 % interval, from 0 to 1; nan where it can't be
        fitted), limit (the speed-up that no number of cores would exceed; infinite for a parallel
        part of 1), reason (why there is no fit; empty where there is one).

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_comparable(table)
    cores = count_cores_at_once(table)
    loops = table[table["runner"] == BASELINE].set_index("round")["seconds"]
    rows = []
    for runner, own in table[table["runner"] != BASELINE].groupby("runner", sort=True):
        ratios = {
            int(str(workers)): list((runs.set_index("round")["seconds"] / loops).dropna())
            for workers, runs in own.groupby("workers")
        }
        try:
            fitted = fit_parallel_part(ratios, cores)
            part, low, high = (
                min(1.0, max(0.0, end)) for end in (fitted.median, fitted.low, fitted.high)
            )
            reason = ""
        except ResultsError as refusal:
            part, low, high, reason = math.nan, math.nan, math.nan, str(refusal)
        rows.append(
            {
                "runner": str(runner),
                "cores": cores,
                "parallel_part": part,
                "parallel_low": low,
                "parallel_high": high,
                "limit": math.inf if part == 1 else 1 / (1 - part),
                "reason": reason,
            }
        )
    return pd.DataFrame(rows, columns=_COLUMNS)


def count_cores_at_once(table: pd.DataFrame) -> int:
    """Count how many workers of a run could truly work at once, by the machine's facts.

    Two logical cores of one physical core share its circuits; so the physical ones count, where
    the system tells their number and this Python may use that many.
    """
    first = table.iloc[0]
    usable, physical = int(first["usable_cores"]), first["physical_cores"]
    return usable if pd.isna(physical) else min(usable, int(physical))
