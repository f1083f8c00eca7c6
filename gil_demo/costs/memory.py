"""How much memory a worker has of its own, and what makes it grow."""

import time
from itertools import product
from typing import Any

import pandas as pd
import psutil
from matplotlib.axes import Axes

from gil_demo.checks import GilDemoError
from gil_demo.costs.weighing import measure_unique_bytes
from gil_demo.drawing.parts import draw_upright, finish, make_plot, name_values, write
from gil_demo.drawing.style import INK, PAPER, SOFT_INK, Chart, get_look
from gil_demo.measuring.estimates import select_by_round
from gil_demo.measuring.progress import shown
from gil_demo.measuring.rounds import check_budget
from gil_demo.measuring.runs import collect_facts
from gil_demo.running.pools import list_start_methods
from gil_demo.running.scripts import find_answer, run_script
from gil_demo.tables.schema import Column, list_rows, make_schema, make_table
from gil_demo.words import describe_rounds, head, list_in_words, state_bytes, state_share, tell

PARENTS = ("small", "holds the table")
DEEDS = ("waits", "imports pandas", "reads the table", "collects garbage", "collects, frozen")
"""What a worker does before its memory is measured. In the last case its parent had called
`gc.freeze` before the worker was forked."""

WEIGHTS = make_schema(
    "weighed workers",
    ("weights",),
    {
        "start_method": Column("text"),
        "parent": Column("text", choices=PARENTS),
        "deed": Column("text", choices=DEEDS),
        **dict.fromkeys(("table_bytes", "round", "rounds", "unique_bytes"), Column("whole")),
    },
    alike=("table_bytes",),
    variant=("start_method", "parent", "deed"),
)
"""A row for each worker that was weighed: `unique_bytes` is the memory that would be free again if
it ended (USS), `table_bytes` what the table adds to its parent."""

TABLE_BYTES = 40_000_000
LEAST_ROUNDS = 2
_MOST_ROUNDS = 20
_SCRIPT = """
from gil_demo.costs.weighing import weigh

if __name__ == "__main__":
    weigh({method!r}, {table_bytes})
"""


def weigh_workers(*, budget: float | None = None) -> pd.DataFrame:
    """Measure the memory that one worker has of its own, in several situations.

    Each start method gets interpreters of its own, one a round, so that nothing that is held there
    weighs on the reader's Python. The parent holds nothing at first, then a list of Python
    objects of about `TABLE_BYTES`. The worker waits, imports pandas, reads the table (where it
    isn't forked it is sent the table for that), or collects garbage, once after its parent called
    `gc.freeze`.

    Args:
        budget: seconds after which no new round is begun; there are at least two. None means the
            default of `measuring.rounds`.

    Returns:
        A table of weighed workers; the columns and types are in `WEIGHTS`. The
        figures are unique set sizes by psutil, whose own memory is counted in.

    Raises:
        TypeError: the budget is no number.
        ValueError: the budget is out of range; nothing has been started.
        GilDemoError: this system doesn't tell what a process has of its own; nothing has been
            started. Or a worker could not be weighed.
    """
    seconds = check_budget(budget)
    try:
        measure_unique_bytes()
    except (OSError, psutil.Error, AttributeError) as reason:  # the last where it has no figure
        lacking = "this system doesn't tell how much memory a process has of its own"
        raise GilDemoError(f"{lacking} ({reason})") from None
    facts = collect_facts("weights")
    rows: list[dict[str, object]] = []
    added: list[int] = []
    rounds, started, another = 0, time.monotonic(), 0.0
    with shown() as show:
        while rounds < LEAST_ROUNDS or (rounds < _MOST_ROUNDS and another < seconds):
            rounds += 1
            for method in list_start_methods():
                show(f"weighing workers: round {rounds}, {method}")
                weighed, table_bytes = _weigh(method)
                rows += [facts | row | {"round": rounds} for row in weighed]
                added += [table_bytes] * len(weighed)
            another = (time.monotonic() - started) * (rounds + 1) / rounds
    told = {"rounds": rounds, "table_bytes": max(1, int(pd.Series(added).median()))}
    return make_table([row | told for row in rows], WEIGHTS)


def _weigh(method: str) -> tuple[list[dict[str, object]], int]:
    outcome = run_script(_SCRIPT.format(method=method, table_bytes=TABLE_BYTES), 60.0)
    names = ("start_method", "parent", "deed", "unique_bytes")
    try:
        weighed, table_bytes = find_answer(outcome)
        return [dict(zip(names, (method, *row), strict=True)) for row in weighed], table_bytes
    except ValueError:
        raise GilDemoError(f"workers started by {method} could not be weighed: {outcome}") from None


