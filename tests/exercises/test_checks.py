import pickle
import random
import time
from collections.abc import Callable
from itertools import cycle, groupby
from multiprocessing.pool import Pool
from operator import methodcaller
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.classroom.table import pick_machines
from gil_demo.exercises import elsewhere, pool, race, sharing, turns
from gil_demo.exercises.pool import MadeUpPool
from gil_demo.running.workloads import split
from tests.exercises.answers import Case, expect
from tests.made.classroom import make_class_table
from tests.made.costs import make_lengths as make_growing
from tests.made.costs import make_weights
from tests.made.engines import make_engines
from tests.made.examination import make_examination
from tests.made.pool import make_lengths, make_map, take_turns_in_a_pool
from tests.made.pythons import ORDINARY, make_interpreters
from tests.made.runs import make_run, make_scaling, spread
from tests.made.turns import make_slices, run_at_once
from tests.made.waiting import SERVED, SWEPT, make_serve_table, make_workload_table

pytestmark = pytest.mark.usefixtures("no_process_may_start")

# notebooks 00, 01 and 03
THREADS, PROCESSES = ("threads", 2), ("processes", 2)
RUN = make_run({THREADS: spread(1.0, width=0.6), PROCESSES: spread(0.5)})
SECONDS = RUN.groupby("runner")["seconds"]
SPREAD = SECONDS.max() / SECONDS.min()
# slow moments in which the median of the ratios isn't the ratio of the medians
SLOW = make_run({THREADS: [1.3] * 5, PROCESSES: [0.5, 0.5, 0.5, 0.9, 0.9]})
SLOW["seconds"] *= SLOW["round"].map({1: 1.0, 2: 3.0, 3: 3.0, 4: 1.0, 5: 1.0})
NAIVE = SLOW.groupby("runner")["seconds"].median()
LARGEST = 15.4 / 7.8  # of the published slowdowns
TWO = make_run({THREADS: [1.25] * 8})
SHORT = make_run({THREADS: [1.7] * 8}, count=20_000)
SHORT_AS_WELL = make_run({THREADS: [1.25] * 8}, count=20_000)
SIXTY = make_run({THREADS: [1.0] * 60})
UNCLEAR = make_run({THREADS: spread(1.5, width=0.6)}, count=20_000)
FOUR = make_run({("threads", 4): [1.7] * 8}, count=20_000)
start, join = methodcaller("start"), methodcaller("join")
METHODS = pd.concat(
    make_run({PROCESSES: [0.5] * 3}, start_method=name, run_id=name) for name in ("fork", "spawn")
)
IS_POOL = METHODS["runner"] == "processes"
METHODS.loc[IS_POOL, "start_up_seconds"] = [0.01, 0.012, 0.05, 0.1, 0.11, 0.15]
WORKS = METHODS[IS_POOL].groupby("start_method")["seconds"].median()

# notebooks 02 and 09
TURNS = {("threads", 1): [(0.0, 0.005), (0.011, 0.018)]}
TURNS |= {("threads", 2): [(0.005, 0.011), (0.018, 0.019)]}
SLICES = make_slices({**TURNS, **run_at_once(0.012)})
LONG = make_slices({("threads", 1): [(0.0, 0.005)], **run_at_once(0.2)})
RAN = {("threads", 1): 12.0, ("threads", 2): 7.0, ("processes", 1): 12.0, ("processes", 2): 12.0}
SLEEP = {"threads": spread(7.8), "processes": spread(7.7)}
SLEEPERS = make_workload_table({"sleeping": SLEEP}, workers=8, usable_cores=4)
EXCHANGES = make_serve_table(SWEPT)
INTERVALS = (0.0005, 0.005, 0.02)
WAITS = EXCHANGES["seconds"] / EXCHANGES["requests"] / EXCHANGES["switch_interval_seconds"]
MIXED = WAITS.groupby(EXCHANGES["switch_interval_seconds"])

