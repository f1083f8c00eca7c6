"""How a list is cut for a `Pool.map`: ever more tasks of the same work, or ever larger chunks."""

import heapq
import math
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.ticker import MaxNLocator

from gil_demo import words
from gil_demo.checks import ResultsError, check_unlike, check_whole_number, check_workers
from gil_demo.drawing import parts
from gil_demo.drawing.style import SOFT_INK, Chart, Look, get_look, label_in_full
from gil_demo.measuring.estimates import estimate_median, estimate_ratio, select_by_round, spread
from gil_demo.measuring.rounds import Sample, check_budget, make_rows, take_samples
from gil_demo.measuring.runs import collect_facts
from gil_demo.pool.tasks import MOST_TASKS, check_sizes, describe_open_pool, find_largest_chunk
from gil_demo.running.pools import HeldPool, check_start_method, pool_held, run_in_pool
from gil_demo.running.spans import cut
from gil_demo.running.workloads import CUTS, compute_default_chunksize, countdown
from gil_demo.tables.schema import Column, check_rows, list_rows, make_schema, make_table

VARIANT = ["work", "tasks", "chunksize", "default_chunksize"]
COUNT = 1_000_000
"""The steps of the whole countdown, however it is cut."""
TASKS = 1_000
"""How many tasks are handed out in chunks."""


def _check_lists(table: pd.DataFrame, place: str) -> None:
    check_sizes(table, place)
    check_rows(table["count"] < table["tasks"], place, "there are more tasks than steps")


LISTS = make_schema(
    "rounds of a map",
    ("lengths", "chunks"),
    {"work": Column("text", choices=tuple(CUTS))}
    | {"workers": Column("whole"), "start_method": Column("text")}
    | dict.fromkeys(("tasks", "chunksize", "default_chunksize", "count"), Column("whole"))
    | dict.fromkeys(("round", "rounds", "position"), Column("whole"))
    | dict.fromkeys(("seconds", "busy_seconds"), Column("duration")),
    _check_lists,
    alike=("workers", "start_method", "count"),
    variant=tuple(VARIANT),
)
"""A row for each timed `Pool.map`; `busy_seconds` is what its tasks took, one by one, added up."""


class _Round(NamedTuple):
    work: float  # seconds of the map
    busy: float  # seconds of its tasks, added up


class _Cut(NamedTuple):
    work: str
    tasks: int
    chunksize: int


