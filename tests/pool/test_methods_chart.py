import re
from typing import Any

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from gil_demo.checks import ResultsError
from gil_demo.drawing.style import draw_png, get_look
from gil_demo.pool.methods import (
    METHODS,
    describe_methods,
    draw_methods,
    summarise_methods,
    title_methods,
)
from gil_demo.tables.kinds import draw_each
from tests.conftest import TableMaker
from tests.made.pool import Answers, make_arrivals
from tests.race.test_speed_chart import assert_inside, read_across, read_up
from tests.turns.test_chart import (
    assert_apart_from_the_heading,
    draw_strictly,
    list_lane_names,
)

NOTE = "the numbers are the tasks' places in the list"
RECORDED = {"recorded_on": "a 12-core desktop of a university's computer room, 2026-11-22"}


def make_many(tasks: int) -> Answers:
    return {"imap": [(task, 0.1 * task, 0.1 * task + 0.05) for task in range(1, tasks + 1)]}


CASES: dict[str, tuple[Answers | None, dict[str, Any]]] = {
    "ordinary": (None, {}),
    "one task": ({name: [(1, 0.1, 0.2)] for name in METHODS}, {}),
    "one method": ({"imap": [(1, 0.1, 0.2), (2, 0.1, 0.2)]}, {}),
    "one worker": ({"imap": [(1, 0.1, 0.2), (2, 0.1, 0.2)]}, {"workers": 1}),
    "sixty workers": (None, {"workers": 60, "usable_cores": 60}),
    "as many as are numbered": (make_many(12), {}),
    "more than are numbered": (make_many(13), {}),
    "a hundred tasks": (make_many(100), {}),
    "no wait": ({"imap": [(1, 0.2, 0.2), (2, 0.3, 0.3)]}, {}),
    "a task of no length": ({"map": [(1, 0.0, 1e-6)]}, {}),
    "no time at all": ({"map": [(1, 0.0, 0.0)]}, {}),
    "a long run": ({"map": [(1, 9_999.0, 99_999.0)]}, {}),
    "recorded": (None, RECORDED | {"start_method": "forkserver", "gil_enabled": False}),
}


@pytest.fixture(params=CASES)
def arrived(request: pytest.FixtureRequest) -> pd.DataFrame:
    answers, facts = CASES[request.param]
    return make_arrivals(answers, **facts)


def list_marks(axes: Axes, marker: str) -> list[tuple[float, float]]:
    """List the marks of a kind: when in milliseconds, and how far down."""
    lines: list[Line2D] = [line for line in axes.lines if line.get_marker() == marker]
    return sorted((read_across(line)[0], read_up(line)[0]) for line in lines)


def test_every_table_draws_without_a_warning_and_its_texts_are_true_and_whole(
    arrived: pd.DataFrame,
) -> None:
    chart, texts = draw_strictly(draw_methods, arrived)
    assert_inside(texts, chart)
    assert_apart_from_the_heading(chart, texts)
    summary = summarise_methods(arrived)
    title, conditions = title_methods(arrived, summary), describe_methods(arrived)
    assert [text.get_text() for text in chart.texts] == [title, conditions]
    assert chart.description.startswith(f"Chart. {title}. Answers: ")
    assert chart.description.endswith(f"Conditions: {conditions}.")
    assert not re.search(r"\bnan\b", chart.description)
    for row in summary.to_dict("records"):
        order = "in order" if row["is_in_order"] else "out of order"
        told = (
            f"{row['method']} first after {row['first_seconds']:.3f} s, last after "
            f"{row['last_seconds']:.3f} s, {order}"
        )
        assert told in chart.description


def test_there_is_a_lane_for_each_method_in_the_order_of_the_lesson() -> None:
    answers: Answers = {name: [(1, 0.1, 0.2)] for name in reversed(METHODS)}
    axes = draw_methods(make_arrivals(answers)).axes[0]
    assert list(list_lane_names(axes).values()) == list(METHODS)
    bottom, top = axes.get_ylim()
    assert top < 0 < len(METHODS) - 1 < bottom  # from the top down


