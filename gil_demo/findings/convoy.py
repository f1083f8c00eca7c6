"""What a busy neighbour did to an echo server, in sentences."""

import math
from typing import Any

import pandas as pd

from gil_demo.exchanges import ALONE, summarise_exchanges
from gil_demo.findings.words import (
    MARGIN,
    capitalise,
    count_in_words,
    describe_computer,
    find_machine_reservations,
    head,
    is_wide,
    state_factor,
    state_seconds,
)
from gil_demo.results import list_rows

NEIGHBOURS = {
    "nothing": "alone",
    "process": "beside a busy process",
    "thread": "beside a busy thread",
}


def judge_exchanges(table: pd.DataFrame) -> str:
    """Say in a few sentences what one run of `serve` or `sweep_server` shows.

    Args:
        table: a table of one run.

    Returns:
        Sentences, one a line: reservations first, then each neighbour, then how many rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_exchanges(table)
    workers = 2 if "process" in set(table["beside"]) else 1
    mind = find_machine_reservations(table.iloc[0], workers)
    lines = [f"Mind: {reservation}." for reservation in mind]
    is_sweep = summary["switch_interval_seconds"].nunique() > 1
    lines += [_judge(row, is_sweep) for row in list_rows(summary)]
    rounds = count_in_words(int(table["rounds"].iloc[0]), "round", "rounds")
    return "\n".join([*lines, f"{capitalise(rounds)} of each."])


def title_exchanges(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding of a run of `serve` in one line, for the chart's title."""
    parts = [
        f"{state_rate(row.requests_per_second)} {NEIGHBOURS[row.beside]}"
        for row in list_rows(summary)
    ]
    return head(f"requests a second: {', '.join(parts)}", table)


def title_server_sweep(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding of a run of `sweep_server` in one line, for the chart's title."""
    rows = [row for row in list_rows(summary) if row.beside != ALONE]
    ends = [rows[0], rows[-1]] if len(rows) > 1 else rows
    parts = [
        f"{state_rate(row.requests_per_second)} requests a second at "
        f"{state_seconds(row.switch_interval_seconds)}"
        for row in ends
    ]
    return head(f"beside a busy thread: {', '.join(parts)}", table)


def describe_exchanges(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    first = table.iloc[0]
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    intervals = sorted(set(table["switch_interval_seconds"]))
    interval = f", switch interval {state_seconds(intervals[0])}" if len(intervals) == 1 else ""
    return (
        f"{describe_computer(first)}; echo server on loopback, its client in another process"
        f"{interval}; {rounds} of each"
    )


def state_rate(rate: float) -> str:
    """State a rate with three digits at most, for example "12,700"."""
    digits = 3 - len(f"{rate:.0f}")
    return f"{round(rate, min(0, digits)):,.0f}" if rate >= 10 else f"{rate:.2g}"


def _judge(row: Any, is_sweep: bool) -> str:
    name = capitalise(NEIGHBOURS[row.beside])
    if is_sweep and row.beside != ALONE:
        name += f", switch interval {state_seconds(row.switch_interval_seconds)}"
    sentence = (
        f"{name}: {state_rate(row.requests_per_second)} requests a second, "
        f"{state_seconds(row.latency_median_seconds)} each in the median,\n"
        f"  1 % above {state_seconds(row.latency_p99_seconds)}"
    )
    return f"{sentence}{'' if row.beside == ALONE else _compare(row)}."


def _compare(row: Any) -> str:
    if math.isnan(row.fewer_low):
        return f"; {state_factor(row.fewer)} × fewer than alone" if row.fewer > 1 else ""
    if row.fewer_low > 1 + MARGIN:
        return f"; {_state(row.fewer, row.fewer_low, row.fewer_high)} × fewer than alone"
    if row.fewer_high < 1 - MARGIN:
        more = _state(1 / row.fewer, 1 / row.fewer_high, 1 / row.fewer_low)
        return f"; {more} × as many as alone"
    return "; no clear difference from alone"


def _state(median: float, low: float, high: float) -> str:
    if is_wide(low, high):
        return f"{state_factor(low)} to {state_factor(high)}"
    return state_factor(median)
