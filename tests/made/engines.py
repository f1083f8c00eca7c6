"""Honest synthetic tables of engines beside the plain Pool, to test with."""

from collections.abc import Mapping

import pandas as pd

from gil_demo.engines.overheads import OVERHEADS
from gil_demo.tables.schema import make_table
from tests.made.runs import FACTS, spread

STEP_SECONDS = 1e-7
LENGTHS = (1_000, 10_000, 100_000, 400_000)
ORDINARY_OVERHEADS = {"processes": 5e-5, "cluster": 2e-3, "ray": 5e-4}


def make_engines(
    overheads: Mapping[str, float] = ORDINARY_OVERHEADS,
    workers: int = 2,
    rounds: int = 8,
    gain: float = 0.9,
    **facts: object,
) -> pd.DataFrame:
    """Make the table of one sweep.

    Args:
        overheads: for each engine the seconds that each task costs.
        workers: how many each engine has; they share the work of a map.
        rounds: how many rounds there are, alike up to 1 %.
        gain: the part of the ideal that the workers reach.
        facts: values of columns that differ from an ordinary machine's or sweep's.
    """
    sizes = [(workers, steps) for steps in LENGTHS]
    sizes += [(tasks, LENGTHS[-1]) for tasks in range(1, workers)] + [(50, 1)]
    rows = []
    for number, factor in enumerate(spread(1.0, rounds, 0.01), start=1):
        for runner, overhead in {"sequential": 0.0, **overheads}.items():
            for position, (tasks, steps) in enumerate(sizes, start=1):
                at_once = 1.0 if runner == "sequential" else max(1.0, gain * min(tasks, workers))
                own = {
                    "run_id": "e1a2b3",
                    "experiment": "engines",
                    "runner": runner,
                    "start_method": "fork" if runner == "processes" else "",
                    "workers": workers,
                    "is_elsewhere": False,
                    "tasks": tasks,
                    "steps": steps,
                    "round": number,
                    "rounds": rounds,
                    "position": position,
                    "start_up_seconds": 1.5,
                    "seconds": tasks * (steps * STEP_SECONDS / at_once + overhead) * factor,
                    "tear_down_seconds": 0.5,
                }
                rows.append(FACTS | own | facts)
    return make_table(rows, OVERHEADS)
