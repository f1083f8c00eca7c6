"""What measured costs sum up to: starting a pool, carrying data, memory."""

from typing import Any

import pandas as pd

from gil_demo.columns import STARTS, TRANSFERS, WEIGHTS
from gil_demo.columns.costs import DEEDS, KINDS, LOADS, PARENTS, WAYS
from gil_demo.estimates import Estimate, estimate_median
from gil_demo.results import check_one_run


def summarise_start_up(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up what starting a pool costs: a row for each start method and what workers import.

    Args:
        table: a table as `compare_start_up` gives it.

    Returns:
        The columns start_method, loads, rounds; start_up_seconds with start_up_low and
        start_up_high (the median and its 95 % interval), tear_down_seconds (median); extra_seconds
        with extra_low and extra_high (what the import adds to the start-up, round by round; 0 for
        "nothing"). Ends of intervals are nan below six rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, STARTS)
    rows = []
    for method, own in table.groupby("start_method", sort=True):
        plain = _by_round(own, "start_up_seconds", loads=LOADS[0])
        for load in [name for name in LOADS if name in set(own["loads"])]:
            started = _by_round(own, "start_up_seconds", loads=load)
            extra = list((started - plain).dropna())
            rows.append(
                {"start_method": method, "loads": load, "rounds": len(started)}
                | _spread("start_up", estimate_median(list(started)), "start_up_seconds")
                | {
                    "tear_down_seconds": float(
                        own[own["loads"] == load]["tear_down_seconds"].median()
                    )
                }
                | _spread("extra", estimate_median(extra) if extra else _NOTHING, "extra_seconds")
            )
    return pd.DataFrame(rows)


def summarise_transport(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up what carrying data costs: a row for each kind of data, way and size.

    Args:
        table: a table as `compare_transport` gives it.

    Returns:
        The columns kind, way, size_bytes, rounds; seconds with seconds_low and seconds_high (the
        median and its 95 % interval); ratio with ratio_low and ratio_high (the time over that of
        the same data as an argument, round by round). Ends of intervals are nan below six rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, TRANSFERS)
    rows = []
    for kind in KINDS:
        for way in WAYS:
            chosen = table[(table["kind"] == kind) & (table["way"] == way)]
            for size, own in chosen.groupby("size_bytes"):
                seconds = own.set_index("round")["seconds"]
                sent = _by_round(table, "seconds", kind=kind, way="argument", size_bytes=size)
                ratios = list((seconds / sent).dropna())
                rows.append(
                    {"kind": kind, "way": way, "size_bytes": int(str(size)), "rounds": len(own)}
                    | _spread("seconds", estimate_median(list(seconds)), "seconds")
                    | _spread("ratio", estimate_median(ratios) if ratios else _NOTHING, "ratio")
                )
    return pd.DataFrame(rows)


def summarise_memory(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up what a worker adds of its own: a row for each start method, parent and deed.

    Args:
        table: a table as `weigh_workers` gives it.

    Returns:
        The columns start_method, parent, deed, rounds; unique_bytes with unique_low and
        unique_high (the median, the least and the most of the rounds), table_bytes.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, WEIGHTS)
    rows = []
    for method, own in table.groupby("start_method", sort=True):
        for parent in PARENTS:
            for deed in DEEDS:
                weighed = own[(own["parent"] == parent) & (own["deed"] == deed)]["unique_bytes"]
                if weighed.empty:
                    continue
                rows.append(
                    {
                        "start_method": method,
                        "parent": parent,
                        "deed": deed,
                        "rounds": len(weighed),
                        "unique_bytes": float(weighed.median()),
                        "unique_low": float(weighed.min()),
                        "unique_high": float(weighed.max()),
                        "table_bytes": float(own["table_bytes"].median()),
                    }
                )
    return pd.DataFrame(rows)


_NOTHING = Estimate(float("nan"), float("nan"), float("nan"), 0)


def _by_round(table: pd.DataFrame, column: str, **chosen: object) -> "pd.Series[float]":
    """Return a column of the rows that hold some values, by round."""
    rows = table
    for name, value in chosen.items():
        rows = rows[rows[name] == value]
    by_round: pd.Series[float] = rows.set_index("round")[column]
    return by_round


def _spread(name: str, estimate: Estimate, median: str) -> dict[str, Any]:
    return {median: estimate.median, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
