import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gil_demo.checks import GilDemoError, WorkerDied
from gil_demo.running import pools
from gil_demo.running.pools import pool_held, processes, run_in_pool
from gil_demo.running.scripts import run_script
from gil_demo.running.workloads import countdown
from tests.conftest import EACH_METHOD, METHODS, list_workers, run_once
from tests.made import tasks

pytestmark = pytest.mark.usefixtures("nothing_hangs", "pool_threads_may_stay")

COUNT = 10_000
each_method = pytest.mark.parametrize("method", EACH_METHOD)
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@each_method
def test_there_are_as_many_processes_as_asked_for_and_another_pool_s_are_left_alone(
    method: str,
) -> None:
    with processes(1, method) as run:
        with processes(3, method) as other:
            assert len(multiprocessing.active_children()) == 4
            assert {span.worker for span in other(countdown, [COUNT] * 30)} <= {0, 1, 2}
        assert {span.worker for span in run(countdown, [COUNT] * 3)} == {0}
    with pytest.raises(GilDemoError, match="ended: run tasks inside its with block"):
        run(countdown, [COUNT])


def test_the_default_start_method_is_the_program_s_and_asking_does_not_fix_it() -> None:
    outcome = run_script(
        "import multiprocessing\n"
        "from gil_demo.running.pools import check_start_method, list_start_methods\n"
        "print(check_start_method(None) == list_start_methods()[0])\n"
        "print(multiprocessing.get_start_method(allow_none=True))\n"
        "multiprocessing.set_start_method('spawn')\n"
        "print(check_start_method(None))\n"
    )
    assert outcome.output.split() == ["True", "None", "spawn"]


@each_method
def test_what_cannot_be_sent_to_the_parent_is_an_error_and_no_hang(method: str) -> None:
    with processes(2, method) as run:
        with pytest.raises(RuntimeError, match="Stubborn: this and that"):
            run(tasks.be_stubborn, [1, 2])
        with pytest.raises(TypeError, match="can't be rebuilt here"):
            run(tasks.shatter, [1, 2])
        with pytest.raises(TypeError, match=r"lambda.*define it at the top of a module"):
            run(lambda n: n, [1, 2])
        with pytest.raises(ValueError, match="tasks must hold at least one item"):
            run(countdown, [])
        assert len(run(countdown, [COUNT])) == 1


@each_method
@pytest.mark.parametrize(
    ("function", "told"),
    [
        (tasks.die, r"exit code 3\) with 2 tasks under way: \['victim', 'bystander'\]$"),
        (tasks.leave, r"exit code 4\) with 2 tasks"),
        pytest.param(tasks.kill_oneself, r"signal SIGKILL\) with 2 tasks", marks=needs_signals),
    ],
)
def test_a_worker_that_ends_ends_the_run_with_one_clear_error(
    method: str, function: Callable[[object], None], told: str
) -> None:
    runner = partial(processes, start_method=method)
    with pytest.raises(WorkerDied, match=rf"^a worker process ended \({told}"):
        run_once(runner, function, ["victim", "bystander"])
    assert multiprocessing.active_children() == []
    assert len(run_once(runner, countdown, [COUNT, COUNT])) == 2


def test_a_refusal_of_the_operating_system_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(type(multiprocessing.get_context(METHODS[0])), "Pool", refuse)
    with (
        pytest.raises(GilDemoError, match=r"refused 2 worker processes \(no more .*ask for fewer"),
        processes(2, METHODS[0]),
    ):
        pass


# programs of their own


@pytest.mark.parametrize("method", METHODS)
def test_a_function_of_a_prompt_is_refused_unless_forked_and_a_hidden_one_ends_the_run(
    method: str,
) -> None:
    lines = (
        "from functools import partial",
        "from gil_demo import processes",
        "def cell(n): print('ran')",
        f"with processes(1, {method!r}) as run:",
        "    try: run(cell, [1])",
        "    except TypeError as reason: print(reason)",
        "    run(partial(cell), [2])",
    )
    ended = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    if method == "fork":
        assert (ended.returncode, ended.stdout) == (0, "ran\nran\n")
    else:
        told = "function must be one that a worker can import, not cell, "
        assert (ended.returncode, ended.stdout[: len(told)]) == (1, told)
        assert "WorkerDied: a worker process ended" in ended.stderr


def test_a_script_without_a_guard_ends_by_itself_and_says_what_it_lacks() -> None:
    outcome = run_script(
        "from gil_demo import countdown, processes\n"
        "with processes(2, 'spawn') as run:\n"
        "    run(countdown, [10, 10])\n",
        20.0,
    )
    assert outcome.state == "failed"
    # after it may come what multiprocessing's resource tracker has to say
    (error,) = [line for line in outcome.output.splitlines() if "WorkerDied: a " in line]
    assert "WorkerDied: a worker process ended" in error
    assert 'if __name__ == "__main__":' in error


