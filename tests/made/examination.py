"""Honest synthetic examinations of a function whose costs are known."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from gil_demo.examination.table import BESIDE, CONTROL, EXAMINED, FUNCTION
from tests.made.runs import make_rounds, spread

LOOP_SECONDS = 0.4
CPU_BOUND: Mapping[str, float] = {"threads": 1.02, "processes": 0.52}
WAITING: Mapping[str, float] = {"threads": 0.51, "processes": 0.53}
TINY: Mapping[str, float] = {"threads": 1.5, "processes": 30.0}
NAMES = "work runner start_method"
VALUES = "seconds start_up_seconds tear_down_seconds cpu_seconds part_seconds beside_seconds waits"


def make_examination(
    ratios: Mapping[str, float] = CPU_BOUND,
    *,
    loop: float = LOOP_SECONDS,
    start: Sequence[float] = (0.02, 0.01),
    free_share: float = 0.0,
    control: float = 0.52,
    rounds: int = 8,
    width: float = 0.02,
    **facts: Any,
) -> pd.DataFrame:
    """Make the examination of 40 of 400 tasks, by what each way takes of the plain loop's time."""
    method, part = facts.pop("start_method", "fork"), loop / 4
    measured: dict[Any, Sequence[Any]] = {}

    def add(key: tuple[str, str, str], seconds: list[float], *others: float | None) -> None:
        columns = [[one] * rounds for one in (*others, *[None] * (6 - len(others)))]
        measured[key] = (seconds, *columns)

    add((FUNCTION, "sequential", ""), [loop] * rounds, None, None, loop, part)
    add((CONTROL, "sequential", ""), [0.04] * rounds, None, None, 0.04)
    beside = [part * (2 - free_share)] * rounds
    add((BESIDE, "sequential", ""), beside, None, None, None, None, part)
    for runner, ratio in ratios.items():
        own = (method, *start) if runner == "processes" else ("", None, None)
        add((FUNCTION, runner, own[0]), spread(loop * ratio, rounds, width), *own[1:])
    if "processes" in ratios:
        add((CONTROL, "processes", method), spread(0.04 * control, rounds, width))
    known: dict[str, object] = {
        "interpreter": "",
        "function": "parse",
        "workers": 2,
        "tasks": 40,
        "all_tasks": 400,
        "chunksize": 5,
        "calls": 30,
        "task_seconds": loop / 40,
        "task_cpu_percent": 100.0,
        "task_low_seconds": loop / 50,
        "task_high_seconds": loop / 30,
        "argument_bytes": 1_000,
        "argument_seconds": 2e-5,
        "chunk_seconds": 1e-4,
        "answer_bytes": 500,
        "answer_seconds": 1e-5,
        "worker_bytes": 10_000_000,
        "free_bytes": 4_000_000_000,
        "gil_in_workers": "on",
        "traps": "",
        "missing": "",
    }
    return make_rounds(EXAMINED, measured, NAMES, VALUES, known | facts)
