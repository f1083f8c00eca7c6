import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from unittest.mock import Mock, call

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo import ResultsError, combine, summarise
from gil_demo.measuring import runs
from gil_demo.measuring.machine import describe_machine
from gil_demo.measuring.rounds import Start, Timing
from gil_demo.running.runners import sequential
from gil_demo.running.spans import Run, Span
from gil_demo.running.workloads import countdown
from gil_demo.tables.schema import MACHINE, split_runs
from tests.made.runs import make_run, spread


@pytest.mark.usefixtures("no_wait")
def test_the_facts_are_those_of_this_machine_and_every_run_has_an_id_of_its_own() -> None:
    first, second = runs.collect_facts("compare"), runs.collect_facts("compare")
    assert set(first) == {"run_id", "experiment", *MACHINE}
    assert re.fullmatch("r[0-9a-f]{11}", str(first["run_id"]))  # no number to a spreadsheet
    assert first["run_id"] != second["run_id"]
    told = {"experiment": "compare", "busy_percent": 12.3, "recorded_on": ""}
    assert first | told | {"usable_cores": describe_machine().usable_cores} == first


def test_ratios_are_paired_by_round() -> None:
    # the sequential time grows threefold within the run, so that the ratio of the medians
    # (0.9 / 0.4) is far from each round's ratio
    table = make_run({("threads", 2): [4.5, 3.0, 1.5, 1.5, 1.5, 1.5, 1.5]})
    is_loop = table["runner"] == "sequential"
    loops = [0.2, 0.3, 0.4, 0.4, 0.5, 0.6, 0.6]
    table.loc[~is_loop, "seconds"] *= [*loops] / table.loc[is_loop, "seconds"].to_numpy()
    table.loc[is_loop, "seconds"] = loops
    loop, own = summarise(table).to_dict("records")
    assert own["seconds"] / loop["seconds"] == pytest.approx(2.25)
    ratio = {name: own[name] for name in own if name.startswith(("time_ratio", "speed_up"))}
    low, high = 1.470298, 3.0008656  # 1.5 and 3, and what differs from program to program
    assert list(ratio.values()) == pytest.approx([1.5, low, high, 1 / 1.5, 1 / high, 1 / low])
    assert {loop[name] for name in ratio} == {1.0}


def test_the_sequential_run_comes_first_then_threads_then_processes() -> None:
    ways = [("processes", 4), ("fibres", 2), ("threads", 4), ("processes", 2), ("threads", 2)]
    table = make_run({way: spread(1.0) for way in ways})
    summary = summarise(table[::-1])
    assert list(zip(summary["runner"], summary["workers"], strict=True)) == [
        *(("sequential", 1), ("threads", 2), ("threads", 4)),
        *(("processes", 2), ("processes", 4), ("fibres", 2)),
    ]
    assert_frame_equal(summarise(table.sample(frac=1.0, random_state=3)), summary)


def test_a_start_is_timed_around_what_a_runner_is_entered_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
    monkeypatch.setattr(runs, "time", SimpleNamespace(perf_counter=lambda: next(moments)))
    run, starts = Mock(), [Start(7.0, 7.0)]
    runner = Mock(return_value=nullcontext(run))
    with runs.started(runner, 2, starts) as entered:
        assert runs.time_work(entered, abs, [5, 6]) == Timing(4.0)
    runner.assert_called_once_with(2)
    assert run.call_args_list == [call(countdown, [1, 1]), call(abs, [5, 6])]
    assert starts == [Start(7.0, 7.0), Start(1.0, 16.0)]


@pytest.mark.usefixtures("no_wait")
def test_a_run_is_timed_from_the_start_of_its_first_task_to_the_end_of_its_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spans = [Span(0, 0, 5.0, 7.0), Span(1, 1, 4.5, 6.0)]
    monkeypatch.setattr(runs, "choose_runner", lambda *_: lambda _: nullcontext(lambda *_: spans))
    work = runs.Work("countdown", countdown, 10)
    table = runs.measure("compare", work, {("sequential", 1): 2}, budget=0.01)
    assert set(table["seconds"]) == {2.5}
    # a coarse clock may stand still meanwhile
    assert runs.time_tasks(lambda *_: [Span(0, 0, 5.0, 5.0)], abs, [1]) == Timing(1e-9)


