"""Worker processes: a `multiprocessing.Pool`, ready before its work, and none of it left behind."""

import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from functools import partial
from multiprocessing import connection, resource_tracker, spawn
from multiprocessing.connection import Connection
from multiprocessing.pool import AsyncResult, Pool, RemoteTraceback  # type: ignore[attr-defined]
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from gil_demo import checks
from gil_demo.checks import GilDemoError, RunnerUnavailable, WorkerDied, shorten
from gil_demo.running import CHECK_SECONDS, END_SECONDS, START_SECONDS
from gil_demo.running.interrupts import TimeUp, check_time, held_back, interrupts_kept
from gil_demo.running.refusals import check_reachable, explain_unsent, refusals_told
from gil_demo.running.spans import ChunkedSpans, Run, cut
from gil_demo.running.workers import announce, time_tasks, wait_until
from gil_demo.running.workloads import compute_default_chunksize

FILLING = "a worker process ended while the pool was being filled"
_AT_SERVER_S_END = "gil_demo.running.fork_server"


def list_start_methods() -> list[str]:
    """List Python's own ways to start processes on this machine, its default first."""
    known = ("fork", "spawn", "forkserver")  # from Python 3.14 on packages' own are there, too
    return [name for name in multiprocessing.get_all_start_methods() if name in known]


def check_start_method(start_method: object) -> str:
    """Return the name of a start method that this machine has; None asks for the default."""
    available = list_start_methods()
    if start_method is None:
        # asking for the default without allow_none would fix it for the whole program
        return multiprocessing.get_start_method(allow_none=True) or available[0]
    return checks.check_choice("start_method", start_method, available)


def find_ban() -> str:
    """Say why this process may not start others; empty if it may."""
    if multiprocessing.current_process().daemon:
        return "a worker of a multiprocessing.Pool may not start processes: start them outside it"
    return ""


def check_importing() -> None:
    """Raise a GilDemoError in a new worker that is about to run its starter's script."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise GilDemoError(
            "this worker imports the script that starts workers: let the script do that only "
            'below `if __name__ == "__main__":`'
        )


@contextmanager
def processes(
    workers: int = 2, start_method: str | None = None, chunksize: int | None = None
) -> Iterator[Run]:
    """Run tasks in the worker processes of a `multiprocessing.Pool`.

    Entering returns when every worker is ready for a task, so that none of the start-up is
    counted as work. `Pool.map` hands out the tasks in chunks, as it does by itself.

    Args:
        workers: number of worker processes.
        start_method: fork, spawn or forkserver, as far as the machine has it; None means the
            platform's default.
        chunksize: how many tasks a worker gets at once; None means what `Pool.map` takes.

    Yields:
        A `Run`; an exception of a task is passed on when all tasks have ended.

    Raises:
        TypeError: an argument is of the wrong type, or what is to be run can't be sent to a worker.
        ValueError: an argument is not allowed, or there are no tasks.
        RunnerUnavailable: this Python has no process pools, or this process may not start others.
        WorkerDied: a worker process ended before its task.
        GilDemoError: the operating system refused the processes, they did not get ready, or what a
            task raised can't be rebuilt here.
    """
    if chunksize is not None:
        chunksize = checks.check_whole_number("chunksize", chunksize, 1, checks.MOST_STEPS)
    with pool_held(workers, start_method) as held:
        yield partial(run_in_pool, held, chunksize)


class HeldPool:
    """A pool and its workers; the pool is None before it opens and after it was let go."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.owner = os.getpid()
        self.context = copy(multiprocessing.get_context(method))
        self.pool: Pool | None = None
        self.crew: list[BaseProcess] = []
        self.born: list[BaseProcess] = []  # the crew, and whoever came in the place of one
        start = self.context.Process  # type: ignore[attr-defined]

        def note_birth(*words: Any, **named: Any) -> BaseProcess:
            if self._is_over:
                raise SystemExit  # ends the thread that would put others in their place
            process: BaseProcess = start(*words, **named)
            starter = threading.current_thread()
            process.is_of_main = starter is threading.main_thread()  # type: ignore[attr-defined]
            self.born.append(process)
            return process

        # a pool asks its context for its workers: so no one else's are taken for them
        self.context.Process = note_birth  # type: ignore[attr-defined]
        self._is_over = False
        self._told = threading.Event()
        # to end a pool must need nothing new, where the system may give no thread any more
        self._ending = threading.Thread(target=self._end_when_told, daemon=True)

    def open(self, workers: int, ready: Connection, prepare: Callable[[], object] | None) -> None:
        if self.method == "forkserver":
            from multiprocessing import forkserver

            # what the program itself has asked for stays
            asked = forkserver._forkserver._preload_modules  # type: ignore[attr-defined]
            ours = (_AT_SERVER_S_END, announce.__module__)
            forkserver.set_forkserver_preload([*dict.fromkeys([*asked, *ours])])
        if self.method == "fork":
            with suppress(ImportError):  # once, and not in each worker
                import _ctypes  # noqa: F401

        self.pool = self.context.Pool(workers, initializer=announce, initargs=(ready, prepare))
        self.crew = self.born[:workers]
        self._ending.start()

    def take_pool(self) -> Pool:
        if self.pool is None:
            raise GilDemoError("this pool has ended: run tasks inside its with block")
        return self.pool

    def _end_when_told(self) -> None:
        pool = self.take_pool()
        self._told.wait()
        if not pool._result_handler.is_alive():  # type: ignore[attr-defined]
            pool._cache.clear()  # type: ignore[attr-defined]  # else it refuses to end
        pool.terminate()

    def end(self) -> None:
        """End the pool and its processes, and don't wait for a pool that can't end by itself.

        `Pool.terminate` waits without end for a lock that a killed worker held. Then the workers
        are killed, and two idle threads of the pool stay until Python ends.
        """
        self._told.set()
        if self._ending.ident is not None:
            self._ending.join(END_SECONDS)
        elif self.pool is not None:
            self.pool.terminate()  # its workers have had no task: none was killed with a lock
        if self._ending.is_alive() or self.pool is None:
            self._is_over = True
            self._kill_workers()
            if self.pool is not None:  # its thread may be about to start one in another's place
                self.pool._worker_handler.join(END_SECONDS)  # type: ignore[attr-defined]
                self._kill_workers()

    def _kill_workers(self) -> None:
        for process in self.born:
            if process.pid is not None:
                process.kill()
                process.join(END_SECONDS)

    def let_go(self) -> None:
        """Drop every reference, so that finalizers run now and not later."""
        self.pool = None
        self.crew.clear()
        self.born.clear()


