"""The parts that every check of an exercise is made of."""

import math
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from gil_demo.checks import shorten

# an answer may be rounded to two digits after the point, or to about one part in fifty
RELATIVE_TOLERANCE = 0.02
ABSOLUTE_TOLERANCE = 0.006


@dataclass(frozen=True, repr=False)
class Judgement:
    """What a check says of an answer; Jupyter shows its words."""

    is_right: bool
    words: str

    def __repr__(self) -> str:
        return f"{'Right' if self.is_right else 'Not yet'}: {self.words}"


def accept(words: str) -> Judgement:
    """Say that an answer is right, and what it means."""
    return Judgement(True, words)


def hint(words: str) -> Judgement:
    """Say that an answer isn't right yet, and where to look."""
    return Judgement(False, words)


def find_gap(answer: object, name: str) -> str:
    """Say kindly that nothing was answered yet; empty if something was."""
    if answer is None or answer is ...:
        return (
            f"`{name}` is still open. Put your answer in place of the three dots, "
            "run that cell, then this one."
        )
    return ""


def read_number(answer: object) -> float | None:
    """Return an answer as a number, None if it is no finite number."""
    if not isinstance(answer, Real) or isinstance(answer, bool):
        return None
    try:
        number = float(answer)
    except (OverflowError, ValueError, TypeError):
        return None
    return number if math.isfinite(number) else None


def is_near(number: float, expected: float) -> bool:
    """Tell whether two numbers are the same but for rounding."""
    return math.isclose(number, expected, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)


def judge_number(
    answer: object,
    name: str,
    expected: float,
    right: str,
    mistakes: Mapping[str, float],
    otherwise: str,
) -> Judgement:
    """Judge one number.

    Args:
        answer: whatever the reader answered.
        name: what the notebook calls the answer.
        expected: the number that is right, computed from the reader's own data.
        right: what to say if it is.
        mistakes: typical wrong numbers, each under the hint that it calls for.
        otherwise: the hint for every other number.
    """
    if gap := find_gap(answer, name):
        return hint(gap)
    number = read_number(answer)
    if number is None:
        return hint(f"`{name}` should be one number; it is {describe(answer)}.")
    if is_near(number, expected):
        return accept(right)
    for words, wrong in mistakes.items():
        if is_near(number, wrong):
            return hint(words)
    return hint(otherwise)


def judge_numbers(
    answer: object,
    name: str,
    expected: Mapping[Any, float],
    right: str,
    mistakes: Mapping[str, Mapping[Any, float]],
    otherwise: str,
) -> Judgement:
    """Judge a number for each of several labels, given as a Series or a dict.

    The arguments are those of `judge_number`, with a mapping in the place of each number.
    """
    if gap := find_gap(answer, name):
        return hint(gap)
    numbers = read_numbers(answer)
    if numbers is None:
        return hint(
            f"`{name}` should hold one number for each of {', '.join(map(str, expected))}; "
            f"it is {describe(answer)}."
        )
    if set(numbers) != set(expected):
        return hint(
            f"`{name}` should hold one number for each of {', '.join(map(str, expected))}; "
            f"it has them for {shorten(list(numbers))}."
        )
    if _are_near(numbers, expected):
        return accept(right)
    for words, wrong in mistakes.items():
        if _are_near(numbers, wrong):
            return hint(words)
    return hint(otherwise)


def _are_near(numbers: Mapping[Any, float], expected: Mapping[Any, float]) -> bool:
    return all(is_near(numbers[label], expected[label]) for label in expected)


def read_numbers(answer: object) -> dict[Any, float] | None:
    """Return an answer as numbers under their labels, None if it isn't that."""
    if isinstance(answer, pd.DataFrame) and len(answer.columns) == 1:
        answer = answer.iloc[:, 0]
    if not isinstance(answer, pd.Series | dict):
        return None
    pairs = [(label, read_number(value)) for label, value in answer.items()]
    found = [(label, number) for label, number in pairs if number is not None]
    are_labels = all(isinstance(label, Hashable) for label, _ in pairs)
    if len(found) < len(pairs) or not are_labels or len(dict(found)) < len(found):
        return None
    return dict(found)


def judge_function(
    function: object,
    name: str,
    cases: Sequence[tuple[Any, ...]],
    find_fault: Callable[[Any, tuple[Any, ...]], str],
    right: str,
) -> Judgement:
    """Judge a function that the reader wrote, by calling it.

    Args:
        function: whatever the reader wrote.
        name: what the notebook calls it.
        cases: the arguments of each call.
        find_fault: says what is wrong with an answer to a case; empty if nothing is.
        right: what to say if all answers are right.
    """
    if gap := find_gap(function, name):
        return hint(gap)
    if not callable(function):
        return hint(f"`{name}` should be a function; it is {describe(function)}.")
    silent = []
    for case in cases:
        call = f"`{name}({', '.join(map(repr, case))})`"
        try:
            answer = function(*map(copy, case))  # it may change what it is given
            is_silent = answer is None or answer is ...
            fault = "" if is_silent else find_fault(answer, case)
        except (Exception, SystemExit) as reason:  # the reader's own code may end in any way
            return hint(f"{call} ended with {shorten(reason)}.")
        if fault:
            return hint(f"{call} gave {describe(answer)}: {fault}")
        silent += [call] * is_silent
    if len(silent) == len(cases):
        return hint(f"{find_gap(..., name)} A function gives its answer back by `return`.")
    if silent:
        return hint(f"{silent[0]} gave nothing back. Does it `return` its answer?")
    return accept(right)


def describe(answer: object) -> str:
    """Name an answer for a hint: small ones as they are, tables by their size."""
    if isinstance(answer, pd.DataFrame | pd.Series):
        return f"a {type(answer).__name__} of {len(answer)} rows"
    return shorten(answer.item() if isinstance(answer, np.generic) else answer)


def judge_names(
    answer: object,
    name: str,
    expected: Collection[str],
    known: Collection[str],
    right: str,
    mistakes: Mapping[str, Collection[str]],
    otherwise: str,
) -> Judgement:
    """Judge a set of names, in any order; a list of them or a column does as well.

    The arguments are those of `judge_number`, with names in the place of each number; `known` are
    all the names that there are.
    """
    if gap := find_gap(answer, name):
        return hint(gap)
    names = read_names(answer)
    if names is None:
        return hint(f"`{name}` should be a set of names; it is {describe(answer)}.")
    if unknown := sorted(names - set(known)):
        return hint(f"{shorten(unknown[0])} is none of the names: {'; '.join(known)}.")
    if names == set(expected):
        return accept(right)
    for words, wrong in mistakes.items():
        if names == set(wrong):
            return hint(words)
    return hint(otherwise)


def read_names(answer: object) -> set[str] | None:
    """Return an answer as a set of names, None if it isn't that; one text is one name."""
    if isinstance(answer, str):
        return {answer}
    if not isinstance(answer, set | frozenset | list | tuple | pd.Series | pd.Index):
        return None
    names = [name for name in answer if isinstance(name, str)]
    return set(names) if len(names) == len(answer) else None
