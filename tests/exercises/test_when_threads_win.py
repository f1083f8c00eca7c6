"""Checks of notebook 06: right answers and typical mistakes, by tables whose truth is known."""

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.exercises.when_threads_win import (
    CALLS,
    check_cores_needed,
    check_lets_go,
    check_waits,
)
from tests.conftest import TableMaker, spread
from tests.exercises.answers import expect_judged, for_any_answer
from tests.made.waiting import SERVED, SWEPT, make_serve_table, make_workload_table

SLEEPERS = make_workload_table(
    {"sleeping": {"threads": spread(7.8), "processes": spread(7.7)}}, workers=8, usable_cores=4
)
BY_INTERVAL = make_serve_table(SWEPT)
WAITS = {0.0005: 2.0, 0.005: 2.0, 0.02: 2.0}


@for_any_answer
def test_no_answer_makes_a_check_fail_with_an_error(answer: object) -> None:
    expect_judged(
        answer,
        check_cores_needed(answer, SLEEPERS),
        check_lets_go(answer),
        check_waits(answer, BY_INTERVAL),
    )


def test_one_core_is_enough_for_any_number_of_sleepers() -> None:
    right = check_cores_needed(1, SLEEPERS)
    assert right.is_right
    assert "eight threads, four usable cores, a speed-up of 7.8" in right.words
    assert "a core for each thread" in check_cores_needed(8, SLEEPERS).words
    assert "this Python may use" in check_cores_needed(4, SLEEPERS).words
    assert "something must start" in check_cores_needed(0, SLEEPERS).words
    assert "what a core has to do" in check_cores_needed(3, SLEEPERS).words


def test_one_core_is_right_on_a_machine_that_has_no_more() -> None:
    table = make_workload_table({"sleeping": {"threads": spread(7.8)}}, workers=8, usable_cores=1)
    assert check_cores_needed(1, table).is_right


def test_sleepers_of_another_kind_are_refused(make_run: TableMaker) -> None:
    alone = make_workload_table({"sleeping": {"processes": spread(7.8)}}, workers=8)
    for wrong in (BY_INTERVAL, make_run(), alone):
        with pytest.raises(ResultsError):
            check_cores_needed(1, wrong)


@pytest.mark.parametrize(
    "answer", [{"a", "d", "e", "g"}, ["g", "e", "d", "a"], ("A", "d ", "e", "g", "a")]
)
def test_the_calls_that_let_go_may_come_in_any_order(answer: object) -> None:
    judgement = check_lets_go(answer)
    assert judgement.is_right
    assert "what waits lets go" in judgement.words


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"a", "b", "d", "e", "g"}, "one letter is not where it belongs. Look at b: that call wor"),
        ({"a", "c", "d", "e", "g"}, "From how many on does `hashlib` let go?"),
        ({"a", "d", "e", "f", "g"}, "works on Python objects at every step"),
        ({"a", "e", "g"}, "C code that works on plain bytes"),
        ({"d", "e", "g"}, "Look at a: that call has nothing to do but wait"),
        ({"a", "d", "g"}, "Look at e: that call has nothing to do but wait"),
        ({"a", "d", "e"}, "Look at g: that call has nothing to do but wait"),
        (set(), "four letters are not where"),
        (set(CALLS), "three letters are not where"),
        ({"a", "z"}, "letters from a to g"),
        ({"a", 4}, "letters from a to g"),
        ("adeg", "it is 'adeg'"),
    ],
)
def test_a_wrong_set_of_calls_gets_its_hint(answer: object, words: str) -> None:
    judgement = check_lets_go(answer)
    assert not judgement.is_right
    assert words in judgement.words


def test_a_request_waits_for_so_many_intervals() -> None:
    right = check_waits(WAITS, BY_INTERVAL)
    assert right.is_right
    assert "from 2 to 2 switch intervals" in right.words
    assert check_waits(pd.Series(WAITS), BY_INTERVAL).is_right


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({interval: 2 * interval for interval in WAITS}, "those are seconds"),
        (dict.fromkeys(WAITS, 0.5), "upside down"),
        (dict.fromkeys(WAITS, 3.0), "divide each round's `seconds`"),
        ({0.0005: 2.0, 0.02: 2.0}, "one number for each of"),
        (2.0, "one number for each of"),
    ],
)
def test_wrong_waits_get_their_hint(answer: object, words: str) -> None:
    judgement = check_waits(answer, BY_INTERVAL)
    assert not judgement.is_right
    assert words in judgement.words


def test_rounds_beside_nothing_do_not_count() -> None:
    seconds = BY_INTERVAL["seconds"] / BY_INTERVAL["requests"]
    intervals = BY_INTERVAL["switch_interval_seconds"]
    mixed = (seconds / intervals).groupby(intervals).median()
    assert "beside nothing" in check_waits(mixed, BY_INTERVAL).words


def test_where_there_is_no_convoy_the_same_computation_is_right() -> None:
    table = make_serve_table({key: spread(30_000) for key in SWEPT})
    beside = table[table["beside"] == "thread"]
    intervals = beside["switch_interval_seconds"]
    waits = (beside["seconds"] / beside["requests"] / intervals).groupby(intervals).median()
    assert check_waits(waits, table).is_right


def test_rounds_of_another_kind_are_refused() -> None:
    alone = make_serve_table({("nothing", 0.005): SERVED["nothing", 0.005]})
    for wrong in (SLEEPERS, alone):
        with pytest.raises(ResultsError):
            check_waits(WAITS, wrong)
