"""Who ran which task, and what the cut of the work did, in sentences."""

import math
from typing import Any

import pandas as pd

from gil_demo.findings.words import (
    MARGIN,
    capitalise,
    count_in_words,
    describe_computer,
    find_machine_reservations,
    head,
    state_number,
    state_seconds,
    state_share,
    state_times,
)
from gil_demo.results import list_rows
from gil_demo.tasks import count_most_at_once, summarise_lists, summarise_map


def judge_map(table: pd.DataFrame) -> str:
    """Say in a few sentences who ran which tasks of a map, and for how long.

    Args:
        table: a table of one map, as `map_tasks` gives it.

    Returns:
        Sentences, one a line: the three parts of the run, each worker, how many at once.

    Raises:
        ResultsError: the table is not of this kind, or holds several maps.
    """
    summary = summarise_map(table)
    first = table.iloc[0]
    ready, done = float(first["ready_seconds"]), float(first["done_seconds"])
    parts = (ready, done - ready, float(first["gone_seconds"]) - done)
    start_up, work, tear_down = (state_seconds(part) for part in parts)
    lines = [f"Start-up took {start_up}, the work {work}, tear-down {tear_down}."]
    for row in list_rows(summary):
        tasks = count_in_words(row.tasks, "task", "tasks") if row.tasks else "no task"
        busy = f", busy for {_state_busy(row.busy_share)} of the work" if row.tasks else ""
        lines.append(f"Worker {row.worker}: {tasks}{busy}.")
    at_once = count_in_words(count_most_at_once(table), "task", "tasks")
    return "\n".join([*lines, f"At most {at_once} ran at the same time."])


def title_map(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding of a map in one line, for the chart's title."""
    workers, tasks = len(summary), int(summary["tasks"].sum())
    used = summary[summary["tasks"] > 0]
    told = count_in_words(tasks, "task", "tasks")
    crew = count_in_words(workers, "worker", "workers")
    if len(used) < workers:
        unused = count_in_words(workers - len(used), "worker", "workers")
        return head(f"{told} on {crew}: {unused} had nothing to do", table)
    fewest, most = int(used["tasks"].min()), int(used["tasks"].max())
    each = f"{state_number(most)} each"
    if fewest != most:
        each = f"from {state_number(fewest)} to {state_number(most)} each"
    busy = _state_busy(float(summary["busy_share"].mean()))
    if workers == 1:
        return head(f"{told} on {crew}, busy for {busy} of the work", table)
    return head(f"{told} on {crew}: {each}, workers busy for {busy} of the work", table)


def _state_busy(share: float) -> str:
    return "an unknown part" if math.isnan(share) else state_share(share)


def describe_map(table: pd.DataFrame) -> str:
    """Say in one line where it was measured and how, for the chart's subtitle."""
    first = table.iloc[0]
    return (
        f"{describe_computer(first)}, processes by {first['start_method']}; one run of "
        f"{int(table['steps'].sum()):,} steps, chunksize {int(first['chunksize']):,}"
    )


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
