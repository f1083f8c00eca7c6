import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import ResultsError
from gil_demo.measuring.runs import RUNS, summarise
from gil_demo.tables.files import load, save
from gil_demo.tables.kinds import combine
from gil_demo.tables.schema import make_table, split_runs
from gil_demo.waiting.workloads import WORKLOADS, check_predictions, summarise_workloads
from tests.conftest import TableMaker, make_rows, spread
from tests.made.waiting import ORDINARY_SPEED_UPS, make_workload_table

# combine and split


def test_tables_are_put_one_below_the_other_with_fresh_row_numbers(make_run: TableMaker) -> None:
    one, two = make_run(run_id="one"), make_run(run_id="two", logical_cores=8)
    both = combine([one, two])
    assert list(both.index) == list(range(len(one) + len(two)))
    assert list(both["run_id"].unique()) == ["one", "two"]
    assert dict(both.dtypes) == dict(one.dtypes)


def test_rows_that_are_there_twice_stay_once(make_run: TableMaker) -> None:
    one, two = make_run(run_id="one"), make_run(run_id="two")
    assert_frame_equal(combine([one, two, one]), combine([one, two]))
    assert_frame_equal(combine([combine([one, two]), combine([two, one])]), combine([one, two]))


def test_a_combined_table_can_be_saved_and_loaded(make_run: TableMaker, tmp_path: Path) -> None:
    both = combine([make_run(run_id="one"), make_run(run_id="two", physical_cores=None)])
    assert_frame_equal(load(save(both, tmp_path / "both.csv")), both)


def test_splitting_undoes_combining(make_run: TableMaker) -> None:
    one, two = make_run(run_id="one"), make_run(run_id="two")
    parts = split_runs(combine([two, one]))
    assert_frame_equal(parts[0], two)
    assert_frame_equal(parts[1], one)


def test_an_empty_list_of_tables_is_refused() -> None:
    with pytest.raises(ResultsError, match="there are no tables to combine; give at least one"):
        combine([])


def test_a_table_of_another_kind_is_refused_by_its_number(make_run: TableMaker) -> None:
    with pytest.raises(ResultsError, match="table 2 is no table of timed runs"):
        combine([make_run(), pd.DataFrame({"a": [1]})])


# summarise


def test_ratios_are_paired_by_round() -> None:
    # the sequential time grows threefold within the run, so that the ratio of the medians
    # (0.9 / 0.4) is far from each round's ratio
    sequential = [0.2, 0.3, 0.4, 0.4, 0.5, 0.6, 0.6]
    multiples = [4.5, 3.0, 1.5, 1.5, 1.5, 1.5, 1.5]
    rows = make_rows({("threads", 2): multiples})
    for row in rows:
        number = int(str(row["round"])) - 1
        multiple = multiples[number] if row["runner"] == "threads" else 1.0
        row["seconds"] = sequential[number] * multiple
    baseline, threads = summarise(make_table(rows, RUNS)).to_dict("records")
    ratio_of_medians = threads["seconds"] / baseline["seconds"]
    assert threads["time_ratio"] == pytest.approx(1.5)
    assert ratio_of_medians == pytest.approx(2.25)
    assert threads["speed_up"] == pytest.approx(1 / 1.5)


def test_the_order_of_the_rows_does_not_matter(make_run: TableMaker) -> None:
    table = make_run()
    shuffled = table.sample(frac=1.0, random_state=3)
    assert_frame_equal(summarise(shuffled), summarise(table))


def test_the_sequential_run_comes_first_then_threads_then_processes() -> None:
    ratios = {
        ("processes", 4): spread(0.5),
        ("threads", 4): spread(1.0),
        ("processes", 2): spread(0.6),
        ("threads", 2): spread(1.1),
    }
    summary = summarise(make_table(make_rows(ratios)[::-1], RUNS))
    assert list(zip(summary["runner"], summary["workers"], strict=True)) == [
        ("sequential", 1),
        ("threads", 2),
        ("threads", 4),
        ("processes", 2),
        ("processes", 4),
    ]


def test_the_sequential_run_is_exactly_as_fast_as_itself(make_run: TableMaker) -> None:
    first = summarise(make_run()).iloc[0]
    assert first["runner"] == "sequential"
    assert {first[name] for name in ("time_ratio", "time_ratio_low", "speed_up_high")} == {1.0}


def test_the_speed_up_is_the_reverse_of_the_ratio_with_its_ends_swapped(
    make_run: TableMaker,
) -> None:
    for row in summarise(make_run()).to_dict("records"):
        assert row["time_ratio_low"] <= row["time_ratio"] <= row["time_ratio_high"]
        assert row["speed_up_low"] <= row["speed_up"] <= row["speed_up_high"]
        assert row["speed_up"] == pytest.approx(1 / row["time_ratio"])
        assert row["speed_up_low"] == pytest.approx(1 / row["time_ratio_high"])


