"""The door to the charts: the right ones for any table."""

from collections.abc import Callable

import pandas as pd

from gil_demo.charts.break_even import draw_break_even
from gil_demo.charts.claims import draw_claims
from gil_demo.charts.convoy import draw_convoy, draw_server_intervals
from gil_demo.charts.interpreters import draw_interpreters
from gil_demo.charts.lists import draw_chunksizes, draw_list_lengths
from gil_demo.charts.memory import draw_memory
from gil_demo.charts.methods import draw_methods
from gil_demo.charts.pool import draw_gantt
from gil_demo.charts.speed import draw_comparison, draw_scaling
from gil_demo.charts.start_up import draw_start_up
from gil_demo.charts.style import Chart
from gil_demo.charts.switching import draw_switch_intervals, draw_timeline
from gil_demo.charts.transport import draw_transport
from gil_demo.charts.waiting import draw_workloads
from gil_demo.results import split_runs

_DRAWINGS: dict[str, Callable[[pd.DataFrame], Chart]] = {
    "compare": draw_comparison,
    "scale": draw_scaling,
    "workloads": draw_workloads,
    "trace": draw_timeline,
    "switch": draw_switch_intervals,
    "serve": draw_convoy,
    "map": draw_gantt,
    "lengths": draw_list_lengths,
    "chunks": draw_chunksizes,
    "methods": draw_methods,
    "claims": draw_claims,
    "starts": draw_start_up,
    "transfers": draw_transport,
    "weights": draw_memory,
    "break_even": draw_break_even,
    "interpreters": draw_interpreters,
}


def draw_each(table: pd.DataFrame) -> list[Chart]:
    """Draw a chart for each measurement in a table.

    Args:
        table: a table as `load` gives it.

    Returns:
        The charts, in the order in which the measurements stand in the table.

    Raises:
        ResultsError: a measurement can't be drawn.
    """
    charts = []
    for experiment, part in table.groupby("experiment", sort=False):
        # a run of `compare_workloads` for each workload makes one chart
        measurements = [part] if experiment == "workloads" else split_runs(part)
        charts += [_choose(str(experiment), one)(one) for one in measurements]
    return charts


def _choose(experiment: str, run: pd.DataFrame) -> Callable[[pd.DataFrame], Chart]:
    if experiment == "serve" and run["switch_interval_seconds"].nunique() > 1:
        return draw_server_intervals
    return _DRAWINGS[experiment]
