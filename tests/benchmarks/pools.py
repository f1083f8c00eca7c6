"""What `processes` and `import gil_demo` cost, against bare pools, interpreters and engines."""

import multiprocessing
import operator
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from gil_demo.measuring.estimates import estimate_median
from gil_demo.measuring.rounds import estimate_ratio
from gil_demo.running.pools import list_start_methods, processes
from gil_demo.running.runners import ENGINES, find_missing
from gil_demo.running.workloads import compute_default_chunksize, countdown
from tests.benchmarks.harness import (
    Report,
    Row,
    clock,
    hear,
    make_row,
    run_script,
    started,
    take_rounds,
    tell,
)

WORKERS = 2
LIMIT_STEPS = 5_000_000
TINY_TASKS = 100_000


def limit(rounds: int) -> Report:
    """Hold the work of `processes` against two interpreters that do the same by themselves."""
    methods = list_start_methods()
    ours = partial(run_script, "limit.py", WORKERS, LIMIT_STEPS)
    variants = {method: partial(ours, method) for method in methods}
    figures = take_rounds("limit", {"limit": _time_limit} | variants, rounds)
    seconds = {name: [one for (one,) in own] for name, own in figures.items()}
    ratios = {method: estimate_ratio(seconds["limit"], seconds[method]) for method in methods}
    return Report(
        f"limit: work of `processes`, {WORKERS} × {LIMIT_STEPS:,} steps, against {WORKERS} "
        "independent interpreters",
        [make_row(f"limit / ours, {name}", ratio, ">= 0.97") for name, ratio in ratios.items()],
        [
            "1 means as fast as two interpreters that know nothing of each other. Start-up is not "
            "counted on either side; every round has fresh interpreters on both."
        ],
    )


def _time_limit() -> list[float]:
    """Return how long interpreters that are up take from being told to the last one's answer."""
    with ExitStack() as stack:
        pair = [stack.enter_context(started("limit.py")) for _ in range(WORKERS)]
        for interpreter in pair:
            hear(interpreter)
        began = time.perf_counter()
        for interpreter in pair:
            tell(interpreter, str(LIMIT_STEPS))
        for interpreter in pair:
            hear(interpreter)
        return [time.perf_counter() - began]


def guard(rounds: int) -> Report:
    """Hold many tiny tasks through `processes` against `Pool.map`, both already started."""
    rows = []
    for chunksize in (compute_default_chunksize(TINY_TASKS, WORKERS), 1_000, 100):
        variants = {"bare": partial(_time_bare, chunksize), "ours": partial(_time_ours, chunksize)}
        seconds = take_rounds("guard", variants, rounds)
        ratio = estimate_ratio(seconds["ours"], seconds["bare"])
        rows.append(make_row(f"ours / Pool.map, chunks of {chunksize:,}", ratio, "<= 1.1"))
    return Report(f"guard: {TINY_TASKS:,} tasks of 100 steps, {WORKERS} workers", rows)


def _time_bare(chunksize: int) -> float:
    with multiprocessing.Pool(WORKERS) as pool:
        pool.map(countdown, [1] * WORKERS)
        return clock(lambda: pool.map(countdown, [100] * TINY_TASKS, chunksize))


def _time_ours(chunksize: int) -> float:
    with processes(WORKERS, chunksize=chunksize) as run:
        run(countdown, [1] * WORKERS)
        return clock(lambda: run(countdown, [100] * TINY_TASKS))


POOLS = ["ours", "bare Pool", "ProcessPoolExecutor", "loky"]
TURNS = 3


def start_up(rounds: int) -> Report:
    """Hold cold start, tasks of nothing and tear-down of `processes` against other pools."""
    groups = {method: partial(_take_turns, method) for method in list_start_methods()}
    figures = take_rounds("start_up", groups, rounds, warm_ups=0)
    rows, seconds = [], []
    for method, own in figures.items():
        for name in POOLS:
            median = statistics.median(one for times in own for one in times[name])
            seconds.append(f"  {f'{method}: {name}':<42}{1000 * median:7.1f}")
            if name != "ours":
                ratios = [
                    statistics.median(map(operator.truediv, times["ours"], times[name]))
                    for times in own
                ]
                target = "<= 1.05" if name == "bare Pool" else "< 1"
                rows.append(make_row(f"{method}: {name}", estimate_median(ratios), target))
    return Report(
        "start_up: cold start, a task of nothing for each of 2 workers, tear-down; ours against",
        rows,
        [
            "Ours and the bare Pool wait until both workers are ready; the others wait for both "
            "when they are shut down. loky starts workers in a way of its own. Each round starts "
            "every script afresh and has them start their pools in turn; a script's first start, "
            "which also starts helper processes of multiprocessing and loads modules, is not "
            "counted. Ours is imported below the script's __main__ guard.",
            "Medians in milliseconds:",
            *seconds,
        ],
    )


