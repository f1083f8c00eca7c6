"""What carrying data to a worker costs, by each way and size."""

import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from gil_demo import words
from gil_demo.checks import ResultsError
from gil_demo.costs.blocks import block_held, measure_room
from gil_demo.costs.cargo import give_kept, keep, make_bytes, measure_kept, read_block
from gil_demo.drawing import style
from gil_demo.drawing.parts import draw_medians, finish, label_ends, name_values, write
from gil_demo.drawing.style import INK, PAPER, Chart, Look, clean_axes
from gil_demo.measuring.estimates import estimate_median, estimate_ratio, select_by_round, spread
from gil_demo.measuring.machine import measure_free_bytes
from gil_demo.measuring.rounds import Sample, Start, Timing, check_budget, make_rows, take_samples
from gil_demo.measuring.runs import collect_facts, time_start
from gil_demo.running.pools import HeldPool, check_start_method, pool_held, start_tracker, wait_for
from gil_demo.tables.schema import Column, list_rows, make_schema, make_table
from gil_demo.words import head, state_bytes, state_range, state_seconds, state_share, tell

KINDS = {"bytes": "raw bytes", "numbers": "a list of numbers"}
WAYS = {
    "pickling": "Pickling and rebuilding alone, in one process",
    "argument": "As a task's argument",
    "result": "As a task's result",
    "shared memory": "In a shared memory block, copied in and out",
    "initializer": "With the start of a new pool",
    "kept": "Kept by the worker, a task that uses them",
}

TRANSFERS = make_schema(
    "transfers of data",
    ("transfers",),
    {
        "kind": Column("text", choices=(*KINDS,)),
        "way": Column("text", choices=(*WAYS,)),
        "size_bytes": Column("whole"),
        "start_method": Column("text"),
        **dict.fromkeys(("round", "rounds", "position"), Column("whole")),
        "seconds": Column("duration"),
    },
    alike=("start_method",),
    variant=("kind", "way", "size_bytes"),
)
"""A row for each piece of data that was carried; `size_bytes` is its size when pickled."""

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
DEFAULT_SECONDS = 10.0
_ROUNDS = 9  # six, one to warm up, and what a busy machine adds


class _Variant(NamedTuple):
    kind: str
    way: str
    size_bytes: int


