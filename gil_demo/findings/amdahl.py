"""What Amdahl's law says of a run with ever more workers, in sentences."""

from typing import Any

import pandas as pd

from gil_demo.findings.speed import find_reservations, judge_speed
from gil_demo.findings.words import capitalise, count_in_words, head
from gil_demo.results import list_rows
from gil_demo.scaling import summarise_scaling

_FAR = 100.0


def judge_scaling(table: pd.DataFrame) -> str:
    """Say in a few sentences what ever more workers did, and how much of the work they shared.

    Args:
        table: a table of one run, as `scale` gives it.

    Returns:
        Sentences, one a line: what `judge_speed` says; without reasons to withhold a verdict, each
        way of running with its parallel part and its limit; then the cores.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    fits = summarise_scaling(table)
    told = [] if find_reservations(table) else [_state_fit(row) for row in list_rows(fits)]
    cores = [] if fits.empty else [_state_cores(table, int(fits["cores"].iloc[0]))]
    return "\n".join([judge_speed(table), *told, *cores])


def _state_fit(row: Any) -> str:
    name = capitalise(row.runner)
    if row.reason:
        return f"{name}: no fit, since {row.reason}."
    interval = f"{_state_part(row.parallel_low)} to {_state_part(row.parallel_high)}"
    told = f"{name} shared out {_state_part(row.parallel_part)} of the work ({interval})"
    if row.parallel_high < 0.5:
        return f"{told}: more of them change little."
    return f"{told}: {_state_limit(row)}."


def _state_limit(row: Any) -> str:
    """Say what the law's limit is, as far as the interval carries it."""
    if row.parallel_low == 1:
        return "no limit shows"
    least, most = 1 / (1 - row.parallel_low), 1 / (1 - min(row.parallel_high, 1 - 1e-9))
    end = "times or more" if most > _FAR else f"to {most:.1f} times"
    return f"with cores without end, {least:.1f} {end} as fast as the plain loop"


def _state_part(part: float) -> str:
    return f"{100 * part:.1f} %"


def _state_cores(table: pd.DataFrame, cores: int) -> str:
    first = table.iloc[0]
    usable, logical = int(first["usable_cores"]), int(first["logical_cores"])
    physical = first["physical_cores"]
    known = "an unknown number of" if pd.isna(physical) else f"{int(physical)}"
    limited = f", limited by {first['cores_limited_by']}" if first["cores_limited_by"] else ""
    told = f"Cores: {logical} logical, {known} physical, {usable} usable{limited}."
    if cores < 2:
        return told
    at_once = count_in_words(cores, "worker", "workers")
    return f"{told} The law is fitted to at most {at_once} at once."


def title_amdahl(table: pd.DataFrame, fits: pd.DataFrame, parallel_part: float | None) -> str:
    """Put the finding in one line, for the chart's title; or the part that the reader chose."""
    if parallel_part is not None:
        limit = "no limit" if parallel_part == 1 else f"at most {1 / (1 - parallel_part):.3g} ×"
        return head(f"if {_state_part(parallel_part)} can be shared out: {limit}", table)
    reservations = find_reservations(table)
    if reservations:
        return head(f"no verdict: {reservations[0].split(';')[0]}", table)
    told = [
        f"{row.runner} shared out {_state_part(row.parallel_part)}"
        for row in list_rows(fits[fits["reason"] == ""])
    ]
    if not told:
        return head("no fit of Amdahl's law: too little to fit it to", table)
    return head(f"{'; '.join(told)} of the work", table)
