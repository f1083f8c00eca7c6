from itertools import product
from typing import Any
from unittest.mock import Mock

import pytest
from matplotlib.axes import Axes

import gil_demo
from gil_demo import ResultsError, sweep_task_length
from gil_demo.costs import break_even
from gil_demo.costs.break_even import COLD, KEPT, LEAST_SPEED_UP, choose_lengths, sum_up
from gil_demo.drawing.style import SOFT_INK
from gil_demo.running.pools import run_in_pool
from tests.charts import assert_readable, list_bars, read_across, read_up
from tests.made import costs as made
from tests.made.costs import ALWAYS, FORK, FREE, LOOP, NEVER, STEP, STEPS, Law, make_lengths
from tests.made.runs import assert_one_run
from tests.made.unchecked import draw, summarise, verdict

ORDINARY = make_lengths()
AT_ONCE = (0.0004 / 0.95, 0.0002 / 1.01)  # against the plain loop, and against threads
CROSSINGS = [0.0204 / 0.95, 0.0202 / 1.01, *AT_ONCE, 0.1304 / 0.95, 0.1302 / 1.01, *AT_ONCE]

pytestmark = pytest.mark.usefixtures("nothing_hangs", "no_wait")


def test_real_runs_are_a_whole_table_with_a_pool_started_once_a_round(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handing_out = Mock(wraps=run_in_pool)
    monkeypatch.setattr(break_even, "run_in_pool", handing_out)
    monkeypatch.setattr(break_even, "list_start_methods", lambda: [method])
    table = sweep_task_length(budget=0.001)
    assert {call.args[1] for call in handing_out.call_args_list} == {1}  # a task for each worker
    assert_one_run(table, ["runner", "start_method", "steps"])
    ways = set(zip(table["runner"], table["start_method"], strict=True))
    assert ways == {("sequential", ""), ("threads", ""), ("processes", method)}
    # two tasks at once, and one whole round, however small the budget
    assert set(zip(table["tasks"], table["rounds"], strict=True)) == {(2, 1)}
    assert table["steps"].nunique() == 7
    parts = table[["start_up_seconds", "tear_down_seconds"]]
    is_process = table["runner"] == "processes"
    assert len(parts[is_process].drop_duplicates()) == 1
    assert (parts > 0).eq(is_process, axis="index").all(axis=None)


def test_each_length_is_a_quarter_of_the_next_and_suits_the_machine_and_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(break_even, "measure_steps_per_second", lambda: 200_000.0)
    assert choose_lengths(2, 3600.0) == [10, 29, 117, 468, 1_875, 7_500, 30_000]
    assert choose_lengths(1, 4.0) == [10, 19, 78, 312, 1_250, 5_000, 20_000]
    assert choose_lengths(2, 1e-9) == [10, 11, 12, 13, 14, 15, 16]


def test_a_run_s_ways_ran_the_same_lengths_and_each_took_a_while() -> None:
    table = make_lengths()
    is_odd = (table["runner"] == "threads") & (table["steps"] == STEPS[-1])
    with pytest.raises(ResultsError, match=r"its ways differ in the steps of a task$"):
        gil_demo.verdict(table[~is_odd])
    table.loc[3, "seconds"] = 1e-13
    with pytest.raises(ResultsError, match=r"a run of 1e-13 seconds, which none takes$"):
        gil_demo.verdict(table)


def test_each_way_and_length_is_summed_up_with_the_middle_half_of_its_rounds() -> None:
    table = make_lengths()
    is_loop = (table["runner"] == "sequential") & (table["steps"] == STEPS[-1])
    table.loc[is_loop, "seconds"] = [0.24, 0.28, 0.32, 0.28, 0.24, 0.28, 0.32, 0.28]
    summary = sum_up(table)
    assert len(summary) == 6 * len(STEPS)
    last = summary[summary["steps"] == STEPS[-1]].set_index(["runner", "start_method", "pool"])
    assert last["seconds"]["sequential", "", ""] == pytest.approx(0.28)
    quarters = last.filter(regex="^speed_up").loc[("processes", "fork", KEPT)]
    assert list(quarters) == pytest.approx([times / 0.1474 for times in (0.27, 0.28, 0.29)])
    assert list(summary["task_seconds"]) == pytest.approx(list(summary["steps"] * STEP))
    spawned = summary[summary["start_method"] == "spawn"].set_index(["pool", "steps"])["seconds"]
    assert list(spawned[COLD] - spawned[KEPT]) == pytest.approx([0.13] * 7)


def list_upright(axes: Axes) -> list[float]:
    lines = [line for line in axes.lines if line.get_color() == SOFT_INK]
    return [read_across(line)[0] for line in lines if read_up(line) == [0, 1]]


def test_without_noise_each_crossing_is_exact_and_told_by_start_method_pool_and_rival() -> None:
    summary = summarise(ORDINARY)
    told = list(zip(summary["start_method"], summary["pool"], summary["rival"], strict=True))
    rivals = ("sequential", "threads")
    assert told == list(product(("fork", "spawn"), ("cold", "kept open"), rivals))
    noisy = make_lengths(noise=made.Noise(common=2.0), rounds=9)
    slowed = summarise(noisy.sample(frac=1, random_state=1))  # whole rounds, and their pace
    pace = slowed["crossing_seconds"][0] / CROSSINGS[0]
    for name in ("crossing_low", "crossing_seconds", "crossing_high"):
        assert list(summary[name]) == pytest.approx(CROSSINGS, rel=1e-6)
        assert list(slowed[name] / pace) == pytest.approx(CROSSINGS, rel=1e-6)
    assert set(summary["reason"]) == {""}
    laws = {LOOP: Law(0, 4 * STEP), FORK: Law(0.004, 1.5 * STEP)}
    found = list(summarise(make_lengths(laws, tasks=4))["crossing_seconds"])
    assert found == pytest.approx([0.024 / 2.5, 0.004 / 2.5])
    with pytest.raises(ResultsError, match="has no rounds of processes"):
        gil_demo.summarise(ORDINARY[ORDINARY["runner"] != "processes"])
    assert verdict(ORDINARY[ORDINARY["start_method"] != "spawn"]).splitlines() == [
        "By fork:",
        "  Against the plain loop, a task shorter than 21.5 ms (21.5 ms to 21.5 ms) isn't worth a "
        "cold pool.",
        "  Against threads, a task shorter than 20 ms (20 ms to 20 ms) isn't worth a cold pool.",
        "  Against the plain loop, a pool kept open pays from tasks of 421 µs (421 µs to 421 µs) "
        "on.",
        "  Against threads, a pool kept open pays from tasks of 198 µs (198 µs to 198 µs) on.",
        "Eight rounds of each.",
    ]


def test_the_title_tells_the_crossings_and_the_verdict_why_there_are_none() -> None:
    cases: list[tuple[dict[str, Any], list[int], str, str]] = [
        ({"laws": NEVER}, [0], "No break-even: it pays at no size that was measured",
         "  A cold pool against the plain loop: it pays at no size that was measured."),
        ({"laws": ALWAYS, "pools": {"fork": (1e-6, 1e-6)}}, [0],
         "A cold pool pays at every length measured; one kept open at every length measured",
         "  A pool kept open against the plain loop: it pays at every "),
        ({"steps": (100, 1_000, 10_000)}, [1, 1], "A pool kept open pays from tasks of 421 µs", ""),
        ({"pools": {"fork": (0.01, 0.01), "spawn": (5.0, 1.0)}}, [2, 1],
         "A cold pool pays from tasks of 21.5 ms (fork); one kept open from 421 µs", ""),
        ({"pools": {"fork": (0.01, 0.01), "spawn": (0.01, 0.01)}}, [2, 2],
         "A cold pool pays from tasks of 21.5 ms; one kept open from 421 µs", ""),
        ({"noise": made.Noise(0.9, 3, 0.4)}, [0, 0],
         "No break-even: the rounds differ too much to tell", ""),
        ({"rounds": 5}, [0, 0], "No verdict: only five rounds, an interval needs six",
         "No verdict: only five rounds, an interval needs six; allow more seconds (budget)."),
        ({"busy_percent": 95.0}, [0, 0], "No verdict: the machine was 95 % busy before the run",
         "No verdict: the machine was 95 % busy before the run; "),
    ]  # fmt: skip
    for changes, marks, title, told in cases:
        table = make_lengths(**changes)
        lines, chart = verdict(table).splitlines(), draw(table)
        assert any(line.startswith(told) for line in lines)
        assert lines[-1].endswith("rounds of each.")
        assert (len(lines) == 2) == title.startswith("No verdict")
        assert chart.texts[0].get_text().startswith(title)
        for parts in (list_upright, list_bars, lambda axes: axes.texts):
            assert [len(parts(axes)) for axes in chart.axes] == marks


def test_the_description_and_the_conditions_tell_the_numbers() -> None:
    chart = draw(make_lengths(FREE, gil_enabled=False))
    title, conditions = (text.get_text() for text in chart.texts)
    assert title.endswith(" one kept open from 421 µs; against threads at no length measured")
    told = (
        "two tasks at once, of 34.2 µs to 140 ms each (speed-ups from 0.05 ×); eight rounds of each"
    )
    assert conditions.endswith(f" cores; {told}")
    assert (
        "From which length of task processes pay: fork, cold, against the plain loop: 21.47 ms "
        "(21.47 to 21.47); fork, cold, against threads: it pays at no size that was measured; "
    ) in chart.description
    assert (
        "The longest tasks took: cold pool by fork 0.1674 s; pool kept open by fork 0.1474 s; "
        "plain loop 0.2800 s; threads 0.1429 s."
    ) in chart.description
    alone = draw(make_lengths(steps=STEPS[-1:], tasks=1))
    assert "; one task at once, of 280 ms each; " in alone.texts[1].get_text()


def test_each_panel_has_a_line_for_each_way_as_far_as_the_crossings_and_labels_there() -> None:
    chart = assert_readable(draw, ORDINARY)
    told = " pays from tasks of 21.5 ms (fork) to 137 ms (spawn); one kept open from 421 µs"
    assert chart.texts[0].get_text().endswith(told)
    assert [axes.get_title(loc="left") for axes in chart.axes] == ["by fork", "by spawn"]
    for axes, start in zip(chart.axes, (0.02, 0.13), strict=True):
        lines = {str(line.get_label()): line for line in axes.lines}
        ends = [read_up(lines[name])[-1] for name in ("plain loop", "cold pool", "pool kept open")]
        assert ends == pytest.approx([1, 0.28 / (0.1474 + start), 0.28 / 0.1474])
        assert read_across(lines["threads"])[-1] == pytest.approx(0.14)
        assert axes.get_ylim()[0] == LEAST_SPEED_UP > read_up(lines["cold pool"])[0]
        assert lines["cold pool"].get_linestyle() == "--"
    assert list_upright(chart.axes[1]) == pytest.approx([0.1304 / 0.95, 0.0004 / 0.95])
    labels = [(text.get_text(), text.get_horizontalalignment()) for text in chart.axes[1].texts]
    assert labels == [("137 ms", "right"), ("421 µs", "left")]  # towards the middle
    chart = draw(make_lengths(steps=STEPS[:4]))  # whose longest task is shorter
    assert "; dotted: as fitted; eight rounds" in chart.texts[1].get_text()
    dotted = [line for line in chart.axes[0].lines if line.get_linestyle() == ":"]
    far = 1.5 * CROSSINGS[0]
    assert [read_across(line)[-1] for line in dotted] == pytest.approx([far] * 2)
    speed_ups = [2 * far / (start + 0.0004 + 1.05 * far) for start in (0.02, 0)]
    assert [read_up(line)[-1] for line in dotted] == pytest.approx(speed_ups)
