from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from gil_demo.classroom.table import CLASS
from tests.made.runs import make

Machines = Mapping[str, Mapping[str, Any]]

ORDINARY_MACHINES: Machines = {
    "anna": {"threads": 1.02, "processes": 0.55},
    "ben": {"threads": 1.1, "processes": 0.52, "usable_cores": 4},
    "cleo": {"threads": 1.05, "processes": 0.6, "operating_system": "Darwin", "method": "spawn"},
    "dan": {"threads": 0.99, "processes": 0.54, "python_version": "3.9.1"},
    "eve": {"threads": 0.56, "processes": 0.53, "gil_enabled": False},
    "finn": {"threads": 2.3, "processes": 0.58, "operating_system": "Windows", "method": "spawn"},
    "gus": {"threads": 1.04, "processes": 1.01, "usable_cores": 1},
}
STARTS = {"fork": 0.01, "forkserver": 0.05, "spawn": 0.1}


def make_class_table(machines: Machines = ORDINARY_MACHINES, **facts: object) -> pd.DataFrame:
    """Make the table of a class: by file the times of threads and processes over the loop's."""
    rows = []
    for file, told in machines.items():
        own: dict[str, Any] = {"method": "fork", "workers": 2, **told}
        method, workers = own.pop("method"), own.pop("workers")
        ratios = {name: own.pop(name) for name in ("threads", "processes") if name in own}
        for runner, ratio in [("sequential", 1.0), *ratios.items()]:
            starts = STARTS[method] if runner == "processes" else 0.0
            row = {
                "run_id": f"run-{file}", "file": file, "runner": runner, "rounds": 8,
                "workers": 1 if runner == "sequential" else workers,
                "start_method": method if starts else "", "seconds": 0.2 * ratio,
                "start_up_seconds": starts, "tear_down_seconds": starts / 2,
                "cold_speed_up": 0.2 / (0.2 * ratio + 1.5 * starts),
            }  # fmt: skip
            for name, figure in (("time_ratio", ratio), ("speed_up", 1 / ratio)):
                row |= {name: figure, f"{name}_low": figure * 0.97, f"{name}_high": figure * 1.03}
            rows.append(row | own)
    return make(CLASS, rows, facts)


def number_machines(ratios: Sequence[float]) -> Machines:
    return {f"m{n:03}": {"threads": ratio, "processes": 0.55} for n, ratio in enumerate(ratios)}
