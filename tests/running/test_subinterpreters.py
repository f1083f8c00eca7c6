import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from gil_demo.checks import GilDemoError, RunnerUnavailable
from gil_demo.race.comparison import compare, list_runners
from gil_demo.running.runners import RUNNERS, find_reason
from gil_demo.running.subinterpreters import find_obstacle, interpreters
from gil_demo.running.workloads import countdown
from gil_demo.tables.kinds import combine
from gil_demo.turns.timeline import trace
from tests.conftest import interrupt_once_there, run_once
from tests.made import tasks

IS_THERE = sys.version_info >= (3, 14)

there = pytest.mark.skipif(not IS_THERE, reason="sub-interpreters come with Python 3.14")
elsewhere = pytest.mark.skipif(IS_THERE, reason="this Python has sub-interpreters")


@elsewhere
@pytest.mark.usefixtures("no_process_may_start")
def test_where_there_are_none_the_runner_says_so_by_name_and_reason() -> None:
    with pytest.raises(
        RunnerUnavailable, match=r"^interpreters: needs CPython 3\.14, this is CPython 3\.\d+\.\d+$"
    ):
        run_once(interpreters, countdown, [1])


@elsewhere
@pytest.mark.usefixtures("no_process_may_start")
def test_where_there_are_none_an_experiment_says_so_before_anything_is_started() -> None:
    for experiment in (compare, trace):
        with pytest.raises(RunnerUnavailable, match=r"^interpreters: needs CPython 3\.14"):
            experiment(["threads", "interpreters"])


def test_there_is_an_obstacle_exactly_where_python_is_older() -> None:
    assert bool(find_obstacle()) == (not IS_THERE)


def test_the_list_of_runners_tells_which_can_be_had_and_why_one_can_t() -> None:
    runners = list_runners()
    assert list(runners["runner"]) == list(RUNNERS)
    assert list(runners["available"][:3]) == [True] * 3
    assert list(runners["reason"][:3]) == [""] * 3
    row = runners[runners["runner"] == "interpreters"].iloc[0]
    assert row["available"] == IS_THERE
    assert row["reason"] == find_reason("interpreters")


@there
def test_each_sub_interpreter_has_modules_of_its_own() -> None:
    tasks.mark_module("here")
    spans = run_once(interpreters, tasks.mark_module, list(range(20)))
    by_worker: dict[int, list[int]] = {}
    for span in sorted(spans, key=lambda span: span.start):
        by_worker.setdefault(span.worker, []).append(span.answer)
    for counts in by_worker.values():
        assert counts == list(range(1, len(counts) + 1))


@there
def test_a_function_whose_module_can_t_be_loaded_there_is_a_type_error_that_names_it() -> None:
    with pytest.raises(
        TypeError, match="whose module a sub-interpreter can import, not combine of"
    ):
        run_once(interpreters, combine, [1])  # its module imports pandas


@there
def test_what_this_python_can_import_its_sub_interpreters_can() -> None:
    (span,) = run_once(interpreters, tasks.give_back, ["here"])
    assert span.answer == "here"


@there
def test_entering_waits_until_every_one_is_ready() -> None:
    before = set(threading.enumerate())
    with interpreters(3):
        assert len(set(threading.enumerate()) - before) == 3
    assert set(threading.enumerate()) == before


@there
@pytest.mark.parametrize("task", [threading.Lock(), open(os.devnull)], ids=["lock", "file"])  # noqa: SIM115, PTH123
def test_a_task_that_can_t_be_sent_is_a_type_error(task: object) -> None:
    with pytest.raises(TypeError, match="tasks must be what can be sent to a sub-interpreter"):
        run_once(interpreters, len, [task])


@there
def test_a_function_that_can_t_be_sent_is_a_type_error_that_names_it() -> None:
    with pytest.raises(TypeError, match=r"can be sent to a worker, not .*<lambda>"):
        run_once(interpreters, lambda task: task, [1])


@there
def test_an_answer_that_can_t_be_sent_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="a task must give back what can be sent"):
        run_once(interpreters, memoryview, [b"abc"])


@there
def test_a_task_that_asks_python_to_exit_is_passed_on() -> None:
    with pytest.raises(SystemExit):
        run_once(interpreters, tasks.leave, [1, 2])


@there
def test_outside_the_block_there_is_nothing_left_to_run_tasks() -> None:
    with interpreters(2) as run:
        run(countdown, [10])
    with pytest.raises(GilDemoError, match="have ended: run tasks inside the with block"):
        run(countdown, [10])


@there
def test_after_an_interrupt_they_have_ended(tmp_path: Path) -> None:
    mark = tmp_path / "started"
    with interpreters(2) as run:
        interrupter = interrupt_once_there(mark)
        with pytest.raises(KeyboardInterrupt):
            run(tasks.countdown_for_ever, [str(mark)] * 5)
        interrupter.join()
        with pytest.raises(GilDemoError, match="have ended"):
            run(countdown, [10])


@there
def test_interrupts_at_many_moments_leave_no_thread(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    for number in range(10):
        mark = tmp_path / str(number)
        interrupter = interrupt_once_there(mark)
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            run_once(interpreters, tasks.countdown_for_ever, [str(mark)] * 2)
        assert time.monotonic() - started < 10
        interrupter.join()
        assert set(threading.enumerate()) <= before


@there
def test_many_tasks_on_few_sub_interpreters_come_back_in_order() -> None:
    spans = run_once(interpreters, tasks.give_back, list(range(50)))
    assert [span.answer for span in spans] == list(range(50))
    assert {span.worker for span in spans} <= {0, 1}


@there
def test_an_interrupt_at_any_moment_of_their_life_leaves_no_thread() -> None:
    before, moments = set(threading.enumerate()), random.Random(7)
    for _ in range(30):
        interrupt = threading.Timer(
            0.3 * moments.random(), os.kill, [os.getpid(), signal.SIGINT]
        )  # fmt: skip
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012
            interrupt.start()
            with interpreters(2) as run:
                while True:
                    run(countdown, [100_000] * 4)
        interrupt.join()
        assert set(threading.enumerate()) <= before
        assert time.monotonic() - started < 10


@there
def test_a_task_that_is_stuck_in_c_code_holds_up_no_interrupt() -> None:
    started = time.monotonic()
    interrupt = threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT])
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        interrupt.start()
        run_once(interpreters, time.sleep, [4.0, 4.0])
    assert time.monotonic() - started < 3.5
    interrupt.join()
    while any("InterpreterPool" in thread.name for thread in threading.enumerate()):
        time.sleep(0.05)  # they end when their tasks do
