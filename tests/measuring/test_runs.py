import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo import ResultsError, combine, countdown, sequential, summarise, threads
from gil_demo.measuring import runs
from gil_demo.measuring.machine import describe_machine
from gil_demo.measuring.runs import (
    RUNS,
    check_comparable,
    choose_runner,
    collect_facts,
    measure_pace,
    summarise_each,
    time_run,
)
from gil_demo.tables.schema import MACHINE, make_table, split_runs
from tests.conftest import METHODS, run_once
from tests.made.runs import make_rows, make_run, spread

# measuring


def test_a_timed_run_has_three_parts_that_are_not_negative() -> None:
    assert min(time_run(sequential, 1, countdown, [1000, 1000])) >= 0


def test_the_facts_are_those_of_this_machine_and_every_run_has_an_id_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runs, "measure_busy_percent", lambda: 12.34)
    first, second = collect_facts("compare"), collect_facts("compare")
    assert set(first) == {"run_id", "experiment", *MACHINE}
    assert first["experiment"] == "compare"
    assert len(str(first["run_id"])) == 12
    assert first["run_id"] != second["run_id"]
    assert first["busy_percent"] == 12.3
    assert first["usable_cores"] == describe_machine().usable_cores
    assert first["recorded_on"] == ""


def test_a_runner_is_chosen_by_name_and_processes_by_start_method() -> None:
    assert choose_runner("threads", METHODS[0]) is threads
    assert len(run_once(choose_runner("processes", METHODS[0]), countdown, [1, 1])) == 2


# summing up


def test_ratios_are_paired_by_round() -> None:
    # the sequential time grows threefold within the run, so that the ratio of the medians
    # (0.9 / 0.4) is far from each round's ratio
    loops = [0.2, 0.3, 0.4, 0.4, 0.5, 0.6, 0.6]
    multiples = [4.5, 3.0, 1.5, 1.5, 1.5, 1.5, 1.5]
    table = make_run({("threads", 2): multiples})
    table["seconds"] = [
        part for loop, multiple in zip(loops, multiples, strict=True)
        for part in (loop, loop * multiple)
    ]  # fmt: skip
    loop, own = summarise(table).to_dict("records")
    assert own["seconds"] / loop["seconds"] == pytest.approx(2.25)
    ratio = {name: own[name] for name in own if name.startswith(("time_ratio", "speed_up"))}
    assert ratio == pytest.approx(
        {"time_ratio": 1.5, "time_ratio_low": 1.5, "time_ratio_high": 4.5}
        | {"speed_up": 1 / 1.5, "speed_up_low": 1 / 4.5, "speed_up_high": 1 / 1.5}
    )
    assert {loop[name] for name in ratio} == {1.0}


def test_the_sequential_run_comes_first_then_threads_then_processes() -> None:
    ratios = {
        ("processes", 4): spread(0.5),
        ("fibres", 2): spread(0.5),
        ("threads", 4): spread(1.0),
        ("processes", 2): spread(0.6),
        ("threads", 2): spread(1.1),
    }
    table = make_run(ratios)
    summary = summarise(table[::-1])
    assert list(zip(summary["runner"], summary["workers"], strict=True)) == [
        *(("sequential", 1), ("threads", 2), ("threads", 4)),
        *(("processes", 2), ("processes", 4), ("fibres", 2)),
    ]
    assert list(summary.columns) == [
        *("runner", "workers", "start_method", "rounds"),
        *("seconds", "start_up_seconds", "tear_down_seconds"),
        *("time_ratio", "time_ratio_low", "time_ratio_high"),
        *("speed_up", "speed_up_low", "speed_up_high", "cold_speed_up"),
    ]
    assert_frame_equal(summarise(table.sample(frac=1.0, random_state=3)), summary)


def test_below_six_rounds_there_are_medians_but_no_intervals() -> None:
    summary = summarise(make_run({("threads", 2): spread(1.0, rounds=5)}))
    assert list(summary["rounds"]) == [5, 5]
    assert summary["time_ratio"].notna().all()
    assert summary.filter(regex="low|high").isna().all(axis=None)


def test_the_cold_speed_up_counts_start_up_and_tear_down() -> None:
    table = make_run({("processes", 2): [0.5] * 8}, seconds=0.5, start_up_seconds=0.3)
    is_loop = table["runner"] == "sequential"
    table.loc[~is_loop, "tear_down_seconds"] = 0.2
    table.loc[is_loop, ["start_up_seconds", "seconds"]] = [0.0, 1.0]
    processes = summarise(table).iloc[1]
    told = processes[["speed_up", "cold_speed_up", "start_up_seconds", "tear_down_seconds"]]
    assert list(told) == pytest.approx([2.0, 1.0, 0.3, 0.2])


def test_many_runs_are_summed_up_as_each_is_alone() -> None:
    both = combine([make_run(run_id="two"), make_run({("threads", 3): spread(1.2)}, run_id="one")])
    together = summarise_each(both)
    assert list(together["run_id"].unique()) == ["two", "one"]
    for run in split_runs(both):
        own = together[together["run_id"] == run["run_id"].iloc[0]]
        assert_frame_equal(own.drop(columns="run_id").reset_index(drop=True), summarise(run))


def test_a_run_without_its_sequential_rounds_cannot_be_summed_up() -> None:
    table = make_run()
    rest = table[table["runner"] != "sequential"]
    check_comparable(table)
    for refuse in (summarise, check_comparable):
        with pytest.raises(ResultsError, match="the table has no sequential rounds to hold"):
            refuse(rest)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rounds": 7}, "run a1b2c3 is no single run: its rows differ in rounds$"),
        ({"count": 7}, "run a1b2c3 is no single run: its rows differ in count$"),
        ({"usable_cores": 7}, "run a1b2c3 is no single run: its rows differ in usable_cores$"),
        ({"round": 3}, "is not whole: threads, 2 workers has 8 rows in 7 of 8 rounds$"),
        ({"round": 9}, "is not whole: threads, 2 workers has 8 rows in 8 of 8 rounds$"),
        ({"workers": 3}, "is not whole: threads, 2 workers has 7 rows in 7 of 8 rounds$"),
    ],
)
def test_rows_that_make_no_whole_run_are_refused(change: dict[str, int], told: str) -> None:
    rows = make_rows()
    rows[4] |= change  # threads in the second round
    with pytest.raises(ResultsError, match=told):
        check_comparable(make_table(rows, RUNS))


def test_the_pace_of_the_plain_loop_is_that_of_its_longest_tasks() -> None:
    table = pd.DataFrame(
        [("sequential", 2, 10, 1.0), ("sequential", 2, 100, 4.0), ("threads", 2, 100, 1.0)],
        columns=["runner", "tasks", "steps", "seconds"],
    )
    assert measure_pace(table) == 50.0
    with pytest.raises(ResultsError, match="no sequential rounds"):
        measure_pace(table[2:])
