"""With which work threads helped, in sentences."""

from typing import Any

import pandas as pd

from gil_demo.findings.words import (
    capitalise,
    count_in_words,
    describe_computer,
    find_machine_reservations,
    head,
    list_in_words,
    name_workers,
    state_times,
)
from gil_demo.results import (
    BASELINE,
    HELP,
    NO_HELP,
    list_rows,
    split_runs,
    summarise_workloads,
)


def judge_workloads(table: pd.DataFrame) -> str:
    """Say in a few sentences with which workloads threads and processes helped.

    Args:
        table: a table as `compare_workloads` gives it.

    Returns:
        Sentences, one a line: reservations first, then each workload.

    Raises:
        ResultsError: the table is not of this kind, or has a workload twice.
    """
    summary = summarise_workloads(table)
    lines = [f"Mind: {reservation}." for reservation in _find_reservations(table)]
    for name, rows in summary.groupby("workload", sort=False):
        contenders = rows[rows["runner"] != BASELINE]
        told = [_state_speed_up(row) for row in list_rows(contenders)]
        answer = str(rows["threads_help"].iloc[0]).replace(NO_HELP, "threads don't help")
        speed_ups = f" Speed-up of {', of '.join(told)}." if told else ""
        lines.append(f"{capitalise(str(name))}: {answer}.{speed_ups}")
    return "\n".join(lines)


def title_workloads(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding in one line, for the chart's title."""
    by_answer = summary.drop_duplicates("workload").groupby("threads_help")["workload"]
    names = {str(answer): list(group) for answer, group in by_answer}
    helped, not_helped = names.pop(HELP, []), names.pop(NO_HELP, [])
    parts = [f"threads helped with {list_in_words(helped)}"] if helped else []
    if not_helped:
        start = "not" if helped else "threads did not help"
        parts.append(f"{start} with {list_in_words(not_helped)}")
    parts += [f"not clear here with {list_in_words(unclear)}" for unclear in names.values()]
    return head("; ".join(parts), table)


def describe_workloads(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    rounds = sorted({int(run["rounds"].iloc[0]) for run in split_runs(table)})
    methods = sorted(set(table["start_method"]) - {""})
    started = f", processes by {' and '.join(methods)}" if methods else ""
    often = count_in_words(rounds[-1], "round", "rounds")
    if len(rounds) > 1:
        often = f"{rounds[0]} to {rounds[-1]} rounds"
    workers = count_in_words(int(table["workers"].max()), "worker", "workers")
    return (
        f"{describe_computer(table.iloc[0])}{started}; {workers} already started, {often} of each"
    )


def _find_reservations(table: pd.DataFrame) -> list[str]:
    found: dict[str, None] = {}
    for run in split_runs(table):
        found |= dict.fromkeys(find_machine_reservations(run.iloc[0], int(run["workers"].max())))
    return list(found)


def _state_speed_up(row: Any) -> str:
    speed_up = state_times(row.speed_up, row.speed_up_low, row.speed_up_high)
    return f"{name_workers(row.runner, row.workers)} {speed_up}"
