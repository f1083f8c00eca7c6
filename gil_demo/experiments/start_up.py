"""Ask what it costs to start a pool, and what it adds if every worker imports pandas."""

from collections.abc import Sequence
from functools import partial

import pandas as pd

from gil_demo.arguments import check_workers
from gil_demo.columns import STARTS
from gil_demo.columns.costs import LOADS
from gil_demo.measurements import collect_facts
from gil_demo.sampling import check_budget, take_samples
from gil_demo.schemas import make_table
from gil_demo.starts import check_start_methods, time_start


def compare_start_up(
    start_methods: Sequence[str] | None = None,
    *,
    workers: int = 2,
    budget: float | None = None,
) -> pd.DataFrame:
    """Start a pool and let it go, by each start method, with and without pandas in its workers.

    Args:
        start_methods: which ones, by name; None means all of this machine.
        workers: how many processes a pool has.
        budget: seconds after which to stop; None means the default of `gil_demo.sampling`.

    Returns:
        A table of rounds: for each start method, and for what the workers import, the seconds
        until all of them were ready and until all were gone. The columns and types are in
        `gil_demo.columns.STARTS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    methods = check_start_methods(start_methods)
    check_workers(workers)
    seconds = check_budget(budget)
    facts = collect_facts("starts") | {"workers": workers}
    variants = {f"{method}, {load}": (method, load) for method in methods for load in LOADS}
    taken = take_samples(
        {label: partial(time_start, workers, *variant) for label, variant in variants.items()},
        baseline=f"{methods[0]}, {LOADS[0]}",
        budget=seconds,
    )
    rows = [
        facts
        | {
            "start_method": variants[sample.variant][0],
            "loads": variants[sample.variant][1],
            "round": sample.round,
            "rounds": taken.samples[-1].round,
            "position": sample.position,
            "start_up_seconds": sample.timing.start_up,
            "tear_down_seconds": sample.timing.tear_down,
        }
        for sample in taken.samples
    ]
    return make_table(rows, STARTS)