def summarise_memory(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up each start method, parent and deed: the median, the least and the most."""
    rows = []
    for method, parent, deed in product(sorted(set(table["start_method"])), PARENTS, DEEDS):
        situation = {"start_method": method, "parent": parent, "deed": deed}
        weighed = select_by_round(table, "unique_bytes", **situation)
        if len(weighed):
            figures = weighed.astype(float).agg(["median", "min", "max"])
            figures.index = pd.Index(["unique_bytes", "unique_low", "unique_high"])
            rows.append({**situation, "rounds": len(weighed), **figures})
    return pd.DataFrame(rows).assign(table_bytes=float(table["table_bytes"].iloc[0]))


_SITUATIONS = {  # as the chart names them, and in a sentence
    ("small", "waits"): ("waits", "it waits"),
    ("small", "imports pandas"): ("imports pandas", "it imports pandas"),
    ("holds the table", "waits"):
        ("waits; its parent has a list", "it waits beside a parent with a list"),
    ("holds the table", "reads the table"): ("reads that list", "it reads its parent's list"),
    ("holds the table", "collects garbage"):
        ("collects garbage beside it", "it collects garbage beside that list"),
    ("holds the table", "collects, frozen"):
        ("the same after gc.freeze", "it does so after gc.freeze in its parent"),
}  # fmt: skip


def judge_memory(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say how much memory a worker has, and what a forked one shares and for how long."""
    spread_is_told = int(table["rounds"].iloc[0]) > 1
    lines, method = [], ""
    for row in list_rows(summary):
        if row.start_method != method:
            lines.append(f"By {(method := row.start_method)}, a worker has of its own:")
        ends = f" ({state_bytes(row.unique_low)} to {state_bytes(row.unique_high)})"
        spread = ends if spread_is_told else ""
        lines.append(f"  {state_bytes(row.unique_bytes)}{spread} if {_name(row)[1]}.")
    brackets = "; the least and the most are in brackets" if spread_is_told else ""
    return tell(table, [*lines, *_state_sharing(summary)], brackets)


def _name(row: Any) -> tuple[str, str]:
    return _SITUATIONS.get((row.parent, row.deed), (row.deed, f"it {row.deed}"))


def _state_sharing(summary: pd.DataFrame) -> list[str]:
    forked = summary[(summary["start_method"] == "fork") & (summary["parent"] != PARENTS[0])]
    by_deed = dict(zip(forked["deed"], forked["unique_bytes"], strict=True))
    if not {"waits", "reads the table"} <= set(by_deed):
        return []
    size, waiting = float(forked["table_bytes"].iloc[0]), by_deed["waits"]
    copied = min(1.0, max(0.0, (by_deed["reads the table"] - waiting) / size))
    if waiting < size / 4 and copied > 1 / 4:
        return [
            f"A forked worker shared its parent's list of {state_bytes(size)} until it read it: "
            f"reading counts references, and so {state_share(copied)} of it was copied."
        ]
    return [f"Reading its parent's list copied {state_share(copied)} of it into a forked worker."]


def _title(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    small = summary[summary["parent"] == PARENTS[0]]
    waiting = small[small["deed"] == "waits"]
    told = [f"{state_bytes(row.unique_bytes)} by {row.start_method}" for row in list_rows(waiting)]
    if not told:
        told = [" to ".join(map(state_bytes, summary["unique_bytes"].agg(["min", "max"])))]
    heavy, end = small[small["deed"] == "imports pandas"], ""
    if len(heavy):
        ends = dict.fromkeys(map(state_bytes, heavy["unique_bytes"].agg(["min", "max"])))
        end = f"; with pandas {' to '.join(ends)}"
    return head(f"a worker's own memory: {list_in_words(told)}{end}", table)


def draw_memory(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw a bar for each situation, with its least and its most, grouped by start method."""
    rows = list_rows(summary)
    groups = (summary["start_method"] != summary["start_method"].shift()).cumsum() - 1
    places = [place + 0.75 * group for place, group in enumerate(groups)]
    height = 1.75 + 0.4 * (places[-1] + 1)
    chart, axes = make_plot(11, height, left=0.35, right=0.93, above=0.85, below=1.0)
    for place, row in zip(places, rows, strict=True):
        _draw_bar(axes, place, row)
    most = float(summary["unique_high"].max()) / 1e6
    size = float(summary["table_bytes"].iloc[0]) / 1e6
    # the table's size is marked where that doesn't squeeze the bars
    is_marked = size <= 2 * most and (summary["parent"] != PARENTS[0]).any()
    axes.set_xlim(0, 1.16 * (max(most, size) if is_marked else most))
    if is_marked:
        draw_upright(axes, size, "size of the parent's list", is_dashed=True)
    name_values(axes, "megabytes that only this worker has (unique set size)", 7)
    _label_rows(axes, places, rows)
    each = "; ".join(
        f"{row.start_method}, {_name(row)[1]}: {row.unique_bytes / 1e6:.1f} MB" for row in rows
    )
    what = f"unique set size of one worker, a list of {state_bytes(1e6 * size)} in its parent"
    return finish(chart, _title(table, summary), describe_rounds(table, what), f"Medians: {each}.")


def _draw_bar(axes: Axes, place: float, row: Any) -> None:
    colour = get_look("processes").colour
    face, hatch = (colour, "") if row.parent == PARENTS[0] else (f"{colour}55", "////")
    axes.barh(
        place, row.unique_bytes / 1e6, 0.62, edgecolor=colour, linewidth=1, facecolor=face,
        hatch=hatch,
    )  # fmt: skip
    ends = [row.unique_low / 1e6, row.unique_high / 1e6]
    axes.plot(ends, [place, place], color=INK, linewidth=2.2, solid_capstyle="butt")
    write(
        axes, state_bytes(row.unique_bytes), (ends[1], place), (8, 0), SOFT_INK, 12,
        va="center", annotation_clip=False,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _label_rows(axes: Axes, places: list[float], rows: list[Any]) -> None:
    axes.set_yticks(places, [_name(row)[0] for row in rows])
    axes.set_ylim(places[-1] + 0.6, -0.6)
    above = [None, *(row.start_method for row in rows)]
    for place, row, method in zip(places, rows, above, strict=False):
        if row.start_method != method:
            write(
                axes, row.start_method, (0, place), (-268, 0), get_look("processes").colour, 14,
                xycoords=("axes fraction", "data"), weight="bold", va="center",
                annotation_clip=False,
            )  # fmt: skip
