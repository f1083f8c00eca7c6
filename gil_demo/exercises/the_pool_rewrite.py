"""Checks of notebook 03: faults found in a script, start methods weighed, a count cut up."""

from numbers import Integral
from typing import Any

import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.exercises.judging import (
    Judgement,
    accept,
    describe,
    find_gap,
    hint,
    judge_function,
    judge_numbers,
    read_number,
)
from gil_demo.measuring.runs import RUNS
from gil_demo.tables.schema import check_kind

# the faults of the script in the exercise, each with a hint for who has missed it
_FAULTS = {
    2: "what kind of number does each worker count down from?",
    4: "what ends the workers, and has anyone waited for them by then?",
    5: "which clock does it read, and who may set that?",
}
# those that it doesn't have, each with what stands in the script in its place
_MENDED = {1: "`Pool(2)` has its parentheses.", 3: "nothing starts above the guard."}
_CUTS = [(10, 2), (11, 2), (11, 4), (10_000_001, 3), (6, 6), (7, 1)]


def check_faults(answer: object) -> Judgement:
    """Check which of the five faults a script has.

    Args:
        answer: the numbers of the faults, as a set, a list or a tuple.

    Returns:
        A `Judgement`, whose words are shown.
    """
    if gap := find_gap(answer, "faults"):
        return hint(gap)
    named = _read_set(answer)
    if named is None:
        return hint(
            f"`faults` should be a set of numbers, as {{1, 3}} is; it is {describe(answer)}."
        )
    if not named <= {*_FAULTS, *_MENDED}:
        return hint("the faults of this notebook have the numbers 1 to 5.")
    if wrong := sorted(named - {*_FAULTS}):
        return hint(f"fault {wrong[0]:g} isn't in this script: {_MENDED[int(wrong[0])]}")
    if missed := sorted({*_FAULTS} - named):
        return hint(f"{len(named)} found, and there is more to find: {_FAULTS[missed[0]]}")
    return accept(
        "2, 4 and 5. The late `close` is the worst: `with` ends the workers while nobody has "
        "waited for them, and the script still prints a time."
    )


def _read_set(answer: object) -> set[float] | None:
    if not isinstance(answer, set | frozenset | list | tuple):
        return None
    numbers = [read_number(item) for item in answer]
    found = {number for number in numbers if number is not None}
    return found if None not in numbers else None


def check_start_ups(answer: object, table: pd.DataFrame) -> Judgement:
    """Check the median start-up of processes in milliseconds, by start method.

    Args:
        answer: a number for each start method, as a Series or a dict.
        table: the runs that they were taken from, one for each start method, put together.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, or has no processes.
    """
    check_kind(table, RUNS)
    rows = table[table["runner"] == "processes"]
    if rows.empty:
        raise ResultsError("the table has no processes")
    methods = rows.groupby("start_method")
    start_ups = (methods["start_up_seconds"].median() * 1000).to_dict()
    ordered = sorted(start_ups, key=lambda method: start_ups[method])
    told = ", ".join(f"{method} {start_ups[method]:.1f} ms" for method in ordered)
    return judge_numbers(
        answer,
        "start_ups",
        start_ups,
        f"{told}. A pool costs that each time it is made, before any work is done.",
        {
            "those are seconds. A second has 1000 milliseconds.": {
                method: milliseconds / 1000 for method, milliseconds in start_ups.items()
            },
            "that is the time of the work. Take the column `start_up_seconds`.": (
                methods["seconds"].median() * 1000
            ).to_dict(),
            "those are means, which one slow start moves. Take the median.": (
                methods["start_up_seconds"].mean() * 1000
            ).to_dict(),
        },
        "take the rows of processes, group them by `start_method`, and take the median of "
        "`start_up_seconds` in milliseconds.",
    )


def check_cut(answer: object) -> Judgement:
    """Check a function that cuts a count of steps into whole parts.

    Args:
        answer: the function.

    Returns:
        A `Judgement`, whose words are shown.
    """
    return judge_function(
        answer,
        "cut",
        _CUTS,
        lambda found, case: _find_fault_of_parts(found, *case),
        "whole parts, no step lost, and no worker with more than one step above another's. "
        "That is what `gil_demo.split` gives.",
    )


def _find_fault_of_parts(found: Any, count: int, parts: int) -> str:
    if not isinstance(found, list | tuple):
        return "it should be a list."
    if not all(isinstance(part, Integral) and not isinstance(part, bool) for part in found):
        return "each part should be a whole number. `//` gives one, `/` does not."
    if len(found) != parts:
        return f"it should have {parts} parts, not {len(found)}."
    if (lost := count - sum(found)) > 0:
        return f"{lost:,} of {count:,} steps lost. Who takes what the division leaves over?"
    if lost < 0:
        return f"the parts add up to more than {count:,} steps."
    if max(found) - min(found) > 1:
        return "the largest part has more than one step above the smallest. Spread the rest."
    return ""