def test_below_six_rounds_there_are_medians_but_no_intervals() -> None:
    summary = summarise(make_table(make_rows({("threads", 2): spread(1.0, rounds=5)}), RUNS))
    assert list(summary["rounds"]) == [5, 5]
    assert summary["time_ratio"].notna().all()
    for name in ("time_ratio_low", "time_ratio_high", "speed_up_low", "speed_up_high"):
        assert summary[name].isna().all()


def test_the_cold_speed_up_counts_start_up_and_tear_down() -> None:
    rows = make_rows({("processes", 2): [0.5] * 8})
    for row in rows:
        row["seconds"] = 1.0 if row["runner"] == "sequential" else 0.5
        if row["runner"] == "processes":
            row |= {"start_up_seconds": 0.3, "tear_down_seconds": 0.2}
    processes = summarise(make_table(rows, RUNS)).iloc[1]
    assert processes["speed_up"] == pytest.approx(2.0)
    assert processes["cold_speed_up"] == pytest.approx(1.0)
    assert processes["start_up_seconds"] == pytest.approx(0.3)
    assert processes["tear_down_seconds"] == pytest.approx(0.2)


def test_several_runs_are_not_summed_up_as_one(make_run: TableMaker) -> None:
    both = combine([make_run(run_id="one"), make_run(run_id="two")])
    with pytest.raises(ResultsError, match="the table holds 2 runs"):
        summarise(both)


def test_a_run_without_its_sequential_rounds_cannot_be_summed_up(make_run: TableMaker) -> None:
    table = make_run()
    with pytest.raises(ResultsError, match="no sequential rounds"):
        summarise(table[table["runner"] != "sequential"])


@pytest.mark.parametrize("table", [None, 5, "run.csv", [1], pd.DataFrame()])
def test_what_is_no_table_cannot_be_summed_up(table: Any) -> None:
    with pytest.raises(ResultsError, match=r"the table (must be|is no table)"):
        summarise(table)


def test_a_table_with_a_column_twice_cannot_be_summed_up(make_run: TableMaker) -> None:
    table = make_run()
    with pytest.raises(ResultsError, match="has the columns seconds more than once"):
        summarise(pd.concat([table, table[["seconds"]]], axis="columns"))


@pytest.mark.parametrize("value", [-1.0, 0.0, math.inf, math.nan])
def test_a_table_spoilt_after_the_measurement_is_refused(
    make_run: TableMaker, value: float
) -> None:
    table = make_run()
    table.loc[2, "seconds"] = value
    with pytest.raises(ResultsError, match="the table, row 3: seconds must be"):
        summarise(table)


def test_the_table_itself_is_left_as_it_is(make_run: TableMaker) -> None:
    table = make_run()
    before = table.copy(deep=True)
    summarise(table)
    combine([table, table])
    assert_frame_equal(table, before)


# workloads


def make_workload(name: str, threads: list[float], **facts: Any) -> pd.DataFrame:
    return make_workload_table(
        {name: {"threads": threads, "processes": spread(1.8, len(threads))}}, **facts
    )


@pytest.mark.parametrize(
    ("speed_ups", "answer"),
    [
        ([1.9, 1.8, 2.0, 1.9, 1.8, 2.0], "threads help"),
        ([1.06, 1.3, 1.3, 1.3, 1.3, 1.9], "threads help"),
        ([1.06, 1.1, 1.1, 1.1, 1.1, 1.15], "threads help"),
        ([1.04, 1.3, 1.3, 1.3, 1.3, 1.9], "not clear here"),
        ([1.04, 1.1, 1.1, 1.1, 1.1, 1.21], "not clear here"),
        ([1.04, 1.1, 1.1, 1.1, 1.1, 1.19], "they don't"),
        ([0.2, 0.3, 0.4, 0.3, 0.2, 0.4], "they don't"),
        ([0.5, 1.0, 1.0, 1.0, 1.0, 3.0], "not clear here"),
        ([1.9, 1.9, 1.9, 1.9, 1.9], "not clear here"),
        ([1.9], "not clear here"),
    ],
)
def test_whether_threads_help_is_said_where_the_whole_interval_says_so(
    speed_ups: list[float], answer: str
) -> None:
    summary = summarise_workloads(make_workload("hashing", speed_ups))
    assert set(summary["threads_help"]) == {answer}
    threads = summary[summary["runner"] == "threads"].iloc[0]
    ends = [threads["speed_up_low"], threads["speed_up_high"]]
    nan = [math.nan] * 2
    expected = [min(speed_ups), max(speed_ups)] if len(speed_ups) == 6 else nan
    assert ends == pytest.approx(expected, nan_ok=True)


