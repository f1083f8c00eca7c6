import pandas as pd
import pytest

from gil_demo import load_recorded, summarise_interpreters
from gil_demo.checks import ResultsError
from gil_demo.exercises.other_interpreters import (
    check_beside_ordinary,
    check_sooner,
    check_threads_over_processes,
)
from tests.exercises.answers import expect_judged, for_any_answer
from tests.made.pythons import ORDINARY, make_interpreters

CHECKS = [check_sooner, check_threads_over_processes, check_beside_ordinary]
FREE_THREADED, LOCKED = "CPython 3.13.5t", "CPython 3.13.5t, GIL on"


def sum_up(table: pd.DataFrame) -> pd.DataFrame:
    summary: pd.DataFrame = summarise_interpreters(table)
    return summary.set_index("interpreter")


@for_any_answer
def test_no_answer_makes_a_check_fail_with_an_error(answer: object) -> None:
    table = make_interpreters()
    expect_judged(answer, *(check(answer, table) for check in CHECKS))


def test_only_without_the_lock_are_two_threads_done_sooner() -> None:
    table = make_interpreters(strange={"python3.90": "failed"})
    judgement = check_sooner({FREE_THREADED}, table)
    assert judgement.is_right
    assert judgement.words.startswith("CPython 3.13.5t, out of 6.")
    others = set(ORDINARY) - {FREE_THREADED}
    assert "two threads took longer" in check_sooner(others, table).words
    assert "two processes were done sooner" in check_sooner(set(ORDINARY), table).words
    assert "can have it on" in check_sooner({FREE_THREADED, LOCKED}, table).words
    assert "below 1, they were sooner" in check_sooner({LOCKED}, table).words
    assert "none of the names" in check_sooner({"python3.90"}, table).words


def test_where_no_threads_are_sooner_the_answer_is_no_name() -> None:
    table = make_interpreters({"CPython 3.11.7": ORDINARY["CPython 3.11.7"]})
    judgement = check_sooner(set(), table)
    assert judgement.is_right
    assert "none, out of 1" in judgement.words


def test_threads_are_held_against_processes() -> None:
    table = make_interpreters()
    summary = sum_up(table)
    threads, processes = summary["time_ratio"], summary["processes_ratio"]
    judgement = check_threads_over_processes((threads / processes).round(2), table)
    assert judgement.is_right
    assert "1 of 6 are below 1" in judgement.words
    assert "0.90, under CPython 3.13.5t" in judgement.words
    assert "upside down" in check_threads_over_processes(processes / threads, table).words
    assert "a difference" in check_threads_over_processes(threads - processes, table).words
    assert "threads over one thread" in check_threads_over_processes(threads, table).words
    assert "both of `by_name`" in check_threads_over_processes(processes, table).words


def test_what_one_thread_pays_counts_in_what_two_gain() -> None:
    table = make_interpreters()  # a step takes 1.5 × as long, two threads 0.54 × as long as one
    judgement = check_beside_ordinary(0.81, table)
    assert judgement.is_right
    assert "0.81 ×" in judgement.words
    assert "1.50 × as long" in judgement.words
    assert "one thread of the same Python" in check_beside_ordinary(0.54, table).words
    assert "what one thread pays" in check_beside_ordinary(1.5, table).words
    assert "upside down" in check_beside_ordinary(1 / 0.81, table).words
    assert "longer, not shorter" in check_beside_ordinary(0.36, table).words
    assert "beside two threads" in check_beside_ordinary(0.81 / 1.04, table).words
    assert "two ratios play a part" in check_beside_ordinary(5, table).words


def test_the_recorded_run_holds_what_the_exercises_ask_for() -> None:
    table = load_recorded("interpreters")
    assert check_sooner({FREE_THREADED}, table).is_right
    steps = sum_up(table)["step_nanoseconds"]
    price = steps[FREE_THREADED] / steps["CPython 3.13.0"]
    ratio = sum_up(table)["time_ratio"][FREE_THREADED]
    assert check_beside_ordinary(ratio * price, table).is_right


def test_a_table_of_something_else_is_refused() -> None:
    for check in CHECKS:
        with pytest.raises(ResultsError):
            check(1, sum_up(make_interpreters()))


def test_a_run_without_the_two_that_are_compared_is_refused() -> None:
    table = make_interpreters({"CPython 3.13.0": ORDINARY["CPython 3.13.0"]})
    with pytest.raises(ResultsError, match="has no CPython 3"):
        check_beside_ordinary(1, table)


def test_a_run_in_which_nothing_was_measured_is_refused() -> None:
    table = make_interpreters({}, {"python3.90": "failed"})
    with pytest.raises(ResultsError, match="no interpreter that ran both"):
        check_sooner(set(), table)
