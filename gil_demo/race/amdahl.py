"""Ask how much of the work was shared out: Amdahl's law, and a slider to bend it with."""

import math
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.checks import ResultsError, check_part
from gil_demo.drawing.parts import DASHES, draw_ideal, draw_medians, finish, write
from gil_demo.drawing.style import (
    INK,
    PAPER,
    SOFT_INK,
    Chart,
    Look,
    clean_axes,
    get_look,
    label_in_full,
    make_chart,
)
from gil_demo.measuring.estimates import select_by_round
from gil_demo.measuring.fits import compute_speed_up, fit_parallel_part
from gil_demo.measuring.runs import BASELINE, RUNS, summarise
from gil_demo.race.comparison import describe_run, find_reservations, title_findings
from gil_demo.tables.schema import check_one_run, list_rows
from gil_demo.words import capitalise, count_in_words, head, state_factor

_WIDEST_PART = 0.25

_FURTHEST_LIMIT = 100.0

_POWERS = [2.0**n for n in range(9)]

_CORES = [2 ** (step / 8) for step in range(65)]


class Fit(NamedTuple):
    """Which part of the work a runner's workers shared out, or the reason why that isn't known."""

    runner: str
    cores: int  # as many workers can truly work at once
    part: float  # the parallel part, from 0 to 1
    low: float
    high: float
    reason: str


def fit_runners(table: pd.DataFrame) -> list[Fit]:
    """Fit Amdahl's law to each way of running."""
    cores = count_cores_at_once(table)
    loops = select_by_round(table, "seconds", runner=BASELINE)
    fits = []
    for runner, own in table[table["runner"] != BASELINE].groupby("runner"):
        ratios = {
            int(workers): list((select_by_round(own, "seconds", workers=workers) / loops).dropna())
            for workers in sorted(set(own["workers"]))
        }
        try:
            found = fit_parallel_part(ratios, cores)[:3]
            part, low, high = (min(1.0, max(0.0, end)) for end in found)
            fits.append(Fit(str(runner), cores, part, low, high, ""))
        except ResultsError as refusal:
            fits.append(Fit(str(runner), cores, math.nan, math.nan, math.nan, str(refusal)))
    return fits


def count_cores_at_once(table: pd.DataFrame) -> int:
    """Count how many workers of a run could truly work at once, by the machine's facts.

    Two logical cores of one physical core share its circuits; so the physical ones count, where
    the system tells their number and this Python may use that many.
    """
    first = table.iloc[0]
    usable, physical = int(first["usable_cores"]), first["physical_cores"]
    return usable if pd.isna(physical) else min(usable, int(physical))


def select_fits(table: pd.DataFrame, fits: list[Fit]) -> list[Fit]:
    """Select the fits that may be told: those that were found, on a machine that carries them."""
    return [] if find_reservations(table) else [fit for fit in fits if not fit.reason]


def judge_fits(table: pd.DataFrame) -> list[str]:
    """Say in a sentence each how much of the work was shared out, and on which cores."""
    fits = fit_runners(table)
    told = [] if find_reservations(table) else [_state_fit(fit) for fit in fits]
    return [*told, _state_cores(table, select_fits(table, fits))] if fits else []


def _state_fit(fit: Fit) -> str:
    name = capitalise(fit.runner)
    if fit.reason:
        return f"{name}: no fit, since {fit.reason}."
    told = f"{name} shared out {_state_known_part(fit)} of the work"
    if _is_wide(fit):
        return f"{told}: too wide to say more."
    return f"{told} ({_state_range(fit)}): {_state_limit(fit)}."


def _state_limit(fit: Fit) -> str:
    """Say what more workers would bring, as far as the interval carries it."""
    if fit.high < 0.5:
        return "more of them change little"
    if fit.low == 1:
        return "no limit shows"
    least, most = _find_limit(fit.low), _find_limit(fit.high)
    end = "or more" if most > _FURTHEST_LIMIT else f"to {most:.1f}"
    return f"with cores without end, {least:.1f} {end} times as fast as the plain loop"


def _is_wide(fit: Fit) -> bool:
    return fit.high - fit.low > _WIDEST_PART


def _state_known_part(fit: Fit) -> str:
    return _state_range(fit) if _is_wide(fit) else _state_part(fit.part)


def _state_range(fit: Fit) -> str:
    return f"{_state_part(fit.low)} to {_state_part(fit.high)}"


def _state_part(part: float) -> str:
    return f"{100 * part:.1f} %"


def _find_limit(part: float) -> float:
    """Find the speed-up that no number of cores would exceed."""
    return math.inf if part == 1 else 1 / (1 - part)


