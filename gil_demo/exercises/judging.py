"""The parts that every check of an exercise is made of."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray

from gil_demo.checks import ResultsError, shorten
from gil_demo.words import count_in_words

Numbers: TypeAlias = "Mapping[Any, float] | pd.Series[float]"
Names: TypeAlias = Collection[str]


@dataclass(frozen=True, repr=False)
class Judgement:
    """What a check says of an answer; Jupyter shows its words."""

    is_right: bool
    words: str

    def __repr__(self) -> str:
        return f"{'Right' if self.is_right else 'Not yet'}: {self.words}"


def hint(words: str) -> Judgement:
    return Judgement(False, words)


class Answer(NamedTuple):
    """Whatever the reader answered, and what the notebook calls it.

    A judge gets the right answer, what to say if it is given, typical mistakes, each under the hint
    that it calls for, and the hint for all others.
    """

    name: str
    value: object

    @property
    def is_open(self) -> bool:
        return self.value is None or self.value is ...

    def ask(self) -> Judgement:
        return hint(
            f"`{self.name}` is still open. Put your answer in place of the three dots, "
            "run that cell, then this one."
        )

    def correct(self, wanted: str) -> Judgement:
        return hint(f"`{self.name}` should {wanted}; it is {describe(self.value)}.")

    def judge_number(
        self, expected: float, right: str, mistakes: Mapping[str, float], otherwise: str
    ) -> Judgement:
        found = read_number(self.value)
        return self._judge(found, "be one number", expected, right, mistakes, otherwise)

    def judge_numbers(
        self, expected: Numbers, right: str, mistakes: Mapping[str, Numbers], otherwise: str
    ) -> Judgement:
        """Judge a number for each of several labels, given as a Series or a dict."""
        labels = [label for label, _ in expected.items()]
        wanted = f"hold one number for each of {', '.join(map(str, labels))}"
        found = read_numbers(self.value)
        if found is not None and set(found) != set(labels):
            return hint(f"`{self.name}` should {wanted}; it has them for {describe(list(found))}.")
        return self._judge(found, wanted, expected, right, mistakes, otherwise)

    def judge_names(
        self, expected: Names, known: Names, right: str, mistakes: Mapping[str, Any], otherwise: str
    ) -> Judgement:
        """Judge a set of names out of those that are known, in any order."""
        found = read_names(self.value)
        if unknown := sorted((found or set()) - set(known)):
            return hint(f"{shorten(unknown[0])} is none of the names: {'; '.join(known)}.")
        return self._judge(found, "be a set of names", expected, right, mistakes, otherwise)

    def judge_letters(self, yes: Mapping[str, str], no: Mapping[str, str], right: str) -> Judgement:
        """Judge a set of letters; those of either side come with a hint for who has it wrong."""
        if self.is_open:
            return self.ask()
        hints, names = {**yes, **no}, read_names(self.value)
        letters = {name.strip().lower() for name in names or ()}
        if names is None or not letters <= {*hints}:
            ends = f"from {min(hints)} to {max(hints)}"
            return self.correct(f"be a set of letters {ends}, each in quotation marks")
        wrong = letters ^ {*yes}
        if not wrong:
            return Judgement(True, right)
        count, first = count_in_words(len(wrong), "letter is", "letters are"), min(wrong)
        return hint(f"{count} not where it belongs. Look at {first}: {hints[first]}")

    def _judge(
        self, found: Any, wanted: str, expected: Any, right: str, mistakes: Any, otherwise: str
    ) -> Judgement:
        if self.is_open:
            return self.ask()
        if found is None:
            return self.correct(wanted)
        # a mistake may lie within the tolerance of the right answer
        for tell in (_is_exactly, is_near):
            if _is_same(found, expected, tell):
                return Judgement(True, right)
            if hints := [one for one, wrong in mistakes.items() if _is_same(found, wrong, tell)]:
                return hint(hints[0])
        return hint(otherwise)

    def judge_function(
        self, cases: Sequence[tuple[Any, ...]], find_fault: Callable[..., str], right: str
    ) -> Judgement:
        """Judge a function by calling it with each case; `find_fault` says what is wrong."""
        if self.is_open:
            return self.ask()
        if not callable(self.value):
            return self.correct("be a function")
        silent = []
        for case in cases:
            call = f"`{self.name}({', '.join(map(repr, case))})`"
            try:
                found = self.value(*map(copy, case))  # it may change what it is given
                is_silent = found is None or found is ...
                fault = "" if is_silent else find_fault(found, *case)
            except (Exception, SystemExit) as reason:  # the reader's own code may end in any way
                return hint(f"{call} ended with {describe(reason)}.")
            if fault:
                return hint(f"{call} gave {describe(found)}: {fault}")
            silent += [call] * is_silent
        if len(silent) == len(cases):
            return hint(f"{self.ask().words} A function gives its answer back by `return`.")
        if silent:
            return hint(f"{silent[0]} gave nothing back. Does it `return` its answer?")
        return Judgement(True, right)


def find_mistake(
    found: object, expected: float, mistakes: Mapping[str, float], otherwise: str
) -> str:
    """Say what is wrong with a number that a reader's function gave; empty if nothing."""
    number = read_number(found)
    if number is None:
        return "it should be one number."
    ends = {"": expected, **mistakes}
    return next((words for words, end in ends.items() if is_near(number, end)), otherwise)


