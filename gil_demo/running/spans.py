"""What every runner gives: a way to run tasks, and a span for each of them."""

import pickle
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeVar

Task = TypeVar("Task")


class Span(NamedTuple):
    """When one task ran, and where."""

    task: int  # its place in the list, from 0
    worker: int  # numbered from 0 in the order of their first tasks; in `threads`, as the task is
    start: float  # seconds on the machine's performance counter
    end: float  # on the same clock
    answer: Any = None  # what the task gave back


Told = tuple[int, float, bytes, bytes | None]
"""What a worker tells of a chunk of tasks: who it is (its process's id, say), when the first task
started, in seconds on the machine's performance counter, which all processes share, when each
ended, as doubles in native order, and the list of answers, pickled; None if all of them are.
"""


def cut(tasks: Sequence[Task], chunksize: int) -> list[Sequence[Task]]:
    """Cut tasks into chunks of a size; the last one may be smaller."""
    return [tasks[first : first + chunksize] for first in range(0, len(tasks), chunksize)]


class ChunkedSpans(Sequence[Span]):
    """The spans of a map, each made when it is asked for: tiny tasks come by the 100,000.

    Takes the chunks in the order of the list, all of one size but the last; raises a TypeError if
    an answer can't be rebuilt here.
    """

    def __init__(self, chunks: Sequence[Told]) -> None:
        by_start = sorted(chunks, key=lambda chunk: chunk[1])
        everyone = dict.fromkeys(who for who, *_ in by_start)
        numbers = {who: number for number, who in enumerate(everyone)}
        self._chunks = [
            (numbers[who], start, memoryview(ends).cast("d"), _unpickle(answers))
            for who, start, ends, answers in chunks
        ]
        self._size = len(self._chunks[0][2])

    def __len__(self) -> int:
        return self._size * (len(self._chunks) - 1) + len(self._chunks[-1][2])

    def __getitem__(self, place: Any) -> Any:
        numbers = range(len(self))[place]
        return self._make(numbers) if isinstance(numbers, int) else [*map(self._make, numbers)]

    def list_answers(self) -> list[Any]:
        """List what the tasks gave back, without a span for each."""
        return [
            answer
            for _, _, ends, answers in self._chunks
            for answer in (answers or [None] * len(ends))
        ]

    def _make(self, number: int) -> Span:
        worker, start, ends, answers = self._chunks[number // self._size]
        place = number % self._size
        if place:
            start = ends[place - 1]  # a task starts when the one before it has ended
        return Span(number, worker, start, ends[place], answers and answers[place])


def _unpickle(answers: bytes | None) -> Any:
    if answers is None:
        return None
    try:
        return pickle.loads(answers)
    except Exception as reason:
        raise TypeError(f"what a task gave back can't be rebuilt here ({reason})") from None


class Run(Protocol):
    """What a runner gives: runs a function once for each task and tells when each ran."""

    def __call__(self, function: Callable[[Any], object], tasks: Sequence[Any]) -> Sequence[Span]:
        """Run `function(task)` for each task; return one span a task, in the tasks' order."""


Runner = Callable[..., AbstractContextManager[Run]]
