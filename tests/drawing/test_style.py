import base64
import html
import io
import re
import struct

import matplotlib as mpl
import matplotlib.image
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from gil_demo.drawing.style import (
    DOTS_PER_INCH,
    LOOKS,
    OTHER,
    PAPER,
    Chart,
    clean_axes,
    draw_png,
    get_look,
    make_chart,
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
    looks = [get_look(runner) for runner in RUNNERS] + [OTHER]
    assert set(LOOKS) == set(RUNNERS)
    assert len({look.colour for look in looks}) == len(looks)
    assert len({look.marker for look in looks}) == len(looks)


def test_an_unknown_runner_gets_the_look_for_others() -> None:
    assert get_look("another") == OTHER


def test_the_colours_are_of_okabe_and_ito_or_grey() -> None:
    for look in (*LOOKS.values(), OTHER):
        red, green, blue = to_rgb(look.colour)
        assert look.colour.upper() in OKABE_AND_ITO or red == green == blue


def test_a_new_chart_is_white_whatever_the_theme() -> None:
    with mpl.rc_context({"figure.facecolor": "black", "savefig.facecolor": "black"}):
        chart = make_chart(4, 3)
        assert to_hex(chart.get_facecolor()) == PAPER
    assert tuple(chart.get_size_inches()) == (4, 3)
    assert isinstance(chart, Figure)


def test_the_picture_is_a_whole_png_of_the_size_that_was_asked_for() -> None:
    picture = draw_png(make_plain_chart())
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert picture.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", picture[16:24])
    assert (width, height) == (4 * DOTS_PER_INCH, 3 * DOTS_PER_INCH)
    pixels = matplotlib.image.imread(io.BytesIO(picture))
    assert pixels.shape[:2] == (height, width)
    assert pixels.min() < pixels.max()


def test_the_picture_carries_the_description() -> None:
    assert b"A chart of nothing." in draw_png(make_plain_chart())


def test_an_ordinary_figure_can_be_drawn_too() -> None:
    figure = Figure(figsize=(2, 2))
    assert draw_png(figure).startswith(b"\x89PNG")


def test_drawing_twice_gives_the_same_picture() -> None:
    chart = make_plain_chart()
    assert draw_png(chart) == draw_png(chart)


def test_jupyter_gets_html_a_png_and_text_each_with_the_description() -> None:
    data, metadata = make_plain_chart()._repr_mimebundle_()
    assert set(data) == {"text/html", "image/png", "text/plain"}
    assert data["text/plain"] == "A chart of nothing."
    assert base64.b64decode(data["image/png"], validate=True).startswith(b"\x89PNG")
    assert metadata["image/png"] == {"alt": "A chart of nothing.", "width": 288, "height": 216}
    assert re.fullmatch(
        r'<img src="data:image/png;base64,[\w+/=]+" alt="[^"]+"[^<>]*>', data["text/html"]
    )
    assert 'alt="A chart of nothing."' in data["text/html"]
    assert f"base64,{data['image/png']}" in data["text/html"]


def test_jupyter_may_ask_for_some_forms_only() -> None:
    data, _ = make_plain_chart()._repr_mimebundle_(include={"image/png"}, exclude=set())
    assert "image/png" in data


@pytest.mark.parametrize("text", ['5 < 6 & "7" > 2', "<script>alert('x')</script>", "2 × 3 %"])
def test_the_alternative_text_is_escaped_in_html_and_plain_elsewhere(text: str) -> None:
    data, metadata = make_plain_chart(text)._repr_mimebundle_()
    (shown,) = re.findall(r'alt="([^"]*)"', data["text/html"])
    assert html.unescape(shown) == text
    assert "<script" not in data["text/html"]
    png = metadata["image/png"]
    assert isinstance(png, dict)
    assert png["alt"] == data["text/plain"] == text


def test_a_long_heading_is_written_smaller_and_a_short_one_is_not() -> None:
    chart = make_chart(6, 3)
    write_heading(chart, "A finding", "conditions")
    write_heading(
        chart, "A finding that is told at length " * 5, "conditions, and more of them " * 9
    )
    sizes = [float(line.get_fontsize()) for line in chart.texts]
    assert sizes[:2] == [17, 10.5]
    assert sizes[2] < 17
    assert sizes[3] < 10.5
    for line in chart.texts:
        assert line.get_window_extent().x1 <= chart.bbox.width


@pytest.mark.parametrize(("grid", "kept"), [("x", {"left"}), ("y", {"bottom"})])
def test_cleaned_axes_keep_the_one_line_that_bars_stand_on(grid: str, kept: set[str]) -> None:
    axes = make_chart(4, 3).subplots()
    clean_axes(axes, grid)
    assert {name for name, spine in axes.spines.items() if spine.get_visible()} == kept
