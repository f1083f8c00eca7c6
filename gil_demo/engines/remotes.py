"""What the runners of distributed engines share: is one here, and who ran what for how long.

A worker of another machine imports this module, so it needs nothing but the standard library.
"""

import os
import pickle
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from gil_demo.checks import GilDemoError, RunnerUnavailable
from gil_demo.running.runners import find_missing
from gil_demo.running.spans import Span

START_SECONDS = 120.0
RETRIES = 3
"""How often a task is given to another worker before it counts as what kills them."""


def check_engine(runner: str) -> None:
    """Raise a RunnerUnavailable with what to install if a runner's engine isn't here."""
    if reason := find_missing(runner):
        raise RunnerUnavailable(f"{runner}: {reason}")


class Timed:
    """A function that runs another one in a worker, wherever it is, and notes who and how long.

    Its answer is pickled: engines look into what is sent to them, and bytes are soon looked at.

    Args:
        function: what to run, once for each task.
    """

    def __init__(self, function: Callable[[Any], object]) -> None:
        self.function = function

    def __call__(self, task: object) -> bytes:
        """Run one task.

        Args:
            task: what to run the function on.

        Returns:
            Pickled: the worker (its host and process), the start and the end in seconds on that
            worker's own clock, and what the function gave back.
        """
        start = time.perf_counter()
        answer = self.function(task)
        return pickle.dumps((_name_place(), start, time.perf_counter(), answer))


@cache
def _name_place() -> str:
    return f"{socket.gethostname()} {os.getpid()}"


def make_spans(answers: Sequence[bytes]) -> list[Span]:
    """Make spans of what workers on any machines noted.

    Machines share no clock. So each worker's spans count from the start of its own first task:
    their lengths can be compared, and those of one worker be put in order, but no two workers'.

    Args:
        answers: what `Timed` gave back, in the tasks' order.
    """
    told = [pickle.loads(answer) for answer in answers]
    first: dict[str, float] = {}
    for place, start, _, _ in told:
        first[place] = min(start, first.get(place, start))
    numbers = {place: number for number, place in enumerate(first)}
    return [
        Span(number, numbers[place], start - first[place], end - first[place], given)
        for number, (place, start, end, given) in enumerate(told)
    ]


@contextmanager
def environment_kept() -> Iterator[Callable[[], None]]:
    """Put the environment back as it was before an engine was loaded and started.

    Yields:
        A function to call when the engine has started: what is changed later stays changed.
    """
    before = dict(os.environ)
    changed: set[str] = set()

    def note() -> None:
        names = {*before, *os.environ}
        changed.update(name for name in names if before.get(name) != os.environ.get(name))

    try:
        yield note
    finally:
        if not changed:
            note()
        for name in changed:
            os.environ.pop(name, None)
            if name in before:
                os.environ[name] = before[name]


@contextmanager
def strays_ended() -> Iterator[None]:
    """End every process that came meanwhile and stayed, once what is inside is over."""
    import psutil

    own = psutil.Process()
    before = set(own.children(recursive=True))
    try:
        yield
    finally:
        strays = [
            child
            for child in own.children(recursive=True)
            if child not in before and "resource_tracker" not in " ".join(_read_command(child))
        ]
        for stray in psutil.wait_procs(strays, timeout=2)[1]:
            try:  # noqa: SIM105
                stray.kill()
            except psutil.NoSuchProcess:
                pass


def _read_command(process: Any) -> list[str]:
    import psutil

    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def refuse_lost(reason: Exception) -> GilDemoError:
    """Return the error to raise where an engine itself has failed."""
    told = str(reason).splitlines()[0] if str(reason) else type(reason).__name__
    return GilDemoError(f"the cluster failed: {told[:200]}")
