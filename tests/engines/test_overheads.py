"""What engines cost and give: the sweep's figures, its sentences and its chart."""

import math

import pytest

from gil_demo import ResultsError, draw, summarise, verdict
from gil_demo.engines.overheads import list_ratios, measure_scaling
from gil_demo.measuring.runs import measure_pace
from tests.made.engines import ORDINARY_OVERHEADS, make_engines


def test_what_each_task_costs_is_found_with_its_multiple_of_the_pools() -> None:
    summary = summarise(make_engines()).set_index("runner")
    assert list(summary.index) == ["processes", "cluster", "ray"]
    for runner, overhead in ORDINARY_OVERHEADS.items():
        own = summary.loc[runner]
        assert own["overhead_seconds"] == pytest.approx(overhead, rel=0.005)
        assert own["overhead_low"] < own["overhead_seconds"] < own["overhead_high"]
        assert own["speed_up"] == pytest.approx(1 / (1 / 1.8 + overhead / 0.04), rel=1e-6)
    assert list(summary["times_pool"]) == pytest.approx([1, 40, 10], rel=0.005)
    assert set(summary["start_up_seconds"]) == {1.5}
    assert set(summary["tear_down_seconds"]) == {0.5}


def test_an_engine_pays_from_the_length_at_which_its_costs_are_won_back() -> None:
    summary = summarise(make_engines()).set_index("runner")
    for runner, overhead in ORDINARY_OVERHEADS.items():
        pays = overhead / (1 - 1 / 1.8)  # length * (1 - 1 / at once) = overhead
        assert summary["crossing_seconds"][runner] == pytest.approx(pays, rel=0.02)
        assert summary["reason"][runner] == ""
    never = summarise(make_engines({"cluster": 1e-3}, gain=0.5)).iloc[0]
    assert math.isnan(never["crossing_seconds"])
    assert never["reason"]
    assert never["times_pool"] == 1  # of itself, where the Pool wasn't run


def test_more_tasks_at_once_give_a_speed_up() -> None:
    table = make_engines(workers=4)
    gained = measure_scaling(list_ratios(table), "ray")
    medians = [1 / (1 / max(1, 0.9 * n) + 5e-4 / 0.04) for n in (1, 2, 3, 4)]
    assert list(gained) == [1, 2, 3, 4]
    assert [one.median for one in gained.values()] == pytest.approx(medians)
    assert measure_pace(table) == pytest.approx(1e7, rel=0.01)


def test_a_table_that_lacks_what_others_are_held_against_is_refused() -> None:
    table = make_engines()
    with pytest.raises(ResultsError, match="no sequential rounds"):
        summarise(table[table["runner"] != "sequential"])
    with pytest.raises(ResultsError, match="no tasks of one step for each of its engines"):
        summarise(table[(table["steps"] > 1) | (table["runner"] != "ray")])
    with pytest.raises(ResultsError, match=r"run e1a2b3 is not whole: processes"):
        summarise(table.drop(index=table[table["runner"] == "processes"].index[0]))
    uneven = table.assign(start_up_seconds=[2.5, *table["start_up_seconds"][1:]])
    with pytest.raises(ResultsError, match=r"sequential is no single run: .* start_up_seconds"):
        summarise(uneven)


def test_the_sentences_say_cost_gain_and_length() -> None:
    lines = verdict(make_engines()).splitlines()
    assert lines[1] == (
        "Dask: a task of nothing costs 2 ms (1.99 ms to 2.01 ms), 40 × the Pool's; "
        "it was ready after 1.5 s."
    )
    assert lines[0] == (
        "The plain Pool: a task of nothing costs 50.1 µs (49.8 µs to 50.3 µs); "
        "it was ready after 1.5 s."
    )
    gain = "Two Ray workers ran the longest tasks at 1.76 × the speed of the plain loop; it pays "
    assert lines[5].startswith(f"{gain}from tasks of 1.1")
    assert lines[6:] == ["Eight rounds of each; all times by this machine's clock."]


def test_a_busy_machine_withholds_the_speed_but_not_the_cost_and_not_for_others() -> None:
    text = verdict(make_engines(busy_percent=99.0))
    assert text.startswith("No verdict on speed: the machine was 99 % busy")
    assert "a task of nothing costs" in text
    assert "longest tasks" not in text
    assert "No verdict" not in verdict(make_engines(usable_cores=1, is_elsewhere=True))


def test_the_chart_tells_its_figures_and_its_marks_are_at_them() -> None:
    chart = draw(make_engines(is_elsewhere=True))
    title, conditions = (text.get_text() for text in chart.texts[:2])
    assert title == (
        "A task of nothing costs 50.1 µs with the plain Pool, 2 ms with Dask, 500 µs with Ray"
    )
    assert "; Dask 2.000 ms a task, pays from tasks of 4." in chart.description
    assert conditions.endswith(
        "; two workers each, eight rounds of each; Dask by a scheduler that was running"
    )
    costs, lengths, scaling = chart.axes
    shown = [line.get_xdata()[0] for line in costs.lines if line.get_marker() != "None"]
    assert shown == pytest.approx([5e-5, 2e-3, 5e-4], rel=0.005)
    assert [label.get_text() for label in costs.get_yticklabels()] == ["Plain Pool", "Dask", "Ray"]
    circles = [line for line in lengths.lines if line.get_markerfacecolor() == "none"]
    assert [line.get_ydata()[0] for line in circles] == [1, 1, 1]
    assert scaling.get_xlim() == (0.8, 2.2)
    busy = draw(make_engines(busy_percent=99.0)).axes[1]
    assert not [line for line in busy.lines if line.get_markerfacecolor() == "none"]
    assert draw(make_engines(workers=1)).axes[2].get_xlim() == (0.8, 1.2)
