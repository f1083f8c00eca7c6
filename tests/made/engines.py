from collections.abc import Mapping
from typing import Any

import pandas as pd

from gil_demo.engines.overheads import OVERHEADS
from tests.made.runs import make_rounds, spread

STEP_SECONDS = 1e-7
LENGTHS = (1_000, 10_000, 100_000, 400_000)
ORDINARY_OVERHEADS = {"processes": 5e-5, "cluster": 2e-3, "ray": 5e-4}


def make_engines(
    overheads: Mapping[str, float] = ORDINARY_OVERHEADS, workers: int = 2, gain: float = 0.9,
    **facts: object,
) -> pd.DataFrame:  # fmt: skip
    """Make the table of one sweep, in eight rounds that are alike up to 1 %.

    The overheads are the seconds that a task costs each engine; its workers share the work of a
    map and reach a part of the ideal, the gain.
    """
    sizes = [(workers, steps) for steps in LENGTHS]
    sizes += [(tasks, LENGTHS[-1]) for tasks in range(1, workers)] + [(50, 1)]
    measured: dict[Any, list[list[float]]] = {}
    for runner, overhead in {"sequential": 0.0, **overheads}.items():
        for tasks, steps in sizes:
            at_once = 1.0 if runner == "sequential" else max(1.0, gain * min(tasks, workers))
            key = (runner, "fork" if runner == "processes" else "", tasks, steps)
            seconds = tasks * (steps * STEP_SECONDS / at_once + overhead)
            measured[key] = [spread(seconds, 8, 0.01)]
    run = {"run_id": "e1a2b3", "workers": workers, "is_elsewhere": False, "start_up_seconds": 1.5}
    told, names = run | {"tear_down_seconds": 0.5} | facts, "runner start_method tasks steps"
    return make_rounds(OVERHEADS, measured, names, "seconds", told)
