"""Tasks of growing length in every way of running: real runs, and what each way costs."""

import time
from typing import Any

import pytest

from gil_demo import ResultsError, sweep_task_length, verdict
from gil_demo.checks import WorkerDied
from gil_demo.costs import lengths
from gil_demo.costs.lengths import (
    COLD,
    KEPT,
    LONGEST_SECONDS,
    Way,
    choose_lengths,
    fit_ways,
    list_costs,
    summarise_lengths,
)
from gil_demo.measuring import machine
from gil_demo.measuring.runs import measure_pace
from tests.conftest import EACH_METHOD, METHODS, list_workers
from tests.made import tasks
from tests.made.costs import FAIR, ORDINARY_LAWS, ORDINARY_POOLS, STEP, STEPS, make_lengths
from tests.made.runs import assert_one_run

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@pytest.mark.usefixtures("no_wait")
def test_real_runs_of_every_start_method_are_a_whole_table() -> None:
    before = list_workers()
    table = sweep_task_length(budget=0.001)
    assert list_workers() == before
    assert_one_run(table, ["runner", "start_method", "steps"])
    ways = set(zip(table["runner"], table["start_method"], strict=True))
    processes = {("processes", method) for method in METHODS}
    assert ways == {("sequential", ""), ("threads", "")} | processes
    assert set(table["tasks"]) == {2}
    assert set(table["rounds"]) == {1}  # one whole round, however small the budget
    assert table["steps"].nunique() == 7


@pytest.mark.usefixtures("no_wait")
def test_a_cold_pool_is_started_once_a_round_and_shared_by_all_lengths() -> None:
    table = sweep_task_length(METHODS[:1], workers=1, budget=0.5)
    assert set(table["tasks"]) == {1}
    parts = ["start_up_seconds", "tear_down_seconds"]
    processes = table[table["runner"] == "processes"]
    assert (processes[parts] > 0).all(axis=None)
    assert (table[table["runner"] != "processes"][parts] == 0).all(axis=None)
    for _, rows in processes.groupby("round"):
        assert len(rows[parts].drop_duplicates()) == 1
    for _, rows in table.groupby("round"):
        assert set(rows["position"]) < set(range(1, 23))  # 21 and the start
        assert rows["position"].is_unique


@pytest.mark.parametrize(
    ("workers", "seconds", "expected"),
    [
        (2, 3600.0, [7, 29, 117, 468, 1_875, 7_500, 30_000]),
        (1, 4.0, [4, 19, 78, 312, 1_250, 5_000, 20_000]),
        (2, 1e-9, [10, 11, 12, 13, 14, 15, 16]),
    ],
)
def test_each_length_is_a_quarter_of_the_next_and_suits_the_machine_and_the_time(
    workers: int, seconds: float, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter([0.0, 1.0])  # a machine of 200,000 steps a second
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    chosen = choose_lengths(workers, seconds)
    assert chosen == [max(10 + place, steps) for place, steps in enumerate(expected)]
    assert chosen[-1] * workers <= max(32, 200_000 * LONGEST_SECONDS)


@pytest.mark.usefixtures("no_wait")
def test_on_one_core_the_sentence_withholds_its_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "count_usable_cores", lambda: 1)
    told = verdict(sweep_task_length(METHODS[:1], budget=0.1))
    assert told.startswith("No verdict: one usable core")


@pytest.mark.usefixtures("no_wait", "pool_threads_may_stay")
@pytest.mark.parametrize("method", EACH_METHOD)
def test_a_worker_that_dies_is_one_clear_error_and_all_pools_end(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list_workers()
    monkeypatch.setattr(lengths, "choose_lengths", lambda *_: [1])
    monkeypatch.setattr(lengths, "countdown", tasks.die_in_a_worker)
    with pytest.raises(WorkerDied, match="with 2 tasks under way"):
        sweep_task_length([method], budget=0.05)
    assert list_workers() == before


def test_a_run_lacks_no_round_and_its_ways_ran_the_same_lengths() -> None:
    table = make_lengths()
    with pytest.raises(ResultsError, match=r"is not whole: sequential, .* has 7 rows in 7 of 8"):
        verdict(table.drop(index=0))
    with pytest.raises(ResultsError, match=r"its rows differ in tasks$"):
        verdict(table.assign(tasks=range(1, len(table) + 1)))
    is_odd = (table["runner"] == "threads") & (table["steps"] == table["steps"].max())
    odd = table.assign(steps=table["steps"].where(~is_odd, 12_345))
    for bad in (odd, table[~is_odd]):
        with pytest.raises(ResultsError, match=r"its ways differ in the steps of a task$"):
            verdict(bad)


def test_each_way_and_length_is_summed_up_with_the_middle_half_of_its_rounds() -> None:
    table = make_lengths()
    is_loop = (table["runner"] == "sequential") & (table["steps"] == STEPS[-1])
    table.loc[is_loop, "seconds"] = [0.24, 0.28, 0.32, 0.28, 0.24, 0.28, 0.32, 0.28]
    summary = summarise_lengths(table)
    assert len(summary) == 6 * len(STEPS)
    found: Any = summary[summary["runner"] == "sequential"].iloc[-1]
    ends = (found.seconds_low, found.seconds, found.seconds_high)
    assert ends == pytest.approx((0.27, 0.28, 0.29))
    assert list(summary["task_seconds"]) == pytest.approx(list(summary["steps"] * STEP))


def test_a_cold_pool_costs_its_start_and_its_end_more_than_one_kept_open() -> None:
    summary = summarise_lengths(make_lengths())
    seconds = summary.set_index(["start_method", "pool", "steps"])["seconds"]
    for method, parts in ORDINARY_POOLS.items():
        for steps in STEPS:
            extra = seconds[method, COLD, steps] - seconds[method, KEPT, steps]
            assert extra == pytest.approx(sum(parts))


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


@pytest.mark.parametrize("seconds", [5e-324, 1e-13])
def test_a_time_that_nothing_takes_is_refused(seconds: float) -> None:
    table = make_lengths()
    table.loc[3, "seconds"] = seconds
    with pytest.raises(ResultsError, match=rf"a run of {seconds:g} seconds, which none takes$"):
        verdict(table)
