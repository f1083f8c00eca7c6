"""Checks of notebooks 00, 01 and 03: the race of the loop, threads and processes."""

import math
import threading
import time
from numbers import Integral
from typing import Any

import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.exercises.judging import (
    Answer,
    Judgement,
    hint,
    list_items,
    pick,
    read_number,
)
from gil_demo.measuring.runs import BASELINE, RUNS, check_comparable, summarise
from gil_demo.race.comparison import find_reservations
from gil_demo.recorded import load_published
from gil_demo.tables.schema import check_kind, list_rows
from gil_demo.words import MARGIN, count_in_words, state_share

SHORT_COUNT = 20_000
REHEARSAL_SECONDS = 0.02


def check_rounds(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how many rounds a run holds."""
    check_comparable(table)
    rounds, ways = table["round"].nunique(), table["runner"].nunique()
    return Answer("rounds", answer).judge_number(
        rounds,
        f"{count_in_words(rounds, 'round')}, and each way of running was timed once in each.",
        {
            "that is the number of rows. Each round has a row for each way of running; "
            "count every round once.": len(table),
            "that is the number of ways of running. Look at the column `round`.": ways,
        },
        "count the different values in the column `round`; `nunique` does that.",
    )


def check_spread(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how many times as long the slowest round took as the fastest, by way of running."""
    check_comparable(table)
    seconds = table.groupby("runner")["seconds"]
    spread, down = seconds.max() / seconds.min(), seconds.min() / seconds.max()
    return Answer("spread", answer).judge_numbers(
        spread,
        f"up to {spread.max():.2f} ×, for {spread.idxmax()}. A single timing can't settle a "
        "smaller difference than that.",
        {
            "upside down. Divide the largest by the smallest, so that no ratio is below 1.": down,
            "that is a difference, in seconds. Divide, so that short and long runs can be "
            "compared.": seconds.max() - seconds.min(),
        },
        "take `max()` and `min()` of each runner's `seconds`, then divide one by the other.",
    )


def check_speed_up(answer: object, table: pd.DataFrame) -> Judgement:
    """Check the speed-up of processes, as the median of the ratios inside each round."""
    check_comparable(table)
    summary = summarise(table).set_index("runner")
    if {"threads", "processes"} - {*summary.index} or not summary.index.is_unique:
        raise ResultsError("the table should hold threads and processes, one number of each")
    rounds = table.pivot(index="round", columns="runner", values="seconds")
    loop, threads, processes = (rounds[name] for name in (BASELINE, "threads", "processes"))
    speed_up, of_threads = (loop / processes).median(), (loop / threads).median()
    upside_down = (processes / loop).median()
    drawn = summary["speed_up"]["processes"]
    return Answer("speed_up", answer).judge_number(
        speed_up,
        f"{speed_up:.2f} ×; the chart says {drawn:.2f}, which joins all rounds and "
        "doesn't take only the one in the middle. A slow moment of the machine slows both runs of "
        "a round, and their ratio hardly at all.",
        {
            "upside down. The loop's time goes over the processes' time.": upside_down,
            "that is the speed-up of threads. Take the column `processes`.": of_threads,
            "that is the ratio of two medians. Divide inside each round first, then take the "
            "median.": loop.median() / processes.median(),
        },
        "divide the column `sequential` by `processes`, then take the median of the ratios.",
    )


def check_lost_share(answer: object, table: pd.DataFrame) -> Judgement:
    """Check which share of their time the threads lost in the largest published slowdown."""
    published = load_published().query("split and threads == 2").sort_values("time_ratio")
    largest = published.iloc[-1]
    theirs = float(largest["time_ratio"])
    return Answer("lost_share", answer).judge_number(
        1 - 1 / theirs,
        f"{1 - 1 / theirs:.2f}, since what takes the loop 1 s took them {theirs:.2f} s "
        f"({largest['python']}, {largest['machine']}). {_state_own_loss(table)}",
        {
            "that is how much longer they took, as a part of the plain loop's time. Of their own "
            "time it is less.": theirs - 1,
            "that is the part in which they counted. What is the rest?": 1 / theirs,
            "that is the ratio itself.": theirs,
            "that is in percent. Give it as a part of 1.": 100 * (1 - 1 / theirs),
        },
        "say the plain loop takes 1 s. How long did the threads take, and how much of that was "
        "counting?",
    )


def _state_own_loss(table: pd.DataFrame) -> str:
    threads = _find_threads(table)
    if find_reservations(table):
        return "Your run has no verdict, so nothing is said of its share."
    if threads.time_ratio_high < 1:
        return "Your threads lost nothing: they took less time than the loop."
    if threads.time_ratio_low <= 1:
        return (
            "Whether your threads lost any can't be told: they may have taken as long as the loop."
        )
    return f"Your threads lost {state_share(1 - 1 / threads.time_ratio)} of theirs."


def check_short(answer: object, table: pd.DataFrame) -> Judgement:
    """Check a run of two threads with a much shorter countdown than the table's."""
    long, long_count = _find_threads(table), table["count"].iloc[0]
    short = Answer("short", answer)
    if short.is_open:
        return short.ask()
    if not isinstance(answer, pd.DataFrame):
        return short.correct("be a table, as `compare` gives it")
    try:
        threads, count = _find_threads(answer), answer["count"].iloc[0]
    except ResultsError as reason:
        return hint(f"`short` should be a table like `two`, but {reason}.")
    if count != SHORT_COUNT:
        wanted = "Say by `count=` how many there should be."
        return hint(f"this countdown has {count:,} steps. {wanted}")
    return Judgement(
        True,
        f"with {count:,} steps two threads took {threads.time_ratio:.2f} × as long as the plain "
        f"loop, with {long_count:,} steps {long.time_ratio:.2f} ×. {_explain_short(threads, long)}",
    )


def _explain_short(short: Any, long: Any) -> str:
    if short.time_ratio_low > long.time_ratio_high:
        return "To start a thread takes a while, however short its work is."
    if short.time_ratio_high <= (1 + MARGIN) * long.time_ratio:
        return "So the start of a second thread hardly counts here, even beside work so short."
    return "The rounds differ too much to say whether the start of a second thread counts here."


def _find_threads(table: pd.DataFrame) -> Any:
    check_comparable(table)
    found = list_rows(summarise(table).query("runner == 'threads' and workers == 2"))
    if len(found) != 1:
        raise ResultsError("the table has no run of two threads")
    return found[0]


class _Rehearsal(threading.Thread):
    """A thread that only notes what is asked of it, and has ended a moment after its start."""

    def __init__(self, number: int, notes: list[str]) -> None:
        super().__init__()
        self.number, self.notes = number, notes
        self.ends_at, self.is_awaited = math.inf, False

    def __repr__(self) -> str:
        return f"t{self.number}"

    def start(self) -> None:
        if self.ends_at < math.inf:
            raise RuntimeError("threads can only be started once")
        self.ends_at = time.perf_counter() + REHEARSAL_SECONDS
        self.notes.append("start")

    def run(self) -> None:
        self.notes.append("run")

    def join(self, timeout: float | None = None) -> None:
        if self.ends_at == math.inf:
            raise RuntimeError("cannot join thread before it is started")
        left = max(0.0, self.ends_at - time.perf_counter())
        time.sleep(left if timeout is None else min(left, max(0.0, timeout)))
        self.notes.append("wait")
        self.is_awaited |= timeout is None or timeout >= left

    def is_alive(self) -> bool:
        self.notes.append("wait")
        has_ended = time.perf_counter() >= self.ends_at
        self.is_awaited |= has_ended
        return self.ends_at < math.inf and not has_ended


def check_run_together(answer: object) -> Judgement:
    """Check a function that starts threads, waits for all and returns the seconds."""
    began = time.perf_counter()
    return Answer("run_together", answer).judge_function(
        [(_make_rehearsal(number),) for number in (2, 4)],
        lambda found, threads: _find_fault_of_call(found, threads, began),
        "every thread is started before any is waited for. Threads that only wait hold no lock, "
        "so their waits pass at the same time, GIL or not.",
    )


def _make_rehearsal(threads: int) -> list[_Rehearsal]:
    notes: list[str] = []
    return [_Rehearsal(number, notes) for number in range(1, threads + 1)]


def _find_fault_of_call(found: object, threads: list[_Rehearsal], began: float) -> str:
    notes, seconds = threads[0].notes, read_number(found)
    if "run" in notes:
        return "`run` works in the thread that calls it; `start` makes a new one."
    if notes.count("start") < len(threads):
        return f"{notes.count('start')} of {len(threads)} threads were started."
    if "wait" in notes[: len(notes) - notes[::-1].index("start")]:
        return "one was waited for before the last was started, so they ran one after another."
    if not all(thread.is_awaited for thread in threads):
        return "not all had ended by then. `join` waits for a thread; each needs its own."
    if seconds is None:
        return "it should be a number of seconds."
    if seconds < REHEARSAL_SECONDS / 2:
        return "that is less than the threads took. Stop the clock after the last `join`."
    if seconds > time.perf_counter() - began + REHEARSAL_SECONDS:
        return "that is more than the whole call took. Take the end minus the start, in seconds."
    return ""


# the script's faults, each with a hint for whoever has missed it
_FAULTS = {
    2: "what kind of number does each worker count down from?",
    4: "what ends the workers, and has anyone waited for them by then?",
    5: "which clock does it read, and who may set that?",
}
# those that it doesn't have, each with what stands in the script in its place
_MENDED = {1: "`Pool(2)` has its parentheses.", 3: "nothing starts above the guard."}


def check_faults(answer: object) -> Judgement:
    """Check which of the five faults a script has, by their numbers."""
    faults = Answer("faults", answer)
    if faults.is_open:
        return faults.ask()
    items = list_items(answer)
    named = {read_number(item) for item in items or ()}
    if items is None or None in named:
        return faults.correct("be a set of numbers, as {1, 3} is")
    if not named <= {*_FAULTS, *_MENDED}:
        return hint("the faults of this notebook have the numbers 1 to 5.")
    for fault, words in _MENDED.items():
        if fault in named:
            return hint(f"fault {fault} isn't in this script: {words}")
    for fault, words in _FAULTS.items():
        if fault not in named:
            return hint(f"{len(named)} found, and there is more to find: {words}")
    return Judgement(
        True,
        "2, 4 and 5. The late `close` is the worst: `with` ends the workers while nobody has "
        "waited for them, and the script still prints a time.",
    )


def check_start_ups(answer: object, table: pd.DataFrame) -> Judgement:
    """Check the median start-up of processes in milliseconds, by start method."""
    check_kind(table, RUNS)
    rows = pick(table, "the table has no processes", "runner", "processes")
    methods = rows.groupby("start_method")
    start_ups, means = (methods["start_up_seconds"].agg(how) * 1000 for how in ("median", "mean"))
    works = methods["seconds"].median() * 1000
    told = [f"{method} {cost:.1f} ms" for method, cost in start_ups.sort_values().items()]
    return Answer("start_ups", answer).judge_numbers(
        start_ups,
        f"{', '.join(told)}. A pool costs that each time it is made, before any work is done.",
        {
            "those are seconds. A second has 1000 milliseconds.": start_ups / 1000,
            "that is the time of the work. Take the column `start_up_seconds`.": works,
            "those are means, which one slow start moves. Take the median.": means,
        },
        "take the rows of processes, group them by `start_method`, and take the median of "
        "`start_up_seconds` in milliseconds.",
    )


def check_cut(answer: object) -> Judgement:
    """Check a function that cuts a count of steps into whole parts."""
    return Answer("cut", answer).judge_function(
        [(10, 2), (11, 2), (11, 4), (10_000_001, 3), (6, 6), (7, 1)],
        _find_fault_of_parts,
        "whole parts, no step lost, and no worker with more than one step above another's. "
        "That is what `gil_demo.running.workloads.split` gives.",
    )


def _find_fault_of_parts(found: Any, count: int, parts: int) -> str:
    if not isinstance(found, list | tuple):
        return "it should be a list."
    if not all(isinstance(part, Integral) and not isinstance(part, bool) for part in found):
        return "each part should be a whole number. `//` gives one, `/` does not."
    if len(found) != parts:
        return f"it should have {count_in_words(parts, 'part')}, not {len(found)}."
    if (lost := count - sum(found)) > 0:
        return f"{lost:,} of {count:,} steps lost. Who takes what the division leaves over?"
    if lost < 0:
        return f"the parts add up to more than {count:,} steps."
    if max(found) - min(found) > 1:
        return "the largest part has more than one step above the smallest. Spread the rest."
    return ""
