from collections.abc import Callable
from functools import cache

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.drawing.style import Chart, draw_png
from gil_demo.tables import kinds as doors
from gil_demo.tables.kinds import combine, draw_each
from tests.conftest import spread
from tests.made.waiting import make_serve_table, make_workload_table
from tests.tables.test_verdicts import (
    KINDS,
    make_compare_table,
    make_scale_table,
    make_sweep_table,
)

DRAWN_BY = {
    "compare": "draw_comparison",
    "scale": "draw_scaling",
    "workloads": "draw_workloads",
    "trace": "draw_timeline",
    "switch": "draw_switch_intervals",
    "serve": "draw_convoy",
    "sweep of the server": "draw_server_intervals",
    "starts": "draw_start_up",
    "transfers": "draw_transport",
    "weights": "draw_memory",
    "break_even": "draw_break_even",
}


@cache
def describe_kind(kind: str) -> str:
    """Draw a table of a kind with the function that was made for it; return its description."""
    own: Callable[[pd.DataFrame], Chart] = getattr(doors, DRAWN_BY[kind])
    return own(KINDS[kind][0]()).description


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_gets_the_chart_that_was_made_for_it(kind: str) -> None:
    (chart,) = draw_each(KINDS[kind][0]())
    assert chart.description == describe_kind(kind)
    assert draw_png(chart).startswith(b"\x89PNG")


def test_each_kind_has_a_chart_of_its_own() -> None:
    assert len({describe_kind(kind) for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "workloads"])
def test_every_run_of_a_table_gets_a_chart_in_their_order(kind: str) -> None:
    make, _ = KINDS[kind]
    tables = [make(run_id="two", usable_cores=3), make(run_id="one")]
    charts = draw_each(pd.concat(tables, ignore_index=True))
    expected = [draw_each(table)[0].description for table in tables]
    assert [chart.description for chart in charts] == expected


def test_a_set_of_workloads_is_one_chart() -> None:
    table = make_workload_table()
    assert table["run_id"].nunique() == 6
    assert len(draw_each(table)) == 1
    assert all(name in describe_kind("workloads") for name in ("sleeping", "hashing", "sorting"))


def test_runs_of_several_experiments_get_a_chart_each() -> None:
    mixed = combine(
        [make_workload_table(), make_compare_table(), make_scale_table(run_id="scaled")]
    )
    charts = draw_each(mixed)
    expected = [describe_kind(kind) for kind in ("workloads", "compare", "scale")]
    assert [chart.description for chart in charts] == expected


def test_a_run_of_the_server_and_a_sweep_of_it_get_each_its_own_chart() -> None:
    tables = [make_serve_table(run_id="one"), make_sweep_table(run_id="two")]
    charts = draw_each(pd.concat(tables, ignore_index=True))
    expected = [describe_kind(kind) for kind in ("serve", "sweep of the server")]
    assert [chart.description for chart in charts] == expected


def test_a_measurement_that_cannot_be_drawn_is_refused() -> None:
    table = make_serve_table()
    twice = combine(
        [
            make_workload_table(),
            make_workload_table({"sorting": {"threads": spread(1.0)}}, run_id="again"),
        ]
    )
    compared = make_compare_table()
    for bad in (
        table[table["beside"] != "nothing"],
        twice,
        compared[compared["runner"] != "sequential"],
        compared[:-1],
    ):
        with pytest.raises(ResultsError):
            draw_each(bad)
