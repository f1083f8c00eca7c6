"""Two threads over one under every Python of this computer: Beazley's slowdown, and no GIL."""

import pandas as pd

from gil_demo.measuring.estimates import Estimate, estimate_median
from gil_demo.pythons.measure import compare_interpreters
from gil_demo.pythons.search import find_pythons
from gil_demo.pythons.table import MEASURED
from tests.benchmarks.reports import MEDIAN_HEADINGS, Benchmark, Report, Row, make_row

SECONDS_A_ROUND = 0.17
OLD, FREE = "2.7", "off"
NOTES = [
    "Ratios are taken round by round inside each interpreter. The old lock's fight and the threads",
    "without a lock need two free cores.",
]


def measure(rounds: int) -> Report:
    """Hold two threads against one under each interpreter that is found."""
    ready = sum(not python.state for python in find_pythons())
    table = compare_interpreters(budget=ready * rounds * SECONDS_A_ROUND)
    rows, notes = [], [*NOTES]
    for name, own in table.groupby("interpreter", sort=False):
        if own["state"].iloc[0] == MEASURED:
            rows.append(_judge(str(name), own))
        else:
            notes.append(f"{name}: {own['state'].iloc[0]}.")
    if not table["version"].str.startswith(OLD).any():
        notes.append(f"Python {OLD} is not on this machine: its target was not tested.")
    if FREE not in set(table["gil"]):
        notes.append("No free-threaded Python is on this machine: its target was not tested.")
    title = "pythons: two threads over one, one countdown split between them"
    return Report(title, MEDIAN_HEADINGS, rows, notes)


def _judge(name: str, own: pd.DataFrame) -> Row:
    ratio = _estimate(own)
    if own["version"].iloc[0].startswith(OLD):
        return make_row(name, ratio, at_least=1.3)
    return (
        make_row(name, ratio, at_most=0.7) if own["gil"].iloc[0] == FREE else make_row(name, ratio)
    )


def _estimate(own: pd.DataFrame) -> Estimate:
    times = own.pivot_table(index="round", columns="runner", values="seconds")
    return estimate_median(list(times["threads"] / times["sequential"]))


BENCHMARK = Benchmark(measure, rounds=24)
