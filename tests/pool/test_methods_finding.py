import re
from typing import Any

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.pool.methods import (
    METHODS,
    describe_methods,
    judge_methods,
    summarise_methods,
    title_methods,
)
from gil_demo.tables.kinds import verdict
from tests.conftest import TableMaker
from tests.made.pool import Answers, make_arrivals

ONE: Answers = {name: [(1, 0.1, 0.2)] for name in METHODS}
CASES: dict[str, tuple[Answers | None, dict[str, Any]]] = {
    "ordinary": (None, {}),
    "one task": (ONE, {}),
    "one method": ({"imap": [(1, 0.1, 0.2), (2, 0.1, 0.2)]}, {}),
    "at once": ({name: [(1, 0.0, 0.0)] for name in METHODS}, {}),
    "a long run": ({"map": [(1, 99_999.0, 99_999.5)]}, {}),
    "hardly any time": ({"map": [(1, 1e-9, 1.5e-9)]}, {}),
    "recorded": (None, {"recorded_on": "a laptop", "workers": 60}),
}


def title_of(table: pd.DataFrame) -> str:
    return title_methods(table, summarise_methods(table))


def test_methods_are_told_in_these_sentences() -> None:
    assert judge_methods(make_arrivals()).splitlines() == [
        "map gives a list, when all tasks are done.",
        "  It returned after 301 ms; the first answer was there after 301 ms, the last after "
        "302 ms, in the list's order.",
        "imap gives an iterator, in the list's order.",
        "  It returned after 1 ms; the first answer was there after 301 ms, the last after "
        "303 ms, in the list's order.",
        "imap_unordered gives an iterator, in the order in which tasks end.",
        "  It returned after 1 ms; the first answer was there after 101 ms, the last after "
        "303 ms, not in the list's order.",
    ]


def test_the_other_methods_are_told_in_these_sentences() -> None:
    answers: Answers = {
        "starmap": [(1, 0.5, 1.5), (2, 0.75, 1.5)],
        "apply_async": [(2, 0.5, 0.75), (1, 1.0, 1.25)],
    }
    assert judge_methods(make_arrivals(answers, {"apply_async": 12e-6})).splitlines() == [
        "starmap gives a list, as map does; the tasks are tuples of arguments.",
        "  It returned after 1.5 s; the first answer was there after 1.5 s, the last after "
        "1.5 s, in the list's order.",
        "apply_async gives a handle for each task, to ask whenever you like.",
        "  It returned after 12 µs; the first answer was there after 750 ms, the last after "
        "1.25 s, not in the list's order.",
    ]


@pytest.mark.parametrize(
    ("firsts", "title"),
    [
        (
            {"map": 0.3, "imap": 0.2, "imap_unordered": 0.1},
            "The first answer: imap_unordered after 100 ms, map after 300 ms",
        ),
        ({"starmap": 0.25}, "The first answer: starmap after 250 ms"),
        (
            {"map": 0.1, "imap": 0.1, "apply_async": 0.1},
            "The first answer: map after 100 ms, apply_async after 100 ms",
        ),
    ],
)
def test_the_title_tells_the_method_with_the_first_answer_and_that_with_the_last(
    firsts: dict[str, float], title: str
) -> None:
    table = make_arrivals({name: [(1, 0.05, first)] for name, first in firsts.items()})
    assert title_of(table) == title


@pytest.mark.parametrize("case", CASES)
def test_methods_are_told_in_plain_numbers(case: str) -> None:
    answers, facts = CASES[case]
    table = make_arrivals(answers, **facts)
    for text in (title_of(table), describe_methods(table), judge_methods(table)):
        assert text.strip()
        assert not re.search(r"\bnan\b|\binf\b|\de[+-]?\d", text), text
    assert len(judge_methods(table).splitlines()) == 2 * table["method"].nunique()
    assert verdict(table) == judge_methods(table)


def test_the_order_of_the_rows_does_not_matter() -> None:
    shuffled = make_arrivals().sample(frac=1.0, random_state=3)
    assert judge_methods(shuffled) == judge_methods(make_arrivals())


def test_the_conditions_tell_machine_workers_and_tasks() -> None:
    machine = "CPython 3.13.0, Linux, two usable cores"
    told = f"{machine}, two workers by fork, already started; three tasks, one run of each"
    assert describe_methods(make_arrivals()) == told
    alone = f"{machine}, one worker by spawn, already started; one task, one run of each"
    assert describe_methods(make_arrivals(ONE, workers=1, start_method="spawn")) == alone


def test_a_recorded_run_says_so_in_title_and_conditions() -> None:
    table = make_arrivals(recorded_on="a laptop", gil_enabled=False)
    assert title_of(table).startswith("Recorded run: the first answer: ")
    assert describe_methods(table).startswith("Recorded on a laptop: CPython 3.13.0 without the")
    assert "ecorded" not in title_of(make_arrivals()) + describe_methods(make_arrivals())


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    twice = pd.concat([make_arrivals(), make_arrivals(run_id="two")], ignore_index=True)
    for bad in (None, pd.DataFrame(), make_run(), twice):
        with pytest.raises(ResultsError):
            judge_methods(bad)  # type: ignore[arg-type]
