"""Colours, marks and letters: the same runner looks the same in every chart.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart ("Color Universal
Design", 2008). A marker goes with each, so that colour is never the only cue.
"""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

INK = "#1a1a1a"
SOFT_INK = "#5a5a5a"
GRID = "#dddddd"
PAPER = "#ffffff"
DOTS_PER_INCH = 144
MOST_LETTERS = 400
_DEFAULTS: Any = {name: one for name, one in mpl.rcParamsDefault.items() if name != "backend"}


class Look(NamedTuple):
    """How a runner is drawn: a colour, a marker and a dash pattern."""

    colour: str
    marker: str
    line: str


LOOKS = {
    "sequential": Look("#666666", "D", "-"),
    "threads": Look("#D55E00", "o", "-"),
    "processes": Look("#0072B2", "s", "-"),
    "interpreters": Look("#009E73", "^", "-"),
    "cluster": Look("#56B4E9", "v", "-"),
    "ray": Look("#E69F00", "X", "-"),
}
OTHER = Look("#CC79A7", "P", "-")


@contextmanager
def settings_of_our_own() -> Iterator[None]:
    """Hold matplotlib's settings at its defaults for a while, whatever the reader's are."""
    with mpl.rc_context(_DEFAULTS):
        yield


class Chart(Figure):
    """A matplotlib Figure that carries a description of itself in words.

    Jupyter shows the picture with the description as its alternative text; so does an HTML page
    made of the notebook. No pyplot is involved, nothing global stays touched, and a reader's
    settings don't change how it looks.

    Attributes:
        description: what the chart shows, with its numbers.
    """

    description: str = ""

    def draw(self, renderer: RendererBase) -> None:
        """Draw the chart, whatever the reader's settings are."""
        with settings_of_our_own():  # ticks and fonts are looked up only now
            super().draw(renderer)

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Save the chart as a Figure is saved, whatever the reader's settings are."""
        with settings_of_our_own():
            super().savefig(*args, **kwargs)

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, object]]:
        import base64
        import html

        width, height = (round(inches * 72) for inches in self.get_size_inches())
        picture = base64.b64encode(draw_png(self)).decode()
        alternative = html.escape(self.description)
        # JupyterLab gives a PNG no alternative text, so it gets the picture as HTML; exporters
        # and books read the PNG and its metadata
        bundle = {
            "text/html": (
                f'<img src="data:image/png;base64,{picture}" alt="{alternative}" '
                f'width="{width}" height="{height}" style="max-width: 100%; height: auto;">'
            ),
            "image/png": picture,
            "text/plain": self.description,
        }
        size = {"width": width, "height": height}
        return bundle, {"image/png": {"alt": self.description} | size}


def draw_png(chart: Chart) -> bytes:
    """Return the chart as a PNG, with its description in the metadata."""
    stream = io.BytesIO()
    told = {"Description": chart.description}
    chart.savefig(stream, format="png", dpi=DOTS_PER_INCH, metadata=told)
    return stream.getvalue()


def get_look(runner: str) -> Look:
    return LOOKS.get(runner, OTHER)


def make_chart(width: float, height: float) -> Chart:
    """Return an empty chart of a size in inches, on white paper whatever the notebook's theme."""
    return Chart(figsize=(width, height), facecolor=PAPER, layout=None)


def write_heading(chart: Chart, title: str, subtitle: str) -> None:
    """Write the finding above the chart and the conditions below it."""
    height = chart.get_size_inches()[1]
    finding = chart.text(0.012, 1 - 0.11 / height, title, weight="bold", color=INK, va="top")
    conditions = chart.text(0.012, 0.09 / height, subtitle, color=SOFT_INK, va="bottom")
    for line, size in ((finding, 17.0), (conditions, 10.5)):
        line.set_parse_math(False)  # a text of somebody's file is shown, not typeset
        _fit(line, size, 0.97 * chart.bbox.width)


def _fit(line: Text, size: float, room: float) -> None:
    """Write a long line smaller, so that its end is not cut off unless nobody could read it."""
    text = line.get_text()
    letters = min(MOST_LETTERS, len(text))
    if letters < len(text):
        line.set_text(f"{text[:letters]}...")
    line.set_fontsize(size)
    # widths of small letters are rounded, so that one step may not do
    while (width := line.get_window_extent().width) > room:
        if size > 1:
            size *= min(0.99, room / width)
            line.set_fontsize(size)
        else:  # a letter takes some pixels, however small it is
            letters = int(0.8 * letters)
            line.set_text(f"{text[:letters]}...")


def clean_axes(axes: Axes, grid: str) -> None:
    """Leave only what helps reading values along an axis, "x" or "y": a light grid, no frame."""
    for side in ("top", "right", "bottom" if grid == "x" else "left"):
        axes.spines[side].set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(SOFT_INK)
    axes.grid(axis="x" if grid == "x" else "y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=12, colors=INK, length=0)


def label_in_full(axis: Axis, values: Sequence[float], state: Callable[[float], str]) -> None:
    """Label those values of a logarithmic axis that are in sight, in words of its unit.

    Of two that stand too close to each other, the smaller one is labelled.
    """
    low, high = axis.get_view_interval()
    room = (high / low) ** 0.03
    chosen: list[float] = []
    for value in sorted(values):
        if low <= value <= high and (not chosen or value >= room * chosen[-1]):
            chosen.append(value)
    axis.set_major_locator(FixedLocator(chosen))
    axis.set_major_formatter(FuncFormatter(lambda value, _: state(value)))
    axis.set_minor_locator(NullLocator())


def choose_decades(low: float, high: float) -> list[float]:
    """Return powers of ten in a range; where it holds fewer than two, some values between."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [10.0**exponent for exponent in exponents]
    if sum(low <= value <= high for value in values) < 2:
        values = [step * value for value in values for step in (1, 2, 5)]
    return values


def label_decades(axis: Axis, state: Callable[[float], str]) -> None:
    """Label a logarithmic axis at chosen decades; it grows where fewer than two are in sight."""
    low, high = sorted(axis.get_view_interval())
    values = choose_decades(low, high)
    if sum(low <= value <= high for value in values) < 2:
        low = max(value for value in values if value <= low)
        high = min(value for value in values if value >= high)
        margin = (high / low) ** 0.1
        set_limits = axis.axes.set_xlim if axis is axis.axes.xaxis else axis.axes.set_ylim
        set_limits(low / margin, high * margin)
    label_in_full(axis, values, state)


def push_apart(places: Sequence[float], apart: float, top: float) -> list[float]:
    """Push places, the lowest first, apart: upwards, and downwards from the top."""
    pushed: list[float] = []
    for place in places:
        pushed.append(max(place, pushed[-1] + apart) if pushed else place)
    limit = top
    for number in reversed(range(len(pushed))):
        pushed[number] = min(pushed[number], limit)
        limit = pushed[number] - apart
    return pushed
