"""Answers of every kind, and what each check must make of them."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from gil_demo.exercises.judging import Judgement


class Sulking:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


plain = st.one_of(
    st.none(), st.just(...), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()
)
anything = st.one_of(
    plain,
    st.complex_numbers(),
    st.lists(plain),
    st.dictionaries(st.one_of(st.text(), st.integers()), plain),
    st.just(pd.DataFrame({"a": [1.0]})),
    st.just(pd.Series([[1], [2]], index=["threads", "threads"])),
    st.just(pd.Series([1.0, 2.0], index=["threads", "threads"])),
    st.just(np.array([1.0, 2.0])),
    st.just(Sulking()),
    st.just(10**5000),
    st.sampled_from([len, print, Sulking]),
)


def for_any_answer(test: Callable[..., None]) -> Callable[..., None]:
    """Give a test's `answer` values of every kind; it may take its time to sum up a table."""
    return settings(deadline=None)(given(answer=anything)(test))


def expect_judged(answer: object, *judgements: Judgement) -> None:
    """Expect words of each judgement, and kind ones where nothing was answered."""
    for judgement in judgements:
        assert judgement.words
        if answer is None or answer is ...:
            assert "is still open" in judgement.words
            assert not judgement.is_right
