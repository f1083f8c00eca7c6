"""What Amdahl's law says of a run with ever more workers, in sentences."""

from typing import Any

import pandas as pd

from gil_demo.findings.speed import find_reservations, judge_speed
from gil_demo.findings.words import capitalise, count_in_words, head, state_factor
from gil_demo.results import list_rows
from gil_demo.scaling import summarise_scaling

_FAR = 100.0
_WIDEST_PART = 0.25


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
    cores = [] if fits.empty else [_state_cores(table, select_fits(table, fits))]
    return "\n".join([judge_speed(table), *told, *cores])


def select_fits(table: pd.DataFrame, fits: pd.DataFrame) -> pd.DataFrame:
    """Select the fits that may be told: those that were found, on a machine that carries them."""
    chosen: pd.DataFrame = fits[:0] if find_reservations(table) else fits[fits["reason"] == ""]
    return chosen


def _state_fit(row: Any) -> str:
    name = capitalise(row.runner)
    if row.reason:
        return f"{name}: no fit, since {row.reason}."
    if row.parallel_high - row.parallel_low > _WIDEST_PART:
        return f"{name} shared out {_state_range(row)} of the work: too wide to say more."
    told = f"{name} shared out {state_part(row.parallel_part)} of the work ({_state_range(row)})"
    if row.parallel_high < 0.5:
        return f"{told}: more of them change little."
    return f"{told}: {_state_limit(row)}."


def _state_range(row: Any) -> str:
    return f"{state_part(row.parallel_low)} to {state_part(row.parallel_high)}"


def _state_limit(row: Any) -> str:
    """Say what the law's limit is, as far as the interval carries it."""
    if row.parallel_low == 1:
        return "no limit shows"
    least, most = 1 / (1 - row.parallel_low), 1 / (1 - min(row.parallel_high, 1 - 1e-9))
    end = "or more" if most > _FAR else f"to {most:.1f}"
    return f"with cores without end, {least:.1f} {end} times as fast as the plain loop"


def _state_shortly(row: Any) -> str:
    is_wide = row.parallel_high - row.parallel_low > _WIDEST_PART
    return _state_range(row) if is_wide else state_part(row.parallel_part)


def state_part(part: float) -> str:
    """State a part of the work in percent, with a digit behind the point."""
    return f"{100 * part:.1f} %"


def _state_cores(table: pd.DataFrame, told: pd.DataFrame) -> str:
    first = table.iloc[0]
    usable, logical = int(first["usable_cores"]), int(first["logical_cores"])
    physical = first["physical_cores"]
    known = "an unknown number" if pd.isna(physical) else f"{int(physical)}"
    limited = f", limited by {first['cores_limited_by']}" if first["cores_limited_by"] else ""
    cores = f"Cores: {logical} logical, {known} physical, {usable} usable{limited}."
    if told.empty:
        return cores
    at_once = count_in_words(int(told["cores"].iloc[0]), "worker", "workers")
    return f"{cores} The law is fitted to {at_once} at once."


def title_amdahl(table: pd.DataFrame, fits: pd.DataFrame, parallel_part: float | None) -> str:
    """Put the finding in one line, for the chart's title; or the part that the reader chose."""
    if parallel_part is not None:
        limit = "no limit"
        if parallel_part < 1:
            limit = f"at most {state_factor(1 / (1 - parallel_part))} ×"
        return head(f"if {state_part(parallel_part)} can be shared out: {limit}", table)
    reservations = find_reservations(table)
    if reservations:
        return head(f"no verdict: {reservations[0].split(';')[0]}", table)
    told = [
        f"{row.runner} shared out {_state_shortly(row)}"
        for row in list_rows(fits[fits["reason"] == ""])
    ]
    if not told:
        return head("no fit of Amdahl's law: too little to fit it to", table)
    return head(f"{'; '.join(told)} of the work", table)