# notebooks 05 to 08, and 13
SEVEN = make_lengths({3: (spread(0.2), spread(0.9)), 7: (spread(0.25), spread(0.7))}, workers=3)
CROWDED = make_lengths({3: (spread(0.2), spread(0.9)), 7: (spread(0.2), spread(0.85))}, workers=3)
# both ready after 0.1 s: 0.8 s of work over 0.2 s
SINGLE = make_map(take_turns_in_a_pool(600, each=0.001), done=0.9, gone=1.9)
CHUNKED = make_map(take_turns_in_a_pool(600, each=0.0005), done=0.3, gone=0.4, chunksize=50)
ENDED = pd.DataFrame({"ending": ["close and join", "terminate", "with"], "jobs": 6})
ENDED["jobs_lost"] = [0, 6, 6]
PARCELS = {"text": "a" * 1000, "none": b""}
SIZES = {name: len(pickle.dumps(parcel)) for name, parcel in PARCELS.items()}
WEIGHTS = make_weights()
FITTING = 4e9 // WEIGHTS["unique_bytes"].max()
OWN = make_examination(
    {"processes": 0.5}, loop=0.4, start=(0.03, 0.02), width=0.0, tasks=10, all_tasks=10
)

SUMS = cycle(range(10, 61))

# notebooks 10, 11 and 12
FREE_THREADED = "CPython 3.13.5t"
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
CORES = {"dora": 1, "emil": 2, "fina": 2, "gus": 2, "hugo": 2}  # one can't carry a verdict
SHARES = {"dora": 0.9, "emil": 1.0, "fina": 1.1, "gus": 2.1, "hugo": 0.5}
LOCKS = make_class_table(
    {
        name: {"threads": SHARES[name], "usable_cores": CORES[name], "gil_enabled": name != "hugo"}
        for name in CORES
    }
)
ONE_GROUP = LOCKS.assign(usable_cores=LOCKS["usable_cores"].where(LOCKS["file"] != "hugo", 1))
THREADED = pick_machines(LOCKS, "threads")
JUDGED = THREADED[THREADED["is_judged"]].groupby("gil_enabled")
POOLS = CLASS[CLASS["runner"] == "processes"]
RATIOS = {"anna": 0.5, "ben": 0.6, "cleo": 0.9}
THREE = make_class_table({name: {"threads": 1.0, "processes": RATIOS[name]} for name in RATIOS})


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


def withdraw(account: Any, amount: int) -> bool:
    with account.lock:
        is_enough = bool(account.balance >= amount)
        account.balance -= amount * is_enough
    return is_enough


def withdraw_and_keep(account: Any, amount: int) -> bool:
    account.lock.acquire()
    return bool(account.balance >= amount)


def withdraw_in_two_pieces(account: Any, amount: int) -> bool:
    with account.lock:
        rest = account.balance - amount
    with account.lock:
        account.balance = max(rest, account.balance * (rest < 0))
    return bool(rest >= 0)


def withdraw_twice(account: Any, amount: int) -> bool:
    with account.lock:
        return withdraw(account, amount)


def close_and_join(made_up: MadeUpPool) -> None:
    with made_up:
        made_up.close()
        made_up.join()


def close_and_leave(made_up: MadeUpPool) -> None:
    with made_up:
        made_up.close()


def seed_and_roll(seed: int) -> int:
    random.seed(seed)
    return sum(random.randint(1, 6) for _ in range(10))


def seed_numpy(seed: int) -> int:
    np.random.seed(seed)
    return int(np.random.randint(1, 7, 10).sum())


def meet(cost: float, workers: int, speed_up: float) -> float:
    return cost / workers / (1 - 1 / speed_up)


def simulate(tasks: list[int], workers: int) -> int:
    free_at = [0] * workers
    while tasks:  # and so uses up the list
        free_at[free_at.index(min(free_at))] += tasks.pop(0)
    return max(free_at)


