"""What workers of sub-interpreters do around a task, tried as threads, which any Python can."""

import gc
import os
import pickle
import subprocess
import sys
import threading
import time
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from gil_demo.examination.ways import run_in_loop
from gil_demo.running import workers
from gil_demo.running.pools import processes
from gil_demo.running.runners import sequential, thread_pool, threads
from gil_demo.running.workers import END, STOP, call_elsewhere, run_chunk, run_tasks
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


def look_around(_: object = None) -> tuple[int, int]:
    """Count the numbers and the iterators that the call is among."""
    frame: FrameType | None = sys._getframe()
    while frame and frame.f_code is not call_elsewhere.__code__:
        frame = frame.f_back
    assert frame is not None
    assert min(frame.f_locals["held"], default=257) > 256  # smaller ones Python has for good
    calls, depth = frame.f_locals["calls"], 0
    while isinstance(calls, islice):
        # later Pythons name the type as well
        (calls,) = (one for one in gc.get_referents(calls) if not isinstance(one, type))
        depth += 1
    return len(frame.f_locals["held"]), depth


def test_no_call_meets_the_memory_of_the_one_before() -> None:
    for counts in zip(*(call_elsewhere(look_around, 1) for _ in range(200)), strict=True):
        assert len({*counts}) > 10
        assert 0 <= min(counts) < max(counts) < 64


def test_every_runner_calls_its_tasks_elsewhere() -> None:
    for runner in (sequential, threads, processes):
        with runner() as run:
            assert all(span.answer >= (0, 0) for span in run(look_around, [1, 2]))
    with thread_pool(2) as keep:
        assert len(keep(look_around, [1, 2], 1, 9.0)) == 2
    assert len(run_chunk(look_around, [1, 2])) == 2
    assert len(run_in_loop(look_around, [1, 2], 1, 9.0)) == 2


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
