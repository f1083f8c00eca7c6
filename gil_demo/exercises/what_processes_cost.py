"""Checks of notebook 05: what can't be shared out, small tasks in chunks, the break-even."""

import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.exercises.judging import (
    Judgement,
    is_near,
    judge_function,
    judge_number,
    judge_numbers,
    read_number,
)
from gil_demo.pool.tasks import TASKS
from gil_demo.tables.schema import check_one_run

ALONE_SECONDS, SHARED_SECONDS = 6, 54
CREWS = (1, 4, 1000)
# numbers so large that rounding hides no mistake
_CASES: list[tuple[int, int]] = [(1, 2), (3, 4), (10, 5), (60, 11)]


def check_run_times(answer: object) -> Judgement:
    """Check how long a program takes whose parts can't all be shared out.

    Args:
        answer: the seconds by number of workers, as a dict or a Series.

    Returns:
        A `Judgement`, whose words are shown.
    """
    whole = ALONE_SECONDS + SHARED_SECONDS
    times = {crew: ALONE_SECONDS + SHARED_SECONDS / crew for crew in CREWS}
    most = CREWS[-1]
    return judge_numbers(
        answer,
        "run_times",
        times,
        f"with {most:,} workers {times[most]:.2f} s, and never below {ALONE_SECONDS} s: no number "
        f"of workers makes this program more than {whole / ALONE_SECONDS:.0f} × as fast.",
        {
            f"all {whole} seconds are shared out there. The reading can't be.": {
                crew: whole / crew for crew in CREWS
            },
            "the computing alone takes that long. The reading comes on top.": {
                crew: SHARED_SECONDS / crew for crew in CREWS
            },
            "those are speed-ups. How many seconds does the program take?": {
                crew: whole / time for crew, time in times.items()
            },
        },
        f"{ALONE_SECONDS} seconds stay, however many workers there are; the other "
        f"{SHARED_SECONDS} are divided by their number.",
    )


def check_ratio(answer: object, single: pd.DataFrame, chunked: pd.DataFrame) -> Judgement:
    """Check how many times as long the same tasks took one by one as in chunks.

    Args:
        answer: the ratio, as one number.
        single: the run that handed out smaller chunks, as `map_tasks` gives it.
        chunked: the run that handed out larger ones.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: a table is not of this kind, or holds several maps.
    """
    for table in (single, chunked):
        check_one_run(table, TASKS)
    work = _measure_work(single) / _measure_work(chunked)
    pieces = [_count_pieces(table) for table in (single, chunked)]
    done, gone = (
        float(single[end].iloc[0]) / float(chunked[end].iloc[0])
        for end in ("done_seconds", "gone_seconds")
    )
    return judge_number(
        answer,
        "ratio",
        work,
        f"{work:.2f} ×. The tasks are the same; what differs is how often a worker fetches some "
        f"and hands in answers: {pieces[0]:,} times in all, or {pieces[1]:,}.",
        {
            "upside down. The run with single tasks goes over the run with chunks.": 1 / work,
            "that is the ratio of the numbers of chunks. Take the times.": pieces[0] / pieces[1],
            "the start-up is still in it. The work begins at `ready_seconds`.": done,
            "the pool's start and end are still in it. The work goes from `ready_seconds` to "
            "`done_seconds`.": gone,
        },
        "take `done_seconds` minus `ready_seconds` of either table, then divide. All rows of a "
        "table have the same there, so one will do.",
    )


def _measure_work(table: pd.DataFrame) -> float:
    work = float(table["done_seconds"].iloc[0] - table["ready_seconds"].iloc[0])
    if not work:
        raise ResultsError("the table has a map that took no time at all, which none does")
    return work


def _count_pieces(table: pd.DataFrame) -> int:
    return -(-len(table) // int(table["chunksize"].iloc[0]))


def check_break_even(answer: object) -> Judgement:
    """Check a function that tells how long a task must be for a pool to pay.

    Args:
        answer: a function of what a pool costs and how many workers it has.

    Returns:
        A `Judgement`, whose words are shown.
    """
    return judge_function(
        answer,
        "break_even",
        _CASES,
        lambda found, case: _find_imbalance(found, *case),
        "at that length both take the same time. A pool whose cost is twice as high needs tasks "
        "twice as long; each further worker with a core makes do with shorter ones.",
    )


def _find_imbalance(found: object, cost: int, workers: int) -> str:
    seconds = read_number(found)
    if seconds is None:
        return "it should be one number."
    if is_near(seconds, cost / (workers - 1)):
        return ""
    if is_near(seconds, cost * workers / (workers - 1)):
        return "all tasks together are that long. How long is one?"
    return (
        f"with a task of {seconds:g} s the loop takes {workers * seconds:g} s for {workers} of "
        f"them; the pool takes its {cost} s and then {seconds:g} s. The two should be the same."
    )
