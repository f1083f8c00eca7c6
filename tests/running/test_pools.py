import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from gil_demo.checks import GilDemoError, WorkerDied
from gil_demo.running.pools import processes
from gil_demo.running.scripts import run_script
from gil_demo.running.workloads import countdown
from tests.conftest import METHODS, list_workers, run_once
from tests.made import tasks

COUNT = 10_000

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@pytest.mark.parametrize("method", METHODS)
def test_a_pool_of_one_runs_its_tasks_one_after_another_in_one_worker(method: str) -> None:
    spans = run_once(partial(processes, start_method=method), countdown, [COUNT] * 3, workers=1)
    assert {span.worker for span in spans} == {0}
    assert all(a.end <= b.start for a, b in pairwise(spans))


@pytest.mark.parametrize("method", METHODS)
def test_inside_a_pool_there_are_as_many_processes_as_asked_for(method: str) -> None:
    with processes(3, method):
        assert len(multiprocessing.active_children()) == 3


def test_a_runner_that_is_entered_and_left_without_a_run_leaves_nothing() -> None:
    for method in METHODS:
        with processes(2, method):
            pass
        assert multiprocessing.active_children() == []


def test_a_pool_beside_a_pool_leaves_the_other_alone() -> None:
    with processes(1, METHODS[0]) as outer:
        run_once(partial(processes, start_method=METHODS[0]), countdown, [COUNT, COUNT])
        assert len(outer(countdown, [COUNT])) == 1


@pytest.mark.usefixtures("no_process_may_start")
@pytest.mark.parametrize(
    ("method", "error"),
    [("vfork", ValueError), ("", ValueError), ("Spawn", ValueError), (3, TypeError)],
)
def test_an_unknown_start_method_is_refused_with_those_that_there_are(
    method: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match=f"{', '.join(METHODS)}, not {method!r}"):
        run_once(partial(processes, start_method=method), countdown, [COUNT])


@pytest.mark.parametrize(("given", "error"), [([], ValueError), (5, TypeError)])
def test_a_pool_refuses_bad_tasks_and_stays_fit_for_good_ones(
    given: object, error: type[Exception]
) -> None:
    with processes(1, METHODS[0]) as run:
        with pytest.raises(error, match="tasks must"):
            run(countdown, given)  # type: ignore[arg-type]
        assert len(run(countdown, [COUNT])) == 1


def test_asking_for_the_default_start_method_does_not_fix_it_for_the_program() -> None:
    script = (
        "import multiprocessing\n"
        "from gil_demo.lifetimes import check_start_method\n"
        "print(check_start_method(None) in multiprocessing.get_all_start_methods())\n"
        "print(multiprocessing.get_start_method(allow_none=True))\n"
    )
    assert run_script(script).output.split() == ["True", "None"]


def test_the_program_s_own_choice_of_start_method_is_the_default() -> None:
    script = (
        "import multiprocessing\n"
        "from gil_demo.lifetimes import check_start_method\n"
        "multiprocessing.set_start_method('spawn')\n"
        "print(check_start_method(None))\n"
    )
    assert run_script(script).output.split() == ["spawn"]


@pytest.mark.parametrize("method", METHODS)
def test_an_exception_that_cannot_be_sent_to_the_parent_is_an_error_and_no_hang(
    method: str,
) -> None:
    with pytest.raises(RuntimeError, match="Stubborn: this and that"):
        run_once(partial(processes, start_method=method), tasks.be_stubborn, [1, 2])


@pytest.mark.parametrize("method", METHODS)
def test_an_answer_that_cannot_be_rebuilt_is_an_error_and_not_waited_for(method: str) -> None:
    with pytest.raises(TypeError, match="can't be rebuilt here"):
        run_once(partial(processes, start_method=method), tasks.shatter, [1, 2])


@pytest.mark.usefixtures("pool_threads_may_stay")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("function", "code"), [(tasks.die, 3), (tasks.leave, 4)])
def test_a_worker_that_exits_ends_the_run_with_one_clear_error(
    method: str, function: Callable[[object], None], code: int
) -> None:
    runner = partial(processes, start_method=method)
    with pytest.raises(WorkerDied, match=rf"exit code {code}\) with 2 tasks under way: \[1, 2\]"):
        run_once(runner, function, [1, 2])
    assert multiprocessing.active_children() == []
    assert len(run_once(runner, countdown, [COUNT, COUNT])) == 2


@pytest.mark.usefixtures("pool_threads_may_stay")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("victims", [1, 2])
def test_a_killed_worker_ends_the_run_with_one_clear_error(method: str, victims: int) -> None:
    runner = partial(processes, start_method=method)
    arguments = ["victim"] * victims + ["bystander"] * 4
    with pytest.raises(WorkerDied, match=r"signal SIGKILL\) with [56] tasks under way"):
        run_once(runner, tasks.kill_oneself, arguments)
    assert multiprocessing.active_children() == []
    assert len(run_once(runner, countdown, [COUNT, COUNT])) == 2


