import time
from typing import Any

import pytest

from gil_demo import ResultsError, sweep_task_length, verdict
from gil_demo.checks import WorkerDied
from gil_demo.costs import lengths
from gil_demo.costs.lengths import COLD, KEPT, Way, choose_lengths, fit_ways, list_costs, sum_up
from gil_demo.measuring.runs import measure_pace
from tests.conftest import EACH_METHOD
from tests.made import tasks
from tests.made.costs import FAIR, ORDINARY_LAWS, STEP, STEPS, make_lengths
from tests.made.runs import assert_one_run

pytestmark = pytest.mark.usefixtures("nothing_hangs", "no_wait")


@pytest.mark.parametrize("method", EACH_METHOD)
def test_real_runs_are_a_whole_table_with_a_pool_started_once_a_round(method: str) -> None:
    table = sweep_task_length([method], budget=0.001)
    assert_one_run(table, ["runner", "start_method", "steps"])
    ways = set(zip(table["runner"], table["start_method"], strict=True))
    assert ways == {("sequential", ""), ("threads", ""), ("processes", method)}
    assert set(table["tasks"]) == {2}
    assert set(table["rounds"]) == {1}  # one whole round, however small the budget
    assert set(table["position"]) < set(range(1, 23))  # 21 and the start
    assert table["steps"].nunique() == 7
    parts = table[["start_up_seconds", "tear_down_seconds"]]
    is_process = table["runner"] == "processes"
    assert len(parts[is_process].drop_duplicates()) == 1
    assert (parts[is_process] > 0).all(axis=None)
    assert (parts[~is_process] == 0).all(axis=None)


@pytest.mark.parametrize(
    ("workers", "seconds", "expected"),
    [
        (2, 3600.0, [10, 29, 117, 468, 1_875, 7_500, 30_000]),
        (1, 4.0, [10, 19, 78, 312, 1_250, 5_000, 20_000]),
        (2, 1e-9, [10, 11, 12, 13, 14, 15, 16]),
    ],
)
def test_each_length_is_a_quarter_of_the_next_and_suits_the_machine_and_the_time(
    workers: int, seconds: float, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter([0.0, 1.0])  # a machine of 200,000 steps a second
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    assert choose_lengths(workers, seconds) == expected


@pytest.mark.usefixtures("pool_threads_may_stay")
@pytest.mark.parametrize("method", EACH_METHOD)
def test_a_dead_worker_is_one_clear_error(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lengths, "choose_lengths", lambda *_: [1])
    monkeypatch.setattr(lengths, "countdown", tasks.die_in_a_worker)
    with pytest.raises(WorkerDied, match="with 2 tasks under way"):
        sweep_task_length([method], budget=0.05)


def test_a_run_s_ways_ran_the_same_lengths_and_each_took_a_while() -> None:
    table = make_lengths()
    is_odd = (table["runner"] == "threads") & (table["steps"] == STEPS[-1])
    with pytest.raises(ResultsError, match=r"its ways differ in the steps of a task$"):
        verdict(table[~is_odd])
    table.loc[3, "seconds"] = 1e-13
    with pytest.raises(ResultsError, match=r"a run of 1e-13 seconds, which none takes$"):
        verdict(table)


def test_each_way_and_length_is_summed_up_with_the_middle_half_of_its_rounds() -> None:
    table = make_lengths()
    is_loop = (table["runner"] == "sequential") & (table["steps"] == STEPS[-1])
    table.loc[is_loop, "seconds"] = [0.24, 0.28, 0.32, 0.28, 0.24, 0.28, 0.32, 0.28]
    summary = sum_up(table)
    assert len(summary) == 6 * len(STEPS)
    found: Any = summary[summary["runner"] == "sequential"].iloc[-1]
    ends = (found.seconds_low, found.seconds, found.seconds_high)
    assert ends == pytest.approx((0.27, 0.28, 0.29))
    assert list(summary["task_seconds"]) == pytest.approx(list(summary["steps"] * STEP))
    pools = summary[summary["start_method"] == "spawn"].groupby("pool")["seconds"].apply(list)
    extra = [cold - kept for cold, kept in zip(pools[COLD], pools[KEPT], strict=True)]
    assert extra == pytest.approx([0.13] * 7)


def test_the_line_of_each_way_is_its_law() -> None:
    table = make_lengths()
    assert measure_pace(table) == pytest.approx(1 / STEP)
    lines = fit_ways(table)
    for (runner, method), law in ORDINARY_LAWS.items():
        line = lines[Way(runner, method, KEPT if method else "")]
        assert line.overhead == pytest.approx(law.overhead, abs=1e-9)
        assert line.slope == pytest.approx(law.slope / STEP)
    assert lines[Way("processes", "spawn", COLD)].overhead == pytest.approx(0.1304)


def test_costs_are_those_of_one_task_and_level_whatever_the_pace_of_their_round() -> None:
    table = make_lengths(noise=FAIR._replace(each=0.0, disturbed=0.0), rounds=9, tasks=4)
    costs = list_costs(table.sample(frac=1, random_state=1))
    for own in costs.values():
        for values in own.values():
            assert values == pytest.approx([values[0]] * 9)
    assert costs[Way("sequential")][STEPS[3]][0] == pytest.approx(STEPS[3])
