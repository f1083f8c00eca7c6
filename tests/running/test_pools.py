import errno
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from functools import partial
from multiprocessing.connection import _ConnectionBase
from multiprocessing.process import BaseProcess
from pathlib import Path
from unittest.mock import Mock

import psutil
import pytest

from gil_demo.checks import GilDemoError, RunnerUnavailable, WorkerDied
from gil_demo.running import pools
from gil_demo.running.guard import MARK, find_marked
from gil_demo.running.pools import pool_held, processes, run_in_pool
from gil_demo.running.runners import find_missing
from gil_demo.running.scripts import run_script
from gil_demo.running.spans import Run
from gil_demo.running.workloads import countdown
from tests.conftest import (
    METHODS,
    STUCK_SECONDS,
    assert_nothing_left,
    interrupt,
    list_workers,
    make_marked_environment,
    needs_signals,
    run_once,
    wait_until,
    watch_finalizers,
)
from tests.made import tasks

pytestmark = pytest.mark.usefixtures("nothing_hangs", "pool_threads_may_stay")

COUNT = 10_000
STARTING_ANOTHER = [name for name in METHODS if name != "fork"]
THOROUGH = pytest.mark.thorough  # a fork server is started as a spawned worker is
each_that_starts_another_python = pytest.mark.parametrize(
    "method",
    [pytest.param(name, marks=[THOROUGH] * (name != "spawn")) for name in STARTING_ANOTHER],
)


def test_there_are_as_many_processes_as_asked_for_and_other_pools_live_on(method: str) -> None:
    with processes(1, method) as run:
        with processes(3, method) as other:
            assert len(multiprocessing.active_children()) == 4
            assert {span.worker for span in other(countdown, [COUNT] * 30)} <= {0, 1, 2}
        assert {span.worker for span in run(countdown, [COUNT] * 3)} == {0}
        assert run(signal.getsignal, [signal.SIGINT])[0].answer is signal.SIG_IGN  # also on Windows
    with pytest.raises(GilDemoError, match="ended: run tasks inside its with block"):
        run(countdown, [COUNT])


def test_a_pool_outlives_the_thread_that_opened_it(method: str) -> None:
    runs: list[Run] = []
    with ExitStack() as stack:
        thread = threading.Thread(
            target=lambda: runs.append(stack.enter_context(processes(2, method)))
        )
        thread.start()
        thread.join()
        time.sleep(0.1)
        assert len(runs[0](countdown, [COUNT] * 4)) == 4


def test_the_default_start_method_is_the_program_s_and_asking_does_not_fix_it() -> None:
    outcome = run_script(
        "import multiprocessing\n"
        "from gil_demo.running.pools import check_start_method, list_start_methods\n"
        "print(check_start_method(None) == list_start_methods()[0])\n"
        "print(multiprocessing.get_start_method(allow_none=True))\n"
        "multiprocessing.set_start_method('spawn')\nprint(check_start_method(None))\n"
    )
    assert outcome.output.split() == ["True", "None", "spawn"]


