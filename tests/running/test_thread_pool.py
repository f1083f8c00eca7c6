import threading
import time

import pytest

from gil_demo.checks import GilDemoError
from gil_demo.running.limits import TimeUp
from gil_demo.running.thread_pool import thread_pool
from tests.conftest import interrupt

pytestmark = pytest.mark.usefixtures("nothing_hangs")


def test_answers_come_in_the_order_of_the_tasks_from_threads_that_stay() -> None:
    with thread_pool(2) as run:
        for chunksize in (1, 3, 100):
            assert run(abs, [*range(0, -10, -1)], chunksize, 5.0) == [*range(10)]
        names = set(run(lambda _: threading.get_ident(), [None] * 50, 1, 5.0))
    assert 1 <= len(names) <= 2
    assert threading.get_ident() not in names


def test_what_a_task_raises_is_passed_on_and_the_threads_go_on() -> None:
    with thread_pool(2) as run:
        with pytest.raises(ZeroDivisionError):
            run(lambda n: 1 / n, [1, 0, 1], 1, 5.0)
        assert run(abs, [-1], 1, 5.0) == [1]


def test_a_limit_and_an_interrupt_end_the_threads() -> None:
    def count(_: object) -> None:
        while True:
            time.sleep(0.001)

    with pytest.raises(TimeUp), thread_pool(2) as run:
        run(count, [1, 2, 3], 1, 0.05)
    timer = threading.Timer(0.05, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt), thread_pool(2) as run:
        run(count, [1, 2, 3], 1, 20.0)
    timer.join()


def test_a_refused_thread_is_one_clear_error_and_the_others_end(
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
