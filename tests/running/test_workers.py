import multiprocessing
import os
import pickle
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from gil_demo.running.workers import announce, time_task, time_tasks
from tests.made import tasks


def test_a_timed_task_tells_its_process_and_ends_no_earlier_than_it_started() -> None:
    process, start, end, answer = time_task(tasks.give_back, "value")
    assert process == os.getpid()
    assert start <= end
    assert answer == "value"


def test_a_task_gets_its_argument() -> None:
    seen: list[str] = []
    time_task(seen.append, "argument")
    assert seen == ["argument"]


def test_an_exception_of_a_task_is_passed_on() -> None:
    with pytest.raises(LookupError, match="no such thing as tea"):
        time_task(tasks.refuse, "tea")


def test_an_exception_that_can_be_sent_reaches_the_parent_as_it_is() -> None:
    with pytest.raises(LookupError, match="no such thing as tea"):
        time_tasks((tasks.refuse, ["tea"]))


def test_an_exception_that_cannot_be_sent_is_replaced_by_one_that_names_it() -> None:
    with pytest.raises(RuntimeError, match="Stubborn: this and that"):
        time_tasks((tasks.be_stubborn, ["value"]))


def test_tasks_run_one_after_another_and_each_is_timed() -> None:
    process, start, ends, _ = time_tasks((tasks.give_back, [1, 2, 3]))
    assert process == os.getpid()
    moments = [start, *struct.unpack("3d", ends)]
    assert moments == sorted(moments)


def test_answers_are_sent_pickled_and_none_as_it_is() -> None:
    *_, answer = time_tasks((tasks.give_back, [1, ["value"]]))
    assert answer is not None
    assert pickle.loads(answer) == [1, ["value"]]
    assert time_tasks((tasks.give_back, [None, None]))[3] is None


def test_an_answer_that_cannot_be_sent_is_named() -> None:
    with pytest.raises(TypeError, match="not a generator"):
        time_tasks((iter_over, ["value"]))


def iter_over(value: object) -> object:
    yield value


def test_a_worker_announces_itself_once_and_leaves_interrupts_to_its_parent() -> None:
    before = signal.getsignal(signal.SIGINT)
    receiver, sender = multiprocessing.Pipe(duplex=False)
    try:
        announce(sender)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    sender.close()
    with receiver:
        assert receiver.recv_bytes() == str(os.getpid()).encode()
        with pytest.raises(EOFError):
            receiver.recv_bytes()


def announce_and_listen(prepare: Callable[[], object]) -> list[str]:
    """Announce this process as a worker, and return the messages that its parent would get."""
    before = signal.getsignal(signal.SIGINT)
    receiver, sender = multiprocessing.Pipe(duplex=False)
    try:
        announce(sender, prepare)
    finally:
        signal.signal(signal.SIGINT, before)
    sender.close()
    messages = []
    with receiver, suppress(EOFError):
        while True:
            messages.append(receiver.recv_bytes().decode())
    return messages


def test_a_worker_is_prepared_once_before_it_announces_itself() -> None:
    prepared: list[int] = []
    assert announce_and_listen(lambda: prepared.append(1)) == [str(os.getpid())]
    assert prepared == [1]


def test_what_a_preparation_raised_comes_with_the_announcement_on_one_line() -> None:
    (message,) = announce_and_listen(lambda: tasks.refuse("tea\nor\ncoffee"))
    assert message == f"{os.getpid()} LookupError: no such thing as tea or coffee"


def test_what_a_worker_imports_loads_nothing_that_a_pool_has_not_loaded() -> None:
    script = (
        "import sys, multiprocessing.pool, multiprocessing.spawn\n"
        "before = set(sys.modules)\n"
        "import gil_demo.workers, gil_demo.workloads\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    assert answer.stdout.split() == ["gil_demo", "gil_demo.workers", "gil_demo.workloads"]


def test_a_task_may_be_timed_in_a_thread() -> None:
    rows: list[tuple[int, float, float, object]] = []
    thread = threading.Thread(target=lambda: rows.append(time_task(tasks.give_back, 1)))
    thread.start()
    thread.join()
    assert rows[0][0] == os.getpid()
