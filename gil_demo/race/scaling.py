"""Ask which is faster: one thread, several threads or several processes."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from gil_demo.checks import ResultsError, check_count, check_part, check_unlike, check_workers
from gil_demo.drawing.style import (
    INK,
    PAPER,
    SOFT_INK,
    Chart,
    Look,
    clean_axes,
    get_look,
    make_chart,
    write_heading,
)
from gil_demo.measuring.fits import compute_speed_up, fit_parallel_part
from gil_demo.measuring.runs import (
    BASELINE,
    Work,
    check_comparable,
    check_runners,
    measure,
    summarise,
)
from gil_demo.race.comparison import (
    DEFAULT_COUNT,
    describe_conditions,
    describe_speed_ups,
    find_reservations,
    judge_speed,
    title_scaling,
)
from gil_demo.running.workloads import countdown
from gil_demo.tables.schema import list_rows
from gil_demo.words import capitalise, count_in_words, head, state_factor


def scale(
    workers: Sequence[int] = (1, 2, 4),
    *,
    runners: Sequence[str] = ("threads", "processes"),
    count: int = DEFAULT_COUNT,
    start_method: str | None = None,
    precision: float | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Run the same countdown with more and more workers.

    Args:
        workers: how many threads or processes, each number once.
        runners: which ways, by name; the sequential run is always measured.
        count: steps of the whole countdown, whatever the number of workers.
        start_method: as for `compare`.
        precision: as for `compare`.
        budget: as for `compare`.

    Returns:
        The tidy table, as for `compare`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    names = check_runners(runners)
    numbers = check_unlike("workers", workers, lambda _, number: check_workers(number))
    variants = {(BASELINE, 1): max(numbers)} | {
        (name, number): number for name in names if name != BASELINE for number in numbers
    }
    work = Work("countdown", countdown, check_count(count))
    return measure("scale", work, variants, start_method, precision, budget)


_COLUMNS = [
    *("runner", "cores", "parallel_part", "parallel_low", "parallel_high"),
    *("limit", "reason"),
]


def summarise_scaling(table: pd.DataFrame) -> pd.DataFrame:
    """Fit Amdahl's law to a run with ever more workers: a row for each way of running.

    Args:
        table: a table of one run, as `scale` gives it.

    Returns:
        The columns runner, cores (how many workers can truly work at once: the physical cores, or
        fewer where this Python may not use all), parallel_part with parallel_low and parallel_high
        (the median of the rounds and its 95 % interval, from 0 to 1; nan where it can't be
        fitted), limit (the speed-up that no number of cores would exceed; infinite for a parallel
        part of 1), reason (why there is no fit; empty where there is one).

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_comparable(table)
    cores = count_cores_at_once(table)
    loops = table[table["runner"] == BASELINE].set_index("round")["seconds"]
    rows = []
    for runner, own in table[table["runner"] != BASELINE].groupby("runner", sort=True):
        ratios = {
            int(str(workers)): list((runs.set_index("round")["seconds"] / loops).dropna())
            for workers, runs in own.groupby("workers")
        }
        try:
            fitted = fit_parallel_part(ratios, cores)
            part, low, high = (
                min(1.0, max(0.0, end)) for end in (fitted.median, fitted.low, fitted.high)
            )
            reason = ""
        except ResultsError as refusal:
            part, low, high, reason = math.nan, math.nan, math.nan, str(refusal)
        rows.append(
            {
                "runner": str(runner),
                "cores": cores,
                "parallel_part": part,
                "parallel_low": low,
                "parallel_high": high,
                "limit": math.inf if part == 1 else 1 / (1 - part),
                "reason": reason,
            }
        )
    return pd.DataFrame(rows, columns=_COLUMNS)


def count_cores_at_once(table: pd.DataFrame) -> int:
    """Count how many workers of a run could truly work at once, by the machine's facts.

    Two logical cores of one physical core share its circuits; so the physical ones count, where
    the system tells their number and this Python may use that many.
    """
    first = table.iloc[0]
    usable, physical = int(first["usable_cores"]), first["physical_cores"]
    return usable if pd.isna(physical) else min(usable, int(physical))


_FAR = 100.0

_WIDEST_PART = 0.25


