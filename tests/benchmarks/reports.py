"""What a benchmark found: rows of figures beside their targets."""

import math
from collections.abc import Callable
from typing import NamedTuple

from gil_demo.measuring.estimates import Estimate

WIDTHS = (44, 9, 18, 7, 10, 5)


class Row(NamedTuple):
    """One line of a report.

    Attributes:
        name: what the figure is.
        cells: the figure, its interval and the number of rounds, as text.
        target: what the figure should be, as text; "" where it is there for information.
        is_met: whether it is; None where there is no target.
    """

    name: str
    cells: tuple[str, str, str]
    target: str
    is_met: bool | None


class Report(NamedTuple):
    """What a benchmark found.

    Attributes:
        title: what was compared with what.
        headings: what the three cells of each row are.
        rows: the figures.
        notes: what a reader has to know to judge them.
    """

    title: str
    headings: tuple[str, str, str]
    rows: list[Row]
    notes: list[str]


class Benchmark(NamedTuple):
    """A benchmark that can be asked for by name.

    Attributes:
        measure: takes the number of rounds and measures.
        rounds: how many rounds it takes unless told otherwise.
    """

    measure: Callable[[int], Report]
    rounds: int


MEDIAN_HEADINGS = ("median", "95 % interval", "rounds")


def make_row(
    name: str,
    estimate: Estimate,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    decimals: int = 3,
) -> Row:
    """Set an estimate beside its target; it is met when the median is on the right side.

    Args:
        name: what the figure is.
        estimate: the figure.
        at_least: the target, if it is a lower bound.
        at_most: the target, if it is an upper bound.
        below: the target, if it is an upper bound that must not be reached.
        decimals: how many to show.
    """
    cells = (
        f"{estimate.median:.{decimals}f}",
        _describe_interval(estimate, decimals),
        str(estimate.rounds),
    )
    if at_least is not None:
        return Row(name, cells, f">= {at_least:g}", estimate.median >= at_least)
    if at_most is not None:
        return Row(name, cells, f"<= {at_most:g}", estimate.median <= at_most)
    if below is not None:
        return Row(name, cells, f"< {below:g}", estimate.median < below)
    return Row(name, cells, "", None)


def format_report(report: Report) -> str:
    """Return a report as a table in plain text."""
    heading = _align("", *report.headings, "target", "met")
    words = {True: "yes", False: "NO", None: ""}
    rows = [_align(row.name, *row.cells, row.target, words[row.is_met]) for row in report.rows]
    notes = [f"  {note}" for note in report.notes]
    return "\n".join([report.title, heading, *rows, *notes])


def _align(name: str, *cells: str) -> str:
    columns = [cell.rjust(width) for cell, width in zip(cells, WIDTHS[1:], strict=True)]
    return f"  {name:<{WIDTHS[0]}}{''.join(columns)}".rstrip()


def _describe_interval(estimate: Estimate, decimals: int) -> str:
    if math.isnan(estimate.low):
        return "too few rounds"
    return f"{estimate.low:.{decimals}f} to {estimate.high:.{decimals}f}"
