"""What starting a pool costs, in sentences."""

import math
from typing import Any

import pandas as pd

from gil_demo.costs import summarise_start_up
from gil_demo.errors import ResultsError
from gil_demo.findings.words import (
    capitalise,
    count_in_words,
    describe_computer,
    find_busy_reservations,
    head,
    list_in_words,
    state_range,
    state_seconds,
)
from gil_demo.results import list_rows


def judge_start_up(table: pd.DataFrame) -> str:
    """Say in a few sentences what starting a pool costs, by each start method.

    Args:
        table: a table as `compare_start_up` gives it.

    Returns:
        Sentences, one a line: reservations first, then each start method, then how many rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_start_up(table)
    _check_plain_starts(summary)
    first = table.iloc[0]
    workers = count_in_words(int(first["workers"]), "worker", "workers")
    lines = [f"Mind: {reservation}." for reservation in find_busy_reservations(first)]
    for row in list_rows(summary):
        if row.loads == "nothing":
            start = state_range(row.start_up_seconds, row.start_up_low, row.start_up_high)
            lines.append(
                f"By {row.start_method}: {workers} ready after {start}, gone after another "
                f"{state_seconds(row.tear_down_seconds)}."
            )
        else:
            lines.append(f"  If each of them imports {row.loads}: {_state_extra(row)}.")
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    return "\n".join([*lines, f"{capitalise(rounds)} of each."])


def _check_plain_starts(summary: pd.DataFrame) -> None:
    """Raise a ResultsError where a start with an import has none without to be held against."""
    plain = set(summary.loc[summary["loads"] == "nothing", "start_method"])
    if lacking := sorted(set(summary["start_method"]) - plain):
        raise ResultsError(f"the table has no starts without an import by {', '.join(lacking)}")


def _state_extra(row: Any) -> str:
    ready = f"ready after {state_seconds(row.start_up_seconds)}"
    if math.isnan(row.extra_low):
        return ready
    if row.extra_low <= 0 <= row.extra_high:
        return f"{ready}, not clearly later"
    word = "later" if row.extra_seconds > 0 else "sooner"
    low, high = sorted((abs(row.extra_low), abs(row.extra_high)))
    return f"{state_range(abs(row.extra_seconds), low, high)} {word}"


def title_start_up(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding in one line, for the chart's title."""
    _check_plain_starts(summary)
    plain = list_rows(summary[summary["loads"] == "nothing"])
    told = [f"{state_seconds(row.start_up_seconds)} by {row.start_method}" for row in plain]
    heavy = summary[summary["loads"] != "nothing"]
    end = ""
    if len(heavy) and (heavy["extra_low"] > 0).all():
        least, most = (state_seconds(float(heavy["extra_seconds"].agg(f))) for f in ("min", "max"))
        load = heavy["loads"].iloc[0]
        end = f"; {load} adds {least}" + (f" to {most}" if most != least else "")
    return head(f"a pool was ready after {list_in_words(told)}{end}", table)


def describe_start_up(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    first = table.iloc[0]
    workers = count_in_words(int(first["workers"]), "worker", "workers")
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    return f"{describe_computer(first)}; pools of {workers}; {rounds} of each"
