"""The columns of what processes cost: start-up, carrying data, memory, and where they pay."""

import json
import time
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.checks import GilDemoError, check_whole_number
from gil_demo.costs.start_up import check_start_methods
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
from gil_demo.measuring.progress import shown
from gil_demo.measuring.rounds import check_budget
from gil_demo.measuring.runs import collect_facts
from gil_demo.running.scripts import run_script
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
    capitalise,
    count_in_words,
    describe_computer,
    head,
    list_in_words,
    state_bytes,
    state_share,
)

PARENTS = ("small", "holds the table")

DEEDS = ("waits", "imports pandas", "reads the table", "collects garbage", "collects, frozen")
"""What a worker does before its memory is measured. In the last case its parent had called
`gc.freeze` before the worker was forked."""


def _check_weights(table: pd.DataFrame, place: str) -> None:
    check_whole_rounds(table, place, ["start_method", "parent", "deed"])
    for run_id, run in table.groupby("run_id", sort=False):
        check_same_facts(run, f"{place}, {name_run(run_id)}", ["table_bytes"])


WEIGHTS = Schema(
    "weighed workers",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("weights",)),
        "start_method": Column("text"),
        "parent": Column("text", choices=PARENTS),
        "deed": Column("text", choices=DEEDS),
        "table_bytes": Column("whole"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "unique_bytes": Column("whole"),
        "parent_bytes": Column("whole"),
    }
    | MACHINE,
    _check_weights,
)
"""A row for each worker that was weighed: `unique_bytes` is the memory that would be free again if
it ended (USS), `table_bytes` what the table adds to its parent."""

DEFAULT_TABLE_BYTES = 40_000_000

LEAST_TABLE_BYTES = 1_000_000

MOST_TABLE_BYTES = 1_000_000_000

LEAST_ROUNDS = 2

_MOST_ROUNDS = 20

_MOST_SECONDS = 60.0

_SCRIPT = """
from gil_demo.weighing import weigh

if __name__ == "__main__":
    weigh({method!r}, {table_bytes})
"""


def weigh_workers(
    start_methods: Sequence[str] | None = None,
    *,
    table_bytes: int = DEFAULT_TABLE_BYTES,
    budget: float | None = None,
) -> pd.DataFrame:
    """Measure the memory that one worker has of its own, in several situations.

    Each start method gets interpreters of its own, one a round, so that nothing that is held there
    weighs on the reader's Python. The parent holds nothing at first, then a table of Python
    objects. The worker waits, imports pandas, reads the table (where it isn't forked it is sent
    the table for that), or collects garbage, once after its parent called `gc.freeze`.

    Args:
        start_methods: which ones, by name; None means all of this machine.
        table_bytes: roughly the size of the table in its parent's memory.
        budget: seconds after which no new round is begun; there are at least two. None means the
            default of `gil_demo.sampling`.

    Returns:
        A table of weighed workers; the columns and types are in `WEIGHTS`. The
        figures are unique set sizes by psutil, whose own memory is counted in.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: a worker could not be weighed.
    """
    methods = check_start_methods(start_methods)
    check_whole_number("table_bytes", table_bytes, LEAST_TABLE_BYTES, MOST_TABLE_BYTES)
    seconds = check_budget(budget)
    facts = collect_facts("weights")
    rows: list[dict[str, object]] = []
    started = time.monotonic()
    rounds = 0
    with shown() as show:
        while rounds < LEAST_ROUNDS or _has_time(started, rounds, seconds):
            rounds += 1
            for method in methods:
                show(f"weighing workers: round {rounds}, {method}")
                rows += [
                    facts | row | {"start_method": method, "round": rounds}
                    for row in _weigh(method, table_bytes)
                ]
    table_size = max(1, int(pd.Series([row.pop("added") for row in rows]).median()))
    return make_table(
        [row | {"rounds": rounds, "table_bytes": table_size} for row in rows], WEIGHTS
    )


def _has_time(started: float, rounds: int, seconds: float) -> bool:
    elapsed = time.monotonic() - started
    return rounds < _MOST_ROUNDS and elapsed * (rounds + 1) / rounds < seconds


def _weigh(method: str, table_bytes: int) -> list[dict[str, object]]:
    script = _SCRIPT.format(method=method, table_bytes=table_bytes)
    outcome = run_script(script, _MOST_SECONDS)
    try:
        rows, added = json.loads(outcome.output.splitlines()[-1])
    except (ValueError, IndexError):
        raise GilDemoError(f"workers started by {method} could not be weighed: {outcome}") from None
    return [
        {
            "parent": parent,
            "deed": deed,
            "unique_bytes": unique,
            "parent_bytes": parents,
            "added": added,
        }
        for parent, deed, unique, parents in rows
    ]


