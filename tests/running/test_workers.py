"""What workers of sub-interpreters do around a task, tried as threads, which any Python can."""

import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import pytest

from gil_demo.examination import heap
from gil_demo.running import runners, workers
from gil_demo.running.runners import sequential, threads
from gil_demo.running.workers import END, STOP, run_tasks, shake_heap, time_tasks
from tests.conftest import wait_until
from tests.made import tasks

pytestmark = pytest.mark.usefixtures("nothing_hangs")


def test_what_a_worker_imports_loads_nothing_that_a_pool_has_not_loaded() -> None:
    script = (
        "import sys, multiprocessing.pool, multiprocessing.spawn\n"
        "before = set(sys.modules)\n"
        "import gil_demo.running.workers, gil_demo.running.workloads\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    answer = subprocess.check_output([sys.executable, "-c", script], text=True, timeout=30)
    assert answer.split()[2:] == ["gil_demo.running.workers", "gil_demo.running.workloads"]


class Held(list[int]):
    """What a run holds, and can be seen to hold."""


def test_no_run_meets_the_memory_of_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    fills = [shake_heap() for _ in range(200)]
    assert len({*map(len, fills)}) > 10
    assert max(map(len, fills)) < 64
    assert min(min(fill) for fill in fills if fill) > 256  # which Python has for good
    held: list[weakref.ref[Held]] = []

    def hold() -> Held:
        own = Held()
        held.append(weakref.ref(own))
        return own

    def look(_: object) -> bool:
        return held[-1]() is not None

    for module in (workers, runners, heap):
        monkeypatch.setattr(module, "shake_heap", hold)
    for runner in (sequential, threads):
        with runner() as run:
            assert [span.answer for span in run(look, [1, 2])] == [True, True]
    *_, answers = time_tasks((look, [1]))
    assert answers is not None
    assert pickle.loads(answers) == [True]
    with heap.heap_tidied():
        assert look(None)
    assert len(held) == 4
    assert not look(None)


class Last:
    """Garbage in a circle; an interrupt comes in the moment in which it is collected."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("tidy", [heap.heap_tidied, heap.heap_set_aside])
def test_an_interrupt_is_not_lost_that_meets_the_end_of_garbage(tidy: Any) -> None:
    gc.disable()  # so that it is collected there, and at no other moment
    try:
        Last()
        with pytest.raises(KeyboardInterrupt), tidy():
            pass
    finally:
        gc.enable()
        assert gc.get_freeze_count() == 0


class SubInterpreter:
    """A worker thread of this interpreter, which obeys as one in a sub-interpreter does."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        workers._STATE = workers._State()
        self.answers: list[Any] = []
        self.thread = threading.Thread(target=lambda: self.answers.append(function(*arguments)))
        self.thread.start()

    def tell(self, order: bytes) -> list[Any]:
        """Give an order, wait for the worker to end, and return its answer."""
        reader, writer = os.pipe()
        with os.fdopen(reader), os.fdopen(writer, "w"):
            os.write(writer, order)
            workers._obey(reader, self.thread.ident or 0)
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


def test_an_order_to_stop_ends_the_task_and_no_other_begins(tmp_path: Path) -> None:
    mark, calls = tmp_path / "started", list[object]()
    worker = SubInterpreter(run_tasks, (tasks.countdown_for_ever, [str(mark)]))
    assert wait_until(mark.exists)
    assert worker.tell(STOP) == [None]
    assert run_tasks((calls.append, [1])) is None
    assert calls == []


def test_an_order_to_stop_that_comes_at_a_task_s_end_strikes_nothing_after_it() -> None:
    for delay in range(40):  # none of the tasks that are all but done may raise uncaught
        assert len(SubInterpreter(run_tasks, (time.sleep, [delay * 1e-4])).tell(STOP)) == 1
