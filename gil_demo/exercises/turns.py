"""Checks of notebooks 02 and 09: who holds the GIL when, and what lets go of it."""

from itertools import pairwise

import pandas as pd

from gil_demo.exercises.judging import Answer, Judgement, find_mistake, pick
from gil_demo.measuring.runs import RUNS
from gil_demo.tables.schema import check_kind, check_one_run
from gil_demo.turns.timeline import SLICES
from gil_demo.waiting.convoy import EXCHANGES
from gil_demo.waiting.workloads import summarise_workloads
from gil_demo.words import count_in_words, name_workers


def check_longest(answer: object, slices: pd.DataFrame) -> Judgement:
    """Check the longest slice of a thread, in milliseconds."""
    lengths = _measure_slices(slices)
    threads = pick(lengths, "the table has no threads", "runner", "threads")["milliseconds"]
    of_all, longest = lengths["milliseconds"].max(), threads.max()
    interval = slices["switch_interval_seconds"].iloc[0] * 1000
    return Answer("longest", answer).judge_number(
        longest,
        f"{longest:.1f} ms, which is {longest / interval:.1f} × the switch interval of "
        f"{interval:g} ms. For so long a thread ran without a break.",
        {
            "that is in seconds. A second has 1000 milliseconds.": longest / 1000,
            "that is in seconds, and a slice of a process. A second has 1000 milliseconds; take "
            "the rows of threads.": of_all / 1000,
            "that is a slice of a process. Take the rows of threads.": of_all,
            "that is the median of the slices. Take the longest, with `max()`.": threads.median(),
        },
        "take `end_seconds` minus `start_seconds` in each row of threads, then the largest.",
    )


def check_ran(answer: object, slices: pd.DataFrame) -> Judgement:
    """Check for how many milliseconds each worker ran in all, by runner and worker."""
    lengths = _measure_slices(slices)
    workers = lengths.groupby(["runner", "worker"])
    ran, longest = workers["milliseconds"].sum(), workers["milliseconds"].max()
    elapsed = (workers["end_seconds"].max() - workers["start_seconds"].min()) * 1000
    return Answer("ran", answer).judge_numbers(
        ran,
        f"on average {_state_running(lengths)} ran at any moment. The others waited for the lock "
        "or for a core, or had ended.",
        {
            "those are seconds. A second has 1000 milliseconds.": ran / 1000,
            "that is the time from a worker's first slice to its last, pauses included. Add up "
            "the slices alone.": elapsed,
            "that is the longest slice of each. Add them up, with `sum()`.": longest,
        },
        "take the length of each slice, then `sum()` in groups of `runner` and `worker`.",
    )


def _measure_slices(slices: pd.DataFrame) -> pd.DataFrame:
    check_one_run(slices, SLICES)
    seconds = slices["end_seconds"] - slices["start_seconds"]
    return slices.assign(milliseconds=seconds * 1000)


def _state_running(lengths: pd.DataFrame) -> str:
    told = []
    for runner, own in lengths.groupby("runner", sort=False):
        elapsed = (own["end_seconds"].max() - own["start_seconds"].min()) * 1000
        workers = name_workers(str(runner), own["worker"].nunique())
        told.append(f"{own['milliseconds'].sum() / elapsed:.2f} of {workers}")
    return " and ".join(told)


def check_count_turns(answer: object) -> Judgement:
    """Check a function that counts the turns in a list of workers."""
    return Answer("count_turns", answer).judge_function(
        [([1, 2],), ([1, 1, 2, 1, 1, 2],), ([3, 3, 3],), ([1, 2, 3, 2, 2, 1, 1],)],
        _find_fault_of_turns,
        "however many slices it has, a turn is over when another worker's slice comes next.",
    )


def _find_fault_of_turns(found: object, workers: list[int]) -> str:
    changes = sum(later != earlier for earlier, later in pairwise(workers))
    mistakes = {
        "that counts slices. Slices of one worker in a row are one turn.": len(workers),
        "that counts the changes. The first turn begins without one.": changes,
        "that counts the workers. One may have several turns.": len(set(workers)),
    }
    otherwise = "go from slice to slice and count whenever the worker is another one."
    return find_mistake(found, changes + 1, mistakes, otherwise)


def check_cores_needed(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how many cores are needed for threads that all sleep at the same time."""
    check_kind(table, RUNS)
    summary = summarise_workloads(table)
    missing = "the table has no rounds of threads, which are to sleep"
    threads = pick(summary, missing, "runner", "threads")
    workers, cores = int(threads["workers"].iloc[0]), int(table["usable_cores"].iloc[0])
    return Answer("cores_needed", answer).judge_number(
        1,
        "one. It starts the threads and wakes them; while they sleep, no core has anything to do. "
        f"Measured: {count_in_words(workers, 'thread')}, {count_in_words(cores, 'usable core')}, "
        f"a speed-up of {threads['speed_up'].iloc[0]:.1f}.",
        {
            "that is a core for each thread. What would it do while its thread sleeps?": workers,
            "that is what this Python may use here. Would it be fewer sleepers with half of "
            "them?": cores,
            "something must start the threads, and wake them.": 0,
        },
        "think of what a core has to do while a thread sleeps.",
    )


_WAITS = (
    "that call has nothing to do but wait. What does a thread do with the lock before it waits?"
)
_OBJECTS = "that call works on Python objects at every step. Could another thread change them then?"
# what a call does, for whoever has put it on the wrong side
_LET_GO = dict.fromkeys("aeg", _WAITS) | {
    "d": "that call is C code that works on plain bytes, and there are many of them."
}
_KEEP = dict.fromkeys("bf", _OBJECTS) | {
    "c": "that call is done with very few bytes. From how many on does `hashlib` let go?"
}


def check_lets_go(answer: object) -> Judgement:
    """Check which calls let go of the GIL while they run, by their letters."""
    return Answer("lets_go", answer).judge_letters(
        _LET_GO,
        _KEEP,
        "what waits lets go, and so does C code that needs no Python object for a while. "
        "What works on Python objects keeps the lock.",
    )


def check_waits(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how many switch intervals a request took beside a busy thread, by interval."""
    check_one_run(table, EXCHANGES)
    beside = pick(table, "the table has no rounds beside a thread", "beside", "thread")
    seconds, of_all = _measure_requests(beside), _measure_requests(table)
    waits, mixed = seconds / seconds.index, of_all / of_all.index
    return Answer("waits", answer).judge_numbers(
        waits,
        f"from {waits.min():.3g} to {waits.max():.3g} switch intervals a request. Where that is "
        "near 1, most requests wait for one turn of the other thread: the convoy. Far below 1, "
        "most of them found the lock free.",
        {
            "those are seconds. Divide them by the switch interval.": seconds,
            "upside down: those are requests in each interval.": 1 / waits,
            "the rounds beside nothing are still among them. Take those beside a thread.": mixed,
        },
        "divide each round's `seconds` by its `requests`, and that by its switch interval; then "
        "take the median for each interval.",
    )


def _measure_requests(table: pd.DataFrame) -> "pd.Series[float]":
    seconds = table["seconds"] / table["requests"].astype(float)
    return seconds.groupby(table["switch_interval_seconds"]).median()
