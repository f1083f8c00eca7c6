"""From which length of task processes pay, cold and kept open, against the loop and threads."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gil_demo.checks import ResultsError
from gil_demo.costs.lengths import COLD, KEPT, Way, find_reservations, fit_ways, list_costs, sum_up
from gil_demo.drawing import style
from gil_demo.drawing.parts import DASHES, finish, write
from gil_demo.measuring.estimates import NOTHING, spread
from gil_demo.measuring.fits import ALWAYS_PAYS, NEVER_PAYS, find_crossing
from gil_demo.measuring.runs import BASELINE, measure_pace
from gil_demo.tables.schema import list_rows
from gil_demo.words import count_in_run, describe_rounds, head, state_range, state_seconds, tell

_RIVALS = {BASELINE: "the plain loop", "threads": "threads"}
LEAST_SPEED_UP = 0.05  # that is drawn: where a line crosses 1 is what matters
_SPEED_UPS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]
_ALIKE = 1.1  # crossings that differ by less are told as one, the longest


def summarise_break_even(table: pd.DataFrame) -> pd.DataFrame:
    """Find the length of a task, by the plain loop's pace, at which processes and a rival meet."""
    costs, pace = list_costs(table), measure_pace(table)
    rows = []
    for way, rival in product(costs, _RIVALS):
        if way.runner != "processes" or Way(rival) not in costs:
            continue
        try:
            found, reason = find_crossing(costs[Way(rival)], costs[way]), ""
        except ResultsError as refusal:
            found, reason = NOTHING, str(refusal)
        steps = pd.Series(spread("crossing", found, "crossing_seconds"))
        rows.append(way._asdict() | {"rival": rival, **steps / pace, "reason": reason})
    if not rows:
        raise ResultsError("the table has no rounds of processes, which are to pay")
    return pd.DataFrame(rows).drop(columns="runner")


