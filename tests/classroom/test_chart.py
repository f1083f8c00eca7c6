from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from gil_demo.checks import ResultsError
from gil_demo.classroom.chart import (
    draw_pythons,
    draw_slowdowns,
    draw_speed_ups,
    draw_systems,
    scatter,
)
from gil_demo.drawing.style import Chart, draw_png
from tests.conftest import spread
from tests.made.classroom import make_class_table, number_machines

CHARTS = [draw_slowdowns, draw_speed_ups, draw_systems, draw_pythons]
Draw = Callable[[pd.DataFrame], Chart]

each_chart = pytest.mark.parametrize("draw", CHARTS)


def list_texts(chart: Chart) -> list[str]:
    return [text.get_text() for text in chart.findobj() if hasattr(text, "get_text")]


@each_chart
def test_a_chart_says_what_it_shows_and_of_how_many(draw: Draw) -> None:
    chart = draw(make_class_table())
    assert chart.description.startswith("Chart. ")
    assert "seven machines (Linux 5, macOS 1, Windows 1)" in chart.description
    assert draw_png(chart).startswith(b"\x89PNG")


@each_chart
@pytest.mark.parametrize(
    ("origin", "head"), [("a laptop", "Recorded runs: "), ("made up from x", "Made-up class: ")]
)
def test_a_made_up_or_recorded_class_says_so_in_its_title(
    draw: Draw, origin: str, head: str
) -> None:
    chart = draw(make_class_table(recorded_on=origin))
    assert chart.description.startswith(f"Chart. {head}")
    assert any(text.startswith(head) for text in list_texts(chart))


@each_chart
def test_names_and_facts_of_files_are_drawn_as_they_stand(draw: Draw) -> None:
    bad = r"$\frac{1}{0}$"
    machines = {
        f"{bad}<b>{n}": {"threads": ratio, "processes": ratio / 2, "operating_system": bad}
        for n, ratio in enumerate([*spread(1.0, 8), 2.5])
    }
    chart = draw(make_class_table(machines))
    draw_png(chart)
    for text in chart.findobj(lambda artist: bad in getattr(artist, "get_text", str)()):
        assert not (text.get_visible() and text.get_parse_math())  # type: ignore[attr-defined]
    assert "<b>" not in chart._repr_mimebundle_()[0]["text/html"]


@pytest.mark.parametrize(
    ("draw", "runner"),
    [
        (draw_slowdowns, "threads"),
        (draw_speed_ups, "processes"),
        (draw_systems, "processes"),
        (draw_pythons, "threads"),
    ],
)
def test_without_runs_of_its_kind_there_is_no_chart(draw: Draw, runner: str) -> None:
    other = {"threads": "processes", "processes": "threads"}[runner]
    with pytest.raises(ResultsError, match=f"no machine of the class ran {runner}"):
        draw(make_class_table({"anna": {other: 0.6}}))


def test_every_machine_of_a_small_class_is_named_and_outliers_of_a_large_one() -> None:
    small = draw_slowdowns(make_class_table())
    assert {"anna", "ben", "finn"} <= set(list_texts(small))
    large = draw_slowdowns(make_class_table(number_machines([*spread(1.0, 60), 3.0])))
    assert [text for text in list_texts(large) if text.startswith("m0")] == ["m060"]
    assert "55 more" in large.description


def test_slowdowns_have_a_mark_for_each_machine_hollow_without_a_verdict() -> None:
    (axes,) = draw_slowdowns(make_class_table()).axes
    marks = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert sum(np.size(line.get_xdata()) for line in marks) == 7
    hollow = [line for line in marks if line.get_markerfacecolor() == "#ffffff"]
    assert sum(np.size(line.get_xdata()) for line in hollow) == 1


def test_speed_ups_have_the_ideal_of_each_number_of_workers() -> None:
    two, four = make_class_table(), make_class_table(workers=4)
    both = pd.concat([two, four[four["runner"] == "processes"]], ignore_index=True)
    texts = list_texts(draw_speed_ups(both))
    assert {"ideal of 2", "ideal of 4"} <= set(texts)


def test_groups_are_told_with_their_number_and_median() -> None:
    chart = draw_systems(make_class_table())
    assert "Linux, fork (5)" in list_texts(chart)
    assert "Linux, fork, 5: to start and to end processes 15 ms" in chart.description
    assert "3.9 (1)" in list_texts(draw_pythons(make_class_table()))


def test_marks_of_one_place_are_kept_apart_in_the_same_way_each_time() -> None:
    assert scatter(50, 0.1) == scatter(50, 0.1)
    assert len(set(scatter(50, 0.1))) == 50
    assert all(0.9 <= factor <= 1.1 for factor in scatter(50, 0.1))
