from unittest.mock import Mock

import pytest

from gil_demo import ResultsError, sweep_task_length, verdict
from gil_demo.costs import lengths
from gil_demo.costs.lengths import COLD, KEPT, choose_lengths, sum_up
from gil_demo.running.pools import run_in_pool
from tests.made.costs import STEP, STEPS, make_lengths
from tests.made.runs import assert_one_run

pytestmark = pytest.mark.usefixtures("nothing_hangs", "no_wait")


def test_real_runs_are_a_whole_table_with_a_pool_started_once_a_round(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    handing_out = Mock(wraps=run_in_pool)
    monkeypatch.setattr(lengths, "run_in_pool", handing_out)
    table = sweep_task_length([method], budget=0.001)
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
    monkeypatch.setattr(lengths, "measure_steps_per_second", lambda: 200_000.0)
    assert choose_lengths(2, 3600.0) == [10, 29, 117, 468, 1_875, 7_500, 30_000]
    assert choose_lengths(1, 4.0) == [10, 19, 78, 312, 1_250, 5_000, 20_000]
    assert choose_lengths(2, 1e-9) == [10, 11, 12, 13, 14, 15, 16]


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
    last = summary[summary["steps"] == STEPS[-1]].set_index(["runner", "start_method", "pool"])
    assert last["seconds"]["sequential", "", ""] == pytest.approx(0.28)
    quarters = last.filter(regex="^speed_up").loc[("processes", "fork", KEPT)]
    assert list(quarters) == pytest.approx([times / 0.1474 for times in (0.27, 0.28, 0.29)])
    assert list(summary["task_seconds"]) == pytest.approx(list(summary["steps"] * STEP))
    spawned = summary[summary["start_method"] == "spawn"].set_index(["pool", "steps"])["seconds"]
    assert list(spawned[COLD] - spawned[KEPT]) == pytest.approx([0.13] * 7)
