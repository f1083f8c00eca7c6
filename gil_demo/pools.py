"""The runner `processes`: tasks in a `multiprocessing.Pool`, and no wait without end."""

import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.pool import AsyncResult
from multiprocessing.process import BaseProcess
from typing import Any

from gil_demo.arguments import MOST_STEPS, check_sequence, check_whole_number, shorten
from gil_demo.lifetimes import HeldPool, check_alive, pool_held
from gil_demo.spans import Chunk, ChunkedSpans, Run, Span
from gil_demo.workers import time_tasks
from gil_demo.workloads import compute_default_chunksize

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
