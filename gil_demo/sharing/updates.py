"""How many updates are lost when two threads raise one counter, under one Python or several."""

import os
import re
import sys
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from gil_demo import words
from gil_demo.checks import GilDemoError, check_path, check_program, check_unlike
from gil_demo.drawing.parts import draw_cloud, finish, name_rows, name_values
from gil_demo.drawing.style import INK, PAPER, Chart, get_look, make_chart
from gil_demo.measuring import estimates
from gil_demo.measuring.machine import read_usage, tell_shares
from gil_demo.measuring.rounds import check_budget
from gil_demo.measuring.runs import collect_facts
from gil_demo.running.scripts import find_answer, run_isolated
from gil_demo.tables.schema import Column, list_rows, make_schema, make_table

WORKERS = 2
WAYS = (
    *("counts of their own", "x += 1", "a call between", "under a Lock", "queue.Queue"),
    *("Value without its lock", "Value under its lock", "Manager under its lock"),
)
OWN, PLAIN, CALL, LOCKED, QUEUE, RAW, VALUE, MANAGER = WAYS
UNSEEN = "no race seen; one may still exist"
INTERVALS = DEFAULT, TINY = ("default", "tiny")
"""When a Python hands over from thread to thread: at its own switch interval, or at the shortest
that it takes, a microsecond (before Python 3 after each step)."""

UPDATES = make_schema(
    "counted updates",
    ("updates", "prices"),
    {
        "runner": Column("text", choices=("threads", "processes")),
        "way": Column("text", choices=WAYS),
        "switch_interval": Column("text", choices=INTERVALS),
        "start_method": Column("text", may_be_empty=True),
        **dict.fromkeys(("workers", "round", "rounds", "position", "expected"), Column("whole")),
        "found": Column("number"),
        "seconds": Column("duration"),
    },
    alike=("workers",),
    variant=("runner", "way", "switch_interval"),
)
"""A row for each time that two workers raised a counter at once: how many updates they made
(`expected`), how far it came (`found`), and the seconds until both were done."""


def count_lost_updates(
    pythons: Sequence[str | os.PathLike[str]] | None = None, *, budget: float | None = None
) -> pd.DataFrame:
    """Let two threads raise one counter, and count the updates that were lost.

    They do so by `x += 1`, with the call of a function between reading and writing, and with the
    same under a lock; at the Python's own switch interval and at the shortest. All of it runs in
    an interpreter of its own.

    Args:
        pythons: the files of interpreters to ask, from 2.7 on; None means this Python alone.
        budget: seconds for all rounds of each interpreter; None means 4.

    Returns:
        A row for each way, interval and round, with the updates expected and found, of each Python
        a run; the columns and types are in `UPDATES`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: an interpreter can't be run, or didn't answer in time.
    """
    asked = [check_program(sys.executable)] if pythons is None else pythons
    paths = check_unlike("pythons", asked, check_path)
    seconds = check_budget(4.0 if budget is None else budget)
    # each is started in another folder, where a relative path would lead elsewhere
    programs = [str(path.absolute()) for path in paths]
    return make_table([row for one in programs for row in _ask(one, seconds)], UPDATES)


def _ask(program: str, seconds: float) -> list[dict[str, object]]:
    source = files(__package__).joinpath("portable_updates.py").read_text(encoding="utf-8")
    # this Python's settings are not for others, save the one that says whether there is a GIL
    kept = {n: text for n, text in os.environ.items() if n[:6] != "PYTHON" or n == "PYTHON_GIL"}
    facts, usage = collect_facts("updates"), read_usage()
    outcome = run_isolated([program], source, [str(seconds)], 3 * seconds + 30, kept)
    try:
        told = find_answer(outcome)
        rounds = told.pop("rounds")
    except (ValueError, AttributeError, KeyError, TypeError):
        raise GilDemoError(f"no updates could be counted under {program}: {outcome}") from None
    facts |= {"runner": "threads", "start_method": "", "workers": WORKERS, "rounds": len(rounds)}
    facts |= told | tell_shares(usage)
    names = ("way", "switch_interval", "expected", "found", "seconds")
    return [
        facts | {"round": number, "position": position} | dict(zip(names, one, strict=True))
        for number, ones in enumerate(rounds, start=1)
        for position, one in enumerate(ones, start=1)
    ]