def test_how_fast_processes_are_says_nothing_about_threads() -> None:
    for ups in (spread(0.3), spread(1.9)):
        table = make_workload_table({"hashing": {"threads": spread(1.0), "processes": ups}})
        assert set(summarise_workloads(table)["threads_help"]) == {"they don't"}
    without = make_workload_table({"hashing": {"processes": spread(1.9)}})
    assert set(summarise_workloads(without)["threads_help"]) == {"not clear here"}


def test_the_workloads_have_one_order_whatever_that_of_the_table() -> None:
    table = make_workload_table(dict(reversed(ORDINARY_SPEED_UPS.items())))
    summary = summarise_workloads(table)
    assert list(dict.fromkeys(summary["workload"])) == list(WORKLOADS)
    assert dict(zip(summary["workload"], summary["kind"], strict=True)) == WORKLOADS
    assert_frame_equal(summarise_workloads(table.sample(frac=1.0, random_state=3)), summary)


def test_each_workload_is_summed_up_as_a_run_of_its_own() -> None:
    table = make_workload_table()
    summary = summarise_workloads(table)
    for run in split_runs(table):
        part = summary[summary["workload"] == run["workload"].iloc[0]].reset_index(drop=True)
        alone = summarise(run)
        assert_frame_equal(part[alone.columns], alone)
    assert list(summary.columns[:2]) == ["workload", "kind"]
    assert summary.columns[-1] == "threads_help"


def test_a_workload_that_is_there_twice_is_refused() -> None:
    twice = combine(
        [
            make_workload("hashing", spread(1.9), run_id="one"),
            make_workload("hashing", spread(1.0), run_id="two"),
        ]
    )
    with pytest.raises(ResultsError, match=r"one run of each workload.*holds hashing, hashing"):
        summarise_workloads(twice)


def test_a_workload_that_is_not_known_is_refused() -> None:
    for unknown in (make_workload("dreaming", spread(1.9)), make_table(make_rows(), RUNS)):
        with pytest.raises(ResultsError, match=r"one run of each workload, out of sleeping, "):
            summarise_workloads(unknown)


def test_damage_to_one_workload_is_refused() -> None:
    table = make_workload_table()
    spoilt = table.copy()
    spoilt.loc[5, "seconds"] = -1.0
    is_loop = (table["workload"] == "sorting") & (table["runner"] == "sequential")
    for bad, told in (
        (spoilt, "row 6: seconds must be"),
        (table[:-1], "is not whole"),
        (table[~is_loop], "no sequential rounds"),
        (table.drop(columns="workload"), "lacks the columns workload"),
        (pd.DataFrame(), "is no table of timed runs"),
        (None, "must be a pandas DataFrame"),
    ):
        with pytest.raises(ResultsError, match=told):
            summarise_workloads(bad)  # type: ignore[arg-type]
        with pytest.raises(ResultsError, match=told):
            check_predictions(bad, [])  # type: ignore[arg-type]


# predictions


@pytest.fixture
def judged() -> pd.DataFrame:
    """Give a table in which threads help with sleeping, not with sorting; hashing is unclear."""
    ups = {"sleeping": spread(1.9), "hashing": spread(1.5, 8, 1.2), "sorting": spread(0.9)}
    return make_workload_table({name: {"threads": threads} for name, threads in ups.items()})


@pytest.mark.parametrize(
    ("helped", "right"),
    [
        (["sleeping"], [True, None, True]),
        (["sleeping", "hashing", "sorting"], [True, None, False]),
        ([], [False, None, True]),
        (["sorting"], [False, None, False]),
        ({"sleeping": 1}.keys(), [True, None, True]),
        (["sleeping", "sleeping"], [True, None, True]),
    ],
)
def test_a_prediction_is_right_or_wrong_or_cannot_be_told(
    judged: pd.DataFrame, helped: Any, right: list[bool | None]
) -> None:
    checked = check_predictions(judged, helped)
    assert list(checked.columns) == ["workload", "predicted", "measured", "right"]
    assert checked["workload"].tolist() == ["sleeping", "hashing", "sorting"]
    assert checked["measured"].tolist() == ["threads help", "not clear here", "they don't"]
    expected = ["threads help" if name in helped else "they don't" for name in checked["workload"]]
    assert checked["predicted"].tolist() == expected
    assert checked["right"].tolist() == right


def test_predictions_may_come_one_by_one(judged: pd.DataFrame) -> None:
    checked = check_predictions(judged, (name for name in ("sleeping",)))
    assert checked["right"].tolist() == [True, None, True]


def test_a_prediction_about_what_was_not_measured_is_refused_by_name(judged: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"\(sleeping, hashing, sorting\), not dreaming, writing"):
        check_predictions(judged, ["sleeping", "writing a file", "dreaming"])
