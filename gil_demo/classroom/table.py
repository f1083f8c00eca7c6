"""A class as a table: what many machines' runs sum up to, and which of them are like which."""

import math
import re

import numpy as np
import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.measuring.estimates import LEAST_ROUNDS
from gil_demo.measuring.machine import name_system
from gil_demo.measuring.runs import VARIANT
from gil_demo.tables.schema import MACHINE, Column, make_schema, name_run
from gil_demo.words import find_machine_reservations


def _check_ways(table: pd.DataFrame, place: str) -> None:
    for run_id in table["run_id"][table.duplicated(["run_id", *VARIANT])]:
        raise ResultsError(f"{place} has a way of running twice in {name_run(run_id)}")


CLASS = make_schema(
    "runs of a class",
    ("class",),
    {
        **dict.fromkeys(("file", "runner"), Column("text")),
        "workers": Column("whole"),
        "start_method": Column("text", may_be_empty=True),
        "rounds": Column("whole"),
        "seconds": Column("duration"),
        **dict.fromkeys(("start_up_seconds", "tear_down_seconds"), Column("seconds")),
        "time_ratio": Column("rate"),
        **dict.fromkeys(("time_ratio_low", "time_ratio_high"), Column("rate", may_be_empty=True)),
        "speed_up": Column("rate"),
        **dict.fromkeys(("speed_up_low", "speed_up_high"), Column("rate", may_be_empty=True)),
        "cold_speed_up": Column("rate"),
    },
    _check_ways,
    alike=("file", "rounds"),
)
"""A row for each way of running on each machine; `file` is the name that the reader chose."""

MOST_GROUPS = 10
OTHERS = "all others"


def summarise_class(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up a class by runner: its machines, and their median, least and largest time ratio."""
    rows = []
    for runner in ("threads", "processes"):
        ratios = pick_machines(table, runner)["time_ratio"]
        if len(ratios):
            rows.append((runner, len(ratios), ratios.median(), ratios.min(), ratios.max()))
    names = ["runner", "machines", "time_ratio", "time_ratio_low", "time_ratio_high"]
    return pd.DataFrame(rows, columns=names)


def pick_machines(table: pd.DataFrame, runner: str) -> pd.DataFrame:
    """Pick one row a machine, the run with two workers or the next more; add what charts show."""
    own = table[(table["runner"] == runner) & (table["workers"] >= 2)]
    picked = own.sort_values("workers", kind="stable").drop_duplicates("run_id")
    methods = picked["start_method"].map(lambda method: f", {method}" if method else "")
    versions = picked["python_version"].str.extract(r"(\d+\.\d+)", expand=False)
    brands = picked["implementation"].map(lambda name: "" if name == "CPython" else f"{name} ")
    locks = picked["gil_enabled"].map({True: "", False: " without the GIL"})
    return picked.assign(
        system=picked["operating_system"].map(name_system) + methods,
        python=brands + versions + locks,
        starts=picked["start_up_seconds"] + picked["tear_down_seconds"],
        is_judged=find_judged(picked),
    ).sort_index()


def find_judged(machines: pd.DataFrame) -> "pd.Series[bool]":
    judged = [
        first["rounds"] >= LEAST_ROUNDS and not find_machine_reservations(first, first["workers"])
        for first in machines[[*MACHINE, "rounds", "workers"]].to_dict("records")
    ]
    return pd.Series(judged, index=machines.index, dtype=bool)


def find_ideal(machines: pd.DataFrame) -> "pd.Series[float]":
    """Return the speed-up that each machine could have at best: a core for each worker."""
    return machines[["workers", "usable_cores"]].min(axis="columns").astype(float)


def name_groups(machines: pd.DataFrame, column: str) -> list[str]:
    """List the groups of machines to show: the largest ones, in order, and one for the rest."""
    sizes = machines[column].value_counts()
    # "3.9" comes before "3.13": by the numbers in a name, then by the name
    names = sorted(
        sizes.index[:MOST_GROUPS],
        key=lambda name: ([int(number) for number in re.findall(r"[0-9]+", name)[:2]], name),
    )
    return [*names, OTHERS] if len(sizes) > MOST_GROUPS else names


def find_outliers(values: "pd.Series[float]") -> "pd.Series[float]":
    """Return the values that are far from the others, the farthest first.

    The modified z-score of their logarithms is above 3.5 (B. Iglewicz and D. Hoaglin, "How to
    detect and handle outliers", 1993), and they are a quarter off the median or more. Among fewer
    than five values there are none.
    """
    logs = pd.Series(np.log(values.to_numpy(dtype=float)), index=values.index)
    distances = (logs - logs.median()).abs()
    limit = max(3.5 * distances.median() / 0.6745, math.log(1.25))
    far = distances[(distances > limit) & (len(values) >= 5)]
    return values.loc[far.sort_values(ascending=False, kind="stable").index]
