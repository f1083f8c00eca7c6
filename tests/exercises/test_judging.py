"""The parts of every check: whatever the answer, a judgement with words."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gil_demo.exercises.judging import Answer, Judgement, is_near, read_number
from tests.exercises.answers import AWKWARD, expect

TWO = {"threads": 2.0, "processes": 4.0}


def judge_number(answer: object) -> Judgement:
    return Answer("answer", answer).judge_number(2.0, "yes", {"upside down": 0.5}, "divide")


def judge_numbers(answer: object) -> Judgement:
    wrong = pd.Series({"threads": 0.5, "processes": 0.25})
    return Answer("answer", answer).judge_numbers(TWO, "yes", {"upside down": wrong}, "divide")


def judge_names(answer: object) -> Judgement:
    known = ["threads", "processes", "sequential"]
    mistakes = {"the others": known[2:]}
    return Answer("answer", answer).judge_names(known[:2], known, "yes", mistakes, "compare")


def judge_function(answer: object) -> Judgement:
    def find_fault(found: object, number: float) -> str:
        return "" if found == 2 * number else "no."

    return Answer("double", answer).judge_function([(1,), (2.5,)], find_fault, "yes")


JUDGES = [judge_number, judge_numbers, judge_names, judge_function]
RIGHT: dict[Callable[..., Judgement], list[Any]] = {
    judge_number: [2, 2.0, 2.004, np.float64(2.0), np.int64(2)],
    judge_numbers: [TWO, pd.Series(TWO), pd.Series(TWO).to_frame()],
    judge_names: [
        {"threads", "processes"},
        ("processes", "threads"),
        pd.Series(["threads", "processes", "threads"]),
        pd.Index(["threads", "processes"]),
    ],
    judge_function: [lambda number: number * 2],
}
WRONG: dict[Callable[..., Judgement], list[tuple[Any, str]]] = {
    judge_number: [
        (0.5, "Not yet: upside down"),
        (3.0, "divide"),
        ("2", "`answer` should be one number; it is '2'."),
        (True, "should be one number"),
        (float("nan"), "should be one number; it is nan"),
        (pd.Series([2.0]), "it is a Series of 1 rows"),
    ],
    judge_numbers: [
        ({"threads": 0.5, "processes": 0.25}, "upside down"),
        ({"threads": 2.0, "processes": 5.0}, "divide"),
        ({"threads": 2.0}, "it has them for ['threads']"),
        ({"threads": 2.0, "processes": "4"}, "should hold one number for each of threads, proc"),
        (pd.Series([2.0, 4.0], ["threads", "threads"]), "it is a Series of 2 rows"),
        (pd.DataFrame({"a": [1.0], "b": [2.0]}), "it is a DataFrame of 1 rows"),
        (np.float64(1.5), "it is 1.5."),
    ],
    judge_names: [
        ("sequential", "the others"),
        (["threads"], "compare"),
        (set(), "compare"),
        ({"threads", "thread"}, "'thread' is none of the names: threads; processes; sequential."),
        (["threads", 2], "should be a set of names; it is ['threads', 2]"),
        (range(10**9), "should be a set of names; it is range("),
    ],
    judge_function: [
        (3, "should be a function; it is 3"),
        (lambda number: number, "`double(1)` gave 1: no."),
        (print, "`double` is still open"),
        (lambda _: ..., "A function gives its answer back by `return`"),
        (lambda n: 2 if n == 1 else None, "`double(2.5)` gave nothing back. Does it `return` its"),
        (lambda: 2, "`double(1)` ended with TypeError"),
        (sys.exit, "`double(1)` ended with SystemExit"),
    ],
}


@pytest.mark.parametrize("judge", JUDGES)
def test_an_answer_may_come_in_many_forms(judge: Callable[..., Judgement]) -> None:
    for answer in RIGHT[judge]:
        expect(judge, answer, "Right: yes")
    for answer, words in WRONG[judge]:
        expect(judge, answer, words)
    for answer in (None, ...):
        expect(judge, answer, "` is still open. Put your answer in place of the three dots")
    for answer in AWKWARD:
        expect(judge, answer, "Not yet: ")


def test_a_function_may_use_up_what_it_is_given() -> None:
    def find_fault(found: Any, items: list[int]) -> str:
        return "" if (found, items) == ([2, 1], [1, 2]) else "no."

    use_up = Answer("use_up", lambda items: [items.pop() for _ in range(2)])
    assert use_up.judge_function([([1, 2],)], find_fault, "yes").is_right


def test_near_is_rounded_to_two_digits_or_one_part_in_fifty() -> None:
    assert is_near(0.1, 0.1059)
    assert not is_near(0.1, 0.1061)
    assert is_near(101.9, 100.0)
    assert not is_near(102.1, 100.0)
    assert read_number(10**5000) is None
