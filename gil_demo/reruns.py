"""Runs that a class holds twice: copies of one run, and runs that were done again later."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from gil_demo.columns import VARIANT
from gil_demo.folders import show_text
from gil_demo.results import list_rows

UNNAMED = "threads-versus-processes"
_NAME = re.compile(r"(.*?)(?:[-_ ]?(\d{8}-\d{6}))?(?: ?\((\d{1,6})\))?")
_SAME_MACHINE = [
    *("python_version", "implementation", "gil_enabled", "operating_system", "architecture"),
    *("usable_cores", "logical_cores", "cores_limited_by"),
]
_FIGURES = ["seconds", "time_ratio", "cold_speed_up"]


class _Labels(NamedTuple):
    """What a file's name says: whose it is, of which moment, and which copy."""

    owner: str
    moment: str
    copy: int


def find_spares(summary: pd.DataFrame) -> dict[str, str]:
    """Find the runs of a class that another run stands for.

    A run that is there twice counts once, in the first file that has it. Of several runs of one
    machine under one name the last counts: by the day of the measurement, then by the moment and
    the number of the copy in the file's name, then by their order.

    Args:
        summary: a row for each way of running, with key (of the run, unique), name (the file's),
            run_id, and the facts of the machine.

    Returns:
        For the key of each run that doesn't count the reason.
    """
    runs = list_rows(summary.drop_duplicates("key"))
    ways, figures = _collect(summary, VARIANT), _collect(summary, _FIGURES)
    spares: dict[str, str] = {}
    first: dict[str, Any] = {}
    for run in runs:
        other = first.setdefault(run.run_id, run)
        if other is not run:
            is_same = figures[run.key] == figures[other.key]
            fault = (
                "the same run is in" if is_same else "a run of the same id, but not alike, is in"
            )
            spares[run.key] = f"{fault} {show_text(other.name)}"
    again: dict[Any, list[Any]] = {}
    for run in runs:
        labels = read_name(run.name)
        if run.key not in spares and labels.owner != UNNAMED:
            machine = (str(getattr(run, fact)) for fact in _SAME_MACHINE)
            again.setdefault((labels.owner, ways[run.key], *machine), []).append(run)
    for alike in again.values():
        spares |= _keep_last(alike)
    return spares


def read_name(name: str) -> _Labels:
    """Read what the name of a file says of whose it is, of which moment, and which copy."""
    stem = name[: -len(".csv")] if name.lower().endswith(".csv") else name
    found = _NAME.fullmatch(stem)
    if found is None or not found[1]:
        return _Labels(stem.casefold(), "", 0)
    return _Labels(found[1].casefold(), found[2] or "", int(found[3] or 0))


def _keep_last(runs: Sequence[Any]) -> dict[str, str]:
    ordered = sorted(runs, key=lambda run: (run.measured_on, *read_name(run.name)[1:]))
    *earlier, last = ordered
    return {run.key: f"measured again later: {show_text(last.name)} counts" for run in earlier}


def _collect(summary: pd.DataFrame, columns: list[str]) -> dict[str, tuple[Any, ...]]:
    """Collect what the rows of each run say in some columns."""
    collected: dict[str, tuple[Any, ...]] = {}
    for key, *values in summary[["key", *columns]].itertuples(index=False, name=None):
        collected[key] = (*collected.get(key, ()), *values)
    return collected
