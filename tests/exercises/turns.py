"""Answers to the exercises of notebooks 02 and 06, each with what it should get."""

from itertools import groupby

import pandas as pd

from gil_demo.exercises import turns
from tests.exercises.answers import Case
from tests.made.runs import spread
from tests.made.turns import make_slices, run_at_once
from tests.made.waiting import SWEPT, make_serve_table, make_workload_table

TURNS = {("threads", 1): [(0.0, 0.005), (0.011, 0.018)]}
TURNS |= {("threads", 2): [(0.005, 0.011), (0.018, 0.019)]}
SLICES = make_slices({**TURNS, **run_at_once(0.012)})
LONG = make_slices({("threads", 1): [(0.0, 0.005)], **run_at_once(0.2)})
PROCESSES = {("processes", 1): 12.0, ("processes", 2): 12.0}
RAN = {("threads", 1): 12.0, ("threads", 2): 7.0, **PROCESSES}

SLEEP = {"sleeping": {"threads": spread(7.8), "processes": spread(7.7)}}
SLEEPERS = make_workload_table(SLEEP, workers=8, usable_cores=4)
SERVED = make_serve_table(SWEPT)
INTERVALS = (0.0005, 0.005, 0.02)
WAITS = SERVED["seconds"] / SERVED["requests"] / SERVED["switch_interval_seconds"]
MIXED = WAITS.groupby(SERVED["switch_interval_seconds"])

CASES = [
    Case(turns.check_longest, [SLICES]).gets(
        (7, "Right: 7.0 ms, which is 1.4 × the switch interval of 5 ms."),
        (0.007, "in seconds. A second"),
        (12, "that is a slice of a process"),
        (5.5, "that is the median"),
        (30, "take `end_seconds`"),
    ),
    Case(turns.check_longest, [LONG]).gets((0.2, "in seconds, and a slice of a process")),
    Case(turns.check_ran, [SLICES]).gets(
        (RAN, "Right: on average 1.00 of 2 threads and 2.00 of 2 processes ran"),
        (pd.Series(RAN) / 1000, "those are seconds"),
        (RAN | {("threads", 1): 18, ("threads", 2): 14}, "pauses included"),
        (RAN | {("threads", 1): 7, ("threads", 2): 6}, "the longest slice"),
        (pd.Series(RAN) + 1, "take the length of each"),
    ),
    Case(turns.check_count_turns, []).gets(
        (lambda workers: sum(1 for _ in groupby(workers)), "Right: however many slices"),
        (len, "`count_turns([1, 1, 2, 1, 1, 2])` gave 6: that counts slices"),
        (lambda workers: sum(1 for _ in groupby(workers)) - 1, "that counts the changes"),
        (lambda workers: len(set(workers)), "that counts the workers"),
        (str, "it should be a number"),
        (lambda _: 99, "go from slice to slice"),
    ),
    Case(turns.check_cores_needed, [SLEEPERS]).gets(
        (1, "Right: one. It … eight threads, four usable cores, a speed-up of 7.8."),
        (8, "a core for each thread"),
        (4, "this Python may use"),
        (0, "something must start"),
        (3, "what a core has to do"),
    ),
    Case(turns.check_lets_go, []).gets(
        ({"a", "d", "e", "g"}, "Right: what waits lets go"),
        (("A", "d ", "e", "g", "a"), "Right: "),
        ({"a", "b", "d", "e", "g"}, "one letter is not where it belongs. Look at b: that call"),
        ({"a", "c", "d", "e", "g"}, "From how many on does `hashlib` let go?"),
        ({"a", "d", "e", "f", "g"}, "f: that call works on Python objects at every step"),
        ({"a", "e", "g"}, "C code that works on plain bytes"),
        ({"d", "e", "g"}, "Look at a: that call has nothing to do but wait"),
        (set(), "four letters are not where"),
        ({"a", "z"}, "should be a set of letters from a to g, each in quotation marks; it is"),
    ),
    Case(turns.check_waits, [SERVED]).gets(
        (dict.fromkeys(INTERVALS, 2.0), "Right: from 2 to 2 switch intervals a request."),
        ({interval: 2 * interval for interval in INTERVALS}, "those are seconds"),
        (dict.fromkeys(INTERVALS, 0.5), "upside down"),
        (MIXED.median(), "beside nothing"),
        (dict.fromkeys(INTERVALS, 3.0), "divide each round's `seconds`"),
    ),
]
