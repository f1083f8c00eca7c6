"""Checks of notebook 01: a slowdown beside published ones, shorter work, threads run together."""

import threading
import time
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
    judge_number,
    read_number,
)
from gil_demo.measuring.runs import summarise
from gil_demo.recorded import load_published

SHORT_COUNT = 20_000
_REHEARSAL_SECONDS = 0.02


def check_times_as_large(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how many times the reader's slowdown the largest published one is.

    Args:
        answer: the ratio of the two slowdowns, as one number.
        table: the reader's run with two threads, as `compare` gives it.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, holds several runs, or has no two threads.
    """
    mine = _find_time_ratio(table)
    published = load_published().query("split and threads == 2")
    largest = published.sort_values("time_ratio").iloc[-1]
    theirs = float(largest["time_ratio"])
    return judge_number(
        answer,
        "times_as_large",
        theirs / mine,
        f"{theirs / mine:.2f} ×, since two threads took {theirs:.2f} × as long in the published "
        f"run ({largest['python']}, {largest['machine']}) and {mine:.2f} × as long in yours.",
        {
            "that is a difference. Ask how many times as large: divide.": theirs - mine,
            "upside down. The published figure goes on top, yours below.": mine / theirs,
            "that is the published figure alone. Divide it by yours.": theirs,
            "that is the median of the published figures; take the largest, with `max()`.": (
                float(published["time_ratio"].median()) / mine
            ),
        },
        "take the largest `time_ratio` of `published`, then divide it by `mine.time_ratio`.",
    )


def check_short(answer: object, table: pd.DataFrame) -> Judgement:
    """Check a run of two threads with a much shorter countdown.

    Args:
        answer: the run, as `compare` gives it.
        table: the reader's run with the long countdown.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, holds several runs, or has no two threads.
    """
    long_ratio, long_count = _find_time_ratio(table), _get_count(table)
    if gap := find_gap(answer, "short"):
        return hint(gap)
    if not isinstance(answer, pd.DataFrame):
        return hint(f"`short` should be a table, as `compare` gives it; it is {describe(answer)}.")
    try:
        ratio, count = _find_time_ratio(answer), _get_count(answer)
    except ResultsError as reason:
        return hint(f"`short` should be a table like `two`, but {reason}.")
    if count != SHORT_COUNT:
        return hint(
            f"this countdown has {count:,} steps. Say by `count=` how many there should be."
        )
    return accept(
        f"with {count:,} steps two threads took {ratio:.2f} × as long as the plain loop, with "
        f"{long_count:,} steps {long_ratio:.2f} ×. To start a thread takes a while, however "
        "short its work is."
    )


def _find_time_ratio(table: pd.DataFrame) -> float:
    found = summarise(table).query("runner == 'threads' and workers == 2")["time_ratio"]
    if len(found) != 1:
        raise ResultsError("the table has no run of two threads")
    return float(found.iloc[0])


def _get_count(table: pd.DataFrame) -> int:
    return int(table["count"].iloc[0])


class _Rehearsal(threading.Thread):
    """A thread that only notes what is asked of it, and has ended a moment after its start."""

    def __init__(self, number: int, notes: list[str]) -> None:
        super().__init__()
        self.number, self.notes = number, notes
        self.ends_at: float | None = None
        self.is_awaited = False

    def __repr__(self) -> str:
        return f"t{self.number}"

    def start(self) -> None:
        if self.ends_at is not None:
            raise RuntimeError("threads can only be started once")
        self.ends_at = time.perf_counter() + _REHEARSAL_SECONDS
        self.notes.append("start")

    def run(self) -> None:
        self.notes.append("run")

    def join(self, timeout: float | None = None) -> None:
        if self.ends_at is None:
            raise RuntimeError("cannot join thread before it is started")
        left = max(0.0, self.ends_at - time.perf_counter())
        time.sleep(left if timeout is None else min(left, max(0.0, timeout)))
        self.notes.append("wait")
        self.is_awaited = self.is_awaited or timeout is None or timeout >= left

    def is_alive(self) -> bool:
        self.notes.append("wait")
        is_running = self.ends_at is not None and time.perf_counter() < self.ends_at
        self.is_awaited = self.is_awaited or (self.ends_at is not None and not is_running)
        return is_running


def check_run_together(answer: object) -> Judgement:
    """Check a function that starts threads, waits for all of them and returns the seconds.

    It is called with threads that run nothing, and note in which order they are asked to.

    Args:
        answer: the function.

    Returns:
        A `Judgement`, whose words are shown.
    """
    began = time.perf_counter()

    def find_fault(found: Any, case: tuple[Any, ...]) -> str:
        return _find_fault_of_threads(case[0]) or _find_fault_of_seconds(found, began)

    return judge_function(
        answer,
        "run_together",
        [(_make_rehearsal(number),) for number in (2, 4)],
        find_fault,
        "every thread is started before any is waited for. Threads that only wait hold no lock, "
        "so their waits pass at the same time, GIL or not.",
    )


def _make_rehearsal(threads: int) -> list[_Rehearsal]:
    notes: list[str] = []
    return [_Rehearsal(number, notes) for number in range(1, threads + 1)]


def _find_fault_of_threads(threads: list[_Rehearsal]) -> str:
    notes = threads[0].notes
    if "run" in notes:
        return "`run` works in the thread that calls it; `start` makes a new one."
    if notes.count("start") < len(threads):
        return f"{notes.count('start')} of {len(threads)} threads were started."
    if "wait" in notes[: len(notes) - notes[::-1].index("start")]:
        return "one was waited for before the last was started, so they ran one after another."
    if not all(thread.is_awaited for thread in threads):
        return "not all had ended by then. `join` waits for a thread; each needs its own."
    return ""


def _find_fault_of_seconds(found: object, began: float) -> str:
    seconds = read_number(found)
    if seconds is None:
        return "it should be a number of seconds."
    if seconds < _REHEARSAL_SECONDS / 2:
        return "that is less than the threads took. Stop the clock after the last `join`."
    if seconds > time.perf_counter() - began + _REHEARSAL_SECONDS:
        return "that is more than the whole call took. Take the end minus the start, in seconds."
    return ""
