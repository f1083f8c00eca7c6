from functools import partial

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text

import gil_demo
from gil_demo import ResultsError
from gil_demo.classroom.chart import scatter
from gil_demo.drawing.style import draw_png
from tests.charts import assert_apart, assert_readable, read_across, read_up
from tests.made.classroom import ORDINARY_MACHINES, make_class_table, number_machines
from tests.made.runs import spread
from tests.made.unchecked import draw, verdict

SAID = {
    "slowdowns": "Two threads took 1.05 × as long as the plain loop (median of five machines "
    "with the GIL). Threads over the plain loop: eve 0.56; dan 0.99; anna 1.02; gus 1.04; ",
    "speed_ups": "Two processes ran at 1.84 × the speed of the plain loop (median of six machines)"
    ". Speed-up and usable cores: anna 1.82 on 2; ben 1.92 on 4; cleo 1.67 on 2; ",
    "systems": "Starting and ending two processes took 15 ms with Linux, fork to 150 ms with "
    "macOS, spawn (medians). Medians of groups: Linux, fork, 4 of 5 count: to start and to end "
    "processes 15 ms, speed-up, start and end counted (×) 1.64; ",
    "pythons": "Two threads over the plain loop: 0.56 × with 3.13 without the GIL to 1.08 × with "
    "3.13 (medians). Medians of groups: 3.9, 1: threads' time over the plain loop's (×) 0.99, "
    "speed-up of processes (×) 1.85; 3.13, 4 of 5 count: ",
}

draw_speed_ups = partial(draw, chart="speed_ups")


def list_medians(axes: Axes) -> list[float]:
    return [read_across(line)[0] for line in axes.lines if line.get_linewidth() == 2.6]


@pytest.mark.parametrize("name", SAID)
def test_a_chart_says_what_it_shows_and_of_how_many(name: str) -> None:
    chart = draw(make_class_table(), name)
    assert chart.description.startswith(f"Chart. {SAID[name]}")
    assert "Conditions: seven machines (Linux 5, macOS 1, Windows 1); eig" in chart.description


@pytest.mark.parametrize("name", SAID)
def test_names_and_facts_of_files_are_drawn_as_they_stand(name: str) -> None:
    bad = r"$\frac{1}{0}$"
    machines = {
        f"{bad}<b>{n}": {"threads": ratio, "processes": ratio / 2, "operating_system": bad}
        for n, ratio in enumerate([*spread(1.0, 8), 2.5])
    }
    chart = draw(make_class_table(machines), name)
    draw_png(chart)
    for text in chart.findobj(lambda artist: bad in getattr(artist, "get_text", str)()):
        assert not (text.get_visible() and text.get_parse_math())
    assert "<b>" not in chart._repr_mimebundle_()[0]["text/html"]


def test_a_title_is_of_the_machines_that_can_carry_a_verdict_or_says_that_none_can() -> None:
    busy = {name: {**ORDINARY_MACHINES[name], "busy_percent": 95.0} for name in ("cleo", "eve")}
    table = make_class_table({**ORDINARY_MACHINES, **busy})
    pythons, systems = (draw(table, name).texts[0].get_text() for name in ("pythons", "systems"))
    ends = "0.99 × with 3.9 to 1.10 × with 3.13"
    assert pythons == f"Two threads over the plain loop: {ends} (medians)"
    starts = "15 ms with Linux, fork {} 150 ms with Windows, spawn"
    assert systems == f"Starting and ending two processes took {starts.format('to')} (medians)"
    assert starts.format("and") in verdict(table)
    (left, _) = draw(table, "systems").axes
    labels = ["Linux, fork\n(3 of 5 count)", "Windows, spawn\n(1)", "macOS, spawn\n(0 of 1 count)"]
    assert [label.get_text() for label in left.get_yticklabels()] == labels
    assert list_medians(left) == pytest.approx([0.015, 0.15])
    nobody = make_class_table(usable_cores=1)
    for name, runner in (("pythons", "threads"), ("systems", "processes")):
        chart = draw(nobody, name)
        assert chart.texts[0].get_text() == f"No verdict on {runner}"
        assert ", 0 of 5 count: " in chart.description
        assert not list_medians(chart.axes[0])


