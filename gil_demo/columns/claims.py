"""The columns of the scorecard: what was measured to test each of the lesson's claims."""

import pandas as pd

from gil_demo.columns.facts import MACHINE, check_same_facts, name_run
from gil_demo.errors import ResultsError
from gil_demo.schemas import Column, Schema

QUANTITIES = {
    "C1": ("time_ratio", "time_ratio_low", "time_ratio_high"),
    "C2": ("processes_together", "threads_together"),
    "C3": ("pool_workers",),
    "C4": ("one_task", "as_many", "one_more", "four_each"),
    "C5": ("most_at_once", "gap_seconds", "task_seconds", "tasks_at_once_of_100"),
    "C6": ("workers_after_with", "jobs", "jobs_lost"),
    "C7": ("threads_end", "processes_end", "spawned_end", "guarded_end"),
}
"""What is measured for each claim: ratios and shares without a unit, seconds, or numbers of
workers, tasks and jobs; those whose name ends in `_end` are 1 where a script came to its end."""
_NAMES = tuple(name for names in QUANTITIES.values() for name in names)


def _check_claims(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        facts = [name for name in CLAIMS.columns if name not in ("claim", "quantity", "value")]
        check_same_facts(run, f"{place}, {name_run(run_id)}", facts)
        twice = run[run.duplicated(["claim", "quantity"])]
        if len(twice):
            claim, quantity = twice[["claim", "quantity"]].iloc[0]
            raise ResultsError(
                f"{place}, {name_run(run_id)} has {quantity} of {claim} more than once"
            )


CLAIMS = Schema(
    "tested claims",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("claims",)),
        "claim": Column("text", choices=tuple(QUANTITIES)),
        "quantity": Column("text", choices=_NAMES),
        "value": Column("number", may_be_empty=True),
        "workers": Column("whole"),
        "start_method": Column("text"),
    }
    | MACHINE,
    _check_claims,
)
"""A row for each quantity of each claim; a value is empty where it can't be measured."""