def judge_scaling(table: pd.DataFrame) -> str:
    """Say in a few sentences what ever more workers did, and how much of the work they shared.

    Args:
        table: a table of one run, as `scale` gives it.

    Returns:
        Sentences, one a line: what `judge_speed` says; without reasons to withhold a verdict, each
        way of running with its parallel part and its limit; then the cores.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    fits = summarise_scaling(table)
    told = [] if find_reservations(table) else [_state_fit(row) for row in list_rows(fits)]
    cores = [] if fits.empty else [_state_cores(table, select_fits(table, fits))]
    return "\n".join([judge_speed(table), *told, *cores])


def select_fits(table: pd.DataFrame, fits: pd.DataFrame) -> pd.DataFrame:
    """Select the fits that may be told: those that were found, on a machine that carries them."""
    chosen: pd.DataFrame = fits[:0] if find_reservations(table) else fits[fits["reason"] == ""]
    return chosen


def _state_fit(row: Any) -> str:
    name = capitalise(row.runner)
    if row.reason:
        return f"{name}: no fit, since {row.reason}."
    if row.parallel_high - row.parallel_low > _WIDEST_PART:
        return f"{name} shared out {_state_range(row)} of the work: too wide to say more."
    told = f"{name} shared out {state_part(row.parallel_part)} of the work ({_state_range(row)})"
    if row.parallel_high < 0.5:
        return f"{told}: more of them change little."
    return f"{told}: {_state_limit(row)}."


def _state_range(row: Any) -> str:
    return f"{state_part(row.parallel_low)} to {state_part(row.parallel_high)}"


def _state_limit(row: Any) -> str:
    """Say what the law's limit is, as far as the interval carries it."""
    if row.parallel_low == 1:
        return "no limit shows"
    least, most = 1 / (1 - row.parallel_low), 1 / (1 - min(row.parallel_high, 1 - 1e-9))
    end = "or more" if most > _FAR else f"to {most:.1f}"
    return f"with cores without end, {least:.1f} {end} times as fast as the plain loop"


def _state_shortly(row: Any) -> str:
    is_wide = row.parallel_high - row.parallel_low > _WIDEST_PART
    return _state_range(row) if is_wide else state_part(row.parallel_part)


def state_part(part: float) -> str:
    """State a part of the work in percent, with a digit behind the point."""
    return f"{100 * part:.1f} %"


def _state_cores(table: pd.DataFrame, told: pd.DataFrame) -> str:
    first = table.iloc[0]
    usable, logical = int(first["usable_cores"]), int(first["logical_cores"])
    physical = first["physical_cores"]
    known = "an unknown number" if pd.isna(physical) else f"{int(physical)}"
    limited = f", limited by {first['cores_limited_by']}" if first["cores_limited_by"] else ""
    cores = f"Cores: {logical} logical, {known} physical, {usable} usable{limited}."
    if told.empty:
        return cores
    at_once = count_in_words(int(told["cores"].iloc[0]), "worker", "workers")
    return f"{cores} The law is fitted to {at_once} at once."


def title_amdahl(table: pd.DataFrame, fits: pd.DataFrame, parallel_part: float | None) -> str:
    """Put the finding in one line, for the chart's title; or the part that the reader chose."""
    if parallel_part is not None:
        limit = "no limit"
        if parallel_part < 1:
            limit = f"at most {state_factor(1 / (1 - parallel_part))} ×"
        return head(f"if {state_part(parallel_part)} can be shared out: {limit}", table)
    reservations = find_reservations(table)
    if reservations:
        return head(f"no verdict: {reservations[0].split(';')[0]}", table)
    told = [
        f"{row.runner} shared out {_state_shortly(row)}"
        for row in list_rows(fits[fits["reason"] == ""])
    ]
    if not told:
        return head("no fit of Amdahl's law: too little to fit it to", table)
    return head(f"{'; '.join(told)} of the work", table)


