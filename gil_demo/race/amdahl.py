"""Ask how much of the work was shared out: Amdahl's law, and a slider to bend it with."""

import math
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.checks import ResultsError
from gil_demo.drawing import style
from gil_demo.drawing.parts import DASHES, draw_ideal, draw_medians, finish, name_axes, write
from gil_demo.measuring.estimates import select_by_round
from gil_demo.measuring.fits import compute_speed_up, fit_parallel_part
from gil_demo.measuring.runs import BASELINE, RUNS, summarise
from gil_demo.race.comparison import describe_run, find_reservations, title_findings
from gil_demo.tables.schema import check_one_run, list_rows
from gil_demo.words import capitalise, count_in_words, head, state_factor

_LAW = "By Amdahl's law, which notebook 08 explains:"
_POWERS = [2.0**n for n in range(9)]
_CORES = [2 ** (step / 8) for step in range(65)]


class Fit(NamedTuple):
    """Which part of the work, 0 to 1, a runner's workers shared out, or why that isn't known."""

    runner: str
    part: float
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
            int(workers): list(select_by_round(own, "seconds", workers=workers) / loops)
            for workers in sorted(set(own["workers"]))
        }
        try:
            part, low, high = np.clip(fit_parallel_part(ratios, cores)[:3], 0, 1)
            fits.append(Fit(str(runner), part, low, high, ""))
        except ResultsError as refusal:
            fits.append(Fit(str(runner), math.nan, math.nan, math.nan, str(refusal)))
    return fits


def count_cores_at_once(table: pd.DataFrame) -> int:
    """Count how many workers of a run could truly work at once, by the machine's facts."""
    # two logical cores of one physical core share its circuits; not every system tells their number
    return int(table[["usable_cores", "physical_cores"]].iloc[0].min())


def select_fits(table: pd.DataFrame, fits: list[Fit]) -> list[Fit]:
    """Select the fits that may be told: those that were found, on a machine that carries them."""
    return [] if find_reservations(table) else [fit for fit in fits if not fit.reason]


def judge_fits(table: pd.DataFrame) -> list[str]:
    """Say in a sentence each how much of the work was shared out, and on which cores."""
    fits = fit_runners(table)
    if not fits:
        return []
    told = [] if find_reservations(table) else [_LAW, *map(_state_fit, fits)]
    return [*told, _state_cores(table, select_fits(table, fits))]


def _state_fit(fit: Fit) -> str:
    name = capitalise(fit.runner)
    if fit.reason:
        return f"{name}: no fit, since {fit.reason}."
    told = f"{name} shared out {_state_known_part(fit)} of the work"
    if _is_wide(fit):
        return f"{told}: too wide to say more."
    least, most = _find_limit(fit.low), _find_limit(fit.high)
    if fit.high < 0.5:
        limit = "more of them change little"
    elif fit.low == 1:
        limit = "no limit shows"
    elif _is_limit_known(fit):
        limit = f"with cores without end, {least:.1f} to {most:.1f} times as fast as the plain loop"
    else:
        limit = f"no limit can be told from that, but that it is above {least:.1f} ×"
    return f"{told} ({_state_range(fit)}): {limit}."


def _is_limit_known(fit: Fit) -> bool:
    return _find_limit(fit.high) <= 2 * _find_limit(fit.low)


def _is_wide(fit: Fit) -> bool:
    return fit.high - fit.low > 0.25


def _state_known_part(fit: Fit) -> str:
    return _state_range(fit) if _is_wide(fit) else _state_part(fit.part)


def _state_range(fit: Fit) -> str:
    return f"{_state_part(fit.low)} to {_state_part(fit.high)}"


def _state_part(part: float) -> str:
    return f"{100 * part:.1f} %"


def _find_limit(part: float) -> float:
    """Find the speed-up that no number of cores would exceed."""
    return math.inf if part == 1 else 1 / (1 - part)


