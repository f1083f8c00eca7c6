import pickle
import struct

from gil_demo.running.spans import ChunkedSpans, Span, Told


def make_chunk(who: int, start: float, *answers: str | None) -> Told:
    ends = struct.pack(f"{len(answers)}d", *(start + n for n, _ in enumerate(answers, start=1)))
    return who, start, ends, pickle.dumps(answers) if any(answers) else None


def test_each_task_has_a_span_workers_are_numbered_by_first_tasks_and_slices_are_lists() -> None:
    first, second = make_chunk(4711, 200.0, None, None), make_chunk(4710, 100.0, "a", "b")
    spans = ChunkedSpans([first, second, make_chunk(4711, 300.0, "c")])
    assert list(spans) == [
        Span(0, 1, 200.0, 201.0, None),
        Span(1, 1, 201.0, 202.0, None),
        Span(2, 0, 100.0, 101.0, "a"),
        Span(3, 0, 101.0, 102.0, "b"),
        Span(4, 1, 300.0, 301.0, "c"),
    ]
    assert (len(spans), spans[-1]) == (5, spans[4])
    assert spans.list_answers() == [None, None, "a", "b", "c"]
    assert spans[::-2] == [spans[4], spans[2], spans[0]]
