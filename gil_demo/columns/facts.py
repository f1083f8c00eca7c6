"""What every kind of table says of its machine, and what rows of one run share."""

import pandas as pd

from gil_demo.errors import ResultsError
from gil_demo.schemas import Column

_MOST_LETTERS = 60

MACHINE: dict[str, Column] = {
    "busy_percent": Column("percent"),
    "usable_cores": Column("whole"),
    "logical_cores": Column("whole"),
    "physical_cores": Column("whole", may_be_empty=True),
    "cores_limited_by": Column("text", may_be_empty=True),
    "python_version": Column("text"),
    "implementation": Column("text"),
    "gil_enabled": Column("yes_no"),
    "operating_system": Column("text"),
    "architecture": Column("text"),
    "measured_on": Column("text"),
    "recorded_on": Column("text", may_be_empty=True),
}
"""The facts of the machine, in every row of every table; `recorded_on` names the machine of a
recorded run and is empty for a run of one's own."""


def name_run(run_id: object) -> str:
    """Name a run in a message, on one line and in few letters, whatever its id is."""
    return f"run {_cut(str(run_id))}"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_LETTERS else f"{line[:_MOST_LETTERS]}..."


def check_same_facts(run: pd.DataFrame, place: str, facts: list[str]) -> None:
    """Raise a ResultsError if the rows of one run differ where they should not."""
    uneven = [name for name in facts if run[name].nunique(dropna=False) > 1]
    if uneven:
        raise ResultsError(f"{place} is no single run: its rows differ in {', '.join(uneven)}")


def check_rounds(table: pd.DataFrame, place: str) -> None:
    """Raise a ResultsError if rounds of one run differ in their number or in their machine."""
    for run_id, run in table.groupby("run_id", sort=False):
        check_same_facts(run, f"{place}, {name_run(run_id)}", ["experiment", "rounds", *MACHINE])


def check_whole_rounds(table: pd.DataFrame, place: str, variant: list[str]) -> None:
    """Raise a ResultsError unless each variant of each run has one row in each of its rounds."""
    check_rounds(table, place)
    for key, group in table.groupby(["run_id", *variant], sort=False, dropna=False):
        wanted = int(group["rounds"].iloc[0])
        if len(group) != wanted or set(group["round"]) != set(range(1, wanted + 1)):
            told = ", ".join(_cut(str(part)) for part in key[1:])
            raise ResultsError(
                f"{place}, {name_run(key[0])} is not whole: {told} has {len(group)} rows in "
                f"{group['round'].nunique()} of {wanted} rounds"
            )
