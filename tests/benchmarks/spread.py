"""How far the reported speed-up strays from run to run, against two other ways to measure it."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from tests.benchmarks.interpreters import run_script
from tests.benchmarks.reports import Benchmark, Report, Row
from tests.benchmarks.rounds import take_rounds

BUDGET_SECONDS = 4.0
NAIVE_COUNT = 10_000_000
PYPERF = ["--processes=3", "--values=3", "--warmups=1", "--loops=1", "--quiet"]


class Answer(NamedTuple):
    """What one measurement said, and how long it took.

    Attributes:
        speed_ups: sequential time over that of two processes, by how they were averaged.
        seconds: from the start of the interpreter to its end.
    """

    speed_ups: dict[str, float]
    seconds: float


def measure(rounds: int) -> Report:
    """Ask each way for the speed-up once a round and see how much its answers differ."""
    ways: dict[str, Callable[[], Answer]] = {
        "ours": partial(ask, "spread_ours.py", ["compare, 4 s"], [BUDGET_SECONDS]),
        "naive": partial(ask, "spread_naive.py", ["one naive timing"], [NAIVE_COUNT]),
        "pyperf": partial(ask, "spread_pyperf.py", ["pyperf, means", "pyperf, medians"], PYPERF),
    }
    answers = take_rounds("spread", ways, rounds, warm_ups=0)
    spreads = {
        name: [answer.speed_ups[name] for answer in group]
        for group in answers.values()
        for name in group[0].speed_ups
    }
    return Report(
        "spread: standard deviation of the speed-up of two processes, from run to run",
        ("spread", "all within", "runs"),
        _make_rows(spreads),
        ["Each run is an interpreter of its own. In the median they took", _list_times(answers)],
    )


def ask(script: str, names: Sequence[str], arguments: Sequence[object]) -> Answer:
    """Measure the speed-up once; the script prints it, once for each name."""
    began = time.monotonic()
    numbers = run_script(script, *arguments)
    return Answer(dict(zip(names, numbers, strict=True)), time.monotonic() - began)


def _make_rows(spreads: dict[str, list[float]]) -> list[Row]:
    (our_name, ours), *others = spreads.items()
    least = min(statistics.stdev(values) for _, values in others)
    return [
        _make_row(our_name, ours, f"< {least:.3f}", statistics.stdev(ours) < least),
        *(_make_row(name, values, "", None) for name, values in others),
    ]


def _make_row(name: str, values: Sequence[float], target: str, is_met: bool | None) -> Row:
    spread = f"{statistics.stdev(values):.3f}"
    ends = f"{min(values):.2f} to {max(values):.2f}"
    label = f"{name} (median {statistics.median(values):.2f})"
    return Row(label, (spread, ends, str(len(values))), target, is_met)


def _list_times(answers: Mapping[str, Sequence[Answer]]) -> str:
    medians = {
        name: statistics.median(answer.seconds for answer in group)
        for name, group in answers.items()
    }
    return ", ".join(f"{name} {median:.1f} s" for name, median in medians.items())


BENCHMARK = Benchmark(measure, rounds=10)