def judge_break_even(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say how long a task must be for processes to pay, or why that is withheld."""
    lines = [f"No verdict: {reservation}." for reservation in find_reservations(table)]
    if not lines:
        for method, own in summary.groupby("start_method", sort=False):
            lines.append(f"By {method}:")
            lines += [f"  {_state_crossing(row)}" for row in list_rows(own)]
    return tell(table, lines)


def _state_crossing(row: Any) -> str:
    rival = _RIVALS[row.rival]
    if row.reason:
        pool = "A cold pool" if row.pool == COLD else "A pool kept open"
        return f"{pool} against {rival}: {row.reason}."
    length = state_range(row.crossing_seconds, row.crossing_low, row.crossing_high)
    if row.pool == COLD:
        return f"Against {rival}, a task shorter than {length} isn't worth a cold pool."
    return f"Against {rival}, a pool kept open pays from tasks of {length} on."


def _title(table: pd.DataFrame, crossings: pd.DataFrame) -> str:
    if reservations := find_reservations(table):
        return head(f"no verdict: {reservations[0].split(';')[0]}", table)
    loop, threads = (crossings[crossings["rival"] == rival] for rival in _RIVALS)
    cold, kept = (_state_when(loop[loop["pool"] == pool]) for pool in (COLD, KEPT))
    told = [f"a cold pool pays {cold}"] if cold else []
    if kept:
        shortly = kept.replace("tasks of ", "")
        told.append(f"one kept open {shortly}" if cold else f"a pool kept open pays {kept}")
    if not told:
        reasons = set(loop["reason"])
        reason = f": {reasons.pop().split(':')[0]}" if len(reasons) == 1 else " was found"
        return head(f"no break-even{reason}", table)
    if len(threads) and (threads["reason"] == NEVER_PAYS).all():
        told.append("against threads at no length")
    return head("; ".join(told), table)


def _state_when(crossings: pd.DataFrame) -> str:
    if (crossings["reason"] == ALWAYS_PAYS).all():
        return "at every length"
    found = list_rows(crossings[crossings["reason"] == ""].sort_values("crossing_seconds"))
    if not found:
        return ""
    least, most = found[0], found[-1]
    if len(crossings) == len(found) and most.crossing_seconds < _ALIKE * least.crossing_seconds:
        return f"from tasks of {state_seconds(most.crossing_seconds)}"
    ends = [f"{state_seconds(row.crossing_seconds)} ({row.start_method})" for row in found]
    return f"from tasks of {' to '.join(dict.fromkeys([ends[0], ends[-1]]))}"


_LOOKS = {
    ("threads", ""): ("threads", style.get_look("threads")),
    ("processes", COLD): ("cold pool", style.Look(style.get_look("processes").colour, "s", "--")),
    ("processes", KEPT): ("pool kept open", style.get_look("processes")),
}


def draw_break_even(table: pd.DataFrame, summary: pd.DataFrame) -> style.Chart:
    """Draw the speed-up against the length of a task, a panel for each start method."""
    lengths, methods = sum_up(table), sorted(set(summary["start_method"]))
    width = max(9.5, 4.6 * len(methods))
    chart = style.make_chart(width, 5.6)
    panels = chart.subplots(1, len(methods), sharex=True, sharey=True, squeeze=False)[0]
    chart.subplots_adjust(
        left=1.1 / width, right=1 - 0.25 / width, top=0.8, bottom=0.19, wspace=0.08
    )  # fmt: skip
    told = summary[:0] if find_reservations(table) else summary
    found = told[(told["rival"] == BASELINE) & (told["reason"] == "")]
    furthest = float(found["crossing_seconds"].max())
    for axes, method in zip(panels, methods, strict=True):
        _draw_panel(axes, method, lengths, found[found["start_method"] == method])
        if furthest > lengths["task_seconds"].max():
            _continue_lines(axes, method, table, furthest)
    least, most = float(lengths["speed_up_low"].min()), float(lengths["speed_up_high"].max())
    panels[0].set_ylim(max(LEAST_SPEED_UP, least / 1.3), 2.2 * max(2.0, most))
    for axes, method in zip(panels, methods, strict=True):
        _finish_panel(axes, method, found[found["start_method"] == method])
    panels[0].set_ylabel("speed-up over the plain loop (×)", size=13, color=style.INK)
    chart.legend(
        *panels[0].get_legend_handles_labels(), loc="upper left", ncols=4, frameon=False,
        fontsize=13, bbox_to_anchor=(0.03, 0.935), handlelength=2.6, columnspacing=1.6,
    )  # fmt: skip
    ends = sorted({lengths["task_seconds"].min(), lengths["task_seconds"].max()})
    what = f"{count_in_run(table, 'task')} at once, of {' to '.join(map(state_seconds, ends))} each"
    what += f" (speed-ups from {LEAST_SPEED_UP:g} ×)" * (least < LEAST_SPEED_UP)
    return finish(chart, _title(table, summary), describe_rounds(table, what), _tell(told, lengths))


def _draw_panel(axes: Axes, method: str, lengths: pd.DataFrame, found: pd.DataFrame) -> None:
    axes.loglog()
    loop = style.get_look(BASELINE).colour
    axes.axhline(1, color=loop, linewidth=2, label="plain loop", zorder=1)
    for (runner, pool), (label, look) in _LOOKS.items():
        is_shown = lengths["start_method"].isin([method, ""])
        rows = lengths[is_shown & (lengths["runner"] == runner) & (lengths["pool"] == pool)]
        if rows.empty:
            continue
        x = rows["task_seconds"].astype(float)
        ends = rows["speed_up_low"], rows["speed_up_high"]
        axes.fill_between(x, *ends, color=look.colour, alpha=0.15, linewidth=0)
        axes.plot(
            x, rows["speed_up"], color=look.colour, marker=look.marker,
            markersize=7, linewidth=2, linestyle=look.line, label=label,
            markerfacecolor=style.PAPER if look.line == "--" else look.colour,
        )  # fmt: skip
    for row in list_rows(found):
        faint: dict[str, Any] = {"color": style.SOFT_INK, "zorder": 0.5}
        axes.axvline(row.crossing_seconds, linewidth=1.3, linestyle=DASHES, **faint)
        axes.axvspan(row.crossing_low, row.crossing_high, alpha=0.13, linewidth=0, **faint)


def _finish_panel(axes: Axes, method: str, found: pd.DataFrame) -> None:
    """Name a panel's axes, and label the crossings at the top, a row a pool."""
    axes.set_title(f"by {method}", loc="left", size=14, color=style.INK, weight="bold", pad=8)
    axes.set_xlabel("length of one task", size=12, color=style.INK)
    style.label_decades(axes.xaxis, state_seconds)
    style.label_in_full(axes.yaxis, _SPEED_UPS, "{:g}".format)
    style.clean_axes(axes, "y")
    axes.tick_params(labelsize=11)
    low, high = axes.get_xlim()
    for row in list_rows(found):
        length = row.crossing_seconds
        is_left = length**2 < low * high
        away = 4 if is_left else -4, -4 if row.pool == COLD else -22
        write(
            axes, state_seconds(length), (length, 1), away, style.INK, 12,
            xycoords=("data", "axes fraction"), va="top",
            ha="left" if is_left else "right",
            bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.5, "alpha": 0.85},
        )  # fmt: skip


def _continue_lines(axes: Axes, method: str, table: pd.DataFrame, furthest: float) -> None:
    """Carry the fitted lines on to where a pool begins to pay, beyond what was measured."""
    lines, longest = fit_ways(table), float(table["steps"].max()) / measure_pace(table)
    lengths = np.geomspace(longest, 1.5 * furthest, 30)
    loop = [lines[Way(BASELINE)].at(length) for length in lengths]
    for pool in (COLD, KEPT):
        costs = [lines[Way("processes", method, pool)].at(length) for length in lengths]
        axes.plot(
            lengths, np.divide(loop, costs), linewidth=1.2, linestyle=":",
            color=_LOOKS["processes", pool][1].colour, zorder=1,
        )  # fmt: skip


def _tell(crossings: pd.DataFrame, lengths: pd.DataFrame) -> str:
    told = []
    for row in list_rows(crossings):
        low, high = 1000 * row.crossing_low, 1000 * row.crossing_high
        length = f"{1000 * row.crossing_seconds:.2f} ms ({low:.2f} to {high:.2f})"
        length = row.reason.split(":")[0] or length
        told.append(f"{row.start_method}, {row.pool}, against {_RIVALS[row.rival]}: {length}")
    pays = f"From which length of task processes pay: {'; '.join(told)}. " if told else ""
    times = []
    for row in list_rows(lengths[lengths["steps"] == lengths["steps"].max()]):
        by = f" by {row.start_method}" if row.start_method else ""
        name = _LOOKS[row.runner, row.pool][0] if row.runner != BASELINE else "plain loop"
        times.append(f"{name}{by} {row.seconds:.4f} s")
    return f"{pays}The longest tasks took: {'; '.join(times)}."
