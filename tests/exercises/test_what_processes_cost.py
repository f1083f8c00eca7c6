"""Checks of notebook 05: right answers and typical mistakes, by tables whose truth is known."""

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.exercises.what_processes_cost import check_break_even, check_ratio, check_run_times
from tests.exercises.answers import expect_judged, for_any_answer
from tests.made.pool import make_lengths, make_map, take_turns_in_a_pool

TASKS = 600
SINGLE = make_map(take_turns_in_a_pool(TASKS, each=0.001), done=0.9, gone=1.9)
CHUNKED = make_map(
    take_turns_in_a_pool(TASKS, each=0.0005), done=0.3, gone=0.4, chunksize=50
)  # ready after 0.1 s, as the other: 0.8 s of work over 0.2 s


@for_any_answer
def test_no_answer_makes_a_check_fail_with_an_error(answer: object) -> None:
    expect_judged(
        answer,
        check_run_times(answer),
        check_ratio(answer, SINGLE, CHUNKED),
        check_break_even(answer),
    )


def test_what_cannot_be_shared_out_stays() -> None:
    times = {1: 60, 4: 19.5, 1000: 6.054}
    right = check_run_times(times)
    assert right.is_right
    assert "6.05 s, and never below 6 s" in right.words
    assert "more than 10 × as fast" in right.words
    assert check_run_times(pd.Series(times).round(1)).is_right


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({1: 60, 4: 15, 1000: 0.06}, "The reading can't be"),
        ({1: 54, 4: 13.5, 1000: 0.054}, "comes on top"),
        ({1: 1, 4: 60 / 19.5, 1000: 60 / 6.054}, "those are speed-ups"),
        ({1: 60, 4: 30, 1000: 20}, "6 seconds stay"),
        ({4: 19.5, 1000: 6.054}, "one number for each of 1, 4, 1000"),
        (6.0, "one number for each of 1, 4, 1000"),
    ],
)
def test_wrong_times_get_their_hint(answer: object, words: str) -> None:
    judgement = check_run_times(answer)
    assert not judgement.is_right
    assert words in judgement.words


def test_the_ratio_is_that_of_the_work_alone() -> None:
    right = check_ratio(4.0, SINGLE, CHUNKED)
    assert right.is_right
    assert "4.00 ×" in right.words
    assert "600 times in all, or 12" in right.words


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (0.25, "upside down"),
        (50, "numbers of chunks"),
        (3.0, "the start-up is still in it"),
        (4.75, "start and end are still in it"),
        (9.0, "minus `ready_seconds`"),
        (SINGLE["done_seconds"] / CHUNKED["done_seconds"], "one number"),
    ],
)
def test_a_wrong_ratio_gets_its_hint(answer: object, words: str) -> None:
    judgement = check_ratio(answer, SINGLE, CHUNKED)
    assert not judgement.is_right
    assert words in judgement.words


def test_a_ratio_below_one_is_right_where_it_was_measured() -> None:
    assert check_ratio(0.25, CHUNKED, SINGLE).is_right


def test_tables_of_something_else_are_refused() -> None:
    timeless = make_map({1: [(0.1, 0.1)]}, done=0.1)
    for wrong in (make_lengths(), pd.concat([SINGLE, SINGLE.assign(run_id="b")]), timeless):
        with pytest.raises(ResultsError):
            check_ratio(4.0, SINGLE, wrong)


def test_the_break_even_is_where_loop_and_pool_take_as_long() -> None:
    judgement = check_break_even(lambda cost, workers: cost / (workers - 1))
    assert judgement.is_right
    assert "both take the same time" in judgement.words


@pytest.mark.parametrize(
    ("break_even", "words"),
    [
        (
            lambda cost, workers: cost / workers,
            "a task of 0.5 s the loop takes 1 s for 2 of them; the pool takes its 1 s and then "
            "0.5 s",
        ),
        (lambda cost, _: cost, "`break_even(3, 4)` gave 3: with a task of 3 s the loop takes 12"),
        (lambda cost, workers: cost * workers / (workers - 1), "How long is one?"),
        (lambda cost, _: str(cost), "it should be one number"),
        (lambda *_: ..., "`break_even` is still open"),
        (lambda cost: cost, "ended with TypeError"),
    ],
)
def test_a_wrong_break_even_gets_its_hint(break_even: object, words: str) -> None:
    judgement = check_break_even(break_even)
    assert not judgement.is_right
    assert words in judgement.words
