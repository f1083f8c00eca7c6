"""The columns of a class: what many machines' runs sum up to, a row for each way of running."""

import math

import numpy as np
import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.measuring.runs import VARIANT
from gil_demo.tables.schema import MACHINE, Column, Schema, check_kind, check_same_facts
from gil_demo.words import MADE_UP


def _check_class(table: pd.DataFrame, place: str) -> None:
    ways = ["run_id", *VARIANT]
    twice = table[table.duplicated(ways)]
    if len(twice):
        raise ResultsError(f"{place} has a way of running twice in run {twice['run_id'].iloc[0]}")
    shared = ["file", "rounds", *MACHINE]
    uneven = table.groupby("run_id", sort=False)[shared].nunique(dropna=False).max(axis="columns")
    for run_id in uneven.index[uneven > 1]:
        check_same_facts(table[table["run_id"] == run_id], f"{place}, run {run_id}", shared)


CLASS = Schema(
    "runs of a class",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("class",)),
        "file": Column("text"),
        "runner": Column("text"),
        "workers": Column("whole"),
        "start_method": Column("text", may_be_empty=True),
        "rounds": Column("whole"),
        "seconds": Column("duration"),
        "start_up_seconds": Column("seconds"),
        "tear_down_seconds": Column("seconds"),
        "time_ratio": Column("rate"),
        "time_ratio_low": Column("rate", may_be_empty=True),
        "time_ratio_high": Column("rate", may_be_empty=True),
        "speed_up": Column("rate"),
        "speed_up_low": Column("rate", may_be_empty=True),
        "speed_up_high": Column("rate", may_be_empty=True),
        "cold_speed_up": Column("rate"),
    }
    | MACHINE,
    _check_class,
)
"""A row for each way of running on each machine; `file` is the name that the reader chose."""

MOST_GROUPS = 10

OTHERS = "all others"

_SYSTEMS = {"Darwin": "macOS"}

_LIMIT = 3.5

_SCALE = 0.6745

_LEAST_FACTOR = 1.25

_LEAST_MACHINES = 5


def pick_machines(table: pd.DataFrame, runner: str) -> pd.DataFrame:
    """Pick one row a machine: the run with two workers, or with the next larger number.

    Args:
        table: a table as `gather` gives it.
        runner: threads or processes.

    Returns:
        The rows, with the columns system (the operating system and, for processes, the start
        method) and python (the version, and whether it has no GIL) added.

    Raises:
        ResultsError: the table is not of this kind.
    """
    check_kind(table, CLASS)
    own = table[(table["runner"] == runner) & (table["workers"] >= 2)]
    picked = own.sort_values("workers", kind="stable").drop_duplicates(["run_id", "start_method"])
    systems = picked["operating_system"].replace(_SYSTEMS)
    methods = picked["start_method"].map(lambda method: f", {method}" if method else "")
    versions = picked["python_version"].str.extract(r"(\d+\.\d+)", expand=False)
    brands = picked["implementation"].map(lambda name: "" if name == "CPython" else f"{name} ")
    locks = picked["gil_enabled"].map({True: "", False: " without the GIL"})
    return picked.assign(system=systems + methods, python=brands + versions + locks).sort_index()


def name_groups(machines: pd.DataFrame, column: str) -> list[str]:
    """List the groups of machines to show: the largest ones, in order, and one for the rest."""
    sizes = machines[column].value_counts()
    names = sorted(sizes.index[:MOST_GROUPS], key=_order)
    return [*names, OTHERS] if len(sizes) > MOST_GROUPS else names


def _order(name: str) -> tuple[list[int], str]:
    """Order "3.9" before "3.13": by the numbers in a name, then by the name."""
    numbers = "".join(letter if letter.isdigit() else " " for letter in name).split()
    return [int(number) for number in numbers[:2]], name


def find_outliers(values: "pd.Series[float]") -> "pd.Series[bool]":
    """Find the values that are far from the others.

    The modified z-score of the logarithms is above 3.5 (B. Iglewicz and D. Hoaglin, "How to
    detect and handle outliers", 1993), and the value is a quarter off the median or more.

    Args:
        values: numbers above 0, one a machine.

    Returns:
        Whether each is one; none is where there are fewer than five.
    """
    logs = pd.Series(np.log(values.to_numpy(dtype=float)), index=values.index)
    distances = (logs - logs.median()).abs()
    spread = distances.median()
    is_far = _SCALE * distances > _LIMIT * spread
    return is_far & (distances > math.log(_LEAST_FACTOR)) & (len(values) >= _LEAST_MACHINES)


def is_made_up(table: pd.DataFrame) -> bool:
    """Tell whether any run of a class was made up."""
    return bool(table["recorded_on"].str.startswith(MADE_UP).any())


def summarise_class(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up a class: for threads and processes, how many machines and what their runs took.

    Args:
        table: a table as `gather` gives it.

    Returns:
        The columns runner, machines, and time_ratio with time_ratio_low and time_ratio_high (the
        median, the least and the most of the machines' times over that of their plain loop).
    """
    rows = []
    for runner in ("threads", "processes"):
        ratios = pick_machines(table, runner)["time_ratio"]
        if not ratios.empty:
            ends = {"time_ratio_low": ratios.min(), "time_ratio_high": ratios.max()}
            rows.append(
                {"runner": runner, "machines": len(ratios), "time_ratio": ratios.median()} | ends
            )
    return pd.DataFrame(rows)
