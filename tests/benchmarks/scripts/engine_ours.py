"""Time tasks of nothing by an engine, through gil_demo and directly, in turn.

Usage: engine_ours.py RUNNER TASKS TURNS. Prints a ratio of the two for each pair of turns.
"""

import sys
import time
from collections.abc import Callable

from gil_demo.running.runners import RUNNERS
from gil_demo.running.workloads import countdown


def clock(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    name, tasks, turns = sys.argv[1], [1] * int(sys.argv[2]), int(sys.argv[3])
    with RUNNERS[name](2) as run:
        engine = run.args[0]  # type: ignore[attr-defined]
        ways: dict[str, Callable[[], object]] = {
            "ours": lambda: run(countdown, tasks),
            "directly": (
                (lambda: engine.gather(engine.map(countdown, tasks, pure=False)))
                if name == "cluster"
                else (lambda: engine.map(countdown, tasks, chunksize=1))
            ),
        }
        for way in ways.values():
            way()
        ratios = []
        for turn in range(turns):
            order = list(ways) if turn % 2 else list(reversed(ways))
            seconds = {way: clock(ways[way]) for way in order}
            ratios.append(seconds["ours"] / seconds["directly"])
    print(*ratios)
