import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gil_demo.checks import ResultsError
from gil_demo.tables.schema import make_table
from gil_demo.waiting.convoy import EXCHANGES, summarise_exchanges
from tests.conftest import make_rows, spread
from tests.made.waiting import SWEPT, make_exchange_rows, make_serve_table

OWN = 0.005


def test_one_run_has_a_row_for_each_neighbour_with_its_medians() -> None:
    table = make_serve_table(
        {
            ("nothing", OWN): [1000.0, 2000.0, 4000.0],
            ("thread", OWN): [100.0, 200.0, 100.0],
            ("process", OWN): [500.0, 2000.0, 2000.0],
        }
    )
    expected = pd.DataFrame(
        {
            "beside": ["nothing", "process", "thread"],
            "switch_interval_seconds": [OWN] * 3,
            "rounds": [3, 3, 3],
            "requests_per_second": [2000.0, 2000.0, 100.0],
            "latency_median_seconds": [0.9 / 2000, 0.9 / 2000, 0.9 / 100],
            "latency_p99_seconds": [2 / 2000, 2 / 2000, 2 / 100],
            "fewer": [1.0, 2.0, 10.0],
            "fewer_low": [math.nan] * 3,
            "fewer_high": [math.nan] * 3,
        }
    )
    assert_frame_equal(summarise_exchanges(table), expected)


def test_ratios_are_paired_by_round() -> None:
    alone = [100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0]
    beside = [50.0, 100.0, 200.0, 400.0, 160.0, 320.0, 640.0]
    summary = summarise_exchanges(
        make_serve_table({("nothing", OWN): alone, ("thread", OWN): beside})
    )
    row = summary.iloc[1]
    assert row["fewer"] == pytest.approx(2.0)
    # the ratio of the medians is another
    assert summary.iloc[0]["requests_per_second"] / row["requests_per_second"] == pytest.approx(4.0)


def test_a_rate_is_requests_over_seconds_whatever_a_round_took() -> None:
    rows = make_exchange_rows({("nothing", OWN): [100.0] * 3})
    for row, requests, seconds in zip(rows, (50, 300, 20), (0.5, 1.0, 0.1), strict=True):
        row |= {"requests": requests, "seconds": seconds}
    summary = summarise_exchanges(make_table(rows, EXCHANGES))
    assert summary["requests_per_second"].tolist() == [200.0]


def test_six_rounds_carry_an_interval_from_the_least_to_the_most() -> None:
    shares = [3.0, 2.0, 4.0, 2.5, 5.0, 3.5]
    rates = {
        ("nothing", OWN): [1000.0] * 6,
        ("thread", OWN): [1000.0 / share for share in shares],
    }
    row = summarise_exchanges(make_serve_table(rates)).iloc[1]
    assert (row["fewer_low"], row["fewer"], row["fewer_high"]) == pytest.approx((2.0, 3.25, 5.0))
    assert row["rounds"] == 6


@pytest.mark.parametrize("rounds", [1, 5])
def test_below_six_rounds_there_is_a_median_but_no_interval(rounds: int) -> None:
    rates = {("nothing", OWN): spread(1000.0, rounds), ("process", OWN): spread(500.0, rounds)}
    summary = summarise_exchanges(make_serve_table(rates))
    assert summary["fewer"].tolist() == pytest.approx([1.0, 2.0])
    assert summary[["fewer_low", "fewer_high"]].isna().all().all()


def test_the_server_alone_is_held_against_itself() -> None:
    first = summarise_exchanges(make_serve_table()).iloc[0]
    assert first["beside"] == "nothing"
    assert {first["fewer"], first["fewer_low"], first["fewer_high"]} == {1.0}


def test_a_server_beside_nothing_but_nothing_is_summed_up_too() -> None:
    summary = summarise_exchanges(make_serve_table({("nothing", OWN): spread(1000.0)}))
    assert summary["beside"].tolist() == ["nothing"]


