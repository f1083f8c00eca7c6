"""What tests of charts look at: texts, their places and contrast, lines, bars and lanes."""

import re
import warnings
from collections.abc import Callable
from itertools import combinations

import matplotlib.style
import numpy as np
import pandas as pd
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.typing import ColorType

from gil_demo.drawing.style import Chart

# what a reader's notebook, matplotlibrc or style may have set: each would spoil a chart
ODD_SETTINGS = matplotlib.style.library["dark_background"] | {
    "text.usetex": True, "axes.grid": True, "figure.constrained_layout.use": True,
    "savefig.facecolor": "black", "savefig.transparent": True, "savefig.bbox": "tight",
    "savefig.dpi": 30, "figure.dpi": 50, "font.size": 30, "font.family": "monospace",
    "lines.linewidth": 9, "xtick.major.size": 20, "axes.prop_cycle": cycler(color=["red"]),
}  # fmt: skip


def draw_strictly(
    draw: Callable[[pd.DataFrame], Chart], table: pd.DataFrame
) -> tuple[Chart, list[Text]]:
    """Draw a table, fail on any warning, and return the chart with the texts that are seen."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chart = draw(table)
        FigureCanvasAgg(chart).draw()  # type: ignore[no-untyped-call]
        return chart, list_texts(chart)


def list_texts(chart: Chart) -> list[Text]:
    """List the texts that a reader sees of a chart that was rendered: all have their places."""
    hidden = set()
    for axes in chart.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low <= tick.get_loc() <= high:
                    hidden |= {tick.label1, tick.label2}
    texts = [text for text in chart.findobj(Text) if isinstance(text, Text) and text not in hidden]
    return [text for text in texts if text.get_visible() and text.get_text().strip()]


def assert_readable(draw: Callable[[pd.DataFrame], Chart], table: pd.DataFrame) -> Chart:
    """Fail where a table doesn't draw, or where texts are cut off or lie on the heading."""
    chart, texts = draw_strictly(draw, table)
    assert_plain(chart.description)
    assert texts
    title, conditions = (line.get_window_extent() for line in chart.texts)
    for text in texts:
        box, name = text.get_window_extent(), text.get_text()
        width, height = chart.bbox.width, chart.bbox.height
        is_inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
        assert is_inside, f"{name!r} at {box.extents} of {width} by {height}"
    for other in (one for one in (*texts, *chart.axes) if one not in chart.texts):
        box = other.get_window_extent()
        assert not box.overlaps(title), f"{other} at {box.extents}, title at {title.extents}"
        assert not box.overlaps(conditions), f"{other} at {box.extents} on the conditions"
    return chart


def assert_apart(axes: Axes, texts: list[Text]) -> None:
    """Fail if two of the texts in or beside a plot touch, its ticks included."""
    figure = axes.get_figure()
    shown = [text for text in texts if figure is not None and text not in figure.texts]
    boxes = [(text.get_text(), text.get_window_extent()) for text in shown]
    for (one, box), (other, its) in combinations(boxes, 2):
        assert not box.overlaps(its), f"{one!r} touches {other!r}"


def measure_contrast(colour: ColorType, paper: ColorType) -> float:
    """Return the contrast of two colours as WCAG 2.2 defines it, 1 to 21."""
    channels = np.array([to_rgb(colour), to_rgb(paper)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return float((light + 0.05) / (dark + 0.05))


def assert_plain(*texts: str) -> None:
    """Fail where a text holds a nan, a power of ten, or nothing."""
    for text in texts:
        assert text.strip()
        assert not re.search(r"\bnan\b|\binf\b|\de[+-]?\d", text), text


def read_across(line: Line2D) -> list[float]:
    return [float(value) for value in np.asarray(line.get_xdata())]


def read_up(line: Line2D) -> list[float]:
    return [float(value) for value in np.asarray(line.get_ydata())]


def list_bars(axes: Axes) -> list[Rectangle]:
    """List the bars that start from an axis."""
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def list_lanes(axes: Axes) -> list[tuple[str, float, list[tuple[float, float]]]]:
    """List the lanes of bars: colour, place from the top, and from where to where in seconds."""
    lanes = []
    for bars in axes.collections:
        assert isinstance(bars, PolyCollection)
        boxes = [path.get_extents() for path in bars.get_paths()]
        colours = {to_hex(tuple(colour)) for colour in np.asarray(bars.get_facecolor())}
        places = {float(box.y0 + box.y1) / 2 for box in boxes}
        if boxes:
            (colour,), (place,) = colours, places
            lanes.append((colour, place, [(box.x0 / 1000, box.x1 / 1000) for box in boxes]))
    return lanes


def list_lane_names(axes: Axes) -> dict[float, str]:
    """Give each lane's place its name."""
    labels = [label.get_text() for label in axes.get_yticklabels()]
    return dict(zip(map(float, axes.get_yticks()), labels, strict=True))
