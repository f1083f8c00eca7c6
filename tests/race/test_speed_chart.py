import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from gil_demo.checks import ResultsError
from gil_demo.drawing.style import Chart, draw_png, get_look
from gil_demo.measuring.runs import RUNS, summarise
from gil_demo.race.comparison import (
    describe_conditions,
    draw_comparison,
    title_comparison,
    title_scaling,
)
from gil_demo.race.scaling import draw_scaling
from gil_demo.tables.files import save
from gil_demo.tables.kinds import combine
from gil_demo.tables.schema import make_table
from tests.conftest import ORDINARY, TableMaker, make_rows, spread

Draw = Callable[[pd.DataFrame], Chart]
DRAWINGS = [
    pytest.param(draw_comparison, title_comparison, id="comparison"),
    pytest.param(draw_scaling, title_scaling, id="scaling"),
]
TWELVE = {("threads", 12): spread(1.1), ("processes", 12): spread(0.11)}
SCALED = {
    (runner, workers): spread(1.02 if runner == "threads" else 1 / min(workers, 4))
    for runner in ("threads", "processes")
    for workers in (1, 2, 4, 8, 12)
}
MANY_CORES = {"usable_cores": 12, "logical_cores": 12}
CASES: dict[str, tuple[dict[tuple[str, int], list[float]], dict[str, Any]]] = {
    "ordinary": (ORDINARY, {}),
    "the sequential run alone": ({}, {}),
    "threads alone": ({("threads", 2): spread(1.0)}, {}),
    "processes alone": ({("processes", 2): spread(0.5)}, {}),
    "one worker": ({("threads", 1): spread(1.0), ("processes", 1): spread(1.0)}, {}),
    "one round": ({key: [1.0] for key in ORDINARY}, {}),
    "five rounds": ({key: spread(1.0, 5) for key in ORDINARY}, {}),
    "many rounds": ({key: spread(1.0, 300) for key in ORDINARY}, {}),
    "one core": (ORDINARY, {"usable_cores": 1}),
    "busy": (ORDINARY, {"busy_percent": 99.9}),
    "twelve workers": (TWELVE, MANY_CORES),
    "twelve workers on two cores": (TWELVE, {}),
    "many numbers of workers": (SCALED, {"usable_cores": 4, "logical_cores": 4}),
    "no physical cores known": (ORDINARY, {"physical_cores": None}),
    "very slow threads": ({("threads", 2): spread(80.0), ("processes", 2): spread(0.5)}, {}),
    "very fast processes": ({("processes", 64): spread(0.016)}, {"usable_cores": 64}),
    "noise": ({key: spread(1.5, 8, 1.9) for key in TWELVE}, MANY_CORES),
    "noise in many": ({key: spread(1.0, 8, 1.9) for key in SCALED}, MANY_CORES),
    "slow start": (ORDINARY, {"start_up_seconds": 30.0, "tear_down_seconds": 3.0}),
    "tiny times": (ORDINARY, {"seconds": 1e-7}),
    "huge times": (ORDINARY, {"seconds": 3e5}),
    "recorded": (
        {key: spread(1.5, 8, 1.9) for key in TWELVE},
        MANY_CORES
        | {
            "recorded_on": "a 12-core desktop of a university's computer room, 2026-11-22",
            "gil_enabled": False,
            "count": 10_000_000_000,
            "start_method": "forkserver",
        },
    ),
}


@pytest.fixture(params=CASES)
def table(request: pytest.FixtureRequest) -> pd.DataFrame:
    ratios, facts = CASES[request.param]
    return make_table(make_rows(ratios, **facts), RUNS)


def draw_and_list_texts(chart: Chart) -> Iterator[Text]:
    """Yield the texts that a reader sees, when all of them have their places."""
    FigureCanvasAgg(chart).draw()  # type: ignore[no-untyped-call]
    hidden = set()
    for axes in chart.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low <= tick.get_loc() <= high:
                    hidden |= {tick.label1, tick.label2}
    for text in chart.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text().strip() and text not in hidden:
            yield text


def read_across(line: Line2D) -> list[float]:
    return [float(value) for value in np.asarray(line.get_xdata())]