def test_a_sweep_has_a_row_for_each_interval_the_shortest_first() -> None:
    rates = dict(reversed(SWEPT.items()))
    summary = summarise_exchanges(make_serve_table(rates))
    rows = list(zip(summary["beside"], summary["switch_interval_seconds"], strict=True))
    assert rows == [("nothing", 0.005), ("thread", 0.0005), ("thread", 0.005), ("thread", 0.02)]
    assert summary["fewer"].tolist() == pytest.approx([1.0, 30.0, 300.0, 1200.0])


def test_the_order_of_the_rows_does_not_matter_and_the_table_stays_as_it_is() -> None:
    table = make_serve_table(SWEPT)
    before = table.copy(deep=True)
    shuffled = table.sample(frac=1.0, random_state=3)
    assert_frame_equal(summarise_exchanges(shuffled), summarise_exchanges(table))
    assert_frame_equal(table, before)


def test_several_runs_are_not_summed_up_as_one() -> None:
    both = pd.concat([make_serve_table(run_id="one"), make_serve_table(run_id="two")])
    with pytest.raises(ResultsError, match="the table holds 2 runs"):
        summarise_exchanges(both)


def test_a_run_without_the_server_alone_cannot_be_summed_up() -> None:
    table = make_serve_table()
    with pytest.raises(ResultsError, match="no rounds beside nothing"):
        summarise_exchanges(table[table["beside"] != "nothing"])


@pytest.mark.parametrize(
    "table", [None, 5, "run.csv", [1], pd.DataFrame(), pd.DataFrame({"a": []})]
)
def test_what_is_no_table_cannot_be_summed_up(table: Any) -> None:
    with pytest.raises(ResultsError, match=r"the table (must be|is no table of echo rounds)"):
        summarise_exchanges(table)


def test_a_table_of_another_kind_is_refused() -> None:
    with pytest.raises(ResultsError, match="is no table of echo rounds: it lacks the columns"):
        summarise_exchanges(pd.DataFrame(make_rows()))


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("seconds", -1.0, "row 3: seconds must be a number above 0"),
        ("seconds", 0.0, "row 3: seconds must be a number above 0"),
        ("seconds", math.inf, "row 3: seconds must be a number above 0"),
        ("seconds", math.nan, "row 3: seconds must be a value"),
        ("requests", 0, "row 3: requests must be a whole number of 1 or more"),
        ("latency_median_seconds", 0.0, "row 3: latency_median_seconds must be"),
        ("latency_p99_seconds", math.nan, "row 3: latency_p99_seconds must be a value"),
        ("switch_interval_seconds", 0.0, "row 3: switch_interval_seconds must be"),
        ("beside", "an elephant", "row 3: beside must be nothing or thread or process"),
        ("experiment", "trace", "row 3: experiment must be serve"),
        ("busy_percent", 101.0, "row 3: busy_percent must be a number from 0 to 100"),
        ("usable_cores", 4, "its rows differ in usable_cores"),
        ("recorded_on", "a laptop", "its rows differ in recorded_on"),
        ("rounds", 9, "its rows differ in rounds"),
    ],
)
def test_a_table_spoilt_after_the_measurement_is_refused(
    column: str, value: Any, told: str
) -> None:
    table = make_serve_table()
    table.loc[2, column] = value
    with pytest.raises(ResultsError, match=told):
        summarise_exchanges(table)


def keep_other_rounds_of_the_neighbour(table: pd.DataFrame) -> pd.DataFrame:
    is_first_half = table["round"] <= 4
    return table[(table["beside"] == "nothing") == is_first_half]


def cut_short(table: pd.DataFrame) -> pd.DataFrame:
    return table[:-2]


def repeat_a_round(table: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([table, table[table["round"] == 1]])


@pytest.mark.parametrize("spoil", [keep_other_rounds_of_the_neighbour, cut_short, repeat_a_round])
def test_rounds_that_the_neighbours_do_not_share_are_refused(
    spoil: Callable[[pd.DataFrame], pd.DataFrame],
) -> None:
    with pytest.raises(ResultsError):
        summarise_exchanges(spoil(make_serve_table()))
