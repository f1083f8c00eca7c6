"""The parts of every check: whatever the answer, a judgement with words."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gil_demo.exercises.judging import Answer, Judgement, is_near, read_number
from tests.exercises.answers import expect

TWO = {"threads": 2.0, "processes": 4.0}
BOTH = ["threads", "processes"]
RIGHT = "Right: yes"


class Sulking:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


def judge_number(answer: object) -> Judgement:
    return Answer("answer", answer).judge_number(2.0, "yes", {"upside down": 0.5}, "divide")


def judge_numbers(answer: object) -> Judgement:
    wrong = pd.Series({"threads": 0.5, "processes": 0.25})
    return Answer("answer", answer).judge_numbers(TWO, "yes", {"upside down": wrong}, "divide")


def judge_names(answer: object) -> Judgement:
    known, mistakes = [*BOTH, "sequential"], {"the others": ["sequential"]}
    return Answer("answer", answer).judge_names(BOTH, known, "yes", mistakes, "compare")


def judge_function(answer: object) -> Judgement:
    double = Answer("double", answer)
    return double.judge_function(
        [(1,), (2.5,)], lambda found, number: "" if found == 2 * number else "no.", "yes"
    )


ANSWERS: dict[Callable[..., Judgement], list[tuple[Any, str]]] = {
    judge_number: [
        (2, RIGHT),
        (np.float64(2.004), RIGHT),
        (0.5, "Not yet: upside down"),
        ("2", "`answer` should be one number; it is '2'."),
        (float("nan"), "should be one number; it is nan"),
        (10**5000, "it is a number of thousands of digits"),
        (pd.Series([2.0]), "it is a Series of 1 rows"),
        (Sulking(), "it is a Sulking."),
    ],
    judge_numbers: [
        (TWO, RIGHT),
        (pd.Series(TWO).to_frame(), RIGHT),
        ({"threads": 0.5, "processes": 0.25}, "upside down"),
        ({"threads": 2.0}, "it has them for ['threads']"),
        ({"threads": 2.0, "processes": "4"}, "should hold one number for each of threads, proc"),
        (pd.Series([2.0, 4.0], ["threads", "threads"]), "it is a Series of 2 rows"),
        (pd.DataFrame({"a": [1.0], "b": [2.0]}), "it is a DataFrame of 1 rows"),
    ],
    judge_names: [
        ({*BOTH}, RIGHT),
        (pd.Series([*BOTH, "threads"]), RIGHT),
        ("sequential", "the others"),
        ({"threads", "thread"}, "'thread' is none of the names: threads; processes; sequential."),
        (["threads", 2], "should be a set of names; it is ['threads', 2]"),
        (range(10**9), "should be a set of names; it is range("),
    ],
    judge_function: [
        (lambda number: number * 2, RIGHT),
        (3, "should be a function; it is 3"),
        (lambda number: number, "`double(1)` gave 1: no."),
        (print, "`double` is still open"),
        (lambda _: ..., "A function gives its answer back by `return`"),
        (lambda n: 2 if n == 1 else None, "`double(2.5)` gave nothing back. Does it `return` its"),
        (lambda: 2, "`double(1)` ended with TypeError"),
        (sys.exit, "`double(1)` ended with SystemExit"),
    ],
}


@pytest.mark.parametrize("judge", ANSWERS)
def test_an_answer_may_come_in_many_forms(judge: Callable[..., Judgement]) -> None:
    for answer, words in ANSWERS[judge]:
        expect(judge, answer, words)
    for answer in (None, ...):
        expect(judge, answer, "` is still open. Put your answer in place of the three dots")
    for answer in ((), b"a", 1j, [[1]], {1: [2]}, Sulking, len, lambda *_: Sulking()):
        expect(judge, answer, "Not yet: ")


def test_near_is_rounded_to_two_digits_or_one_part_in_fifty() -> None:
    assert is_near(0.1, 0.1059)
    assert not is_near(0.1, 0.1061)
    assert is_near(101.9, 100.0)
    assert not is_near(102.1, 100.0)
    assert read_number(True) is None
