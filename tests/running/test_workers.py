"""What workers do around a task, tried in this process, which any Python can."""

import multiprocessing
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

import pytest

from gil_demo.running import workers
from gil_demo.running.workers import END, STOP, announce, get_ready, run_tasks, time_tasks
from tests.made import tasks

pytestmark = pytest.mark.usefixtures("nothing_hangs")


def test_tasks_run_one_after_another_each_is_timed_and_answers_are_pickled() -> None:
    before = time.perf_counter()
    process, start, ends, answers = time_tasks((tasks.give_back, [1, ["two"], 3]))
    assert process == os.getpid()
    moments = [before, start, *struct.unpack("3d", ends), time.perf_counter()]
    assert moments == sorted(moments)
    assert answers is not None
    assert pickle.loads(answers) == [1, ["two"], 3]
    assert time_tasks((tasks.give_back, [None, None]))[3] is None


def test_an_exception_is_passed_on_or_replaced_by_one_that_can_be_sent_and_names_it() -> None:
    with pytest.raises(LookupError, match="no such thing as tea"):
        time_tasks((tasks.refuse, ["tea"]))
    with pytest.raises(RuntimeError, match=r"^a task raised Stubborn: this and that$"):
        time_tasks((tasks.be_stubborn, ["value"]))


def test_an_answer_that_cannot_be_sent_is_named() -> None:
    told = r"^a task must give back what can be sent to its parent, not a generator \("
    with pytest.raises(TypeError, match=told):
        time_tasks((tasks.give_back, [5, (n for n in range(3))]))


def announce_and_listen(prepare: Callable[[], object] | None) -> list[str]:
    """Announce this process as a worker, and return the messages that its parent would get."""
    before = signal.getsignal(signal.SIGINT)
    receiver, sender = multiprocessing.Pipe(duplex=False)
    try:
        announce(sender, prepare)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # its parent answers it
    finally:
        signal.signal(signal.SIGINT, before)
    sender.close()
    messages = []
    with receiver, suppress(EOFError):
        while True:
            messages.append(receiver.recv_bytes().decode())
    return messages


def test_a_worker_is_prepared_once_before_it_announces_itself_once() -> None:
    prepared: list[int] = []
    assert announce_and_listen(None) == [str(os.getpid())]
    assert announce_and_listen(lambda: prepared.append(1)) == [str(os.getpid())]
    assert prepared == [1]


def test_what_a_preparation_raised_comes_with_the_announcement_short_and_on_one_line() -> None:
    (message,) = announce_and_listen(lambda: tasks.refuse("tea\nor\ncoffee " * 100))
    whole = "LookupError: no such thing as " + "tea or coffee " * 100
    assert message == f"{os.getpid()} {whole[:300]}"


def test_what_a_worker_imports_loads_nothing_that_a_pool_has_not_loaded() -> None:
    script = (
        "import sys, multiprocessing.pool, multiprocessing.spawn\n"
        "before = set(sys.modules)\n"
        "import gil_demo.running.workers, gil_demo.running.workloads\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    own = ["gil_demo", "gil_demo.running", "gil_demo.running.workers", "gil_demo.running.workloads"]
    assert answer.stdout.split() == own


# sub-interpreters


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """Give a pipe for orders: the end to read and the end to write; the worker is a new one."""
    monkeypatch.setattr(workers, "_STATE", workers._State())
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def in_a_thread(function: Any, *arguments: Any) -> tuple[threading.Thread, list[Any]]:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(function(*arguments)))
    thread.start()
    return thread, answers


def tell(order: bytes, orders: tuple[int, int], thread: int | None) -> None:
    os.write(orders[1], order)
    workers._obey(orders[0], thread or 0)


def test_a_sub_interpreter_tells_of_its_tasks_under_a_number_of_its_own_until_told_to_stop(
    orders: tuple[int, int],
) -> None:
    tell(END, orders, threading.get_ident())
    with pytest.raises(ZeroDivisionError):
        run_tasks((lambda n: 1 / n, [0]))
    first, second = run_tasks((str.upper, ["a", "b"])), run_tasks((abs, [1]))
    assert first is not None
    assert second is not None
    assert pickle.loads(first[3] or b"") == ["A", "B"]
    assert first[0] == second[0] != os.getpid()


def test_it_reports_to_be_ready_and_waits_for_the_start(orders: tuple[int, int]) -> None:
    start, my_start = ends = os.pipe()
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
    for end in ends:
        os.close(end)


def test_an_order_to_stop_ends_the_task_at_its_next_step_and_no_other_begins(
    orders: tuple[int, int], tmp_path: Any
) -> None:
    mark = tmp_path / "started"
    worker, answers = in_a_thread(run_tasks, (tasks.countdown_for_ever, [str(mark)]))
    while not mark.exists():
        time.sleep(0.001)
    tell(STOP, orders, worker.ident)
    worker.join()
    assert answers == [None]
    calls: list[object] = []
    assert run_tasks((calls.append, [1])) is None
    assert calls == []


def test_an_order_to_stop_that_comes_at_a_task_s_end_strikes_nothing_after_it(
    orders: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stop tasks that are all but done: none of them may raise where it is not caught."""
    for delay in range(40):
        monkeypatch.setattr(workers, "_STATE", workers._State())
        worker, answers = in_a_thread(run_tasks, (time.sleep, [delay * 1e-4]))
        tell(STOP, orders, worker.ident)
        worker.join()
        assert len(answers) == 1