def test_an_open_mark_is_where_a_task_ended_and_a_filled_one_where_its_answer_came() -> None:
    table = make_arrivals()
    axes = draw_methods(table.sample(frac=1.0, random_state=3)).axes[0]
    ends, arrivals = list_marks(axes, "o"), list_marks(axes, get_look("processes").marker)
    assert [at for at, _ in ends] == pytest.approx(sorted(1000 * table["end_seconds"]))
    assert [at for at, _ in arrivals] == pytest.approx(sorted(1000 * table["arrived_seconds"]))
    lanes = list(list_lane_names(axes).values())
    for marks, name in ((ends, "end_seconds"), (arrivals, "arrived_seconds")):
        seen = sorted((round(place), round(at, 6)) for at, place in marks)
        expected = sorted(
            (lanes.index(method), round(1000 * at, 6))
            for method, at in zip(table["method"], table[name], strict=True)
        )
        assert seen == expected
    assert axes.get_xlim() == pytest.approx((0, 303 * 1.04))


def test_between_the_marks_of_a_task_lies_the_time_for_which_its_answer_waited() -> None:
    table = make_arrivals({"imap": [(1, 0.3, 0.31), (2, 0.1, 0.32)]})
    axes = draw_methods(table).axes[0]
    waits = [line for line in axes.lines if line.get_marker() in ("None", None, "")]
    across = sorted(read_across(line) for line in waits)
    assert across == [pytest.approx([100, 320]), pytest.approx([300, 310])]
    for line in waits:
        assert read_up(line)[0] == read_up(line)[1]


def test_the_tasks_of_a_method_stand_one_below_the_other_the_first_on_top() -> None:
    table = make_arrivals({"imap_unordered": [(3, 0.1, 0.1), (1, 0.2, 0.2), (2, 0.3, 0.3)]})
    axes = draw_methods(table).axes[0]
    by_time = [place for _, place in list_marks(axes, "o")]
    assert by_time[1] < by_time[2] < by_time[0]
    numbers = [text.get_text() for text in axes.texts if text.get_text().isdigit()]
    assert sorted(numbers) == ["1", "2", "3"]


@pytest.mark.parametrize(("tasks", "is_numbered"), [(12, True), (13, False)])
def test_what_the_numbers_are_is_told_where_there_are_numbers(
    tasks: int, is_numbered: bool
) -> None:
    axes = draw_methods(make_arrivals(make_many(tasks))).axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert any(text.isdigit() for text in texts) == is_numbered
    assert (NOTE in texts) == is_numbered


def test_a_recorded_run_says_so_in_the_picture_and_the_description() -> None:
    chart = draw_methods(make_arrivals(recorded_on="a laptop"))
    assert all(text.get_text().startswith("Recorded ") for text in chart.texts)
    assert chart.description.startswith("Chart. Recorded run: ")
    assert "a laptop" in chart.description


def test_drawing_leaves_the_table_as_it_is_and_draws_the_same_again() -> None:
    table = make_arrivals()
    before = table.copy(deep=True)
    assert draw_png(draw_methods(table)) == draw_png(draw_methods(table))
    pd.testing.assert_frame_equal(table, before)


def test_the_door_to_the_charts_leads_here() -> None:
    table = make_arrivals()
    (chart,) = draw_each(table)
    assert chart.description == draw_methods(table).description


def test_a_table_of_another_kind_is_refused(make_run: TableMaker) -> None:
    both = pd.concat([make_arrivals(run_id="one"), make_arrivals(run_id="two")], ignore_index=True)
    for bad in (None, pd.DataFrame(), both, make_run(), make_arrivals().drop(columns="run_id")):
        with pytest.raises(ResultsError):
            draw_methods(bad)  # type: ignore[arg-type]
