"""Every check of an exercise: what is right, what a mistake is told, and what is no answer."""

from multiprocessing.pool import Pool
from typing import Any

import pytest

from gil_demo.checks import ResultsError
from gil_demo.exercises import elsewhere as others
from gil_demo.exercises import pool as pools
from gil_demo.exercises import race as races
from gil_demo.exercises import turns as locks
from tests.exercises import elsewhere, pool, race, turns
from tests.exercises.answers import Case, expect
from tests.made.pool import make_map
from tests.made.pythons import make_interpreters
from tests.made.runs import make_run
from tests.made.turns import make_slices, run_at_once
from tests.made.waiting import SERVED, make_serve_table, make_workload_table

CASES = [*race.CASES, *turns.CASES, *pool.CASES, *elsewhere.CASES]
NAMES = [case.check.__name__ for case in CASES]
NOTHING = {("nothing", 0.005): SERVED["nothing", 0.005]}
PROCESSES = {"sleeping": {"processes": [7.8] * 8}}

pytestmark = pytest.mark.usefixtures("no_process_may_start")


def test_every_exercise_of_the_ten_notebooks_has_its_answers_here() -> None:
    assert len(set(NAMES)) == 30


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_an_answer_is_told_right_or_gets_its_hint_and_no_table_its_error(case: Case) -> None:
    for answer, words in [*case.answers, (None, "` is still open. Put your")]:
        expect(case.check, answer, words, *case.tables)
    if case.tables:
        with pytest.raises(ResultsError):
            case.check(1, *(table.drop(columns="run_id") for table in case.tables))


@pytest.mark.parametrize(
    ("check", "table", "words"),
    [
        (races.check_times_as_large, make_run({race.PROCESSES: [0.5] * 8}), "of two threads"),
        (races.check_start_ups, race.TWO, "no processes"),
        (locks.check_longest, make_slices(run_at_once(0.012)), "no threads"),
        (locks.check_cores_needed, make_workload_table(PROCESSES, workers=8), "no rounds of thr"),
        (locks.check_waits, make_serve_table(NOTHING), "no rounds beside a thread"),
        (others.check_sooner, make_interpreters({}, {"python3.90": "failed"}), "that ran both"),
        (others.check_beside_ordinary, elsewhere.ALONE, "has no CPython 3.13.0 and no CPython"),
        (others.check_medians, elsewhere.POOLS, "nobody in the class ran threads"),
    ],
)
def test_a_table_without_what_is_asked_for_is_refused(check: Any, table: Any, words: str) -> None:
    with pytest.raises(ResultsError, match=words):
        check(1, table)


def test_a_map_that_took_no_time_has_no_ratio() -> None:
    with pytest.raises(ResultsError, match="took no time at all"):
        pools.check_ratio(4.0, pool.SINGLE, make_map({1: [(0.1, 0.1)]}, done=0.1))


def test_the_made_up_pool_refuses_what_a_real_one_refuses() -> None:
    (real,) = (text for text in Pool.join.__code__.co_consts if "running" in str(text))
    with pytest.raises(ValueError, match=str(real)):
        pools.MadeUpPool().join()
