"""What engines cost and give: the sweep's figures, its sentences and its chart."""

import math

import pytest

import gil_demo
from gil_demo import ResultsError
from gil_demo.engines import overheads
from gil_demo.engines.overheads import list_ratios, measure_scaling
from tests.charts import assert_readable, list_texts
from tests.made.engines import ORDINARY_OVERHEADS, make_engines
from tests.made.unchecked import draw, summarise, verdict


def test_what_each_task_costs_is_found_and_from_which_length_an_engine_wins_it_back() -> None:
    summary = summarise(make_engines()).set_index("runner")
    assert list(summary.index) == ["processes", "cluster", "ray"]
    for runner, overhead in ORDINARY_OVERHEADS.items():
        own = summary.loc[runner]
        assert own["overhead_seconds"] == pytest.approx(overhead, rel=0.005)
        assert own["overhead_low"] < own["overhead_seconds"] < own["overhead_high"]
        assert own["speed_up"] == pytest.approx(1 / (1 / 1.8 + overhead / 0.04), rel=1e-6)
        pays = overhead / (1 - 1 / 1.8)  # length * (1 - 1 / at once) = overhead
        assert own["crossing_seconds"] == pytest.approx(pays, rel=0.02)
        assert [own["reason"], own["start_up_seconds"], own["tear_down_seconds"]] == ["", 1.5, 0.5]
    assert list(summary["times_pool"]) == pytest.approx([1, 40, 10], rel=0.005)
    never = summarise(make_engines({"cluster": 1e-3}, gain=0.5)).iloc[0]
    assert math.isnan(never["crossing_seconds"])
    assert never["reason"]
    assert never["times_pool"] == 1  # of itself, where the Pool wasn't run
    gained = measure_scaling(list_ratios(make_engines(workers=4)), "ray")
    medians = [1 / (1 / max(1, 0.9 * n) + 5e-4 / 0.04) for n in (1, 2, 3, 4)]  # tasks at once
    assert list(gained) == [1, 2, 3, 4]
    assert [one.centre for one in gained.values()] == pytest.approx(medians)


def test_a_table_that_lacks_what_others_are_held_against_is_refused() -> None:
    table = make_engines()
    is_ray, is_tiny = table["runner"] == "ray", table["steps"] == 1
    must_hold = "must hold an engine, and of each the tasks of one step and the longest ones"
    starts = [2.5, *table["start_up_seconds"][1:]]
    for bad, told in (
        (table[table["runner"] != "sequential"], "no sequential rounds"),
        (table[~(is_ray & is_tiny)], must_hold),
        (table[table["tasks"] != 2], must_hold),
        (table[table["runner"] == "sequential"], must_hold),
        (table.drop(index=is_ray.idxmax()), r"run e1a2b3 is not whole: ray"),
        (table.assign(start_up_seconds=starts), "sequential is no single run: .* start_up_seconds"),
    ):
        with pytest.raises(ResultsError, match=told):
            gil_demo.summarise(bad)


def test_the_sentences_say_cost_gain_and_length_but_no_speed_of_a_busy_machine() -> None:
    lines = verdict(make_engines()).splitlines()
    pool, dask = "50.1 µs (49.8 µs to 50.3 µs)", "2 ms (1.99 ms to 2.01 ms), 40 × the Pool's"
    for line, name, cost in ((lines[0], "The plain Pool", pool), (lines[1], "Dask", dask)):
        assert line == f"{name}: a task of nothing costs {cost}; it was ready after 1.5 s."
    gain = "Two Ray workers ran the longest tasks at 1.76 × the speed of the plain loop; it pays "
    assert lines[5].startswith(f"{gain}from tasks of 1.1")
    assert lines[6:] == ["Eight rounds of each; all times by this machine's clock."]
    busy = verdict(make_engines(busy_percent=99.0))
    assert busy.startswith("No verdict on speed: the machine was 99 % busy")
    assert "a task of nothing costs" in busy
    assert "longest tasks" not in busy
    chart = draw(make_engines(busy_percent=99.0))
    assert chart.texts[0].get_text().endswith("; no verdict on speed")
    assert "pays from" not in chart.description
    assert "circle" not in chart.axes[1].get_xlabel()
    few = verdict(make_engines().query("round < 6").assign(rounds=5))
    assert "40 × the Pool's" not in few
    assert (
        "\nTwo Ray workers: 5 of 6 rounds that a fit needs: allow more seconds (budget).\n" in few
    )
    assert "No verdict" not in verdict(make_engines(usable_cores=1, is_elsewhere=True))


def test_the_chart_tells_its_figures_and_its_marks_are_at_them() -> None:
    chart = draw(make_engines(is_elsewhere=True))
    title, conditions = (text.get_text() for text in chart.texts[:2])
    told = "50.1 µs with the plain Pool, 2 ms with Dask, 500 µs with Ray"
    assert title == f"A task of nothing costs {told}"
    assert "; Dask 2.000 ms a task, pays from tasks of 4." in chart.description
    told = "; two workers each, eight rounds of each; Dask by a scheduler that was running"
    assert conditions.endswith(told)
    costs, lengths, _ = chart.axes
    shown = [line.get_xdata()[0] for line in costs.lines if line.get_marker() != "None"]
    assert shown == pytest.approx([5e-5, 2e-3, 5e-4], rel=0.005)
    assert [label.get_text() for label in costs.get_yticklabels()] == ["Plain Pool", "Dask", "Ray"]
    circles = [line for line in lengths.lines if line.get_markerfacecolor() == "none"]
    assert [line.get_ydata()[0] for line in circles] == [1, 1, 1]
    busy = draw(make_engines(busy_percent=99.0)).axes[1]
    assert not [line for line in busy.lines if line.get_markerfacecolor() == "none"]
    for workers, ticks in ((1, ["1"]), (32, [str(4 * n) for n in range(1, 9)])):
        chart = assert_readable(draw, make_engines(workers=workers))
        (*_, scaling), seen = chart.axes, list_texts(chart)
        assert scaling.get_xlim() == (0.8, workers + 0.2)
        labels = [label for label in scaling.get_xticklabels() if label in seen]
        assert [label.get_text() for label in labels] == ticks


def test_with_more_workers_a_round_is_no_larger_a_part_of_the_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(overheads, "measure_steps_per_second", lambda: 1e7)
    for workers, at_once in (
        (1, [1]),
        (2, [1, 2]),
        (8, [1, 2, 4, 8]),
        (60, [1, 2, 4, 8, 16, 32, 60]),
    ):
        sizes = overheads._choose_sizes(workers, 12.0)
        longest = max(steps for _, steps in sizes)
        assert sorted(tasks for tasks, steps in sizes if steps == longest) == at_once
        assert sum(tasks * steps for tasks, steps in sizes) < 0.05 * 12.0 * 1e7
