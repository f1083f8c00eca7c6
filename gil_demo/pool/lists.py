"""The columns of what happens inside a pool: tasks, rounds of a map, answers."""

import heapq
import math
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.checks import (
    MOST_STEPS,
    ResultsError,
    check_count,
    check_unlike,
    check_whole_number,
    check_workers,
)
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
    write_heading,
)
from gil_demo.measuring.estimates import estimate_median
from gil_demo.measuring.rounds import check_budget, take_samples
from gil_demo.measuring.runs import collect_facts
from gil_demo.pool.tasks import MOST_TASKS, _check_limits, _observe
from gil_demo.running.pools import HeldPool, check_start_method, pool_held, run_in_pool
from gil_demo.running.workloads import CUTS, compute_default_chunksize, countdown
from gil_demo.tables.schema import (
    MACHINE,
    Column,
    Schema,
    check_one_run,
    check_rounds,
    check_same_facts,
    list_rows,
    make_table,
    name_run,
)
from gil_demo.words import (
    MARGIN,
    capitalise,
    count_in_words,
    describe_computer,
    find_machine_reservations,
    head,
    state_share,
    state_times,
)


def _check_lists(table: pd.DataFrame, place: str) -> None:
    check_rounds(table, place)
    _check_limits(table, place)
    for run_id, run in table.groupby("run_id", sort=False):
        check_same_facts(run, f"{place}, {name_run(run_id)}", ["workers", "start_method", "count"])
    few = (table["count"] < table["tasks"]).to_numpy()
    if few.any():
        raise ResultsError(f"{place}, row {few.argmax() + 1}: there are more tasks than steps")


LISTS = Schema(
    "rounds of a map",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("lengths", "chunks")),
        "work": Column("text", choices=("even", "uneven")),
        "workers": Column("whole"),
        "start_method": Column("text"),
        "tasks": Column("whole"),
        "chunksize": Column("whole"),
        "default_chunksize": Column("whole"),
        "count": Column("whole"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "seconds": Column("duration"),
        "busy_seconds": Column("duration"),
    }
    | MACHINE,
    _check_lists,
)
"""A row for each timed `Pool.map`; `busy_seconds` is what its tasks took, one by one, added up."""

DEFAULT_COUNT = 4_000_000

DEFAULT_TASKS = 2_000


class _Round(NamedTuple):
    """What one map took: `work` is its seconds, `busy` those of its tasks added up."""

    work: float
    busy: float


class _Variant(NamedTuple):
    """One way of cutting the work."""

    work: str
    tasks: int
    chunksize: int


