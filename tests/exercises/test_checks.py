"""Every check of an exercise: what is right, what a mistake is told, and what is no answer."""

from multiprocessing.pool import Pool

import pandas as pd
import pytest

from gil_demo import load_recorded
from gil_demo.checks import ResultsError
from gil_demo.exercises.elsewhere import (
    check_beside_ordinary,
    check_lowest_share,
    check_medians,
    check_sooner,
)
from gil_demo.exercises.pool import MadeUpPool, check_ratio
from gil_demo.exercises.race import check_short, check_start_ups, check_times_as_large
from gil_demo.exercises.turns import check_cores_needed, check_longest, check_waits
from tests.exercises import elsewhere, pool, race, turns
from tests.exercises.answers import Case, Sulking, expect
from tests.made.pool import make_map
from tests.made.pythons import ORDINARY, make_interpreters
from tests.made.turns import make_slices, run_at_once
from tests.made.waiting import SERVED, make_serve_table, make_workload_table

CASES = [*race.CASES, *turns.CASES, *pool.CASES, *elsewhere.CASES]
NAMES = [case.check.__name__ for case in CASES]

each_case = pytest.mark.parametrize("case", CASES, ids=NAMES)
pytestmark = pytest.mark.usefixtures("no_process_may_start")


def test_every_exercise_of_the_ten_notebooks_has_its_answers_here() -> None:
    assert len(set(NAMES)) == 30


@each_case
def test_an_answer_is_told_right_or_gets_its_hint(case: Case) -> None:
    for answer, words in case.answers:
        expect(case.check, answer, words, *case.tables)


@each_case
def test_whatever_the_answer_there_are_words(case: Case) -> None:
    expect(case.check, None, "` is still open. Put your", *case.tables)
    for answer in (Sulking(), Sulking, [[1]], {1: [2]}):
        expect(case.check, answer, "Not yet: `", *case.tables)


@pytest.mark.parametrize("case", [case for case in CASES if case.tables])
def test_a_table_of_something_else_is_refused(case: Case) -> None:
    other = turns.SLICES if "map" in set(case.tables[0]["experiment"]) else make_map()
    for wrong in (other, case.tables[0].drop(columns="run_id"), pd.DataFrame({"a": [1]}), 3):
        with pytest.raises(ResultsError):
            case.check(1, *[wrong] * len(case.tables))


@pytest.mark.parametrize(
    ("check", "table", "words"),
    [
        (check_times_as_large, race.make_run({race.PROCESSES: [0.5] * 8}), "no run of two threads"),
        (check_short, race.FOUR, "no run of two threads"),
        (check_start_ups, race.TWO, "no processes"),
        (check_longest, make_slices(run_at_once(0.012)), "no threads"),
        (
            check_cores_needed,
            make_workload_table({"sleeping": {"processes": [7.8] * 8}}, workers=8),
            "no rounds of threads",
        ),
        (
            check_waits,
            make_serve_table({("nothing", 0.005): SERVED["nothing", 0.005]}),
            "no rounds beside a thread",
        ),
        (check_sooner, make_interpreters({}, {"python3.90": "failed"}), "no interpreter that ran"),
        (
            check_beside_ordinary,
            make_interpreters({"CPython 3.13.0": ORDINARY["CPython 3.13.0"]}),
            "the table has no CPython 3.13.5t",
        ),
        (check_medians, elsewhere.POOLS, "nobody in the class ran threads"),
        (
            check_lowest_share,
            elsewhere.CLASS[elsewhere.CLASS["runner"] == "threads"],
            "nobody in the class ran processes",
        ),
    ],
)
def test_a_table_without_what_the_exercise_asks_for_is_refused(
    check: object, table: pd.DataFrame, words: str
) -> None:
    assert callable(check)
    with pytest.raises(ResultsError, match=words):
        check(1, table)


def test_two_runs_and_a_map_that_took_no_time_have_no_ratio() -> None:
    timeless = make_map({1: [(0.1, 0.1)]}, done=0.1)
    for wrong in (timeless, pd.concat([pool.SINGLE, pool.SINGLE.assign(run_id="b")])):
        with pytest.raises(ResultsError):
            check_ratio(4.0, pool.SINGLE, wrong)


def test_what_a_right_answer_means_is_told_in_figures_of_the_table() -> None:
    told = check_times_as_large(race.LARGEST / 1.25, race.TWO).words
    assert told.endswith("and 1.25 × as long in yours.")
    told = check_short(race.SHORT, race.TWO).words
    assert "with 4,000,000 steps 1.25 ×" in told
    told = check_cores_needed(1, turns.SLEEPERS).words
    assert told.endswith("Measured: eight threads, four usable cores, a speed-up of 7.8.")
    told = check_ratio(4.0, pool.SINGLE, pool.CHUNKED).words
    assert told.endswith("600 times in all, or 12.")


def test_the_recorded_run_holds_what_the_exercises_ask_for() -> None:
    table = load_recorded("interpreters")
    assert check_sooner({elsewhere.FREE_THREADED}, table).is_right
    assert not check_beside_ordinary(1000, table).is_right


def test_the_made_up_pool_refuses_what_a_real_one_refuses() -> None:
    (real,) = (text for text in Pool.join.__code__.co_consts if "running" in str(text))
    with pytest.raises(ValueError, match=str(real)):
        MadeUpPool().join()
