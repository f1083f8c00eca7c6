"""What every runner gives: a way to run tasks, and a span for each of them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol


class Span(NamedTuple):
    """When one task ran, and where.

    Attributes:
        task: place of the task in the list, from 0.
        worker: which worker ran it, numbered from 0 in the order of their first tasks.
        start: seconds on the machine's performance counter.
        end: seconds on the same clock.
        answer: what the task gave back.
    """

    task: int
    worker: int
    start: float
    end: float
    answer: Any = None


class Run(Protocol):
    """What a runner gives: runs a function once for each task and tells when each ran."""

    def __call__(self, function: Callable[[Any], object], tasks: Sequence[Any]) -> list[Span]:
        """Run `function(task)` for each task; return one span a task, in the tasks' order."""


Runner = Callable[..., AbstractContextManager[Run]]
