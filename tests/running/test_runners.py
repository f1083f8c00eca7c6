import sys
import threading
import time
from functools import partial
from itertools import pairwise
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from gil_demo.checks import GilDemoError
from gil_demo.running import runners
from gil_demo.running.interrupts import TimeUp
from gil_demo.running.pools import processes
from gil_demo.running.runners import (
    PYTHON_INTERVAL,
    get_runner,
    sequential,
    switch_interval_of,
    thread_pool,
    threads,
)
from gil_demo.running.spans import Runner
from gil_demo.running.workers import stop
from gil_demo.running.workloads import countdown
from tests.conftest import (
    EACH_METHOD,
    METHODS,
    interrupt,
    interrupt_once_there,
    needs_python_3_14,
    run_once,
    wait_until,
)
from tests.made import tasks

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@pytest.fixture(
    params=[
        "sequential",
        "threads",
        *EACH_METHOD,
        pytest.param("interpreters", marks=needs_python_3_14),
    ]
)
def runner(request: pytest.FixtureRequest) -> Runner:
    """Give each runner, and that of processes for each start method."""
    name = str(request.param)
    return partial(processes, start_method=name) if name in METHODS else get_runner(name)


def test_each_run_gives_one_span_a_task_in_the_tasks_order(runner: Runner) -> None:
    given = ["one", None, {"three": 3}, 4, 5]
    with runner(np.int64(2)) as run:
        moments = [time.perf_counter()]
        spans = run(tasks.give_back, given)
        moments += [min(span.start for span in spans), max(span.end for span in spans)]
        moments += [time.perf_counter(), run(countdown, range(1))[0].start]
    assert [(span.task, span.answer) for span in spans] == list(enumerate(given))
    assert all(span.start <= span.end for span in spans)
    assert moments == sorted(moments)


def test_sequential_tasks_run_one_after_another_in_the_thread_that_calls() -> None:
    spans = run_once(get_runner("sequential"), lambda _: threading.get_ident(), [1, 2])
    assert [span.worker for span in spans] == [0, 0]
    assert {span.answer for span in spans} == {threading.get_ident()}
    assert all(a.end <= b.start for a, b in pairwise(spans))


def test_every_task_gets_a_thread_of_its_own_and_all_of_them_run_at_once() -> None:
    meeting = threading.Barrier(3)
    spans = run_once(get_runner("threads"), lambda _: meeting.wait(10), [1, 2, 3], workers=1)
    assert [span.worker for span in spans] == [0, 1, 2]
    assert {span.answer for span in spans} == {0, 1, 2}
    with pytest.raises(SystemExit):  # asked for by a task, which is none that is missing
        run_once(threads, tasks.leave, [1, 2])


def test_an_exception_of_a_task_is_passed_on_and_the_next_run_is_right(runner: Runner) -> None:
    with runner(2) as run:
        with pytest.raises(LookupError, match=r"^no such thing as tea$"):
            run(tasks.refuse, ["tea", "tea"])
        assert [span.task for span in run(countdown, [9, 9])] == [0, 1]
    with pytest.raises(LookupError), runner(2):
        raise LookupError


def test_an_interrupt_ends_the_tasks_and_all_workers(runner: Runner, tmp_path: Path) -> None:
    mark = tmp_path / "started"
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        run_once(runner, tasks.countdown_for_ever, [str(mark)] * 2)
    interrupter.join()
    assert len(run_once(runner, countdown, [9, 9])) == 2


@pytest.mark.parametrize("name", ["threads", pytest.param("interpreters", marks=needs_python_3_14)])
def test_a_task_that_swallows_the_first_stop_is_stopped_again(name: str, tmp_path: Path) -> None:
    mark, before = tmp_path / "started", threading.active_count()
    interrupter = interrupt_once_there(mark)
    with pytest.raises(KeyboardInterrupt):
        run_once(get_runner(name), tasks.swallow_a_stop, [str(mark)] * 2)
    interrupter.join()
    assert wait_until(lambda: threading.active_count() == before)


