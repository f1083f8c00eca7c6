"""Answers to the exercises of notebooks 07, 08 and 09, each with what it should get."""

import pandas as pd

from gil_demo.exercises import elsewhere
from tests.exercises.answers import Case
from tests.made.classroom import make_class_table
from tests.made.engines import make_engines
from tests.made.pythons import ORDINARY, make_interpreters

FREE_THREADED, LOCKED = "CPython 3.13.5t", "CPython 3.13.5t, GIL on"
PYTHONS = make_interpreters(strange={"python3.90": "failed"})
ALONE = make_interpreters({"CPython 3.11.7": ORDINARY["CPython 3.11.7"]})

# milliseconds that a task of nothing costs
COSTS = pd.Series({"processes": 0.05, "cluster": 2.0, "ray": 0.5})
ENGINES = make_engines({"processes": 5e-5, "cluster": 2e-3, "ray": 5e-4})
EXACT = pd.Series({"processes": 5.53, "ray": 50.3})
UNEVEN = make_engines({"processes": 5.53e-5, "ray": 5.03e-4})

CLASS = make_class_table()
PACES = CLASS["file"].map({"ben": 3.0, "anna": 0.8}).fillna(1.0)
SLOWED = CLASS.assign(seconds=CLASS["seconds"] * PACES)
THREADS, POOLS = (CLASS[CLASS["runner"] == name] for name in ("threads", "processes"))
BY_LOCK = THREADS.groupby("gil_enabled")
RATIOS = {"anna": 0.5, "ben": 0.6, "cleo": 0.9}
THREE = make_class_table({name: {"threads": 1.0, "processes": RATIOS[name]} for name in RATIOS})

CASES = [
    Case(elsewhere.check_sooner, [PYTHONS]).gets(
        ({FREE_THREADED}, "Right: CPython 3.13.5t, out of 6."),
        (set(ORDINARY) - {FREE_THREADED}, "two threads took longer"),
        (set(ORDINARY), "two processes were done sooner"),
        ({FREE_THREADED, LOCKED}, "can have it on"),
        ({LOCKED}, "below 1, they were sooner"),
    ),
    Case(elsewhere.check_threads_over_processes, [ALONE]).gets(
        ({"CPython 3.11.7": 1.03 / 0.55}, "Right: 0 of 1 are below 1"),
        ({"CPython 3.11.7": 0.55 / 1.03}, "upside down"),
        ({"CPython 3.11.7": 1.03 - 0.55}, "a difference"),
        ({"CPython 3.11.7": 1.03}, "threads over one thread"),
        ({"CPython 3.11.7": 0.6}, "both of `by_name`"),
    ),
    # a step takes 1.5 × as long, two threads 0.54 × as long as one
    Case(elsewhere.check_beside_ordinary, [PYTHONS]).gets(
        (0.81, "Right: 0.81 ×. Its own ratio, 0.54, leaves out that a step took one thread 1."),
        (0.54, "one thread of the same Python"),
        (1.5, "what one thread pays"),
        (1 / 0.81, "upside down"),
        (0.36, "longer, not shorter"),
        (0.81 / 1.04, "beside two threads"),
        (5, "two ratios play a part"),
    ),
    Case(elsewhere.check_least, [ENGINES]).gets(
        (COSTS * 10, "Right: from 0.5 ms for processes to 20.0 ms for cluster."),
        (COSTS, "the cost itself"),
        (COSTS * 0.1, "a tenth of the cost"),
        (COSTS * 0.01, "those are seconds"),
        (COSTS * 3, "solve it for the length"),
    ),
    Case(elsewhere.check_jobs, [UNEVEN]).gets(
        ({"processes": 6, "ray": 51}, "Right: from 6 to 51, for ray, which then gets 1,961 t"),
        (EXACT, "Round up: `math.ceil`"),
        ({"processes": 5, "ray": 50}, "rounded down"),
        (EXACT * 0.1, "in milliseconds"),
        ({"processes": 1, "ray": 6}, "as long as the work"),
        (EXACT * 7, "first the length"),
    ),
    Case(elsewhere.check_add_up, []).gets(
        (lambda notes: sum(dict(notes).values()), "Right: each task counts once"),
        (lambda notes: sum(answer for _, answer in notes), "counts twice there"),
        (lambda notes: sum({answer for _, answer in notes}), "Tell them by their numbers"),
        (lambda notes: sum({task for task, _ in notes}), "not the tasks' numbers"),
        (lambda notes: dict(notes), "should be one number, the sum"),
        (lambda _: 60, "the tasks [0, 1] count once each, which makes 30"),
    ),
    Case(elsewhere.check_paces, [SLOWED]).gets(
        (3.75, "Right: 3.8 ×, from anna to ben."),
        (1 / 3.75, "upside down"),
        (0.6 - 0.16, "a difference"),
        (SLOWED["seconds"].max() / SLOWED["seconds"].min(), "threads and processes count"),
        (2, 'whose `runner` is "sequential"'),
    ),
    Case(elsewhere.check_medians, [CLASS]).gets(
        ({True: 1.045, False: 0.56}, "Right: 0.56 without and 1.04 with the GIL; 1.04 for all"),
        (BY_LOCK["time_ratio"].mean(), "those are means"),
        (BY_LOCK["speed_up"].median(), "those are speed-ups"),
        (CLASS.groupby("gil_enabled")["time_ratio"].median(), "the processes count, too"),
        ({True: 9, False: 9}, "each group's `time_ratio`"),
    ),
    Case(elsewhere.check_lowest_share, [CLASS]).gets(
        (1 / 1.2, "Right: 0.83, on cleo: its speed-up is 1.67, with 2 usable cores and 2 w"),
        ((POOLS["speed_up"] / 2).min(), "held against two"),
        ((POOLS["speed_up"] / POOLS["usable_cores"]).min(), "two workers can't use"),
        (POOLS["speed_up"].min(), "lowest speed-up"),
        (0.2, "take the smallest"),
    ),
    Case(elsewhere.check_lowest_share, [THREE], [(1, "highest"), (1 / 1.2, "in the middle")]),
]
