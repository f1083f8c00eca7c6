"""How a pool of worker processes begins and ends: ready before its work, and none left behind."""

import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.pool import Pool
from multiprocessing.process import BaseProcess

from gil_demo.arguments import check_choice, check_workers
from gil_demo.errors import GilDemoError, RunnerUnavailable, WorkerDied
from gil_demo.interrupts import held_back
from gil_demo.machine import list_start_methods
from gil_demo.workers import announce

START_SECONDS = 60.0
END_SECONDS = 1.0
FILLING = "a worker process ended while the pool was being filled"
UNREADY = (
    "before it was ready for work. In a script, start processes only below "
    'if __name__ == "__main__":'
)
_CODE_LOST = 255  # what a fork server's process says too where two threads asked for its code


@contextmanager
def pool_held(
    workers: int = 2,
    start_method: str | None = None,
    prepare: Callable[[], object] | None = None,
) -> Iterator["HeldPool"]:
    """Hold a `multiprocessing.Pool` whose workers are ready, and leave none of them behind.

    Args:
        workers: number of worker processes.
        start_method: as for `processes`.
        prepare: what each worker runs once, before it says that it is ready.

    Yields:
        The pool and its workers.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed.
        RunnerUnavailable: this Python has no process pools.
        WorkerDied: a worker process ended before it was ready.
        GilDemoError: the operating system refused the processes, or they did not get ready, or
            `prepare` raised; the text says what.
    """
    check_workers(workers)
    context = multiprocessing.get_context(check_start_method(start_method))
    held = HeldPool(context)
    dismissed = False
    if context.get_start_method() != "fork" and sys.platform != "win32":
        resource_tracker.ensure_running()  # its start lifts the mask that held_back sets
    ready, announcements = context.Pipe(duplex=False)
    try:
        with held_back():
            held.pool = _open(context, workers, announcements, prepare)
            held.crew = held.list_new_workers()
        _wait_until_ready(ready, workers, held.crew)
        yield held
        if context.get_start_method() != "spawn":  # a spawned worker takes long to leave
            with held_back():
                dismissed = _dismiss(held)
    finally:
        with held_back():
            if not dismissed:
                _end(held)
            # all of it is let go of here: Python swallows an interrupt that meets a finalizer
            held.let_go()
            ready.close()
            announcements.close()


class HeldPool:
    """A pool and its workers.

    Attributes:
        context: the start method's part of multiprocessing.
        pool: the pool; None when it has ended.
        crew: its worker processes.
    """

    def __init__(self, context: BaseContext) -> None:
        self.context = context
        self.pool: Pool | None = None
        self.crew: list[BaseProcess] = []
        self._before = set(multiprocessing.active_children())

    def list_new_workers(self) -> list[BaseProcess]:
        """List the living pool workers that came since this began."""
        return [
            process
            for process in multiprocessing.active_children()
            if process not in self._before and "PoolWorker" in process.name
        ]

    def take_pool(self) -> Pool:
        """Return the pool.

        Raises:
            GilDemoError: it has ended.
        """
        if self.pool is None:
            raise GilDemoError("this pool has ended: run tasks inside its with block")
        return self.pool

    def let_go(self) -> None:
        """Drop every reference, so that finalizers run now and not later."""
        self.pool = None
        self.crew.clear()
        self._before.clear()


def check_start_method(start_method: object) -> str:
    """Return the start method to use.

    Args:
        start_method: the name of one, or None for the platform's default.

    Returns:
        The name of a start method that this machine has.

    Raises:
        TypeError: it is neither a string nor None.
        ValueError: this machine has no such start method.
    """
    available = list_start_methods()
    if start_method is None:
        # asking for the default without allow_none would fix it for the whole program
        return multiprocessing.get_start_method(allow_none=True) or available[0]
    return check_choice("start_method", start_method, available)


