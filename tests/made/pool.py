from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gil_demo.pool.lists import LISTS
from gil_demo.pool.methods import ARRIVALS
from gil_demo.pool.tasks import TASKS
from gil_demo.running.workloads import compute_default_chunksize
from tests.made.runs import Measured, make, make_rounds, spread

Crew = Mapping[int, Sequence[tuple[float, float]]]
Answers = Mapping[str, Sequence[tuple[int, float, float]]]

CREW: Crew = {1: [(0.1, 0.2), (0.21, 0.3), (0.32, 0.4)], 2: [(0.1, 0.25), (0.26, 0.48)]}
LENGTHS: Measured = {
    tasks: (spread(seconds), spread(busy))
    for tasks, seconds, busy in ((1, 0.41, 0.49), (2, 0.2, 0.96), (3, 0.27, 0.72), (4, 0.21, 0.94))
}
CHUNKS: Measured = {
    (work, size): spread(ratio) if size != 250 else [1.0] * 8
    for work, ratios in (("even", (1.3, 1.0, 1.01)), ("uneven", (1.31, 1.0, 1.5)))
    for size, ratio in zip((1, 250, 1_000), ratios, strict=True)
}
ANSWERS: Answers = {
    "map": [(1, 0.3, 0.301), (2, 0.1, 0.301), (3, 0.2, 0.302)],
    "imap": [(1, 0.3, 0.301), (2, 0.1, 0.302), (3, 0.2, 0.303)],
    "imap_unordered": [(2, 0.1, 0.101), (3, 0.2, 0.202), (1, 0.3, 0.303)],
}


def take_turns_in_a_pool(tasks: int, workers: int = 2, each: float = 0.01) -> Crew:
    own = [(0.1 + each * turn, 0.1 + each * (turn + 1)) for turn in range(tasks // workers)]
    return {worker + 1: own for worker in range(workers)}


def make_map(
    crew: Crew = CREW, ready: float = 0.1, done: float | None = None,
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


def make_lengths(lengths: Measured = LENGTHS, workers: int = 2, **facts: object) -> pd.DataFrame:
    """Make a sweep of the list's length: of each the seconds, and the busy share, by round."""
    cuts = {
        ("even", tasks, 1): (seconds, list(np.multiply(seconds, shares) * workers))
        for tasks, (seconds, shares) in lengths.items()
    }
    return _make_sweep("lengths", cuts, workers, facts)


def make_chunks(chunks: Measured = CHUNKS, workers: int = 2, **facts: object) -> pd.DataFrame:
    """Make a sweep of the chunksize, from multiples of a time that grows by 1 % a round."""
    cuts = {}
    for (work, size), multiples in chunks.items():
        own = {"even": 0.2, "uneven": 0.22}[work]
        seconds = [own * 1.01**n * one for n, one in enumerate(multiples)]
        cuts[work, 2_000, size] = seconds, [0.18 * workers] * len(seconds)
    return _make_sweep("chunks", cuts, workers, facts)


def _make_sweep(kind: str, cuts: Measured, workers: int, facts: dict[str, object]) -> pd.DataFrame:
    told: dict[str, object] = {"experiment": kind, "workers": workers, "count": 4_000_000}
    own = {(*cut, compute_default_chunksize(cut[1], workers)): both for cut, both in cuts.items()}
    names, values = "work tasks chunksize default_chunksize", "seconds busy_seconds"
    return make_rounds(LISTS, own, names, values, told | {"start_method": "fork"} | facts)


def make_arrivals(answers: Answers = ANSWERS, **facts: object) -> pd.DataFrame:
    """Make the table of answers: each method's in order, with task, its end and its arrival."""
    rows = []
    for method, own in answers.items():
        rows += [
            {"method": method, "task": task, "steps": 1_000 * task, "place": place}
            | {"end_seconds": end, "arrived_seconds": arrived}
            for place, (task, end, arrived) in enumerate(own, start=1)
        ]
    return make(ARRIVALS, rows, {"run_id": "b4c5d6", "workers": 2, "start_method": "fork"} | facts)


def put(table: pd.DataFrame, row: int, name: str, value: object) -> pd.DataFrame:
    """Return a table with another value in a row, counted from 1."""
    changed = table.copy()
    changed.loc[row - 1, name] = value  # type: ignore[call-overload]
    return changed
