"""Honest synthetic tables of what happens inside a pool, to test with."""

from collections.abc import Mapping, Sequence

import pandas as pd

from gil_demo.pool.lists import LISTS
from gil_demo.pool.methods import ARRIVALS
from gil_demo.pool.tasks import TASKS
from gil_demo.running.workloads import compute_default_chunksize
from tests.made.runs import make, make_rounds, spread

Crew = Mapping[int, Sequence[tuple[float, float]]]
Lengths = Mapping[int, tuple[Sequence[float], Sequence[float]]]
Cuts = Mapping[tuple[str, int, int], tuple[Sequence[float], Sequence[float]]]
Chunks = Mapping[tuple[str, int], Sequence[float]]
Answers = Mapping[str, Sequence[tuple[int, float, float]]]

ORDINARY_CREW: Crew = {1: [(0.1, 0.2), (0.21, 0.3), (0.32, 0.4)], 2: [(0.1, 0.25), (0.26, 0.48)]}


def take_turns_in_a_pool(tasks: int, workers: int = 2, each: float = 0.01) -> Crew:
    """Let each worker in turn take the next task; all take as long, from 0.1 s on."""
    crew: dict[int, list[tuple[float, float]]] = {}
    for task in range(tasks):
        turn, worker = divmod(task, workers)
        span = (0.1 + each * turn, 0.1 + each * (turn + 1))
        crew.setdefault(worker + 1, []).append(span)
    return crew


def make_map(
    crew: Crew = ORDINARY_CREW, ready: float = 0.1, done: float | None = None,
    gone: float | None = None, steps: Sequence[int] = (), **facts: object,
) -> pd.DataFrame:  # fmt: skip
    """Make the table of one map, from the starts and ends of each worker's tasks in seconds.

    Unless told, all answers are there 20 ms after the last task; the pool is gone 30 ms later.
    """
    spans = sorted((start, worker, end) for worker, own in crew.items() for start, end in own)
    all_done = max(end for *_, end in spans) + 0.02 if done is None else done
    told: dict[str, object] = {"run_id": "a7b8c9", "workers": max(crew), "start_method": "fork"}
    told |= {"chunksize": 1, "tasks": len(spans), "ready_seconds": ready, "done_seconds": all_done}
    told |= {"gone_seconds": all_done + 0.03 if gone is None else gone}
    rows = [
        {"task": task, "steps": steps[task - 1] if steps else 1_000, "worker": worker}
        | {"start_seconds": start, "end_seconds": end}
        for task, (start, worker, end) in enumerate(spans, start=1)
    ]
    return make(TASKS, rows, told | facts)


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


def make_lengths(
    lengths: Lengths = ORDINARY_LENGTHS, workers: int = 2, **facts: object
) -> pd.DataFrame:
    """Make a sweep of the list's length: of each the seconds, and the busy share, by round."""
    cuts: Cuts = {
        ("even", tasks, 1): (times, [s * share * workers for s, share in zip(*both, strict=True)])
        for tasks, both in lengths.items()
        for times in both[:1]
    }
    return _make_sweep("lengths", cuts, workers, facts)


def make_chunks(
    chunks: Chunks = ORDINARY_CHUNKS, workers: int = 2, tasks: int = 2_000, **facts: object
) -> pd.DataFrame:
    """Make a sweep of the chunksize, of the time of each in each round as a multiple.

    It is one of 0.2 s for even work and 0.22 s for uneven work, both 1 % longer in each round.
    The workers are at tasks for 0.18 s, whatever the chunksize.
    """
    own = {"even": 0.2, "uneven": 0.22}
    cuts: Cuts = {
        (work, tasks, size): (
            [own[work] * 1.01**n * multiple for n, multiple in enumerate(multiples)],
            [0.18 * workers] * len(multiples),
        )
        for (work, size), multiples in chunks.items()
    }
    return _make_sweep("chunks", cuts, workers, facts)


def _make_sweep(
    experiment: str, cuts: Cuts, workers: int, facts: dict[str, object]
) -> pd.DataFrame:
    """Make a sweep from the seconds and the busy seconds of each cut, round by round."""
    told: dict[str, object] = {"experiment": experiment, "workers": workers, "count": 4_000_000}
    measured = {
        (*cut, compute_default_chunksize(cut[1], workers)): both for cut, both in cuts.items()
    }
    names, values = "work tasks chunksize default_chunksize", "seconds busy_seconds"
    return make_rounds(LISTS, measured, names, values, told | {"start_method": "fork"} | facts)


ORDINARY_ANSWERS: Answers = {
    "map": [(1, 0.3, 0.301), (2, 0.1, 0.301), (3, 0.2, 0.302)],
    "imap": [(1, 0.3, 0.301), (2, 0.1, 0.302), (3, 0.2, 0.303)],
    "imap_unordered": [(2, 0.1, 0.101), (3, 0.2, 0.202), (1, 0.3, 0.303)],
}


def make_arrivals(answers: Answers = ORDINARY_ANSWERS, **facts: object) -> pd.DataFrame:
    """Make the table of answers: each method's in order, with task, its end and its arrival."""
    rows = []
    for method, own in answers.items():
        is_map = method in ("map", "starmap")
        row = {"method": method, "returned_seconds": own[0][2] if is_map else 0.001}
        row |= {"chunksize": compute_default_chunksize(len(own), 2) if is_map else 1}
        rows += [
            row
            | {"task": task, "steps": 1_000 * task, "place": place}
            | {"end_seconds": end, "arrived_seconds": arrived}
            for place, (task, end, arrived) in enumerate(own, start=1)
        ]
    return make(ARRIVALS, rows, {"run_id": "b4c5d6", "workers": 2, "start_method": "fork"} | facts)


def put(table: pd.DataFrame, row: int, name: str, value: object) -> pd.DataFrame:
    """Return a table with another value in a row, counted from 1."""
    changed = table.copy()
    changed.loc[row - 1, name] = value  # type: ignore[call-overload]
    return changed
