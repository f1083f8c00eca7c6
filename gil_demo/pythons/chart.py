"""Two threads over one under each interpreter: measured, recorded and published ratios."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from gil_demo import words
from gil_demo.drawing import parts, style
from gil_demo.measuring.estimates import LEAST_ROUNDS
from gil_demo.pythons.measure import INTERPRETERS, MEASURED, read_numbers, summarise_interpreters
from gil_demo.tables.schema import check_one_run, list_rows

YOURS, RECORDED, PUBLISHED = "yours", "recorded", "published"
_ORIGINS = {  # the look of marks, how far they stand from others in their row, the column beside it
    YOURS: (style.get_look("threads"), -0.16, 0.645),
    RECORDED: (style.get_look("processes"), -0.16, 0.735),
    PUBLISHED: (style.Look(style.SOFT_INK, "*", ""), 0.18, 0.785),
}
_ROW, _ABOVE, _BETWEEN, _BELOW = 0.4, 0.95, 1.3, 0.95  # inches
_PANELS = {
    True: "one countdown, split between two threads: time over that of one thread (×)",
    False: "each thread counts all of it: time over that of one thread doing both (×)",
}


class Mark(NamedTuple):
    """A ratio to draw, and whether the threads shared one countdown or each did all of it."""

    rank: tuple[bool, list[int], bool]
    label: str
    origin: str
    ratio: float
    low: float = math.nan
    high: float = math.nan
    split: bool = True
    source: str = ""
    name: str = ""  # with the whole version


def list_marks(summary: pd.DataFrame, origin: str) -> list[Mark]:
    marks = []
    for row in list_rows(summary[summary["state"] == MEASURED]):
        minor, is_off = ".".join(row.version.split(".")[:2]), row.gil == "off"
        name = f"{row.interpreter}{', GIL off' if is_off else ''}"
        label = name.replace(row.version, minor)
        rank = row.implementation != "CPython", read_numbers(minor), is_off
        ratio = row.time_ratio, row.time_ratio_low, row.time_ratio_high
        marks.append(Mark(rank, label, origin, *ratio, name=name))
    return marks


def _tell_apart(marks: Sequence[Mark]) -> list[Mark]:
    """Name those by their whole version that share a minor one, so that each has its row."""
    labels = Counter((mark.label, mark.origin) for mark in marks if mark.name)
    return [
        mark._replace(label=mark.name) if labels[mark.label, mark.origin] > 1 else mark
        for mark in marks
    ]


def list_published_marks(published: pd.DataFrame) -> list[Mark]:
    marks = []
    for row in list_rows(published[published["threads"] == 2]):
        is_old = row.python == "old GIL"
        label = f"CPython{',' if is_old else ''} {row.python}"
        rank = False, [2, 6] if is_old else read_numbers(str(row.python)), False
        source, split = f"{str(row.source).split(',')[0]} {row.year}", bool(row.split)
        marks.append(Mark(rank, label, PUBLISHED, row.time_ratio, split=split, source=source))
    return marks


def draw_interpreters(
    table: pd.DataFrame,
    summary: pd.DataFrame,
    recorded: pd.DataFrame | None = None,
    published: pd.DataFrame | None = None,
) -> style.Chart:
    """Draw how long two threads took as a multiple of one, a row for each Python.

    What is recorded stands in for versions that the reader lacks, and is left out of other rows.
    """
    marks = list_marks(summary, RECORDED if table["recorded_on"].iloc[0] else YOURS)
    conditions = _state_conditions(table, summary)
    if recorded is not None:
        if not isinstance(recorded, pd.DataFrame):
            raise TypeError('recorded must be what load_recorded("interpreters") gives')
        check_one_run(recorded, INTERPRETERS)
        known = {mark.label for mark in marks}
        others = list_marks(summarise_interpreters(recorded), RECORDED)
        if stand_ins := [mark for mark in others if mark.label not in known]:
            marks += stand_ins
            conditions += f". Squares: recorded on {recorded['recorded_on'].iloc[0]}"
    if published is not None:
        wanted = ["python", "source", "split", "threads", "time_ratio", "year"]
        if not isinstance(published, pd.DataFrame) or not set(wanted) <= set(published.columns):
            raise TypeError(
                'published must be what load_published("countdown") gives, with the columns '
                f"{', '.join(wanted)}"
            )
        marks += list_published_marks(published)
    marks = _tell_apart(sorted(marks, key=lambda mark: (mark.rank, mark.label)))
    splits = sorted({mark.split for mark in marks}, reverse=True)
    panels = {split: [mark for mark in marks if mark.split == split] for split in splits}
    chart = _draw_panels(panels)
    told = " ".join(["Two threads over one.", *(_tell(*panel) for panel in panels.items())])
    return parts.finish(chart, _title(table, summary), conditions, told)


def _title(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    certain = summary[summary["rounds"] >= LEAST_ROUNDS]
    if reservations := words.find_machine_reservations(table.iloc[0], 2):
        title = f"no verdict: {reservations[0].split(';')[0]}"
    elif not (summary["state"] == MEASURED).any():
        title = "no interpreter could be measured"
    elif certain.empty:
        title = f"no verdict: an interval needs {LEAST_ROUNDS} rounds"
    else:
        most, *others = list_rows(certain.sort_values("time_ratio", ascending=False))
        title = f"two threads took {_state(most)} as long as one under {most.interpreter}"
        title += f"; {_state(others[-1])} under {others[-1].interpreter}" if others else ""
    return words.head(title, table)


def _state(row: Any) -> str:
    return words.state_times(row.time_ratio, row.time_ratio_low, row.time_ratio_high)


def _state_conditions(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    rounds, told = summary.loc[summary["state"] == MEASURED, "rounds"], "none measured"
    if len(rounds):
        interpreters = words.count_in_words(len(rounds), "interpreter")
        told = f"{interpreters}, {words.count_rounds(rounds)} each"
    return words.describe_conditions(table, told)


def _draw_panels(panels: dict[bool, list[Mark]]) -> style.Chart:
    rows = [len({mark.label for mark in panel}) for panel in panels.values()] or [1]
    height = _ABOVE + _ROW * sum(rows) + _BETWEEN * (len(rows) - 1) + _BELOW
    chart = style.make_chart(12.5, height)
    all_axes = chart.subplots(len(rows), 1, squeeze=False, height_ratios=rows)[:, 0]
    top = height - _ABOVE
    for axes, count in zip(all_axes, rows, strict=True):
        axes.set_position((0.195, (top - _ROW * count) / height, 0.39, _ROW * count / height))
        top -= _ROW * count + _BETWEEN
        axes.set_axis_off()  # until there is something to draw
    # the end of an uncertain ratio's interval may lie out of sight
    highest = max((mark.ratio for panel in panels.values() for mark in panel), default=1.0)
    for axes, (split, panel) in zip(all_axes, panels.items(), strict=False):
        axes.set_xlim(0, max(2.0, highest * 1.15))
        _draw_panel(axes, panel, _PANELS[split])
    return chart


def _draw_panel(axes: Axes, marks: Sequence[Mark], name: str) -> None:
    labels = list(dict.fromkeys(mark.label for mark in marks))
    axes.set_axis_on()
    for origin in dict.fromkeys(mark.origin for mark in marks):
        _write_beside(axes, origin, 1, origin, "axes fraction", (0, 4), weight="bold")
    cells: dict[tuple[int, str], list[Mark]] = {}
    for mark in marks:
        cells.setdefault((labels.index(mark.label), mark.origin), []).append(mark)
    for (place, origin), own in cells.items():
        shares_row = sum(row == place for row, _ in cells) > 1
        for mark in own:
            _draw_mark(axes, place + shares_row * _ORIGINS[origin][1], mark)
        ratios = sorted(mark.ratio for mark in own)
        figures = " to ".join(dict.fromkeys(f"{ratio:.2f}" for ratio in (ratios[0], ratios[-1])))
        sources = ", ".join(dict.fromkeys(mark.source for mark in own if mark.source))
        told = f"{figures}  {sources}".rstrip()
        _write_beside(axes, told, place, origin, "data", (0, 0), va="center")
    parts.draw_upright(axes, 0.5, "both at once", is_dashed=True, side="right")
    parts.draw_upright(axes, 1, "as one thread", side="left")
    parts.name_values(axes, name, 5)
    parts.name_rows(axes, labels, bottom=0.4)


def _write_beside(
    axes: Axes, text: str, place: float, origin: str, upwards: str, away: Any, **more: Any
) -> None:
    """Write into the column beside the axes that belongs to an origin."""
    look, _, column = _ORIGINS[origin]
    parts.write(
        axes, text, (column, place), away, look.colour, 12,
        xycoords=("figure fraction", upwards), annotation_clip=False,
        ha="left" if origin == PUBLISHED else "center", **more,
    )  # fmt: skip


def _draw_mark(axes: Axes, place: float, mark: Mark) -> None:
    look = _ORIGINS[mark.origin][0]
    parts.draw_interval(axes, mark.low, mark.high, place, look.colour)
    is_filled = mark.origin == YOURS
    axes.plot(
        mark.ratio, place, linestyle="", marker=look.marker,
        markersize=15 if mark.origin == PUBLISHED else 9, color=look.colour,
        markerfacecolor=look.colour if is_filled else style.PAPER,
        markeredgecolor=style.PAPER if is_filled else look.colour, markeredgewidth=1.6,
    )  # fmt: skip


def _tell(split: bool, marks: Sequence[Mark]) -> str:
    told = [
        f"{mark.label} {mark.origin}{f' by {mark.source}' if mark.source else ''} {mark.ratio:.2f}"
        + ("" if math.isnan(mark.low) else f" ({mark.low:.2f} to {mark.high:.2f})")
        for mark in marks
    ]
    name = "Split between the threads" if split else "Each thread counted all of it"
    return f"{name}: {'; '.join(told)}."
