import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from gil_demo import compare, list_runners, trace
from gil_demo.checks import GilDemoError, RunnerUnavailable
from gil_demo.running.runners import RUNNERS, find_reason
from gil_demo.running.subinterpreters import find_obstacle, interpreters
from gil_demo.running.workloads import countdown
from gil_demo.tables.kinds import combine
from tests.conftest import interrupt_once_there, run_once
from tests.made import tasks

IS_THERE = sys.version_info >= (3, 14)

there = pytest.mark.skipif(not IS_THERE, reason="sub-interpreters come with Python 3.14")
elsewhere = pytest.mark.skipif(IS_THERE, reason="this Python has sub-interpreters")


@elsewhere
@pytest.mark.usefixtures("no_process_may_start")
def test_where_there_are_none_it_is_said_by_name_and_reason_before_anything_starts() -> None:
    told = r"^interpreters: needs CPython 3\.14, this is CPython 3\.\d+\.\d+$"
    with pytest.raises(RunnerUnavailable, match=told):
        run_once(interpreters, countdown, [1])
    for experiment in (compare, trace):
        with pytest.raises(RunnerUnavailable, match=r"^interpreters: needs CPython 3\.14"):
            experiment(["threads", "interpreters"])


def test_the_list_of_runners_tells_which_can_be_had_and_why_one_can_t() -> None:
    assert bool(find_obstacle()) == (not IS_THERE)
    runners = list_runners()
    assert list(runners["runner"]) == list(RUNNERS)
    assert list(runners["available"][:4]) == [True, True, True, IS_THERE]
    assert list(runners["reason"][:4]) == ["", "", "", find_reason("interpreters")]


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
def test_what_can_t_be_sent_is_a_type_error_that_names_it() -> None:
    with interpreters(2) as run:
        with pytest.raises(TypeError, match="sub-interpreter can import, not combine of"):
            run(combine, [1])  # its module imports pandas
        with pytest.raises(TypeError, match="tasks must be what can be sent to a sub-interpreter"):
            run(len, [threading.Lock()])
        with pytest.raises(TypeError, match=r"can be sent to a worker, not .*<lambda>"):
            run(lambda task: task, [1])
        with pytest.raises(TypeError, match="a task must give back what can be sent"):
            run(memoryview, [b"abc"])
        with pytest.raises(SystemExit):
            run(tasks.leave, [1, 2])


@there
def test_entering_waits_until_every_one_is_ready_and_after_an_interrupt_they_have_ended(
    tmp_path: Path,
) -> None:
    mark, before = tmp_path / "started", set(threading.enumerate())
    with interpreters(3) as run:
        assert len(set(threading.enumerate()) - before) == 3
        interrupter = interrupt_once_there(mark)
        with pytest.raises(KeyboardInterrupt):
            run(tasks.countdown_for_ever, [str(mark)] * 5)
        interrupter.join()
        with pytest.raises(GilDemoError, match="have ended: run tasks inside the with block"):
            run(countdown, [10])
    assert set(threading.enumerate()) == before


@there
@pytest.mark.thorough
def test_an_interrupt_at_any_moment_of_their_life_leaves_no_thread() -> None:
    before, moments = set(threading.enumerate()), random.Random(7)
    for _ in range(30):
        interrupt = threading.Timer(0.3 * moments.random(), os.kill, [os.getpid(), signal.SIGINT])
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012
            interrupt.start()
            with interpreters(2) as run:
                while True:
                    run(countdown, [100_000] * 4)
        interrupt.join()
        assert set(threading.enumerate()) <= before
        assert time.monotonic() - started < 10
