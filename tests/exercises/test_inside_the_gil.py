from itertools import groupby

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.exercises.inside_the_gil import check_count_turns, check_longest, check_ran
from tests.exercises.answers import expect_judged, for_any_answer
from tests.made.turns import make_slices, run_at_once

LANES = {
    ("threads", 1): [(0.0, 0.005), (0.011, 0.018)],
    ("threads", 2): [(0.005, 0.011), (0.018, 0.019)],
    **run_at_once(0.012),
}
RAN = {
    ("threads", 1): 12.0,
    ("threads", 2): 7.0,
    ("processes", 1): 12.0,
    ("processes", 2): 12.0,
}


def test_the_longest_slice_of_a_thread_is_told_from_others() -> None:
    slices = make_slices(LANES)
    judgement = check_longest(7, slices)
    assert judgement.is_right
    assert "7.0 ms, which is 1.4 × the switch interval of 5 ms" in judgement.words
    assert "in seconds. A second" in check_longest(0.007, slices).words
    assert "that is a slice of a process" in check_longest(12, slices).words
    assert "that is the median" in check_longest(5.5, slices).words
    assert "take `end_seconds`" in check_longest(30, slices).words


def test_seconds_of_a_process_are_told_from_those_of_a_thread() -> None:
    slices = make_slices({("threads", 1): [(0.0, 0.005)], **run_at_once(0.2)})
    assert "in seconds, and a slice of a process" in check_longest(0.2, slices).words


def test_slices_are_added_up_for_each_worker() -> None:
    slices = make_slices(LANES)
    seconds = slices["end_seconds"] - slices["start_seconds"]
    groups = slices.assign(milliseconds=seconds * 1000).groupby(["runner", "worker"])
    ran = groups["milliseconds"].sum()
    judgement = check_ran(ran, slices)
    assert judgement.is_right
    assert "1.00 of 2 threads and 2.00 of 2 processes ran" in judgement.words
    assert check_ran(RAN, slices).is_right
    assert check_ran(groups[["milliseconds"]].sum(), slices).is_right
    assert "those are seconds" in check_ran(ran / 1000, slices).words
    assert (
        "pauses included" in check_ran(RAN | {("threads", 1): 18, ("threads", 2): 14}, slices).words
    )
    assert "the longest slice" in check_ran(groups["milliseconds"].max(), slices).words
    assert "take the length of each" in check_ran(ran + 1, slices).words
    assert "one number for each of ('processes', 1)" in check_ran(12.0, slices).words


def test_workers_of_all_runners_put_together_are_no_answer() -> None:
    slices = make_slices(LANES)
    ran = pd.Series({1: 24.0, 2: 19.0})
    assert "it has them for [1, 2]" in check_ran(ran, slices).words


def test_turns_may_be_counted_in_any_way() -> None:
    assert check_count_turns(lambda workers: sum(1 for _ in groupby(workers))).is_right

    def use_up(workers: list[int]) -> int:
        turns = 0
        while workers:
            first = workers.pop(0)
            turns += not workers or workers[0] != first
        return turns

    assert check_count_turns(use_up).is_right


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (len, "`count_turns([1, 1, 2, 1, 1, 2])` gave 6: that counts slices"),
        (lambda workers: sum(1 for _ in groupby(workers)) - 1, "that counts the changes"),
        (lambda workers: len(set(workers)), "that counts the workers"),
        (str, "it should be a number"),
        (lambda _: 99, "go from slice to slice"),
        (lambda _: ..., "is still open"),
    ],
)
def test_turns_counted_wrongly_get_their_hint(function: object, words: str) -> None:
    judgement = check_count_turns(function)
    assert not judgement.is_right
    assert words in judgement.words


@for_any_answer
def test_no_answer_makes_a_check_fail_with_an_error(answer: object) -> None:
    slices = make_slices(LANES)
    expect_judged(
        answer, check_longest(answer, slices), check_ran(answer, slices), check_count_turns(answer)
    )


def test_a_table_of_something_else_is_refused() -> None:
    with pytest.raises(ResultsError, match="no threads"):
        check_longest(7, make_slices(run_at_once(0.012)))
    for check in (check_longest, check_ran):
        with pytest.raises(ResultsError):
            check(7, make_slices(LANES).drop(columns="runner"))
