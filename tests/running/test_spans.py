from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gil_demo.running.spans import Chunk, ChunkedSpans, Span


def make_chunks(sizes: Sequence[int], *, answers: bool = False) -> ChunkedSpans:
    """Chunks of whole seconds: the first task of each starts with its chunk's place, times 100."""
    return ChunkedSpans(
        [
            Chunk(
                worker=place % 2,
                start=100.0 * place,
                ends=[100.0 * place + n + 1 for n in range(size)],
                answers=[f"{place}-{n}" for n in range(size)] if answers else None,
            )
            for place, size in enumerate(sizes)
        ]
    )


def test_each_task_has_its_own_span_with_its_worker_and_its_answer() -> None:
    assert list(make_chunks([2, 2, 1], answers=True)) == [
        Span(0, 0, 0.0, 1.0, "0-0"),
        Span(1, 0, 1.0, 2.0, "0-1"),
        Span(2, 1, 100.0, 101.0, "1-0"),
        Span(3, 1, 101.0, 102.0, "1-1"),
        Span(4, 0, 200.0, 201.0, "2-0"),
    ]


def test_a_chunk_without_answers_gives_none_for_each_task() -> None:
    assert [span.answer for span in make_chunks([3, 1])] == [None] * 4


@given(size=st.integers(1, 7), whole=st.integers(0, 5), rest=st.integers(1, 7))
def test_tasks_are_counted_and_numbered_from_zero(size: int, whole: int, rest: int) -> None:
    spans = make_chunks([size] * whole + [min(rest, size)])
    assert [span.task for span in spans] == list(range(len(spans)))
    assert len(spans) == size * whole + min(rest, size)


def test_places_count_from_the_end_too_and_slices_are_lists() -> None:
    spans = make_chunks([2, 2, 1])
    assert spans[-1] == spans[4]
    assert spans[1:4] == [spans[1], spans[2], spans[3]]
    assert spans[::-2] == [spans[4], spans[2], spans[0]]


@pytest.mark.parametrize("place", [5, -6])
def test_a_place_beyond_the_list_is_refused(place: int) -> None:
    with pytest.raises(IndexError):
        make_chunks([2, 2, 1])[place]
