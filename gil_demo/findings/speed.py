"""What a run of `compare` or `scale` shows, in sentences."""

import math
from typing import Any

import pandas as pd

from gil_demo.estimates import LEAST_ROUNDS
from gil_demo.findings.words import (
    MARGIN,
    call_ratio,
    capitalise,
    count_in_words,
    describe_computer,
    find_machine_reservations,
    head,
    name_workers,
    state_times,
)
from gil_demo.results import BASELINE, check_comparable, list_rows, summarise


def judge_speed(table: pd.DataFrame) -> str:
    """Say in a few sentences what one run shows.

    Args:
        table: a table of one run, as `compare` or `scale` gives it.

    Returns:
        Sentences, one a line: reservations first, then each way of running, with what start-up
        and tear-down add where it matters, then how the measurement ended.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise(table)
    reservations = find_reservations(table)
    contenders = summary[summary["runner"] != BASELINE]
    lines = [f"No verdict: {reservation}." for reservation in reservations]
    lines += [_judge(row, bool(reservations)) for row in list_rows(contenders)]
    return "\n".join([*lines, _describe_end(table)])


def find_reservations(table: pd.DataFrame) -> list[str]:
    """List the reasons why a run can't carry a verdict; usually there are none.

    Args:
        table: a table of one run.

    Returns:
        Clauses without a full stop, each with what to do about it.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_comparable(table)
    first = table.iloc[0]
    rounds = int(first["rounds"])
    reservations = find_machine_reservations(first, int(table["workers"].max()))
    if rounds < LEAST_ROUNDS:
        reservations.append(
            f"{count_in_words(rounds, 'round', 'rounds')} of {LEAST_ROUNDS} that an interval "
            "needs; allow more seconds or fewer steps"
        )
    return reservations


def title_comparison(table: pd.DataFrame) -> str:
    """Put the finding of a `compare` run in one line, for the chart's title."""
    contenders = list_rows(_contenders(table))
    return _title(
        table,
        [(name_workers(row.runner, row.workers), _state_ratio(row)) for row in contenders],
        ("took {} as long as the plain loop", "{}"),
    )


def title_scaling(table: pd.DataFrame) -> str:
    """Put the finding of a `scale` run in one line, for the chart's title."""
    contenders = _contenders(table)
    widest = list_rows(contenders[contenders["workers"] == contenders["workers"].max()])
    return _title(
        table,
        [(name_workers(row.runner, row.workers), _state_speed_up(row)) for row in widest],
        ("ran at {} the speed of the plain loop", "at {}"),
    )


def describe_conditions(table: pd.DataFrame) -> str:
    """Say in one line where and how often a run was measured, for the chart's subtitle."""
    first = table.iloc[0]
    methods = sorted(set(table["start_method"]) - {""})
    started = f", processes by {' and '.join(methods)}" if methods else ""
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    return f"{describe_computer(first)}{started}; {rounds} of {int(first['count']):,} steps"


def _contenders(table: pd.DataFrame) -> pd.DataFrame:
    summary = summarise(table)
    return summary[summary["runner"] != BASELINE]


def _title(table: pd.DataFrame, findings: list[tuple[str, str]], forms: tuple[str, str]) -> str:
    """Join findings (who, how much) to a title, or give the reason why there is none."""
    reservations = find_reservations(table)
    if reservations:
        title = f"no verdict: {reservations[0].split(';')[0]}"
    elif findings:
        shapes = [forms[0], *[forms[1]] * (len(findings) - 1)]
        title = "; ".join(
            f"{name} {shape.format(figure)}"
            for (name, figure), shape in zip(findings, shapes, strict=True)
        )
    else:
        title = "the plain loop alone"
    return head(title, table)


def _state_ratio(row: Any) -> str:
    return state_times(row.time_ratio, row.time_ratio_low, row.time_ratio_high)


def _state_speed_up(row: Any) -> str:
    return state_times(row.speed_up, row.speed_up_low, row.speed_up_high)


def _judge(row: Any, withheld: bool) -> str:
    ratio, low, high = row.time_ratio, row.time_ratio_low, row.time_ratio_high
    name = capitalise(name_workers(row.runner, row.workers))
    sentence = f"{name} took {ratio:.2f} × as long as the plain loop"
    if not math.isnan(low):
        sentence += f" (95 % interval {low:.2f} to {high:.2f})"
    if withheld:
        return f"{sentence}."
    sentence += f": {call_ratio(low, high)}."
    if row.cold_speed_up < row.speed_up * (1 - MARGIN):
        cold = 1 / row.cold_speed_up
        extra = row.start_up_seconds + row.tear_down_seconds
        sentence += (
            f"\n  Start-up and tear-down took {extra:.3f} s more; "
            f"counting that, {cold:.2f} × as long as the plain loop."
        )
    return sentence


def _describe_end(table: pd.DataFrame) -> str:
    first = table.iloc[0]
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    if first["stopped_by"] == "precision":
        return f"{capitalise(rounds)}; stopped because every interval was narrow enough."
    return f"{capitalise(rounds)}; stopped because the time allowed was spent."
