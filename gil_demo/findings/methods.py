"""What each method of a pool gave, and when, in sentences."""

from typing import Any

import pandas as pd

from gil_demo.findings.words import count_in_words, describe_computer, head, state_seconds
from gil_demo.results import list_rows
from gil_demo.tasks import summarise_methods

_GIVES = {
    "map": "a list, when all tasks are done",
    "starmap": "a list, as map does; the tasks are tuples of arguments",
    "imap": "an iterator, in the list's order",
    "imap_unordered": "an iterator, in the order in which tasks end",
    "apply_async": "a handle for each task, to ask whenever you like",
}


def judge_methods(table: pd.DataFrame) -> str:
    """Say in a sentence for each method what it gives and when its answers came.

    Args:
        table: a table as `compare_methods` gives it.

    Returns:
        Sentences, one a line.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    return "\n".join(_judge(row) for row in list_rows(summarise_methods(table)))


def _judge(row: Any) -> str:
    order = "in the list's order" if row.is_in_order else "not in the list's order"
    return (
        f"{row.method} gives {_GIVES[row.method]}.\n"
        f"  It returned after {state_seconds(row.returned_seconds)}; the first answer was there "
        f"after {state_seconds(row.first_seconds)}, the last after "
        f"{state_seconds(row.last_seconds)}, {order}."
    )


def title_methods(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding in one line, for the chart's title."""
    by_wait = summary.sort_values("first_seconds", kind="stable")
    ends = [by_wait.iloc[0], by_wait.iloc[-1]] if len(by_wait) > 1 else [by_wait.iloc[0]]
    told = [f"{row['method']} after {state_seconds(row['first_seconds'])}" for row in ends]
    return head(f"the first answer: {', '.join(told)}", table)


def describe_methods(table: pd.DataFrame) -> str:
    """Say in one line where it was measured and how, for the chart's subtitle."""
    first = table.iloc[0]
    workers = count_in_words(int(first["workers"]), "worker", "workers")
    tasks = count_in_words(int(table["task"].max()), "task", "tasks")
    return (
        f"{describe_computer(first)}, {workers} by {first['start_method']}, already started; "
        f"{tasks}, one run of each"
    )
