"""What watching and timing cost: many tiny tasks through `processes` and through a bare Pool."""

import multiprocessing
import time
from functools import partial

from gil_demo.measuring.rounds import estimate_ratio
from gil_demo.running.pools import processes
from gil_demo.running.workloads import compute_default_chunksize, countdown
from tests.benchmarks.reports import MEDIAN_HEADINGS, Benchmark, Report, make_row
from tests.benchmarks.rounds import take_rounds

TASKS = 100_000
STEPS = 100
WORKERS = 2
CHUNKSIZES = (compute_default_chunksize(TASKS, WORKERS), 1_000, 100)
TARGET = 1.1


def measure(rounds: int) -> Report:
    """Hold `processes` against `Pool.map` with the same chunksize, both already started."""
    rows = []
    for chunksize in CHUNKSIZES:
        seconds = take_rounds(
            "guard",
            {"bare": partial(time_bare, chunksize), "ours": partial(time_ours, chunksize)},
            rounds,
        )
        ratio = estimate_ratio(seconds["ours"], seconds["bare"])
        rows.append(make_row(f"ours / Pool.map, chunks of {chunksize:,}", ratio, at_most=TARGET))
    notes = ["`processes` also tells when and where each task ran; a bare Pool tells nothing."]
    title = f"guard: {TASKS:,} tasks of {STEPS} steps, {WORKERS} workers"
    return Report(title, MEDIAN_HEADINGS, rows, notes)


def time_bare(chunksize: int) -> float:
    """Return the seconds that `Pool.map` takes."""
    with multiprocessing.Pool(WORKERS) as pool:
        pool.map(countdown, [1] * WORKERS)
        began = time.perf_counter()
        pool.map(countdown, [STEPS] * TASKS, chunksize)
        return time.perf_counter() - began


def time_ours(chunksize: int) -> float:
    """Return the seconds that `processes` takes."""
    with processes(WORKERS, chunksize=chunksize) as run:
        run(countdown, [1] * WORKERS)
        began = time.perf_counter()
        run(countdown, [STEPS] * TASKS)
        return time.perf_counter() - began


BENCHMARK = Benchmark(measure, rounds=20)