def summarise_memory(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up what a worker adds of its own: a row for each start method, parent and deed.

    Args:
        table: a table as `weigh_workers` gives it.

    Returns:
        The columns start_method, parent, deed, rounds; unique_bytes with unique_low and
        unique_high (the median, the least and the most of the rounds), table_bytes.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, WEIGHTS)
    rows = []
    for method, own in table.groupby("start_method", sort=True):
        for parent in PARENTS:
            for deed in DEEDS:
                weighed = own[(own["parent"] == parent) & (own["deed"] == deed)]["unique_bytes"]
                if weighed.empty:
                    continue
                rows.append(
                    {
                        "start_method": method,
                        "parent": parent,
                        "deed": deed,
                        "rounds": len(weighed),
                        "unique_bytes": float(weighed.median()),
                        "unique_low": float(weighed.min()),
                        "unique_high": float(weighed.max()),
                        "table_bytes": float(own["table_bytes"].median()),
                    }
                )
    return pd.DataFrame(rows)


_MUCH = 0.25

_ENDS = ("min", "max")


def judge_memory(table: pd.DataFrame) -> str:
    """Say in a few sentences how much memory a worker has of its own, and what makes it grow.

    Args:
        table: a table as `weigh_workers` gives it.

    Returns:
        Sentences, one a line: each start method, what a forked worker shares and for how long,
        then how many rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_memory(table)
    spread_is_told = int(table["rounds"].iloc[0]) > 1
    lines = []
    for method, own in summary.groupby("start_method", sort=False):
        told = [_state_deed(row, spread_is_told) for row in list_rows(own)]
        lines.append(f"By {method}, a worker has of its own:")
        lines += [f"  {line}." for line in told]
    lines += _state_sharing(summary)
    rounds = count_in_words(int(table["rounds"].iloc[0]), "round", "rounds")
    brackets = "; the least and the most are in brackets" if spread_is_told else ""
    return "\n".join([*lines, f"{capitalise(rounds)} of each{brackets}."])


def _state_deed(row: Any, spread_is_told: bool) -> str:
    spread = ""
    if spread_is_told:
        spread = f" ({state_bytes(row.unique_low)} to {state_bytes(row.unique_high)})"
    return f"{state_bytes(row.unique_bytes)}{spread} if {name_deed(row.parent, row.deed)}"


def name_deed(parent: str, deed: str) -> str:
    """Name what a worker did, and beside which parent, in words."""
    beside = "" if parent == "small" else " beside a parent with a table"
    return {
        "waits": f"it waits{beside}",
        "imports pandas": f"it imports pandas{beside}",
        "reads the table": "it reads its parent's table",
        "collects garbage": "it collects garbage beside that table",
        "collects, frozen": "it does so after gc.freeze in its parent",
    }[deed]


def _state_sharing(summary: pd.DataFrame) -> list[str]:
    """Say what reading does to memory that a forked worker shares, where that was measured."""
    forked = summary[(summary["start_method"] == "fork") & (summary["parent"] != "small")]
    by_deed = dict(zip(forked["deed"], forked["unique_bytes"], strict=True))
    if not {"waits", "reads the table"} <= set(by_deed):
        return []
    size, waiting = float(forked["table_bytes"].iloc[0]), by_deed["waits"]
    copied = min(1.0, max(0.0, (by_deed["reads the table"] - waiting) / size))
    if waiting < _MUCH * size and copied > _MUCH:
        return [
            f"A forked worker shared its parent's table of {state_bytes(size)} until it read it: "
            f"reading counts references, and so {state_share(copied)} of it was copied."
        ]
    return [f"Reading its parent's table copied {state_share(copied)} of it into a forked worker."]


def title_memory(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding in one line, for the chart's title."""
    waiting = summary[(summary["parent"] == "small") & (summary["deed"] == "waits")]
    told = [f"{state_bytes(row.unique_bytes)} by {row.start_method}" for row in list_rows(waiting)]
    if not told:
        told = [" to ".join(state_bytes(float(summary["unique_bytes"].agg(f))) for f in _ENDS)]
    heavy = summary[(summary["parent"] == "small") & (summary["deed"] == "imports pandas")]
    end = ""
    if len(heavy):
        least, most = (state_bytes(float(heavy["unique_bytes"].agg(f))) for f in _ENDS)
        end = f"; with pandas {least}" + (f" to {most}" if most != least else "")
    return head(f"a worker's own memory: {list_in_words(told)}{end}", table)


