import os
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import WorkerDied
from gil_demo.costs import break_even
from gil_demo.costs.break_even import (
    LONGEST_SECONDS,
    judge_break_even,
    summarise_break_even,
    summarise_lengths,
    sweep_task_length,
)
from gil_demo.measuring import machine
from gil_demo.running.scripts import run_script
from gil_demo.tables.files import load, save
from tests.conftest import METHODS, list_workers
from tests.experiments_conftest import assert_one_run
from tests.made import tasks
from tests.made.costs import make_lengths

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@pytest.mark.usefixtures("no_wait")
def test_real_runs_of_every_start_method_are_a_whole_table(tmp_path: Path) -> None:
    before = list_workers()
    table = sweep_task_length(budget=0.2)
    assert list_workers() == before
    assert_one_run(table, ["runner", "start_method", "steps"])
    assert dict(table.dtypes) == dict(make_lengths().dtypes)
    ways = set(zip(table["runner"], table["start_method"], strict=True))
    processes = {("processes", method) for method in METHODS}
    assert ways == {("sequential", ""), ("threads", "")} | processes
    assert set(table["tasks"]) == {2}
    assert table["steps"].nunique() == 7
    assert len(summarise_break_even(table)) == 4 * len(METHODS)
    assert len(summarise_lengths(table)) == 7 * (2 + 2 * len(METHODS))
    assert_frame_equal(load(save(table, tmp_path / "run.csv")), table, check_exact=True)


@pytest.mark.usefixtures("no_wait")
def test_a_cold_pool_is_started_once_a_round_and_shared_by_all_lengths() -> None:
    table = sweep_task_length(METHODS[:1], budget=0.5)
    parts = ["start_up_seconds", "tear_down_seconds"]
    processes = table[table["runner"] == "processes"]
    assert (processes[parts] > 0).all(axis=None)
    assert (table[table["runner"] != "processes"][parts] == 0).all(axis=None)
    for _, rows in processes.groupby("round"):
        assert len(rows[parts].drop_duplicates()) == 1
    orders = [tuple(rows["position"]) for _, rows in table.groupby("round")]
    assert all(len(set(order)) == len(order) for order in orders)
    assert all(1 <= place <= 22 for order in orders for place in order)  # 21 and the start


@pytest.mark.usefixtures("no_wait")
def test_each_length_is_a_quarter_of_the_next() -> None:
    table = sweep_task_length(METHODS[:1], budget=0.8)
    steps = sorted(set(table["steps"]))
    assert len(steps) == 7
    for short, long in pairwise(steps):
        assert long / short == pytest.approx(4, rel=0.05)


@pytest.mark.usefixtures("no_wait")
@pytest.mark.parametrize("workers", [1, 3])
def test_there_are_as_many_tasks_as_workers(workers: int) -> None:
    table = sweep_task_length(METHODS[:1], workers=workers, budget=0.05)
    assert set(table["tasks"]) == {workers}


@pytest.mark.parametrize("seconds", [1e-4, 0.01, 1.0, 12.0, 3600.0])
@pytest.mark.parametrize("workers", [1, 2, 32])
def test_the_lengths_differ_and_suit_the_time(seconds: float, workers: int) -> None:
    began = time.perf_counter()
    lengths = break_even._choose_lengths(workers, seconds)
    elapsed = time.perf_counter() - began  # the pace was measured over most of it
    assert len(lengths) == 7
    assert lengths == sorted(set(lengths))
    assert lengths[0] >= 10
    most = 200_000 / (elapsed / 10) * min(LONGEST_SECONDS, seconds / 40) / workers
    assert lengths[-1] <= max(16, most)


@pytest.mark.usefixtures("no_wait")
def test_a_budget_however_small_gives_a_whole_round_soon() -> None:
    began = time.monotonic()
    table = sweep_task_length(METHODS[:1], budget=0.001)
    assert time.monotonic() - began < 5
    assert set(table["rounds"]) == {1}
    assert_one_run(table, ["runner", "start_method", "steps"])
    assert set(summarise_break_even(table)["crossing_seconds"].isna()) == {True}


@pytest.mark.usefixtures("no_wait")
def test_on_one_core_the_sentence_withholds_its_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "count_usable_cores", lambda: 1)
    table = sweep_task_length(METHODS[:1], budget=0.3)
    assert set(table["usable_cores"]) == {1}
    told = judge_break_even(table)
    assert told.startswith("No verdict: ")
    assert "isn't worth" not in told
    assert "pays from" not in told


ONE_CORE = """
import os

if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    from gil_demo import sweep_task_length, verdict

    print(verdict(sweep_task_length(budget=1.0)))
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_with_one_core_in_truth_every_start_method_runs_and_no_verdict_is_given() -> None:
    outcome = run_script(ONE_CORE, 60.0)
    assert outcome.state == "finished", outcome
    assert outcome.output.startswith("No verdict: ")
    assert "isn't worth" not in outcome.output
    assert "pays from" not in outcome.output


@pytest.mark.usefixtures("no_wait", "pool_threads_may_stay")
@pytest.mark.parametrize("method", METHODS)
def test_a_worker_that_dies_is_one_clear_error_and_all_pools_end(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list_workers()
    monkeypatch.setattr(break_even, "_choose_lengths", lambda *_: [1])
    monkeypatch.setattr(break_even, "countdown", tasks.die_in_a_worker)
    with pytest.raises(WorkerDied, match="with 2 tasks under way"):
        sweep_task_length([method], budget=0.05)
    assert list_workers() == before


@pytest.mark.usefixtures("nothing_may_be_measured")
@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"start_methods": ["vfork"]}, ValueError),
        ({"start_methods": [""]}, ValueError),
        ({"start_methods": 5}, TypeError),
        ({"workers": 0}, ValueError),
        ({"workers": True}, TypeError),
        ({"budget": 0.0}, ValueError),
        ({"budget": 10**9}, ValueError),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_starts(
    wrong: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"must"):
        sweep_task_length(**wrong)