def compare_transport(
    *, start_method: str | None = None, budget: float | None = None
) -> pd.DataFrame:
    """Carry data of several sizes to a worker, by each way, in turn.

    The ways: as the argument of a task, as its result, in a shared memory block, with the start
    of a new pool (by its initializer), and not at all, since the worker has kept it. Pickling
    alone, without any transport, is measured beside them. The data are bytes, and for the
    argument and for pickling a list of numbers too.

    The sizes are `SIZES`. New pools are started for the smallest one and for the two largest
    ones only, and numbers are sent up to a million bytes: they take longest. Sizes that would
    leave too few rounds in the time allowed, or that this machine's memory has no room for, are
    left out, the largest first; so are blocks that shared memory has no room for.

    Args:
        start_method: how the worker is started; None means the platform's default.
        budget: seconds after which to stop; None means `DEFAULT_SECONDS`.

    Returns:
        A table of rounds; the columns and types are in `TRANSFERS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    method = check_start_method(start_method)
    seconds = check_budget(DEFAULT_SECONDS if budget is None else budget)
    facts = collect_facts("transfers") | {"start_method": method}
    # before workers are forked: one without a tracker would start its own, which would unlink
    # their block at its end (cpython issue 82300; Python 3.13 has `track=False`)
    start_tracker()
    sizes = _choose_sizes(method, seconds)
    with pool_held(1, method, partial(keep, *map(make_bytes, sizes))) as held:
        timed = {one: partial(_time, held, one, method) for one in _list_variants(sizes)}
        name = "{0.kind} of {0.size_bytes:,} bytes, {0.way}".format
        taken = take_samples(timed, next(iter(timed)), None, seconds, name, is_lasting=False)

    def describe(one: Sample[Timing]) -> dict[str, object]:
        return {**one.variant._asdict(), "seconds": one.timing.work}

    return make_table(make_rows(taken, facts, describe), TRANSFERS)


def _choose_sizes(method: str, seconds: float) -> list[int]:
    """Leave out the largest sizes until rounds enough fit in the time, and copies in the memory."""
    room = measure_free_bytes() / 8  # there are as many copies
    sizes = [size for size in SIZES if size <= max(room, SIZES[0])]
    trial = [SIZES[0], max(2 * SIZES[0], min(10_000_000, sizes[-1]))]
    times = {}
    with pool_held(1, method, partial(keep, *map(make_bytes, trial))) as held:
        for variant in _list_variants(trial):
            began = time.perf_counter()
            _time(held, variant, method)
            times[variant] = time.perf_counter() - began  # the making of its data included
    while len(sizes) > 1 and _predict_round(sizes, trial, times) > seconds / _ROUNDS:
        sizes = sizes[:-1]
    return sizes


def _predict_round(sizes: list[int], trial: list[int], times: Mapping[_Variant, float]) -> float:
    """Predict the seconds of a round from what was timed at both sizes of the trial."""
    predicted = 0.0
    for variant in _list_variants(sizes):
        least, most = (times.get(variant._replace(size_bytes=size)) for size in trial)
        if least is not None and most is not None:
            a_byte = max(0.0, most - least) / (trial[1] - trial[0])
            predicted += least + a_byte * (variant.size_bytes - trial[0])
    return predicted


def _list_variants(sizes: Sequence[int]) -> list[_Variant]:
    variants = []
    for size in sizes:
        ways = ["argument", "result", "pickling", "kept"]
        ways += ["initializer"] * (size in (sizes[0], *sizes[-2:]))
        ways += ["shared memory"] * (size <= measure_room())
        variants += [_Variant("bytes", way, size) for way in ways]
        if size <= 1_000_000:
            variants += [_Variant("numbers", way, size) for way in ("argument", "pickling")]
    return variants


def _time(held: HeldPool, variant: _Variant, method: str) -> Timing:
    size = variant.size_bytes
    data: Any = make_bytes(size)
    if variant.kind == "numbers":
        # a float takes one byte for its kind and eight for itself
        data = [float(number) for number in range(max(1, size // 9))]
    steps: dict[str, Callable[[], object]] = {
        "pickling": lambda: pickle.loads(pickle.dumps(data)),
        "argument": lambda: _ask(held, len, data),
        "result": lambda: _ask(held, give_kept, size),
        "shared memory": lambda: _share(held, data),
        "initializer": lambda: time_start(1, method, partial(keep, data)),
        "kept": lambda: _ask(held, measure_kept, size),
    }
    began = time.perf_counter()
    answer = steps[variant.way]()
    if isinstance(answer, Start):  # the data are there before the pool has gone
        return Timing(answer.start_up_seconds)
    return Timing(time.perf_counter() - began)


def _ask(held: HeldPool, function: Callable[..., object], *arguments: object) -> object:
    """Run one task in a pool that is held, without a wait without end."""
    answer = held.take_pool().apply_async(function, arguments)
    wait_for(answer, held.crew, [function.__name__])
    return answer.get()


def _share(held: HeldPool, data: bytes) -> None:
    with block_held(data) as name:
        _ask(held, read_block, name, len(data))


def summarise_transport(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up each kind of data, way and size; `ratio` is to the argument's time, by round."""
    rows = []
    for kind, way, size in product(KINDS, WAYS, sorted(set(table["size_bytes"]))):
        seconds = select_by_round(table, "seconds", kind=kind, way=way, size_bytes=size)
        sent = select_by_round(table, "seconds", kind=kind, way="argument", size_bytes=size)
        ratios = list((seconds / sent).dropna())
        if len(seconds):
            rows.append(
                {"kind": kind, "way": way, "size_bytes": int(size), "rounds": len(seconds)}
                | spread("seconds", estimate_median(list(seconds)))
                | spread("ratio", estimate_ratio(ratios))
            )
    return pd.DataFrame(rows)


