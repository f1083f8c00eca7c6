"""Sentences computed from a table: what it shows, and what it can't show.

A sentence never says more than the rows carry: where the machine was busy, had one core or left
too few rounds, it says so instead of a verdict, and what to do about it.
"""

import math
from typing import Any

import pandas as pd

from gil_demo.estimates import LEAST_ROUNDS
from gil_demo.machine import Machine
from gil_demo.results import BASELINE, check_one_run, summarise

MARGIN = 0.05
WIDEST = 0.25
_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_NOUNS = {"threads": ("thread", "threads"), "processes": ("process", "processes")}


def verdict(table: pd.DataFrame) -> str:
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
    lines += [_judge(row, bool(reservations)) for row in _list_rows(contenders)]
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
    check_one_run(table)
    first = table.iloc[0]
    cores, busy, rounds = (
        int(first["usable_cores"]),
        float(first["busy_percent"]),
        int(first["rounds"]),
    )
    needed = min(cores, int(table["workers"].max()))
    reservations = []
    if cores == 1:
        reservations.append("one usable core, no speed-up can show; try a machine with more")
    if cores * (1 - busy / 100) < needed - 0.5:
        reservations.append(
            f"the machine was {busy:.0f} % busy before the run; close other programs and run again"
        )
    if rounds < LEAST_ROUNDS:
        reservations.append(
            f"{_count(rounds, 'round', 'rounds')} of {LEAST_ROUNDS} that an interval needs; "
            "allow more seconds or fewer steps"
        )
    return reservations


def title_comparison(table: pd.DataFrame) -> str:
    """Put the finding of a `compare` run in one line, for the chart's title."""
    contenders = _list_rows(_contenders(table))
    return _title(
        table,
        [(name_workers(row.runner, row.workers), _state_ratio(row)) for row in contenders],
        ("took {} as long as the plain loop", "{}"),
    )


def title_scaling(table: pd.DataFrame) -> str:
    """Put the finding of a `scale` run in one line, for the chart's title."""
    contenders = _contenders(table)
    widest = _list_rows(contenders[contenders["workers"] == contenders["workers"].max()])
    return _title(
        table,
        [(name_workers(row.runner, row.workers), _state_speed_up(row)) for row in widest],
        ("ran at {} the speed of the plain loop", "at {}"),
    )


def describe_conditions(table: pd.DataFrame) -> str:
    """Say in one line where and how often a run was measured, for the chart's subtitle."""
    first = table.iloc[0]
    cores = _count(int(first["usable_cores"]), "usable core", "usable cores")
    gil = "" if first["gil_enabled"] else " without the GIL"
    methods = sorted(set(table["start_method"]) - {""})
    started = f", processes by {' and '.join(methods)}" if methods else ""
    recorded = f"Recorded on {first['recorded_on']}: " if first["recorded_on"] else ""
    return (
        f"{recorded}{first['implementation']} {first['python_version']}{gil}, "
        f"{first['operating_system']}, {cores}{started}; "
        f"{_count(int(first['rounds']), 'round', 'rounds')} of {int(first['count']):,} steps"
    )


def warn(machine: Machine) -> list[str]:
    """Say in words what about a machine will shape the results.

    Args:
        machine: the facts, as `describe_machine` gives them.

    Returns:
        Sentences; empty for an ordinary machine.
    """
    warnings = []
    if machine.usable_cores == 1:
        warnings.append(
            "One usable core: neither threads nor processes can show a speed-up here. "
            "The recorded results stand in for that part."
        )
    if machine.cores_limited_by == "quota":
        warnings.append(
            f"A quota leaves {machine.usable_cores} of {machine.logical_cores} cores to this "
            "Python (a container, or a shared server): os.cpu_count() does not see that."
        )
    if machine.cores_limited_by == "affinity":
        warnings.append(
            f"This Python is bound to {machine.usable_cores} of {machine.logical_cores} cores."
        )
    if machine.physical_cores is not None and machine.physical_cores < machine.usable_cores:
        warnings.append(
            f"{machine.usable_cores} logical cores share {machine.physical_cores} physical ones: "
            "expect less than double speed from two of them."
        )
    if not machine.gil_enabled:
        warnings.append(
            "The GIL is off in this Python: threads run at the same time, unlike in the story."
        )
    if machine.on_battery:
        warnings.append("On battery: many laptops slow down to save power. Plug it in.")
    if machine.implementation != "CPython":
        warnings.append(f"This is {machine.implementation}: the story is about CPython.")
    return warnings


def name_workers(runner: str, workers: int) -> str:
    """Name some workers in words, for example "two threads" or "plain loop"."""
    if runner == BASELINE:
        return "plain loop"
    return _count(int(workers), *_NOUNS.get(runner, (f"{runner} worker", f"{runner} workers")))


def capitalise(text: str) -> str:
    """Return the text with its first letter large and the others as they are."""
    return text[:1].upper() + text[1:]


def _contenders(table: pd.DataFrame) -> pd.DataFrame:
    summary = summarise(table)
    return summary[summary["runner"] != BASELINE]


def _list_rows(summary: pd.DataFrame) -> list[Any]:
    return list(summary.itertuples())


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
    return f"Recorded run: {title}" if table["recorded_on"].iloc[0] else capitalise(title)


def _count(number: int, singular: str, plural: str) -> str:
    word = _WORDS[number] if number < len(_WORDS) else f"{number:,}"
    return f"{word} {singular if number == 1 else plural}"


def _state_ratio(row: Any) -> str:
    return _state(row.time_ratio, row.time_ratio_low, row.time_ratio_high)


def _state_speed_up(row: Any) -> str:
    return _state(row.speed_up, row.speed_up_low, row.speed_up_high)


def _state(median: float, low: float, high: float) -> str:
    return f"{low:.2f} to {high:.2f} ×" if _is_wide(low, high) else f"{median:.2f} ×"


def _is_wide(low: float, high: float) -> bool:
    return math.isnan(low) or (high - low) / (high + low) > WIDEST


def _judge(row: Any, withheld: bool) -> str:
    ratio, low, high = row.time_ratio, row.time_ratio_low, row.time_ratio_high
    name = capitalise(name_workers(row.runner, row.workers))
    sentence = f"{name} took {ratio:.2f} × as long as the plain loop"
    if not math.isnan(low):
        sentence += f" (95 % interval {low:.2f} to {high:.2f})"
    if withheld:
        return f"{sentence}."
    sentence += f": {_call(low, high)}."
    if row.cold_speed_up < row.speed_up * (1 - MARGIN):
        cold = 1 / row.cold_speed_up
        extra = row.start_up_seconds + row.tear_down_seconds
        sentence += (
            f"\n  Start-up and tear-down took {extra:.3f} s more; "
            f"counting that, {cold:.2f} × as long as the plain loop."
        )
    return sentence


def _call(low: float, high: float) -> str:
    if low > 1 + MARGIN:
        return "slower"
    if high < 1 - MARGIN:
        return "faster"
    if low >= 1 - MARGIN and high <= 1 + MARGIN:
        return "about as fast"
    if _is_wide(low, high):
        return "too uneven here to say more"
    if low > 1 - MARGIN:
        return "no faster"
    if high < 1 + MARGIN:
        return "no slower"
    return "no clear difference"


def _describe_end(table: pd.DataFrame) -> str:
    first = table.iloc[0]
    rounds = _count(int(first["rounds"]), "round", "rounds")
    if first["stopped_by"] == "precision":
        return f"{capitalise(rounds)}; stopped because every interval was narrow enough."
    return f"{capitalise(rounds)}; stopped because the time allowed was spent."