@pytest.mark.usefixtures("pool_threads_may_stay")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("method", METHODS)
def test_a_worker_killed_between_two_runs_is_an_error_or_no_loss(method: str) -> None:
    with processes(2, method) as run:
        run(countdown, [COUNT, COUNT])
        pid = multiprocessing.active_children()[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        try:
            result = f"{len(run(countdown, [COUNT] * 4))} spans"
        except WorkerDied as reason:
            result = str(reason)
        assert result == "4 spans" or "signal SIGKILL" in result
    assert multiprocessing.active_children() == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_script_whose_worker_is_killed_ends_by_itself() -> None:
    script = (
        "import os, signal\n"
        "from gil_demo.runners import processes\n"
        "def kill(_): os.kill(os.getpid(), signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        "    with processes(2) as run:\n"
        "        run(kill, [1, 2])\n"
    )
    outcome = run_script(script, 20.0)
    assert outcome.state == "failed"
    assert "WorkerDied: a worker process ended (signal SIGKILL)" in outcome.output


def test_a_refusal_of_the_operating_system_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = multiprocessing.get_context(METHODS[0])

    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(type(context), "Pool", refuse)
    with (
        pytest.raises(GilDemoError, match=r"refused 2 worker processes \(no more .*ask for fewer"),
        processes(2, METHODS[0]),
    ):
        pass


@pytest.mark.parametrize("method", METHODS)
def test_a_lambda_is_refused_in_words_and_not_waited_for(method: str) -> None:
    with pytest.raises(TypeError, match=r"lambda.*define it at the top of a module"):
        run_once(partial(processes, start_method=method), lambda n: n, [1, 2])
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("method", [name for name in METHODS if name != "fork"])
def test_a_function_defined_at_a_prompt_is_refused_in_words_and_not_waited_for(
    method: str,
) -> None:
    script = (
        "from gil_demo.runners import processes\n"
        "def cell(n): pass\n"
        f"with processes(2, {method!r}) as run:\n"
        "    run(cell, [1, 2])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=False
    )
    assert answer.returncode == 1
    assert "TypeError: function must be one that a worker can import" in answer.stderr
    assert "cell" in answer.stderr


@pytest.mark.skipif("fork" not in METHODS, reason="this system cannot fork")
def test_a_function_defined_at_a_prompt_will_do_where_workers_are_forked() -> None:
    script = (
        "from gil_demo.runners import processes\n"
        "def cell(n): pass\n"
        "with processes(2, 'fork') as run:\n"
        "    print(len(run(cell, [1, 2])))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=False
    )
    assert (answer.returncode, answer.stdout) == (0, "2\n")


@pytest.mark.usefixtures("pool_threads_may_stay")
def test_a_hidden_function_that_no_worker_can_find_ends_the_run_and_does_not_hang() -> None:
    script = (
        "from functools import partial\n"
        "from gil_demo.runners import processes\n"
        "def cell(n): pass\n"
        "with processes(2, 'spawn') as run:\n"
        "    run(partial(cell), [1, 2])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=False
    )
    assert answer.returncode == 1
    assert "WorkerDied: a worker process ended" in answer.stderr


@pytest.mark.parametrize("method", [name for name in METHODS if name != "fork"])
def test_a_script_without_a_guard_ends_by_itself_and_says_what_it_lacks(method: str) -> None:
    script = (
        "from gil_demo import countdown, processes\n"
        f"with processes(2, {method!r}) as run:\n"
        "    run(countdown, [10, 10])\n"
    )
    outcome = run_script(script, 20.0)
    assert outcome.state == "failed"
    # after it may come what multiprocessing's resource tracker has to say
    (error,) = [line for line in outcome.output.splitlines() if "WorkerDied: a " in line]
    assert "WorkerDied: a worker process ended" in error
    assert 'if __name__ == "__main__":' in error


@pytest.mark.parametrize("method", METHODS)
def test_a_script_with_a_guard_may_use_functions_of_its_own(method: str) -> None:
    script = (
        "from gil_demo import processes\n"
        "def own(n): pass\n"
        "if __name__ == '__main__':\n"
        f"    with processes(2, {method!r}) as run:\n"
        "        print(len(run(own, [10, 10])))\n"
    )
    outcome = run_script(script, 20.0)
    assert (outcome.state, outcome.output) == ("finished", "2\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows interrupts a whole console only")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1, 0.2])
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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal masks")
@pytest.mark.parametrize("method", METHODS)
def test_the_first_workers_are_born_deaf_to_interrupts(method: str, tmp_path: Path) -> None:
    # a worker that has not yet come to its initializer would die of one with a traceback
    seen = tmp_path / "signals.txt"
    script = (
        "from gil_demo.runners import processes\n"
        "from tests.tasks import write_blocked_signals\n"
        f"with processes(1, {method!r}) as run:\n"
        f"    run(write_blocked_signals, [{str(seen)!r}])\n"
    )
    subprocess.run(
        [sys.executable, "-c", script], check=True, timeout=30,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)},
    )  # fmt: skip
    assert "SIGINT" in seen.read_text()


def is_group_there(group: int) -> bool:
    """Tell whether a process group has living members; a zombie is none."""
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                return True
    return False


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups of this kind")
@pytest.mark.parametrize("method", METHODS)
def test_a_terminal_s_interrupt_of_the_whole_group_gives_one_traceback(
    method: str, tmp_path: Path
) -> None:
    mark = tmp_path / "started"
    script = tmp_path / "lesson.py"
    script.write_text(
        "import sys\n"
        "from gil_demo.runners import processes\n"
        "from tests.tasks import countdown_for_ever\n"
        "if __name__ == '__main__':\n"
        f"    with processes(2, {method!r}) as run:\n"
        f"        run(countdown_for_ever, [{str(mark)!r}] * 2)\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)},
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not mark.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert errors.count("Traceback") == 1
    assert errors.rstrip().endswith("KeyboardInterrupt")
    deadline = time.monotonic() + 5  # multiprocessing's helpers need a moment to see the end
    while is_group_there(process.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_group_there(process.pid)