def summarise_updates(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up each run, way and interval: seconds an update, all updates, and all lost.

    `times` is the price over that of counts of their own in the same round, where there are any.
    """
    counts = table[["expected", "found"]].astype(float)
    lost = counts["expected"] - counts["found"]
    each = table.assign(lost=lost, price=table["seconds"] / counts["expected"])
    facts = ["implementation", "python_version", "gil_enabled"]
    keys = ["run_id", "runner", "way", "switch_interval"]
    rows = []
    for key, own in each.groupby(keys, sort=False):
        prices = own.set_index("round")["price"].sort_index()
        alone = estimates.select_by_round(each, "price", run_id=key[0], runner=key[1], way=OWN)
        ratios = [*(prices / alone).dropna()]
        row: dict[str, Any] = dict(zip(keys, key, strict=True))
        row |= {name: own[name].iloc[0] for name in facts}
        row |= {"rounds": len(own), "expected": float(own["expected"].sum())}
        row |= {"lost": float(own["lost"].sum())}
        row |= estimates.spread("each", estimates.estimate_median([*prices]), "each_seconds")
        rows.append(row | estimates.spread("times", estimates.estimate_ratio(ratios)))
    order = [*table["run_id"].unique(), "threads", "processes", *WAYS, *INTERVALS]
    ranks = {name: place for place, name in enumerate(order)}
    return pd.DataFrame(rows).sort_values(keys, key=lambda one: one.map(ranks), ignore_index=True)


def judge_updates(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say of each Python how many updates were lost, and what it proves where none was."""
    del table
    lines, reasons = [], {}
    for _, own in summary.groupby("run_id", sort=False):
        lines.append(f"{_name(own.iloc[0])}, two threads:")
        for way, rows in own.groupby("way", sort=False):
            told = [
                f"{state_lost(row)} of {row.expected:,.0f} lost "
                f"at {'its own' if row.switch_interval == DEFAULT else 'the shortest'} interval"
                for row in list_rows(rows)
            ]
            lines.append(f"  {way}: {'; '.join(told)}.")
            if not rows["lost"].any():
                reasons[f"None lost, {way}: {_explain(rows.iloc[0])}"] = True
    return "\n".join([*lines, *reasons])


def _name(row: Any) -> str:
    lock = "" if row["gil_enabled"] else " without the GIL"
    return f"{row['implementation']} {row['python_version']}{lock}"


def state_lost(row: Any) -> str:
    """State how many updates were lost: none, some, or a share of all."""
    if row.lost and row.lost / row.expected >= 0.01:
        return words.state_share(row.lost / row.expected)
    return f"{row.lost:,.0f}" if row.lost else "none"


def _explain(row: Any) -> str:
    """Say why no update was lost, and what follows from it."""
    if row["way"] == LOCKED:
        return "so it must be, since one thread at a time holds the lock."
    version = [int(part) for part in re.findall(r"\d+", row["python_version"])[:2]]
    is_why_known = row["implementation"] == "CPython" and row["gil_enabled"] and version >= [3, 10]
    if row["way"] == PLAIN and is_why_known:
        return (
            f"{UNSEEN}. CPython with a GIL hands over, from 3.10 on, at calls and where a loop "
            "jumps back, and no call stands between reading and writing here. No rule of the "
            "language says so."
        )
    return f"{UNSEEN}. The threads were lucky; run it again, or for longer."


def draw_updates(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw the share of updates lost in each round: a panel for each way, a row for each Python."""
    runs, ways = list(table["run_id"].unique()), list(summary["way"].unique())
    height = 2.3 + 0.7 * len(runs)
    chart = make_chart(12, height)
    panels = chart.subplots(1, len(ways), sharey=True, squeeze=False)[0]
    ends = {"top": 1 - 1.0 / height, "bottom": 1.05 / height}
    chart.subplots_adjust(left=0.25, right=0.98, wspace=0.08, **ends)
    for row in list_rows(summary):
        is_own = table[["run_id", "way", "switch_interval"]] == [
            row.run_id, row.way, row.switch_interval
        ]  # fmt: skip
        own = table[is_own.all(axis="columns")]
        shares = 100 * (1 - own["found"] / own["expected"].astype(float))
        _draw_lane(panels[ways.index(row.way)], runs.index(row.run_id), row, shares)
    for axes, way in zip(panels, ways, strict=True):
        axes.set_title(way, size=13, color=INK)
        axes.set_xlim(-4, 104)
        name_values(axes, "updates lost (%)", 5)
    names = summary.drop_duplicates("run_id").apply(_name, axis="columns")
    name_rows(panels[0], list(names))
    each = "; ".join(
        f"{_name(row._asdict())}, {row.way}, {row.switch_interval} interval: "
        f"{100 * row.lost / row.expected:.1f} %"
        for row in list_rows(summary)
    )
    marks = "large mark: all rounds; circle: Python's own switch interval, square: the shortest"
    conditions = f"{_describe(table, len(names))}; two threads; {marks}"
    return finish(chart, _title(table, summary), conditions, f"Shares lost: {each}.")


def _draw_lane(axes: Axes, place: int, row: Any, shares: "pd.Series[float]") -> None:
    is_usual, colour = row.switch_interval == DEFAULT, get_look("threads").colour
    side, marker = (-1, "o") if is_usual else (1, "s")
    height = place + 0.13 * side
    draw_cloud(axes, shares, place + 0.36 * side, marker, reach=0.05)
    face, edge = (colour, PAPER) if is_usual else (PAPER, colour)
    axes.plot(
        100 * row.lost / row.expected, height, marker=marker, markersize=10, linestyle="",
        markerfacecolor=face, markeredgecolor=edge, markeredgewidth=2,
    )  # fmt: skip


def _describe(table: pd.DataFrame, pythons: int) -> str:
    if pythons == 1:
        return words.describe_computer(table.iloc[0])
    places = [f"recorded on {one}" if one else "run here" for one in table["recorded_on"].unique()]
    many = words.count_in_words(pythons, "Python")
    return words.capitalise(f"{many}, {words.list_in_words(places)}")


def _title(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    lost = summary.groupby(["way", "run_id"], sort=False)[["lost", "expected"]].sum()
    parts = []
    for way, own in lost.groupby("way", sort=False):
        losers, many = int((own["lost"] > 0).sum()), len(own)
        some = " of ".join(map(words.state_number, (losers, many)))
        told = {0: "none", many: "all"}.get(losers, some)
        parts.append(f"{way} {told if many > 1 else state_lost(own.sum())}")
    what = (
        "Pythons that lose updates"
        if summary["run_id"].nunique() > 1
        else "updates lost, both intervals together"
    )
    return words.head(f"{what}: {', '.join(parts)}", table.sort_values("recorded_on"))
