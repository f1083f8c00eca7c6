"""The methods of a pool: when their answers come, what is told of them and where it is drawn."""

import multiprocessing
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from matplotlib.axes import Axes

from gil_demo import ResultsError, WorkerDied, compare_methods, draw, summarise, verdict
from gil_demo.pool import methods
from gil_demo.pool.methods import METHODS, time_answers
from gil_demo.running.pools import pool_held
from tests import charts
from tests.conftest import METHODS as START_METHODS
from tests.made import tasks
from tests.made.pool import Answers, make_arrivals, put

COUNTS = (20_000, 100, 1, 1_000, 100)
SLACK_SECONDS = 0.05

in_a_pool = pytest.mark.usefixtures("nothing_hangs", "no_wait")
each_way = pytest.mark.parametrize("name", ["map", "imap", "apply_async"])


# what real methods give


@in_a_pool
def test_every_method_gives_the_answer_of_every_task_once(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "COUNTS", COUNTS)
    table = compare_methods(start_method=method)
    assert table["method"].tolist() == [name for name in METHODS for _ in COUNTS]
    assert table["place"].tolist() == [1, 2, 3, 4, 5] * 5
    assert table["steps"].tolist() == [COUNTS[task - 1] for task in table["task"]]
    assert set(table["start_method"]) == {method}
    # the workers' clock and the caller's are one
    assert (table["end_seconds"] >= 0).all()
    assert (table["arrived_seconds"] >= table["end_seconds"]).all()
    assert (table["arrived_seconds"] >= table["returned_seconds"]).all()
    summary = summarise(table).set_index("method")
    assert summary["is_in_order"][["map", "starmap", "imap"]].all()
    assert multiprocessing.active_children() == []


@in_a_pool
@pytest.mark.parametrize("name", METHODS)
def test_a_method_hands_over_what_is_ready_and_a_map_what_is_whole(name: str) -> None:
    counts = [1_000_000, *[100] * 18]
    with pool_held(2, START_METHODS[0]) as held:
        answers = list(time_answers(name, held, counts))
    ends: list[Any] = [answer["end_seconds"] for answer in answers]
    is_map = name in ("map", "starmap")
    assert {answer["chunksize"] for answer in answers} == {3 if is_map else 1}
    assert (answers[0]["returned_seconds"] >= max(ends)) == is_map
    if name in ("imap_unordered", "apply_async"):
        # between its end and its answer's departure a worker may lose its core for a moment
        assert all(end <= after + SLACK_SECONDS for end, after in pairwise(ends))


@in_a_pool
@each_way
def test_a_worker_that_dies_ends_a_method(
    name: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "count_pair", tasks.die)
    monkeypatch.setattr(methods, "count_numbered", tasks.die_of_two)
    with (
        pytest.raises(WorkerDied, match=r"exit code 3.* with 2 tasks under way"),
        pool_held(2, method) as held,
    ):
        list(time_answers(name, held, (5, 5)))
    assert multiprocessing.active_children() == []


@in_a_pool
@each_way
def test_an_interrupt_in_the_midst_of_a_method_leaves_nothing(
    name: str, method: str, interrupted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = METHODS[name]
    monkeypatch.setitem(METHODS, name, genuine._replace(call=interrupted(genuine.call)))
    with pytest.raises(KeyboardInterrupt), pool_held(2, method) as held:
        list(time_answers(name, held, (10**9, 10**9)))
    assert multiprocessing.active_children() == []


# what is no whole table


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("task", 1, "b4c5d6 is not whole: the tasks of imap are not those from 1 to 3, each once"),
        ("place", 4, "b4c5d6 is not whole: the tasks of imap are not those from 1 to 3, each once"),
        ("workers", 3, ", run b4c5d6 is no single run: its rows differ in workers"),
        ("method", "amap", f"row 5: method must be {' or '.join(METHODS)}, not 'amap'"),
    ],
)
def test_answers_with_one_wrong_value_are_refused(name: str, value: object, told: str) -> None:
    with pytest.raises(ResultsError, match=f"{told}$"):
        verdict(put(make_arrivals(), 5, **{name: value}))


def test_a_method_that_lacks_an_answer_is_refused() -> None:
    with pytest.raises(ResultsError, match="is not whole: the tasks of imap are not those from 1"):
        verdict(make_arrivals().drop(index=5))


# what they say


def test_the_methods_are_summed_up_in_the_order_of_the_lesson() -> None:
    answers: Answers = {
        "imap_unordered": [(2, 0.25, 0.5), (1, 1.0, 1.125), (3, 1.0, 1.5)],
        "map": [(1, 0.5, 1.0), (2, 0.25, 1.0), (3, 0.75, 1.0)],
    }
    summary = summarise(make_arrivals(answers).sample(frac=1.0, random_state=2))
    assert summary.columns.tolist() == [
        *("method", "chunksize", "answers", "returned_seconds", "first_seconds"),
        *("last_seconds", "waited_seconds", "is_in_order"),
    ]
    assert summary.to_numpy().tolist() == [
        ["map", 1, 3, 1.0, 1.0, 1.0, 0.5, True],
        ["imap_unordered", 1, 3, 0.001, 0.5, 1.5, 0.25, False],
    ]


