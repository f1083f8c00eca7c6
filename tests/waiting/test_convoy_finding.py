import re
from typing import Any

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.tables.schema import list_rows
from gil_demo.waiting.convoy import NEIGHBOURS as NEIGHBOURS
from gil_demo.waiting.convoy import (
    describe_exchanges,
    judge_exchanges,
    state_rate,
    summarise_exchanges,
    title_exchanges,
    title_server_sweep,
)
from gil_demo.words import MARGIN, state_seconds
from tests.conftest import make_rows, spread
from tests.made.waiting import SERVED, SWEPT, make_serve_table

OWN = 0.005


def judge(table: pd.DataFrame) -> str:
    """Return the sentences with those that go over two lines in one."""
    return judge_exchanges(table).replace("\n  ", " ")


def beside_thread(shares: list[float], **facts: object) -> pd.DataFrame:
    """Make a table in which the server answers 1,000 requests a second, beside a thread a share."""
    rates = {
        ("nothing", OWN): [1000.0] * len(shares),
        ("thread", OWN): [1000 * share for share in shares],
    }
    return make_serve_table(rates, **facts)


def find_line(text: str, start: str) -> str:
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return line


def title_of(table: pd.DataFrame) -> str:
    is_sweep = table["switch_interval_seconds"].nunique() > 1
    return (title_server_sweep if is_sweep else title_exchanges)(table, summarise_exchanges(table))


# verdicts


def test_each_neighbour_has_a_line_with_the_numbers_of_the_summary() -> None:
    table = make_serve_table()
    lines = judge(table).splitlines()
    assert lines == [
        "Alone: 30,000 requests a second, 30 µs each in the median, 1 % above 66.7 µs.",
        "Beside a busy process: 20,000 requests a second, 45 µs each in the median, "
        "1 % above 100 µs; 1.5 × fewer than alone.",
        "Beside a busy thread: 100 requests a second, 9 ms each in the median, "
        "1 % above 20 ms; 300 × fewer than alone.",
        "Eight rounds of each.",
    ]


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        (spread(0.01), "; 100 × fewer than alone."),
        (spread(0.5, 8, 0.9), "; 1.38 to 3.64 × fewer than alone."),
        (spread(0.9), "; 1.11 × fewer than alone."),
        (spread(1.0), "; no clear difference from alone."),
        (spread(0.97), "; no clear difference from alone."),
        (spread(1.0, 8, 1.6), "; no clear difference from alone."),
        (spread(2.0), "; 2 × as many as alone."),
        (spread(2.0, 8, 0.9), "; 1.1 to 2.9 × as many as alone."),
    ],
)
def test_the_words_follow_the_interval(shares: list[float], told: str) -> None:
    line = find_line(judge(beside_thread(shares)), "Beside a busy thread")
    if "to" in told:
        row = summarise_exchanges(beside_thread(shares)).iloc[1]
        low, high = row["fewer_low"], row["fewer_high"]
        ends = (low, high) if "fewer" in told else (1 / high, 1 / low)
        told = re.sub(r"[\d.]+ to [\d.]+", f"{ends[0]:.3g} to {ends[1]:.3g}", told)
    assert line.endswith(told)


@pytest.mark.parametrize("centre", [0.01, 0.5, 0.94, 0.97, 1.0, 1.03, 1.06, 2.0])
@pytest.mark.parametrize("width", [0.01, 0.1, 1.0])
def test_fewer_and_more_are_said_only_where_the_whole_interval_says_so(
    centre: float, width: float
) -> None:
    table = beside_thread(spread(centre, 8, width))
    row = summarise_exchanges(table).iloc[1]
    line = find_line(judge(table), "Beside a busy thread")
    is_fewer, is_more = row["fewer_low"] > 1 + MARGIN, row["fewer_high"] < 1 - MARGIN
    assert ("fewer than alone" in line) == is_fewer
    assert ("as many as alone" in line) == is_more
    assert ("no clear difference" in line) == (not is_fewer and not is_more)


@pytest.mark.parametrize("rounds", [1, 5, 6])
def test_few_rounds_are_told_and_no_sentence_shows_a_nan(rounds: int) -> None:
    for rates in (SERVED, SWEPT):
        few = {key: spread(100.0 if key[0] == "thread" else 1000.0, rounds) for key in rates}
        table = make_serve_table(few)
        for text in (judge(table), title_of(table), describe_exchanges(table)):
            assert "nan" not in text
        words = {1: "One round", 5: "Five rounds", 6: "Six rounds"}
        assert judge(table).splitlines()[-1] == f"{words[rounds]} of each."
        assert f"{words[rounds].lower()} of each" in describe_exchanges(table)


def test_below_six_rounds_a_slower_server_is_told_with_its_ratio_alone() -> None:
    assert "; 10 × fewer than alone." in judge(beside_thread([0.1] * 5))
    assert "alone." not in judge(beside_thread([1.2] * 5)).split("Beside")[1]


def test_a_sweep_tells_the_interval_of_each_line() -> None:
    lines = judge(make_serve_table(SWEPT)).splitlines()
    assert [line.split(":")[0] for line in lines[:-1]] == [
        "Alone",
        "Beside a busy thread, switch interval 500 µs",
        "Beside a busy thread, switch interval 5 ms",
        "Beside a busy thread, switch interval 20 ms",
    ]
    assert "1,000 requests a second" in lines[1]


