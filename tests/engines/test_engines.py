import math

import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import ResultsError
from gil_demo.drawing.style import draw_png
from gil_demo.engines.overheads import (
    ENGINES,
    draw_engines,
    judge_engines,
    measure_pace,
    summarise_engines,
    summarise_scaling_of,
)
from gil_demo.tables.kinds import list_schemas
from gil_demo.tables.schema import choose_schema, convert
from tests.made.engines import ORDINARY_OVERHEADS, STEP_SECONDS, make_engines


def test_a_table_of_engines_is_taken_for_what_it_is() -> None:
    table = make_engines()
    assert choose_schema(table, list_schemas()) is ENGINES
    assert choose_schema(table.drop(columns=["workers", "is_elsewhere"]), list_schemas()) is ENGINES
    assert_frame_equal(convert(table, ENGINES, "the table"), table)
    with pytest.raises(ResultsError, match="is not whole"):
        convert(table[1:], ENGINES, "the table")


def test_what_each_task_costs_is_found_with_its_multiple_of_the_pools() -> None:
    summary = summarise_engines(make_engines()).set_index("runner")
    assert list(summary.index) == ["processes", "cluster", "ray"]
    for runner, overhead in ORDINARY_OVERHEADS.items():
        assert summary["overhead_seconds"][runner] == pytest.approx(overhead, rel=0.02)
    assert summary["times_pool"]["cluster"] == pytest.approx(40, rel=0.02)
    assert summary["times_pool"]["processes"] == 1


def test_an_engine_pays_from_the_length_at_which_its_costs_are_won_back() -> None:
    summary = summarise_engines(make_engines()).set_index("runner")
    for runner, overhead in ORDINARY_OVERHEADS.items():
        pays = overhead / (1 - 1 / 1.8)  # steps * (1 - 1 / at_once) = overhead
        assert summary["crossing_seconds"][runner] == pytest.approx(pays, rel=0.1)
        assert summary["reason"][runner] == ""
    never = summarise_engines(make_engines({"cluster": 1e-3}, gain=0.5)).iloc[0]
    assert math.isnan(never["crossing_seconds"])
    assert never["reason"]


def test_more_tasks_at_once_give_a_speed_up() -> None:
    gained = summarise_scaling_of(make_engines(workers=4), "ray")
    assert list(gained) == [1, 2, 3, 4]
    assert gained[4].median > gained[2].median > gained[1].median
    assert measure_pace(make_engines()) == pytest.approx(1 / STEP_SECONDS, rel=0.01)


def test_a_table_without_the_plain_loop_is_refused() -> None:
    table = make_engines()
    with pytest.raises(ResultsError, match="no sequential rounds"):
        summarise_engines(table[table["runner"] != "sequential"])
    with pytest.raises(ResultsError, match="no tasks of one step"):
        summarise_engines(table[table["steps"] > 1])


def test_the_sentences_say_cost_gain_and_length() -> None:
    text = judge_engines(make_engines())
    assert "Dask: a task of nothing costs 2 ms (1.99 ms to 2.01 ms), 40 × the Pool's" in text
    assert "Two Ray workers ran the longest tasks at" in text
    assert "it pays from tasks of" in text
    assert text.endswith("Eight rounds of each; all times by this machine's clock.")
    assert "nan" not in text


def test_a_busy_machine_withholds_the_speed_but_not_the_cost_and_not_for_others() -> None:
    text = judge_engines(make_engines(busy_percent=99.0))
    assert text.startswith("No verdict on speed: the machine was 99 % busy")
    assert "a task of nothing costs" in text
    assert "longest tasks" not in text
    assert "No verdict" not in judge_engines(make_engines(usable_cores=1, is_elsewhere=True))


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_chart_tells_its_figures(workers: int) -> None:
    chart = draw_engines(make_engines(workers=workers))
    assert chart.description.startswith("Chart. A task of nothing costs 50")
    assert "Dask 2.000 ms a task" in chart.description
    assert draw_png(chart).startswith(b"\x89PNG")
    recorded = draw_engines(make_engines(recorded_on="a laptop"))
    assert recorded.description.startswith("Chart. Recorded run: ")
