"""Parts of sentences that all findings share: numbers, names, conditions, reservations."""

import math
from collections.abc import Callable
from typing import Any

import pandas as pd

from gil_demo.measuring.estimates import LEAST_ROUNDS, MORE_ROUNDS
from gil_demo.measuring.machine import name_system
from gil_demo.measuring.runs import BASELINE
from gil_demo.tables.schema import SHARES

MADE_UP = "made up"
"""How `recorded_on` begins where a run was made up."""

MARGIN, WIDEST = 0.05, 0.25
UNEVEN = "too uneven here to say more"
LEAST = 1 / (1 + MARGIN)  # so that times and speeds, their inverse, are called alike
NO_GAIN = 1.2
"""The speed-up below which threads are said not to help, where an interval is wide."""
_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)

_NOUNS = {
    "threads": ("thread", "threads"),
    "processes": ("process", "processes"),
    "interpreters": ("sub-interpreter", "sub-interpreters"),
    "cluster": ("Dask worker", "Dask workers"),
    "ray": ("Ray worker", "Ray workers"),
}


def capitalise(text: str) -> str:
    """Return the text with its first letter large and the others as they are."""
    return text[:1].upper() + text[1:]


def count_in_words(number: int, singular: str, plural: str = "") -> str:
    """Count things: small numbers in words, one of them in the singular."""
    return f"{state_number(number)} {singular if number == 1 else plural or f'{singular}s'}"


def count_in_run(table: pd.DataFrame, noun: str) -> str:
    """Count a run's rounds, workers or tasks: what the first row of its table tells of them."""
    return count_in_words(int(table[f"{noun}s"].iloc[0]), noun)


def count_rounds(rounds: "pd.Series[int]") -> str:
    """Count the rounds of several runs: their number, or the fewest and the most."""
    fewest, most = int(rounds.min()), int(rounds.max())
    return f"{fewest} to {most} rounds" if fewest < most else count_in_words(most, "round")


def tell(table: pd.DataFrame, lines: list[str], ending: str = "") -> str:
    """Put the lines of a finding together, with the number of rounds at its end."""
    return "\n".join([*lines, f"{capitalise(count_in_run(table, 'round'))} of each{ending}."])


def explain_ratios(lines: list[str]) -> str:
    """Say how a finding's multiples were taken, where it has any: the ending for `tell`."""
    return "; each × is taken inside the rounds" if "×" in "".join(lines) else ""


def state_number(number: int) -> str:
    """State a whole number: in words up to twelve, in digits beyond."""
    return _WORDS[number] if number < len(_WORDS) else f"{number:,}"


def list_in_words(names: list[str]) -> str:
    """Join names to a list, for example "sleep, sockets and files"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def name_workers(runner: str, workers: int) -> str:
    """Name some workers in words, for example "two threads" or "plain loop"."""
    if runner == BASELINE:
        return "plain loop"
    nouns = _NOUNS.get(runner, (f"{runner} worker", f"{runner} workers"))
    return count_in_words(int(workers), *nouns)


def is_wide(low: float, high: float) -> bool:
    """Tell whether an interval is too wide, or absent, for its centre to stand alone."""
    return math.isnan(low) or (high - low) / (high + low) > WIDEST


def state_times(
    centre: float, low: float, high: float, state: Callable[[float], str] = "{:.2f}".format
) -> str:
    """State a ratio: its centre, or its interval where that is wide."""
    is_told = not math.isnan(low) and is_wide(low, high)
    return f"{state(low)} to {state(high)} ×" if is_told else f"{state(centre)} ×"


def call_ratio(low: float, high: float) -> str:
    """Say in words what an interval of a ratio to the plain loop's time means."""
    if low > 1 + MARGIN:
        return "slower"
    if high < LEAST:
        return "faster"
    if low >= LEAST and high <= 1 + MARGIN:
        return "about as fast"
    if is_wide(low, high):
        return UNEVEN
    if low > LEAST:
        return "no faster"
    if high < 1 + MARGIN:
        return "no slower"
    return "no clear difference"


def is_clear(low: float, high: float) -> bool:
    """Tell whether all of a ratio's interval is more than 5 % away from 1."""
    return low > 1 + MARGIN or high < LEAST


def compare_ratio(low: float, high: float, other: str) -> str:
    """Say what an interval of a ratio to another's time means, for example "no faster than it"."""
    called = call_ratio(low, high)
    joints = {"about as fast": " as ", "no clear difference": " from "}
    return called if called == UNEVEN else f"{called}{joints.get(called, ' than ')}{other}"


def state_seconds(seconds: float) -> str:
    """State a time in the unit that suits it, with three digits."""
    for size, unit in ((1e-6, "µs"), (1e-3, "ms")):
        if seconds < 999.5 * size:  # what is more would be rounded to the next unit
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s" if seconds < 999.5 else f"{seconds:,.0f} s"


