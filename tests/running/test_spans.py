import pickle
import struct
from collections.abc import Sequence

import pytest

from gil_demo.running.spans import ChunkedSpans, Span


def make_spans(sizes: Sequence[int]) -> ChunkedSpans:
    """Make chunks of whole seconds: the first task of each starts with its place, times 100."""
    return ChunkedSpans(
        [
            (
                4711 - place % 2,
                100.0 * place,
                struct.pack(f"{size}d", *(100.0 * place + n + 1 for n in range(size))),
                pickle.dumps([f"{place}-{n}" for n in range(size)]) if place else None,
            )
            for place, size in enumerate(sizes)
        ]
    )


def test_each_task_has_its_own_span_with_its_worker_and_its_answer() -> None:
    assert list(make_spans([2, 2, 1])) == [
        Span(0, 0, 0.0, 1.0, None),
        Span(1, 0, 1.0, 2.0, None),
        Span(2, 1, 100.0, 101.0, "1-0"),
        Span(3, 1, 101.0, 102.0, "1-1"),
        Span(4, 0, 200.0, 201.0, "2-0"),
    ]


def test_workers_are_numbered_in_the_order_of_their_first_tasks() -> None:
    ends = struct.pack("d", 9.0)
    spans = ChunkedSpans([(7, 3.0, ends, None), (8, 1.0, ends, None), (9, 2.0, ends, None)])
    assert [span.worker for span in spans] == [2, 0, 1]


def test_places_count_from_the_end_too_and_slices_are_lists() -> None:
    spans = make_spans([2, 2, 1])
    assert (len(spans), len(make_spans([3])), len(make_spans([3, 3]))) == (5, 3, 6)
    assert spans[-1] == spans[4]
    assert spans[1:4] == [spans[1], spans[2], spans[3]]
    assert spans[::-2] == [spans[4], spans[2], spans[0]]
    for place in (5, -6):
        with pytest.raises(IndexError):
            spans[place]
