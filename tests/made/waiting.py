"""Honest synthetic tables of echo rounds and of workloads, to test with."""

from collections.abc import Mapping, Sequence

import pandas as pd

from gil_demo.measuring.runs import RUNS
from gil_demo.tables.schema import MACHINE, make_table
from gil_demo.waiting.convoy import EXCHANGES
from gil_demo.waiting.workloads import WORKLOADS
from tests.conftest import make_rows, spread

FACTS = {name: make_rows()[0][name] for name in MACHINE}

SERVED = {
    ("nothing", 0.005): spread(30_000),
    ("thread", 0.005): spread(100),
    ("process", 0.005): spread(20_000),
}
SWEPT = {
    ("nothing", 0.005): spread(30_000),
    ("thread", 0.0005): spread(1_000),
    ("thread", 0.005): spread(100),
    ("thread", 0.02): spread(25),
}


def make_exchange_rows(
    rates: Mapping[tuple[str, float], Sequence[float]] | None = None, **facts: object
) -> list[dict[str, object]]:
    """Make rows of one run of an echo server.

    Args:
        rates: for each neighbour with its switch interval, the requests a second in each round.
        facts: values of columns that differ from an ordinary machine's.

    Returns:
        One dict a round of each neighbour. A round takes about a quarter of a second; the median
        latency is 0.9 and that of the slowest 1 % is twice what the rate would have it.
    """
    chosen = SERVED if rates is None else rates
    rounds = len(next(iter(chosen.values())))
    rows = []
    for number in range(rounds):
        for position, ((beside, interval), figures) in enumerate(chosen.items(), start=1):
            requests = max(1, round(0.25 * figures[number]))
            row = FACTS | {
                "run_id": "e1f2a3",
                "experiment": "serve",
                "beside": beside,
                "switch_interval_seconds": interval,
                "round": number + 1,
                "rounds": rounds,
                "position": position,
                "requests": requests,
                "seconds": requests / figures[number],
                "latency_median_seconds": 0.9 / figures[number],
                "latency_p99_seconds": 2 / figures[number],
            }
            rows.append(row | facts)
    return rows


def make_serve_table(
    rates: Mapping[tuple[str, float], Sequence[float]] | None = None, **facts: object
) -> pd.DataFrame:
    """Make the table of one run of an echo server; see `make_exchange_rows`."""
    return make_table(make_exchange_rows(rates, **facts), EXCHANGES)


ORDINARY_SPEED_UPS = {
    name: {"threads": spread(1.0 if name == "sorting" else 1.9), "processes": spread(1.8)}
    for name in WORKLOADS
}


def make_workload_table(
    speed_ups: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
    workers: int = 2,
    **facts: object,
) -> pd.DataFrame:
    """Make a table of several workloads, with a run for each.

    Args:
        speed_ups: for each workload the runners, each with its speed-up in each round.
        workers: how many threads and processes there were.
        facts: values of columns that differ from an ordinary machine's.

    Returns:
        The table, as `compare_workloads` gives it.
    """
    chosen = ORDINARY_SPEED_UPS if speed_ups is None else speed_ups
    rows = []
    for name, runners in chosen.items():
        ratios = {(runner, workers): [1 / one for one in ups] for runner, ups in runners.items()}
        described = {"experiment": "workloads", "workload": name, "run_id": f"of {name}"}
        ordinary = {"count": 60 * workers, "tasks": workers, "stopped_by": "budget"}
        rows += make_rows(ratios, **described | ordinary | facts)  # type: ignore[arg-type]
    return make_table(rows, RUNS)