def sweep_list_length(
    lengths: Sequence[int] | None = None,
    *,
    workers: int = 2,
    count: int = DEFAULT_COUNT,
    start_method: str | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Cut the same countdown into ever more tasks, and see how busy that keeps the workers.

    Args:
        lengths: numbers of tasks, each once; None means 1 to four for each worker, plus one. As
            many as there are workers is always measured, since the others are held against it.
        workers: how many processes, kept open throughout.
        count: steps of the whole countdown, whatever the number of tasks.
        start_method: how they are started; None means the platform's default.
        budget: seconds after which to stop; None means the default of `gil_demo.sampling`.

    Returns:
        A table of rounds, with a chunksize of 1 throughout; the columns and types are in
        `LISTS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    check_whole_number("count", count, check_workers(workers), MOST_STEPS)
    usual = range(1, min(count, 4 * workers + 1) + 1)
    chosen = _check_sizes("lengths", usual if lengths is None else lengths, min(count, MOST_TASKS))
    variants = [_Variant("even", length, 1) for length in sorted({*chosen, workers})]
    baseline = _Variant("even", workers, 1)
    return _sweep("lengths", variants, baseline, workers, count, start_method, budget)


def sweep_chunksize(
    chunksizes: Sequence[int] | None = None,
    *,
    workers: int = 2,
    tasks: int = DEFAULT_TASKS,
    count: int = DEFAULT_COUNT,
    start_method: str | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Hand out the same list in chunks of different sizes, with even tasks and with uneven ones.

    Args:
        chunksizes: tasks that a worker is handed at once, each size once; None means 1, a few,
            and one chunk for each worker. The pool's own size is always measured, since the
            others are held against it.
        workers: how many processes, kept open throughout.
        tasks: length of the list, at least one task for each worker.
        count: steps of the whole countdown.
        start_method: how they are started; None means the platform's default.
        budget: seconds after which to stop; None means the default of `gil_demo.sampling`.

    Returns:
        A table of rounds; `default_chunksize` is the size that the pool took when it was left to
        itself. The columns and types are in `LISTS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    check_workers(workers)
    check_whole_number("tasks", tasks, workers, min(MOST_TASKS, check_count(count)))
    own = compute_default_chunksize(tasks, workers)
    usual = {size for size in (1, 5, 25, own, -(-tasks // workers)) if size <= tasks}
    chosen = _check_sizes("chunksizes", sorted(usual) if chunksizes is None else chunksizes, tasks)
    variants = [_Variant(work, tasks, size) for work in CUTS for size in sorted({*chosen, own})]
    baseline = _Variant("even", tasks, own)
    return _sweep("chunks", variants, baseline, workers, count, start_method, budget)


def _check_sizes(name: str, sizes: object, most: int) -> list[int]:
    return check_unlike(name, sizes, lambda _, size: check_whole_number(name, size, 1, most))


def _sweep(
    experiment: str,
    variants: Sequence[_Variant],
    baseline: _Variant,
    workers: int,
    count: int,
    start_method: str | None,
    budget: float | None,
) -> pd.DataFrame:
    seconds = check_budget(budget)
    method = check_start_method(start_method)
    facts = collect_facts(experiment) | {"workers": workers, "start_method": method, "count": count}
    by_label = {f"{one.work}, {one.tasks} by {one.chunksize}": one for one in variants}
    with pool_held(workers, method) as held:
        own = {tasks: _observe(held, tasks) for tasks in {one.tasks for one in variants}}
        taken = take_samples(
            {label: partial(_time_map, held, one, count) for label, one in by_label.items()},
            baseline=next(label for label, one in by_label.items() if one == baseline),
            budget=seconds,
        )
    rows = [
        facts
        | by_label[sample.variant]._asdict()
        | {
            "default_chunksize": own[by_label[sample.variant].tasks],
            "round": sample.round,
            "rounds": taken.samples[-1].round,
            "position": sample.position,
            "seconds": sample.timing.work,
            "busy_seconds": sample.timing.busy,
        }
        for sample in taken.samples
    ]
    return make_table(rows, LISTS)


def _time_map(held: HeldPool, variant: _Variant, count: int) -> _Round:
    tasks = CUTS[variant.work](count, variant.tasks)
    started = time.perf_counter()
    spans = run_in_pool(held, variant.chunksize, countdown, tasks)
    elapsed = time.perf_counter() - started
    return _Round(elapsed, sum(span.end - span.start for span in spans))


VARIANT = ["work", "tasks", "chunksize", "default_chunksize"]


def summarise_lists(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one sweep of the list's length or of the chunksize: a row for each variant.

    Args:
        table: a table of one sweep, as `sweep_list_length` or `sweep_chunksize` gives it.

    Returns:
        The columns work, tasks, chunksize, default_chunksize, rounds; seconds (median);
        busy_share with busy_share_low and busy_share_high (the part of the workers' time that
        went into tasks, with its 95 % interval); ideal_share (what it would be without any
        overhead); time_ratio with time_ratio_low and time_ratio_high (the time over that with as
        many tasks as workers, or with the pool's own chunksize). Ends of intervals are nan below
        six rounds.

    Raises:
        ResultsError: the table is not of this kind, holds several sweeps, or lacks the rounds
            that the others are held against.
    """
    check_one_run(table, LISTS)
    workers, count = int(table["workers"].iloc[0]), int(table["count"].iloc[0])
    rows = []
    for _, group in table.groupby(VARIANT, sort=True):
        variant = group[VARIANT].iloc[0].to_dict()
        work, tasks, chunksize = variant["work"], int(variant["tasks"]), int(variant["chunksize"])
        rounds = group.set_index("round")
        baseline = _select_baseline(table, work)
        share = estimate_median(list(rounds["busy_seconds"] / rounds["seconds"] / workers))
        ratio = estimate_median(list((rounds["seconds"] / baseline).dropna()))
        rows.append(
            variant
            | {
                "rounds": ratio.rounds,
                "seconds": float(rounds["seconds"].median()),
                "busy_share": share.median,
                "busy_share_low": share.low,
                "busy_share_high": share.high,
                "ideal_share": compute_ideal_share(CUTS[work](count, tasks), chunksize, workers),
                "time_ratio": ratio.median,
                "time_ratio_low": ratio.low,
                "time_ratio_high": ratio.high,
            }
        )
    return pd.DataFrame(rows)


def _select_baseline(table: pd.DataFrame, work: str) -> "pd.Series[float]":
    is_baseline = table["tasks"] == table["workers"]
    if table["experiment"].iloc[0] == "chunks":
        is_baseline = table["chunksize"] == table["default_chunksize"]
    chosen = table[is_baseline & (table["work"] == work)]
    rounds = set(table.loc[table["work"] == work, "round"])
    if set(chosen["round"]) != rounds:
        raise ResultsError("the table lacks the rounds that the others are held against")
    return chosen.set_index("round")["seconds"]


def compute_ideal_share(tasks: Sequence[int], chunksize: int, workers: int) -> float:
    """Compute how busy workers are where whoever is free takes the next chunk at no cost.

    Args:
        tasks: the size of each task, in the order of the list.
        chunksize: how many of them a worker takes at once.
        workers: how many workers there are.

    Returns:
        The part of the workers' time, until the last of them is done, that goes into tasks.
    """
    free_at = [0] * workers
    for first in range(0, len(tasks), chunksize):
        heapq.heapreplace(free_at, free_at[0] + sum(tasks[first : first + chunksize]))
    return sum(tasks) / (workers * max(free_at))


def judge_lists(table: pd.DataFrame) -> str:
    """Say in a few sentences what a sweep of the list's length or of the chunksize shows.

    Args:
        table: a table of one sweep, as `sweep_list_length` or `sweep_chunksize` gives it.

    Returns:
        Sentences, one a line: reservations first, then each variant, then how many rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several sweeps.
    """
    summary = summarise_lists(table)
    first = table.iloc[0]
    mind = find_machine_reservations(first, int(first["workers"]))
    lines = [f"Mind: {reservation}." for reservation in mind]
    state = _state_length if first["experiment"] == "lengths" else _state_chunksize
    lines += [state(row) for row in list_rows(summary)]
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    return "\n".join([*lines, f"{capitalise(rounds)} of each."])


def _state_length(row: Any) -> str:
    tasks = capitalise(count_in_words(row.tasks, "task", "tasks"))
    return (
        f"{tasks}: workers busy for {state_share(row.busy_share)} of the time; without any "
        f"overhead {state_share(row.ideal_share)}."
    )


def _state_chunksize(row: Any) -> str:
    is_own = row.chunksize == row.default_chunksize
    compared = "the pool's own size" if is_own else _compare(row)
    return f"{capitalise(row.work)} tasks, chunksize {row.chunksize:,}: {compared}."


def _compare(row: Any) -> str:
    if math.isnan(row.time_ratio_low):
        return f"{row.time_ratio:.2f} × the time of the pool's own size"
    if row.time_ratio_low > 1 + MARGIN or row.time_ratio_high < 1 - MARGIN:
        ratio = state_times(row.time_ratio, row.time_ratio_low, row.time_ratio_high)
        return f"{ratio} the time of the pool's own size"
    return "no clear difference from the pool's own size"


def title_lengths(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding of a sweep of the list's length in one line, for the chart's title."""
    workers = int(table["workers"].iloc[0])
    shares = {row.tasks: row.busy_share for row in list_rows(summary)}
    chosen = [tasks for tasks in (workers, workers + 1, max(shares)) if tasks in shares]
    told = [
        f"{count_in_words(tasks, 'task', 'tasks')} {state_share(shares[tasks])}"
        for tasks in dict.fromkeys(chosen)
    ]
    crew = count_in_words(workers, "worker was", "workers were")
    return head(f"how busy {crew}: {', '.join(told)}", table)


def title_chunks(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding of a sweep of the chunksize in one line, for the chart's title."""
    own = int(table["default_chunksize"].iloc[0])
    slower = [row for row in list_rows(summary) if row.time_ratio_low > 1 + MARGIN]
    if not slower:
        return head(f"no chunksize was clearly slower than the pool's own {own:,}", table)
    worst = max(slower, key=lambda row: row.time_ratio)
    ratio = state_times(worst.time_ratio, worst.time_ratio_low, worst.time_ratio_high)
    return head(
        f"{worst.work} tasks in chunks of {worst.chunksize:,} took {ratio} as long as in the "
        f"pool's own {own:,}",
        table,
    )


def describe_lists(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    first = table.iloc[0]
    workers = count_in_words(int(first["workers"]), "worker", "workers")
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    cut = f"{int(first['tasks']):,} tasks" if first["experiment"] == "chunks" else "chunksize 1"
    return (
        f"{describe_computer(first)}, {workers} by {first['start_method']}, already started; "
        f"{int(first['count']):,} steps, {cut}; {rounds} of each"
    )


_WORKS = {"even": get_look("processes"), "uneven": Look("#CC79A7", "^", "--")}


def draw_list_lengths(table: pd.DataFrame) -> Chart:
    """Draw how busy the workers were against the number of tasks in the list.

    Args:
        table: a table of one sweep, as `sweep_list_length` gives it.

    Returns:
        A matplotlib Figure: the part of the workers' time that went into tasks, with its 95 %
        interval and a mark for each round, above the sawtooth that it would be without any
        overhead. Its `description` is its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several sweeps.
    """
    summary = summarise_lists(table)
    look, workers = get_look("processes"), int(table["workers"].iloc[0])
    chart = make_chart(11, 5.4)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.085, right=0.855, top=0.9, bottom=0.19)
    tasks = summary["tasks"].astype(int)
    shares = 100 * table["busy_seconds"] / table["seconds"] / workers
    axes.plot(
        table["tasks"], shares, linestyle="", marker=look.marker, markersize=4,
        markerfacecolor="white", markeredgecolor=INK, markeredgewidth=0.6, alpha=0.5,
    )  # fmt: skip
    axes.plot(
        tasks, 100 * summary["ideal_share"], color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)),
        marker="_", markersize=14,
    )  # fmt: skip
    _draw_shares(axes, tasks, summary, look)
    is_above = summary["busy_share"].iloc[-1] > summary["ideal_share"].iloc[-1]
    up = (14, -14) if is_above else (-9, 14)
    _label_end(axes, tasks, 100 * summary["busy_share"], "measured", look.colour, up[0])
    _label_end(axes, tasks, 100 * summary["ideal_share"], "without any\noverhead", SOFT_INK, up[1])
    axes.set_ylim(0, max(108, float(shares.max()) * 1.05))
    axes.set_xticks(_choose_ticks([*tasks]))
    axes.set_xlabel("tasks in the list; the same work in all", size=13, color=INK)
    axes.set_ylabel("workers busy (% of the time)", size=13, color=INK)
    clean_axes(axes, "y")
    title, conditions = title_lengths(table, summary), describe_lists(table)
    write_heading(chart, title, conditions)
    each = "; ".join(
        f"{row.tasks} tasks {100 * row.busy_share:.1f} % (ideal {100 * row.ideal_share:.1f} %)"
        for row in list_rows(summary)
    )
    chart.description = f"Chart. {title}. Workers busy: {each}. Conditions: {conditions}."
    return chart


def _choose_ticks(tasks: list[int]) -> list[int]:
    """Choose the lengths whose labels have room beside each other, from the first one on."""
    room = 0.02 * len(str(tasks[-1])) * (tasks[-1] - tasks[0])
    chosen = tasks[:1]
    for length in tasks[:: max(1, len(tasks) // 10)]:
        if length - chosen[-1] > room:
            chosen.append(length)
    return chosen


def _draw_shares(axes: Axes, tasks: "pd.Series[int]", summary: pd.DataFrame, look: Look) -> None:
    below = 100 * (summary["busy_share"] - summary["busy_share_low"]).clip(lower=0).fillna(0)
    above = 100 * (summary["busy_share_high"] - summary["busy_share"]).clip(lower=0).fillna(0)
    axes.errorbar(
        tasks, 100 * summary["busy_share"], yerr=[[*below], [*above]], color=look.colour,
        marker=look.marker, markersize=10, linewidth=2.2, elinewidth=1.6, capsize=5,
        markeredgecolor=PAPER,
    )  # fmt: skip


def _label_end(
    axes: Axes, tasks: "pd.Series[int]", values: "pd.Series[float]", text: str, colour: str, up: int
) -> None:
    axes.annotate(
        text, (float(tasks.iloc[-1]), float(values.iloc[-1])), xytext=(14, up), size=13,
        textcoords="offset points", va="center", color=colour, annotation_clip=False,
    )  # fmt: skip


def draw_chunksizes(table: pd.DataFrame) -> Chart:
    """Draw how long the same list took in chunks of different sizes.

    Args:
        table: a table of one sweep, as `sweep_chunksize` gives it.

    Returns:
        A matplotlib Figure: the time as a multiple of that with the pool's own chunksize, for
        even and for uneven tasks, with 95 % intervals; the pool's own size is marked. Its
        `description` is its alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several sweeps.
    """
    summary = summarise_lists(table)
    chart = make_chart(11, 5.4)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.085, right=0.81, top=0.9, bottom=0.19)
    axes.set_xscale("log")
    highest = 1.0
    for work, rows in summary.groupby("work", sort=False):
        look = _WORKS[str(work)]
        ratio = rows["time_ratio"]
        below = (ratio - rows["time_ratio_low"]).clip(lower=0).fillna(0)
        above = (rows["time_ratio_high"] - ratio).clip(lower=0).fillna(0)
        axes.errorbar(
            rows["chunksize"].astype(float), ratio, yerr=[[*below], [*above]], color=look.colour,
            marker=look.marker, markersize=10, linewidth=2.2, linestyle=look.line,
            elinewidth=1.6, capsize=5, markeredgecolor=PAPER, label=f"{work} tasks",
        )  # fmt: skip
        highest = max(highest, float((ratio + above).max()))
    least, most = float(summary["chunksize"].min()), float(summary["chunksize"].max())
    margin = (most / least) ** 0.05 if most > least else 2.0
    axes.set_xlim(least / margin, most * margin)
    own = int(table["default_chunksize"].iloc[0])
    _mark_own(axes, own, is_left=own**2 < least * most)
    axes.set_ylim(0, highest * 1.12)
    label_in_full(axes.xaxis, sorted(set(summary["chunksize"].astype(int))), lambda v: f"{v:,.0f}")
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel("tasks handed out at once (chunksize)", size=13, color=INK)
    axes.set_ylabel("time over that of the pool's own (×)", size=13, color=INK)
    clean_axes(axes, "y")
    axes.legend(
        loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=13, handlelength=2.6
    )  # fmt: skip
    title, conditions = title_chunks(table, summary), describe_lists(table)
    write_heading(chart, title, conditions)
    each = "; ".join(
        f"{row.work} tasks by {row.chunksize} {row.time_ratio:.2f} ×, workers busy "
        f"{state_share(row.busy_share)}"
        for row in list_rows(summary)
    )
    chart.description = f"Chart. {title}. Time by chunksize: {each}. Conditions: {conditions}."
    return chart


def _mark_own(axes: Axes, own: int, is_left: bool) -> None:
    axes.axhline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    axes.axvline(own, color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)), zorder=0.5)
    axes.annotate(
        f"the pool's own: {own:,}", (own, 0), xycoords=("data", "axes fraction"),
        xytext=(6 if is_left else -6, 8), textcoords="offset points",
        ha="left" if is_left else "right", size=12, color=SOFT_INK,
    )  # fmt: skip
