"""What the runners of distributed engines share: who ran what for how long, and how all ends.

A worker of another machine imports this module, so it needs nothing but the standard library.
"""

import os
import pickle
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

from gil_demo.checks import GilDemoError
from gil_demo.running import CHECK_SECONDS
from gil_demo.running.pools import start_tracker
from gil_demo.running.spans import Span

START_SECONDS, LOOK_SECONDS, END_SECONDS = 30.0, 2.0, 10.0
OWNER = "GIL_DEMO_ENGINE"


class Timed:
    """A function that runs another one in a worker, and notes who ran it and for how long.

    Its answer is pickled: engines look into what is sent to them, and bytes are soon looked at.
    """

    def __init__(self, function: Callable[[Any], object]) -> None:
        self.function = function

    def __call__(self, task: object) -> bytes:
        start = time.perf_counter()
        answer = self.function(task)
        return pickle.dumps((_name_place(), start, time.perf_counter(), answer))


@cache
def _name_place() -> str:
    return f"{socket.gethostname()} {os.getpid()}"


def make_spans(answers: Sequence[bytes]) -> list[Span]:
    """Make spans of what `Timed` gave back, in the tasks' order.

    Machines share no clock. So each worker's spans count from the start of its own first task:
    their lengths can be compared, and those of one worker be put in order, but no two workers'.
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
    """Put the environment back, but for what changes after the function given has been called."""
    before = dict(os.environ)
    changed: set[str] = set()

    def note() -> None:
        changed.update(name for name, _ in before.items() ^ dict(os.environ).items())

    try:
        yield note
    finally:
        if not changed:
            note()
        for name in changed:
            os.environ.pop(name, None)
        os.environ |= {name: before[name] for name in changed & before.keys()}


@contextmanager
def strays_ended(place: str | None = None) -> Iterator[tuple[str, str]]:
    """Give a folder that goes afterwards, and a mark: what has it in `OWNER` goes, too."""
    from gil_demo.running.guard import end_marked, find_marked

    start_tracker()  # now, unmarked
    mark = uuid.uuid4().hex
    try:
        with TemporaryDirectory("", "gil_demo-", place, ignore_cleanup_errors=True) as made:
            yield made, mark
    finally:
        os.environ.pop(OWNER, None)  # Dask sets it again for a worker in another's place
        deadline = time.monotonic() + LOOK_SECONDS
        while find_marked(mark, name=OWNER) and time.monotonic() < deadline:
            time.sleep(CHECK_SECONDS)
        end_marked(mark, name=OWNER)


def refuse_lost(reason: Exception) -> GilDemoError:
    """Return the error to raise where an engine itself has failed."""
    told = str(reason).splitlines()[0] if str(reason) else type(reason).__name__
    return GilDemoError(f"the cluster failed: {told[:200]}")
