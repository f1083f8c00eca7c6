"""What a class's table sums up to: one figure a machine, groups of machines, and outliers."""

import math

import numpy as np
import pandas as pd

from gil_demo.columns import CLASS
from gil_demo.columns.classroom import MADE_UP
from gil_demo.results import check_kind

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