def test_no_number_is_written_as_a_power_of_ten() -> None:
    # the server answers 1,200 times fewer requests; two cores and 20 ms make such numbers
    table = make_serve_table(SWEPT)
    assert not re.search(r"\de[+-]?\d", judge(table))
    uneven = make_serve_table({("nothing", OWN): spread(6e4), ("thread", OWN): spread(30, 8, 1.0)})
    assert not re.search(r"\de[+-]?\d", judge(uneven))


def test_a_sweep_of_one_interval_tells_it_too() -> None:
    table = make_serve_table({("nothing", OWN): spread(3e4), ("thread", 0.02): spread(25)})
    assert "20 ms" in find_line(judge(table), "Beside").split(" requests")[0]


def test_one_core_and_a_busy_machine_are_held_against_the_run() -> None:
    ordinary = judge(make_serve_table())
    assert "Mind:" not in ordinary
    one_core = judge(make_serve_table(usable_cores=1)).splitlines()
    assert one_core[0].startswith("Mind: one usable core")
    assert one_core[1:] == ordinary.splitlines()
    busy = judge(make_serve_table(usable_cores=1, busy_percent=90.0)).splitlines()
    assert [line.split()[0] for line in busy[:2]] == ["Mind:", "Mind:"]
    assert "the machine was 90 % busy before the run" in busy[1]


# titles and conditions


def test_the_title_of_a_run_holds_every_rate() -> None:
    assert title_of(make_serve_table()) == (
        "Requests a second: 30,000 alone, 20,000 beside a busy process, 100 beside a busy thread"
    )
    assert title_of(beside_thread(spread(0.01))) == (
        "Requests a second: 1,000 alone, 10 beside a busy thread"
    )


def test_the_title_of_a_sweep_holds_its_ends() -> None:
    assert title_of(make_serve_table(SWEPT)) == (
        "Beside a busy thread: 1,000 requests a second at 500 µs, 25 requests a second at 20 ms"
    )
    one = make_serve_table({("nothing", OWN): spread(3e4), ("thread", 0.02): spread(25)})
    assert title_of(one) == "Beside a busy thread: 25 requests a second at 20 ms"


@pytest.mark.parametrize("rates", [SERVED, SWEPT])
def test_a_recorded_run_says_so_in_title_and_conditions(rates: Any) -> None:
    table = make_serve_table(rates, recorded_on="a small, old computer")
    assert title_of(table).startswith("Recorded run: ")
    assert describe_exchanges(table).startswith("Recorded on a small, old computer: ")


def test_the_conditions_tell_python_system_cores_rounds_and_the_only_interval() -> None:
    told = describe_exchanges(make_serve_table())
    for part in ("CPython 3.13.0", "Linux", "two usable cores", "switch interval 5 ms", "eight"):
        assert part in told
    assert "ecorded" not in told
    assert "switch interval" not in describe_exchanges(make_serve_table(SWEPT))
    assert "without the GIL" in describe_exchanges(make_serve_table(gil_enabled=False))


@pytest.mark.parametrize("factor", [1e-3, 0.37, 1.0, 29.0])
@pytest.mark.parametrize("rates", [SERVED, SWEPT])
def test_the_numbers_of_title_and_verdict_are_those_of_the_summary(
    rates: Any, factor: float
) -> None:
    table = make_serve_table({key: [factor * one for one in of] for key, of in rates.items()})
    rows = list_rows(summarise_exchanges(table))
    lines = judge(table).splitlines()
    for row, line in zip(rows, lines, strict=False):
        assert line.lower().startswith(NEIGHBOURS[row.beside])
        assert f": {state_rate(row.requests_per_second)} requests a second" in line
        assert state_seconds(row.latency_median_seconds) in line
        assert state_seconds(row.latency_p99_seconds) in line
    ends = rows if rates is SERVED else [rows[1], rows[-1]]
    assert all(f" {state_rate(row.requests_per_second)} " in title_of(table) for row in ends)


# rates


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0.25, "0.25"),
        (9.96, "10"),
        (10.0, "10"),
        (99.7, "100"),
        (123.4, "123"),
        (999.7, "1,000"),
        (1234.0, "1,230"),
        (12_749.0, "12,700"),
        (30_000.0, "30,000"),
        (1_234_567.0, "1,230,000"),
    ],
)
def test_a_rate_is_stated_with_three_digits_at_most(rate: float, text: str) -> None:
    assert state_rate(rate) == text


@pytest.mark.parametrize("rate", [0.034, 0.2, 3.3, 47.0, 8_888.0, 1e6])
def test_a_stated_rate_is_near_the_rate(rate: float) -> None:
    stated = float(state_rate(rate).replace(",", ""))
    assert stated == pytest.approx(rate, rel=0.1)


# tables of another kind


@pytest.mark.parametrize(
    "bad",
    [
        None,
        pd.DataFrame(),
        pd.DataFrame(make_rows()),
        pd.concat([make_serve_table(run_id="one"), make_serve_table(run_id="two")]),
    ],
)
def test_a_table_of_another_kind_is_refused(bad: Any) -> None:
    with pytest.raises(ResultsError):
        judge(bad)
