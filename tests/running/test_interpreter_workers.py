"""What a sub-interpreter does around a task, tried in this interpreter, which any Python can."""

import os
import pickle
import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from gil_demo.running import interpreter_workers
from gil_demo.running.interpreter_workers import END, STOP, get_ready, run_tasks

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@pytest.fixture(autouse=True)
def fresh_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter_workers, "_STATE", interpreter_workers._State())


@pytest.fixture
def orders() -> Iterator[tuple[int, int]]:
    """Give a pipe for orders: the end to read and the end to write."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def in_a_thread(function: Any, *arguments: Any) -> tuple[threading.Thread, list[Any]]:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(function(*arguments)))
    thread.start()
    return thread, answers


def test_tasks_are_timed_and_their_answers_pickled() -> None:
    told = run_tasks((str.upper, ["a", "b"]))
    assert told is not None
    worker, start, ends, answers = told
    assert answers is not None
    assert pickle.loads(answers) == ["A", "B"]
    assert start <= memoryview(ends).cast("d")[0] <= memoryview(ends).cast("d")[1]
    again = run_tasks((str.upper, ["c"]))
    assert again is not None
    assert again[0] == worker


def test_an_exception_is_passed_on_and_the_next_task_is_run() -> None:
    with pytest.raises(ZeroDivisionError):
        run_tasks((lambda n: 1 / n, [0]))
    assert run_tasks((abs, [1])) is not None


def test_it_reports_to_be_ready_and_waits_for_the_start(orders: tuple[int, int]) -> None:
    start, my_start = os.pipe()
    ready: SimpleQueue[bool] = SimpleQueue()
    before = threading.active_count()
    worker, answers = in_a_thread(get_ready, ready, start, orders[0])
    assert ready.get(timeout=5) is True
    assert answers == []
    os.write(my_start, b"g")
    worker.join()
    assert answers == [None]
    os.write(orders[1], END)
    while threading.active_count() > before:
        time.sleep(0.01)
    for pipe in (start, my_start):
        os.close(pipe)


def test_an_order_to_stop_ends_the_task_at_its_next_step(orders: tuple[int, int]) -> None:
    started = threading.Event()

    def spin(_: object) -> None:
        started.set()
        while True:
            pass

    worker, answers = in_a_thread(run_tasks, (spin, [1]))
    started.wait()
    os.write(orders[1], STOP)
    interpreter_workers._obey(orders[0], worker.ident or 0)
    worker.join()
    assert answers == [None]


def test_after_an_order_to_stop_no_task_begins(orders: tuple[int, int]) -> None:
    os.write(orders[1], STOP)
    interpreter_workers._obey(orders[0], threading.get_ident())
    calls: list[object] = []
    assert run_tasks((calls.append, [1])) is None
    assert calls == []


def test_an_order_to_end_stops_nothing(orders: tuple[int, int]) -> None:
    os.write(orders[1], END)
    interpreter_workers._obey(orders[0], threading.get_ident())
    assert run_tasks((abs, [1])) is not None


def test_an_order_to_stop_that_comes_at_a_task_s_end_strikes_nothing_after_it(
    orders: tuple[int, int],
) -> None:
    """Stop tasks that are all but done: none of them may raise where it is not caught."""
    for delay in range(40):
        interpreter_workers._STATE = interpreter_workers._State()
        worker, answers = in_a_thread(run_tasks, (time.sleep, [delay * 1e-4]))
        os.write(orders[1], STOP)
        interpreter_workers._obey(orders[0], worker.ident or 0)
        worker.join()
        assert len(answers) == 1
