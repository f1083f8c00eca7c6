"""Answers to the exercises of notebooks 00, 01 and 03, each with what it should get."""

import time
from collections.abc import Callable
from operator import methodcaller
from threading import Thread
from typing import Any

import pandas as pd

from gil_demo.exercises import race
from gil_demo.running.workloads import split
from tests.exercises.answers import Case
from tests.made.runs import make_run, spread

THREADS, PROCESSES = ("threads", 2), ("processes", 2)
RUN = make_run({THREADS: spread(1.0, width=0.6), PROCESSES: spread(0.5)})
SECONDS = RUN.groupby("runner")["seconds"]
SPREAD = SECONDS.max() / SECONDS.min()

# slow moments in which the median of the ratios isn't the ratio of the medians
SLOW = make_run({THREADS: [1.3] * 5, PROCESSES: [0.5, 0.5, 0.5, 0.9, 0.9]})
SLOW["seconds"] *= SLOW["round"].map({1: 1.0, 2: 3.0, 3: 3.0, 4: 1.0, 5: 1.0})
NAIVE = SLOW.groupby("runner")["seconds"].median()

LARGEST, MEDIAN = 15.4 / 7.8, 24.0 / 23.5  # of the published slowdowns
TWO = make_run({THREADS: [1.25] * 8})
SHORT = make_run({THREADS: [1.7] * 8}, count=20_000)
FOUR = make_run({("threads", 4): [1.7] * 8}, count=20_000)


def handle(*moves: Callable[[Any], object], told: object = None) -> Callable[..., object]:
    """Do one thing after another with all threads; tell how long it took, or something else."""

    def run_together(threads: list[Thread]) -> object:
        began = time.perf_counter()
        for move in moves:
            for thread in threads:
                move(thread)
        return time.perf_counter() - began if told is None else told

    return run_together


def wait(thread: Thread) -> None:
    while thread.is_alive():
        pass


start, join = methodcaller("start"), methodcaller("join")

METHODS = pd.concat(
    make_run({PROCESSES: [0.5] * 3}, start_method=name, run_id=name) for name in ("fork", "spawn")
)
IS_POOL = METHODS["runner"] == "processes"
METHODS.loc[IS_POOL, "start_up_seconds"] = [0.01, 0.012, 0.05, 0.1, 0.11, 0.15]
WORKS = METHODS[IS_POOL].groupby("start_method")["seconds"].median()

CASES = [
    Case(race.check_rounds, [RUN]).gets(
        (8, "Right: 8 rounds, and each way"),
        (24, "number of rows"),
        (3, "number of ways of running"),
        (5, "count the different values"),
    ),
    Case(race.check_spread, [RUN]).gets(
        (SPREAD, "Right: up to 1.88 ×, for threads."),
        (1 / SPREAD, "upside down"),
        (SECONDS.max() - SECONDS.min(), "a difference"),
        (SPREAD + 1, "take `max()`"),
    ),
    Case(race.check_speed_up, [SLOW]).gets(
        (2, "Right: 2.00 ×"),
        (0.5, "upside down"),
        (1 / 1.3, "the speed-up of threads"),
        (NAIVE["sequential"] / NAIVE["processes"], "ratio of two medians"),
        (9, "divide the column"),
    ),
    Case(race.check_times_as_large, [TWO]).gets(
        (LARGEST / 1.25, "Right: 1.58 × … took 1.97 × as long in … and 1.25 × as long in yours."),
        (LARGEST - 1.25, "a difference"),
        (1.25 / LARGEST, "upside down"),
        (LARGEST, "figure alone"),
        (MEDIAN / 1.25, "that is the median"),
        (5, "take the largest `time_ratio`"),
    ),
    Case(race.check_short, [TWO]).gets(
        (SHORT, "Right: with 20,000 steps … took 1.70 × as … with 4,000,000 steps 1.25 ×"),
        (TWO, "this countdown has 4,000,000 steps"),
        ("Two threads", "should be a table, as `compare` gives it; it is 'Two threads'"),
        (FOUR, "like `two`, but the table has no run of two threads"),
    ),
    Case(race.check_run_together, []).gets(
        (handle(start, join), "Right: every thread is started before any"),
        (handle(start, wait), "Right: "),
        (handle(lambda one: (one.start(), one.join())), "ran one after another"),
        (handle(methodcaller("run"), told=1.0), "`start` makes a new one"),
        (lambda threads: threads[0].start() or 1.0, "1 of 2 threads were started"),
        (lambda each: ([one.start() for one in each], each[-1].join()), "not all had ended"),
        (handle(start, methodcaller("join", timeout=1e-6)), "not all had ended"),
        (handle(start, join, told=1e-4), "Stop the clock after the last `join`"),
        (handle(start, join, told=45.0), "more than the whole call took"),
        (handle(start, join, told="1 s"), "should be a number of seconds"),
        (handle(start, start), "`run_together([t1, t2])` ended with RuntimeError('threads"),
        (handle(join), "cannot join thread before it is started"),
    ),
    Case(race.check_faults, []).gets(
        ({2, 4, 5}, "Right: 2, 4 and 5."),
        ({2, 5}, "2 found, and there is more to find: what ends the workers"),
        ({4, 5}, "what kind of number"),
        ([2, 4], "which clock"),
        ({1, 2}, "fault 1 isn't in this script: `Pool(2)` has its parentheses"),
        ({2, 3, 4, 5}, "fault 3 isn't in this script: nothing starts above the guard"),
        ({6}, "the numbers 1 to 5"),
        (2, "should be a set of numbers, as {1, 3} is; it is 2."),
    ),
    Case(race.check_start_ups, [METHODS]).gets(
        ({"spawn": 110, "fork": 12}, "Right: fork 12.0 ms, spawn 110.0 ms."),
        ({"spawn": 0.11, "fork": 0.012}, "those are seconds"),
        (WORKS * 1000, "time of the work"),
        ({"spawn": 120, "fork": 24}, "those are means"),
        ({"spawn": 1, "fork": 1}, "take the rows of processes"),
    ),
    Case(race.check_cut, []).gets(
        (split, "Right: whole parts, no step lost"),
        (lambda count, parts: [count // parts] * parts, "gave [5, 5]: 1 of 11 steps lost"),
        (lambda count, parts: [count / parts] * parts, "`//` gives one, `/` does not"),
        (lambda count, parts: [-(-count // parts)] * parts, "more than 11 steps"),
        (lambda count, parts: [count - parts + 1] + [1] * (parts - 1), "the largest part"),
        (lambda count, _: [count], "should have 2 parts, not 1"),
        (lambda count, parts: range(count, parts), "should be a list"),
    ),
]
