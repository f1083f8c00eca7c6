"""Checks of notebook 06: cores for sleepers, who lets go of the lock, how long a request waits."""

import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.exercises.judging import (
    Judgement,
    accept,
    describe,
    find_gap,
    hint,
    judge_number,
    judge_numbers,
    read_names,
)
from gil_demo.tables.schema import check_one_run
from gil_demo.waiting.convoy import EXCHANGES
from gil_demo.waiting.workloads import summarise_workloads
from gil_demo.words import count_in_words

_WAITS = "has nothing to do but wait. What does a thread do with the lock before it waits?"
_OBJECTS = "works on Python objects at every step. Could another thread change them meanwhile?"
_LET_GO = {
    "a": _WAITS,
    "d": "is C code that works on plain bytes, and there are many of them.",
    "e": _WAITS,
    "g": _WAITS,
}
_KEEP = {
    "b": _OBJECTS,
    "c": "is done with very few bytes. From how many on does `hashlib` let go?",
    "f": _OBJECTS,
}
CALLS = sorted([*_LET_GO, *_KEEP])


def check_cores_needed(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how many cores are needed for threads that all sleep at the same time.

    Args:
        answer: the number of cores.
        table: the sleeping threads, as `compare_workloads(["sleeping"], workers=8)` gives them.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, or has no threads.
    """
    summary = summarise_workloads(table)
    threads = summary[summary["runner"] == "threads"]
    if threads.empty:
        raise ResultsError("the table has no rounds of threads, which are to sleep")
    workers, cores = int(threads["workers"].iloc[0]), int(table["usable_cores"].iloc[0])
    return judge_number(
        answer,
        "cores_needed",
        1,
        "one. It starts the threads and wakes them; while they sleep, no core has anything to do. "
        f"Measured: {count_in_words(workers, 'thread', 'threads')}, "
        f"{count_in_words(cores, 'usable core', 'usable cores')}, a speed-up of "
        f"{float(threads['speed_up'].iloc[0]):.1f}.",
        {
            "that is a core for each thread. What would it do while its thread sleeps?": workers,
            "that is what this Python may use here. Would it be fewer sleepers with half of "
            "them?": cores,
            "something must start the threads, and wake them.": 0,
        },
        "think of what a core has to do while a thread sleeps.",
    )


def check_lets_go(answer: object) -> Judgement:
    """Check which calls let go of the GIL while they run.

    Args:
        answer: the letters of the calls, as a set or a list.

    Returns:
        A `Judgement`, whose words are shown.
    """
    if gap := find_gap(answer, "lets_go"):
        return hint(gap)
    names = read_names(answer)
    letters = {name.strip().lower() for name in names or ()}
    if names is None or not letters <= set(CALLS):
        return hint(
            f"`lets_go` should be a set of letters from {CALLS[0]} to {CALLS[-1]}, each in "
            f"quotation marks; it is {describe(answer)}."
        )
    wrong = {letter: words for letter, words in _KEEP.items() if letter in letters}
    wrong |= {letter: words for letter, words in _LET_GO.items() if letter not in letters}
    if not wrong:
        return accept(
            "what waits lets go, and so does C code that needs no Python object for a while. "
            "What works on Python objects keeps the lock."
        )
    letter = min(wrong)
    count = count_in_words(len(wrong), "letter is", "letters are")
    return hint(f"{count} not where it belongs. Look at {letter}: that call {wrong[letter]}")


def check_waits(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how many switch intervals a request took beside a busy thread.

    Args:
        answer: a number for each switch interval, as a Series or a dict.
        table: the rounds that it was taken from, as `sweep_server` gives them.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, holds several runs, or has no busy thread.
    """
    check_one_run(table, EXCHANGES)
    beside = table[table["beside"] == "thread"]
    if beside.empty:
        raise ResultsError("the table has no rounds beside a thread")
    seconds, waits = _measure_requests(beside)
    low, high = min(waits.values()), max(waits.values())
    return judge_numbers(
        answer,
        "waits",
        waits,
        f"from {low:.3g} to {high:.3g} switch intervals a request. Where that is near 1 whatever "
        "the interval, each request waits for one turn of the other thread: the convoy.",
        {
            "those are seconds. Divide them by the switch interval.": seconds,
            "upside down: those are requests in each interval.": {
                interval: 1 / wait for interval, wait in waits.items()
            },
            "the rounds beside nothing are still among them. Take those beside a thread.": (
                _measure_requests(table)[1]
            ),
        },
        "divide each round's `seconds` by its `requests`, and that by its switch interval; then "
        "take the median for each interval.",
    )


def _measure_requests(table: pd.DataFrame) -> tuple[dict[float, float], dict[float, float]]:
    """Return the median time of a request by switch interval: in seconds, and in intervals."""
    intervals = table["switch_interval_seconds"].astype(float)
    seconds = table["seconds"].astype(float) / table["requests"].astype(float)
    medians = {float(str(key)): float(own.median()) for key, own in seconds.groupby(intervals)}
    return medians, {interval: middle / interval for interval, middle in medians.items()}