CASES = [
    Case(race.check_rounds, [RUN]).gets(
        (8, "Right: eight rounds, and each way"), (3, "number of ways of running")
    ),
    Case(race.check_rounds, [make_run({THREADS: [1.0] * 60})]).gets(
        (61, "count the different val")
    ),
    Case(race.check_spread, [RUN])
    .gets((SPREAD, "Right: up to 1.88 ×, for threads."), (1 / SPREAD, "upside down"))
    .gets((SECONDS.max() - SECONDS.min(), "a difference")),
    Case(race.check_speed_up, [SLOW])
    .gets((2, "Right: 2.00 ×"), (NAIVE["sequential"] / NAIVE["processes"], "ratio of two medians"))
    .gets((0.5, "upside down"), (1 / 1.3, "the speed-up of threads")),
    Case(race.check_lost_share, [TWO])
    .gets((1 - 1 / LARGEST, "Right: 0.49, … 1.97 s (old GIL, … Your threads lost 20 % of theirs."))
    .gets((1 / LARGEST, "they counted"), (LARGEST, "the ratio itself"), (49.4, "in percent")),
    Case(race.check_lost_share, [RUN]).gets((0.49, "Right: … may have taken as long as the loop.")),
    Case(race.check_lost_share, [make_run({THREADS: spread(0.9)})]).gets(
        (0.49, "Right: … Your threads lost nothing: they took less time than the loop.")
    ),
    Case(race.check_lost_share, [make_run({THREADS: [1.25] * 8}, busy_percent=90.0)]).gets(
        (0.49, "Right: … Your run has no verdict, so nothing is said of its share.")
    ),
    Case(race.check_short, [TWO])
    .gets(
        (
            SHORT,
            "Right: with 20,000 steps … took 1.70 × as … with 4,000,000 steps 1.25 × … To start "
            "a thread takes a while",
        ),
        (SHORT_AS_WELL, "Right: with … hardly counts"),
        (UNCLEAR, "Right: with … The rounds differ too much to say whether"),
    )
    .gets(("Two threads", "should be a table, as `compare` gives it; it is 'Two threads'"))
    .gets((FOUR, "like `two`, but the table has no run of two threads")),
    Case(race.check_run_together, [])
    .gets((handle(start, join), "Right: every thread is started before any"))
    .gets((handle(start, wait), "Right: "))
    .gets((handle(methodcaller("run"), told=1.0), "`start` makes a new one"))
    .gets((lambda threads: threads[0].start() or 1.0, "1 of 2 threads were started"))
    .gets((lambda each: ([one.start() for one in each], each[-1].join()), "not all had ended"))
    .gets((handle(start, methodcaller("join", timeout=1e-6)), "not all had ended"))
    .gets((handle(start, join, told=1e-4), "Stop the clock after the last `join`"))
    .gets((handle(start, join, told=45.0), "more than the whole call took"))
    .gets((handle(start, join, told="1 s"), "should be a number of seconds"))
    .gets((handle(start, start), "`run_together([t1, t2])` ended with RuntimeError('threads"))
    .gets((handle(join), "cannot join thread before it is started")),
    Case(race.check_faults, [])
    .gets(({2, 4, 5}, "Right: 2, 4 and 5."), ([2, 4], "which clock"))
    .gets((np.array([2, 4, 5]), "Right: "), (pd.Series([5, 4, 2]), "Right: "))
    .gets(({4, 5}, "2 found, and there is more to find: what kind of number"))
    .gets(({1, 2}, "fault 1 isn't in this script: `Pool(2)` has its parentheses"))
    .gets(({6}, "the numbers 1 to 5"), (2, "should be a set of numbers, as {1, 3} is; it is 2.")),
    Case(race.check_start_ups, [METHODS])
    .gets(({"spawn": 110, "fork": 12}, "Right: fork 12.0 ms, spawn 110.0 ms."))
    .gets(({"spawn": 0.11, "fork": 0.012}, "those are seconds"))
    .gets((WORKS * 1000, "time of the work"), ({"spawn": 120, "fork": 24}, "those are means")),
    Case(race.check_cut, [])
    .gets((split, "Right: whole parts, no step lost"))
    .gets((lambda count, parts: [count / parts] * parts, "`//` gives one, `/` does not"))
    .gets((lambda count, parts: [-(-count // parts)] * parts, "more than 11 steps"))
    .gets((lambda count, parts: [count - parts + 1] + [1] * (parts - 1), "the largest part"))
    .gets((lambda count, _: [count], "should have two parts, not 1"))
    .gets((lambda count, parts: range(count, parts), "should be a list")),
    Case(turns.check_longest, [SLICES])
    .gets((7, "Right: 7.0 ms, which is 1.4 × the switch interval of 5 ms."))
    .gets((0.007, "in seconds. A second"), (12, "that is a slice of a process"))
    .gets((5.5, "that is the median")),
    Case(turns.check_longest, [LONG]).gets((0.2, "in seconds, and a slice of a process")),
    Case(turns.check_ran, [SLICES])
    .gets((RAN, "Right: on average 1.00 of two threads and 2.00 of two processes ran"))
    .gets((pd.Series(RAN) / 1000, "those are seconds"))
    .gets((RAN | {("threads", 1): 18, ("threads", 2): 14}, "pauses included"))
    .gets((RAN | {("threads", 1): 7, ("threads", 2): 6}, "the longest slice")),
    Case(turns.check_count_turns, [])
    .gets((lambda workers: sum(1 for _ in groupby(workers)), "Right: however many slices"))
    .gets((lambda workers: sum(1 for _ in groupby(workers)) - 1, "that counts the changes"))
    .gets((lambda workers: len(set(workers)), "that counts the workers")),
    Case(turns.check_cores_needed, [SLEEPERS])
    .gets((1, "Right: one. It … eight threads, four usable cores, a speed-up of 7.8."))
    .gets((4, "this Python may use"), (0, "something must start")),
    Case(turns.check_lets_go, [])
    .gets(({"a", "d", "e", "g"}, "Right: what waits lets go"))
    .gets((("A", "d ", "e", "g", "a"), "Right: "), (set(), "four letters are not where"))
    .gets(({"a", "b", "d", "e", "g"}, "one letter is not … Look at b: that call works on Python"))
    .gets(({"a", "e", "g"}, "C code that works on plain bytes"))
    .gets(({"d", "e", "g"}, "Look at a: that call has nothing to do but wait"))
    .gets(({"a", "z"}, "should be a set of letters from a to g, each in quotation marks; it is")),
    Case(turns.check_waits, [EXCHANGES])
    .gets((dict.fromkeys(INTERVALS, 2.0), "Right: from 2 to 2 switch intervals a request."))
    .gets(({interval: 2 * interval for interval in INTERVALS}, "those are seconds"))
    .gets((dict.fromkeys(INTERVALS, 0.5), "upside down"), (MIXED.median(), "beside nothing")),
    Case(sharing.check_after, [])
    .gets(({"threads": 11, "processes": 5}, "Right: 11 and 5. Threads add to the one global"))
    .gets(({"threads": 5, "processes": 11}, "the wrong way round"))
    .gets(({"threads": 5, "processes": 5}, "become of what they add?"))
    .gets(({"threads": 11, "processes": 7}, "what a worker process sees")),
    Case(sharing.check_make_tasks, [])
    .gets((lambda files: [file.name for file in files], "Right: a path can be sent"))
    .gets((lambda files: tuple(Path(file.name) for file in files), "Right: a path"))
    .gets((lambda files: files, "gave 3 open files: that can't be sent to a worker (cannot pickle"))
    .gets((lambda files: [file.name for file in files[::-1]], "in their order"))
    .gets((lambda files: [file.fileno() for file in files], "a worker has other files under it"))
    .gets((lambda files: files[0].name, "`map` needs a list, with one item for each file"))
    .gets((lambda files: [file.name for file in files[1:]], "one item for each file")),
    Case(sharing.check_withdraw, [])
    .gets((withdraw, "Right: it looks and takes in one piece"))
    .gets((lambda *_: ..., "`withdraw` is still open"), (3, "should be a function; it is 3"))
    .gets((withdraw_and_keep, "`withdraw(an account of 100, 60)` gave True: the lock is still tak"))
    .gets((withdraw_in_two_pieces, "the lock was free between reading and writing"))
    .gets((withdraw_twice, "ended with RuntimeError('it is taken already: here a true lock waits"))
    .gets((lambda account, _: account.lock.release(), "release unlocked lock"))
    .gets((lambda account, _: account.lock.__enter__() and None, "the lock is still taken"))
    .gets((lambda *_: True, "40 should be left of 100, and the answer should be True")),
    Case(pool.check_best_share, [SEVEN])
    .gets((7 / 9, "Right: 0.78, or 7 of 9 places. Measured on this machine: 70 % of the time of"))
    .gets((1, "last round"), (78, "in percent"), (2 / 9, "nobody works")),
    Case(pool.check_losing, [ENDED])
    .gets(({"terminate", "with"}, "Right: terminate and with lost jobs."), ({"close"}, "is none"))
    .gets(({"close and join"}, "those lost nothing")),
    Case(pool.check_finish, [])
    .gets((close_and_join, "Right: all 4 jobs are done"))
    .gets((lambda _: ..., "`finish` is still open"), (MadeUpPool.join, "Pool is still running"))
    .gets((close_and_leave, "`finish(pool)` gave 0 of 4 jobs done: `terminate` ends the workers")),
    Case(pool.check_compute_end, [])
    .gets((simulate, "Right: all six lists end"))
    .gets((lambda tasks, _: sum(tasks), "a worker that is alone"))
    .gets((lambda tasks, crew: simulate(sorted(tasks, reverse=True), crew), "aren't sorted"))
    .gets((lambda tasks, n: max(sum(tasks[k::n]) for k in range(n)), "aren't dealt out beforehand"))
    .gets((lambda tasks, _: max(tasks), "the longest task")),
    Case(pool.check_sizes, [PARCELS])
    .gets((SIZES, "Right: text 1,018 and none"))
    .gets(({"text": 1.018, "none": SIZES["none"] / 1000}, "those are kilobytes")),
    Case(pool.check_fitting, [WEIGHTS])
    .gets(
        (FITTING, "Right: "),
        (FITTING + 1, "Round down"),
        (4e9 // WEIGHTS["unique_bytes"].min(), "the smallest fit"),
    )
    .gets((4e9 / WEIGHTS["unique_bytes"].max(), "a part of a worker can't be started")),
    Case(pool.check_run_times, [])
    .gets(({1: 60, 4: 19.5, 1000: 6.054}, "Right: with 1,000 workers 6.05 s, and never below 6"))
    .gets(({1: 54, 4: 13.5, 1000: 0.054}, "comes on top"))
    .gets(({1: 1, 4: 60 / 19.5, 1000: 60 / 6.054}, "those are speed-ups")),
    Case(pool.check_ratio, [SINGLE, CHUNKED])
    .gets((4.0, "Right: 4.00 ×. … 600 times in all, or 12."), (3.0, "the start-up is still in it"))
    .gets((0.25, "upside down"), (4.75, "start and end are still in it")),
    Case(pool.check_best_share, [CROWDED]).gets(
        (7 / 9, "Right: 0.78 … 85 % of the time of three workers. That is more, since")
    ),
    Case(pool.check_break_even, [make_growing()])
    .gets(
        (
            meet,
            "Right: … by fork costs 20.4 ms and then runs at 1.90 × the loop's speed: that … "
            "that makes 21.5 ms, and the chart says 21.5 ms.",
        )
    )
    .gets((lambda *three: three[1] * meet(*three), "How long is one?"))
    .gets((lambda *_: 5.0, "with a task of 5 s the loop takes 10 s for 2 of them; the pool … 5 s")),
    Case(pool.check_break_even, [make_growing(rounds=5)]).gets(
        (meet, "Right: at that length both … On the recorded machine a cold pool by fork costs")
    ),
    # ten tasks take 0.2 s in the pool, and its start and end 0.05 s
    Case(pool.check_start_share, [OWN])
    .gets((0.2, "Right: 20 % of 250 ms."), (5, "upside down"))
    .gets((0.25, "beside the work alone"), (20, "in percent")),
    Case(pool.check_count_tasks, [])
    .gets((lambda start, loop, pool: start / (loop - pool), "Right: each task in the pool saves"))
    .gets((lambda start, _, pool: start / pool, "What does a task save there?"))
    .gets((lambda start, loop, pool: (loop - pool) / start, "upside down"))
    .gets((lambda *_: 1, "each task saves 0.01 s, and 0.1 s must be saved")),
    Case(pool.check_roll, [])
    .gets((lambda seed: 10 + seed, "Right: the same seed, the same dice"))
    .gets((lambda seed: seed, "a whole number from 10 to 60"), (lambda _: 30, "every seed gives"))
    .gets((lambda _: next(SUMS), "the same seed gave another sum before"))
    .gets((seed_and_roll, "the random state that all threads share"), (seed_numpy, "in between")),
    Case(elsewhere.check_sooner, [PYTHONS])
    .gets(({FREE_THREADED}, "Right: CPython 3.13.5t, out of 6."))
    .gets((set(ORDINARY) - {FREE_THREADED}, "two threads took longer"))
    .gets((set(ORDINARY), "two processes were done sooner")),
    Case(elsewhere.check_threads_over_processes, [ALONE])
    .gets(({"CPython 3.11.7": 1.03 / 0.55}, "Right: 0 of 1 are below 1"))
    .gets(({"CPython 3.11.7": 1.03 - 0.55}, "a difference"))
    .gets(({"CPython 3.11.7": 1.03}, "threads over one thread")),
    # a step takes 1.5 × as long, two threads 0.54 × as long as one
    Case(elsewhere.check_beside_ordinary, [PYTHONS])
    .gets((0.81, "Right: 0.81 ×. Its own ratio, 0.54, leaves out that a step took one thread 1."))
    .gets((1.5, "what one thread pays"), (0.81 / 1.04, "beside two threads"))
    .gets((1 / 0.81, "upside down"), (0.36, "longer, not shorter")),
    Case(elsewhere.check_least, [ENGINES])
    .gets((COSTS * 10, "Right: from 0.5 ms for processes to 20.0 ms for cluster."))
    .gets((COSTS * 0.1, "a tenth of the cost"), (COSTS * 0.01, "those are seconds")),
    Case(elsewhere.check_jobs, [UNEVEN])
    .gets(({"processes": 6, "ray": 51}, "Right: from 6 to 51, for ray, which then gets 1,961 t"))
    .gets((EXACT, "Round up: `math.ceil`"), ({"processes": 1, "ray": 6}, "as long as the work"))
    .gets(({"processes": 6, "ray": 50}, "to the nearest"), (COSTS, "one number for each of"))
    .gets(({"processes": 5, "ray": 50}, "rounded down"), (EXACT * 0.1, "in milliseconds")),
    Case(elsewhere.check_add_up, [])
    .gets((lambda notes: sum(dict(notes).values()), "Right: each task counts once"))
    .gets((lambda notes: sum({answer for _, answer in notes}), "Tell them by their numbers"))
    .gets((lambda notes: sum({task for task, _ in notes}), "not the tasks' numbers"))
    .gets((lambda notes: dict(notes), "should be one number"))
    .gets((lambda _: 60, "the tasks [0, 1] count once each, which makes 30")),
    Case(elsewhere.check_paces, [SLOWED])
    .gets((3.75, "Right: 3.8 ×, from anna to ben."))
    .gets((1 / 3.75, "upside down"), (0.6 - 0.16, "a difference")),
    Case(elsewhere.check_medians, [LOCKS])
    .gets(({True: 1.1, False: 0.5}, "Right: 0.50 without and 1.10 with the GIL, as in the"))
    .gets((JUDGED["time_ratio"].mean(), "those are means"))
    .gets((JUDGED["speed_up"].median(), "those are speed-ups"))
    .gets(({True: 1.05, False: 0.5}, "Take the rows where `is_judged` is true")),
    Case(elsewhere.check_medians, [ONE_GROUP]).gets(
        ({True: 1.1}, "Right: 1.10 with the GIL, as"), ({True: 9}, "each group's `time_ratio`")
    ),
    Case(elsewhere.check_lowest_share, [CLASS])
    .gets((1 / 1.2, "Right: 0.83, on cleo: its speed-up is 1.67, with two usable cores and two"))
    .gets(((POOLS["speed_up"] / POOLS["usable_cores"]).min(), "two workers can't use"))
    .gets((POOLS["speed_up"].min(), "lowest speed-up")),
    Case(elsewhere.check_lowest_share, [THREE], [(1, "highest"), (1 / 1.2, "median share")]),
]
KEYS = ["run_id", "jobs_lost"]  # without which no table is whole
CHECKS = {case.check.__name__: case.check for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=[case.check.__name__ for case in CASES])
def test_an_answer_is_told_right_or_gets_its_hint_and_no_table_its_error(case: Case) -> None:
    for answer, words in [*case.answers, (None, "` is still open. Put your")]:
        expect(case.check, answer, words, *case.tables)
    if case.tables and case.check is not pool.check_sizes:
        with pytest.raises(ResultsError):
            case.check(
                1, *(table.drop(columns=table.columns.intersection(KEYS)) for table in case.tables)
            )


def test_each_exercise_that_needs_a_table_refuses_a_table_without_what_it_asks_for() -> None:
    assert len(CHECKS) == 39
    only, pools = ("nothing", 0.005), {"sleeping": {"processes": [7.8] * 8}}
    for name, words, *tables in (
        ("speed_up", "should hold threads and processes", TWO),
        ("speed_up", "one number of each", make_scaling()),
        ("lost_share", "of two threads", make_run({PROCESSES: [0.5] * 8})),
        ("start_ups", "no processes", TWO),
        ("longest", "no threads", make_slices(run_at_once(0.012))),
        ("cores_needed", "no rounds of thr", make_workload_table(pools, workers=8)),
        ("waits", "no rounds beside a thread", make_serve_table({only: SERVED[only]})),
        ("sooner", "that ran both", make_interpreters({}, {"python3.90": "failed"})),
        ("beside_ordinary", "has no CPython 3.13.0 and no CPython", ALONE),
        ("medians", "nobody in the class ran threads", POOLS),
        ("medians", "can carry a verdict on threads", make_class_table(rounds=5)),
        ("start_share", "has no processes", make_examination({"threads": 1.0})),
        ("ratio", "took no time", SINGLE, make_map({1: [(0.1, 0.1)]}, done=0.1)),
    ):
        with pytest.raises(ResultsError, match=words):
            CHECKS[f"check_{name}"](1, *tables)


def test_the_made_up_pool_refuses_what_a_real_one_refuses() -> None:
    (real,) = (text for text in Pool.join.__code__.co_consts if "running" in str(text))
    with pytest.raises(ValueError, match=str(real)):
        MadeUpPool().join()


def test_a_busy_share_that_is_shown_like_the_ideal_one_is_not_called_more() -> None:
    shares = {3: (spread(0.2), spread(0.9)), 7: (spread(0.2), [0.779] * 8)}
    words = pool.check_best_share(7 / 9, make_lengths(shares, workers=3)).words
    assert words.endswith(" 78 % of the time of three workers.")