def _state_cores(table: pd.DataFrame, told: list[Fit]) -> str:
    first = table.iloc[0]
    physical = first["physical_cores"]
    known = "an unknown number" if pd.isna(physical) else f"{int(physical)}"
    limited = f", limited by {first['cores_limited_by']}" if first["cores_limited_by"] else ""
    cores = (
        f"Cores: {int(first['logical_cores'])} logical, {known} physical, "
        f"{int(first['usable_cores'])} usable{limited}."
    )
    if not told:
        return cores
    return f"{cores} The law is fitted to {count_in_words(told[0].cores, 'worker')} at once."


def draw_amdahl(
    table: pd.DataFrame, summary: pd.DataFrame, parallel_part: float | None = None
) -> Chart:
    """Draw the speed-up of ever more workers beside Amdahl's law, and what more cores would do.

    On the left stands what was measured with the law as fitted and the numbers of cores; on the
    right the law up to 256 cores with the interval of the fit and its limit. With reasons to
    withhold a verdict, what was fitted is left out. A part that the reader chose is drawn beside
    it.
    """
    chosen = None if parallel_part is None else check_part("parallel_part", parallel_part)
    fits = fit_runners(table)
    told = select_fits(table, fits)
    chart = make_chart(12, 5.6)
    left, right = chart.subplots(1, 2)
    chart.subplots_adjust(left=0.06, right=0.985, top=0.84, bottom=0.19, wspace=0.2)
    most = int(summary["workers"].max())
    for fit in fits:
        rows = summary[summary["runner"] == fit.runner]
        draw_medians(
            left, rows["workers"].astype(int), rows, "speed_up", get_look(fit.runner),
            linestyle="", label=fit.runner,
        )  # fmt: skip
    for fit in told:
        look = get_look(fit.runner)
        _draw_law(left, fit.part, most, fit.cores, look)
        low, high = (_follow_law(end, _CORES) for end in (fit.low, fit.high))
        right.fill_between(_CORES, low, high, color=look.colour, alpha=0.18, linewidth=0)
        _draw_outlook(right, fit.part, look, fit.runner)
    if chosen is not None:
        look = Look("#CC79A7", "D", "-")
        _draw_law(left, chosen, most, count_cores_at_once(table), look)
        _draw_outlook(right, chosen, look, f"if {_state_part(chosen)} is shared out")
    _finish_left(left, table.iloc[0], summary)
    _finish_right(right)
    title = title_amdahl(table, fits, chosen)
    return finish(chart, title, describe_run(table), _describe_fits(fits, told, summary))


def _draw_law(axes: Axes, part: float, most: int, cores: int, look: Look) -> None:
    """Draw the law for workers that share some cores: beyond those, more of them add nothing."""
    workers = range(1, most + 1)
    speed_ups = _follow_law(part, (min(number, cores) for number in workers))
    axes.plot(workers, speed_ups, color=look.colour, linewidth=2, alpha=0.75, zorder=1)


def _draw_outlook(axes: Axes, part: float, look: Look, label: str) -> None:
    limit = _find_limit(part)
    if 1.5 < limit < _POWERS[-1]:
        label = f"{label}: limit {limit:.3g} ×"
        axes.axhline(limit, color=look.colour, linewidth=1.2, linestyle=DASHES, zorder=0.5)
    axes.plot(_CORES, _follow_law(part, _CORES), color=look.colour, linewidth=2.4, label=label)


def _follow_law(part: float, cores: Iterable[float]) -> list[float]:
    return [compute_speed_up(part, number) for number in cores]


def _finish_left(axes: Axes, first: Any, summary: pd.DataFrame) -> None:
    most = int(summary["workers"].max())
    ideal = min(most, int(first["usable_cores"]))
    furthest = float(summary[["speed_up", "speed_up_high"]].max().max())
    top = 1.15 * max(2.0, furthest, ideal)
    axes.set_xlim(0.7, most + 0.5)
    axes.set_ylim(0, top)
    draw_ideal(axes, [1, top], [1, top])
    axes.axhline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    _mark_cores(axes, first, most)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    axes.set_xlabel("workers", size=13, color=INK)
    axes.set_ylabel("speed-up (×)", size=13, color=INK)
    axes.set_title("measured (marks) and the law (lines)", loc="left", size=13, color=INK, pad=20)
    clean_axes(axes, "y")
    _add_legend(axes, "best")


