"""What every runner gives: a way to run tasks, and a span for each of them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, overload


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


class Chunk(NamedTuple):
    """Tasks that one worker ran one after another.

    Attributes:
        worker: which worker ran them.
        start: when the first of them started, in seconds on the machine's performance counter.
        ends: when each of them ended, on the same clock; the next one started then.
        answers: what each gave back; None if all of it is None.
    """

    worker: int
    start: float
    ends: Sequence[float]
    answers: Sequence[object] | None


class ChunkedSpans(Sequence[Span]):
    """The spans of a map, each made when it is asked for: tiny tasks come by the 100,000.

    Args:
        chunks: the chunks in the order of the list, all of one size but the last.
    """

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self._chunks = chunks
        self._size = len(chunks[0].ends)

    def __len__(self) -> int:
        """Return the number of tasks."""
        return self._size * (len(self._chunks) - 1) + len(self._chunks[-1].ends)

    @overload
    def __getitem__(self, place: int) -> Span: ...

    @overload
    def __getitem__(self, place: slice) -> list[Span]: ...

    def __getitem__(self, place: int | slice) -> Span | list[Span]:
        """Return the span of the task at a place of the list, or those of a slice."""
        numbers = range(len(self))[place]
        return self._make(numbers) if isinstance(numbers, int) else [*map(self._make, numbers)]

    def _make(self, number: int) -> Span:
        chunk, place = self._chunks[number // self._size], number % self._size
        start = chunk.ends[place - 1] if place else chunk.start
        answer = None if chunk.answers is None else chunk.answers[place]
        return Span(number, chunk.worker, start, chunk.ends[place], answer)


class Run(Protocol):
    """What a runner gives: runs a function once for each task and tells when each ran."""

    def __call__(self, function: Callable[[Any], object], tasks: Sequence[Any]) -> Sequence[Span]:
        """Run `function(task)` for each task; return one span a task, in the tasks' order."""


Runner = Callable[..., AbstractContextManager[Run]]
