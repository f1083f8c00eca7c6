"""The parts of every check: whatever the answer, a judgement with words."""

import math
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gil_demo.exercises.judging import (
    Judgement,
    accept,
    find_gap,
    hint,
    is_near,
    judge_function,
    judge_names,
    judge_number,
    judge_numbers,
    read_number,
)
from tests.exercises.answers import expect_judged, for_any_answer


def judge_as_number(answer: object) -> Judgement:
    return judge_number(answer, "answer", 2.0, "yes", {"upside down": 0.5}, "divide")


def judge_as_numbers(answer: object) -> Judgement:
    right, wrong = {"threads": 2.0, "processes": 4.0}, {"threads": 0.5, "processes": 0.25}
    return judge_numbers(answer, "answer", right, "yes", {"upside down": wrong}, "divide")


def judge_as_names(answer: object) -> Judgement:
    known = ["threads", "processes", "sequential"]
    return judge_names(
        answer, "answer", known[:2], known, "yes", {"the others": known[2:]}, "compare"
    )


def judge_as_function(answer: object) -> Judgement:
    return judge_function(
        answer, "double", [(1,), (2.5,)], lambda found, case: "" if found == 2 * case[0] else "no.",
        "yes",
    )  # fmt: skip


@for_any_answer
def test_no_answer_makes_a_check_fail_with_an_error(answer: object) -> None:
    judges = (judge_as_number, judge_as_numbers, judge_as_names, judge_as_function)
    expect_judged(answer, *(judge(answer) for judge in judges))


def test_a_judgement_says_what_it_is() -> None:
    assert repr(accept("so it is.")) == "Right: so it is."
    assert repr(hint("look again.")) == "Not yet: look again."
    assert find_gap(0, "answer") == ""


@pytest.mark.parametrize("answer", [2, 2.0, 2.004, np.float64(2.0), np.int64(2)])
def test_a_number_may_be_rounded_and_of_any_kind(answer: object) -> None:
    assert judge_as_number(answer).is_right


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (0.5, "upside down"),
        (3.0, "divide"),
        ("2", "should be one number; it is '2'"),
        (True, "should be one number"),
        (math.nan, "should be one number; it is nan"),
        (pd.Series([2.0]), "it is a Series of 1 rows"),
    ],
)
def test_a_wrong_number_gets_its_hint(answer: object, words: str) -> None:
    judgement = judge_as_number(answer)
    assert not judgement.is_right
    assert words in judgement.words


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"threads": 0.5, "processes": 0.25}, "upside down"),
        ({"threads": 2.0, "processes": 5.0}, "divide"),
        ({"threads": 2.0}, "it has them for ['threads']"),
        ({"threads": 2.0, "processes": "4"}, "should hold one number for each of threads, proc"),
        (pd.DataFrame({"a": [1.0], "b": [2.0]}), "it is a DataFrame of 1 rows"),
        (np.float64(1.5), "it is 1.5."),
    ],
)
def test_wrong_numbers_get_their_hint(answer: object, words: str) -> None:
    judgement = judge_as_numbers(answer)
    assert not judgement.is_right
    assert words in judgement.words


def test_numbers_may_come_as_a_dict_a_series_or_a_frame_of_one_column() -> None:
    numbers: dict[str, Any] = {"processes": 4.0, "threads": 2.0}
    for answer in (numbers, pd.Series(numbers), pd.Series(numbers, name="x").to_frame()):
        assert judge_as_numbers(answer).is_right


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (3, "should be a function; it is 3"),
        (lambda number: number, "`double(1)` gave 1: no."),
        (print, "`double` is still open"),
        (print, "gives its answer back by `return`"),
        (lambda _: ..., "`double` is still open"),
        (
            lambda number: 2 if number == 1 else None,
            "`double(2.5)` gave nothing back. Does it `return` its answer?",
        ),
        (lambda: 2, "`double(1)` ended with TypeError"),
        (sys.exit, "`double(1)` ended with SystemExit"),
    ],
)
def test_a_wrong_function_gets_its_hint(answer: object, words: str) -> None:
    judgement = judge_as_function(answer)
    assert not judgement.is_right
    assert words in judgement.words


def test_a_right_function_is_accepted() -> None:
    assert judge_as_function(lambda number: number * 2).is_right


def test_a_function_may_use_up_what_it_is_given() -> None:
    def use_up(items: list[int]) -> int:
        count = 0
        while items:
            count += items.pop() >= 0
        return count

    def find_fault(found: object, case: tuple[list[int]]) -> str:
        return "" if found == len(case[0]) else "no."

    assert judge_function(use_up, "use_up", [([1, 2],)], find_fault, "yes").is_right


def test_near_is_rounded_to_two_digits_or_one_part_in_fifty() -> None:
    assert is_near(1.03, 1.0349)
    assert is_near(101.0, 100.0)
    assert not is_near(1.0, 1.05)
    assert read_number(10**5000) is None


@pytest.mark.parametrize(
    "answer",
    [
        {"threads", "processes"},
        ("processes", "threads"),
        pd.Series(["threads", "processes", "threads"]),
        pd.Index(["threads", "processes"]),
    ],
)
def test_names_may_come_in_any_order_and_of_any_kind(answer: object) -> None:
    assert judge_as_names(answer).is_right


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("sequential", "the others"),
        (["sequential"], "the others"),
        (["threads"], "compare"),
        (set(), "compare"),
        ({"threads", "thread"}, "'thread' is none of the names: threads; processes; sequential."),
        (["threads", 2], "should be a set of names; it is ['threads', 2]"),
        (pd.DataFrame({"a": ["threads"]}), "it is a DataFrame of 1 rows"),
        (range(10**9), "should be a set of names; it is range("),
    ],
)
def test_wrong_names_get_their_hint(answer: object, words: str) -> None:
    judgement = judge_as_names(answer)
    assert not judgement.is_right
    assert words in judgement.words