@pytest.mark.usefixtures("no_wait")
def test_workers_are_started_a_few_times_apart_from_the_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crews: list[int] = []

    @contextmanager
    def start(workers: int) -> Iterator[Run]:
        crews.append(workers)
        with sequential() as run:
            yield run

    monkeypatch.setattr(runs, "choose_runner", lambda *_: start)
    work = runs.Work("countdown", countdown, 1_000)
    for budget, times in ((1.0, 5), (1e-9, 1)):
        crews.clear()
        table = runs.measure(
            "compare", work, {("sequential", 1): 3, ("threads", 3): 3}, None, 1, budget
        )
        assert sorted(crews) == [*[1] * times, *[3] * times]
        noted = table[table["start_up_seconds"].notna()].groupby("runner")["round"].agg(list)
        rounds = [*range(1, 1 + min(times, int(table["rounds"].iloc[0])))]
        assert noted.to_dict() == {"sequential": rounds, "threads": rounds}


@pytest.mark.usefixtures("no_wait")
def test_a_countdown_is_as_short_as_may_be_and_shorter_where_time_is_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runs, "measure_steps_per_second", lambda: 12_000_000.0)
    monkeypatch.setattr(runs, "count_usable_cores", lambda: 2)
    monkeypatch.setattr(runs, "time_tasks", lambda *_: Timing(1e-6))
    for workers, budget, count in (
        (2, 80.0, 1_400_000),  # 60 ms for each core
        (4, 80.0, 1_400_000),
        (1, 80.0, 720_000),
        (2, 0.5, 250_000),  # twelve rounds of two ways in the time allowed
        (3, 1e-9, 3),
    ):
        work = runs.Work("countdown", countdown, None)
        variants = {("sequential", 1): workers, ("threads", workers): workers}
        table = runs.measure("compare", work, variants, precision=1.0, budget=budget)
        assert set(table["count"]) == {count}


def test_the_cold_speed_up_counts_start_up_and_tear_down() -> None:
    table = make_run({("processes", 2): [0.5] * 8})
    parts = ["start_up_seconds", "seconds", "tear_down_seconds"]
    table[parts] = [0.3, 0.5, 0.2]
    table.loc[table["runner"] == "sequential", parts] = [0.0, 1.0, 0.0]
    told = summarise(table).iloc[1][["speed_up", "cold_speed_up", parts[0], parts[2]]]
    assert list(told) == pytest.approx([2.0, 1.0, 0.3, 0.2])


def test_many_runs_are_summed_up_as_each_is_alone() -> None:
    both = combine([make_run(run_id="two"), make_run({("threads", 3): spread(1.2)}, run_id="one")])
    together = runs.summarise_each(both)
    assert list(together["run_id"].unique()) == ["two", "one"]
    for run in split_runs(both):
        assert [*run.columns] == [*both.columns]
        own = together[together["run_id"] == run["run_id"].iloc[0]]
        assert_frame_equal(own.drop(columns="run_id").reset_index(drop=True), summarise(run))


def test_a_run_without_its_sequential_rounds_cannot_be_summed_up() -> None:
    table = make_run()
    with pytest.raises(ResultsError, match="the table has no sequential rounds to hold"):
        runs.check_comparable(table[table["runner"] != "sequential"])


def test_the_pace_of_the_plain_loop_is_that_of_its_longest_tasks() -> None:
    rows = [("sequential", 2, 10, 1.0), ("sequential", 2, 100, 4.0), ("threads", 2, 100, 1.0)]
    table = pd.DataFrame(rows, columns=["runner", "tasks", "steps", "seconds"])
    assert runs.measure_pace(table) == 50.0
