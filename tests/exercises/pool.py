"""Answers to the exercises of notebooks 04 and 05, each with what it should get."""

from collections.abc import Sequence

import pandas as pd

from gil_demo.exercises import pool
from gil_demo.exercises.pool import MadeUpPool
from tests.exercises.answers import Case
from tests.made.pool import make_lengths, make_map, take_turns_in_a_pool
from tests.made.runs import spread

SEVEN = make_lengths({3: (spread(0.2), spread(0.9)), 7: (spread(0.25), spread(0.7))}, workers=3)
FULL = make_lengths({2: (spread(0.2), spread(0.9)), 4: (spread(0.25), spread(0.7))})

# both ready after 0.1 s: 0.8 s of work over 0.2 s
SINGLE = make_map(take_turns_in_a_pool(600, each=0.001), done=0.9, gone=1.9)
CHUNKED = make_map(take_turns_in_a_pool(600, each=0.0005), done=0.3, gone=0.4, chunksize=50)


def close_and_join(made_up: MadeUpPool) -> None:
    made_up.close()
    made_up.join()


def close_and_leave(made_up: MadeUpPool) -> None:
    with made_up:
        made_up.close()


def end_too_early(made_up: MadeUpPool) -> None:
    made_up.terminate()
    made_up.join()


def end_twice(made_up: MadeUpPool) -> None:
    close_and_join(made_up)
    made_up.terminate()


def simulate(tasks: list[int], workers: int) -> int:
    free_at = [0] * workers
    while tasks:  # and so uses up the list
        free_at[free_at.index(min(free_at))] += tasks.pop(0)
    return max(free_at)


def deal_out(tasks: Sequence[int], workers: int) -> int:
    return max(sum(tasks[first::workers]) for first in range(workers))


CASES = [
    Case(pool.check_best_share, [SEVEN]).gets(
        (7 / 9, "Right: 0.78, or 7 of 9 places. Measured on this machine: 70 % of the time of"),
        (0.78, "Right: "),
        (1, "last round"),
        (78, "in percent"),
        (2 / 9, "nobody works"),
        (7 / 3, "tasks for each worker"),
        (0.5, "draw three lanes"),
    ),
    Case(pool.check_best_share, [FULL]).gets((1.0, "Right: 1.00, or 4 of 4 places")),
    Case(pool.check_finish, []).gets(
        (close_and_join, "Right: all 4 jobs are done"),
        (end_twice, "Right: "),
        (lambda _: ..., "`finish` is still open"),
        (MadeUpPool.close, "`finish(pool)` gave 0 of 4 jobs done: `close` takes no more"),
        (MadeUpPool.terminate, "`terminate` ends the workers at once"),
        (end_too_early, "`terminate` ends the workers at once"),
        (close_and_leave, "`terminate` ends the workers at once"),
        (MadeUpPool.join, "Pool is still running"),
        (lambda: None, "ended with TypeError"),
        ("close", "should be a function"),
    ),
    Case(pool.check_compute_end, []).gets(
        (simulate, "Right: all six lists end"),
        (lambda tasks, _: sum(tasks), "a worker that is alone"),
        (lambda tasks, workers: sum(tasks) / workers, "no task is cut in two"),
        (lambda tasks, crew: simulate(sorted(tasks, reverse=True), crew), "aren't sorted"),
        (deal_out, "aren't dealt out beforehand"),
        (lambda tasks, _: max(tasks), "the longest task"),
        (lambda tasks, _: tasks, "it should be one number"),
        (lambda tasks, workers: simulate(tasks, workers) + 0.5, "note for each worker"),
    ),
    Case(pool.check_run_times, []).gets(
        ({1: 60, 4: 19.5, 1000: 6.054}, "Right: with 1,000 workers 6.05 s, and never below 6"),
        (pd.Series({1: 60, 4: 19.5, 1000: 6.1}), "Right: "),
        ({1: 60, 4: 15, 1000: 0.06}, "all 60 seconds are shared out there. The reading can't"),
        ({1: 54, 4: 13.5, 1000: 0.054}, "comes on top"),
        ({1: 1, 4: 60 / 19.5, 1000: 60 / 6.054}, "those are speed-ups"),
        ({1: 60, 4: 30, 1000: 20}, "6 seconds stay"),
        ({4: 19.5, 1000: 6.054}, "one number for each of 1, 4, 1000"),
    ),
    Case(pool.check_ratio, [SINGLE, CHUNKED]).gets(
        (4.0, "Right: 4.00 ×."),
        (0.25, "upside down"),
        (50, "numbers of chunks"),
        (3.0, "the start-up is still in it"),
        (4.75, "start and end are still in it"),
        (9.0, "minus `ready_seconds`"),
    ),
    Case(pool.check_ratio, [CHUNKED, SINGLE], [(0.25, "Right: 0.25 ×.")]),
    Case(pool.check_break_even, []).gets(
        (lambda cost, workers: cost / (workers - 1), "Right: at that length both take the"),
        (
            lambda cost, workers: cost / workers,
            "a task of 0.5 s the loop takes 1 s for 2 of them; the pool takes its 1 s and then "
            "0.5 s",
        ),
        (lambda cost, _: cost, "`break_even(3, 4)` gave 3: with a task of 3 s the loop takes"),
        (lambda cost, workers: cost * workers / (workers - 1), "How long is one?"),
        (lambda cost, _: str(cost), "it should be one number"),
    ),
]
