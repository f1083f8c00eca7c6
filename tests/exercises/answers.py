from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from gil_demo.exercises.judging import Judgement


class Case(NamedTuple):
    """A check, the tables that it holds answers against, and answers, each with what it gets."""

    check: Callable[..., Judgement]
    tables: Sequence[Any]
    answers: Sequence[tuple[Any, str]] = ()

    def gets(self, *answers: tuple[Any, str]) -> "Case":
        return self._replace(answers=[*self.answers, *answers])


def expect(check: Callable[..., Judgement], answer: object, words: str, *tables: Any) -> None:
    """Fail unless an answer gets these words, and is right if they say so; " … " is others."""
    judgement = check(answer, *tables)
    assert all(part in repr(judgement) for part in words.split(" … ")), judgement
    assert judgement.is_right == words.startswith("Right: "), judgement
