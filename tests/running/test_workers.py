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
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from gil_demo.running import workers
from gil_demo.running.interrupts import held_back
from gil_demo.running.workers import END, STOP, announce, get_ready, run_tasks, time_tasks
from tests.made import tasks

pytestmark = pytest.mark.usefixtures("nothing_hangs")


def test_tasks_run_one_after_another_each_is_timed_and_answers_are_pickled() -> None:
    before = time.perf_counter()
    process, start, ends, answers = time_tasks((tasks.give_back, [1, ["two"], 3]))
    assert process == os.getpid()
    moments = [before, start, *struct.unpack("3d", ends), time.perf_counter()]
    assert moments == sorted(moments)
    assert pickle.loads(answers or b"") == [1, ["two"], 3]
    assert time_tasks((tasks.give_back, [None, None]))[3] is None


def test_what_cannot_be_sent_is_named_or_replaced_by_what_can() -> None:
    with pytest.raises(LookupError, match="no such thing as tea"):
        time_tasks((tasks.refuse, ["tea"]))
    with pytest.raises(RuntimeError, match=r"^a task raised Stubborn: this and that$"):
        time_tasks((tasks.be_stubborn, ["value"]))
    told = r"^a task must give back what can be sent to its parent, not a generator \("
    with pytest.raises(TypeError, match=told):
        time_tasks((tasks.give_back, [5, (n for n in range(3))]))


def announce_and_listen(prepare: Callable[[], object] | None) -> str:
    """Announce this process as a worker, and return the one message that its parent would get."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    with receiver, sender, held_back():
        announce(sender, prepare)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # its parent answers it
        message = receiver.recv_bytes().decode()
        assert not receiver.poll()
    return message


def test_a_worker_is_prepared_before_it_announces_itself_and_says_what_that_raised() -> None:
    prepared: list[int] = []
    assert announce_and_listen(None) == str(os.getpid())
    assert announce_and_listen(lambda: prepared.append(1)) == str(os.getpid())
    assert prepared == [1]
    message = announce_and_listen(lambda: tasks.refuse("tea\nor\ncoffee " * 100))
    whole = "LookupError: no such thing as " + "tea or coffee " * 100
    assert message == f"{os.getpid()} {whole[:300]}"


def test_what_a_worker_imports_loads_nothing_that_a_pool_has_not_loaded() -> None:
    script = (
        "import sys, multiprocessing.pool, multiprocessing.spawn\n"
        "before = set(sys.modules)\n"
        "import gil_demo.running.workers, gil_demo.running.workloads\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    answer = subprocess.check_output([sys.executable, "-c", script], text=True, timeout=30)
    assert answer.split()[2:] == ["gil_demo.running.workers", "gil_demo.running.workloads"]


class SubInterpreter:
    """A worker thread of this interpreter that obeys orders as one in a sub-interpreter does."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        workers._STATE = workers._State()
        self.answers: list[Any] = []
        self.thread = threading.Thread(target=lambda: self.answers.append(function(*arguments)))
        self.thread.start()

    def tell(self, order: bytes) -> list[Any]:
        """Give an order, wait for the worker to end, and return its answer."""
        reader, writer = os.pipe()
        os.write(writer, order)
        workers._obey(reader, self.thread.ident or 0)
        for end in (reader, writer):
            os.close(end)
        self.thread.join()
        return self.answers


def test_a_sub_interpreter_tells_of_its_tasks_under_a_number_of_its_own() -> None:
    worker = SubInterpreter(run_tasks, (str.upper, ["a", "b"]))
    ((who, _, ends, answers),) = worker.tell(END)
    assert (len(ends), pickle.loads(answers)) == (16, ["A", "B"])
    with pytest.raises(ZeroDivisionError):
        run_tasks((lambda n: 1 / n, [0]))
    told = run_tasks((abs, [1]))
    assert told is not None
    assert told[0] == who != os.getpid()


def test_it_reports_to_be_ready_and_waits_for_the_start() -> None:
    reader, writer = os.pipe()
    ready: SimpleQueue[bool] = SimpleQueue()
    before = threading.active_count()
    worker = SubInterpreter(get_ready, ready, reader, reader)
    assert ready.get(timeout=5) is True
    assert worker.answers == []
    os.write(writer, b"g")
    worker.thread.join()
    assert worker.answers == [None]
    os.write(writer, END)
    while threading.active_count() > before:
        time.sleep(0.01)
    for end in (reader, writer):
        os.close(end)


def test_an_order_to_stop_ends_the_task_and_no_other_begins(tmp_path: Path) -> None:
    mark, calls = tmp_path / "started", list[object]()
    worker = SubInterpreter(run_tasks, (tasks.countdown_for_ever, [str(mark)]))
    while not mark.exists():
        time.sleep(0.001)
    assert worker.tell(STOP) == [None]
    assert run_tasks((calls.append, [1])) is None
    assert calls == []


def test_an_order_to_stop_that_comes_at_a_task_s_end_strikes_nothing_after_it() -> None:
    for delay in range(40):  # none of the tasks that are all but done may raise uncaught
        assert len(SubInterpreter(run_tasks, (time.sleep, [delay * 1e-4])).tell(STOP)) == 1