def _mark_cores(axes: Axes, first: Any, most: int) -> None:
    """Mark the numbers of cores; those that are alike or close share a label."""
    named: dict[int, list[str]] = {}
    for name in ("physical", "usable", "logical"):
        number = first[f"{name}_cores"]
        if not pd.isna(number) and number <= most:
            named.setdefault(int(number), []).append(name)
    groups: list[list[int]] = []
    for number in sorted(named):
        axes.axvline(number, color=SOFT_INK, linewidth=1, linestyle=":", zorder=0.5)
        if groups and number - groups[-1][-1] < 0.3 * most:
            groups[-1].append(number)
        else:
            groups.append([number])
    for group in groups:
        told = ", ".join(f"{number} {' = '.join(named[number])}" for number in group)
        middle = sum(group) / len(group)
        side = "left" if middle < 0.3 * most else "right" if middle > 0.7 * most else "center"
        write(axes, told, (middle, 1), (0, 4), xycoords=("data", "axes fraction"), ha=side)


def _finish_right(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    draw_ideal(axes, _POWERS, _POWERS)
    axes.set_xlim(1, _POWERS[-1])
    axes.set_ylim(0.8, _POWERS[-1])
    for axis in (axes.xaxis, axes.yaxis):
        label_in_full(axis, _POWERS, "{:.0f}".format)
    axes.set_xlabel("cores, each with a worker (not measured)", size=13, color=INK)
    told = "what the law says of more cores, 95 % interval"
    axes.set_title(told, loc="left", size=13, color=INK, pad=20)
    clean_axes(axes, "y")
    _add_legend(axes, "upper left")


def _add_legend(axes: Axes, place: Literal["best", "upper left"]) -> None:
    """Explain the marks and lines, if there are any, on paper that no line shines through."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc=place, fontsize=12, handlelength=1.2, facecolor=PAPER, edgecolor="none",
            framealpha=0.9,
        )  # fmt: skip


def title_amdahl(table: pd.DataFrame, fits: list[Fit], chosen: float | None) -> str:
    """Put the finding in one line, or the part that the reader chose."""
    if chosen is not None:
        limit = "no limit" if chosen == 1 else f"at most {state_factor(_find_limit(chosen))} ×"
        return head(f"if {_state_part(chosen)} can be shared out: {limit}", table)
    told = [f"{fit.runner} shared out {_state_known_part(fit)}" for fit in fits if not fit.reason]
    return title_findings(
        table,
        [f"{'; '.join(told)} of the work"] if told else [],
        "no fit of Amdahl's law: too little to fit it to",
    )


def _describe_fits(fits: list[Fit], told: list[Fit], summary: pd.DataFrame) -> str:
    facts = []
    for fit in fits:
        speed_ups = ", ".join(
            f"{count_in_words(int(row.workers), 'worker')} {row.speed_up:.2f}"
            for row in list_rows(summary[summary["runner"] == fit.runner])
        )
        part = f"; parallel part {_state_part(fit.part)} ({_state_range(fit)})" * (fit in told)
        facts.append(f"{fit.runner}: {speed_ups}{part}")
    return f"Speed-ups: {'; '.join(facts)}." if facts else ""


class BendableChart:
    """A chart with a slider below it, for as long as a kernel runs; else the chart alone.

    Attributes:
        still: the chart as it stands where no widget runs: on paper, in a book, in a saved
            notebook.
        widget: the slider and its picture, where ipywidgets is installed.
    """

    def __init__(self, still: Chart, widget: Any = None) -> None:
        self.still = still
        self.widget = widget

    def _repr_mimebundle_(self, **how: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle, metadata = self.still._repr_mimebundle_(**how)
        if self.widget is not None:
            bundle = {**self.widget._repr_mimebundle_(**how), **bundle}
        return bundle, metadata


def bend_amdahl(table: pd.DataFrame) -> BendableChart:
    """Give the chart of Amdahl's law a slider for the part of the work that is shared out.

    Args:
        table: a table of one run, as `scale` gives it.

    Returns:
        What Jupyter shows as a chart with a slider where ipywidgets is installed and a kernel
        runs, and as a still picture elsewhere. It begins with the largest part that was fitted,
        or with 90 % where nothing was, or where there are reasons to withhold it.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, RUNS)
    summary = summarise(table)
    fitted = [fit.part for fit in select_fits(table, fit_runners(table))]
    step = 0.005
    start = min(1.0, step * round(max(fitted, default=0.9) / step))
    still = draw_amdahl(table, summary, start)
    try:
        import ipywidgets
    except ImportError:
        return BendableChart(still)
    slider = ipywidgets.FloatSlider(
        value=start, min=0.0, max=1.0, step=step, readout_format=".1%", description="shared out",
        continuous_update=False,
    )  # fmt: skip
    picture = ipywidgets.HTML(_show(still))

    def redraw(change: dict[str, Any]) -> None:
        picture.value = _show(draw_amdahl(table, summary, float(change["new"])))

    slider.observe(redraw, names="value")
    return BendableChart(still, ipywidgets.VBox([slider, picture]))


def _show(chart: Chart) -> str:
    return chart._repr_mimebundle_()[0]["text/html"]