def describe_memory(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    first = table.iloc[0]
    rounds = count_in_words(int(first["rounds"]), "round", "rounds")
    return (
        f"{describe_computer(first)}; unique set size of one worker, its table "
        f"{state_bytes(float(first['table_bytes']))} in the parent; {rounds} of each"
    )


_LABELS = {
    ("small", "waits"): "waits",
    ("small", "imports pandas"): "imports pandas",
    ("holds the table", "waits"): "waits; its parent has a table",
    ("holds the table", "reads the table"): "reads that table",
    ("holds the table", "collects garbage"): "collects garbage beside it",
    ("holds the table", "collects, frozen"): "the same after gc.freeze",
}

_GAP = 0.75


def draw_memory(table: pd.DataFrame) -> Chart:
    """Draw the memory that a worker has of its own, by start method and by what it does.

    Args:
        table: a table as `weigh_workers` gives it.

    Returns:
        A matplotlib Figure: a bar for each situation, with its least and its most, grouped by
        start method, and a line at the size of the parent's table. Its `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    summary = summarise_memory(table)
    places = _place(summary)
    height = 1.75 + 0.4 * (places.iloc[-1] + 1)
    chart = make_chart(11, height)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.35, right=0.93, top=1 - 0.85 / height, bottom=1.0 / height)
    for place, row in zip(places, list_rows(summary), strict=True):
        _draw_bar(axes, place, row)
    _label_rows(axes, places, summary)
    _finish_scale(axes, summary)
    axes.xaxis.set_major_locator(MaxNLocator(7))
    axes.set_xlabel("megabytes that only this worker has (unique set size)", size=12, color=INK)
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=12)
    title, conditions = title_memory(table, summary), describe_memory(table)
    write_heading(chart, title, conditions)
    each = "; ".join(
        f"{row.start_method}, {name_deed(row.parent, row.deed)}: {row.unique_bytes / 1e6:.1f} MB"
        for row in list_rows(summary)
    )
    chart.description = f"Chart. {title}. Medians: {each}. Conditions: {conditions}."
    return chart


def _place(summary: pd.DataFrame) -> "pd.Series[float]":
    """Give each row its place from the top, with a gap before each start method but the first."""
    groups = (summary["start_method"] != summary["start_method"].shift()).cumsum() - 1
    places: pd.Series[float] = pd.Series(range(len(summary)), index=summary.index) + _GAP * groups
    return places


def _draw_bar(axes: Axes, place: float, row: Any) -> None:
    look = get_look("processes")
    is_shared = row.parent != "small"
    axes.barh(
        place, row.unique_bytes / 1e6, height=0.62, edgecolor=look.colour, linewidth=1,
        facecolor=f"{look.colour}55" if is_shared else look.colour,
        hatch="////" if is_shared else "",
    )  # fmt: skip
    axes.plot(
        [row.unique_low / 1e6, row.unique_high / 1e6], [place, place], color=INK, linewidth=2.2,
        solid_capstyle="butt",
    )  # fmt: skip
    axes.annotate(
        state_bytes(row.unique_bytes), (row.unique_high / 1e6, place), xytext=(8, 0), size=12,
        textcoords="offset points", va="center", color=SOFT_INK, annotation_clip=False,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _label_rows(axes: Axes, places: "pd.Series[float]", summary: pd.DataFrame) -> None:
    rows = list_rows(summary)
    axes.set_yticks(list(places))
    axes.set_yticklabels([_LABELS[row.parent, row.deed] for row in rows])
    axes.set_ylim(float(places.iloc[-1]) + 0.6, -0.6)
    above = [None, *(row.start_method for row in rows)]
    for place, row, method in zip(places, rows, above, strict=False):
        if row.start_method != method:
            axes.annotate(
                row.start_method, (0, place), xycoords=("axes fraction", "data"),
                xytext=(-268, 0), textcoords="offset points", size=14, weight="bold",
                va="center", color=get_look("processes").colour, annotation_clip=False,
            )  # fmt: skip


def _finish_scale(axes: Axes, summary: pd.DataFrame) -> None:
    """Let the bars fill the width; the table's size is marked where that doesn't squeeze them."""
    most = float(summary["unique_high"].max()) / 1e6
    size = float(summary["table_bytes"].iloc[0]) / 1e6
    is_marked = size <= 2 * most and (summary["parent"] != "small").any()
    axes.set_xlim(0, 1.16 * (max(most, size) if is_marked else most))
    if is_marked:
        _mark_table(axes, size)


def _mark_table(axes: Axes, size: float) -> None:
    axes.axvline(size, color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)), zorder=0.5)
    axes.annotate(
        "size of the parent's table", (size, 1), xycoords=("data", "axes fraction"), xytext=(0, 4),
        textcoords="offset points", ha="center", size=11, color=SOFT_INK,
    )  # fmt: skip
