"""What engines cost and gave beside the plain Pool, in sentences."""

from typing import Any

import pandas as pd

from gil_demo.engines import summarise_engines
from gil_demo.findings.words import (
    capitalise,
    count_in_words,
    describe_computer,
    find_machine_reservations,
    head,
    name_workers,
    state_factor,
    state_range,
    state_seconds,
    state_times,
)
from gil_demo.results import list_rows

NAMES = {"processes": "the plain Pool", "cluster": "Dask", "ray": "Ray"}


def judge_engines(table: pd.DataFrame) -> str:
    """Say in a few sentences what each engine costs and gives.

    Args:
        table: a table as `sweep_engines` gives it.

    Returns:
        Sentences, one a line: reasons to withhold a verdict first; what a task of nothing cost,
        which holds on a busy machine too; then, without reasons against it, from which length of
        task each engine pays and what it gave; then what to remember of other machines' clocks.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = list_rows(summarise_engines(table))
    reservations = find_engine_reservations(table)
    lines = [f"No verdict on speed: {reservation}." for reservation in reservations]
    lines += [_state_overhead(row) for row in summary]
    if not reservations:
        lines += [_state_gain(row, int(table["workers"].iloc[0])) for row in summary]
    rounds = count_in_words(int(table["rounds"].iloc[0]), "round", "rounds")
    return "\n".join([*lines, f"{capitalise(rounds)} of each; all times by this machine's clock."])


def find_engine_reservations(table: pd.DataFrame) -> list[str]:
    """List what about this machine keeps a sweep of engines from carrying a verdict on speed."""
    if bool(table["is_elsewhere"].iloc[0]):  # other machines' cores are not known here
        return []
    return find_machine_reservations(table.iloc[0], int(table["workers"].iloc[0]))


def _state_overhead(row: Any) -> str:
    cost = state_range(row.overhead_seconds, row.overhead_low, row.overhead_high)
    against = "" if row.runner == "processes" else f", {state_factor(row.times_pool)} × the Pool's"
    begun = state_seconds(row.start_up_seconds)
    return (
        f"{capitalise(NAMES[row.runner])}: a task of nothing costs {cost}{against}; "
        f"it was ready after {begun}."
    )


def _state_gain(row: Any, workers: int) -> str:
    name = capitalise(name_workers(row.runner, workers))
    speed_up = state_times(row.speed_up, row.speed_up_low, row.speed_up_high)
    pays = row.reason or (
        "it pays from tasks of "
        f"{state_range(row.crossing_seconds, row.crossing_low, row.crossing_high)} on"
    )
    return f"{name} ran the longest tasks at {speed_up} the speed of the plain loop; {pays}."


def title_engines(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding in one line, for the chart's title."""
    told = [
        f"{state_seconds(row.overhead_seconds)} with {NAMES[row.runner]}"
        for row in list_rows(summary)
    ]
    return head(f"a task of nothing costs {', '.join(told)}", table)


def describe_engines(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    first = table.iloc[0]
    workers = count_in_words(int(first["workers"]), "worker", "workers")
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    where = "; Dask by a scheduler that was running" if bool(first["is_elsewhere"]) else ""
    return f"{describe_computer(first)}; {workers} each, {rounds} of each{where}"
