"""Checks of notebook 02: the longest slice, how long each worker ran in all, turns counted."""

from itertools import pairwise
from typing import Any

import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.exercises.judging import (
    Judgement,
    judge_function,
    judge_number,
    judge_numbers,
    read_number,
)
from gil_demo.tables.schema import check_one_run
from gil_demo.turns.timeline import SLICES

_ORDERS = ([1, 2], [1, 1, 2, 1, 1, 2], [3, 3, 3], [1, 2, 3, 2, 2, 1, 1])


def check_longest(answer: object, slices: pd.DataFrame) -> Judgement:
    """Check the longest slice of a thread, in milliseconds.

    Args:
        answer: the milliseconds, as one number.
        slices: the trace that they were read from, as `trace` gives it.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, holds several traces, or no threads.
    """
    lengths = _measure_slices(slices)
    if "threads" not in set(lengths["runner"]):
        raise ResultsError("the table has no threads")
    threads = lengths.loc[lengths["runner"] == "threads", "milliseconds"]
    everyone = lengths["milliseconds"]
    longest = float(threads.max())
    interval = float(slices["switch_interval_seconds"].iloc[0]) * 1000
    return judge_number(
        answer,
        "longest",
        longest,
        f"{longest:.1f} ms, which is {longest / interval:.1f} × the switch interval of "
        f"{interval:g} ms. For so long a thread ran without a break.",
        {
            "that is in seconds. A second has 1000 milliseconds.": longest / 1000,
            "that is in seconds, and a slice of a process. A second has 1000 milliseconds; take "
            "the rows of threads.": float(everyone.max()) / 1000,
            "that is a slice of a process. Take the rows of threads.": float(everyone.max()),
            "that is the median of the slices. Take the longest, with `max()`.": float(
                threads.median()
            ),
        },
        "take `end_seconds` minus `start_seconds` in each row of threads, then the largest.",
    )


def check_ran(answer: object, slices: pd.DataFrame) -> Judgement:
    """Check for how many milliseconds each worker ran in all.

    Args:
        answer: a number for each runner with a worker's number, as a Series or a dict.
        slices: the trace that they were taken from, as `trace` gives it.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, or holds several traces.
    """
    lengths = _measure_slices(slices)
    workers = lengths.groupby(["runner", "worker"])
    ran = workers["milliseconds"].sum().to_dict()
    elapsed = (workers["end_seconds"].max() - workers["start_seconds"].min()) * 1000
    return judge_numbers(
        answer,
        "ran",
        ran,
        f"on average {_state_running(lengths)} ran at any moment. The others waited for the lock "
        "or for a core, or had ended.",
        {
            "those are seconds. A second has 1000 milliseconds.": {
                worker: milliseconds / 1000 for worker, milliseconds in ran.items()
            },
            "that is the time from a worker's first slice to its last, pauses included. Add up "
            "the slices alone.": elapsed.to_dict(),
            "that is the longest slice of each. Add them up, with `sum()`.": (
                workers["milliseconds"].max().to_dict()
            ),
        },
        "take the length of each slice, then `sum()` in groups of `runner` and `worker`.",
    )


def check_count_turns(answer: object) -> Judgement:
    """Check a function that counts the turns in a list of workers.

    Args:
        answer: the function.

    Returns:
        A `Judgement`, whose words are shown.
    """
    return judge_function(
        answer,
        "count_turns",
        [([*workers],) for workers in _ORDERS],
        lambda found, case: _find_fault_of_turns(found, case[0]),
        "however many slices it has, a turn is over when another worker's slice comes next.",
    )


def _measure_slices(slices: pd.DataFrame) -> pd.DataFrame:
    check_one_run(slices, SLICES)
    seconds = slices["end_seconds"] - slices["start_seconds"]
    return slices.assign(milliseconds=seconds * 1000)


def _state_running(lengths: pd.DataFrame) -> str:
    """Say how many workers of each runner ran at once, on average."""
    told = []
    for runner, own in lengths.groupby("runner", sort=False):
        elapsed = (own["end_seconds"].max() - own["start_seconds"].min()) * 1000
        workers = own["worker"].nunique()
        told.append(f"{own['milliseconds'].sum() / elapsed:.2f} of {workers} {runner}")
    return " and ".join(told)


def _find_fault_of_turns(found: Any, workers: list[int]) -> str:
    turns = read_number(found)
    changes = sum(later != earlier for earlier, later in pairwise(workers))
    if turns is None:
        return "it should be a number."
    if turns == changes + 1:
        return ""
    if turns == len(workers):
        return "that counts slices. Slices of one worker in a row are one turn."
    if turns == changes:
        return "that counts the changes. The first turn begins without one."
    if turns == len(set(workers)):
        return "that counts the workers. One may have several turns."
    return "go from slice to slice and count whenever the worker is another one."
