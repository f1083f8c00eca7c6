"""How true the timeline is, what watching costs, and how long the drawing takes."""

import random
import time
from collections.abc import Callable
from functools import partial

import pandas as pd

from gil_demo.drawing.style import draw_png
from gil_demo.measuring.estimates import estimate_median
from gil_demo.running.workloads import countdown, trace_countdown
from gil_demo.turns.timeline import draw_timeline, find_overlaps, summarise_trace, trace
from tests.benchmarks.reports import MEDIAN_HEADINGS, Benchmark, Report, make_row
from tests.benchmarks.rounds import take_rounds

INTERVALS = (0.005, 0.020, 0.050)
TURNS = 16
STEPS = 5_000_000
PACE_STEPS = 2_000_000
SLICES = 100_000


def measure(rounds: int) -> Report:
    """Hold turns against the interval, and the countdown with ticks against that without."""
    pace = PACE_STEPS / _time(partial(countdown, PACE_STEPS))
    traces = take_rounds(
        "timeline",
        {f"{i * 1000:g} ms": partial(take_trace, i, int(pace * i * TURNS)) for i in INTERVALS},
        rounds,
    )
    rows = []
    for label, answers in traces.items():
        off = estimate_median([abs(ratio - 1) for ratio, _ in answers])
        overlaps = estimate_median([share for _, share in answers])
        rows.append(make_row(f"turn / interval, off by, {label}", off, at_most=0.25))
        rows.append(make_row(f"share of slices that overlap, {label}", overlaps, below=0.01))
    costs = take_rounds(
        "ticks",
        {
            "without": partial(_time, partial(countdown, STEPS)),
            "with": partial(_time, partial(trace_countdown, STEPS)),
        },
        rounds,
    )
    speed = estimate_median([a / b for a, b in zip(costs["without"], costs["with"], strict=True)])
    rows.append(make_row("speed with ticks / without", speed, at_least=0.9))
    drawn = take_rounds("drawing", {"draw": time_drawing}, max(2, rounds // 3), warm_ups=1)
    seconds = estimate_median(drawn["draw"])
    rows.append(make_row(f"seconds to draw {SLICES:,} slices", seconds, below=2))
    notes = [
        f"Two threads; one run a round, of about {TURNS} turns. Overlaps are the rule, not the",
        "exception, on a build without the GIL.",
    ]
    return Report("timeline: turns, what watching costs, drawing", MEDIAN_HEADINGS, rows, notes)


def take_trace(interval: float, count: int) -> tuple[float, float]:
    """Return the median turn over the interval, and the share of slices that overlap."""
    slices = trace(["threads"], count=count, switch_interval=interval)
    turn = float(summarise_trace(slices)["turn_seconds"].iloc[0])
    return turn / interval, float(find_overlaps(slices).mean())


def time_drawing() -> float:
    """Return the seconds from a long table to a finished PNG."""
    table = make_long_trace(SLICES)
    return _time(lambda: draw_png(draw_timeline(table)))


def make_long_trace(slices: int) -> pd.DataFrame:
    """Make a trace of two threads that took turns of about 5 ms, out of a short real one."""
    first = trace(["threads"], count=1_000_000).iloc[[0]]
    table = pd.concat([first] * slices, ignore_index=True)
    lengths = pd.Series([0.005 * random.uniform(0.9, 1.1) for _ in range(slices)])
    table["end_seconds"] = lengths.cumsum()
    table["start_seconds"] = table["end_seconds"] - lengths
    table["worker"] = pd.Series([1, 2] * (slices // 2), dtype="Int64")
    return table


def _time(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


BENCHMARK = Benchmark(measure, rounds=20)