def test_threads_that_have_not_come_to_their_tasks_yet_are_stopped_when_they_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class SlowSet(set[int]):
        def add(self, number: int) -> None:
            time.sleep(0.1 + 0.2 * number)
            super().add(number)

    def work() -> None:
        while True:
            pass

    entered, left = SlowSet(), set[int]()
    crew = runners.make_threads([work] * 3, entered, left)
    for thread in crew[:2]:  # the third never starts
        thread.start()
    with monkeypatch.context() as patched:
        patched.setattr(time, "monotonic", lambda: 0.0)  # the time allowed never ends
        runners.stop_threads(crew, entered, left)
    assert left == {0, 1}


def test_a_thread_that_is_stopped_when_its_work_is_over_ends_in_silence() -> None:
    class StoppingSet(set[int]):
        def add(self, number: int) -> None:
            if not stopped:
                stopped.append(number)
                stop(threading.get_ident())
            super().add(number)

    stopped: list[int] = []
    left = StoppingSet()
    (thread,) = runners.make_threads([Mock()], set(), left)
    thread.start()
    thread.join()  # an exception in a thread fails its test
    assert stopped == [0]
    assert left == {0}


def test_bad_tasks_are_refused_before_anything_starts_and_a_refused_thread_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refuse = Mock(side_effect=RuntimeError("can't start new thread"))
    monkeypatch.setattr(threading.Thread, "start", refuse)
    for runner in (sequential, threads):
        with pytest.raises(TypeError, match="tasks must be a list, not "):
            run_once(runner, countdown, "55")
    for given, told in (([9, 9], r"2 threads \(can't .*\): ask for fewer"), ([9], r"1 thread \(")):
        with pytest.raises(GilDemoError, match=f"refused {told}"):
            run_once(threads, countdown, given)


def test_answers_of_a_thread_pool_come_in_the_tasks_order_from_threads_that_stay() -> None:
    with thread_pool(2) as run:
        for chunksize in (1, 3, 100):
            assert run(abs, [*range(0, -10, -1)], chunksize, 5.0) == [*range(10)]
        names = set(run(lambda _: threading.get_ident(), [None] * 50, 1, 5.0))
    assert 1 <= len(names) <= 2
    assert threading.get_ident() not in names


def test_what_raises_in_a_thread_pool_is_passed_on_and_its_threads_go_on() -> None:
    with thread_pool(2) as run:
        with pytest.raises(ZeroDivisionError):
            run(lambda n: 1 / n, [1, 0, 1], 1, 5.0)
        assert run(abs, [-1], 1, 5.0) == [1]


def test_a_limit_and_an_interrupt_end_a_thread_pool() -> None:
    def count(_: object) -> None:
        while True:
            time.sleep(0.001)

    with pytest.raises(TimeUp), thread_pool(2) as run:
        run(count, [1, 2, 3], 1, 0.05)
    timer = threading.Timer(0.05, interrupt)
    with pytest.raises(KeyboardInterrupt), thread_pool(2) as run:  # noqa: PT012
        timer.start()
        run(count, [1, 2, 3], 1, 20.0)
    timer.join()


def test_a_refused_thread_of_a_pool_is_one_clear_error_and_the_others_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, before = threading.Thread.start, threading.active_count()

    def start_one(thread: threading.Thread) -> None:
        if threading.active_count() > before:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_one)
    with pytest.raises(GilDemoError, match=r"refused 2 threads .*: ask for fewer"), thread_pool(2):
        pytest.fail("there were threads enough")
    assert threading.active_count() == before


def test_a_switch_interval_holds_inside_the_block_and_then_the_old_one_is_back() -> None:
    assert sys.getswitchinterval() == PYTHON_INTERVAL == 0.005
    try:
        # Python keeps whole microseconds: 0.0001 × 1,000,000 is below 100 in floating point
        for microseconds in (1, 2, 15, 19, 100, 1_000, 50_000, 999_999, 30_000_000):
            sys.setswitchinterval((microseconds + 0.5) / 1e6)
            before = sys.getswitchinterval()
            for seconds in (1e-6, 0.0001, 1):
                with pytest.raises(KeyboardInterrupt), switch_interval_of(seconds):  # noqa: PT012
                    assert sys.getswitchinterval() == pytest.approx(seconds, abs=1e-9)
                    raise KeyboardInterrupt
            assert sys.getswitchinterval() == before
    finally:
        sys.setswitchinterval(PYTHON_INTERVAL)
