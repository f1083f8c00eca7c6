import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gil_demo.exercises.judging import Answer, Judgement, is_near, read_number
from tests.exercises.answers import Case, expect

TWO = {"threads": 2.0, "processes": 4.0}
BOTH = ["threads", "processes"]
RIGHT = "Right: yes"


class Sulking:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


def find_fault(found: object, number: float) -> str:
    return "" if found == 2 * number else "no."


JUDGES: dict[str, tuple[Any, ...]] = {
    "number": (2.0, "yes", {}, "divide"),
    "numbers": (TWO, "yes", {}, "divide"),
    "names": (BOTH, [*BOTH, "sequential"], "yes", {"the others": ["sequential"]}, "compare"),
    "function": ([(1,), (2.5,)], find_fault, "yes"),
}


def judge(answer: object, how: str) -> Judgement:
    judgement: Judgement = getattr(Answer("answer", answer), f"judge_{how}")(*JUDGES[how])
    return judgement


CASES = [
    Case(judge, ["number"])
    .gets((np.float64(2.004), RIGHT), (10**5000, "it is a number of thousands of digits"))
    .gets(("2", "`answer` should be one number; it is '2'."), (Sulking(), "it is a Sulking."))
    .gets((float("nan"), "should be one number; it is nan"))
    .gets((pd.Series([2.0]), "it is a Series of one row.")),
    Case(judge, ["numbers"])
    .gets((pd.Series(TWO).to_frame(), RIGHT), (pd.Series(TWO).reset_index(), RIGHT))
    .gets(({"threads": 2.0}, "it has them for ['threads']"))
    .gets(({"threads": 2.0, "processes": "4"}, "should hold one number for each of threads, proc"))
    .gets((pd.Series([2.0, 4.0], ["threads", "threads"]), "it is a Series of two rows"))
    .gets((pd.DataFrame({"a": [1.0], "b": [2.0]}, ["threads"]), "it is a DataFrame of one row.")),
    Case(judge, ["names"])
    .gets((pd.Series([*BOTH, "threads"]), RIGHT), (pd.Series(BOTH).unique(), RIGHT))
    .gets((np.array(BOTH), RIGHT), (pd.Index(BOTH), RIGHT), ({**TWO}.keys(), RIGHT))
    .gets(("sequential", "the others"), (range(10**9), "should be a set of names; it is range("))
    .gets(({"threads", "thread"}, "'thread' is none of the names: threads; processes; sequential."))
    .gets((["threads", 2], "should be a set of names; it is ['threads', 2]")),
    Case(judge, ["function"])
    .gets((3, "should be a function; it is 3"), (sys.exit, "`answer(1)` ended with SystemExit"))
    .gets((lambda _: ..., "`answer` is still open … A function gives its answer back by `return`"))
    .gets(
        (lambda n: 2 if n == 1 else None, "`answer(2.5)` gave nothing back. Does it `return` its")
    ),
]


@pytest.mark.parametrize("case", CASES, ids=JUDGES)
def test_an_answer_may_come_in_many_forms(case: Case) -> None:
    still_open = "` is still open. Put your answer in place of the three dots"
    no_answers = (
        (),
        b"a",
        np.array(None),
        pd.DataFrame(),
        1j,
        [[1]],
        {1: [2]},
        Sulking,
        len,
        lambda *_: Sulking(),
    )
    for answer, words in [*case.answers, (None, still_open), (..., still_open)]:
        expect(case.check, answer, words, *case.tables)
    for answer in no_answers:
        expect(case.check, answer, "Not yet: ", *case.tables)


def test_a_mistake_that_is_near_the_right_answer_is_told_all_the_same() -> None:
    answer = {"threads": 1.01, "processes": 2.0}
    right, mistakes = answer | {"threads": 1.02}, {"all of them": answer}
    for found, words in ((answer, "all of them"), (right, "yes"), ({**right, "threads": 1.0}, "y")):
        told = Answer("answer", found).judge_numbers(right, "yes", mistakes, "no")
        assert told.words.startswith(words)
    assert Answer("answer", 1.0).judge_number(1.01, "yes", {"all": 1.0}, "no").words == "all"
    assert Answer("answer", 1.0).judge_number(1.0, "yes", {"all": 1.0}, "no").is_right


def test_near_is_rounded_to_two_digits_or_one_part_in_fifty() -> None:
    assert is_near(0.1, 0.1059)
    assert not is_near(0.1, 0.1061)
    assert is_near(101.9, 100.0)
    assert not is_near(102.1, 100.0)
    assert not is_near(101, 100)  # which was counted
    assert is_near(1.0, 1)
    assert read_number(True) is None