def test_a_pool_inside_a_worker_of_a_pool_is_refused_before_anything_is_started(
    method: str,
) -> None:
    with processes(1, method) as run:
        assert "may not start processes" in run(find_missing, ["processes"])[0].answer
        with pytest.raises(RunnerUnavailable, match=r"^processes: a worker of .* may not start"):
            run(exec, ["from gil_demo import processes\nwith processes(1): pass"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_copy_of_the_program_is_refused_its_parent_s_pool(method: str) -> None:
    with processes(1, method) as run:
        if not (child := os.fork()):
            try:
                run(countdown, [COUNT])
            except GilDemoError as reason:
                os._exit(7 if "a forked process must open one of its own" in str(reason) else 8)
            os._exit(9)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert len(run(countdown, [COUNT])) == 1


def test_what_cannot_be_sent_is_an_error_and_no_hang(method: str) -> None:
    with processes(2, method) as run:
        with pytest.raises(RuntimeError, match=r"^a task raised Stubborn: this and that$"):
            run(tasks.be_stubborn, [1, 2])
        with pytest.raises(RuntimeError, match=r"^a task raised StopIteration: here$"):
            run(tasks.stop_short, [1, 2])
        with pytest.raises(TypeError, match="can't be rebuilt here"):
            run(tasks.shatter, [1, 2])
        with pytest.raises(TypeError, match=r"lambda.*define it at the top of a module"):
            run(lambda n: n, [1, 2])
        with pytest.raises(TypeError, match=r"^a task must give back .*not a memoryview"):
            run(memoryview, [b"abc"])
        with pytest.raises(TypeError, match=r"^tasks must be what can be sent to a worker, not \["):
            run(countdown, [COUNT, lambda: 1])
        with pytest.raises(ValueError, match="tasks must hold at least one item"):
            run(countdown, [])
        assert len(run(countdown, [COUNT])) == 1


# the thread that hears of answers is ended by the exception that it can't rebuild
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_exception_that_its_worker_alone_knows_ends_the_run_and_all_workers(
    method: str, tmp_path: Path
) -> None:
    (tmp_path / "known_there.py").write_text("class Error(Exception): pass\n")
    plug_in = f"import sys; sys.path.append({str(tmp_path)!r}); import known_there"
    told = "a task raised what can't be rebuilt in this process"
    with pytest.raises(GilDemoError, match=told), processes(2, method) as run:
        run(exec, [f"{plug_in}; raise known_there.Error", "import time; time.sleep(60)"])
    assert list_workers() == set()


def test_a_worker_that_ends_ends_the_run_with_one_clear_error(method: str) -> None:
    runner = partial(processes, start_method=method)
    under_way = r"with 2 tasks under way: \['victim', 'other'\]$"
    told = f"^a worker process ended {tasks.tell_death(method)} {under_way}"
    with pytest.raises(WorkerDied, match=told):
        run_once(runner, tasks.die, ["victim", "other"])
    assert len(run_once(runner, countdown, [COUNT, COUNT])) == 2


def test_a_pool_whose_waiting_worker_was_killed_ends_with_the_one_that_took_its_place(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "END_SECONDS", 0.2)  # it can't end by itself
    with pool_held(1, method) as held:
        (worker,) = held.crew
        run_in_pool(held, 1, countdown, [COUNT])
        time.sleep(0.2)  # it waits for tasks again, and holds the lock that ending needs
        worker.kill()
        assert wait_until(lambda: len(held.born) > 1)
    assert multiprocessing.active_children() == []


def test_a_worker_that_comes_in_another_s_place_while_a_pool_is_killed_does_not_stay(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, is_starting = BaseProcess.start, threading.Event()

    def start_slowly(self: BaseProcess) -> None:
        is_starting.set()
        time.sleep(0.8)
        start(self)

    monkeypatch.setattr(pools, "END_SECONDS", 0.5)
    with pool_held(1, method) as held:
        run_in_pool(held, 1, countdown, [COUNT])
        time.sleep(0.2)  # it waits for tasks again, and holds the lock that ending needs
        monkeypatch.setattr(BaseProcess, "start", start_slowly)
        held.crew[0].kill()
        assert is_starting.wait(STUCK_SECONDS)
    assert multiprocessing.active_children() == []


# the thread that puts workers in the place of others is ended by a SystemExit
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_the_system_refuses_is_one_clear_error_and_no_worker_stays(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, told = threading.Thread.start, "refused 2 .*can't start new thread.*: ask for fewer"
    for given in range(4):  # the pool's own three, and the one that will end it
        left = [True] * given

        def start_few(self: threading.Thread, left: list[bool] = left) -> None:
            if not left:
                raise RuntimeError("can't start new thread")
            left.pop()
            start(self)

        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", start_few)
            with pytest.raises(GilDemoError, match=told), processes(2, method):
                pass
        assert wait_until(lambda: not multiprocessing.active_children(), 2.0)


def test_an_interrupt_while_answers_are_awaited_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = Mock(side_effect=KeyboardInterrupt)
    with processes(2) as run, monkeypatch.context() as patched:
        patched.setattr(threading.Condition, "_acquire_restore", cut)
        with pytest.raises(KeyboardInterrupt):
            run(time.sleep, [0.2])


@needs_signals
def test_to_end_a_pool_needs_no_thread_and_no_process(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with processes(2, method) as run:
        assert len(run(countdown, [COUNT] * 4)) == 4
        monkeypatch.setattr(threading.Thread, "start", Mock(side_effect=RuntimeError))
        monkeypatch.setattr(os, "fork", Mock(side_effect=BlockingIOError))
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("workers", "reason", "advice"),
    [
        (2, BlockingIOError(errno.EAGAIN, "later"), r"^the .* 2 worker .*later\): ask for fewer$"),
        (1, BlockingIOError(errno.EAGAIN, "later"), r" 1 worker process \(.*\): close other prog"),
        (2, OSError(errno.EMFILE, "many"), r"many\): close some files, or ask for fewer$"),
        (1, OSError(errno.EMFILE, "many"), r"many\): close some files$"),
        (2, OSError("AF_UNIX path too long"), "too long.*: set TMPDIR to a folder whose path is"),
        (2, FileNotFoundError(errno.ENOENT, "No usable temporary directory"), r"directory\)$"),
    ],
)
def test_what_a_system_refuses_is_told_with_its_cause_and_what_to_do(
    workers: int, reason: OSError, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools.HeldPool, "open", Mock(side_effect=reason))
    with pytest.raises(GilDemoError, match=advice), processes(workers, METHODS[0]):
        pass


def test_a_worker_that_imports_a_script_without_a_guard_says_what_the_script_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(multiprocessing.current_process(), "_inheriting", True, raising=False)
    monkeypatch.setattr(pools.HeldPool, "open", Mock(side_effect=RuntimeError("bootstrapping")))
    told = r"^this worker imports the script that starts workers"
    with pytest.raises(GilDemoError, match=told), processes(2, METHODS[0]):
        pass


@needs_signals
@pytest.mark.parametrize("method", METHODS)
def test_a_working_folder_that_is_gone_or_a_missing_semaphore_is_named(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    with monkeypatch.context() as patched:
        patched.setattr("multiprocessing.synchronize.SemLock.__init__", refuse)
        with pytest.raises(GilDemoError, match="semaphores need a /dev/shm"), processes(2, method):
            pass
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    if method != "fork":
        told = "the working folder is gone; go to another one$"
        with pytest.raises(GilDemoError, match=told), processes(2, method):
            pass
    else:
        assert len(run_once(partial(processes, start_method=method), countdown, [COUNT])) == 1


@each_that_starts_another_python
def test_a_program_that_workers_can_t_read_or_that_hides_a_module_is_named(
    method: str, tmp_path: Path
) -> None:
    start = f"from gil_demo import processes\nwith processes(1, {method!r}): pass\n"
    source = f"if __name__ == '__main__':\n    {start.replace(chr(10), chr(10) + '    ')}"
    told = subprocess.run([sys.executable], input=source, capture_output=True, text=True).stderr
    assert told.endswith("it can't read the program again (<stdin>); save it as a file\n")
    program = tmp_path / "colorsys.py"
    program.write_text(f"import os\nif os.getppid() != {os.getpid()}: os._exit(1)\n{start}")
    told = subprocess.run([sys.executable, program], capture_output=True, text=True).stderr
    assert told.endswith("colorsys.py hides a module of Python's own; give it another name\n")


@each_that_starts_another_python
def test_a_program_that_can_t_start_workers_is_named(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("multiprocessing.spawn._python_exe", None)  # put back afterwards
    for program in (None, "/nowhere/python"):
        multiprocessing.set_executable(program)  # type: ignore[arg-type]
        told = f"no other Python can be started, since '{program or ''}' is no program: set sys.exe"
        with pytest.raises(GilDemoError, match=told), processes(2, method):
            pass


AT_WORK = """
from gil_demo import countdown, processes
with processes(2, {method!r}) as run: print('up', flush=True); run(countdown, [10**10])
"""
AT_C_CODE = """
from gil_demo import processes
from tests.made.tasks import stick_in_c_code
with processes(2, {method!r}) as run: run(stick_in_c_code, ['up'])
"""
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="others can't cut C code short")


@needs_signals
@pytest.mark.parametrize(
    ("method", "program"),
    [
        *((method, AT_WORK) for method in METHODS),
        *(pytest.param(method, AT_C_CODE, marks=needs_linux) for method in METHODS),
    ],
)
def test_workers_leave_with_a_parent_that_is_killed_and_leave_no_folder(
    method: str, program: str, tmp_path: Path
) -> None:
    own = make_marked_environment(tmp_path)
    parent = subprocess.Popen(
        [sys.executable, "-c", program.format(method=method)], env=own,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        assert len(find_marked(own[MARK])) >= 3
        parent.kill()
    assert_nothing_left(own)


needs_fork_server = pytest.mark.skipif(
    "forkserver" not in METHODS, reason="this system has no fork server"
)


@needs_fork_server
def test_after_a_fork_server_that_a_fault_has_ended_another_serves() -> None:
    outcome = run_script(
        "import psutil, socket, time\n"
        "from multiprocessing import forkserver\n"
        "from gil_demo import countdown, processes\n"
        "if __name__ == '__main__':\n"
        "    for _ in range(2):\n"
        "        with processes(1, 'forkserver') as run: print(len(run(countdown, [10])))\n"
        "        with socket.socket(socket.AF_UNIX) as stranger:\n"  # fatal to some
        "            stranger.connect(forkserver._forkserver._forkserver_address)\n"
        "        server = psutil.Process(forkserver._forkserver._forkserver_pid)\n"
        "        over = time.monotonic() + 0.5\n"
        "        while server.status() != 'zombie' and time.monotonic() < over: time.sleep(0.01)\n"
    )
    lines = outcome.output.splitlines()
    assert (outcome.state, lines.count("1"), "FileNotFoundError" in outcome.output) == (
        "finished", 2, False,
    )  # fmt: skip


@needs_fork_server
def test_workers_whose_fork_server_is_killed_leave_its_folder_to_the_next_one() -> None:
    outcome = run_script(
        "import os, signal, time\n"
        "from multiprocessing import forkserver\n"
        "from gil_demo import WorkerDied, processes\n"
        "if __name__ == '__main__':\n"
        "    try:\n"
        "        with processes(2, 'forkserver') as run:\n"
        "            os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)\n"
        "            run(time.sleep, [60, 60])\n"
        "    except WorkerDied: time.sleep(1.5)\n"
        "    with processes(2, 'forkserver') as run: print(len(run(abs, [1, 2])))\n"
    )
    assert (outcome.state, outcome.output.splitlines()[-1]) == ("finished", "2")


@needs_fork_server
def test_a_fork_server_whose_parent_is_killed_between_pools_leaves_no_folder(
    tmp_path: Path,
) -> None:
    own = make_marked_environment(tmp_path)
    program = (
        "import multiprocessing.forkserver, os, signal\n"
        "from gil_demo import processes\n"
        "multiprocessing.set_forkserver_preload(['wave'])\n"
        "mask = '__import__(\"signal\").pthread_sigmask(1, [])'\n"
        "for _ in range(2):\n"
        "    with processes(1, 'forkserver') as run:\n"
        '        print(run(eval, [\'"wave" in __import__("sys").modules\'])[0].answer)\n'
        "        print(signal.SIGTERM in run(eval, [mask])[0].answer)\n"
        "os.kill(multiprocessing.forkserver._forkserver._forkserver_pid, signal.SIGTERM)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-uc", program], env=own, capture_output=True, text=True
    )
    assert (ended.stdout, ended.stderr) == ("True\nFalse\n" * 2, "")
    assert_nothing_left(own)


@pytest.mark.parametrize("method", METHODS[:2])
def test_a_prompt_s_function_is_refused_unless_forked_and_a_hidden_one_fails(method: str) -> None:
    program = (
        "from functools import partial\n"
        "from gil_demo import processes\n"
        "from operator import call\n"
        "def cell(n=0): print('ran')\n"
        f"with processes(1, {method!r}) as run:\n"
        "    for function in (cell, partial(cell)):\n"
        "        try: run(function, [1])\n"
        "        except TypeError as reason: print(reason)\n"
        "    run(call, [cell])\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    if method == "fork":
        assert (ended.returncode, ended.stdout) == (0, "ran\n" * 3)
    else:
        told = "function must be one that a worker can import, not cell, which was defined in "
        assert [line.startswith(told) for line in ended.stdout.splitlines()] == [True, True]
        assert "WorkerDied: a worker process ended" in ended.stderr


def test_a_script_without_a_guard_ends_by_itself_and_says_what_it_lacks() -> None:
    outcome = run_script("from gil_demo import processes\nwith processes(2, 'spawn'): pass\n", 20.0)
    # after it may come what multiprocessing's resource tracker has to say
    (error,) = [line for line in outcome.output.splitlines() if "WorkerDied: a worker" in line]
    assert 'if __name__ == "__main__":' in error


def run_main(method: str, work: str) -> str:
    """Run a script with a guard that works with two processes and fails; return what it told."""
    outcome = run_script(
        "import os, signal, threading, time\n"
        "from gil_demo import processes\n"
        "def own(n): os.kill(os.getpid(), n); return signal.pthread_sigmask(1, [])\n"
        f"if __name__ == '__main__':\n    with processes(2, {method!r}) as run: {work}\n",
        20.0,
    )
    assert outcome.state == "failed"
    return outcome.output


@needs_signals
def test_a_script_may_use_functions_of_its_own_even_one_that_kills(method: str) -> None:
    masks = "print([signal.SIGINT in span.answer for span in run(own, [0, 0])])"
    output = run_main(method, f"{masks}; run(own, [signal.SIGKILL] * 2)")
    # born deaf to interrupts: one would die of it with a traceback before its initializer
    assert output.startswith("[True, True]\n")
    assert "WorkerDied: a worker process ended (signal SIGKILL)" in output


@needs_signals
def test_a_worker_that_ends_where_no_exit_code_is_told_ends_the_run_all_the_same() -> None:
    ignore = "signal.signal(signal.SIGCHLD, signal.SIG_IGN)"
    output = run_main("fork", f"{ignore}; run(own, [signal.SIGKILL] * 2)")
    assert "WorkerDied: a worker process ended (exit code not known) with 2 tasks" in output


@needs_signals
def test_a_terminal_s_interrupt_of_the_whole_group_gives_one_traceback(method: str) -> None:
    interrupter = "threading.Timer(0.3, os.killpg, [0, signal.SIGINT])"
    output = run_main(method, f"{interrupter}.start(); run(time.sleep, [60, 60])")
    assert output.count("Traceback") == 1
    assert output.endswith("KeyboardInterrupt\n")


@needs_signals
def test_an_interrupt_while_a_pool_starts_or_ends_leaves_no_process(method: str) -> None:
    interrupter = threading.Timer(0.05, interrupt)
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        interrupter.start()
        while True:
            run_once(partial(processes, start_method=method), countdown, [COUNT, COUNT])
    interrupter.join()


@needs_signals
def test_an_interrupt_ends_a_run_whose_workers_are_stopped_and_leaves_no_process(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "END_SECONDS", 0.2)  # they don't end by themselves

    def interrupt_once_stopped() -> None:
        wait_until(lambda: {one.status() for one in list_workers()} == {psutil.STATUS_STOPPED})
        interrupt()

    interrupter = threading.Thread(target=interrupt_once_stopped)
    with processes(2, method) as run, pytest.raises(KeyboardInterrupt):  # noqa: PT012
        interrupter.start()
        run(signal.raise_signal, [signal.SIGSTOP] * 2)
    interrupter.join()
    assert list_workers() == set()


def test_no_finalizer_of_a_pool_is_met_by_an_interrupt(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = watch_finalizers(monkeypatch, _ConnectionBase)
    run_once(partial(processes, start_method=method), countdown, [COUNT])
    with pytest.raises(LookupError), pool_held(1, method):
        raise LookupError
    assert set(met) == {False}


def test_each_worker_is_prepared_once_before_the_pool_is_ready(method: str, tmp_path: Path) -> None:
    log = tmp_path / "prepared.txt"
    with pool_held(2, method, partial(tasks.add_process, str(log))) as held:
        prepared = log.read_text().split()
        assert sorted(prepared) == sorted(str(worker.pid) for worker in held.crew)
        run_in_pool(held, 1, tasks.give_back, [1, 2, 3, 4])
    assert log.read_text().split() == prepared


def test_a_worker_that_gets_no_thread_works_all_the_same(method: str) -> None:
    refuse = (
        "import _thread\n"
        "def refuse(*_): raise RuntimeError('no thread')\n"
        "_thread.start_new_thread = refuse\n"
    )
    with pool_held(2, method, partial(exec, refuse, {})) as held:
        assert len(run_in_pool(held, 1, tasks.give_back, [1, 2, 3, 4])) == 4
        assert len(held.born) == 2


def test_workers_that_do_not_get_ready_end_the_start_with_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = "LookupError: no such thing as " + "thé ou café " * 100
    cut = whole.encode()[:300].decode(errors="ignore")
    for prepare, word, told in (
        (tasks.refuse, "thé\nou\ncafé " * 100, f"could not get ready for work: {cut}$"),
        (tasks.die, "", f"{tasks.tell_death(METHODS[0])} before it was ready|being filled$"),
        (tasks.countdown_for_ever, str(tmp_path / "mark"), r"after 0\.3 seconds: close .*fewer"),
    ):
        if prepare is tasks.countdown_for_ever:
            monkeypatch.setattr(pools, "START_SECONDS", 0.3)
        held = pool_held(2, METHODS[0], partial(prepare, word))
        with pytest.raises(GilDemoError, match=rf"worker process(es)? .*{told}"), held:
            pytest.fail("the pool was not ready")


def test_how_a_process_ended_is_told_in_these_words() -> None:
    for kind, code, told in (
        ("ForkServerProcess", 255, "exit code not known"),
        ("ForkProcess", None, "exit code not known"),
        ("SpawnProcess", 0, "exit code 0"),
        ("SpawnProcess", -99, "signal 99"),
    ):
        assert pools._describe_exit(type(kind, (), {"exitcode": code})()) == told
