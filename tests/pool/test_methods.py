from typing import Any

import pytest

import gil_demo
from gil_demo import ResultsError, WorkerDied, compare_methods
from gil_demo.pool import methods
from gil_demo.running.pools import pool_held
from tests import charts
from tests.conftest import METHODS
from tests.made.pool import Answers, make_arrivals, put
from tests.made.tasks import die, tell_death
from tests.made.unchecked import draw, summarise, verdict

COUNTS = (20_000, 100, 1, 1_000, 100)
pytestmark = pytest.mark.usefixtures("nothing_hangs", "no_wait")


def test_each_task_is_answered_once(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "COUNTS", COUNTS)
    table = compare_methods(start_method=method)
    assert table["method"].tolist() == [name for name in methods.METHODS for _ in COUNTS]
    assert table["place"].tolist() == [1, 2, 3, 4, 5] * 5
    assert table["steps"].tolist() == [COUNTS[task - 1] for task in table["task"]]
    assert set(table["start_method"]) == {method}
    # the workers' clock and the caller's are one
    assert (table["end_seconds"] >= 0).all()
    assert (table["arrived_seconds"] >= table["end_seconds"]).all()
    assert summarise(table)["is_in_order"][:3].all()


@pytest.mark.parametrize("name", methods.METHODS)
def test_a_method_hands_over_what_is_ready_and_a_map_what_is_whole(name: str) -> None:
    with pool_held(2, METHODS[0]) as held:
        answers = list(methods.time_answers(name, held, [10_000_000, *[100] * 18]))
    long: Any = next(answer["end_seconds"] for answer in answers if answer["task"] == 1)
    is_in_order = name in ("map", "starmap", "imap")
    assert (answers[0]["arrived_seconds"] >= long) == is_in_order
    assert ([answer["task"] for answer in answers] == [*range(1, 20)]) == is_in_order


@pytest.mark.parametrize("name", ["map", "imap", "apply_async"])  # each waits in its own way
def test_a_worker_that_dies_ends_the_wait_for_answers(
    name: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(methods, "count_pair", die)
    monkeypatch.setattr(methods, "count_numbered", die)
    told = f"{tell_death(method)} with 2 tasks under way"
    with pytest.raises(WorkerDied, match=told), pool_held(2, method) as held:
        list(methods.time_answers(name, held, (1, 1)))


def test_the_methods_are_summed_up_in_the_order_of_the_lesson_if_no_answer_lacks() -> None:
    answers: Answers = {
        "imap_unordered": [(2, 0.25, 0.5), (1, 1.0, 1.125), (3, 1.0, 1.5)],
        "map": [(1, 0.5, 1.0), (2, 0.25, 1.0), (3, 0.75, 1.0)],
    }
    summary = summarise(make_arrivals(answers).sample(frac=1.0, random_state=2))
    assert summary.to_dict("list") == {
        "method": ["map", "imap_unordered"], "answers": [3, 3],
        "first_seconds": [1.0, 0.5], "last_seconds": [1.0, 1.5],
        "done_at_first": [3, 1], "is_in_order": [True, False],
    }  # fmt: skip
    table = make_arrivals()
    told = "run b4c5d6 is not whole: the tasks of imap are not those from 1 to 3, each once$"
    for broken in (put(table, 5, "task", 1), put(table, 5, "place", 4), table.drop(index=5)):
        with pytest.raises(ResultsError, match=told):
            gil_demo.verdict(broken)
    with pytest.raises(ResultsError, match=r"is no single run: its rows differ in workers$"):
        gil_demo.verdict(put(table, 5, "workers", 3))


def test_the_methods_are_told_in_these_words() -> None:
    lines = verdict(make_arrivals()).splitlines()
    assert lines[0] == "map gives a list, when all tasks are done."
    assert lines[2:] == [
        "imap gives one answer after another, in the list's order.",
        "  When its first answer was there, three of three tasks were done; the answers came in "
        "the list's order.",
        "imap_unordered gives one answer after another, in the order in which tasks end.",
        "  When its first answer was there, one of three tasks was done; the answers came out of "
        "the list's order.",
        "One run of each: it tells the order, not which method is quicker.",
    ]
    more = make_arrivals({name: [(1, 0.1, 0.25)] for name in ("starmap", "apply_async")})
    assert verdict(more).splitlines()[:4:2] == [
        "starmap gives a list, as map does; the tasks are tuples of arguments.",
        "apply_async gives an object for each task, whose get() waits for the answer.",
    ]
    alone = draw(more[more["method"] == "starmap"])
    assert alone.texts[0].get_text() == "Tasks done when the first answer came: one by starmap"
    assert draw(make_arrivals(start_method="spawn")).description == (
        "Chart. Tasks done when the first answer came: one by imap_unordered, three by map and "
        "imap. Answers: map "
        "first after 0.301 s, last after 0.302 s, in order; imap first after 0.301 s, last after "
        "0.303 s, in order; imap_unordered first after 0.101 s, last after 0.303 s, out of order. "
        "Conditions: CPython 3.13.0, Linux, two usable cores, two workers by spawn, already "
        "started; three tasks, one run of each."
    )


def test_each_task_has_an_open_mark_at_its_end_and_a_filled_and_numbered_one_at_its_answer() -> (
    None
):
    axes = draw(make_arrivals({"imap_unordered": [(2, 0.1, 0.11), (1, 0.3, 0.32)]})).axes[0]
    marks = [(line.get_marker(), charts.read_across(line)) for line in axes.lines]
    assert marks[:3] == [("None", [100, 110]), ("o", [100]), ("s", [110])]
    assert marks[3:] == [("None", [300, 320]), ("o", [300]), ("s", [320])]
    # the first task of the list is above the second
    places = [charts.read_up(line)[0] for line in axes.lines]
    assert places == pytest.approx([0.17] * 3 + [-0.17] * 3)
    assert axes.get_xlim() == pytest.approx((0, 320 * 1.04))
    note = "the numbers are the tasks' places in the list"
    for many, told in ((12, [*map(str, range(1, 13)), note]), (13, [])):
        imap = [(task, 0.1 * task, 0.1 * task + 0.05) for task in range(1, many + 1)]
        axes = draw(make_arrivals({"imap": imap})).axes[0]
        assert [text.get_text() for text in axes.texts] == told


def test_the_texts_of_any_chart_are_whole_and_the_methods_in_the_order_of_the_lesson() -> None:
    for seconds in (0.0, 99_999.0):
        answers = {name: [(1, seconds, seconds)] for name in reversed(methods.METHODS)}
        axes = charts.assert_readable(draw, make_arrivals(answers, workers=60)).axes[0]
        assert list(charts.list_lane_names(axes).values()) == list(methods.METHODS)
        assert axes.get_ylim() == (4.5, -0.5)