def sweep_list_length(
    lengths: Sequence[int] | None = None,
    *,
    workers: int = 2,
    start_method: str | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Cut the same countdown into ever more tasks, and see how busy that keeps the workers.

    Args:
        lengths: numbers of tasks, each once; None means 1 to four for each worker, plus one. As
            many as there are workers is always measured, since the others are held against it.
        workers: how many processes, kept open throughout.
        start_method: how they are started; None means the platform's default.
        budget: seconds after which to stop; None means eight.

    Returns:
        A table of rounds, with a chunksize of 1 throughout.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    workers = check_workers(workers)
    chosen = check_unlike(
        "lengths",
        range(1, 4 * workers + 2) if lengths is None else lengths,
        lambda name, length: check_whole_number(name, length, 1, MOST_TASKS),
    )
    cuts = [_Cut("even", length, 1) for length in sorted({*chosen, workers})]
    return _sweep(cuts, _Cut("even", workers, 1), "lengths", workers, start_method, budget)


def sweep_chunksize(
    *, workers: int = 2, start_method: str | None = None, budget: float | None = None
) -> pd.DataFrame:
    """Hand out the same list in chunks of different sizes, with even tasks and with uneven ones.

    The sizes are 1, a few, the pool's own, and one chunk for each worker.

    Args:
        workers: how many processes, kept open throughout.
        start_method: how they are started; None means the platform's default.
        budget: seconds after which to stop; None means eight.

    Returns:
        A table of rounds; `default_chunksize` is the size that the pool took when it was left to
        itself.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    workers = check_workers(workers)
    own = compute_default_chunksize(TASKS, workers)
    sizes = sorted({1, 5, 25, own, -(-TASKS // workers)})
    cuts = [_Cut(work, TASKS, size) for work in CUTS for size in sizes]
    return _sweep(cuts, _Cut("even", TASKS, own), "chunks", workers, start_method, budget)


def _sweep(
    cuts: Sequence[_Cut], baseline: _Cut, experiment: str, workers: int,
    start_method: str | None, budget: float | None,
) -> pd.DataFrame:  # fmt: skip
    seconds, method = check_budget(budget), check_start_method(start_method)
    facts = collect_facts(experiment) | {"workers": workers, "start_method": method, "count": COUNT}
    with pool_held(workers, method) as held:
        own = {tasks: find_largest_chunk(held, tasks) for tasks in {cut.tasks for cut in cuts}}
        maps = {cut: partial(_time_map, held, cut) for cut in cuts}
        name = "{0.work}, {0.tasks} by {0.chunksize}".format
        taken = take_samples(maps, baseline, budget=seconds, name=name)

    def describe(one: Sample[_Round]) -> dict[str, object]:
        times = {"seconds": one.timing.work, "busy_seconds": one.timing.busy}
        return {**one.variant._asdict(), "default_chunksize": own[one.variant.tasks], **times}

    return make_table(make_rows(taken, facts, describe), LISTS)


def _time_map(held: HeldPool, cut: _Cut) -> _Round:
    tasks = CUTS[cut.work](COUNT, cut.tasks)
    started = time.perf_counter()
    spans = run_in_pool(held, cut.chunksize, countdown, tasks)
    elapsed = time.perf_counter() - started
    return _Round(elapsed, sum(span.end - span.start for span in spans))


def summarise_lists(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one sweep of the list's length or of the chunksize: a row for each variant."""
    first = table.iloc[0]
    workers, is_by_length = int(first["workers"]), first["experiment"] == "lengths"
    # what the others are held against: as many tasks as workers, or the pool's own chunksize
    own = {"tasks": workers} if is_by_length else {"chunksize": first["default_chunksize"]}
    rows = []
    for _, rounds in table.set_index("round").sort_index().groupby(VARIANT):
        cut: Any = rounds.iloc[0]
        baseline = select_by_round(table, "seconds", work=cut["work"], **own)
        if baseline.empty:
            raise ResultsError("the table lacks the rounds that the others are held against")
        share = estimate_median(list(rounds["busy_seconds"] / rounds["seconds"] / workers))
        sizes = CUTS[cut["work"]](int(cut["count"]), int(cut["tasks"]))
        rows.append(
            cut[VARIANT].to_dict()
            | {"rounds": len(rounds), "seconds": float(rounds["seconds"].median())}
            | spread("busy_share", share)
            | {"ideal_share": compute_ideal_share(sizes, int(cut["chunksize"]), workers)}
            | spread("time_ratio", estimate_ratio(list(rounds["seconds"] / baseline)))
        )
    return pd.DataFrame(rows)


def compute_ideal_share(tasks: Sequence[int], chunksize: int, workers: int) -> float:
    """Compute the busy part of workers' time where whoever is free takes the next chunk at once."""
    free_at = [0] * workers
    for chunk in cut(tasks, chunksize):
        heapq.heapreplace(free_at, free_at[0] + sum(chunk))
    return sum(tasks) / (workers * max(free_at))


def judge_lists(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Tell reservations first, then what came of each variant, then how many rounds there were."""
    first = table.iloc[0]
    mind = words.find_machine_reservations(first, int(first["workers"]))
    state = _state_length if first["experiment"] == "lengths" else _state_chunksize
    lines = [f"{words.capitalise(state(row))}." for row in list_rows(summary)]
    return words.tell(table, words.reserve(table, mind) + lines)


def _state_length(row: Any) -> str:
    busy, ideal = words.state_share(row.busy_share), words.state_share(row.ideal_share)
    busy = f"on average a worker was busy for {busy} of the time; without any overhead {ideal}"
    return f"{words.count_in_words(row.tasks, 'task')}: {busy}"


def _state_chunksize(row: Any) -> str:
    ends = row.time_ratio_low, row.time_ratio_high
    ratio = words.state_times(row.time_ratio, *ends)
    compared = f"{ratio} the time of the pool's own size"
    is_own = row.chunksize == row.default_chunksize
    if math.isnan(ends[0]):
        compared = words.state_seconds(row.seconds) + ", the pool's own size" * is_own
    elif is_own:
        compared = "the pool's own size"
    elif not words.is_clear(*ends):
        compared = words.compare_ratio(*ends, "the pool's own size")
    return f"{row.work} tasks, chunksize {row.chunksize:,}: {compared}"


def _title_lengths(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    workers = int(table["workers"].iloc[0])
    if withheld := words.withhold_title(table):
        return withheld
    shares = {row.tasks: row.busy_share for row in list_rows(summary)}
    chosen = [tasks for tasks in (workers, workers + 1, max(shares)) if tasks in shares]
    told = [
        f"{words.count_in_words(n, 'task')} {words.state_share(shares[n])}"
        for n in dict.fromkeys(chosen)
    ]
    crew = words.count_in_words(workers, "worker was", "workers were")
    return words.head(f"how busy {crew}: {', '.join(told)}", table)


def _title_chunks(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    if withheld := words.withhold_title(table):
        return withheld
    own = int(table["default_chunksize"].iloc[0])
    slower = [row for row in list_rows(summary) if row.time_ratio_low > 1 + words.MARGIN]
    if not slower:
        return words.head(f"no chunksize was clearly slower than the pool's own {own:,}", table)
    worst = max(slower, key=lambda row: row.time_ratio)
    ratio = words.state_times(worst.time_ratio, worst.time_ratio_low, worst.time_ratio_high)
    chunks = f"{worst.work} tasks in chunks of {worst.chunksize:,}"
    return words.head(f"{chunks} took {ratio} as long as in the pool's own {own:,}", table)


def _describe_lists(table: pd.DataFrame) -> str:
    first = table.iloc[0]
    cut = f"{int(first['tasks']):,} tasks" if first["experiment"] == "chunks" else "chunksize 1"
    rounds = words.count_in_run(table, "round")
    return describe_open_pool(table, f"{int(first['count']):,} steps, {cut}; {rounds} of each")


_WORKS = {"even": get_look("processes"), "uneven": Look("#CC79A7", "^", "--")}


def draw_list_lengths(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw how busy the workers were by the length of the list, beside the ideal's sawtooth."""
    look, workers = get_look("processes"), int(table["workers"].iloc[0])
    chart, axes = parts.make_plot(11, 5.4, left=0.085, right=0.855, above=0.54, below=1.026)
    tasks = summary["tasks"].astype(int)
    percent = 100 * summary.filter(like="_share")
    shares = 100 * table["busy_seconds"] / table["seconds"] / workers
    parts.draw_rounds(axes, table["tasks"], shares, look.marker)
    parts.draw_ideal(axes, tasks, percent["ideal_share"])
    axes.lines[-1].set(marker="_", markersize=14)
    parts.draw_medians(axes, tasks, percent, "busy_share", look, markersize=10)
    longest, measured, ideal = tasks.iloc[-1], *percent[["busy_share", "ideal_share"]].iloc[-1]
    up, down = (14, -14) if measured > ideal else (-9, 14)
    beside: dict[str, Any] = {"size": 13, "va": "center", "annotation_clip": False}
    parts.write(axes, "measured", (longest, measured), (14, up), look.colour, **beside)
    parts.write(axes, "without any\noverhead", (longest, ideal), (14, down), **beside)
    axes.set_ylim(0, max(108, float(shares.max()) * 1.05))
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True, min_n_ticks=1))
    parts.name_axes(axes, "tasks in the list; the same work in all", "workers busy (% of the time)")
    each = "; ".join(
        f"{words.count_in_words(row.tasks, 'task')} {100 * row.busy_share:.1f} % "
        f"(ideal {100 * row.ideal_share:.1f} %)"
        for row in list_rows(summary)
    )
    told = f"On average a worker was busy: {each}."
    return parts.finish(chart, _title_lengths(table, summary), _describe_lists(table), told)


