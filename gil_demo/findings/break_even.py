"""From which length of task processes pay, in sentences."""

from typing import Any

import pandas as pd

from gil_demo.crossings import COLD, KEPT, measure_pace, summarise_break_even
from gil_demo.findings.words import (
    capitalise,
    count_in_words,
    describe_computer,
    find_machine_reservations,
    head,
    state_range,
    state_seconds,
)
from gil_demo.fits import ALWAYS_PAYS, NEVER_MEETS
from gil_demo.results import BASELINE, list_rows

_ALIKE = 1.1  # crossings that differ by less are told as one, the longest


def judge_break_even(table: pd.DataFrame) -> str:
    """Say in a few sentences how long a task must be for processes to pay.

    Args:
        table: a table as `sweep_task_length` gives it.

    Returns:
        Sentences, one a line: reasons to withhold a verdict first; without any, each start method,
        held against the plain loop and against threads; then how many rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    crossings = summarise_break_even(table)
    lines = [f"No verdict: {reservation}." for reservation in find_length_reservations(table)]
    if not lines:
        for method, own in crossings.groupby("start_method", sort=False):
            lines.append(f"By {method}:")
            lines += [f"  {_state_crossing(row)}" for row in list_rows(own)]
    rounds = count_in_words(int(table["rounds"].iloc[0]), "round", "rounds")
    return "\n".join([*lines, f"{capitalise(rounds)} of each."])


def find_length_reservations(table: pd.DataFrame) -> list[str]:
    """List the reasons why a sweep of the tasks' length can't carry a verdict on this machine."""
    return find_machine_reservations(table.iloc[0], int(table["tasks"].iloc[0]))


def _state_crossing(row: Any) -> str:
    rival = "the plain loop" if row.rival == BASELINE else "threads"
    if row.reason:
        pool = "a cold pool" if row.pool == COLD else "a pool kept open"
        return f"{capitalise(pool)} against {rival}: {row.reason}."
    length = state_range(row.crossing_seconds, row.crossing_low, row.crossing_high)
    if row.pool == COLD:
        return f"Against {rival}, a task shorter than {length} isn't worth a cold pool."
    return f"Against {rival}, a pool kept open pays from tasks of {length} on."


def title_break_even(table: pd.DataFrame, crossings: pd.DataFrame) -> str:
    """Put the finding in one line, for the chart's title."""
    reservations = find_length_reservations(table)
    if reservations:
        return head(f"no verdict: {reservations[0].split(';')[0]}", table)
    cold, kept = (_state_when(crossings, pool) for pool in (COLD, KEPT))
    told = [f"a cold pool pays {cold}"] if cold else []
    if kept:
        shortly = kept.replace("tasks of ", "")
        told.append(f"one kept open {shortly}" if cold else f"a pool kept open pays {kept}")
    if not told:
        reasons = set(crossings.loc[crossings["rival"] == BASELINE, "reason"])
        reason = f": {reasons.pop().split(':')[0]}" if len(reasons) == 1 else " was found"
        return head(f"no break-even{reason}", table)
    threads = crossings.loc[crossings["rival"] == "threads", "reason"]
    if len(threads) and (threads == NEVER_MEETS).all():
        told.append("against threads at no length")
    return head("; ".join(told), table)


def _state_when(crossings: pd.DataFrame, pool: str) -> str:
    """State from which length a pool pays against the plain loop; nothing where that is open."""
    own = crossings[(crossings["rival"] == BASELINE) & (crossings["pool"] == pool)]
    if (own["reason"] == ALWAYS_PAYS).all():
        return "at every length"
    found = list_rows(own[own["reason"] == ""].sort_values("crossing_seconds"))
    if not found:
        return ""
    least, most = found[0], found[-1]
    if len(own) == len(found) and most.crossing_seconds < _ALIKE * least.crossing_seconds:
        return f"from tasks of {state_seconds(most.crossing_seconds)}"
    return "from tasks of " + " to ".join(
        f"{state_seconds(row.crossing_seconds)} ({row.start_method})"
        for row in ([least, most] if len(found) > 1 else found)
    )


def describe_break_even(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    first = table.iloc[0]
    tasks = count_in_words(int(first["tasks"]), "task", "tasks")
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    shortest, longest = (int(table["steps"].agg(end)) for end in ("min", "max"))
    pace = measure_pace(table)
    lengths = state_seconds(longest / pace)
    if shortest < longest:
        lengths = f"{state_seconds(shortest / pace)} to {lengths}"
    return f"{describe_computer(first)}; {tasks} at once, of {lengths} each; {rounds} of each"
