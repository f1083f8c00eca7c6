"""What carrying data to a worker costs, in sentences."""

import math
from typing import Any

import pandas as pd

from gil_demo.costs import summarise_transport
from gil_demo.errors import ResultsError
from gil_demo.findings.words import (
    MARGIN,
    capitalise,
    count_in_words,
    describe_computer,
    find_busy_reservations,
    head,
    state_bytes,
    state_range,
    state_seconds,
    state_share,
    state_times,
)
from gil_demo.results import list_rows


def judge_transport(table: pd.DataFrame) -> str:
    """Say in a few sentences what carrying data costs, by each way.

    Args:
        table: a table as `compare_transport` gives it.

    Returns:
        Sentences, one a line: reservations first, then the largest data by each way, what pickling
        has to do with it, then how many rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_transport(table)
    first = table.iloc[0]
    lines = [f"Mind: {reservation}." for reservation in find_busy_reservations(first)]
    data = _select_bytes(summary)
    largest = data[data["size_bytes"] == data["size_bytes"].max()]
    size = state_bytes(int(data["size_bytes"].max()))
    told = [f"  {_NAMES[row.way]}: {_state_time(row)}." for row in list_rows(largest)]
    meaning = " (×: times as long as an argument)" if any("×" in line for line in told) else ""
    lines += [f"{size} of data{meaning}:", *told]
    if "shared memory" not in set(largest["way"]):
        lines.append("  In shared memory: not measured, since this machine has no room for it.")
    lines += [_state_pickling(row) for row in list_rows(select_pickling(summary))]
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    return "\n".join([*lines, f"{capitalise(rounds)} of each."])


def _select_bytes(summary: pd.DataFrame) -> pd.DataFrame:
    """Select what was found of raw bytes; without any sent there is nothing to hold against."""
    data: pd.DataFrame = summary[summary["kind"] == "bytes"]
    if "argument" not in set(data["way"]):
        raise ResultsError("the table has no rounds of bytes sent as an argument")
    return data


_NAMES = {
    "pickling": "Pickling and rebuilding alone, in one process",
    "argument": "As a task's argument",
    "result": "As a task's result",
    "shared memory": "In a shared memory block, copied in and out",
    "initializer": "With the start of a new pool",
    "kept": "Kept by the worker, a task that uses them",
}


def _state_time(row: Any) -> str:
    time = state_range(row.seconds, row.seconds_low, row.seconds_high)
    is_clear = row.ratio_low > 1 + MARGIN or row.ratio_high < 1 - MARGIN
    if row.way == "argument" or math.isnan(row.ratio_low) or not is_clear:
        return time
    times = "under 0.01 ×"
    if row.ratio_high >= 0.01:
        times = state_times(row.ratio, row.ratio_low, row.ratio_high)
    return f"{time}, {times}"


def select_pickling(summary: pd.DataFrame) -> pd.DataFrame:
    """Select what pickling takes, of each kind, at the largest size that all kinds have."""
    shared = summary.groupby("kind")["size_bytes"].max().min()
    is_there = (summary["way"] == "pickling") & (summary["size_bytes"] == shared)
    chosen: pd.DataFrame = summary.loc[is_there & summary["ratio"].notna()]
    return chosen


def _state_pickling(row: Any) -> str:
    what = {"bytes": "raw bytes", "numbers": "a list of numbers"}[row.kind]
    sent = f"the time to send {state_bytes(row.size_bytes)} of {what}"
    if row.ratio >= 1:
        return f"Pickling and rebuilding alone took as long as {sent}, or longer."
    return f"Of {sent}, pickling and rebuilding are {state_share(row.ratio)}; the rest is the pipe."


def title_transport(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding in one line, for the chart's title."""
    data = _select_bytes(summary).sort_values("size_bytes")
    sent = data[data["way"] == "argument"].drop_duplicates("size_bytes").iloc[[0, -1]]
    told = [
        f"{state_bytes(row.size_bytes)} after {state_seconds(row.seconds)}"
        for row in list_rows(sent.drop_duplicates("size_bytes"))
    ]
    kept = data.loc[data["way"] == "kept", "seconds"]
    end = f"; what it had kept, after {state_seconds(float(kept.iloc[-1]))}" if len(kept) else ""
    return head(f"a worker had {' and '.join(told)}{end}", table)


def describe_transport(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    first = table.iloc[0]
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    return (
        f"{describe_computer(first)}; one worker by {first['start_method']}, already started but "
        f"for new pools; {rounds} of each"
    )
