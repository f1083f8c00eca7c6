import pickle
import struct

import pytest

from gil_demo.running.spans import ChunkedSpans, Span, Told


def make_chunk(who: int, start: float, size: int, name: str = "") -> Told:
    """Make a chunk of tasks of a second each, whose answers bear its name, if it has one."""
    ends = struct.pack(f"{size}d", *(start + n + 1 for n in range(size)))
    answers = pickle.dumps([f"{name}-{n}" for n in range(size)])
    return who, start, ends, answers if name else None


CHUNKS = [make_chunk(4711, 200.0, 2), make_chunk(4710, 100.0, 2, "one")]
SPANS = ChunkedSpans([*CHUNKS, make_chunk(4711, 300.0, 1, "two")])


def test_each_task_has_a_span_and_workers_are_numbered_by_their_first_tasks() -> None:
    assert list(SPANS) == [
        Span(0, 1, 200.0, 201.0, None),
        Span(1, 1, 201.0, 202.0, None),
        Span(2, 0, 100.0, 101.0, "one-0"),
        Span(3, 0, 101.0, 102.0, "one-1"),
        Span(4, 1, 300.0, 301.0, "two-0"),
    ]


def test_places_count_from_the_end_too_and_slices_are_lists() -> None:
    assert (len(SPANS), len(ChunkedSpans(CHUNKS))) == (5, 4)
    assert SPANS[-1] == SPANS[4]
    assert SPANS[1:4] == [SPANS[1], SPANS[2], SPANS[3]]
    assert SPANS[::-2] == [SPANS[4], SPANS[2], SPANS[0]]
    for place in (5, -6):
        with pytest.raises(IndexError):
            SPANS[place]