def state_range(median: float, low: float, high: float) -> str:
    """State a time with its interval, where there is one."""
    if math.isnan(low):
        return state_seconds(median)
    return f"{state_seconds(median)} ({state_seconds(low)} to {state_seconds(high)})"


def state_bytes(size: float) -> str:
    """State a size in the decimal unit that suits it, with three digits."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= 0.9995 * unit:
            return f"{state_factor(size / unit)} {name}"
    return f"{size:.0f} {'byte' if round(size) == 1 else 'bytes'}"


def state_factor(factor: float) -> str:
    """State how many times, with three digits."""
    return f"{factor:.3g}" if factor < 999.5 else f"{factor:,.0f}"


def state_share(share: float) -> str:
    """State a part of a whole, 0 to 1, in percent; nan where it isn't known."""
    return "an unknown part" if math.isnan(share) else f"{100 * share:.0f} %"


def describe_computer(first: Any) -> str:
    """Say on what a row was measured: Python, system, cores; where and when, if recorded."""
    cores = count_in_words(int(first["usable_cores"]), "usable core")
    gil = "" if first["gil_enabled"] else " without the GIL"
    origin = str(first["recorded_on"])
    told = f"{capitalise(origin) if origin.startswith(MADE_UP) else f'Recorded on {origin}'}: "
    return (
        f"{told if origin else ''}{first['implementation']} {first['python_version']}{gil}, "
        f"{name_system(first['operating_system'])}, {cores}"
    )


def describe_conditions(table: pd.DataFrame, what: str) -> str:
    """Say in one line where a table was measured and what, for a chart's subtitle."""
    methods = sorted(set(table.get("start_method", ())) - {""})
    started = f", processes by {' and '.join(methods)}" if methods else ""
    return f"{describe_computer(table.iloc[0])}{started}; {what}"


def describe_rounds(table: pd.DataFrame, what: str) -> str:
    """Say in one line where a table was measured, what, and how often, for a chart's subtitle."""
    rounds = count_in_run(table, "round")
    return f"{describe_computer(table.iloc[0])}; {what}; {rounds} of each"


def head(title: str, table: pd.DataFrame) -> str:
    """Return a title with a large letter, and for a recorded run with the word that it is one."""
    origin = str(table["recorded_on"].iloc[0])
    if origin.startswith(MADE_UP):
        return f"Made-up run: {title}"
    return f"Recorded run: {title}" if origin else capitalise(title)


def find_round_reservations(table: pd.DataFrame) -> list[str]:
    """Say, in a clause, that a run has too few rounds for its medians to be more than a guess."""
    if "rounds" not in table or int(table["rounds"].iloc[0]) >= LEAST_ROUNDS:
        return []
    return [f"only {count_in_run(table, 'round')}, an interval needs {state_number(LEAST_ROUNDS)}"]


def withhold_title(table: pd.DataFrame) -> str:
    """Return the title of a run with too few rounds; empty where there are enough."""
    few = find_round_reservations(table)
    return head(f"no verdict: {few[0]}", table) if few else ""


def reserve(table: pd.DataFrame, minds: list[str]) -> list[str]:
    """Begin a finding: what is to mind leaves the figures standing, too few rounds no words."""
    few = [f"No verdict: {one}; {MORE_ROUNDS}." for one in find_round_reservations(table)]
    return [f"Note: {mind}." for mind in minds] + few


def find_machine_reservations(first: Any, workers: int) -> list[str]:
    """List, in clauses, what about the machine keeps a run of some workers from a verdict."""
    reservations = find_busy_reservations(first, workers)
    if int(first["usable_cores"]) == 1:
        reservations.insert(0, "one usable core, no speed-up can show; try a machine with more")
    return reservations


def find_busy_reservations(first: Any, workers: int = 1) -> list[str]:
    """List what others did that keeps a run from being trusted, at most one clause.

    What was seen during the run counts; what was seen before it, where nothing else was.
    """
    others, stolen = (first[name] for name in SHARES)
    if math.isnan(others):
        told = _BEFORE if _takes_cores(first, workers, first["busy_percent"], 0.5) else ""
        return [told.format(first["busy_percent"])] if told else []
    if not _takes_cores(first, workers, others + stolen, 0.25):
        return []
    return [_OTHERS.format(others) if others >= stolen else _STOLEN.format(stolen)]


_BEFORE = "the machine was {:.0f} % busy before the run; close other programs and run again"
_OTHERS = "other programs took {:.0f} % of the cores during the run; close them and run again"
_STOLEN = "this machine's host gave {:.0f} % of its cores to others during the run; run again later"


def _takes_cores(first: Any, workers: int, percent: float, part: float) -> bool:
    """Tell whether others took at least a part of one of the cores that the workers needed."""
    usable = int(first["usable_cores"])
    is_shared = first["cores_limited_by"] == "quota"  # others' shares are those of all cores
    cores = int(first["logical_cores"]) if is_shared else usable
    return cores * (1 - percent / 100) < min(usable, workers) - part