def judge_transport(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say what carrying data costs: the largest by each way, and the part that is pickling."""
    lines = words.reserve(table, words.find_busy_reservations(table.iloc[0]))
    data = select_bytes(summary)
    most = int(data["size_bytes"].max())
    largest = list_rows(data[data["size_bytes"] == most])
    told = [f"  {WAYS[row.way]}: {_state_time(row)}." for row in largest]
    meaning = " (×: times as long as an argument)" if "×" in "".join(told) else ""
    lines += [f"{state_bytes(most)} of data{meaning}:", *told]
    if "shared memory" not in {row.way for row in largest}:
        lines.append("  In shared memory: not measured, since this machine has no room for it.")
    lines += [_state_pickling(row) for row in list_rows(_select_pickling(summary))]
    return tell(table, lines + _compare_with_start(data))


def _compare_with_start(data: pd.DataFrame) -> list[str]:
    """Say from which size on every argument took longer than a new pool with next to no data."""
    least = int(data["size_bytes"].min())
    start = data.loc[(data["way"] == "initializer") & (data["size_bytes"] == least), "seconds"]
    if start.empty:
        return []
    sent, began = data[data["way"] == "argument"], float(start.iloc[0])
    quicker = sent.loc[sent["seconds"] <= began, "size_bytes"]
    longer = sent.loc[sent["size_bytes"] > max(quicker, default=0), "size_bytes"]
    pool = f"a new pool with {state_bytes(least)} ({state_seconds(began)})"
    if longer.empty:
        return [f"Even {state_bytes(quicker.max())} as an argument took no longer than {pool}."]
    return [f"From {state_bytes(longer.min())} on, an argument took longer than {pool}."]


def select_bytes(summary: pd.DataFrame) -> pd.DataFrame:
    """Select what was measured of raw bytes, which the others of it are held against."""
    data = summary.loc[summary["kind"] == "bytes"]
    if "argument" not in set(data["way"]):
        raise ResultsError("the table of transfers has no rounds of bytes sent as an argument")
    return data


def _state_time(row: Any) -> str:
    time = state_range(row.seconds, row.seconds_low, row.seconds_high)
    if row.way == "argument" or not words.is_clear(row.ratio_low, row.ratio_high):
        return time
    times = words.state_times(row.ratio, row.ratio_low, row.ratio_high)
    return f"{time}, {'under 0.01 ×' if row.ratio_high < 0.01 else times}"


def _select_pickling(summary: pd.DataFrame) -> pd.DataFrame:
    """Select what pickling takes, of each kind, at the largest size that all kinds have."""
    shared = int(summary.groupby("kind")["size_bytes"].max().min())
    known = summary[summary["way"] == "pickling"].dropna(subset="ratio")
    return known[known["size_bytes"] == shared]


def _state_pickling(row: Any) -> str:
    sent = f"the time to send {state_bytes(row.size_bytes)} of {KINDS[row.kind]}"
    if row.ratio >= 0.995:  # which is told as 100 %
        return f"Pickling and rebuilding, measured apart, took as long as {sent}, or longer."
    return f"Of {sent}, pickling and rebuilding are {state_share(row.ratio)}; the rest is the pipe."


def _title(table: pd.DataFrame, data: pd.DataFrame) -> str:
    if withheld := words.withhold_title(table):
        return withheld
    sent = list_rows(data[data["way"] == "argument"].iloc[[0, -1]].drop_duplicates("size_bytes"))
    told = [f"{state_bytes(row.size_bytes)} after {state_seconds(row.seconds)}" for row in sent]
    kept = data.loc[data["way"] == "kept", "seconds"]
    end = f"; what it had kept, after {state_seconds(float(kept.iloc[-1]))}" if len(kept) else ""
    return head(f"a worker had {' and '.join(told)}{end}", table)


# dark enough for letters on white paper, which the sky blue and the orange of the others are not
_LOOKS = {
    "argument": ("as an argument", Look("#0072B2", "s", "-")),
    "result": ("as a result", Look("#000000", "v", "-")),
    "shared memory": ("shared memory", Look("#009E73", "^", "-")),
    "initializer": ("with a new pool", Look("#CC79A7", "D", "--")),
    "kept": ("kept by the worker", Look("#9A6A00", "o", "-")),
}


def draw_transport(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw the time against the size, a line for each way, and beside it what pickling takes."""
    data = select_bytes(summary)
    chart = style.make_chart(12.5, 5.6)
    left, right = chart.subplots(1, 2, width_ratios=[2.1, 1])
    chart.subplots_adjust(left=0.07, right=0.985, top=0.87, bottom=0.19, wspace=0.62)
    of_way = {way: data[data["way"] == way] for way in _LOOKS if way in set(data["way"])}
    left.loglog()
    sizes = sorted(set(data["size_bytes"].astype(float)))
    apart = (sizes[-1] / sizes[0]) ** 0.02  # beside each other, so that none hides another
    for place, (way, rows) in enumerate(of_way.items()):
        look, x = _LOOKS[way][1], rows["size_bytes"].astype(float) * apart ** (place - 2)
        draw_medians(left, x, rows, "seconds", look, linestyle=look.line)
    margin = 1.5 * (sizes[-1] / sizes[0]) ** 0.05
    left.set_xlim(sizes[0] / margin, sizes[-1] * margin)
    style.label_in_full(left.xaxis, sizes, state_bytes)
    style.label_decades(left.yaxis, state_seconds)
    left.set_xlabel("size of the data", size=12, color=INK)
    left.set_title("time until the data are there", loc="left", size=13, color=INK, pad=8)
    clean_axes(left, "y")
    looks = {way: (float(rows["seconds"].iloc[-1]), *_LOOKS[way]) for way, rows in of_way.items()}
    labels = [(end, label, look.colour) for end, label, look in looks.values()]
    label_ends(left, labels, apart=0.075, top=0.97, away=6)
    parts = _select_pickling(summary)
    if parts.empty:
        right.set_axis_off()
    else:
        _draw_parts(right, parts)
    what = f"one worker by {table['start_method'].iloc[0]}, already started but for new pools"
    conditions = words.describe_rounds(table, what)
    return finish(chart, _title(table, data), conditions, _tell(of_way, parts))


def _draw_parts(axes: Axes, parts: pd.DataFrame) -> None:
    for place, row in enumerate(list_rows(parts)):
        share = 100 * min(row.ratio, 1.0)
        axes.barh(place, share, 0.5, color="#444444")
        hatched: dict[str, Any] = {"facecolor": PAPER, "edgecolor": "#0072B2", "hatch": "////"}
        axes.barh(place, 100 - share, 0.5, share, linewidth=1.2, **hatched)
        label = f"{KINDS[row.kind]}: {state_share(share / 100)} pickling"
        write(axes, label, (0, place - 0.36), (0, 0), INK, 12, va="center")
    axes.set_xlim(0, 100)
    axes.set_ylim(max(2, len(parts)) - 0.4, -0.65)
    axes.set_yticks([])
    size = state_bytes(float(parts["size_bytes"].iloc[0]))
    axes.set_title(f"where the time for {size} goes", loc="left", size=13, color=INK, pad=8)
    name_values(axes, "% of an argument's time: pickling\n(dark; timed apart), pipe (hatched)", 5)


def _tell(of_way: Mapping[str, pd.DataFrame], parts: pd.DataFrame) -> str:
    medians = []
    for way, rows in of_way.items():
        each = (f"{state_bytes(r.size_bytes)} {1000 * r.seconds:.2f} ms" for r in list_rows(rows))
        medians.append(f"{_LOOKS[way][0]}: {', '.join(each)}")
    told = f"Medians: {'; '.join(medians)}."
    if parts.empty:
        return told
    shares = [f"{KINDS[row.kind]} {100 * min(row.ratio, 1):.1f} %" for row in list_rows(parts)]
    return f"{told} Pickling, measured apart, is of an argument's time: {'; '.join(shares)}."
