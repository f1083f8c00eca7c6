import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from gil_demo import load_recorded, summarise_engines
from gil_demo.checks import ResultsError
from gil_demo.exercises.beyond_one_machine import check_add_up, check_jobs, check_least
from tests.conftest import TableMaker
from tests.exercises.answers import expect_judged, for_any_answer
from tests.made.engines import make_engines

Notes = list[tuple[int, int]]


def list_milliseconds(table: pd.DataFrame) -> "pd.Series[float]":
    summary: pd.DataFrame = summarise_engines(table)
    return 1000 * summary.set_index("runner")["overhead_seconds"]


@for_any_answer
def test_no_answer_makes_a_check_fail_with_an_error(answer: object) -> None:
    table = make_engines()
    expect_judged(
        answer, check_least(answer, table), check_jobs(answer, table), check_add_up(answer)
    )


def test_a_task_is_ten_times_as_long_as_its_cost() -> None:
    table = make_engines()
    costs = list_milliseconds(table)
    judgement = check_least((10 * costs).round(2), table)
    assert judgement.is_right
    assert "from 0.5 ms for processes to 20.0 ms for cluster" in judgement.words
    assert "the cost itself" in check_least(costs, table).words
    assert "a tenth of the cost" in check_least(costs / 10, table).words
    assert "those are seconds" in check_least(costs / 100, table).words
    assert "solve it for the length" in check_least(costs + 1, table).words
    assert "one number for each of processes, cluster, ray" in check_least(15, table).words


def test_jobs_are_whole_and_enough() -> None:
    table = make_engines({"processes": 5.53e-5, "ray": 5.03e-4})
    exact = list_milliseconds(table) * 100
    judgement = check_jobs(exact.map(math.ceil), table)
    assert judgement.is_right
    assert "from 6 to 51, for ray, which then gets 1,961 tasks instead of 100,000" in (
        judgement.words
    )
    assert "Round up" in check_jobs(exact, table).words
    assert "rounded down" in check_jobs(exact.map(math.floor), table).words
    assert "in milliseconds" in check_jobs(exact / 10, table).words
    assert "as long as the work" in check_jobs((exact / 10).map(math.ceil), table).words
    assert "first the length" in check_jobs(exact * 7, table).words


@pytest.mark.parametrize("engines", [{}, {"cluster": 2e-3}, {"ray": 5e-4}])
def test_it_is_asked_of_the_engines_that_are_there(engines: dict[str, float]) -> None:
    table = make_engines({"processes": 5e-5, **engines})
    costs = list_milliseconds(table)
    assert set(costs.index) == {"processes", *engines}
    assert check_least(10 * costs, table).is_right
    assert check_jobs((100 * costs).map(math.ceil), table).is_right


def test_recorded_results_do_as_well() -> None:
    table = load_recorded("engines")
    assert check_least(10 * list_milliseconds(table), table).is_right
    assert check_jobs((100 * list_milliseconds(table)).map(math.ceil), table).is_right


def test_a_task_that_was_run_twice_counts_once() -> None:
    def add_up_by_hand(notes: Notes) -> int:
        total, seen = 0, set()
        while notes:
            task, answer = notes.pop()  # a function may use up what it gets
            total += answer * (task not in seen)
            seen.add(task)
        return total

    assert check_add_up(lambda notes: sum(dict(notes).values())).is_right
    assert check_add_up(lambda notes: float(sum(dict(notes).values()))).is_right
    assert check_add_up(add_up_by_hand).is_right


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda notes: sum(answer for _, answer in notes), "counts twice there"),
        (lambda notes: sum({answer for _, answer in notes}), "Tell them by their numbers"),
        (lambda notes: sum({task for task, _ in notes}), "not the tasks' numbers"),
        (lambda notes: dict(notes), "should be one number, the sum"),
        (lambda _: 60, "the tasks [0, 1] count once each, which makes 30"),
        (lambda _: None, "`add_up` is still open"),
        (lambda notes: sum(notes), "ended with TypeError"),
        (lambda notes: sum(dict(notes).values()) or None, "`add_up([])` gave nothing back"),
    ],
)
def test_a_wrong_function_gets_its_hint(function: Callable[[Notes], Any], words: str) -> None:
    judgement = check_add_up(function)
    assert not judgement.is_right
    assert words in judgement.words


def test_a_table_of_something_else_is_refused(make_run: TableMaker) -> None:
    for check in (check_least, check_jobs):
        with pytest.raises(ResultsError):
            check(1, make_run())
