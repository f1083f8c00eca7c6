"""A pool of threads that are kept open and take tasks in chunks, as a pool of processes does."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any

from gil_demo.running import CHECK_SECONDS
from gil_demo.running.interrupts import held_back
from gil_demo.running.limits import check_time
from gil_demo.running.runners import start_threads, stop_threads
from gil_demo.running.spans import cut
from gil_demo.running.workers import Stopped

Chunk = tuple[int, Callable[[Any], object], Sequence[Any]]
Map = Callable[[Callable[[Any], object], Sequence[Any], int, float], list[Any]]
"""Runs a function on tasks, so many a chunk, within some seconds; returns the answers."""


@contextmanager
def thread_pool(workers: int) -> Iterator[Map]:
    """Keep threads open; what raises in a task is passed on when all others have ended.

    An interrupt, or a limit, ends the threads at their next step of Python code; one that is stuck
    in C code is left behind. It raises a GilDemoError where the system refuses it a thread.
    """
    jobs: SimpleQueue[Chunk | None] = SimpleQueue()
    done: SimpleQueue[tuple[int, list[Any], BaseException | None]] = SimpleQueue()
    entered: set[int] = set()
    left: set[int] = set()

    def work(number: int) -> None:
        entered.add(number)
        try:
            while (job := jobs.get()) is not None:
                place, function, tasks = job
                try:
                    done.put((place, [function(task) for task in tasks], None))
                except Stopped:
                    raise
                except BaseException as failure:  # sys.exit() in a task, too
                    done.put((place, [], failure))
        except Stopped:
            pass
        finally:
            left.add(number)

    def run(
        function: Callable[[Any], object], tasks: Sequence[Any], chunksize: int, limit: float
    ) -> list[Any]:
        chunks = cut(tasks, chunksize)
        deadline = time.monotonic() + limit
        for place, chunk in enumerate(chunks):
            jobs.put((place, function, chunk))
        answers: dict[int, list[Any]] = {}
        failures: list[BaseException] = []
        try:
            while len(answers) < len(chunks):
                with suppress(Empty):
                    place, told, failure = done.get(timeout=CHECK_SECONDS)
                    answers[place] = told
                    failures += [failure] if failure is not None else []
                check_time(deadline, limit)
        except BaseException:
            end()
            raise
        if failures:
            raise failures[0]
        return [answer for place in range(len(chunks)) for answer in answers[place]]

    def end() -> None:
        with held_back():
            with suppress(Empty):
                while True:
                    jobs.get_nowait()
            for _ in crew:
                jobs.put(None)
            for thread in crew:
                if thread.ident is not None:  # else the system has refused it
                    thread.join(CHECK_SECONDS)  # those at rest leave by themselves
            if any(thread.is_alive() for thread in crew):
                stop_threads(crew, entered, left)

    crew = [threading.Thread(target=work, args=[n], daemon=True) for n in range(workers)]
    try:
        start_threads(crew)
        yield run
    finally:
        end()