def _state_cores(table: pd.DataFrame, fits: list[Fit]) -> str:
    first = table.iloc[0]
    physical = "an unknown number" if pd.isna(first["physical_cores"]) else first["physical_cores"]
    limited = f", limited by {first['cores_limited_by']}" if first["cores_limited_by"] else ""
    workers = count_in_words(count_cores_at_once(table), "worker")
    law = f" The law is fitted to {workers} at once." if fits else ""
    if any(fit.runner == "processes" and fit.low < 0.95 for fit in fits):
        law += (
            " A countdown has next to no serial part: what processes lack went to handing out "
            "(the shorter the runs, the more), to cores that share circuits or have other guests, "
            "to memory, and to noise."
        )
    return (
        f"Cores: {first['logical_cores']} logical, {physical} physical, "
        f"{first['usable_cores']} usable{limited}.{law}"
    )


@style.settings_of_our_own()  # since a slider calls it, too
def draw_amdahl(
    table: pd.DataFrame, summary: pd.DataFrame, chosen: float | None = None, /
) -> style.Chart:
    """Draw what was measured beside the law as fitted, and the law with its doubt up to 256 cores.

    With reasons to withhold a verdict, what was fitted is left out; a chosen part is drawn beside.
    """
    fits, cores = fit_runners(table), count_cores_at_once(table)
    told = select_fits(table, fits)
    chart = style.make_chart(12, 5.6)
    left, right = chart.subplots(1, 2)
    chart.subplots_adjust(left=0.06, right=0.985, top=0.84, bottom=0.19, wspace=0.2)
    most = int(summary["workers"].max())
    for place, fit in enumerate(fits):
        rows, look = summary[summary["runner"] == fit.runner], style.get_look(fit.runner)
        # beside each other, so that none hides another
        workers = rows["workers"].astype(int) + 0.025 * most * (place - 0.5 * (len(fits) - 1))
        draw_medians(left, workers, rows, "speed_up", look, linestyle="", label=fit.runner)
        if fit in told:
            low, high = (_follow_law(end, _CORES) for end in (fit.low, fit.high))
            right.fill_between(_CORES, low, high, color=look.colour, alpha=0.18, linewidth=0)
            limit = _find_limit(fit.part) if _is_limit_known(fit) else math.inf
            _draw_law(left, right, fit.part, (cores, most), look.colour, fit.runner, limit)
    if chosen is not None:
        label = f"if {_state_part(chosen)} is shared out"
        limit = _find_limit(chosen)
        _draw_law(left, right, chosen, (cores, most), style.OTHER.colour, label, limit)
    has_law = bool(told) or chosen is not None
    says = "what the law says of more cores" if has_law else "the law: not fitted here"
    _finish_left(left, table.iloc[0], summary, has_law=has_law)
    _finish_right(right, f"{says}{', 95 % interval' * bool(told)}")
    title = title_amdahl(table, fits, chosen)
    return finish(chart, title, describe_run(table), _describe_fits(fits, told, summary))


def _draw_law(
    left: Axes, right: Axes, part: float, numbers: tuple[int, int], colour: str, label: str,
    limit: float,
) -> None:  # fmt: skip
    """Draw the law for as many workers as there are on some cores, and for ever more cores."""
    cores, most = numbers
    workers = range(1, most + 1)
    speed_ups = _follow_law(part, (min(number, cores) for number in workers))
    left.plot(workers, speed_ups, color=colour, linewidth=2, alpha=0.75, zorder=1)
    if 1.5 < limit < _POWERS[-1]:
        label = f"{label}: limit {limit:.3g} ×"
        right.axhline(limit, color=colour, linewidth=1.2, linestyle=DASHES, zorder=0.5)
    right.plot(_CORES, _follow_law(part, _CORES), color=colour, linewidth=2.4, label=label)


def _follow_law(part: float, cores: Iterable[float]) -> list[float]:
    return [compute_speed_up(part, number) for number in cores]


