import threading
import time

import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.exercises.beazleys_countdown import (
    check_run_together,
    check_short,
    check_times_as_large,
)
from gil_demo.measuring.runs import RUNS
from gil_demo.tables.schema import make_table
from tests.conftest import TableMaker, make_rows, spread
from tests.exercises.answers import expect_judged, for_any_answer

LARGEST, MEDIAN = 15.4 / 7.8, 24.0 / 23.5
Threads = list[threading.Thread]


def start_all(threads: Threads) -> None:
    for thread in threads:
        thread.start()


def join_all(threads: Threads) -> None:
    for thread in threads:
        thread.join()


def run_together(threads: Threads) -> float:
    start = time.perf_counter()
    start_all(threads)
    join_all(threads)
    return time.perf_counter() - start


def poll(threads: Threads) -> float:
    start = time.perf_counter()
    start_all(threads)
    while any(thread.is_alive() for thread in threads):
        pass
    return time.perf_counter() - start


def wait_in_turns(threads: Threads) -> float:
    for thread in threads:
        thread.start()
        thread.join()
    return 1.0


def call_run(threads: Threads) -> float:
    for thread in threads:
        thread.run()
    return 1.0


def start_one(threads: Threads) -> float:
    threads[0].start()
    return 1.0


def wait_for_the_last(threads: Threads) -> float:
    start_all(threads)
    threads[-1].join()
    return 1.0


def wait_too_little(threads: Threads) -> float:
    start_all(threads)
    for thread in threads:
        thread.join(timeout=1e-6)
    return 1.0


def stop_the_clock_early(threads: Threads) -> float:
    start = time.perf_counter()
    start_all(threads)
    end = time.perf_counter()
    join_all(threads)
    return end - start


def time_in_milliseconds(threads: Threads) -> float:
    return run_together(threads) * 1000


def tell_in_words(threads: Threads) -> str:
    return f"{run_together(threads)} s"


def start_twice(threads: Threads) -> float:
    start_all(threads)
    start_all(threads)
    return 1.0


def join_first(threads: Threads) -> float:
    join_all(threads)
    return 1.0


def forget_to_return(threads: Threads) -> None:
    run_together(threads)


def test_a_slowdown_is_held_against_the_largest_published_one(make_run: TableMaker) -> None:
    table = make_run({("threads", 2): [1.25] * 8})
    judgement = check_times_as_large(LARGEST / 1.25, table)
    assert judgement.is_right
    assert "1.58 ×, since two threads took 1.97 × as long in the published run" in judgement.words
    assert "1.25 × as long in yours" in judgement.words
    assert "a difference" in check_times_as_large(LARGEST - 1.25, table).words
    assert "upside down" in check_times_as_large(1.25 / LARGEST, table).words
    assert "figure alone" in check_times_as_large(LARGEST, table).words
    assert "that is the median" in check_times_as_large(MEDIAN / 1.25, table).words
    assert "take the largest `time_ratio`" in check_times_as_large(5, table).words


def test_a_shorter_countdown_is_told_from_the_long_one(make_run: TableMaker) -> None:
    table = make_run()
    short = make_run({("threads", 2): spread(1.7)}, count=20_000)
    judgement = check_short(short, table)
    assert judgement.is_right
    assert "with 20,000 steps two threads took 1.70 ×" in judgement.words
    assert "with 4,000,000 steps 1.03 ×" in judgement.words
    assert "this countdown has 4,000,000 steps" in check_short(table, table).words


def test_a_table_of_something_else_is_no_short_run(make_run: TableMaker) -> None:
    table = make_run()
    assert "it is 'Two threads'" in check_short("Two threads", table).words
    four = make_run({("threads", 4): spread(1.7)}, count=20_000)
    assert "no run of two threads" in check_short(four, table).words
    assert "like `two`, but" in check_short(pd.DataFrame({"seconds": [1.0]}), table).words


@pytest.mark.parametrize("function", [run_together, poll])
def test_threads_may_be_waited_for_in_any_way_that_waits(function: object) -> None:
    assert check_run_together(function).is_right


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (wait_in_turns, "ran one after another"),
        (call_run, "`start` makes a new one"),
        (start_one, "1 of 2 threads were started"),
        (wait_for_the_last, "not all had ended"),
        (wait_too_little, "not all had ended"),
        (stop_the_clock_early, "Stop the clock after the last `join`"),
        (time_in_milliseconds, "more than the whole call took"),
        (tell_in_words, "should be a number of seconds"),
        (start_twice, "threads can only be started once"),
        (join_first, "cannot join thread before it is started"),
        (forget_to_return, "gives its answer back by `return`"),
        (1.0, "should be a function; it is 1.0"),
    ],
)
def test_threads_handled_wrongly_get_their_hint(function: object, words: str) -> None:
    judgement = check_run_together(function)
    assert not judgement.is_right
    assert words in judgement.words


@pytest.mark.usefixtures("no_process_may_start")
def test_no_thread_is_started_by_a_check() -> None:
    assert check_run_together(run_together).is_right


@for_any_answer
def test_no_answer_makes_a_check_fail_with_an_error(answer: object) -> None:
    table = make_table(make_rows(), RUNS)
    expect_judged(
        answer,
        check_times_as_large(answer, table),
        check_short(answer, table),
        check_run_together(answer),
    )


def test_a_table_without_two_threads_is_refused(make_run: TableMaker) -> None:
    table = make_run({("processes", 2): spread(0.5)})
    for check in (check_times_as_large, check_short):
        with pytest.raises(ResultsError, match="two threads"):
            check(1.0, table)
