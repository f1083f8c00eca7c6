"""Lanes: bars along time, one lane a worker, however many bars there are."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

MOST_BARS = 4_000
BINS = 1_600
LANE = 0.78


def draw_lane(
    axes: Axes,
    place: float,
    bars: pd.DataFrame,
    colour: str,
    window: tuple[float, float],
    is_binned: bool,
) -> None:
    """Draw the bars of one lane, in milliseconds.

    Args:
        axes: where to draw.
        place: the lane's place on the vertical axis.
        bars: a row for each bar, with start_seconds and end_seconds.
        colour: the bars' colour.
        window: the time that is shown, from and to, in seconds.
        is_binned: whether to draw, in place of the bars, each point in time as dark as the part
            of it that bars cover.
    """
    if is_binned:
        _draw_shares(axes, place, bars, colour, window)
        return
    starts = bars["start_seconds"] * 1000
    lengths = (bars["end_seconds"] - bars["start_seconds"]) * 1000
    axes.broken_barh(
        list(zip(starts, lengths, strict=True)), (place - LANE / 2, LANE),
        facecolor=colour, edgecolor="white", linewidth=0.4,
    )  # fmt: skip


def _draw_shares(
    axes: Axes, place: float, bars: pd.DataFrame, colour: str, window: tuple[float, float]
) -> None:
    picture = np.ones((1, BINS, 4))
    picture[0, :, :3] = to_rgb(colour)
    picture[0, :, 3] = measure_shares(bars, np.linspace(*window, BINS + 1))
    axes.imshow(
        picture, aspect="auto", interpolation="nearest",
        extent=(window[0] * 1000, window[1] * 1000, place + LANE / 2, place - LANE / 2),
    )  # fmt: skip


def measure_shares(bars: pd.DataFrame, edges: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Measure for each bin the part of it that bars cover.

    Args:
        bars: a row for each bar, with start_seconds and end_seconds; none overlaps another.
        edges: where the bins begin and end, in seconds, one more than there are bins.

    Returns:
        A number from 0 to 1 for each bin.
    """
    ordered = bars.sort_values("start_seconds")
    starts, ends = ordered["start_seconds"].to_numpy(), ordered["end_seconds"].to_numpy()
    covered = np.concatenate([[0.0], np.cumsum(ends - starts)])
    times = np.column_stack([starts, ends]).ravel()
    totals = np.column_stack([covered[:-1], covered[1:]]).ravel()
    until = np.interp(edges, times, totals) if len(times) else np.zeros(len(edges))
    return np.clip(np.diff(until) / np.diff(edges), 0, 1)
