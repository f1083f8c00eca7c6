"""The work of `processes` against two interpreters that do the same halves by themselves."""

import time
from contextlib import ExitStack
from functools import partial

from gil_demo.measuring.rounds import estimate_ratio
from gil_demo.running.pools import list_start_methods
from tests.benchmarks.interpreters import SCRIPTS, hear, run_script, started, tell
from tests.benchmarks.reports import MEDIAN_HEADINGS, Benchmark, Report, make_row
from tests.benchmarks.rounds import take_rounds

WORKERS = 2
STEPS = 5_000_000
TARGET = 0.97
NOTES = [
    "1 means as fast as two interpreters that know nothing of each other. Start-up is not counted",
    "on either side; every round has fresh interpreters on both.",
]


def measure(rounds: int) -> Report:
    """Hold `processes` under each start method against the limit."""
    methods = list_start_methods()
    variants = {method: partial(time_runner, method) for method in methods}
    seconds = take_rounds("limit", {"limit": time_limit} | variants, rounds)
    rows = [
        make_row(
            f"limit / ours, {method}",
            estimate_ratio(seconds["limit"], seconds[method]),
            at_least=TARGET,
        )
        for method in methods
    ]
    return Report(
        f"limit: work of `processes`, {WORKERS} × {STEPS:,} steps, against {WORKERS} independent "
        "interpreters",
        MEDIAN_HEADINGS,
        rows,
        NOTES,
    )


def time_runner(start_method: str) -> float:
    """Return how long the work takes in a runner that has been entered."""
    return run_script("limit_ours.py", start_method, WORKERS, STEPS)[0]


def time_limit() -> float:
    """Return how long interpreters that are up take from being told to the last one's answer."""
    with ExitStack() as stack:
        script = str(SCRIPTS / "limit_interpreter.py")
        pair = [stack.enter_context(started(script)) for _ in range(WORKERS)]
        for interpreter in pair:
            hear(interpreter)
        began = time.perf_counter()
        for interpreter in pair:
            tell(interpreter, str(STEPS))
        for interpreter in pair:
            hear(interpreter)
        return time.perf_counter() - began


BENCHMARK = Benchmark(measure, rounds=70)
