import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.exercises.the_pool_rewrite import check_cut, check_faults, check_start_ups
from gil_demo.measuring.runs import RUNS
from gil_demo.running.workloads import split
from gil_demo.tables.schema import make_table
from tests.conftest import TableMaker, make_rows, spread
from tests.exercises.answers import expect_judged, for_any_answer

START_UPS = {"fork": [0.01, 0.012, 0.05], "spawn": [0.1, 0.11, 0.15]}


def make_methods(start_ups: dict[str, list[float]] = START_UPS) -> pd.DataFrame:
    """Make a run for each start method, with its start-up in each round, as a notebook does."""
    tables = []
    for method, seconds in start_ups.items():
        ratios = {("processes", 2): spread(0.5, rounds=len(seconds))}
        table = make_table(make_rows(ratios, start_method=method, run_id=method), RUNS)
        table.loc[table["runner"] == "processes", "start_up_seconds"] = seconds
        tables.append(table)
    return pd.concat(tables)


@pytest.mark.parametrize("answer", [{2, 4, 5}, frozenset({5, 4, 2}), [2, 4, 5, 5], (5, 2.0, 4)])
def test_faults_may_be_named_in_any_order(answer: object) -> None:
    assert check_faults(answer).is_right


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({2, 5}, "2 found, and there is more to find: what ends the workers"),
        ({4, 5}, "what kind of number"),
        ([2, 4], "which clock"),
        (set(), "0 found"),
        ({1, 2}, "fault 1 isn't in this script: `Pool(2)` has its parentheses"),
        ({1, 2, 3, 4, 5}, "fault 1 isn't"),
        ({2, 3, 4, 5}, "nothing starts above the guard"),
        ({6}, "the numbers 1 to 5"),
        ({4.5}, "the numbers 1 to 5"),
        (2, "should be a set of numbers, as {1, 3} is; it is 2"),
        ({"the guard"}, "should be a set of numbers"),
    ],
)
def test_faults_named_wrongly_get_their_hint(answer: object, words: str) -> None:
    judgement = check_faults(answer)
    assert not judgement.is_right
    assert words in judgement.words


def test_the_start_of_each_method_is_a_median_in_milliseconds() -> None:
    table = make_methods()
    pools = table.query("runner == 'processes'").groupby("start_method")
    start_ups = pools["start_up_seconds"].median() * 1000
    judgement = check_start_ups(start_ups, table)
    assert judgement.is_right
    assert "fork 12.0 ms, spawn 110.0 ms." in judgement.words
    assert check_start_ups({"spawn": 110, "fork": 12}, table).is_right
    assert "those are seconds" in check_start_ups(start_ups / 1000, table).words
    assert "time of the work" in check_start_ups(pools["seconds"].median() * 1000, table).words
    assert (
        "those are means" in check_start_ups(pools["start_up_seconds"].mean() * 1000, table).words
    )
    assert "take the rows of processes" in check_start_ups(start_ups + 5, table).words
    everyone = table.groupby("start_method")["start_up_seconds"].median() * 1000
    assert "it has them for ['', 'fork', 'spawn']" in check_start_ups(everyone, table).words


def test_a_single_start_method_is_enough() -> None:
    table = make_methods({"spawn": START_UPS["spawn"]})
    assert check_start_ups({"spawn": 110.0}, table).is_right


def cut_last_unevenly(count: int, parts: int) -> list[int]:
    return [count // parts] * (parts - 1) + [count - count // parts * (parts - 1)]


@pytest.mark.parametrize(
    "function",
    [
        split,
        lambda count, parts: tuple(
            count * (n + 1) // parts - count * n // parts for n in range(parts)
        ),
    ],
)
def test_a_count_may_be_cut_in_any_fair_way(function: object) -> None:
    assert check_cut(function).is_right


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda count, parts: [count // parts] * parts, "gave [5, 5]: 1 of 11 steps lost"),
        (lambda count, parts: [count / parts] * parts, "`//` gives one, `/` does not"),
        (lambda count, parts: [-(-count // parts)] * parts, "more than 11 steps"),
        (cut_last_unevenly, "`cut(11, 4)` gave [2, 2, 2, 5]: the largest part"),
        (lambda count, _: [count], "should have 2 parts, not 1"),
        (lambda count, parts: range(count, parts), "should be a list"),
        (lambda count: [count], "ended with TypeError"),
        (lambda *_: None, "is still open"),
    ],
)
def test_a_count_cut_wrongly_gets_its_hint(function: object, words: str) -> None:
    judgement = check_cut(function)
    assert not judgement.is_right
    assert words in judgement.words


@for_any_answer
def test_no_answer_makes_a_check_fail_with_an_error(answer: object) -> None:
    expect_judged(
        answer, check_faults(answer), check_start_ups(answer, make_methods()), check_cut(answer)
    )


def test_a_table_of_something_else_is_refused(make_run: TableMaker) -> None:
    with pytest.raises(ResultsError, match="no processes"):
        check_start_ups({}, make_run({("threads", 2): spread(1.0)}))
    with pytest.raises(ResultsError):
        check_start_ups({}, pd.DataFrame({"start_up_seconds": [1.0]}))
