"""Ask which is faster: one thread, several threads or several processes."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.checks import check_count, check_workers
from gil_demo.drawing.style import (
    INK,
    PAPER,
    SOFT_INK,
    Chart,
    clean_axes,
    get_look,
    make_chart,
    write_heading,
)
from gil_demo.measuring.estimates import LEAST_ROUNDS
from gil_demo.measuring.runs import (
    BASELINE,
    Work,
    check_comparable,
    check_runners,
    measure,
    summarise,
)
from gil_demo.running.runners import RUNNERS, find_reason
from gil_demo.running.workloads import countdown
from gil_demo.tables.schema import list_rows
from gil_demo.words import (
    MARGIN,
    call_ratio,
    capitalise,
    count_in_words,
    describe_computer,
    find_machine_reservations,
    head,
    name_workers,
    state_times,
)

DEFAULT_COUNT = 4_000_000


def compare(
    runners: Sequence[str] = ("sequential", "threads", "processes"),
    *,
    workers: int = 2,
    count: int = DEFAULT_COUNT,
    start_method: str | None = None,
    precision: float | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Run the same countdown in several ways, in turn, until the answer is sharp.

    The countdown is cut into one part a worker. The sequential run, which does the parts one
    after another, is always measured, since the others are held against it.

    Args:
        runners: which ways, by name: sequential, threads, processes, interpreters; `list_runners`
            tells which of them there are.
        workers: how many threads, processes or sub-interpreters.
        count: steps of the whole countdown.
        start_method: how processes are started; None means the platform's default.
        precision: half the width of the 95 % interval, as a part of the ratio, at which to stop;
            None means the default of `gil_demo.sampling`.
        budget: seconds after which to stop in any case; None means the default likewise.

    Returns:
        The tidy table: a row for each timed run; the columns and their types are in
        `RUNS`, with the unit in the name.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        RunnerUnavailable: this machine lacks one of the runners; nothing has been started.
        GilDemoError: the run failed.
    """
    names = check_runners(runners)
    check_workers(workers)
    variants = {(BASELINE, 1): workers} | {
        (name, workers): workers for name in names if name != BASELINE
    }
    work = Work("countdown", countdown, check_count(count))
    return measure("compare", work, variants, start_method, precision, budget)


def list_runners() -> pd.DataFrame:
    """List the ways to run a countdown, and why one can't be had here.

    Returns:
        A row for each: runner (its name), available (True or False) and reason (empty, or why
        this Python lacks it).
    """
    reasons = {name: find_reason(name) for name in RUNNERS}
    return pd.DataFrame(
        [
            {"runner": name, "available": not reason, "reason": reason}
            for name, reason in reasons.items()
        ]
    )


def judge_speed(table: pd.DataFrame) -> str:
    """Say in a few sentences what one run shows.

    Args:
        table: a table of one run, as `compare` or `scale` gives it.

    Returns:
        Sentences, one a line: reservations first, then each way of running, with what start-up
        and tear-down add where it matters, then how the measurement ended.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise(table)
    reservations = find_reservations(table)
    contenders = summary[summary["runner"] != BASELINE]
    lines = [f"No verdict: {reservation}." for reservation in reservations]
    lines += [_judge(row, bool(reservations)) for row in list_rows(contenders)]
    return "\n".join([*lines, _describe_end(table)])


def find_reservations(table: pd.DataFrame) -> list[str]:
    """List the reasons why a run can't carry a verdict; usually there are none.

    Args:
        table: a table of one run.

    Returns:
        Clauses without a full stop, each with what to do about it.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_comparable(table)
    first = table.iloc[0]
    rounds = int(first["rounds"])
    reservations = find_machine_reservations(first, int(table["workers"].max()))
    if rounds < LEAST_ROUNDS:
        reservations.append(
            f"{count_in_words(rounds, 'round', 'rounds')} of {LEAST_ROUNDS} that an interval "
            "needs; allow more seconds or fewer steps"
        )
    return reservations


def title_comparison(table: pd.DataFrame) -> str:
    """Put the finding of a `compare` run in one line, for the chart's title."""
    contenders = list_rows(_contenders(table))
    return _title(
        table,
        [(name_workers(row.runner, row.workers), _state_ratio(row)) for row in contenders],
        ("took {} as long as the plain loop", "{}"),
    )


