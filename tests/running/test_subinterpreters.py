import importlib
import random
import sys
import threading
from pathlib import Path
from unittest.mock import Mock

import pytest

from gil_demo import compare, trace
from gil_demo.checks import GilDemoError, RunnerUnavailable
from gil_demo.running.subinterpreters import interpreters
from gil_demo.running.workloads import countdown
from gil_demo.tables.kinds import combine
from tests.conftest import (
    interrupt,
    interrupt_once_there,
    needs_python_3_14,
    run_once,
    watch_finalizers,
)
from tests.made import tasks


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python has sub-interpreters")
@pytest.mark.usefixtures("no_process_may_start")
def test_where_there_are_none_it_is_said_by_name_and_reason_before_anything_starts() -> None:
    told = r"^interpreters: needs CPython 3\.14, this is CPython 3\.\d+\.\d+$"
    with pytest.raises(RunnerUnavailable, match=told):
        run_once(interpreters, countdown, [1])
    for experiment in (compare, trace):
        with pytest.raises(RunnerUnavailable, match=told):
            experiment(["threads", "interpreters"])


@needs_python_3_14
def test_modules_are_each_sub_interpreter_s_own_and_what_can_t_be_sent_is_named() -> None:
    tasks.mark_module("here")
    with interpreters(2) as run:
        assert run(tasks.mark_module, list(range(20)))[0].answer == 1
        with pytest.raises(TypeError, match="sub-interpreter can import, not combine of"):
            run(combine, [1])  # its module imports pandas
        with pytest.raises(TypeError, match="tasks must be what can be sent to a sub-interpreter"):
            run(len, [threading.Lock()])
        with pytest.raises(SystemExit):
            run(tasks.leave, [1, 2])


@needs_python_3_14
def test_no_finalizer_of_theirs_is_met_by_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    met = watch_finalizers(monkeypatch, importlib.import_module("concurrent.interpreters").Queue)
    run_once(interpreters, countdown, [1, 2])
    assert set(met) == {False}


@needs_python_3_14
def test_all_are_ready_at_once_and_after_an_interrupt_they_have_ended(tmp_path: Path) -> None:
    mark, before = tmp_path / "started", threading.active_count()
    with interpreters(3) as run:
        assert threading.active_count() == before + 3
        interrupter = interrupt_once_there(mark)
        with pytest.raises(KeyboardInterrupt):
            run(tasks.countdown_for_ever, [str(mark)] * 5)
        interrupter.join()
        with pytest.raises(GilDemoError, match="have ended: run tasks inside the with block"):
            run(countdown, [10])


@needs_python_3_14
@pytest.mark.parametrize(
    ("refused", "reason"),
    [("threading.Thread.start", RuntimeError("no thread")), ("os.pipe", OSError("no pipe"))],
)
def test_what_the_system_refuses_them_is_one_clear_error(
    refused: str, reason: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refused, Mock(side_effect=reason))
    with pytest.raises(GilDemoError, match="refused 2 sub-interpreters"), interpreters(2):
        pytest.fail("nothing was refused")


@needs_python_3_14
@pytest.mark.thorough
def test_an_interrupt_at_any_moment_of_their_life_leaves_no_thread() -> None:
    moments, before = random.Random(7), set(threading.enumerate())
    for _ in range(30):
        interrupter = threading.Timer(0.3 * moments.random(), interrupt)
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012
            interrupter.start()
            with interpreters(2) as run:
                while True:
                    run(countdown, [100_000] * 4)
        interrupter.join()
        assert set(threading.enumerate()) <= before