def pick(table: pd.DataFrame, missing: str, column: str, value: str) -> pd.DataFrame:
    """Return the rows that hold a value, of a table that should have some."""
    rows = table[table[column] == value]
    if rows.empty:
        raise ResultsError(missing)
    return rows


def _is_same(found: Any, expected: Any, tell: Callable[[float, float], bool]) -> bool:
    if isinstance(found, set):
        return found == set(expected)
    if isinstance(found, dict):
        return found.keys() == set(expected.keys()) and all(
            tell(found[label], number) for label, number in expected.items()
        )
    return tell(found, expected)


def _is_exactly(number: float, expected: float) -> bool:
    return math.isclose(number, expected, rel_tol=1e-6)


def is_near(number: float, expected: float) -> bool:
    """Tell whether two numbers are the same but for rounding to two digits, or a part in fifty.

    What is a whole number was counted, so nothing near it will do.
    """
    if isinstance(expected, Integral):
        return _is_exactly(number, expected)
    return math.isclose(number, expected, rel_tol=0.02, abs_tol=0.006)


def read_number(answer: object) -> float | None:
    """Return an answer as a number, None if it is no finite number."""
    if not isinstance(answer, Real) or isinstance(answer, bool):
        return None
    try:
        number = float(answer)
    except (OverflowError, ValueError, TypeError):
        return None
    return number if math.isfinite(number) else None


def read_numbers(answer: object) -> dict[Any, float] | None:
    """Return an answer as numbers under their labels, None if it isn't that."""
    if isinstance(answer, pd.DataFrame) and len(answer.columns) == 1:
        answer = answer.iloc[:, 0]
    if isinstance(answer, pd.DataFrame) and isinstance(answer.index, pd.RangeIndex):
        # the labels are in columns of their own, as `reset_index` puts them
        rows = answer.itertuples(index=False, name=None)
        pairs = [(label[0] if len(label) == 1 else tuple(label), own) for *label, own in rows]
    elif isinstance(answer, pd.Series | dict):
        pairs = list(answer.items())
    else:
        return None
    try:
        found = {label: read_number(value) for label, value in pairs}
    except TypeError:  # of a label that can't be one
        return None
    numbers = {label: one for label, one in found.items() if one is not None}
    return numbers if len(numbers) == len(pairs) else None


def read_names(answer: object) -> set[str] | None:
    """Return an answer as a set of names, None if it isn't that; one text is one name."""
    items = [answer] if isinstance(answer, str) else list_items(answer)
    if items is None or not all(isinstance(name, str) for name in items):
        return None
    return set(items)


def list_items(answer: object) -> list[Any] | None:
    """List what an answer holds, in whatever order, None if it is no collection."""
    if isinstance(answer, np.ndarray):
        return list(answer.ravel())
    if isinstance(answer, Set | list | tuple | pd.Series | pd.Index | ExtensionArray):
        return list(answer)
    return None


def describe(answer: object) -> str:
    """Name an answer for a hint: small ones as they are, tables by their size."""
    if isinstance(answer, pd.DataFrame | pd.Series):
        return f"a {type(answer).__name__} of {count_in_words(len(answer), 'row')}"
    return shorten(answer.item() if isinstance(answer, np.generic) else answer)
