"""What every unit test is watched for, and what tests of measurements have in common."""

import faulthandler
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from gil_demo.measuring import runs
from gil_demo.running.guard import MARK, find_marked
from gil_demo.running.pools import list_start_methods
from gil_demo.running.scripts import FINISHED, run_script
from gil_demo.running.spans import Runner, Span
from tests.made.runs import BUSY_PERCENT

# started by nohup, in the background of a script or by some job systems, Python ignores Ctrl-C
signal.signal(signal.SIGINT, signal.default_int_handler)

METHODS = list_start_methods()
EACH_METHOD = [
    METHODS[0],
    *(pytest.param(name, marks=pytest.mark.thorough) for name in METHODS[1:]),
]
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
needs_python_3_14 = pytest.mark.skipif(
    sys.version_info < (3, 14), reason="sub-interpreters come with Python 3.14"
)
STUCK_SECONDS = 20.0
# the last is Wine's: its desktop, which comes with the first program that asks for one
HELPERS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver", "explorer.exe")
NOT_UNIT_TESTS = {"notebooks", "browser", "benchmarks"}
GRACE_SECONDS = 2.0


def wait_until(is_so: Callable[[], bool], seconds: float = STUCK_SECONDS) -> bool:
    """Wait until something is so, and tell whether it came to be so in this time."""
    deadline = time.monotonic() + seconds
    while not (is_so_now := is_so()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return is_so_now


def watch_finalizers(monkeypatch: pytest.MonkeyPatch, kind: Any) -> list[bool]:
    """Note for each finalizer whether an interrupt could meet it; Python would swallow that one."""
    usual, finish, met = signal.getsignal(signal.SIGINT), kind.__del__, []

    def note(one: object) -> None:
        met.append(signal.getsignal(signal.SIGINT) is usual)
        finish(one)

    gc.collect()  # what other tests left is none of it
    monkeypatch.setattr(kind, "__del__", note)
    return met


def list_connections(process: psutil.Process) -> list[Any]:
    """List the open network sockets of a process, by the name that its psutil has for that."""
    name = "net_connections" if hasattr(process, "net_connections") else "connections"
    return list(getattr(process, name)("inet"))


def list_workers(pid: int | None = None) -> set[psutil.Process]:
    """List the living processes that this one, or another, started, but helpers."""
    workers, family = set(), psutil.Process(pid)
    for child in family.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            # a fork server's children are workers, though they share its command line
            is_own = any(helper in " ".join(child.cmdline()) for helper in HELPERS)
            is_worker = child.ppid() != family.pid or not is_own
            if is_worker and child.status() != psutil.STATUS_ZOMBIE:
                workers.add(child)
    return workers


def assert_gone(pid: int) -> None:
    """Fail unless a process is gone, or goes within the moment that a killed one takes."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        has_ended = wait_until(lambda: process.status() == psutil.STATUS_ZOMBIE, GRACE_SECONDS)
        assert has_ended, f"{process} is still there"


def make_marked_environment(folder: Path) -> dict[str, str]:
    """Make an environment that puts temporary files in a folder, and by which to find a program."""
    return os.environ | {MARK: uuid.uuid4().hex, "TMPDIR": str(folder)}


def assert_nothing_left(environment: Mapping[str, str]) -> None:
    """Fail unless all processes with this environment end soon, and leave no temporary file."""
    assert wait_until(lambda: not find_marked(environment[MARK]), 5.0)
    assert list(Path(environment["TMPDIR"]).iterdir()) == []


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a process, a thread or another switch interval behind."""
    if NOT_UNIT_TESTS & set(Path(request.node.path).parts):
        yield
        return
    may_stay = "pool_threads_may_stay" in request.fixturenames

    def list_all() -> set[psutil.Process | threading.Thread]:
        threads = {t for t in threading.enumerate() if t.is_alive() and not (may_stay and t.daemon)}
        return threads | list_workers()

    before, interval = list_all(), sys.getswitchinterval()
    yield
    wait_until(lambda: list_all() <= before, GRACE_SECONDS)
    assert list_all() - before == set()
    assert sys.getswitchinterval() == interval


@pytest.fixture(params=EACH_METHOD)
def method(request: pytest.FixtureRequest) -> str:
    """Give the platform's default start method, and now and then the others, too."""
    return str(request.param)


@pytest.fixture
def pool_threads_may_stay() -> None:
    """Let a test leave idle threads of a Pool whose killed worker held the Pool's lock.

    `multiprocessing.Pool` offers nothing that would free them; they end with Python.
    """


@pytest.fixture
def no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the half second in which the machine is watched."""
    monkeypatch.setattr(runs, "measure_busy_percent", lambda: BUSY_PERCENT)


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("something was measured or started")


@pytest.fixture
def nothing_may_be_measured(monkeypatch: pytest.MonkeyPatch, no_process_may_start: None) -> None:
    """Make a look at the machine, and the start of any process, fail the test."""
    del no_process_may_start
    monkeypatch.setattr(runs, "measure_busy_percent", refuse)


@pytest.fixture
def nothing_hangs() -> Iterator[None]:
    """Fail a test that hangs, and print what each thread was waiting for."""
    if sys.platform == "win32":  # no alarm clock there
        yield
        return

    def complain(*_: object) -> None:
        faulthandler.dump_traceback()
        pytest.fail(f"the test took more than {STUCK_SECONDS:g} seconds")

    before = signal.signal(signal.SIGALRM, complain)
    signal.setitimer(signal.ITIMER_REAL, STUCK_SECONDS, STUCK_SECONDS)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def no_process_may_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the start of any process or thread fail the test."""
    monkeypatch.setattr(multiprocessing.process.BaseProcess, "start", refuse)
    monkeypatch.setattr(threading.Thread, "start", refuse)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give the place of a reader's file of results, which isn't there yet."""
    return tmp_path / "anna.csv"


def finish(script: str, seconds: float) -> str:
    """Run a script, fail unless it finishes, and return what it printed."""
    outcome = run_script(script, seconds)
    assert outcome.state == FINISHED, outcome.output[-3000:]
    return outcome.output


def run_once(
    runner: Runner, function: Callable[[Any], object], arguments: Any, workers: Any = 2
) -> Sequence[Span]:
    with runner(workers) as run:
        return run(function, arguments)


def interrupt() -> None:
    """Interrupt this process as Ctrl-C does; on Windows `os.kill` would end it."""
    gc.collect()  # else a finalizer of what other tests left might meet it, and swallow it
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGINT)
    else:
        os.kill(os.getpid(), signal.SIGINT)


def interrupt_once_there(mark: Path) -> threading.Thread:
    """Start a thread that interrupts this process once a file is there."""

    def wait_and_interrupt() -> None:
        wait_until(mark.exists)
        interrupt()

    thread = threading.Thread(target=wait_and_interrupt)
    thread.start()
    return thread