def _open(
    context: BaseContext, workers: int, ready: Connection, prepare: Callable[[], object] | None
) -> Pool:
    try:
        return context.Pool(workers, initializer=announce, initargs=(ready, prepare))
    except ImportError as reason:
        raise RunnerUnavailable(f"processes: this Python has no process pools ({reason})") from None
    except BrokenPipeError:  # a fork server's child ended before it was told what to be
        raise WorkerDied(FILLING) from None
    except (ConnectionResetError, EOFError):  # or the fork server itself, from Python 3.14 on
        raise WorkerDied(f"a worker process ended {UNREADY}") from None
    except OSError as reason:
        raise GilDemoError(
            f"the operating system refused {workers} worker processes ({reason}): ask for fewer"
        ) from reason


def _wait_until_ready(ready: Connection, workers: int, crew: Sequence[BaseProcess]) -> None:
    if len(crew) < workers:  # nor would those that come in their place tell more
        raise WorkerDied(FILLING)
    deadline = time.monotonic() + START_SECONDS
    missing = workers
    while missing and (left := deadline - time.monotonic()) > 0:
        if connection.wait([ready, *_sentinels(crew)], timeout=left) == [ready]:
            _check_message(ready.recv_bytes().decode(), crew)
            missing -= 1
        else:
            check_alive(crew, lambda: UNREADY)
    if missing:
        raise GilDemoError(
            f"{workers} worker processes were not ready after {START_SECONDS:g} seconds: "
            "ask for fewer, or for another start method"
        )


def _check_message(message: str, crew: Sequence[BaseProcess]) -> None:
    """Raise a GilDemoError if a worker can't be used, by what it announced.

    It may have failed to prepare itself; or, as a WorkerDied, it is none of the crew.

    `Pool` puts a new worker in the place of one that dies, but not the lock that it may have
    died with: all others would wait for it. A worker that dies while the pool is being filled is
    told by its message, or by that of the new one in its place.
    """
    process, _, failure = message.partition(" ")
    if failure:
        raise GilDemoError(f"a worker process could not get ready for work: {failure}")
    if int(process) not in {worker.pid for worker in crew}:
        raise WorkerDied(FILLING)


def check_alive(crew: Sequence[BaseProcess], describe: Callable[[], str]) -> None:
    """Raise a WorkerDied if one of the workers has ended.

    A fork server's sentinel holds the exit code and then the end of the pipe. Where the pool's own
    thread takes the code at this moment, the end is still to come: the next call sees it.

    Args:
        crew: the workers.
        describe: says what was under way, for the message; called only if one has ended.
    """
    ended = connection.wait(_sentinels(crew), timeout=0)
    if ended:
        dead = next(process for process in crew if process.sentinel in ended)
        deadline = time.monotonic() + END_SECONDS
        while dead.exitcode is None and time.monotonic() < deadline:
            time.sleep(0.001)  # its sentinel goes before its exit code comes
        raise WorkerDied(f"a worker process ended ({_describe_exit(dead)}) {describe()}")


def _sentinels(crew: Sequence[BaseProcess]) -> list[int]:
    return [process.sentinel for process in crew]


def _describe_exit(process: BaseProcess) -> str:
    code = process.exitcode
    if code == _CODE_LOST and "ForkServer" in type(process).__name__:
        return "exit code not known"
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def _end(held: HeldPool) -> None:
    """End a pool and its processes, and don't wait for a pool that can't end by itself.

    `Pool.terminate` waits without end for a lock that a killed worker held. Then what is left of
    the workers is killed; two idle threads of the pool stay until Python ends, since nothing that
    `Pool` documents would free them.
    """
    if held.pool is not None:
        ending = threading.Thread(target=held.pool.terminate, daemon=True)
        ending.start()
        ending.join(END_SECONDS)
        if not ending.is_alive():
            return
    for process in held.list_new_workers():
        process.kill()
        process.join(END_SECONDS)


def _dismiss(held: HeldPool) -> bool:
    """Ask idle workers to leave, and tell whether all of them did so unharmed."""
    if held.pool is None:
        return False
    held.pool.close()
    deadline = time.monotonic() + END_SECONDS
    left = set(_sentinels(held.crew))
    while left and (ended := connection.wait(left, timeout=deadline - time.monotonic())):
        left.difference_update(ended)
    if left or any(process.exitcode for process in held.crew):
        return False
    held.pool.join()
    held.pool.terminate()  # nothing is left to end, but its finalizer would do this later
    return True
