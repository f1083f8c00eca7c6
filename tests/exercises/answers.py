"""What an answer should get from a check."""

import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from gil_demo.exercises.judging import Judgement


class Case(NamedTuple):
    """A check, the tables that it holds answers against, and answers, each with what it gets.

    Words that begin with "Right: " say that the answer is right, all others are part of a hint.
    """

    check: Callable[..., Judgement]
    tables: Sequence[pd.DataFrame]
    answers: Sequence[tuple[Any, str]] = ()

    def gets(self, *answers: tuple[Any, str]) -> "Case":
        return self._replace(answers=answers)


class Sulking:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


AWKWARD = [
    *(True, 0, -1, 2.5, float("nan"), float("inf"), 10**5000, 1j, "", "a", b"a", (), [[1]]),
    *([None], [1, "a"], {}, {"a": 1}, {1: [2]}, {1, 2}, np.float64(1.5), np.array([1.0, 2.0])),
    pd.DataFrame({"a": [1.0]}),
    pd.Series([[1], [2]], index=["threads", "threads"]),
    pd.Series([1.0, 2.0], index=["threads", "threads"]),
    *(Sulking(), Sulking, len, sys.exit, lambda *_: Sulking(), lambda: 1),
]


def expect(check: Callable[..., Judgement], answer: object, words: str, *tables: Any) -> None:
    judgement = check(answer, *tables)
    assert words in repr(judgement), judgement
    assert judgement.is_right == words.startswith("Right: "), judgement
