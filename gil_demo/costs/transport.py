"""The columns of what processes cost: start-up, carrying data, memory, and where they pay."""

import math
import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.checks import GilDemoError, ResultsError, check_unlike, check_whole_number
from gil_demo.costs.cargo import (
    block_held,
    check_room,
    keep,
    keep_all,
    make_bytes,
    measure_kept,
    measure_length,
    read_block,
    start_tracker,
)
from gil_demo.drawing.style import (
    INK,
    PAPER,
    Chart,
    Look,
    clean_axes,
    label_decades,
    label_in_full,
    make_chart,
    push_apart,
    write_heading,
)
from gil_demo.measuring.estimates import NOTHING, estimate_median, select_by_round, spread
from gil_demo.measuring.rounds import check_budget, take_samples
from gil_demo.measuring.runs import collect_facts
from gil_demo.running.pools import HeldPool, check_start_method, pool_held, wait_for
from gil_demo.tables.schema import (
    MACHINE,
    Column,
    Schema,
    check_one_run,
    check_same_facts,
    check_whole_rounds,
    list_rows,
    make_table,
    name_run,
)
from gil_demo.words import (
    MARGIN,
    capitalise,
    count_in_words,
    describe_computer,
    find_busy_reservations,
    head,
    state_bytes,
    state_range,
    state_seconds,
    state_share,
    state_times,
)

KINDS = ("bytes", "numbers")

WAYS = ("pickling", "argument", "result", "shared memory", "initializer", "kept")
"""How data gets to a worker: pickled and rebuilt in one process (for comparison), as a task's
argument, back as its result, in a shared memory block, with the start of a new pool, or not at
all, since the worker has kept it."""


def _check_transfers(table: pd.DataFrame, place: str) -> None:
    check_whole_rounds(table, place, ["kind", "way", "size_bytes"])
    for run_id, run in table.groupby("run_id", sort=False):
        check_same_facts(run, f"{place}, {name_run(run_id)}", ["start_method"])


TRANSFERS = Schema(
    "transfers of data",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("transfers",)),
        "kind": Column("text", choices=KINDS),
        "way": Column("text", choices=WAYS),
        "size_bytes": Column("whole"),
        "start_method": Column("text"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "seconds": Column("duration"),
    }
    | MACHINE,
    _check_transfers,
)
"""A row for each piece of data that was carried; `size_bytes` is its size when pickled."""

DEFAULT_SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)

DEFAULT_SECONDS = 10.0

MOST_BYTES = 1_000_000_000

_MOST_NUMBERS = 1_000_000

_BYTES_A_NUMBER = 9  # a float takes one byte for its kind and eight for itself

_ROUNDS = 9  # six, one to warm up, and what a busy machine adds

_SMALL_BYTES = 1_000

_TRIAL_BYTES = 10_000_000

_COPIES = 8


class Transfer(NamedTuple):
    """How long it took to carry some data, in seconds."""

    work: float


class _Variant(NamedTuple):
    kind: str
    way: str
    size_bytes: int