def draw_scaling(table: pd.DataFrame) -> Chart:
    """Draw the speed-up against the number of workers.

    Args:
        table: a table of one run, as `scale` gives it.

    Returns:
        A matplotlib Figure: a line for each way of running with its 95 % intervals, the ideal of
        one core for each worker, the line of the plain loop and the number of usable cores. Its
        `description` is its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise(table)
    cores = int(table["usable_cores"].iloc[0])
    chart = make_chart(10, 5.8)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.075, right=0.84, top=0.88, bottom=0.18)
    contenders = summary[summary["runner"] != BASELINE]
    ends = []
    for runner, group in contenders.groupby("runner", sort=False):
        _draw_scaling_line(axes, str(runner), group)
        ends.append((float(group["speed_up"].iloc[-1]), str(runner)))
    most = int(contenders["workers"].max()) if len(contenders) else 1
    _draw_limits(axes, most, cores)
    _label_ends(axes, ends, float(min(most, cores)))
    axes.set_xticks(sorted(set(contenders["workers"].astype(int))))
    axes.set_xlabel("workers (threads or processes)", size=13, color=INK)
    axes.set_ylabel("speed-up over the plain loop (×)", size=13, color=INK)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    clean_axes(axes, "y")
    title = title_scaling(table)
    write_heading(chart, title, describe_conditions(table))
    chart.description = describe_speed_ups(title, describe_conditions(table), list_rows(contenders))
    return chart


def _draw_scaling_line(axes: Axes, runner: str, group: pd.DataFrame) -> None:
    look = get_look(runner)
    workers = group["workers"].astype(int)
    below = (group["speed_up"] - group["speed_up_low"]).clip(lower=0).fillna(0)
    above = (group["speed_up_high"] - group["speed_up"]).clip(lower=0).fillna(0)
    axes.errorbar(
        workers, group["speed_up"], yerr=[[*below], [*above]], color=look.colour,
        marker=look.marker, markersize=9, linewidth=2.4, elinewidth=1.6, capsize=5,
        linestyle=look.line,
    )  # fmt: skip


def _draw_limits(axes: Axes, most: int, cores: int) -> None:
    axes.axhline(1, color=SOFT_INK, linewidth=1.2)
    points = sorted({1, min(cores, most), most})
    axes.plot(
        points, [min(point, cores) for point in points],
        color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)),
    )  # fmt: skip
    if cores <= most:
        axes.axvline(cores, color=SOFT_INK, linewidth=1, linestyle=":")
        axes.annotate(
            f"{cores} usable core{'s' * (cores > 1)}", (cores, 0), xytext=(5, 6), size=11,
            textcoords="offset points", color=SOFT_INK,
        )  # fmt: skip


def _label_ends(axes: Axes, ends: Iterable[tuple[float, str]], ideal: float) -> None:
    """Label the lines at their right ends, pushed apart where they would touch."""
    labels = [(value, runner, get_look(runner).colour) for value, runner in ends]
    labels += [(ideal, "ideal", SOFT_INK), (1.0, "plain loop", SOFT_INK)]
    top = max(axes.get_ylim()[1], ideal * 1.05)
    axes.set_ylim(0, top)
    height = -math.inf
    for value, text, colour in sorted(labels, key=lambda label: (label[0], label[1])):
        height = max(value, height + 0.055 * top)
        axes.annotate(
            text, (1, height), xycoords=("axes fraction", "data"), xytext=(10, 0), size=13,
            textcoords="offset points", va="center", color=colour, weight="bold",
            annotation_clip=False,
        )  # fmt: skip


_MOST_CORES = 256

_LEAST_LIMIT = 1.5

_CLOSE = 0.3  # of the axis: labels nearer to each other than that are one

_CHOSEN = Look("#CC79A7", "D", "-")


def draw_amdahl(table: pd.DataFrame, parallel_part: float | None = None) -> Chart:
    """Draw the speed-up of ever more workers beside Amdahl's law, and what more cores would do.

    Args:
        table: a table of one run, as `scale` gives it.
        parallel_part: a part of the work, from 0 to 1, to draw the law for beside what was fitted;
            None means the fit alone.

    Returns:
        A matplotlib Figure: on the left what was measured with its 95 % intervals, the law as
        fitted, and the numbers of cores; on the right the law up to 256 cores with the interval
        of the fit and its limit. With reasons to withhold a verdict, what was fitted is left out.
        Its `description` is its alternative text.

    Raises:
        TypeError: the part is no number.
        ValueError: the part is out of range.
        ResultsError: the table is not of this kind, or holds several runs.
    """
    chosen = None if parallel_part is None else check_part("parallel_part", parallel_part)
    fits, summary = summarise_scaling(table), summarise(table)
    chart = make_chart(12, 5.6)
    left, right = chart.subplots(1, 2)
    chart.subplots_adjust(left=0.06, right=0.985, top=0.84, bottom=0.19, wspace=0.2)
    most = int(summary["workers"].max())
    told = select_fits(table, fits)
    for row in list_rows(fits):
        rows = summary[summary["runner"] == row.runner]
        _draw_measured(left, rows, get_look(row.runner), row.runner)
    for row in list_rows(told):
        _draw_law(left, row.parallel_part, most, row.cores, get_look(row.runner))
        _draw_outlook(right, row, get_look(row.runner))
    if chosen is not None:
        _draw_law(left, chosen, most, count_cores_at_once(table), _CHOSEN)
        _draw_curve(right, chosen, _CHOSEN, f"if {state_part(chosen)} is shared out")
    _finish_left(left, table, summary, most)
    _finish_right(right)
    title, conditions = title_amdahl(table, fits, chosen), describe_conditions(table)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, fits, told, summary)
    return chart


def _draw_measured(axes: Axes, rows: pd.DataFrame, look: Look, runner: str) -> None:
    below = (rows["speed_up"] - rows["speed_up_low"]).clip(lower=0).fillna(0)
    above = (rows["speed_up_high"] - rows["speed_up"]).clip(lower=0).fillna(0)
    axes.errorbar(
        rows["workers"].astype(int), rows["speed_up"], yerr=[[*below], [*above]], color=look.colour,
        marker=look.marker, markersize=10, linestyle="", elinewidth=1.8, capsize=5,
        markeredgecolor=PAPER, label=runner,
    )  # fmt: skip


def _draw_law(axes: Axes, part: float, most: int, cores: int, look: Look) -> None:
    """Draw the law for workers that share some cores: beyond those, more of them add nothing."""
    workers = sorted({*range(1, most + 1), min(cores, most)})
    axes.plot(
        workers, [compute_speed_up(part, min(number, cores)) for number in workers],
        color=look.colour, linewidth=2, alpha=0.75, zorder=1,
    )  # fmt: skip


def _draw_outlook(axes: Axes, row: Any, look: Look) -> None:
    cores = _list_cores()
    axes.fill_between(
        cores, [compute_speed_up(row.parallel_low, number) for number in cores],
        [compute_speed_up(row.parallel_high, number) for number in cores],
        color=look.colour, alpha=0.18, linewidth=0,
    )  # fmt: skip
    _draw_curve(axes, row.parallel_part, look, row.runner)


def _draw_curve(axes: Axes, part: float, look: Look, label: str) -> None:
    cores = _list_cores()
    speed_ups = [compute_speed_up(part, number) for number in cores]
    limit = math.inf if part == 1 else 1 / (1 - part)
    if _LEAST_LIMIT < limit < _MOST_CORES:
        label = f"{label}: limit {limit:.3g} ×"
        axes.axhline(limit, color=look.colour, linewidth=1.2, linestyle=(0, (5, 3)), zorder=0.5)
    axes.plot(cores, speed_ups, color=look.colour, linewidth=2.4, label=label)


def _list_cores() -> list[float]:
    return [2 ** (step / 8) for step in range(8 * int(math.log2(_MOST_CORES)) + 1)]


def _finish_left(axes: Axes, table: pd.DataFrame, summary: pd.DataFrame, most: int) -> None:
    axes.set_xlim(0.7, most + 0.5)
    ends = summary[["speed_up", "speed_up_high"]].fillna(0).to_numpy().max()
    top = max(2.0, float(ends), float(min(most, int(table["usable_cores"].iloc[0])))) * 1.15
    axes.plot([1, top], [1, top], color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)), zorder=0.5)
    axes.set_ylim(0, top)
    axes.axhline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    _mark_cores(axes, table.iloc[0], most)
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
        is_close = groups and number - groups[-1][-1] < _CLOSE * most
        groups = [*groups[:-1], [*groups[-1], number]] if is_close else [*groups, [number]]
    for group in groups:
        told = ", ".join(f"{number} {' = '.join(named[number])}" for number in group)
        middle = sum(group) / len(group)
        side = "left" if middle < 0.3 * most else "right" if middle > 0.7 * most else "center"
        axes.annotate(
            told, (middle, 1), xycoords=("data", "axes fraction"), xytext=(0, 4), size=11,
            textcoords="offset points", ha=side, color=SOFT_INK,
        )  # fmt: skip


def _finish_right(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    powers = [2**n for n in range(int(math.log2(_MOST_CORES)) + 1)]
    axes.plot(powers, powers, color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)), zorder=0.5)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator(powers))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
        axis.set_minor_locator(NullLocator())
    axes.set_xlim(1, _MOST_CORES)
    axes.set_ylim(0.8, _MOST_CORES)
    axes.set_xlabel("cores, each with a worker (not measured)", size=13, color=INK)
    axes.set_title(
        "what the law says of more cores, 95 % interval", loc="left", size=13, color=INK, pad=20
    )  # fmt: skip
    clean_axes(axes, "y")
    _add_legend(axes, "upper left")


def _add_legend(axes: Axes, place: Literal["best", "upper left"]) -> None:
    """Explain the marks and lines, if there are any, on paper that no line shines through."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc=place, fontsize=12, handlelength=1.2, facecolor=PAPER, edgecolor="none",
            framealpha=0.9,
        )  # fmt: skip


