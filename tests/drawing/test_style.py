import base64
import html
import io
import re
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pytest
from colorspacious import cspace_convert, deltaE
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from gil_demo.drawing import style
from gil_demo.drawing.style import DOTS_PER_INCH, MOST_LETTERS, Chart, draw_png, make_chart
from gil_demo.running.runners import RUNNERS
from tests.charts import ODD_SETTINGS, measure_contrast

# distances in CAM02-UCS, where 1 is about what can be told apart side by side
LEAST_DISTANCE, LEAST_DISTANCE_IN_FULL_COLOUR = 10.0, 20.0


def make_plain_chart(description: str) -> Chart:
    chart = make_chart(4, 3)
    chart.subplots().plot([0, 1], [0, 1])
    chart.description = description
    return chart


def test_the_picture_is_a_whole_png_on_white_with_the_description() -> None:
    picture = draw_png(make_plain_chart("A chart of nothing."))
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert picture.endswith(b"IEND\xaeB`\x82")
    assert b"A chart of nothing." in picture
    pixels = mpl.image.imread(io.BytesIO(picture))
    assert pixels.shape[:2] == (3 * DOTS_PER_INCH, 4 * DOTS_PER_INCH)
    assert min(edge.min() for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])) == 1


def test_a_chart_is_shown_and_saved_alike_whatever_is_set_when_that_is_done(tmp_path: Path) -> None:
    def show(chart: Chart) -> list[object]:
        chart.savefig(tmp_path / "chart.png")
        shown = FigureCanvasAgg(chart).print_to_buffer()  # type: ignore[no-untyped-call]
        return [chart._repr_mimebundle_(), (tmp_path / "chart.png").read_bytes(), shown]

    plain = show(make_plain_chart("A chart of nothing."))
    chart = make_plain_chart("A chart of nothing.")
    with mpl.rc_context(ODD_SETTINGS):
        assert show(chart) == plain


def test_jupyter_gets_html_a_png_and_text_each_with_the_description() -> None:
    text = "5 < 6 & \"7\" > 2, <b>'x'</b> × 3 %"
    chart = make_plain_chart(text)
    data, metadata = chart._repr_mimebundle_(include={"image/png"}, exclude=set())
    assert set(data) == {"text/html", "image/png", "text/plain"}
    assert data["text/plain"] == text
    assert base64.b64decode(data["image/png"], validate=True) == draw_png(chart)
    assert metadata["image/png"] == {"alt": text, "width": 288, "height": 216}
    shown, alternative, size = re.split('" alt="([^"<>]+)" ', data["text/html"])
    assert shown == f'<img src="data:image/png;base64,{data["image/png"]}'
    assert html.unescape(alternative) == text
    assert size == 'width="288" height="216" style="max-width: 100%; height: auto;">'


def test_a_long_heading_is_written_smaller_and_a_short_one_is_not() -> None:
    chart = make_chart(6, 3)
    style.write_heading(chart, "A finding of $5 and $6", "conditions")
    style.write_heading(chart, "A finding that is told at length " * 5, "conditions, and more " * 9)
    *sizes, title, conditions = [float(line.get_fontsize()) for line in chart.texts]
    assert sizes == [17, 10.5]
    assert title < 17
    assert conditions < 10.5
    for line in chart.texts:
        assert line.get_window_extent().x1 <= chart.bbox.width
        assert not line.get_parse_math()


def test_a_heading_that_nobody_could_read_is_cut() -> None:
    chart = make_chart(6, 3)
    style.write_heading(chart, "W" * 10_000, "☕" * 10_000)
    for line, letter in zip(chart.texts, "W☕", strict=True):
        text = line.get_text()
        assert text == f"{letter * (len(text) - 3)}..."
        assert 0 < len(text) - 3 <= MOST_LETTERS
        assert line.get_window_extent().x1 <= chart.bbox.width


def test_axes_keep_the_line_that_bars_stand_on_and_labels_lie_at_decades_or_apart() -> None:
    for grid, kept in (("x", "left"), ("y", "bottom")):
        axes = make_chart(4, 3).subplots()
        style.clean_axes(axes, grid)
        assert [name for name, spine in axes.spines.items() if spine.get_visible()] == [kept]
    assert style.push_apart([0, 0.05, 0.5], 0.1, 1) == [0, 0.1, 0.5]
    assert style.push_apart([0.5, 0.95, 0.97], 0.1, 1) == pytest.approx([0.5, 0.9, 1.0])
    axes = make_chart(4, 3).subplots()
    axes.set_xscale("log")
    for limits, shown in (((0.5, 20), [1, 10]), ((2.1, 2.2), [2, 5]), ((3, 30), [5, 10, 20])):
        axes.set_xlim(*limits)
        style.label_decades(axes.xaxis, "{:g} s".format)
        assert list(axes.get_xticks()) == pytest.approx(shown)
        assert axes.xaxis.get_major_formatter()(shown[0], 0) == f"{shown[0]} s"


def see(colour: str, sight: str) -> tuple[float, ...]:
    """Simulate after Machado, Oliveira and Fernandes (2009) a sight that lacks a kind of cone."""
    space = {"name": "sRGB1+CVD", "cvd_type": sight, "severity": 100}
    return tuple(np.clip(cspace_convert(to_rgb(colour), space, "sRGB1"), 0, 1))


def measure_distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return float(deltaE(one, other, input_space="sRGB1"))


def test_runners_are_told_apart_in_full_colour_and_by_colour_blind_readers() -> None:
    assert set(style.LOOKS) == set(RUNNERS)
    looks = [*style.LOOKS.values(), style.get_look("another")]
    assert len({look.marker for look in looks}) == 7
    for one, other in combinations([look.colour for look in looks], 2):
        assert measure_distance(to_rgb(one), to_rgb(other)) > LEAST_DISTANCE_IN_FULL_COLOUR
        for sight in ("deuteranomaly", "protanomaly", "tritanomaly"):
            assert measure_distance(see(one, sight), see(other, sight)) > LEAST_DISTANCE
    # what measures them knows red from green, and contrasts as the standard does
    red, green = (see(colour, "deuteranomaly") for colour in ("#a05050", "#6b6b4e"))
    assert measure_distance(red, green) < LEAST_DISTANCE
    assert measure_contrast("black", "white") == pytest.approx(21)
    assert measure_contrast("#777777", "white") == pytest.approx(4.48, abs=0.005)
