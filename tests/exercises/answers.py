"""What an answer should get from a check."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pandas as pd

from gil_demo.exercises.judging import Judgement


class Case(NamedTuple):
    """A check, the tables that it holds answers against, and answers, each with what it gets.

    Words that begin with "Right: " say that the answer is right, all others are part of a hint; an
    ellipsis stands for others.
    """

    check: Callable[..., Judgement]
    tables: Sequence[pd.DataFrame]
    answers: Sequence[tuple[Any, str]] = ()

    def gets(self, *answers: tuple[Any, str]) -> "Case":
        return self._replace(answers=answers)


def expect(check: Callable[..., Judgement], answer: object, words: str, *tables: Any) -> None:
    judgement = check(answer, *tables)
    assert all(part in repr(judgement) for part in words.split(" … ")), judgement
    assert judgement.is_right == words.startswith("Right: "), judgement
