"""Checks of notebook 04: right answers and typical mistakes, by tables and by tables' truths."""

from collections.abc import Callable, Sequence

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.exercises.inside_the_pool import (
    MadeUpPool,
    check_best_share,
    check_compute_end,
    check_finish,
)
from tests.conftest import spread
from tests.exercises.answers import expect_judged, for_any_answer
from tests.made.pool import make_chunks, make_lengths, make_map

SEVEN = make_lengths({3: (spread(0.2), spread(0.9)), 7: (spread(0.25), spread(0.7))}, workers=3)

Foretell = Callable[[list[int], int], float]


@pytest.mark.usefixtures("no_process_may_start")
@for_any_answer
def test_no_answer_makes_a_check_fail_with_an_error(answer: object) -> None:
    expect_judged(
        answer, check_best_share(answer, SEVEN), check_finish(answer), check_compute_end(answer)
    )


def test_the_best_share_is_that_of_the_places_that_are_filled() -> None:
    right = check_best_share(7 / 9, SEVEN)
    assert right.is_right
    assert "0.78, or 7 of 9 places" in right.words
    assert "70 % of the time of three workers" in right.words
    assert check_best_share(0.78, SEVEN).is_right
    assert "last round" in check_best_share(1, SEVEN).words
    assert "in percent" in check_best_share(78, SEVEN).words
    assert "nobody works" in check_best_share(2 / 9, SEVEN).words
    assert "tasks for each worker" in check_best_share(7 / 3, SEVEN).words
    assert "draw three lanes" in check_best_share(0.5, SEVEN).words


def test_a_list_that_fills_every_place_has_no_idle_part() -> None:
    table = make_lengths({2: (spread(0.2), spread(0.9)), 4: (spread(0.25), spread(0.7))})
    assert check_best_share(1.0, table).is_right


@pytest.mark.parametrize("table", [make_map(), make_chunks().drop(columns="round"), 3])
def test_a_table_of_something_else_is_refused(table: pd.DataFrame) -> None:
    with pytest.raises(ResultsError):
        check_best_share(7 / 9, table)


def close_and_join(pool: MadeUpPool) -> None:
    pool.close()
    pool.join()


def end_with(pool: MadeUpPool) -> None:
    with pool:
        pool.close()


def end_too_early(pool: MadeUpPool) -> None:
    pool.terminate()
    pool.join()


def end_twice(pool: MadeUpPool) -> None:
    close_and_join(pool)
    pool.terminate()


@pytest.mark.usefixtures("no_process_may_start")
@pytest.mark.parametrize("finish", [close_and_join, end_twice])
def test_a_pool_that_is_closed_and_joined_loses_nothing(
    finish: Callable[[MadeUpPool], None],
) -> None:
    judgement = check_finish(finish)
    assert judgement.is_right
    assert "all 4 jobs are done" in judgement.words


@pytest.mark.usefixtures("no_process_may_start")
@pytest.mark.parametrize(
    ("finish", "words"),
    [
        (lambda _: ..., "`finish` is still open"),
        (MadeUpPool.close, "`finish(pool)` gave 0 of 4 jobs done: `close` takes no more"),
        (MadeUpPool.terminate, "`terminate` ends the workers at once"),
        (end_too_early, "`terminate` ends the workers at once"),
        (end_with, "`terminate` ends the workers at once"),
        (MadeUpPool.join, "Pool is still running"),
        (lambda: None, "ended with TypeError"),
        ("close", "should be a function"),
    ],
)
def test_a_pool_that_is_ended_otherwise_gets_its_hint(finish: object, words: str) -> None:
    judgement = check_finish(finish)
    assert not judgement.is_right
    assert words in judgement.words


def test_the_made_up_pool_refuses_what_a_real_one_refuses() -> None:
    import multiprocessing

    with multiprocessing.Pool(1) as pool, pytest.raises(ValueError, match="Pool is still running"):
        pool.join()
    with pytest.raises(ValueError, match="Pool is still running"):
        MadeUpPool().join()


def simulate(tasks: list[int], workers: int) -> int:
    free_at = [0] * workers
    while tasks:  # and so uses up the list
        first = free_at.index(min(free_at))
        free_at[first] += tasks.pop(0)
    return max(free_at)


def deal_out(tasks: Sequence[int], workers: int) -> int:
    return max(sum(tasks[first::workers]) for first in range(workers))


def test_the_end_is_found_by_handing_out_one_task_after_another() -> None:
    assert simulate([6, 1, 1, 1, 1, 1, 1], 2) == 6  # as the notebook says
    assert simulate([1, 1, 1, 1, 1, 1, 6], 2) == 9
    judgement = check_compute_end(simulate)
    assert judgement.is_right
    assert "all six lists" in judgement.words


@pytest.mark.parametrize(
    ("compute_end", "words"),
    [
        (lambda tasks, _: sum(tasks), "a worker that is alone"),
        (lambda tasks, workers: max(simulate(tasks[:], workers), sum(tasks) / workers + 0.5),
         "note for each worker"),
        (lambda tasks, workers: sum(tasks) / workers, "no task is cut in two"),
        (lambda tasks, workers: simulate(sorted(tasks, reverse=True), workers), "aren't sorted"),
        (deal_out, "aren't dealt out beforehand"),
        (lambda tasks, _: max(tasks), "the longest task"),
        (lambda tasks, _: tasks, "it should be one number"),
        (lambda *_: None, "`compute_end` is still open"),
        (lambda tasks, _: tasks[9], "ended with IndexError"),
    ],
)  # fmt: skip
def test_a_wrong_end_gets_its_hint(compute_end: Foretell, words: str) -> None:
    judgement = check_compute_end(compute_end)
    assert not judgement.is_right
    assert words in judgement.words