@contextmanager
def pool_held(
    workers: int = 2, start_method: str | None = None, prepare: Callable[[], object] | None = None
) -> Iterator[HeldPool]:
    """Hold a pool as `processes` does, whose workers each run `prepare` before they are ready."""
    workers = checks.check_workers(workers)
    check_importing()
    if reason := find_ban():
        raise RunnerUnavailable(f"processes: {reason}")
    held = HeldPool(check_start_method(start_method))
    with _refusals_explained(workers):
        if held.method != "fork":
            start_tracker()  # its start lifts the mask that held_back sets
        ready, announcements = held.context.Pipe(duplex=False)
    try:
        with held_back(), _refusals_explained(workers):
            held.open(workers, announcements, prepare)
        _wait_until_ready(ready, held)
        yield held
        if held.method != "spawn":  # a spawned worker takes long to leave
            with held_back():
                _dismiss(held)
    finally:
        with held_back():
            held.end()
            # all of it is let go of here: Python swallows an interrupt that meets a finalizer
            held.let_go()
            ready.close()
            announcements.close()
            del ready, announcements


def start_tracker() -> None:
    """Start multiprocessing's resource tracker, which lives as long as this Python, if need be."""
    checks.check_program(spawn.get_executable())
    if sys.platform != "win32":
        resource_tracker.ensure_running()


@contextmanager
def _refusals_explained(workers: int) -> Iterator[None]:
    """Turn what a system refuses into an error that names the cause, and what to do about it."""
    try:
        yield
    except ImportError as reason:
        raise RunnerUnavailable(f"processes: this Python has no process pools ({reason})") from None
    except BrokenPipeError:  # a fork server's child ended before it was told what to be
        raise WorkerDied(FILLING) from None
    except (ConnectionResetError, EOFError):  # or the fork server itself, from Python 3.14 on
        raise WorkerDied(f"a worker process ended {_advise_unready()}") from None
    except (OSError, RuntimeError):
        with refusals_told(workers, "worker process"):
            raise


def _wait_until_ready(ready: Connection, held: HeldPool) -> None:
    """Hear every worker announce itself, and none that came in the place of another.

    `Pool` puts a new worker in the place of one that dies, but not the lock that it may have
    died with: all others would wait for it. A worker that dies while the pool is being filled is
    told by its message, or by that of the new one in its place.
    """
    deadline = time.monotonic() + START_SECONDS
    workers = missing = len(held.crew)
    while missing and (left := deadline - time.monotonic()) > 0:
        ends = [worker.sentinel for worker in held.crew]
        if connection.wait([ready, *ends], timeout=left) == [ready]:
            process, _, failure = ready.recv_bytes().decode(errors="ignore").partition(" ")
            if failure:
                raise GilDemoError(f"a worker process could not get ready for work: {failure}")
            if int(process) not in {worker.pid for worker in held.crew}:
                raise WorkerDied(FILLING)
            missing -= 1
        else:
            check_alive(held.crew, partial(_advise_unready, held))
    if missing:
        raise GilDemoError(
            f"a worker process was not ready after {START_SECONDS:g} seconds: close other programs"
            f"{', or ask for fewer' * (workers > 1)}"
        )