def _describe(
    title: str, conditions: str, fits: pd.DataFrame, told: pd.DataFrame, summary: pd.DataFrame
) -> str:
    facts = []
    for row in list_rows(fits):
        speed_ups = ", ".join(
            f"{count_in_words(int(one.workers), 'worker', 'workers')} {one.speed_up:.2f}"
            for one in list_rows(summary[summary["runner"] == row.runner])
        )
        fitted = ""
        if row.runner in set(told["runner"]):
            fitted = (
                f"; parallel part {state_part(row.parallel_part)} "
                f"({state_part(row.parallel_low)} to {state_part(row.parallel_high)})"
            )
        facts.append(f"{row.runner}: {speed_ups}{fitted}")
    told_each = f" Speed-ups: {'; '.join(facts)}." if facts else ""
    return f"Chart. {title}.{told_each} Conditions: {conditions}."


_STEP = 0.005

_USUAL = 0.9


class BendableChart:
    """A chart with a slider below it, for as long as a kernel runs; else the chart alone.

    Attributes:
        still: the chart as it stands where no widget runs: on paper, in a book, in a saved
            notebook.
    """

    def __init__(self, still: Chart, widget: Any = None) -> None:
        self.still = still
        self._widget = widget

    def _repr_mimebundle_(self, **how: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle, metadata = self.still._repr_mimebundle_(**how)
        if self._widget is not None:
            bundle = {**self._widget._repr_mimebundle_(**how), **bundle}
        return bundle, metadata


def bend_amdahl(table: pd.DataFrame) -> BendableChart:
    """Give the chart of `draw_amdahl` a slider for the part of the work that is shared out.

    Args:
        table: a table of one run, as `scale` gives it.

    Returns:
        What Jupyter shows as a chart with a slider where ipywidgets is installed and a kernel
        runs, and as a still picture elsewhere. It begins with the largest part that was fitted,
        or with 90 % where nothing was, or where there are reasons to withhold it.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    fitted = select_fits(table, summarise_scaling(table))["parallel_part"]
    start = min(1.0, _STEP * round((float(fitted.max()) if len(fitted) else _USUAL) / _STEP))
    still = draw_amdahl(table, start)
    try:
        import ipywidgets
    except ImportError:
        return BendableChart(still)
    slider = ipywidgets.FloatSlider(
        value=start, min=0.0, max=1.0, step=_STEP, readout_format=".1%", description="shared out",
        continuous_update=False,
    )  # fmt: skip
    picture = ipywidgets.HTML(_show(still))

    def redraw(change: dict[str, Any]) -> None:
        picture.value = _show(draw_amdahl(table, float(change["new"])))

    slider.observe(redraw, names="value")
    return BendableChart(still, ipywidgets.VBox([slider, picture]))


def _show(chart: Chart) -> str:
    bundle, _ = chart._repr_mimebundle_()
    return bundle["text/html"]