def read_up(line: Line2D) -> list[float]:
    return [float(value) for value in np.asarray(line.get_ydata())]


def list_bars(axes: Axes) -> list[Rectangle]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


@pytest.mark.parametrize(("draw", "say"), DRAWINGS)
def test_every_kind_of_table_draws_without_a_warning_and_its_texts_are_true_and_whole(
    table: pd.DataFrame, draw: Draw, say: Callable[[pd.DataFrame], str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chart = draw(table)
        texts = list(draw_and_list_texts(chart))
    assert_inside(texts, chart)
    assert [text.get_text() for text in chart.texts] == [say(table), describe_conditions(table)]
    assert say(table) in chart.description
    assert describe_conditions(table) in chart.description
    assert "nan" not in chart.description
    for row in summarise(table).to_dict("records"):
        if row["runner"] != "sequential":
            assert f"{row['seconds']:.3f} s" in chart.description
            assert f"speed-up {row['speed_up']:.2f}" in chart.description


def assert_inside(texts: list[Text], chart: Chart) -> None:
    """Fail unless there are texts and all of them lie inside the figure."""
    assert texts
    width, height = chart.bbox.width, chart.bbox.height
    for text in texts:
        box = text.get_window_extent()
        where = f"{text.get_text()!r} at {box.extents} of {width} by {height}"
        assert box.x0 >= 0, where
        assert box.y0 >= 0, where
        assert box.x1 <= width, where
        assert box.y1 <= height, where


@pytest.mark.parametrize(
    "case", ["ordinary", "one round", "twelve workers", "very slow threads", "huge times"]
)
def test_bars_start_at_zero_and_are_as_long_as_the_medians(case: str) -> None:
    ratios, facts = CASES[case]
    table = make_table(make_rows(ratios, **facts), RUNS)
    chart = draw_comparison(table)
    times = chart.axes[0]
    summary = summarise(table)
    bars = [bar for bar in list_bars(times) if bar.get_x() == 0]
    assert [bar.get_width() for bar in bars] == pytest.approx(summary["seconds"].tolist())
    assert times.get_xlim()[0] == 0
    assert chart.axes[1].get_xlim()[0] == 0


def test_start_up_and_tear_down_are_hatched_behind_the_work() -> None:
    rows = make_rows({("processes", 2): [0.5] * 8})
    for row in rows:
        row["seconds"] = 1.0
        if row["runner"] == "processes":
            row |= {"start_up_seconds": 0.3, "tear_down_seconds": 0.1}
    (hatched,) = [
        bar for bar in list_bars(draw_comparison(make_table(rows, RUNS)).axes[0]) if bar.get_hatch()
    ]
    assert (hatched.get_x(), hatched.get_width()) == pytest.approx((1.0, 0.4))


def test_there_is_a_mark_for_each_round(make_run: TableMaker) -> None:
    table = make_run()
    marks = [
        line for line in draw_comparison(table).axes[0].lines if line.get_linestyle() == "None"
    ]
    assert len(marks) == 3
    for mark, (_, rows) in zip(marks, table.groupby("runner", sort=False), strict=True):
        assert read_across(mark) == rows["seconds"].tolist()


def test_every_way_of_running_has_its_label_in_the_order_of_the_table(
    make_run: TableMaker,
) -> None:
    chart = draw_comparison(make_run())
    labels = [label.get_text() for label in chart.axes[0].get_yticklabels()]
    assert labels[1:] == ["Two threads", "Two processes"]


def test_the_line_of_one_and_the_ideal_are_drawn(make_run: TableMaker) -> None:
    speed_ups = draw_comparison(make_run()).axes[1]
    across = [read_across(line) for line in speed_ups.lines]
    upright = {values[0] for values in across if len(set(values)) == 1}
    assert {1, 2} <= upright
    assert any("ideal" in text.get_text() for text in speed_ups.texts)


def test_one_core_has_no_ideal_above_one(make_run: TableMaker) -> None:
    speed_ups = draw_comparison(make_run(usable_cores=1)).axes[1]
    assert not any("ideal" in text.get_text() for text in speed_ups.texts)


def test_the_scaling_lines_run_through_the_speed_ups() -> None:
    table = make_table(make_rows(SCALED, usable_cores=4, logical_cores=4), RUNS)
    axes = draw_scaling(table).axes[0]
    summary = summarise(table)
    for runner in ("threads", "processes"):
        rows = summary[summary["runner"] == runner]
        colour = get_look(runner).colour
        lines = [
            line
            for line in axes.lines
            if line.get_color() == colour and len(read_across(line)) == 5
        ]
        assert read_across(lines[0]) == rows["workers"].tolist()
        assert read_up(lines[0]) == pytest.approx(rows["speed_up"].tolist())
    assert axes.get_ylim()[0] == 0
    assert list(axes.get_xticks()) == [1, 2, 4, 8, 12]


def test_the_ideal_line_bends_at_the_number_of_cores() -> None:
    table = make_table(make_rows(SCALED, usable_cores=4, logical_cores=4), RUNS)
    axes = draw_scaling(table).axes[0]
    points = [list(zip(read_across(line), read_up(line), strict=True)) for line in axes.lines]
    assert [(1, 1), (4, 4), (12, 4)] in points
    assert any("4 usable cores" in text.get_text() for text in axes.texts)


def test_the_labels_at_the_ends_of_the_lines_do_not_touch() -> None:
    ratios = {(runner, n): spread(1.0) for runner in ("threads", "processes") for n in (1, 2)}
    chart = draw_scaling(make_table(make_rows(ratios), RUNS))
    FigureCanvasAgg(chart).draw()  # type: ignore[no-untyped-call]
    boxes = sorted(
        (text.get_window_extent() for text in chart.axes[0].texts if text.xy[0] == 1),  # type: ignore[attr-defined]
        key=lambda box: float(box.y0),
    )
    assert len(boxes) == 4
    assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))