def draw_chunksizes(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw how long even and uneven tasks took by their chunks' size, over the pool's own size."""
    chart, axes = parts.make_plot(11, 5.4, left=0.085, right=0.81, above=0.54, below=1.026)
    axes.set_xscale("log")
    for work, rows in summary.groupby("work", sort=False):
        x, look = rows["chunksize"].astype(float), _WORKS[str(work)]
        style = {"markersize": 10, "linestyle": look.line, "label": f"{work} tasks"}
        parts.draw_medians(axes, x, rows, "time_ratio", look, **style)
    sizes = sorted(set(summary["chunksize"].astype(int)))
    least, most = sizes[0], sizes[-1]
    margin = (most / least) ** 0.05 if most > least else 2.0
    axes.set_xlim(least / margin, most * margin)
    own = int(table["default_chunksize"].iloc[0])
    axes.axhline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    axes.axvline(own, color=SOFT_INK, linewidth=1.4, linestyle=parts.DASHES, zorder=0.5)
    away, side = (6, "left") if own**2 < least * most else (-6, "right")
    place: dict[str, Any] = {"size": 12, "ha": side, "xycoords": ("data", "axes fraction")}
    parts.write(axes, f"the pool's own: {own:,}", (own, 0), (away, 8), **place)
    highest = summary[["time_ratio", "time_ratio_high"]].max().max()
    axes.set_ylim(0, 1.12 * max(1.0, highest))
    label_in_full(axes.xaxis, sizes, lambda size: f"{size:,.0f}")
    axes.yaxis.set_major_locator(MaxNLocator(6))
    across, up = "tasks handed out at once (chunksize)", "time over that of the pool's own (×)"
    parts.name_axes(axes, across, up)
    axes.legend(
        loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=13, handlelength=2.6
    )  # fmt: skip
    each = "; ".join(
        f"{row.work} tasks by {row.chunksize} {row.time_ratio:.2f} ×, workers busy "
        f"{words.state_share(row.busy_share)}"
        for row in list_rows(summary)
    )
    told = f"Time by chunksize, over that of the pool's own: {each}."
    return parts.finish(chart, _title_chunks(table, summary), _describe_lists(table), told)