def compare_transport(
    sizes: Sequence[int] = DEFAULT_SIZES,
    *,
    start_method: str | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Carry data of several sizes to a worker, by each way, in turn.

    The ways: as the argument of a task, as its result, in a shared memory block, with the start
    of a new pool (by its initializer), and not at all, since the worker has kept it. Pickling
    alone, without any transport, is measured beside them. The data are bytes, and for the
    argument and for pickling a list of numbers too.

    New pools are started for the smallest size and for the two largest ones only, and numbers are
    sent up to a million bytes: they take longest. Sizes that would leave too few rounds in the
    time allowed, or that this machine's memory has no room for, are left out, the largest first;
    so are blocks that shared memory has no room for.

    Args:
        sizes: bytes when pickled, each size once, from a thousand to a billion.
        start_method: how the worker is started; None means the platform's default.
        budget: seconds after which to stop; None means `DEFAULT_SECONDS`.

    Returns:
        A table of rounds; the columns and types are in `TRANSFERS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    asked = check_unlike(
        "sizes", sizes, lambda n, size: check_whole_number(n, size, 1_000, MOST_BYTES)
    )
    method = check_start_method(start_method)
    seconds = check_budget(DEFAULT_SECONDS if budget is None else budget)
    facts = collect_facts("transfers") | {"start_method": method}
    start_tracker()
    chosen = _choose_sizes(sorted(asked), method, seconds)
    with pool_held(1, method, partial(keep_all, [make_bytes(size) for size in chosen])) as held:
        variants = {
            f"{v.kind} of {v.size_bytes:,} bytes, {v.way}": v for v in _list_variants(chosen)
        }
        taken = take_samples(
            {label: partial(_time, held, v, method) for label, v in variants.items()},
            baseline=next(iter(variants)),
            budget=seconds,
        )
    rows = [
        facts
        | variants[sample.variant]._asdict()
        | {
            "round": sample.round,
            "rounds": taken.samples[-1].round,
            "position": sample.position,
            "seconds": sample.timing.work,
        }
        for sample in taken.samples
    ]
    return make_table(rows, TRANSFERS)


def _choose_sizes(sizes: list[int], method: str, seconds: float) -> list[int]:
    """Leave out the largest sizes until rounds enough fit in the time, and copies in the memory."""
    import psutil

    room = psutil.virtual_memory().available / _COPIES
    if sizes[0] > room:
        raise GilDemoError(
            f"this machine has memory for pieces of {room / 1e6:,.0f} MB, not for one of "
            f"{sizes[0] / 1e6:,.0f} MB: take less data"
        )
    sizes = [size for size in sizes if size <= room]
    trial = [_SMALL_BYTES, max(2 * _SMALL_BYTES, min(_TRIAL_BYTES, sizes[-1]))]
    with pool_held(1, method, partial(keep_all, [make_bytes(size) for size in trial])) as held:
        times = {
            variant: _watch(held, variant, method)
            for variant in _list_variants(trial)
            if variant.kind == "bytes"
        }
    while len(sizes) > 1 and _predict_round(sizes, times) > seconds / _ROUNDS:
        sizes = sizes[:-1]
    return sizes


def _watch(held: HeldPool, variant: _Variant, method: str) -> float:
    """Return the seconds that a measurement takes, the making of its data included."""
    began = time.perf_counter()
    _time(held, variant, method)
    return time.perf_counter() - began


def _predict_round(sizes: Sequence[int], times: Mapping[_Variant, float]) -> float:
    """Predict the seconds that a round takes, by those of a small and of a large piece of data.

    Numbers are left out: there are few of them.
    """
    small, large = sorted({variant.size_bytes for variant in times})
    predicted = 0.0
    for variant in _list_variants(sizes):
        ends = [times.get(variant._replace(size_bytes=size)) for size in (small, large)]
        if variant.kind == "bytes" and ends[0] is not None and ends[1] is not None:
            a_byte = max(0.0, ends[1] - ends[0]) / (large - small)
            predicted += ends[0] + a_byte * max(0, variant.size_bytes - small)
    return predicted


def _list_variants(sizes: Sequence[int]) -> list[_Variant]:
    variants = []
    for size in sizes:
        ways = ["argument", "result", "pickling", "kept"]
        ways += ["initializer"] * (size in (sizes[0], *sizes[-2:]))
        ways += ["shared memory"] * _has_room(size)
        variants += [_Variant("bytes", way, size) for way in ways]
        if size <= _MOST_NUMBERS:
            variants += [_Variant("numbers", way, size) for way in ("argument", "pickling")]
    return variants


def _has_room(size: int) -> bool:
    try:
        check_room(size)
    except GilDemoError:
        return False
    return True


def _time(held: HeldPool, variant: _Variant, method: str) -> Transfer:
    size = variant.size_bytes
    data: Any = make_bytes(size)
    if variant.kind == "numbers":
        data = [float(number) for number in range(max(1, size // _BYTES_A_NUMBER))]
    steps: dict[str, Callable[[], object]] = {
        "pickling": lambda: pickle.loads(pickle.dumps(data)),
        "argument": lambda: _ask(held, measure_length, data),
        "result": lambda: _ask(held, make_bytes, size),
        "shared memory": lambda: _share(held, data),
        "initializer": lambda: _start_with(data, method),
        "kept": lambda: _ask(held, measure_kept, size),
    }
    began = time.perf_counter()
    steps[variant.way]()
    return Transfer(time.perf_counter() - began)


def _ask(held: HeldPool, function: Callable[..., object], *arguments: object) -> object:
    """Run one task in a pool that is held, without a wait without end."""
    answer = held.take_pool().apply_async(function, arguments)
    wait_for(answer, held.crew, [function.__name__])
    return answer.get()


def _share(held: HeldPool, data: bytes) -> object:
    with block_held(data) as name:
        return _ask(held, read_block, name, len(data))


def _start_with(data: bytes, method: str) -> None:
    """Start a pool whose worker is given the data, and let it go."""
    with pool_held(1, method, partial(keep, data)):
        pass


def summarise_transport(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up what carrying data costs: a row for each kind of data, way and size.

    Args:
        table: a table as `compare_transport` gives it.

    Returns:
        The columns kind, way, size_bytes, rounds; seconds with seconds_low and seconds_high (the
        median and its 95 % interval); ratio with ratio_low and ratio_high (the time over that of
        the same data as an argument, round by round). Ends of intervals are nan below six rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, TRANSFERS)
    rows = []
    for kind in KINDS:
        for way in WAYS:
            chosen = table[(table["kind"] == kind) & (table["way"] == way)]
            for size, own in chosen.groupby("size_bytes"):
                seconds = own.set_index("round")["seconds"]
                sent = select_by_round(table, "seconds", kind=kind, way="argument", size_bytes=size)
                ratios = list((seconds / sent).dropna())
                rows.append(
                    {"kind": kind, "way": way, "size_bytes": int(str(size)), "rounds": len(own)}
                    | spread("seconds", estimate_median(list(seconds)), "seconds")
                    | spread("ratio", estimate_median(ratios) if ratios else NOTHING, "ratio")
                )
    return pd.DataFrame(rows)


def judge_transport(table: pd.DataFrame) -> str:
    """Say in a few sentences what carrying data costs, by each way.

    Args:
        table: a table as `compare_transport` gives it.

    Returns:
        Sentences, one a line: reservations first, then the largest data by each way, what pickling
        has to do with it, then how many rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_transport(table)
    first = table.iloc[0]
    lines = [f"Mind: {reservation}." for reservation in find_busy_reservations(first)]
    data = _select_bytes(summary)
    largest = data[data["size_bytes"] == data["size_bytes"].max()]
    size = state_bytes(int(data["size_bytes"].max()))
    told = [f"  {_NAMES[row.way]}: {_state_time(row)}." for row in list_rows(largest)]
    meaning = " (×: times as long as an argument)" if any("×" in line for line in told) else ""
    lines += [f"{size} of data{meaning}:", *told]
    if "shared memory" not in set(largest["way"]):
        lines.append("  In shared memory: not measured, since this machine has no room for it.")
    lines += [_state_pickling(row) for row in list_rows(select_pickling(summary))]
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    return "\n".join([*lines, f"{capitalise(rounds)} of each."])


def _select_bytes(summary: pd.DataFrame) -> pd.DataFrame:
    """Select what was found of raw bytes; without any sent there is nothing to hold against."""
    data: pd.DataFrame = summary[summary["kind"] == "bytes"]
    if "argument" not in set(data["way"]):
        raise ResultsError("the table has no rounds of bytes sent as an argument")
    return data


_NAMES = {
    "pickling": "Pickling and rebuilding alone, in one process",
    "argument": "As a task's argument",
    "result": "As a task's result",
    "shared memory": "In a shared memory block, copied in and out",
    "initializer": "With the start of a new pool",
    "kept": "Kept by the worker, a task that uses them",
}


def _state_time(row: Any) -> str:
    time = state_range(row.seconds, row.seconds_low, row.seconds_high)
    is_clear = row.ratio_low > 1 + MARGIN or row.ratio_high < 1 - MARGIN
    if row.way == "argument" or math.isnan(row.ratio_low) or not is_clear:
        return time
    times = "under 0.01 ×"
    if row.ratio_high >= 0.01:
        times = state_times(row.ratio, row.ratio_low, row.ratio_high)
    return f"{time}, {times}"


def select_pickling(summary: pd.DataFrame) -> pd.DataFrame:
    """Select what pickling takes, of each kind, at the largest size that all kinds have."""
    shared = summary.groupby("kind")["size_bytes"].max().min()
    is_there = (summary["way"] == "pickling") & (summary["size_bytes"] == shared)
    chosen: pd.DataFrame = summary.loc[is_there & summary["ratio"].notna()]
    return chosen


def _state_pickling(row: Any) -> str:
    what = {"bytes": "raw bytes", "numbers": "a list of numbers"}[row.kind]
    sent = f"the time to send {state_bytes(row.size_bytes)} of {what}"
    if row.ratio >= 1:
        return f"Pickling and rebuilding alone took as long as {sent}, or longer."
    return f"Of {sent}, pickling and rebuilding are {state_share(row.ratio)}; the rest is the pipe."


def title_transport(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding in one line, for the chart's title."""
    data = _select_bytes(summary).sort_values("size_bytes")
    sent = data[data["way"] == "argument"].drop_duplicates("size_bytes").iloc[[0, -1]]
    told = [
        f"{state_bytes(row.size_bytes)} after {state_seconds(row.seconds)}"
        for row in list_rows(sent.drop_duplicates("size_bytes"))
    ]
    kept = data.loc[data["way"] == "kept", "seconds"]
    end = f"; what it had kept, after {state_seconds(float(kept.iloc[-1]))}" if len(kept) else ""
    return head(f"a worker had {' and '.join(told)}{end}", table)


def describe_transport(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    first = table.iloc[0]
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    return (
        f"{describe_computer(first)}; one worker by {first['start_method']}, already started but "
        f"for new pools; {rounds} of each"
    )


# dark enough for letters on white paper, which the sky blue and the orange of the others are not
_LOOKS = {
    "argument": ("as an argument", Look("#0072B2", "s", "-")),
    "result": ("as a result", Look("#000000", "v", "-")),
    "shared memory": ("shared memory", Look("#009E73", "^", "-")),
    "initializer": ("with a new pool", Look("#CC79A7", "D", "--")),
    "kept": ("kept by the worker", Look("#9A6A00", "o", "-")),
}

_KINDS = {"bytes": "raw bytes", "numbers": "a list of numbers"}


def draw_transport(table: pd.DataFrame) -> Chart:
    """Draw how long data take to a worker, by each way, against their size.

    Args:
        table: a table as `compare_transport` gives it.

    Returns:
        A matplotlib Figure: on the left the time against the size, both logarithmic, a line for
        each way with its 95 % interval; on the right, for raw bytes and for a list of numbers, how
        much of the time is pickling and how much the pipe. Its `description` is its alternative
        text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_transport(table)
    title, conditions = title_transport(table, summary), describe_transport(table)
    chart = make_chart(12.5, 5.6)
    left, right = chart.subplots(1, 2, width_ratios=[2.1, 1])
    chart.subplots_adjust(left=0.07, right=0.985, top=0.87, bottom=0.19, wspace=0.62)
    data = summary[summary["kind"] == "bytes"]
    ends: dict[str, tuple[float, str]] = {}
    left.set_xscale("log")
    left.set_yscale("log")
    for way, (label, look) in _LOOKS.items():
        rows = data[data["way"] == way]
        if len(rows):
            _draw_line(left, rows, look)
            last = rows.iloc[-1]
            ends[label] = (float(last["seconds"]), look.colour)
    _finish_times(left, data)
    _label_ends(left, ends)
    parts = select_pickling(summary)
    if parts.empty:
        right.set_axis_off()
    else:
        _draw_parts(right, parts)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, summary, parts)
    return chart


def _draw_line(axes: Axes, rows: pd.DataFrame, look: Look) -> None:
    below = (rows["seconds"] - rows["seconds_low"]).clip(lower=0).fillna(0)
    above = (rows["seconds_high"] - rows["seconds"]).clip(lower=0).fillna(0)
    axes.errorbar(
        rows["size_bytes"].astype(float), rows["seconds"], yerr=[[*below], [*above]],
        color=look.colour, marker=look.marker, markersize=8, linewidth=2, linestyle=look.line,
        elinewidth=1.4, capsize=4, markeredgecolor=PAPER,
    )  # fmt: skip


def _finish_times(axes: Axes, data: pd.DataFrame) -> None:
    sizes = sorted(set(data["size_bytes"].astype(float)))
    margin = (sizes[-1] / sizes[0]) ** 0.05 if len(sizes) > 1 else 2.0
    axes.set_xlim(sizes[0] / margin, sizes[-1] * margin)
    label_in_full(axes.xaxis, _choose_sizes_chart(sizes), state_bytes)
    label_decades(axes.yaxis, state_seconds)
    axes.set_xlabel("size of the data", size=12, color=INK)
    axes.set_title("time until the data are there", loc="left", size=13, color=INK, pad=8)
    clean_axes(axes, "y")


def _choose_sizes_chart(sizes: list[float]) -> list[float]:
    """Choose the sizes whose labels have room beside each other, from the largest one down."""
    room = (sizes[-1] / sizes[0]) ** 0.14
    chosen = sizes[-1:]
    for size in reversed(sizes):
        if chosen[-1] / size > room:
            chosen.append(size)
    return chosen


def _label_ends(axes: Axes, ends: dict[str, tuple[float, str]]) -> None:
    """Label the lines at their right ends, pushed apart where they would touch."""
    to_axes = axes.transScale + axes.transLimits
    ordered = sorted(ends.items(), key=lambda item: item[1][0])
    places = [float(to_axes.transform((1, seconds))[1]) for _, (seconds, _) in ordered]
    heights = push_apart(places, 0.075, 0.97)
    for (label, (_, colour)), height in zip(ordered, heights, strict=True):
        axes.annotate(
            label, (1, height), xycoords="axes fraction", xytext=(6, 0),
            textcoords="offset points", size=13, va="center", color=colour, weight="bold",
            annotation_clip=False,
        )  # fmt: skip


def _draw_parts(axes: Axes, parts: pd.DataFrame) -> None:
    rows = list_rows(parts)
    for place, row in enumerate(rows):
        share = 100 * min(row.ratio, 1.0)
        axes.barh(place, share, height=0.5, color="#444444")
        axes.barh(
            place, 100 - share, left=share, height=0.5, facecolor=PAPER, edgecolor="#0072B2",
            hatch="////", linewidth=1.2,
        )  # fmt: skip
        axes.annotate(
            f"{_KINDS[row.kind]}: {state_share(share / 100)} pickling", (0, place - 0.36),
            size=12, color=INK, va="center",
        )  # fmt: skip
    axes.set_xlim(0, 100)
    axes.set_ylim(max(2, len(rows)) - 0.4, -0.65)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(5))
    size = state_bytes(float(parts["size_bytes"].iloc[0]))
    axes.set_title(f"where the time for {size} goes", loc="left", size=13, color=INK, pad=8)
    axes.set_xlabel(
        "% of an argument's time: pickling\n(dark), the pipe (hatched)", size=12, color=INK
    )
    clean_axes(axes, "x")


def _describe(title: str, conditions: str, summary: pd.DataFrame, parts: pd.DataFrame) -> str:
    facts = []
    data = summary[summary["kind"] == "bytes"]
    for way, (label, _) in _LOOKS.items():
        told = [_tell(row) for row in list_rows(data[data["way"] == way])]
        if told:
            facts.append(f"{label}: {', '.join(told)}")
    shares = "; ".join(
        f"{_KINDS[row.kind]} {100 * min(row.ratio, 1.0):.1f} %" for row in list_rows(parts)
    )
    pickling = f" Pickling is, of an argument's time: {shares}." if shares else ""
    return f"Chart. {title}. Medians: {'; '.join(facts)}.{pickling} Conditions: {conditions}."


def _tell(row: Any) -> str:
    return f"{state_bytes(row.size_bytes)} {1000 * row.seconds:.2f} ms"
