"""Checks of notebook 08: tasks long enough, tasks put together, tasks that are run twice."""

import math

import pandas as pd

from gil_demo.engines.overheads import summarise_engines
from gil_demo.exercises.judging import Judgement, judge_function, judge_numbers, read_number

PART = 0.1
JOB_MILLISECONDS = 0.1
JOBS = 100_000

Notes = list[tuple[int, int]]

_NOTES: list[Notes] = [
    [(0, 10), (1, 20), (2, 30)],
    [(0, 10), (1, 20), (0, 10)],
    [(0, 10), (1, 10), (2, 10)],
    [(3, 5), (3, 5), (1, 7), (3, 5), (1, 7)],
    [],
]


def check_least(answer: object, table: pd.DataFrame) -> Judgement:
    """Check from which length on a task costs a tenth of itself at most.

    Args:
        answer: milliseconds for each way of running, as a Series or a dict.
        table: the sweep that the costs were taken from, as `sweep_engines` gives it.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    costs = _list_milliseconds(table)
    least = costs / PART
    shortest, longest = str(least.idxmin()), str(least.idxmax())
    return judge_numbers(
        answer,
        "least",
        least.to_dict(),
        f"from {least[shortest]:.1f} ms for {shortest} to {least[longest]:.1f} ms for {longest}. "
        "Longer tasks feel the cost less still.",
        {
            "that is the cost itself. The task should be so much longer that the cost is a tenth "
            "of it.": costs.to_dict(),
            "that is a tenth of the cost. The cost should be a tenth of the task.": (
                (costs * PART).to_dict()
            ),
            "those are seconds. A second has 1,000 milliseconds.": (least / 1000).to_dict(),
        },
        "cost / length = 0.1; solve it for the length.",
    )


def check_jobs(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how many jobs a task must hold so that its cost is a tenth of its length at most.

    Args:
        answer: a whole number for each way of running, as a Series or a dict.
        table: the sweep that the costs were taken from, as `sweep_engines` gives it.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    lengths = _list_milliseconds(table) / PART
    exact = lengths / JOB_MILLISECONDS
    jobs = exact.map(math.ceil)
    most = str(jobs.idxmax())
    return judge_numbers(
        answer,
        "jobs",
        jobs.to_dict(),
        f"from {jobs.min():,} to {jobs[most]:,}, for {most}, which then gets "
        f"{math.ceil(JOBS / jobs[most]):,} tasks instead of {JOBS:,}.",
        {
            "a part of a job can't be handed out. Round up: `math.ceil` does that.": (
                exact.to_dict()
            ),
            "rounded down, so that the cost is a little more than a tenth. Round up.": (
                exact.map(math.floor).to_dict()
            ),
            "that is how long a task must be, in milliseconds. How many jobs of 0.1 ms fill it?": (
                lengths.to_dict()
            ),
            "then the cost is as long as the work. It should be a tenth of it at most.": (
                (exact * PART).map(math.ceil).to_dict()
            ),
        },
        "first the length of a task, as in exercise 1; then how many jobs of 0.1 ms fill it.",
    )


def check_add_up(answer: object) -> Judgement:
    """Check a function that adds up answers, each task's once though it was run twice.

    Args:
        answer: the function; it takes a list of pairs of a task's number and its answer.

    Returns:
        A `Judgement`, whose words are shown.
    """
    return judge_function(
        answer,
        "add_up",
        [(notes,) for notes in _NOTES],
        _find_fault,
        "each task counts once, however often it was run. That is what lets an engine run a lost "
        "task again without asking.",
    )


def _find_fault(found: object, case: tuple[Notes]) -> str:
    notes, total = case[0], read_number(found)
    expected = sum(dict(notes).values())
    if total is None:
        return "it should be one number, the sum."
    if total == expected:
        return ""
    if total == sum(answer for _, answer in notes):
        return "a task that was run twice counts twice there."
    if total == sum({answer for _, answer in notes}):
        return "two tasks may have the same answer. Tell them by their numbers."
    if total == sum({task for task, _ in notes}):
        return "add up the answers, not the tasks' numbers."
    return f"the tasks {sorted(dict(notes))} count once each, which makes {expected}."


def _list_milliseconds(table: pd.DataFrame) -> "pd.Series[float]":
    """Return what a task of nothing costs, by way of running."""
    return 1000 * summarise_engines(table).set_index("runner")["overhead_seconds"]
