import math

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.costs.memory import DEEDS, summarise_memory
from gil_demo.costs.start_up import summarise_start_up
from gil_demo.costs.transport import WAYS, summarise_transport
from tests.conftest import make_rows, spread
from tests.made.costs import (
    COLLECTS,
    IMPORTS,
    LARGE,
    READS,
    SMALL,
    WAITS,
    Starts,
    Weights,
    make_lengths,
    make_starts,
    make_transfers,
    make_weights,
)

SUMMARIES = [
    (summarise_start_up, make_starts),
    (summarise_transport, make_transfers),
    (summarise_memory, make_weights),
]


def pick(summary: pd.DataFrame, **wanted: object) -> pd.Series:
    for name, value in wanted.items():
        summary = summary[summary[name] == value]
    assert len(summary) == 1
    return summary.iloc[0]


@pytest.mark.parametrize(("summarise", "make"), SUMMARIES)
def test_tables_of_another_kind_or_of_two_runs_are_refused(summarise, make) -> None:  # type: ignore[no-untyped-def]
    two = pd.concat([make(), make(run_id="two")], ignore_index=True)
    with pytest.raises(ResultsError, match="the table holds 2 runs"):
        summarise(two)
    for other in (make_lengths(), pd.DataFrame(make_rows()), None, make().head(0)):
        with pytest.raises(ResultsError):
            summarise(other)


@pytest.mark.parametrize(("summarise", "make"), SUMMARIES)
def test_the_order_of_the_rows_does_not_matter(summarise, make) -> None:  # type: ignore[no-untyped-def]
    table = make()
    mixed = table.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(summarise(mixed), summarise(table))


# start-up


def test_each_start_method_and_load_has_a_row_with_its_median_and_interval() -> None:
    summary = summarise_start_up(make_starts())
    assert list(zip(summary["start_method"], summary["loads"], strict=True)) == [
        ("fork", "nothing"),
        ("fork", "pandas"),
        ("spawn", "nothing"),
        ("spawn", "pandas"),
    ]
    row = pick(summary, start_method="spawn", loads="nothing")
    assert row["rounds"] == 8
    assert row["start_up_seconds"] == pytest.approx(0.11)
    assert row["start_up_low"] < 0.11 < row["start_up_high"]
    assert row["tear_down_seconds"] == pytest.approx(0.03)
    assert (row["extra_seconds"], row["extra_low"], row["extra_high"]) == (0, 0, 0)


def test_what_an_import_adds_is_taken_round_by_round() -> None:
    plain = [0.1, 0.5, 0.1, 0.3, 0.2, 0.1]
    starts: Starts = {
        ("spawn", "nothing"): (plain, [0.01] * 6),
        ("spawn", "pandas"): ([start + 0.4 for start in plain], [0.01] * 6),
    }
    row = pick(summarise_start_up(make_starts(starts)), loads="pandas")
    assert row["extra_seconds"] == pytest.approx(0.4)
    assert row["extra_low"] == pytest.approx(row["extra_high"])
    assert row["start_up_low"] < row["start_up_high"]


def test_below_six_rounds_there_are_medians_without_intervals() -> None:
    starts: Starts = {("fork", "nothing"): (spread(0.1, 5), spread(0.1, 5))}
    row = pick(summarise_start_up(make_starts(starts)))
    assert row["start_up_seconds"] == pytest.approx(0.1)
    assert math.isnan(row["start_up_low"])
    assert math.isnan(row["start_up_high"])


def test_an_import_with_nothing_to_hold_it_against_adds_what_is_not_known() -> None:
    starts: Starts = {("fork", "pandas"): (spread(0.4), spread(0.1))}
    row = pick(summarise_start_up(make_starts(starts)))
    assert math.isnan(row["extra_seconds"])
    assert row["start_up_seconds"] == pytest.approx(0.4)


# carrying data


def test_each_kind_way_and_size_has_a_row_held_against_the_argument() -> None:
    table = make_transfers()
    summary = summarise_transport(table)
    assert len(summary) == len(table.groupby(["kind", "way", "size_bytes"]))
    assert list(dict.fromkeys(summary["way"])) == list(WAYS)
    sent = summary[summary["way"] == "argument"]
    assert (sent["ratio"] == 1).all()
    row = pick(summary, kind="bytes", way="shared memory", size_bytes=10_000_000)
    assert row["seconds"] == pytest.approx(0.0063)
    assert row["ratio"] == pytest.approx(0.0063 / 0.0201)
    assert row["seconds_low"] <= row["seconds"] <= row["seconds_high"]


def test_a_way_whose_size_was_not_sent_as_an_argument_has_no_ratio() -> None:
    table = make_transfers({("bytes", "kept", 1_000): spread(0.001)})
    row = pick(summarise_transport(table))
    assert row["seconds"] == pytest.approx(0.001)
    assert math.isnan(row["ratio"])


# memory


def test_each_weighed_worker_has_its_median_and_its_extremes() -> None:
    weights: Weights = {
        ("spawn", SMALL, WAITS): ([5, 9, 7], [1, 1, 1]),
        ("fork", LARGE, READS): ([40, 20, 30], [1, 1, 1]),
        ("fork", SMALL, WAITS): ([3, 3, 3], [1, 1, 1]),
    }
    summary = summarise_memory(make_weights(weights, table_bytes=1_000))
    assert summary.to_dict("list") == {
        "start_method": ["fork", "fork", "spawn"],
        "parent": [SMALL, LARGE, SMALL],
        "deed": [WAITS, READS, WAITS],
        "rounds": [3, 3, 3],
        "unique_bytes": [3.0, 30.0, 7.0],
        "unique_low": [3.0, 20.0, 5.0],
        "unique_high": [3.0, 40.0, 9.0],
        "table_bytes": [1_000.0] * 3,
    }


def test_the_deeds_stand_in_their_order_and_those_not_done_are_left_out() -> None:
    summary = summarise_memory(make_weights())
    for (method, parent), own in summary.groupby(["start_method", "parent"]):
        deeds = list(own["deed"])
        assert deeds == [deed for deed in DEEDS if deed in deeds]
        assert (IMPORTS in deeds) == (parent == SMALL)
        assert (COLLECTS in deeds) == (method == "fork" and parent == LARGE)
