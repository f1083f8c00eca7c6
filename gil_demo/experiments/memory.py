"""Ask how much memory each worker adds, and what makes it grow."""

import json
import time
from collections.abc import Sequence

import pandas as pd

from gil_demo.arguments import check_whole_number
from gil_demo.columns import WEIGHTS
from gil_demo.errors import GilDemoError
from gil_demo.measurements import collect_facts
from gil_demo.progress import shown
from gil_demo.sampling import check_budget
from gil_demo.schemas import make_table
from gil_demo.starts import check_start_methods
from gil_demo.trials import run_script

DEFAULT_TABLE_BYTES = 40_000_000
LEAST_TABLE_BYTES = 1_000_000
MOST_TABLE_BYTES = 1_000_000_000
LEAST_ROUNDS = 2
_MOST_ROUNDS = 20
_MOST_SECONDS = 60.0
_SCRIPT = """
from gil_demo.weighing import weigh

if __name__ == "__main__":
    weigh({method!r}, {table_bytes})
"""


def weigh_workers(
    start_methods: Sequence[str] | None = None,
    *,
    table_bytes: int = DEFAULT_TABLE_BYTES,
    budget: float | None = None,
) -> pd.DataFrame:
    """Measure the memory that one worker has of its own, in several situations.

    Each start method gets interpreters of its own, one a round, so that nothing that is held there
    weighs on the reader's Python. The parent holds nothing at first, then a table of Python
    objects. The worker waits, imports pandas, reads the table (where it isn't forked it is sent
    the table for that), or collects garbage, once after its parent called `gc.freeze`.

    Args:
        start_methods: which ones, by name; None means all of this machine.
        table_bytes: roughly the size of the table in its parent's memory.
        budget: seconds after which no new round is begun; there are at least two. None means the
            default of `gil_demo.sampling`.

    Returns:
        A table of weighed workers; the columns and types are in `gil_demo.columns.WEIGHTS`. The
        figures are unique set sizes by psutil, whose own memory is counted in.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: a worker could not be weighed.
    """
    methods = check_start_methods(start_methods)
    check_whole_number("table_bytes", table_bytes, LEAST_TABLE_BYTES, MOST_TABLE_BYTES)
    seconds = check_budget(budget)
    facts = collect_facts("weights")
    rows: list[dict[str, object]] = []
    started = time.monotonic()
    rounds = 0
    with shown() as show:
        while rounds < LEAST_ROUNDS or _has_time(started, rounds, seconds):
            rounds += 1
            for method in methods:
                show(f"weighing workers: round {rounds}, {method}")
                rows += [
                    facts | row | {"start_method": method, "round": rounds}
                    for row in _weigh(method, table_bytes)
                ]
    table_size = max(1, int(pd.Series([row.pop("added") for row in rows]).median()))
    return make_table(
        [row | {"rounds": rounds, "table_bytes": table_size} for row in rows], WEIGHTS
    )


def _has_time(started: float, rounds: int, seconds: float) -> bool:
    elapsed = time.monotonic() - started
    return rounds < _MOST_ROUNDS and elapsed * (rounds + 1) / rounds < seconds


def _weigh(method: str, table_bytes: int) -> list[dict[str, object]]:
    script = _SCRIPT.format(method=method, table_bytes=table_bytes)
    outcome = run_script(script, _MOST_SECONDS)
    try:
        rows, added = json.loads(outcome.output.splitlines()[-1])
    except (ValueError, IndexError):
        raise GilDemoError(f"workers started by {method} could not be weighed: {outcome}") from None
    return [
        {
            "parent": parent,
            "deed": deed,
            "unique_bytes": unique,
            "parent_bytes": parents,
            "added": added,
        }
        for parent, deed, unique, parents in rows
    ]