def test_without_runs_of_its_kind_there_is_no_chart() -> None:
    alone = {name: make_class_table({"anna": {name: 0.6}}) for name in ("threads", "processes")}
    for name in SAID:
        runner, other = sorted(alone, reverse=name in ("slowdowns", "pythons"))
        with pytest.raises(ResultsError, match=f"no machine of the class ran {runner} with two"):
            gil_demo.draw(alone[other], name)
        assert draw(alone[runner], name).description


def test_every_machine_of_a_small_class_is_named_and_outliers_of_a_large_one() -> None:
    large = number_machines([*spread(1.0, 60), 3.0])
    for machines, named in ((ORDINARY_MACHINES, {*ORDINARY_MACHINES}), (large, {"m060"})):
        chart = draw(make_class_table(machines))
        assert {text.get_text() for text in chart.findobj(Text)} & {*machines} == named
    assert "; 55 more; " in chart.description


def test_long_names_are_within_the_picture_and_near_one_there_are_ticks_enough() -> None:
    machines = {f"{letter}" * 24: {"threads": 1.0, "processes": 0.5} for letter in "WMQ"}
    (axes,) = assert_readable(draw, make_class_table(machines)).axes
    ticks = [label.get_text() for label in axes.get_xticklabels()]
    assert ticks == ["0.8", "0.9", "1", "1.1", "1.2", "1.3", "1.4"]
    other = {"threads": 0.5, "implementation": "RustPython", "gil_enabled": False}
    assert_readable(partial(draw, chart="pythons"), make_class_table({"a": other}))


def test_slowdowns_have_a_mark_for_each_machine_hollow_without_a_verdict() -> None:
    (axes,) = draw(make_class_table()).axes
    marks = [line for line in axes.lines if line.get_linestyle() == "None"]
    places = np.concatenate([line.get_xydata() for line in marks])
    ratios = [0.56, 0.99, 1.02, 1.04, 1.05, 1.1, 2.3]
    assert sorted((y, x) for x, y in places) == [*enumerate(ratios)]
    hollow = [line for line in marks if line.get_markerfacecolor() == "#ffffff"]
    assert [list(line.get_xdata()) for line in hollow] == [[1.04], []]


def test_speed_ups_have_the_ideal_of_each_number_of_workers() -> None:
    two, four = make_class_table(), make_class_table(workers=4)
    both = pd.concat([two, four[four["runner"] == "processes"]], ignore_index=True)
    (axes,) = assert_readable(draw_speed_ups, both).axes
    assert {"ideal of 2", "ideal of 4"} <= {text.get_text() for text in axes.texts}
    ideals = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert [read_up(line) for line in ideals] == [[1, 2, 2], [1, 4, 4]]
    (axes,) = assert_readable(draw_speed_ups, both.assign(usable_cores=1)).axes
    assert_apart(axes, [text for text in axes.texts if "ideal" in text.get_text()])
    lines = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert [read_up(line) for line in lines] == [[1, 2, 2], [1, 2.4]]
    machines = {f"m{n}": {"processes": 0.5, "workers": n} for n in range(2, 8)}
    lines = draw(make_class_table(machines), "speed_ups").axes[0].lines
    assert sum(len(line.get_xdata()) for line in lines if line.get_linestyle() == "None") == 6


def test_names_of_marks_far_from_the_others_don_t_touch_whatever_crew_they_are_of() -> None:
    good = {2: 0.5, 4: 0.25}
    machines = {
        f"laptop of student {n}": {
            "processes": good[crew] if n > 1 else 2.0,
            "workers": crew,
            "usable_cores": 4,
        }
        for n, crew in enumerate([2, 4] * 7)
    }
    (axes,) = assert_readable(draw_speed_ups, make_class_table(machines)).axes
    assert [text.get_text() for text in axes.texts] == [
        *("ideal of 2", "ideal of 4", "laptop of student 1"),
    ]
    assert_apart(axes, list(axes.texts))


def test_groups_have_their_number_and_a_line_at_their_median() -> None:
    left, _ = draw(make_class_table(), "systems").axes
    groups = ["Linux, fork\n(4 of 5 count)", "Windows, spawn\n(1)", "macOS, spawn\n(1)"]
    assert [label.get_text() for label in left.get_yticklabels()] == groups
    assert list_medians(left) == pytest.approx([0.015, 0.15, 0.15])
    assert len(set(scatter(50, 0.1))) == 50  # marks of one place are kept apart
    assert all(0.9 <= factor <= 1.1 for factor in scatter(50, 0.1))
