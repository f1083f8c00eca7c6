"""Honest synthetic tables of what happens inside a pool, to test with."""

from collections.abc import Mapping, Sequence

import pandas as pd

from gil_demo.pool.lists import LISTS
from gil_demo.pool.methods import ARRIVALS
from gil_demo.pool.tasks import TASKS
from gil_demo.running.workloads import compute_default_chunksize
from gil_demo.tables.schema import MACHINE, make_table
from tests.conftest import make_rows, spread

Crew = Mapping[int, Sequence[tuple[float, float]]]
Lengths = Mapping[int, tuple[Sequence[float], Sequence[float]]]
Chunks = Mapping[tuple[str, int], Sequence[float]]
Answers = Mapping[str, Sequence[tuple[int, float, float]]]

FACTS = {name: make_rows()[0][name] for name in MACHINE}

ORDINARY_CREW: Crew = {
    1: [(0.1, 0.2), (0.21, 0.3), (0.32, 0.4)],
    2: [(0.1, 0.25), (0.26, 0.48)],
}


def take_turns_in_a_pool(tasks: int, workers: int = 2, each: float = 0.01) -> Crew:
    """Let each worker in turn take the next task; all take as long, from 0.1 s on."""
    crew: dict[int, list[tuple[float, float]]] = {}
    for task in range(tasks):
        start = 0.1 + each * (task // workers)
        crew.setdefault(task % workers + 1, []).append((start, start + each))
    return crew


def make_map(
    crew: Crew | None = None,
    ready: float = 0.1,
    done: float | None = None,
    gone: float | None = None,
    steps: Sequence[int] | None = None,
    **facts: object,
) -> pd.DataFrame:
    """Make the table of one map.

    Args:
        crew: for each worker the starts and ends of its tasks, in seconds. Tasks are numbered by
            their start, those of the first worker first.
        ready: when the pool was ready.
        done: when it had all answers; None means 20 ms after the last task.
        gone: when it was gone; None means 30 ms after that.
        steps: the steps of each task, in the list's order; None means 1,000 of each.
        facts: values of columns that differ from an ordinary machine's or map's.

    Returns:
        The table, a row for each task in the list's order.
    """
    chosen = ORDINARY_CREW if crew is None else crew
    spans = sorted((start, worker, end) for worker, own in chosen.items() for start, end in own)
    all_done = max(end for *_, end in spans) + 0.02 if done is None else done
    rows = [
        FACTS
        | {
            "run_id": "a7b8c9",
            "experiment": "map",
            "workers": max(chosen),
            "start_method": "fork",
            "chunksize": 1,
            "tasks": len(spans),
            "task": task,
            "steps": steps[task - 1] if steps else 1_000,
            "worker": worker,
            "ready_seconds": ready,
            "start_seconds": start,
            "end_seconds": end,
            "done_seconds": all_done,
            "gone_seconds": all_done + 0.03 if gone is None else gone,
        }
        | facts
        for task, (start, worker, end) in enumerate(spans, start=1)
    ]
    return make_table(rows, TASKS)


ORDINARY_LENGTHS: Lengths = {
    1: (spread(0.41), spread(0.49)),
    2: (spread(0.2), spread(0.96)),
    3: (spread(0.27), spread(0.72)),
    4: (spread(0.21), spread(0.94)),
}
ORDINARY_CHUNKS: Chunks = {
    ("even", 1): spread(1.3),
    ("even", 250): [1.0] * 8,
    ("even", 1_000): spread(1.01),
    ("uneven", 1): spread(1.31),
    ("uneven", 250): [1.0] * 8,
    ("uneven", 1_000): spread(1.5),
}


def make_lengths(lengths: Lengths | None = None, workers: int = 2, **facts: object) -> pd.DataFrame:
    """Make the table of one sweep of the list's length.

    Args:
        lengths: for each number of tasks the seconds, and the part of the workers' time that went
            into tasks, both in each round.
        workers: how many workers there were.
        facts: values of columns that differ from an ordinary machine's or sweep's.

    Returns:
        The table, a row for each round of each length.
    """
    chosen = ORDINARY_LENGTHS if lengths is None else lengths
    rounds = len(next(iter(chosen.values()))[0])
    rows = [
        _make_list_row("lengths", "even", tasks, 1, workers, rounds, number, position)
        | {
            "seconds": seconds[number],
            "busy_seconds": seconds[number] * shares[number] * workers,
        }
        | facts
        for number in range(rounds)
        for position, (tasks, (seconds, shares)) in enumerate(chosen.items(), start=1)
    ]
    return make_table(rows, LISTS)


def make_chunks(
    chunks: Chunks | None = None, workers: int = 2, tasks: int = 2_000, **facts: object
) -> pd.DataFrame:
    """Make the table of one sweep of the chunksize.

    Args:
        chunks: for each kind of work with its chunksize, the time in each round as a multiple of
            0.2 s for even work and 0.22 s for uneven work, both 1 % longer in each round. The
            workers are at tasks for 0.18 s, whatever the chunksize.
        workers: how many workers there were.
        tasks: length of the list.
        facts: values of columns that differ from an ordinary machine's or sweep's.

    Returns:
        The table, a row for each round of each kind of work and chunksize.
    """
    chosen = ORDINARY_CHUNKS if chunks is None else chunks
    rounds = len(next(iter(chosen.values())))
    rows = [
        _make_list_row("chunks", work, tasks, size, workers, rounds, number, position)
        | {
            "seconds": (0.2 if work == "even" else 0.22) * 1.01**number * multiples[number],
            "busy_seconds": 0.18 * workers,
        }
        | facts
        for number in range(rounds)
        for position, ((work, size), multiples) in enumerate(chosen.items(), start=1)
    ]
    return make_table(rows, LISTS)


def _make_list_row(
    experiment: str,
    work: str,
    tasks: int,
    chunksize: int,
    workers: int,
    rounds: int,
    number: int,
    position: int,
) -> dict[str, object]:
    return FACTS | {
        "run_id": "d1e2f3",
        "experiment": experiment,
        "work": work,
        "workers": workers,
        "start_method": "fork",
        "tasks": tasks,
        "chunksize": chunksize,
        "default_chunksize": compute_default_chunksize(tasks, workers),
        "count": 4_000_000,
        "round": number + 1,
        "rounds": rounds,
        "position": position,
    }


ORDINARY_ANSWERS: Answers = {
    "map": [(1, 0.3, 0.301), (2, 0.1, 0.301), (3, 0.2, 0.302)],
    "imap": [(1, 0.3, 0.301), (2, 0.1, 0.302), (3, 0.2, 0.303)],
    "imap_unordered": [(2, 0.1, 0.101), (3, 0.2, 0.202), (1, 0.3, 0.303)],
}


def make_arrivals(
    answers: Answers | None = None,
    returned: Mapping[str, float] | None = None,
    **facts: object,
) -> pd.DataFrame:
    """Make the table of the answers that methods of a pool gave.

    Args:
        answers: for each method its answers in the order in which they came: the task, its end
            and when the caller held it, in seconds.
        returned: when a method itself returned; where it is not told, map and starmap did so with
            their first answer and the others after 1 ms.
        facts: values of columns that differ from an ordinary machine's or run's.

    Returns:
        The table, a row for each answer.
    """
    chosen = ORDINARY_ANSWERS if answers is None else answers
    rows = []
    for method, own in chosen.items():
        is_late = method in ("map", "starmap")
        for place, (task, end, arrived) in enumerate(own, start=1):
            row = FACTS | {
                "run_id": "b4c5d6",
                "experiment": "methods",
                "method": method,
                "workers": 2,
                "start_method": "fork",
                "chunksize": compute_default_chunksize(len(own), 2) if is_late else 1,
                "task": task,
                "steps": 1_000 * task,
                "place": place,
                "returned_seconds": (returned or {}).get(method, own[0][2] if is_late else 0.001),
                "end_seconds": end,
                "arrived_seconds": arrived,
            }
            rows.append(row | facts)
    return make_table(rows, ARRIVALS)
