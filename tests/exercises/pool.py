"""Answers to the exercises of notebooks 04 and 05, each with what it should get."""

from gil_demo.exercises import pool
from gil_demo.exercises.pool import MadeUpPool
from tests.exercises.answers import Case
from tests.made.pool import make_lengths, make_map, take_turns_in_a_pool
from tests.made.runs import spread

SEVEN = make_lengths({3: (spread(0.2), spread(0.9)), 7: (spread(0.25), spread(0.7))}, workers=3)

# both ready after 0.1 s: 0.8 s of work over 0.2 s
SINGLE = make_map(take_turns_in_a_pool(600, each=0.001), done=0.9, gone=1.9)
CHUNKED = make_map(take_turns_in_a_pool(600, each=0.0005), done=0.3, gone=0.4, chunksize=50)


def close_and_join(made_up: MadeUpPool) -> None:
    with made_up:
        made_up.close()
        made_up.join()


def close_and_leave(made_up: MadeUpPool) -> None:
    with made_up:
        made_up.close()


def simulate(tasks: list[int], workers: int) -> int:
    free_at = [0] * workers
    while tasks:  # and so uses up the list
        free_at[free_at.index(min(free_at))] += tasks.pop(0)
    return max(free_at)


CASES = [
    Case(pool.check_best_share, [SEVEN]).gets(
        (7 / 9, "Right: 0.78, or 7 of 9 places. Measured on this machine: 70 % of the time of"),
        (1, "last round"),
        (78, "in percent"),
        (2 / 9, "nobody works"),
        (7 / 3, "tasks for each worker"),
        (0.5, "draw three lanes"),
    ),
    Case(pool.check_finish, []).gets(
        (close_and_join, "Right: all 4 jobs are done"),
        (lambda _: ..., "`finish` is still open"),
        (MadeUpPool.close, "`finish(pool)` gave 0 of 4 jobs done: `close` takes no more"),
        (close_and_leave, "`terminate` ends the workers at once"),
        (MadeUpPool.join, "Pool is still running"),
        ("close", "should be a function"),
    ),
    Case(pool.check_compute_end, []).gets(
        (simulate, "Right: all six lists end"),
        (lambda tasks, _: sum(tasks), "a worker that is alone"),
        (lambda tasks, workers: sum(tasks) / workers, "no task is cut in two"),
        (lambda tasks, crew: simulate(sorted(tasks, reverse=True), crew), "aren't sorted"),
        (lambda tasks, n: max(sum(tasks[k::n]) for k in range(n)), "aren't dealt out beforehand"),
        (lambda tasks, _: max(tasks), "the longest task"),
        (lambda tasks, workers: simulate(tasks, workers) + 0.5, "note for each worker"),
    ),
    Case(pool.check_run_times, []).gets(
        ({1: 60, 4: 19.5, 1000: 6.054}, "Right: with 1,000 workers 6.05 s, and never below 6"),
        ({1: 60, 4: 15, 1000: 0.06}, "all 60 seconds are shared out there. The reading can't"),
        ({1: 54, 4: 13.5, 1000: 0.054}, "comes on top"),
        ({1: 1, 4: 60 / 19.5, 1000: 60 / 6.054}, "those are speed-ups"),
        ({1: 60, 4: 30, 1000: 20}, "6 seconds stay"),
    ),
    Case(pool.check_ratio, [SINGLE, CHUNKED]).gets(
        (4.0, "Right: 4.00 ×. … 600 times in all, or 12."),
        (0.25, "upside down"),
        (50, "numbers of chunks"),
        (3.0, "the start-up is still in it"),
        (4.75, "start and end are still in it"),
        (9.0, "minus `ready_seconds`"),
    ),
    Case(pool.check_break_even, []).gets(
        (lambda cost, workers: cost / (workers - 1), "Right: at that length both take the"),
        (lambda cost, workers: cost / workers, "0.5 s the loop takes 1 s for 2 of them; the pool"),
        (lambda cost, workers: cost * workers / (workers - 1), "How long is one?"),
    ),
]