def title_scaling(table: pd.DataFrame) -> str:
    """Put the finding of a `scale` run in one line, for the chart's title."""
    contenders = _contenders(table)
    widest = list_rows(contenders[contenders["workers"] == contenders["workers"].max()])
    return _title(
        table,
        [(name_workers(row.runner, row.workers), _state_speed_up(row)) for row in widest],
        ("ran at {} the speed of the plain loop", "at {}"),
    )


def describe_conditions(table: pd.DataFrame) -> str:
    """Say in one line where and how often a run was measured, for the chart's subtitle."""
    first = table.iloc[0]
    methods = sorted(set(table["start_method"]) - {""})
    started = f", processes by {' and '.join(methods)}" if methods else ""
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    return f"{describe_computer(first)}{started}; {rounds} of {int(first['count']):,} steps"


def _contenders(table: pd.DataFrame) -> pd.DataFrame:
    summary = summarise(table)
    return summary[summary["runner"] != BASELINE]


def _title(table: pd.DataFrame, findings: list[tuple[str, str]], forms: tuple[str, str]) -> str:
    """Join findings (who, how much) to a title, or give the reason why there is none."""
    reservations = find_reservations(table)
    if reservations:
        title = f"no verdict: {reservations[0].split(';')[0]}"
    elif findings:
        shapes = [forms[0], *[forms[1]] * (len(findings) - 1)]
        title = "; ".join(
            f"{name} {shape.format(figure)}"
            for (name, figure), shape in zip(findings, shapes, strict=True)
        )
    else:
        title = "the plain loop alone"
    return head(title, table)


def _state_ratio(row: Any) -> str:
    return state_times(row.time_ratio, row.time_ratio_low, row.time_ratio_high)


def _state_speed_up(row: Any) -> str:
    return state_times(row.speed_up, row.speed_up_low, row.speed_up_high)


def _judge(row: Any, withheld: bool) -> str:
    ratio, low, high = row.time_ratio, row.time_ratio_low, row.time_ratio_high
    name = capitalise(name_workers(row.runner, row.workers))
    sentence = f"{name} took {ratio:.2f} × as long as the plain loop"
    if not math.isnan(low):
        sentence += f" (95 % interval {low:.2f} to {high:.2f})"
    if withheld:
        return f"{sentence}."
    sentence += f": {call_ratio(low, high)}."
    if row.cold_speed_up < row.speed_up * (1 - MARGIN):
        cold = 1 / row.cold_speed_up
        extra = row.start_up_seconds + row.tear_down_seconds
        sentence += (
            f"\n  Start-up and tear-down took {extra:.3f} s more; "
            f"counting that, {cold:.2f} × as long as the plain loop."
        )
    return sentence


def _describe_end(table: pd.DataFrame) -> str:
    first = table.iloc[0]
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    if first["stopped_by"] == "precision":
        return f"{capitalise(rounds)}; stopped because every interval was narrow enough."
    return f"{capitalise(rounds)}; stopped because the time allowed was spent."