def _finish_left(axes: Axes, first: Any, summary: pd.DataFrame, *, has_law: bool) -> None:
    most = int(summary["workers"].max())
    furthest = float(summary[["speed_up", "speed_up_high"]].max().max())
    top = 1.15 * max(2.0, furthest, min(most, first["usable_cores"]))
    room = 0.04 * most  # for marks beside each other
    axes.set(xlim=(1 - max(0.3, room), most + max(0.5, room)), ylim=(0, top))
    draw_ideal(axes, [1, top], [1, top])
    axes.axhline(1, color=style.SOFT_INK, linewidth=1.2, zorder=0.5)
    _mark_cores(axes, first, most)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    name_axes(axes, "workers", "speed-up (×); dashed: ideal")
    _explain(axes, f"measured (marks){' and the law (lines)' * has_law}", "best")


def _mark_cores(axes: Axes, first: Any, most: int) -> None:
    """Mark the numbers of cores; those that are alike or close share a label."""
    named: dict[int, list[str]] = {}
    for name in ("physical", "usable", "logical"):
        number = first[f"{name}_cores"]
        if not pd.isna(number) and number <= most:
            named.setdefault(int(number), []).append(name)
    for number in named:
        axes.axvline(number, color=style.SOFT_INK, linewidth=1, linestyle=":", zorder=0.5)
    numbers = np.array(sorted(named))
    gaps = np.flatnonzero(np.diff(numbers) >= 0.3 * most) + 1
    for group in np.split(numbers, gaps) if named else []:
        told = ", ".join(f"{number} {' = '.join(named[number])}" for number in group)
        middle = float(group.mean())
        side = "left" if middle < 0.3 * most else "right" if middle > 0.7 * most else "center"
        write(axes, told, (middle, 1), (0, 4), xycoords=("data", "axes fraction"), ha=side)


def _finish_right(axes: Axes, told: str) -> None:
    draw_ideal(axes, _POWERS, _POWERS)
    axes.set(xscale="log", yscale="log", xlim=(1, _POWERS[-1]), ylim=(0.8, _POWERS[-1]))
    for axis in (axes.xaxis, axes.yaxis):
        style.label_in_full(axis, _POWERS, "{:.0f}".format)
    name_axes(axes, "cores, each with a worker (not measured)", "")
    _explain(axes, told, "upper left")


def _explain(axes: Axes, told: str, place: Literal["best", "upper left"]) -> None:
    """Say what a plot shows, and explain its lines on paper that none of them shines through."""
    axes.set_title(told, loc="left", size=13, color=style.INK, pad=20)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc=place, fontsize=12, handlelength=1.2, facecolor=style.PAPER, edgecolor="none",
            framealpha=0.9,
        )  # fmt: skip


def title_amdahl(table: pd.DataFrame, fits: list[Fit], chosen: float | None) -> str:
    """Put the finding in one line, or the part that the reader chose."""
    if chosen is not None:
        limit = "no limit" if chosen == 1 else f"at most {state_factor(_find_limit(chosen))} ×"
        return head(f"if {_state_part(chosen)} can be shared out: {limit}", table)
    told = [f"{fit.runner} shared out {_state_known_part(fit)}" for fit in fits if not fit.reason]
    findings = [f"{'; '.join(told)} of the work"] if told else []
    reason = fits[0].reason.split(":")[0] if fits else "too little to fit it to"
    return title_findings(table, findings, f"no fit of Amdahl's law: {reason}")


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
    """A chart, and a widget with a slider that is shown in its place while a kernel runs."""

    def __init__(self, still: style.Chart, widget: Any = None) -> None:
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
    start = round(200 * max(fitted, default=0.9)) / 200  # on one of the slider's steps
    still = draw_amdahl(table, summary, start)
    try:
        import ipywidgets
    except ImportError:
        return BendableChart(still)
    slider = ipywidgets.FloatSlider(
        value=start, min=0.0, max=1.0, step=0.005, readout_format=".1%", description="shared out",
        continuous_update=False,
    )  # fmt: skip
    picture = ipywidgets.HTML()

    def show(chart: style.Chart) -> None:
        picture.value = chart._repr_mimebundle_()[0]["text/html"]

    show(still)
    slider.observe(lambda change: show(draw_amdahl(table, summary, change["new"])), names="value")
    return BendableChart(still, ipywidgets.VBox([slider, picture]))
