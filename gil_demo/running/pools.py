"""How a pool of worker processes begins and ends: ready before its work, and none left behind."""

import multiprocessing
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.pool import AsyncResult, Pool
from multiprocessing.process import BaseProcess
from typing import Any

from gil_demo.checks import (
    MOST_STEPS,
    GilDemoError,
    RunnerUnavailable,
    WorkerDied,
    check_choice,
    check_sequence,
    check_whole_number,
    check_workers,
    shorten,
)
from gil_demo.running.interrupts import held_back
from gil_demo.running.spans import Chunk, ChunkedSpans, Run, Span
from gil_demo.running.workers import announce, time_tasks
from gil_demo.running.workloads import compute_default_chunksize

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


CHECK_SECONDS = 0.05


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
        TypeError: an argument is of the wrong type, or the function can't be sent to a worker.
        ValueError: an argument is not allowed, or there are no tasks.
        RunnerUnavailable: this Python has no process pools.
        WorkerDied: a worker process ended before its task.
        GilDemoError: the operating system refused the processes, or they did not get ready.
    """
    if chunksize is not None:
        check_whole_number("chunksize", chunksize, 1, MOST_STEPS)
    with pool_held(workers, start_method) as held:
        yield partial(run_in_pool, held, chunksize)


def run_in_pool(
    held: HeldPool,
    chunksize: int | None,
    function: Callable[[Any], object],
    tasks: Sequence[Any],
) -> Sequence[Span]:
    """Run tasks by `Pool.map` in a pool that is held, without a wait without end.

    Args:
        held: the pool and its workers.
        chunksize: how many tasks a worker gets at once; None means what `Pool.map` takes.
        function: what to run, once for each task.
        tasks: what to run it on.

    Returns:
        One span for each task, in the tasks' order.

    Raises:
        TypeError: the function can't be sent to a worker, or the tasks are no list.
        ValueError: there are no tasks.
        WorkerDied: a worker process ended before its task.
        GilDemoError: the pool has ended.
    """
    pool = held.take_pool()
    checked = check_sequence("tasks", tasks)
    check_reachable(function, is_forked=held.context.get_start_method() == "fork")
    size = chunksize or compute_default_chunksize(len(checked), len(held.crew))
    answer = pool.map_async(time_tasks, _Jobs(function, checked, size), chunksize=1)
    wait_for(answer, held.crew, checked)
    return make_spans(answer.get())


class _Jobs:
    """The jobs of a map, each cut as it is handed out, so that the first worker begins at once.

    `Pool.map_async` asks for their number; what has none it would turn into a list beforehand.
    """

    def __init__(self, function: Callable[[Any], object], tasks: Sequence[Any], size: int) -> None:
        self._function, self._tasks, self._size = function, tasks, size
        self._firsts = range(0, len(tasks), size)

    def __len__(self) -> int:
        return len(self._firsts)

    def __iter__(self) -> Iterator[tuple[Callable[[Any], object], Sequence[Any]]]:
        for first in self._firsts:
            yield self._function, self._tasks[first : first + self._size]


def check_reachable(function: Callable[[Any], object], *, is_forked: bool) -> None:
    """Refuse a function that a worker could not find: with a plain Pool the run would hang.

    Args:
        function: what is to be run.
        is_forked: whether the workers are copies of this process, functions of cells included.

    Raises:
        TypeError: a worker could not find it.
    """
    name = getattr(function, "__qualname__", shorten(function))
    try:
        pickle.dumps(function)
    except Exception as reason:
        raise TypeError(
            f"function must be one that can be sent to a worker, not {name} ({reason}): "
            "define it at the top of a module"
        ) from None
    main_file = getattr(sys.modules["__main__"], "__file__", None)
    is_in_cell = getattr(function, "__module__", None) == "__main__" and main_file is None
    if is_in_cell and not is_forked:
        raise TypeError(
            f"function must be one that a worker can import, not {name}, which was "
            "defined in a notebook cell or at a prompt: put it in a module and import it"
        )


def wait_for(
    answer: "AsyncResult[Any]", crew: Sequence[BaseProcess], tasks: Sequence[object]
) -> None:
    """Wait for a pool's answer for as long as its workers live.

    Args:
        answer: what an asynchronous method of the pool returned.
        crew: the pool's workers.
        tasks: what they are at, for the message.

    Raises:
        WorkerDied: a worker process ended before its task.
    """
    while not answer.ready():
        answer.wait(CHECK_SECONDS)
        if not answer.ready():
            check_alive(crew, partial(describe_work, tasks))


def describe_work(tasks: Sequence[object]) -> str:
    """Say what workers are at, for the message of a WorkerDied."""
    return f"with {len(tasks)} task{'s' * (len(tasks) != 1)} under way: {shorten(tasks)}"


def make_spans(chunks: Sequence[tuple[int, float, bytes, bytes | None]]) -> ChunkedSpans:
    """Make the spans of chunks of tasks, as `time_tasks` tells of them.

    Args:
        chunks: for each who ran it, when its first task started and when each ended, and the
            pickled answers; all of one size but the last.

    Returns:
        One span for each task, in the tasks' order.

    Raises:
        TypeError: an answer can't be rebuilt here.
    """
    by_start = [who for who, *_ in sorted(chunks, key=lambda chunk: chunk[1])]
    numbers = {who: number for number, who in enumerate(dict.fromkeys(by_start))}
    return ChunkedSpans(
        [
            Chunk(
                numbers[who],
                start,
                memoryview(ends).cast("d"),
                None if pickled is None else _unpickle(pickled),
            )
            for who, start, ends, pickled in chunks
        ]
    )


def _unpickle(answers: bytes) -> list[object]:
    try:
        return list(pickle.loads(answers))
    except Exception as reason:
        raise TypeError(f"what a task gave back can't be rebuilt here ({reason})") from None


START_METHODS = ("fork", "spawn", "forkserver")


def list_start_methods() -> list[str]:
    """List Python's own ways to start processes on this machine, its default first.

    Packages may add ways of their own, which from Python 3.14 on are listed with them.
    """
    return [name for name in multiprocessing.get_all_start_methods() if name in START_METHODS]
