"""What a task costs by an engine through gil_demo, against the engine used directly."""

import statistics
from functools import partial

from gil_demo.measuring.estimates import estimate_median
from gil_demo.running.runners import ENGINES, find_missing
from tests.benchmarks.interpreters import run_script
from tests.benchmarks.reports import MEDIAN_HEADINGS, Benchmark, Report, make_row
from tests.benchmarks.rounds import take_rounds

MOST_OF_ENGINE = 1.05
TASKS = 300
TURNS = 12
NOTES = [
    "Each round starts two workers of an engine, on this machine; tasks of one step go through",
    "gil_demo and directly to the same workers, in turn. A round's figure is a median.",
]


def measure(rounds: int) -> Report:
    """Hold tasks of nothing through gil_demo against the same tasks handed to the engine."""
    here = [name for name in ENGINES if not find_missing(name)]
    figures = take_rounds(
        "engines", {name: partial(_compare, name) for name in here}, rounds, warm_ups=0
    )
    rows = [
        make_row(f"{name}: a task of nothing", estimate_median(ratios), at_most=MOST_OF_ENGINE)
        for name, ratios in figures.items()
    ]
    missing = [f"Left out: {name}: {find_missing(name)}." for name in ENGINES if name not in here]
    title = "engines: a task of nothing through gil_demo against the engine directly"
    return Report(title, MEDIAN_HEADINGS, rows, [*NOTES, *missing])


def _compare(name: str) -> float:
    return statistics.median(run_script("engine_ours.py", name, TASKS, TURNS))


BENCHMARK = Benchmark(measure, rounds=6)
