"""What a second thread did under each interpreter, in sentences."""

import math
from typing import Any

import pandas as pd

from gil_demo.measuring.estimates import LEAST_ROUNDS
from gil_demo.pythons.table import MEASURED, summarise_interpreters
from gil_demo.tables.schema import list_rows
from gil_demo.words import (
    call_ratio,
    count_in_words,
    describe_computer,
    find_machine_reservations,
    head,
    state_factor,
    state_times,
)


def judge_interpreters(table: pd.DataFrame) -> str:
    """Say in a few sentences what a second thread did under each interpreter.

    Args:
        table: a table as `compare_interpreters` gives it.

    Returns:
        Sentences, one a line: reservations first, then each interpreter, then what single
        threads pay where the GIL is off, then what could not be measured.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_interpreters(table)
    measured = list_rows(summary[summary["state"] == MEASURED])
    reservations = find_machine_reservations(table.iloc[0], 2)
    lines = [f"No verdict: {reservation}." for reservation in reservations]
    lines += [_judge(row, bool(reservations)) for row in measured]
    lines += [_judge_single_thread(row, measured) for row in measured if row.gil == "off"]
    others = list_rows(summary[summary["state"] != MEASURED])
    lines += [f"{row.interpreter}: {row.state}." for row in others]
    return "\n".join(line for line in lines if line)


def title_interpreters(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding in one line, for the chart's title."""
    reservations = find_machine_reservations(table.iloc[0], 2)
    if reservations:
        return head(f"no verdict: {reservations[0].split(';')[0]}", table)
    if not (summary["state"] == MEASURED).any():
        return head("no interpreter could be measured", table)
    certain = summary[summary["rounds"] >= LEAST_ROUNDS]
    if certain.empty:
        return head(f"no verdict: an interval needs {LEAST_ROUNDS} rounds", table)
    rows = list_rows(certain.sort_values("time_ratio", ascending=False))
    most, least = rows[0], rows[-1]
    title = f"two threads took {_state_ratio(most)} as long as one under {most.interpreter}"
    if least is not most:
        title += f"; {_state_ratio(least)} under {least.interpreter}"
    return head(title, table)


def describe_interpreters(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    summary = summarise_interpreters(table)
    rounds = summary.loc[summary["state"] == MEASURED, "rounds"]
    count = count_in_words(len(rounds), "interpreter", "interpreters")
    if rounds.empty:
        return f"{describe_computer(table.iloc[0])}; none measured"
    least, most = int(rounds.min()), int(rounds.max())
    often = count_in_words(most, "round", "rounds")
    return (
        f"{describe_computer(table.iloc[0])}; {count}, "
        f"{often if least == most else f'{least} to {most} rounds'} each"
    )


def _state_ratio(row: Any) -> str:
    return state_times(row.time_ratio, row.time_ratio_low, row.time_ratio_high)


def _judge(row: Any, withheld: bool) -> str:
    sentence = f"{row.interpreter}: two threads took {row.time_ratio:.2f} × as long as one"
    if math.isnan(row.time_ratio_low):
        sentence += f", but in fewer than {LEAST_ROUNDS} rounds"
    else:
        sentence += f" (95 % interval {row.time_ratio_low:.2f} to {row.time_ratio_high:.2f})"
        sentence += "" if withheld else f", {call_ratio(row.time_ratio_low, row.time_ratio_high)}"
    if not math.isnan(row.processes_ratio):
        sentence += f"; two processes {row.processes_ratio:.2f} ×"
    return f"{sentence}."


def _judge_single_thread(row: Any, measured: list[Any]) -> str:
    """Say how long a step takes one thread without the GIL, beside a build that has it."""
    minor = row.version.split(".")[:2]
    ordinary = [
        other
        for other in measured
        if other.version.split(".")[:2] == minor and other.interpreter.endswith(other.version)
    ]
    if not ordinary:
        return ""
    other = ordinary[-1]
    factor = row.step_nanoseconds / other.step_nanoseconds
    return (
        f"One thread: a step took {row.step_nanoseconds:.1f} ns under {row.interpreter} and "
        f"{other.step_nanoseconds:.1f} ns under {other.interpreter}, "
        f"{state_factor(factor)} × as long."
    )
