"""Honest synthetic tables of echo rounds and of workloads, to test with."""

from collections.abc import Mapping, Sequence

import pandas as pd

from gil_demo.measuring.runs import RUNS
from gil_demo.tables.schema import make_table
from gil_demo.waiting.convoy import EXCHANGES
from gil_demo.waiting.workloads import WORKLOADS
from tests.made.runs import FACTS, make_rows, spread

Rates = Mapping[tuple[str, float], Sequence[float]]
SpeedUps = Mapping[str, Mapping[str, Sequence[float]]]

SERVED: Rates = {
    ("nothing", 0.005): spread(30_000),
    ("thread", 0.005): spread(100),
    ("process", 0.005): spread(20_000),
}
SWEPT: Rates = {
    ("nothing", 0.005): spread(30_000),
    ("thread", 0.0005): spread(1_000),
    ("thread", 0.005): spread(100),
    ("thread", 0.02): spread(25),
}


def make_serve_table(rates: Rates = SERVED, **facts: object) -> pd.DataFrame:
    """Make the table of one run of an echo server.

    A round takes about a quarter of a second; the median latency is 0.9 and that of the slowest
    1 % is twice what the rate would have it.

    Args:
        rates: for each neighbour with its switch interval, the requests a second in each round.
        facts: values of columns that differ from an ordinary machine's.
    """
    rows = [
        FACTS
        | {
            "run_id": "e1f2a3",
            "experiment": "serve",
            "beside": beside,
            "switch_interval_seconds": interval,
            "round": number,
            "rounds": len(figures),
            "position": position,
            "requests": (requests := max(1, round(0.25 * figures[number - 1]))),
            "seconds": requests / figures[number - 1],
            "latency_median_seconds": 0.9 / figures[number - 1],
            "latency_p99_seconds": 2 / figures[number - 1],
        }
        | facts
        for number in range(1, len(next(iter(rates.values()))) + 1)
        for position, ((beside, interval), figures) in enumerate(rates.items(), start=1)
    ]
    return make_table(rows, EXCHANGES)


ORDINARY_SPEED_UPS: SpeedUps = {
    name: {"threads": spread(1.0 if name == "sorting" else 1.9), "processes": spread(1.8)}
    for name in WORKLOADS
}


def make_workload_table(
    speed_ups: SpeedUps = ORDINARY_SPEED_UPS, workers: int = 2, **facts: object
) -> pd.DataFrame:
    """Make a table of several workloads, with a run for each.

    Args:
        speed_ups: for each workload the runners, each with its speed-up in each round.
        workers: how many threads and processes there were.
        facts: values of columns that differ from an ordinary machine's.
    """
    rows = []
    for name, runners in speed_ups.items():
        ratios = {(runner, workers): [1 / one for one in ups] for runner, ups in runners.items()}
        told: dict[str, object] = {
            "experiment": "workloads",
            "workload": name,
            "run_id": f"of {name}",
        }
        told |= {"count": 60 * workers, "tasks": workers, "stopped_by": "budget"}
        rows += make_rows(ratios, **told | facts)  # type: ignore[arg-type]
    return make_table(rows, RUNS)