def test_the_methods_are_told_in_these_sentences() -> None:
    answers: Answers = {
        "map": [(1, 0.3, 0.301), (2, 0.1, 0.302)],
        "starmap": [(1, 0.5, 1.5), (2, 0.75, 1.5)],
        "imap": [(1, 0.3, 0.301), (2, 0.1, 0.303)],
        "imap_unordered": [(2, 0.1, 0.101), (1, 0.3, 0.303)],
        "apply_async": [(2, 0.5, 0.75), (1, 1.0, 1.25)],
    }
    assert verdict(make_arrivals(answers)).splitlines() == [
        "map gives a list, when all tasks are done.",
        "  It returned after 301 ms; the first answer was there after 301 ms, the last after "
        "302 ms, in the list's order.",
        "starmap gives a list, as map does; the tasks are tuples of arguments.",
        "  It returned after 1.5 s; the first answer was there after 1.5 s, the last after "
        "1.5 s, in the list's order.",
        "imap gives an iterator, in the list's order.",
        "  It returned after 1 ms; the first answer was there after 301 ms, the last after "
        "303 ms, in the list's order.",
        "imap_unordered gives an iterator, in the order in which tasks end.",
        "  It returned after 1 ms; the first answer was there after 101 ms, the last after "
        "303 ms, not in the list's order.",
        "apply_async gives a handle for each task, to ask whenever you like.",
        "  It returned after 1 ms; the first answer was there after 750 ms, the last after "
        "1.25 s, not in the list's order.",
    ]


@pytest.mark.parametrize(
    ("firsts", "title"),
    [
        ({"map": 0.3, "imap": 0.2, "starmap": 0.1}, "starmap after 100 ms, map after 300 ms"),
        ({"starmap": 0.25}, "starmap after 250 ms"),
        ({"map": 0.1, "apply_async": 0.1}, "map after 100 ms, apply_async after 100 ms"),
    ],
)
def test_the_title_tells_the_method_with_the_first_answer_and_that_with_the_last(
    firsts: dict[str, float], title: str
) -> None:
    table = make_arrivals({name: [(1, 0.05, first)] for name, first in firsts.items()})
    assert draw(table).texts[0].get_text() == f"The first answer: {title}"


# the chart


def list_marks(axes: Axes, marker: str) -> list[tuple[float, float]]:
    """List the marks of a kind: when in milliseconds, and how far down."""
    lines = [line for line in axes.lines if line.get_marker() == marker]
    return [(charts.read_across(line)[0], charts.read_up(line)[0]) for line in lines]


def test_a_chart_is_told_in_these_words() -> None:
    assert draw(make_arrivals(start_method="spawn")).description == (
        "Chart. The first answer: imap_unordered after 101 ms, imap after 301 ms. Answers: map "
        "first after 0.301 s, last after 0.302 s, in order; imap first after 0.301 s, last after "
        "0.303 s, in order; imap_unordered first after 0.101 s, last after 0.303 s, out of order. "
        "Conditions: CPython 3.13.0, Linux, two usable cores, two workers by spawn, already "
        "started; three tasks, one run of each."
    )


def test_each_task_has_an_open_mark_at_its_end_and_a_filled_one_at_its_answer() -> None:
    table = make_arrivals({"imap_unordered": [(2, 0.1, 0.11), (1, 0.3, 0.32)]})
    axes = draw(table).axes[0]
    places = [0.17, -0.17]  # the first task of the list is above the second
    for marker, moments in {"o": [100, 300], "s": [110, 320]}.items():
        marks = list_marks(axes, marker)
        assert [at for at, _ in marks] == pytest.approx(moments)
        assert [place for _, place in marks] == pytest.approx(places)
    waits = [charts.read_across(line) for line in axes.lines if len(line.get_xdata()) == 2]
    assert waits == [pytest.approx([100, 110]), pytest.approx([300, 320])]
    assert axes.get_xlim() == pytest.approx((0, 320 * 1.04))


def test_the_methods_stand_one_below_the_other_in_the_order_of_the_lesson() -> None:
    axes = draw(make_arrivals({name: [(1, 0.1, 0.2)] for name in reversed(METHODS)})).axes[0]
    assert list(charts.list_lane_names(axes).values()) == list(METHODS)
    assert axes.get_ylim() == (4.5, -0.5)


@pytest.mark.parametrize("many", [12, 13])
def test_what_the_numbers_are_is_told_where_there_are_numbers(many: int) -> None:
    imap = [(task, 0.1 * task, 0.1 * task + 0.05) for task in range(1, many + 1)]
    texts = [text.get_text() for text in draw(make_arrivals({"imap": imap})).axes[0].texts]
    numbers = [str(task) for task in range(1, 13)]
    note = "the numbers are the tasks' places in the list"
    assert sorted(texts) == (sorted([*numbers, note]) if many == 12 else [])


@pytest.mark.parametrize("seconds", [0.0, 99_999.0])
def test_the_texts_of_any_chart_are_whole(seconds: float) -> None:
    table = make_arrivals({name: [(1, seconds, seconds)] for name in METHODS}, workers=60)
    charts.assert_readable(draw, table)
