"""What memory each worker adds, in sentences."""

from typing import Any

import pandas as pd

from gil_demo.costs import summarise_memory
from gil_demo.findings.words import (
    capitalise,
    count_in_words,
    describe_computer,
    head,
    list_in_words,
    state_bytes,
    state_share,
)
from gil_demo.results import list_rows

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