def _take_turns(method: str) -> dict[str, list[float]]:
    """Start scripts and let them time their pools in turn; return each one's seconds."""
    seconds: dict[str, list[float]] = {name: [] for name in POOLS}
    with ExitStack() as stack:
        pools = {name: stack.enter_context(started("start_up.py", name, method)) for name in POOLS}
        for turn in range(TURNS + 1):
            for name in random.sample(POOLS, len(POOLS)):
                tell(pools[name], "once")
                answer = float(hear(pools[name]))
                if turn:
                    seconds[name].append(answer)
    return seconds


def imports(rounds: int) -> Report:
    """Time `import gil_demo` in fresh interpreters."""
    variants = {
        text: partial(clock, partial(subprocess.run, [sys.executable, "-c", text], check=True))
        for text in ("pass", "import gil_demo")
    }
    seconds = take_rounds("import", variants, rounds)
    more = [1000 * (ours - bare) for bare, ours in zip(*seconds.values(), strict=True)]
    row = make_row("milliseconds more", estimate_median(more), "<= 15", decimals=1)
    return Report('import: python -c "import gil_demo" against python -c pass', [row])


PYPERF_OPTIONS = ("--processes=3", "--values=3", "--warmups=1", "--loops=1", "--quiet")


def spread(rounds: int) -> Report:
    """Ask each of three ways for the speed-up of two processes, and see how answers differ."""
    ways = {
        "ours": partial(run_script, "spread.py", "ours"),
        "naive": partial(run_script, "spread.py", "naive"),
        "pyperf": partial(run_script, "spread_pyperf.py", *PYPERF_OPTIONS),
    }
    answers = take_rounds("spread", ways, rounds, warm_ups=0)
    ours, naive, means, medians = (
        [*one] for way in answers.values() for one in zip(*way, strict=True)
    )
    least = min(map(statistics.stdev, (naive, means, medians)))
    return Report(
        "spread: standard deviation of the speed-up of two processes, from run to run",
        [
            _make_spread("compare, 4 s", ours)._replace(
                target=f"< {least:.3f}", is_met=statistics.stdev(ours) < least
            ),
            _make_spread("one naive timing", naive),
            _make_spread("pyperf, means", means),
            _make_spread("pyperf, medians", medians),
        ],
        ["Each run is an interpreter of its own."],
        ("spread", "all within", "runs"),
    )


def _make_spread(name: str, values: Sequence[float]) -> Row:
    ends = f"{min(values):.2f} to {max(values):.2f}"
    cells = f"{statistics.stdev(values):.3f}", ends, str(len(values))
    return Row(f"{name} (median {statistics.median(values):.2f})", cells)


def engines(rounds: int) -> Report:
    """Hold tasks of nothing through gil_demo against the same tasks handed to the engine."""
    missing = {name: find_missing(name) for name in ENGINES}
    here = [name for name, reason in missing.items() if not reason]
    variants = {name: partial(run_script, "engine_ours.py", name, 300, 12) for name in here}
    figures = take_rounds("engines", variants, rounds, warm_ups=0)
    medians = {name: [*map(statistics.median, own)] for name, own in figures.items()}
    rows = [
        make_row(f"{name}: a task of nothing", estimate_median(own), "<= 1.05")
        for name, own in medians.items()
    ]
    return Report(
        "engines: a task of nothing through gil_demo against the engine directly",
        rows,
        [
            "Each round starts two workers of an engine, on this machine; tasks of one step go "
            "through gil_demo and directly to the same workers, in turn. A round's figure is a "
            "median.",
            *(f"Left out: {name}: {reason}." for name, reason in missing.items() if reason),
        ],
    )
