"""For each kind of table, what makes an honest one; all take the values of columns."""

from collections.abc import Callable
from functools import cache

import pandas as pd

from gil_demo import summarise
from gil_demo.drawing.style import Chart, settings_of_our_own
from gil_demo.tables.kinds import KINDS, find
from tests.made import costs, examination, pool, sharing
from tests.made.claims import make_claims
from tests.made.classroom import make_class_table
from tests.made.engines import make_engines
from tests.made.pythons import make_interpreters
from tests.made.runs import make_run, make_scaling
from tests.made.turns import make_slices, make_switches
from tests.made.waiting import make_serve_table, make_workload_table

MAKERS: dict[str, Callable[..., pd.DataFrame]] = {
    "compare": make_run,
    "scale": make_scaling,
    "trace": make_slices,
    "switch": make_switches,
    "map": pool.make_map,
    "lengths": pool.make_lengths,
    "chunks": pool.make_chunks,
    "methods": pool.make_arrivals,
    "updates": sharing.make_updates,
    "prices": sharing.make_prices,
    "globals": sharing.make_globals,
    "starts": costs.make_starts,
    "transfers": costs.make_transfers,
    "weights": costs.make_weights,
    "break_even": costs.make_lengths,
    "workloads": make_workload_table,
    "serve": make_serve_table,
    "interpreters": make_interpreters,
    "engines": make_engines,
    "examine": examination.make_examination,
    "class": make_class_table,
    "claims": make_claims,
}

CHARTS = [(name, chart) for name, kind in KINDS.items() for chart in kind.charts]


@cache
def make_once(name: str) -> pd.DataFrame:
    """Make the recorded table of a kind that many tests look at."""
    return MAKERS[name](recorded_on="a laptop")


@cache
def summarise_once(name: str) -> pd.DataFrame:
    summary: pd.DataFrame = summarise(make_once(name))
    return summary


@cache
def draw_once(name: str, chart: str) -> Chart:
    """Draw a chart of that table without the door's checks, which take as long as the drawing."""
    with settings_of_our_own():
        drawn: Chart = find(KINDS[name].charts[chart])(make_once(name), summarise_once(name))
    return drawn