def draw_comparison(table: pd.DataFrame) -> Chart:
    """Draw how long each way of running took, and how many times as fast it was.

    On the left a bar for the median work, with start-up and tear-down hatched behind it and a
    dot for each round; on the right the speed-up with its 95 % interval, the line of the plain loop
    and the ideal of one core for each worker.

    Args:
        table: a table of one run, as `compare` gives it.

    Returns:
        A matplotlib Figure whose title states the finding and whose `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise(table)
    height = 1.75 + 1.05 * len(summary)
    chart = make_chart(12, height)
    times, speed_ups = chart.subplots(1, 2, sharey=True, width_ratios=[3, 2])
    chart.subplots_adjust(
        left=0.145, right=0.985, top=1 - 0.85 / height, bottom=1.0 / height, wspace=0.12
    )
    rows = list_rows(summary)
    for place, row in enumerate(rows):
        _draw_time_bar(times, place, row, _select(table, row))
        _draw_speed_up(speed_ups, place, row)
    _finish_times(times, rows)
    _finish_speed_ups(speed_ups, rows, int(table["usable_cores"].iloc[0]))
    title = title_comparison(table)
    write_heading(chart, title, describe_conditions(table))
    chart.description = describe_speed_ups(title, describe_conditions(table), rows)
    return chart


def _select(table: pd.DataFrame, row: Any) -> pd.DataFrame:
    is_variant = (table["runner"] == row.runner) & (table["workers"] == row.workers)
    chosen: pd.DataFrame = table.loc[is_variant & (table["start_method"] == row.start_method)]
    return chosen


def _draw_time_bar(axes: Axes, place: int, row: Any, runs: pd.DataFrame) -> None:
    look = get_look(row.runner)
    overhead = row.start_up_seconds + row.tear_down_seconds
    axes.barh(place, row.seconds, height=0.56, color=look.colour, alpha=0.85)
    if overhead > 0.005 * row.seconds:
        axes.barh(
            place, overhead, left=row.seconds, height=0.56,
            facecolor="none", edgecolor=look.colour, hatch="////", linewidth=1,
        )  # fmt: skip
    spread = [place + 0.17 * math.sin(2.4 * number) for number in range(len(runs))]
    axes.plot(
        runs["seconds"], spread, linestyle="", marker=look.marker, markersize=3.6,
        markerfacecolor="white", markeredgecolor=INK, markeredgewidth=0.6, alpha=0.75,
    )  # fmt: skip


def _draw_speed_up(axes: Axes, place: int, row: Any) -> None:
    look = get_look(row.runner)
    if not math.isnan(row.speed_up_low):
        axes.plot(
            [row.speed_up_low, row.speed_up_high], [place, place],
            color=look.colour, linewidth=3, solid_capstyle="butt", alpha=0.6,
        )  # fmt: skip
    axes.plot(
        row.speed_up, place, marker=look.marker, markersize=12, color=look.colour,
        markeredgecolor="white", linestyle="",
    )  # fmt: skip
    axes.annotate(
        f"{row.speed_up:.2f} ×", (row.speed_up, place), xytext=(0, 13), size=13, weight="bold",
        textcoords="offset points", ha="center", color=look.colour,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _finish_times(axes: Axes, rows: list[Any]) -> None:
    axes.set_yticks(range(len(rows)))
    names = [capitalise(name_workers(row.runner, row.workers)) for row in rows]
    axes.set_yticklabels([name.replace(" sub-", "\nsub-") for name in names])
    axes.set_ylim(len(rows) - 0.45, -0.6)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel(
        "seconds: work (bar, a mark for each round), start-up and tear-down (hatched)",
        size=12, color=INK,
    )  # fmt: skip
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)


def _finish_speed_ups(axes: Axes, rows: list[Any], cores: int) -> None:
    ideal = min(max(int(row.workers) for row in rows), cores)
    ends = [row.speed_up_high for row in rows if not math.isnan(row.speed_up_high)]
    right = max([ideal, *ends, *(row.speed_up for row in rows)]) * 1.2
    axes.set_xlim(0, right)
    axes.axvline(1, color=SOFT_INK, linewidth=1.2)
    _label_line(axes, 1, "plain loop")
    if ideal > 1:
        axes.axvline(ideal, color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)))
        _label_line(axes, ideal, f"ideal: {ideal} cores")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("speed-up (×), 95 % interval", size=12, color=INK)
    clean_axes(axes, "x")


def _label_line(axes: Axes, value: float, text: str) -> None:
    axes.annotate(
        text, (value, 1), xycoords=("data", "axes fraction"), xytext=(0, 4), size=11,
        textcoords="offset points", ha="center", color=SOFT_INK,
    )  # fmt: skip


def describe_speed_ups(title: str, conditions: str, rows: list[Any]) -> str:
    facts = []
    for row in rows:
        name = name_workers(row.runner, row.workers)
        fact = f"{name} {row.seconds:.3f} s, speed-up {row.speed_up:.2f}"
        if not math.isnan(row.speed_up_low) and row.runner != BASELINE:
            fact += f" ({row.speed_up_low:.2f} to {row.speed_up_high:.2f})"
        facts.append(fact)
    return f"Chart. {title}. Medians: {'; '.join(facts)}. Conditions: {conditions}."