def test_the_same_runner_has_the_same_colour_in_both_charts() -> None:
    table = make_table(make_rows(SCALED), RUNS)
    colours = [
        {line.get_color() for axes in draw(table).axes for line in axes.lines}
        for draw in (draw_comparison, draw_scaling)
    ]
    for runner in ("threads", "processes"):
        assert all(get_look(runner).colour in seen for seen in colours)


@pytest.mark.parametrize(("draw", "say"), DRAWINGS)
def test_a_recorded_run_says_so_in_the_picture_and_the_description(
    make_run: TableMaker, draw: Draw, say: Callable[[pd.DataFrame], str]
) -> None:
    chart = draw(make_run(recorded_on="a laptop"))
    assert all(re.match("recorded", text.get_text(), re.IGNORECASE) for text in chart.texts)
    assert "recorded" in say(make_run(recorded_on="a laptop")).lower()
    assert "a laptop" in chart.description


@pytest.mark.parametrize(("draw", "say"), DRAWINGS)
def test_drawing_leaves_the_settings_and_the_table_as_they_are(
    make_run: TableMaker, draw: Draw, say: Callable[[pd.DataFrame], str]
) -> None:
    table = make_run()
    before = (dict(mpl.rcParams), table.copy(deep=True), say(table))
    draw_png(draw(table))
    assert dict(mpl.rcParams) == before[0]
    pd.testing.assert_frame_equal(table, before[1])


def test_no_pyplot_is_loaded(make_run: TableMaker, tmp_path: Path) -> None:
    file = save(make_run(), tmp_path / "run.csv")
    script = (
        "import sys\n"
        "from gil_demo import draw_comparison, draw_scaling, load\n"
        f"table = load({str(file)!r})\n"
        "draw_comparison(table)._repr_mimebundle_()\n"
        "draw_scaling(table)._repr_mimebundle_()\n"
        "print('matplotlib.pyplot' in sys.modules, 'IPython' in sys.modules)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert (answer.stdout, answer.stderr) == ("False False\n", "")


@pytest.mark.parametrize("draw", [draw_comparison, draw_scaling])
def test_a_table_of_another_kind_is_refused(make_run: TableMaker, draw: Draw) -> None:
    both = combine([make_run(run_id="one"), make_run(run_id="two")])
    for bad in (pd.DataFrame(), both, make_run().drop(columns="round"), None):
        with pytest.raises(ResultsError):
            draw(bad)  # type: ignore[arg-type]
