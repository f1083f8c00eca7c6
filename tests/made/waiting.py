from collections.abc import Mapping
from typing import Any

import pandas as pd

from gil_demo.waiting.convoy import EXCHANGES
from gil_demo.waiting.workloads import WORKLOADS
from tests.made.runs import Measured, make_rounds, make_run, spread

SERVED: Measured = {
    (name, 0.005): spread(rate)
    for name, rate in (("nothing", 30_000), ("thread", 100), ("process", 20_000))
}
SWEPT: Measured = {
    ("nothing", 0.005): spread(30_000),
    **{("thread", interval): spread(0.5 / interval) for interval in (0.0005, 0.005, 0.02)},
}


def make_serve_table(rates: Measured = SERVED, **facts: object) -> pd.DataFrame:
    """Make the table of an echo server, by neighbour and interval the requests a second.

    A round takes about a quarter of a second; the median latency is 0.9 and that of the slowest
    1 % is twice what the rate would have it.
    """
    measured = {}
    for key, own in rates.items():
        counts = [max(1, round(0.25 * rate)) for rate in own]
        seconds = [count / rate for count, rate in zip(counts, own, strict=True)]
        measured[key] = counts, seconds, [0.9 / rate for rate in own], [2 / rate for rate in own]
    values = "requests seconds latency_median_seconds latency_p99_seconds"
    return make_rounds(EXCHANGES, measured, "beside switch_interval_seconds", values, facts)


ORDINARY_SPEED_UPS: Mapping[str, Measured] = {
    name: {"threads": spread(1.0 if name == "sorting" else 1.9), "processes": spread(1.8)}
    for name in WORKLOADS
}


def make_workload_table(
    speed_ups: Mapping[str, Measured] = ORDINARY_SPEED_UPS, workers: int = 2, **facts: object
) -> pd.DataFrame:
    """Make a table of workloads, a run for each, by their runners' speed-ups in each round."""
    told: dict[str, Any] = {"experiment": "workloads", "count": 60 * workers, "tasks": workers}
    runs = []
    for name, runners in speed_ups.items():
        ratios = {(runner, workers): [1 / one for one in ups] for runner, ups in runners.items()}
        own = {"workload": name, "run_id": f"of {name}", "stopped_by": "budget"}
        runs.append(make_run(ratios, **(told | own | facts)))
    return pd.concat(runs, ignore_index=True)