@needs_signals
@pytest.mark.parametrize("method", METHODS)
def test_a_script_with_a_guard_may_use_functions_of_its_own_even_one_that_kills(
    method: str,
) -> None:
    outcome = run_script(
        "import os, signal\n"
        "from gil_demo import processes\n"
        "def own(n): os.kill(os.getpid(), n); return signal.pthread_sigmask(1, [])\n"
        "if __name__ == '__main__':\n"
        f"    with processes(2, {method!r}) as run:\n"
        "        print([signal.SIGINT in span.answer for span in run(own, [0, 0])])\n"
        "        run(own, [signal.SIGKILL] * 2)\n",
        20.0,
    )
    assert outcome.state == "failed"
    # born deaf to interrupts: one would die of it with a traceback before its initializer
    assert outcome.output.startswith("[True, True]\n")
    assert "WorkerDied: a worker process ended (signal SIGKILL)" in outcome.output


# interrupts


@needs_signals
@pytest.mark.parametrize(
    "delay", [0.05, *(pytest.param(n, marks=pytest.mark.thorough) for n in (0.0, 0.02, 0.2))]
)
@each_method
def test_an_interrupt_while_a_pool_starts_or_ends_leaves_no_process(
    method: str, delay: float
) -> None:
    before = list_workers()
    interrupter = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))

    def run_for_ever() -> None:
        interrupter.start()
        while True:
            run_once(partial(processes, start_method=method), countdown, [COUNT, COUNT])

    with pytest.raises(KeyboardInterrupt):
        run_for_ever()
    interrupter.join()
    assert multiprocessing.active_children() == []
    assert list_workers() <= before


@needs_signals
@each_method
def test_a_terminal_s_interrupt_of_the_whole_group_gives_one_traceback(method: str) -> None:
    outcome = run_script(
        "import os, signal, threading, time\n"
        "from gil_demo import processes\n"
        "if __name__ == '__main__':\n"
        f"    with processes(2, {method!r}) as run:\n"
        "        threading.Timer(0.3, os.killpg, [0, signal.SIGINT]).start()\n"
        "        run(time.sleep, [60, 60])\n",
        20.0,
    )
    assert outcome.state == "failed"
    assert outcome.output.count("Traceback") == 1
    assert outcome.output.endswith("KeyboardInterrupt\n")


# what prepares a worker


@each_method
def test_each_worker_is_prepared_once_before_the_pool_is_ready(method: str, tmp_path: Path) -> None:
    log = tmp_path / "prepared.txt"
    with pool_held(2, method, partial(tasks.add_process, str(log))) as held:
        prepared = log.read_text().split()
        assert sorted(prepared) == sorted(str(worker.pid) for worker in held.crew)
        run_in_pool(held, 1, tasks.give_back, [1, 2, 3, 4])
    assert log.read_text().split() == prepared


@each_method
@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        (tasks.refuse, r"^a worker process could not get ready for work: LookupError: no such thi"),
        (tasks.die, r"\(exit code 3\) before it was ready|being filled$"),
    ],
)
def test_a_preparation_that_fails_ends_the_start_with_one_clear_error(
    method: str, prepare: Callable[[object], None], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before = list_workers()
    with (
        pytest.raises(GilDemoError, match=told),
        pool_held(2, method, partial(prepare, "victim")),
    ):
        pytest.fail("the pool was not ready")
    assert list_workers() == before
    assert capfd.readouterr().err == ""


def test_workers_that_do_not_get_ready_are_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pools, "START_SECONDS", 0.25)
    with (
        pytest.raises(GilDemoError, match=r"^2 worker processes were not ready after 0.25 second"),
        pool_held(2, METHODS[0], partial(time.sleep, 20)),
    ):
        pass
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("kind", "code", "told"),
    [
        ("ForkProcess", 255, "exit code 255"),
        ("ForkServerProcess", 255, "exit code not known"),
        ("ForkServerProcess", 3, "exit code 3"),
        ("SpawnProcess", -15, "signal SIGTERM"),
        ("SpawnProcess", -99, "signal 99"),
        ("SpawnProcess", None, "exit code None"),
    ],
)
def test_exits_are_told_in_these_words(kind: str, code: int | None, told: str) -> None:
    process = type(kind, (), {"exitcode": code})()
    assert pools._describe_exit(process) == told
