import base64
import html
import re
import struct

import matplotlib as mpl
import pytest
from matplotlib.colors import to_hex, to_rgb

from gil_demo.drawing.style import (
    DOTS_PER_INCH,
    LOOKS,
    OTHER,
    PAPER,
    Chart,
    choose_decades,
    clean_axes,
    draw_png,
    get_look,
    label_decades,
    make_chart,
    push_apart,
    write_heading,
)
from gil_demo.running.runners import RUNNERS

OKABE_AND_ITO = {
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
}  # fmt: skip


def make_plain_chart(description: str = "A chart of nothing.") -> Chart:
    chart = make_chart(4, 3)
    chart.subplots().plot([0, 1], [0, 1])
    chart.description = description
    return chart


def test_every_runner_has_a_look_of_its_own() -> None:
    looks = [*LOOKS.values(), get_look("another")]
    assert set(LOOKS) == set(RUNNERS)
    assert looks[-1] == OTHER
    assert len({look.colour for look in looks}) == len({look.marker for look in looks}) == 7
    for look in looks:
        red, green, blue = to_rgb(look.colour)
        assert look.colour.upper() in OKABE_AND_ITO or red == green == blue


def test_the_picture_is_a_whole_png_on_white_with_the_description() -> None:
    with mpl.rc_context({"figure.facecolor": "black", "savefig.facecolor": "black"}):
        chart = make_plain_chart()
        picture = draw_png(chart)
    assert to_hex(chart.get_facecolor()) == PAPER
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert picture.endswith(b"IEND\xaeB`\x82")
    assert struct.unpack(">II", picture[16:24]) == (4 * DOTS_PER_INCH, 3 * DOTS_PER_INCH)
    assert b"A chart of nothing." in picture


@pytest.mark.parametrize("text", ["A chart of nothing.", "5 < 6 & \"7\" > 2, <b>'x'</b> × 3 %"])
def test_jupyter_gets_html_a_png_and_text_each_with_the_description(text: str) -> None:
    chart = make_plain_chart(text)
    data, metadata = chart._repr_mimebundle_(include={"image/png"}, exclude=set())
    assert set(data) == {"text/html", "image/png", "text/plain"}
    assert data["text/plain"] == text
    assert base64.b64decode(data["image/png"], validate=True) == draw_png(chart)
    assert metadata["image/png"] == {"alt": text, "width": 288, "height": 216}
    shown = re.fullmatch(
        r'<img src="data:image/png;base64,([\w+/=]+)" alt="([^"<>]+)" '
        r'width="288" height="216" style="max-width: 100%; height: auto;">',
        data["text/html"],
    )
    assert shown is not None
    assert (shown[1], html.unescape(shown[2])) == (data["image/png"], text)


def test_a_long_heading_is_written_smaller_and_a_short_one_is_not() -> None:
    chart = make_chart(6, 3)
    write_heading(chart, "A finding of $5 and $6", "conditions")
    write_heading(chart, "A finding that is told at length " * 5, "conditions, and more " * 9)
    sizes = [float(line.get_fontsize()) for line in chart.texts]
    assert sizes[:2] == [17, 10.5]
    assert sizes[2] < 17
    assert sizes[3] < 10.5
    for line in chart.texts:
        assert line.get_window_extent().x1 <= chart.bbox.width
        assert not line.get_parse_math()


@pytest.mark.parametrize(("grid", "kept"), [("x", {"left"}), ("y", {"bottom"})])
def test_cleaned_axes_keep_the_one_line_that_bars_stand_on(grid: str, kept: set[str]) -> None:
    axes = make_chart(4, 3).subplots()
    clean_axes(axes, grid)
    assert {name for name, spine in axes.spines.items() if spine.get_visible()} == kept


def test_logarithmic_axes_are_labelled_at_decades_or_between_them() -> None:
    assert choose_decades(0.5, 20) == [0.1, 1, 10, 100]
    assert choose_decades(2, 30) == pytest.approx([1, 2, 5, 10, 20, 50, 100, 200, 500])
    axes = make_chart(4, 3).subplots()
    axes.set_xscale("log")
    for limits, shown in (((0.5, 20), [1, 10]), ((2.1, 2.2), [2, 5]), ((3, 30), [5, 10, 20])):
        axes.set_xlim(*limits)
        label_decades(axes.xaxis, "{:g} s".format)
        assert list(axes.get_xticks()) == pytest.approx(shown)
        assert axes.xaxis.get_major_formatter()(shown[0], 0) == f"{shown[0]} s"


def test_labels_are_pushed_apart_upwards_and_down_from_the_top() -> None:
    assert push_apart([0, 0.05, 0.5], 0.1, 1) == [0, 0.1, 0.5]
    assert push_apart([0.5, 0.95, 0.97], 0.1, 1) == pytest.approx([0.5, 0.9, 1.0])