def _advise_unready(held: HeldPool | None = None) -> str:
    """Say what a worker may have lacked that ended before it was ready."""
    told = "before it was ready for work"
    was_killed = held is not None and any((one.exitcode or 0) < 0 for one in held.crew)
    file = getattr(sys.modules["__main__"], "__file__", None)
    if was_killed or file is None or (held is not None and held.method == "fork"):
        return told
    name = Path(file).name
    if not Path(file).exists():
        return f"{told}: it can't read the program again ({name}); save it as a file"
    if Path(file).stem in sys.stdlib_module_names:
        return f"{told}: {name} hides a module of Python's own; give it another name"
    return f'{told}. In a script, start processes only below if __name__ == "__main__":'


def _dismiss(held: HeldPool) -> None:
    """Ask idle workers to leave, and wait until all of them have, or one should have by now."""
    held.take_pool().close()
    deadline = time.monotonic() + END_SECONDS
    left = {process.sentinel for process in held.crew}
    while left and (ended := connection.wait(left, timeout=deadline - time.monotonic())):
        left.difference_update(ended)


def run_in_pool(
    held: HeldPool, chunksize: int | None, function: Callable[[Any], object], tasks: Sequence[Any],
    limit: float = math.inf,
) -> ChunkedSpans:  # fmt: skip
    """Run tasks as `Pool.map` would in a pool that is held, and never wait without end.

    After `limit` seconds it raises a `TimeUp`, and ends the pool.
    """
    pool = held.take_pool()
    if os.getpid() != held.owner:  # the threads that would hear of the answers were not forked
        raise GilDemoError("this pool is its parent's: a forked process must open one of its own")
    checked = checks.check_sequence("tasks", tasks)
    check_reachable(function, is_forked=held.method == "fork")
    size = chunksize or compute_default_chunksize(len(checked), len(held.crew))
    jobs = [(function, chunk) for chunk in cut(checked, size)]
    answer = pool.map_async(time_tasks, jobs, chunksize=1)
    try:
        wait_for(answer, held.crew, checked, limit)
    except TimeUp:
        with held_back():
            held.end()
        raise
    try:
        return ChunkedSpans(answer.get())
    except Exception as failure:
        is_of_task = isinstance(failure.__cause__, RemoteTraceback)
        if not is_of_task and (told := explain_unsent(checked, "a worker")):
            raise TypeError(told) from None
        raise


def wait_for(
    answer: "AsyncResult[Any]", crew: Sequence[BaseProcess], tasks: Sequence[object],
    limit: float = math.inf,
) -> None:  # fmt: skip
    """Wait for a pool's answer for as long as its workers live; else raise a WorkerDied."""
    deadline = time.monotonic() + limit
    pool = answer._pool  # type: ignore[attr-defined]  # None when it is ready
    while not answer.ready():
        check_time(deadline, limit)
        with interrupts_kept():
            answer.wait(CHECK_SECONDS)
        if not answer.ready():
            check_alive(crew, partial(describe_work, tasks))
            if not (pool._result_handler.is_alive() or answer.ready()):
                raise GilDemoError(
                    "a task raised what can't be rebuilt in this process, and ended the pool's "
                    "reader: see the error above"
                )


def check_alive(crew: Sequence[BaseProcess], describe: Callable[[], str]) -> None:
    """Raise a WorkerDied if one of the workers has ended; `describe` says what was under way.

    A fork server's sentinel holds the exit code and then the end of the pipe. Where the pool's own
    thread takes the code at this moment, the end is still to come: the next call sees it.
    """
    ended = connection.wait([process.sentinel for process in crew], timeout=0)
    if ended:
        dead = next(process for process in crew if process.sentinel in ended)
        # its sentinel goes before its exit code comes
        wait_until(lambda: _get_code(dead) is not None, time.monotonic() + END_SECONDS)
        raise WorkerDied(f"a worker process ended ({_describe_exit(dead)}) {describe()}")


def describe_work(tasks: Sequence[object]) -> str:
    """Say what workers are at, for the message of a WorkerDied."""
    return f"with {checks.state_count(len(tasks), 'task')} under way: {shorten(tasks)}"


def _get_code(process: BaseProcess) -> int | None:
    """Get an exit code; a fork server's is left to the pool's own thread: one asker gets it."""
    if _is_of_fork_server(process):
        code: int | None = process._popen.returncode  # type: ignore[attr-defined]
        return code
    return process.exitcode


def _is_of_fork_server(process: BaseProcess) -> bool:
    return "ForkServer" in type(process).__name__


def _describe_exit(process: BaseProcess) -> str:
    code = process.exitcode
    # where SIGCHLD is ignored, no one gets it; a fork server says 255 when another has taken it
    if code is None or (code == 255 and _is_of_fork_server(process)):
        return "exit code not known"
    if code >= 0:
        return f"exit code {code}"
    names: dict[int, str] = {number: number.name for number in signal.Signals}
    return f"signal {names.get(-code, -code)}"
