"""What an examination says: which way to take, with the figures that decide, and what to mind."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from gil_demo import words
from gil_demo.examination.table import (
    COLD,
    FUNCTION,
    KEPT,
    LOOP,
    THREADS,
    WAYS,
    estimate_control,
    estimate_free_share,
    read_traps,
)
from gil_demo.measuring.estimates import LEAST_ROUNDS, Estimate, estimate_ratio
from gil_demo.tables.schema import list_rows, split_runs

RULE = "the simplest way within a tenth of the quickest"
NEAR, FAR = 1.1, 1.3
_MOST_TASKS = 10**7

MENDS = {
    "prints": "It printed {}, which is kept back here: lines of several workers would mix. Let it "
    "give back what it has to say.",
    "uses several cores": "It uses several cores by itself ({}), as numpy's products do: take "
    "fewer workers, or give each one thread, by threadpoolctl's threadpool_limits(1) or "
    "OMP_NUM_THREADS=1.",
    "turns the GIL on": "Its module {} turned the GIL on, as it isn't ready to go without: look "
    "for a newer version, or try PYTHON_GIL=0.",
    "changes its argument": "It changes its argument, and a worker process changes only its copy: "
    "give back what is new. Here each run got fresh copies.",
    "changes a global": "It changes a global ({}), and each worker process changes only its own, "
    "and threads share it without a lock: give the result back instead.",
    "large data": "To pickle and rebuild what it takes and gives back ({}) costs more than a tenth "
    "of its time: send a file's name or a part, or put it into shared memory.",
    "remembers": "It remembers ({}), as a cache does, so rounds that call it again flatter it: "
    "examine it with once=True.",
    "answers differ": "Its answers differ {}: random numbers or state that is shared, or isn't. "
    "Give each task its own seed, and its state as an argument.",
}
"""What to do about each trap; the braces take what was seen."""


class Choice(NamedTuple):
    """Which way to take for some tasks, and which comes next."""

    way: str
    second: str


def judge_examination(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say what to use, by which figures, and what stands in the way; a part for each run."""
    own, others = split_by_place(table)
    lines = []
    for run in own:
        rows = list_rows(summary[summary["run_id"] == run["run_id"].iloc[0]])
        place = f"{name_place(run)}: " if len(own) > 1 else ""
        lines += [f"{place}{recommend(run, rows)}", *_explain(run, rows)]
    lines += _compare_pythons(others, summary) if others else []
    return "\n".join(line for line in lines if line)


def split_by_place(table: pd.DataFrame) -> tuple[list[pd.DataFrame], list[pd.DataFrame]]:
    """Cut a table into whole examinations, and runs under other Pythons."""
    runs = split_runs(table)
    own = [run for run in runs if not run["interpreter"].iloc[0]]
    others = [run for run in runs if run["interpreter"].iloc[0]]
    return own or others, others if own else []


def name_place(run: pd.DataFrame) -> str:
    """Name the Python of a run and its machine, to tell it from others."""
    first = run.iloc[0]
    if first["interpreter"]:
        return str(first["interpreter"])
    told = words.describe_computer(first)
    return told.removeprefix("Recorded on ")


def find_reservation(run: pd.DataFrame, rows: Sequence[Any]) -> str:
    """Say in a clause why a run carries no verdict; empty if it does."""
    first = run.iloc[0]
    if (rounds := int(first["rounds"])) < LEAST_ROUNDS:
        needed = f"{words.count_in_words(rounds, 'round')} of {LEAST_ROUNDS} that an interval needs"
        return f"{needed}; allow more seconds"
    choice = choose(run, rows)
    for other in (row.way for row in rows if row.way != choice.way):
        most = compare_ways(run, rows, choice.way, other).high
        if most > FAR:
            return (
                f"{name_way(choice.way, run)} may take {most:.2f} × as long as "
                f"{name_way(other, run)}, and the rounds are too uneven to tell; allow more seconds"
            )
    if busy := words.find_busy_reservations(first, int(first["workers"])):
        control, most = estimate_control(run), min(first["workers"], first["usable_cores"])
        lost = max(1.0, float(most) / control.centre) if control.rounds else float(most)
        if choose(run, rows, lost=lost).way != choice.way:
            return busy[0]
    return ""


def compare_ways(run: pd.DataFrame, rows: Sequence[Any], way: str, other: str) -> Estimate:
    """Estimate how many times as long one way takes as another, for all tasks, round by round."""
    one, two = (next(row for row in rows if row.way == name) for name in (way, other))
    times = _pivot(run)
    grown = int(run["all_tasks"].iloc[0]) / int(run["tasks"].iloc[0])
    costs = [one.start_seconds + grown * times[one.runner] for one in (one, two)]
    return estimate_ratio([*(costs[0] / costs[1])])


def choose(
    run: pd.DataFrame, rows: Sequence[Any], tasks: int | None = None, lost: float = 1.0
) -> Choice:
    """Choose the simplest way within a tenth of the quickest, for so many tasks.

    `lost` is the speed-up that other programs may have kept from all that runs at once.
    """
    prices = estimate_prices(run, rows, tasks or int(run["all_tasks"].iloc[0]), lost)
    least = min(prices.values())
    way = next(name for name, price in prices.items() if price <= NEAR * least)
    others = sorted((price, name) for name, price in prices.items() if name != way)
    return Choice(way, others[0][1])


def estimate_prices(
    run: pd.DataFrame, rows: Sequence[Any], tasks: int, lost: float = 1.0
) -> dict[str, float]:
    """Estimate the seconds that each way takes for so many tasks, the simplest way first."""
    first = run.iloc[0]
    size = int(first["tasks"])
    chunk = 0.0 if math.isnan(first["chunk_seconds"]) else float(first["chunk_seconds"])
    prices = {}
    for row in rows:
        each = rows[0].seconds * row.time_ratio / size / (1 if row.way == LOOP else lost)
        # fewer tasks than workers take as long as one, and that has to be handed out
        least = 0.0 if row.way == LOOP else min(rows[0].seconds / size, each * size) + chunk
        prices[row.way] = row.start_seconds + max(tasks * each, least)
    return prices


def find_flips(run: pd.DataFrame, rows: Sequence[Any]) -> tuple[tuple[int, str], tuple[int, str]]:
    """Find the number of tasks below, and above, at which another way is the choice.

    Each with that way; 0 where there is none.
    """
    tasks = int(run["all_tasks"].iloc[0])
    way = choose(run, rows).way

    def find(low: int, high: int) -> int:
        """Find where between two numbers, which differ in their choice, it changes."""
        while high - low > max(1, low // 50):
            middle = (low + high) // 2
            is_low = choose(run, rows, middle).way == choose(run, rows, low).way
            low, high = (middle, high) if is_low else (low, middle)
        return high

    below, above = (0, ""), (0, "")
    number = tasks
    while number > 1 and not below[0]:
        number = max(1, number // 2)
        if (other := choose(run, rows, number).way) != way:
            below = (find(number, min(tasks, 2 * number + 1)), other)
    number = tasks
    while number < _MOST_TASKS and not above[0]:
        number *= 2
        if (other := choose(run, rows, number).way) != way:
            above = (find(number // 2, number), other)
    return below, above


def name_way(way: str, run: pd.DataFrame) -> str:
    """Name a way with its workers, for example "a cold pool of two processes (fork)"."""
    first, methods = run.iloc[0], sorted(set(run["start_method"]) - {""})
    workers = int(first["workers"])
    if way == THREADS:
        return f"a pool of {words.name_workers('threads', workers)}"
    if way in (COLD, KEPT):
        method = f" ({methods[0]})" if methods else ""
        beginning = "a cold pool of" if way == COLD else "a pool kept open, of"
        return f"{beginning} {words.name_workers('processes', workers)}{method}"
    runner = next(one for (one, _), name in WAYS.items() if name == way)
    return "the plain loop" if way == LOOP else words.name_workers(runner, workers)


def state_advice(run: pd.DataFrame, rows: Sequence[Any]) -> str:
    """State a recommendation in a clause, for a title; or why there is none."""
    if reservation := find_reservation(run, rows):
        return f"no verdict: {reservation.split(';')[0]}"
    way = choose(run, rows).way
    if way == LOOP:
        return "stay with the plain loop"
    gain = compare_ways(run, rows, LOOP, way).centre
    return f"use {name_way(way, run)}, {gain:.2f} × as fast as the loop"


def recommend(run: pd.DataFrame, rows: Sequence[Any]) -> str:
    """Recommend a way in a sentence, with the figures that decide, or say why there is none."""
    if reservation := find_reservation(run, rows):
        return f"No verdict: {reservation}."
    first, by_way = run.iloc[0], {row.way: row for row in rows}
    choice = choose(run, rows)
    own = by_way[choice.way]
    about = "an estimated " if first["tasks"] < first["all_tasks"] else ""
    tasks = words.count_in_words(int(first["all_tasks"]), "task")
    taken = f"{about}{words.state_seconds(own.all_seconds)} for {tasks}"
    if choice.way == LOOP:
        second = words.state_seconds(by_way[choice.second].all_seconds)
        other = name_way(choice.second, run)
        return f"Stay with the plain loop: {taken}; {other} would take {second}."
    chunk = "" if choice.way == THREADS else f", chunksize {int(first['chunksize'])}"
    gain = compare_ways(run, rows, LOOP, choice.way)
    ends = "" if math.isnan(gain.low) else f" (95 % interval {gain.low:.2f} to {gain.high:.2f})"
    told = f"{words.state_seconds(own.all_seconds)}, {gain.centre:.2f} × as fast as the loop{ends}"
    return f"Use {name_way(choice.way, run)}{chunk}: {about}{told}, for {tasks}."


def _explain(run: pd.DataFrame, rows: Sequence[Any]) -> list[str]:
    first = run.iloc[0]
    return [
        _state_rule(run, rows),
        _state_task(first),
        _state_gil(run, first),
        _state_sending(first),
        _state_workers(first, rows),
        _state_paying(run, rows),
        _state_control(run),
        _state_answers(run),
        *_mind(first),
        f"{words.capitalise(words.count_in_run(run, 'round'))} of each, of "
        f"{words.count_in_words(int(first['tasks']), 'task')}; {first['function']} was called "
        f"{words.count_in_words(int(first['calls']), 'time')} at most on an argument.",
    ]


def _state_rule(run: pd.DataFrame, rows: Sequence[Any]) -> str:
    first = run.iloc[0]
    is_part = first["tasks"] < first["all_tasks"]
    each = [f"{row.way} {words.state_seconds(row.all_seconds)}" for row in rows]
    told = f"{'Estimated for' if is_part else 'For'} all tasks: {', '.join(each)}."
    told += f" The rule: {RULE}."
    if find_reservation(run, rows):
        return told
    choice = choose(run, rows)
    told += f" Next comes {name_way(choice.second, run)}."
    if choice.way == KEPT:
        alone = name_way(choose(run, [row for row in rows if row.way != KEPT]).way, run)
        told += f" A pool pays where such lists come again; for a single one: {alone}."
    (below, less), (above, more) = find_flips(run, rows)
    if less:
        told += (
            f" For fewer than about {words.state_number(below)} such tasks: {name_way(less, run)}."
        )
    if more:
        told += f" From about {words.state_number(above)} on: {name_way(more, run)}."
    return told


def _state_task(first: Any) -> str:
    low, high = first["task_low_seconds"], first["task_high_seconds"]
    uneven = "uneven" if high > 2 * low else "even"
    ends = f"{words.state_seconds(low)} to {words.state_seconds(high)}"
    spread = f" (eight of ten took {ends}: {uneven})" if high > low else ""
    share = words.state_share(first["task_cpu_percent"] / 100)
    return (
        f"A task took {words.state_seconds(first['task_seconds'])}{spread}, "
        f"and had a core for {share} of that time."
    )


def _state_gil(run: pd.DataFrame, first: Any) -> str:
    if not first["gil_enabled"]:
        return "The GIL is off in this Python: threads don't wait for it."
    inside = first["gil_in_workers"]
    workers = f" In the workers, after their imports, it is {inside}." if inside else ""
    if words.find_busy_reservations(first):
        return (
            f"Beside so many other programs it can't be told when it lets go of the GIL.{workers}"
        )
    share = estimate_free_share(run)
    if not share.rounds or math.isnan(share.low):
        return workers.strip()
    held = 1 - share.centre
    most = f": threads can gain {1 / held:.1f} × at most" if held > 0.05 else ": try more threads"
    return (
        f"It let go of the GIL for {words.state_share(share.centre)} of its time "
        f"({words.state_share(share.low)} to {words.state_share(share.high)}){most}.{workers}"
    )


def _state_sending(first: Any) -> str:
    parts = [
        f"an {name} is {words.state_bytes(first[f'{name}_bytes'])} at most and takes "
        f"{words.state_seconds(first[f'{name}_seconds'])} to pickle and to rebuild"
        for name in ("argument", "answer")
        if not pd.isna(first[f"{name}_bytes"])
    ]
    if not math.isnan(first["chunk_seconds"]):
        chunk = words.state_seconds(first["chunk_seconds"])
        parts.append(f"to hand out a chunk, {chunk}; chunksize {int(first['chunksize'])} does")
    return f"Sending: {'; '.join(parts)}." if parts else ""


def _state_workers(first: Any, rows: Sequence[Any]) -> str:
    cold = [row.start_seconds for row in rows if row.way == COLD]
    if not cold:
        return ""
    started = words.state_seconds(cold[0])
    told = (
        f"To start and to end {words.count_in_words(int(first['workers']), 'process', 'processes')}"
    )
    told += f" took {started}."
    if pd.isna(first["worker_bytes"]):
        return told
    most = int(first["free_bytes"] // first["worker_bytes"])
    return (
        f"{told} After its tasks a worker had {words.state_bytes(first['worker_bytes'])} of its "
        f"own: the memory that is free holds about {most:,} of them."
    )


def _state_paying(run: pd.DataFrame, rows: Sequence[Any]) -> str:
    """Say from how many tasks on, and of which length, processes pay."""
    by_way, told = {row.way: row for row in rows}, []
    for way in (COLD, KEPT):
        if way in by_way and by_way[way].time_ratio < 1 - words.MARGIN:
            number = 1
            while number < _MOST_TASKS:
                prices = estimate_prices(run, rows, number)
                if prices[way] < prices[LOOP]:
                    break
                number += max(1, number // 50)
            told.append(f"{name_way(way, run)} from about {number:,} such tasks on")
    if not told:
        return ""
    pool, tasks = by_way[COLD], int(run["all_tasks"].iloc[0])
    least = pool.start_seconds / (1 - pool.time_ratio) / tasks
    return (
        f"Processes are quicker than the loop: {'; '.join(told)}; a cold pool, for "
        f"{words.count_in_words(tasks, 'task')}, where one takes more than about "
        f"{words.state_seconds(least)}."
    )


def _state_control(run: pd.DataFrame) -> str:
    control = estimate_control(run)
    if not control.rounds:
        return ""
    ends = "" if math.isnan(control.low) else f" ({control.low:.2f} to {control.high:.2f})"
    workers = words.name_workers("processes", int(run["workers"].iloc[0]))
    return (
        f"A pure countdown beside it, in {workers}, gained {control.centre:.2f} ×{ends}: "
        "more than that the machine didn't have to give."
    )


def _state_answers(run: pd.DataFrame) -> str:
    first = run.iloc[0]
    if first["calls"] == 1 or "answers differ" in read_traps(first["traps"]):
        return ""
    return (
        "Threads that were made to switch as often as they can gave the same answers in "
        f"{words.count_in_words(int(first['tasks']), 'call')}, which proves nothing."
    )


def _mind(first: Any) -> list[str]:
    """Name each trap with what to do about it, and each way that is missing."""
    traps, missing = read_traps(first["traps"]), read_traps(first["missing"])
    lines = [f"Mind: {MENDS[name].format(seen)}" for name, seen in traps.items() if name in MENDS]
    return lines + [f"Left out, {name}: {reason}." for name, reason in missing.items()]


def _compare_pythons(runs: Sequence[pd.DataFrame], summary: pd.DataFrame) -> list[str]:
    """Say what one thread pays under another Python, and what threads gain there."""
    by_way = {way: summary[summary["way"] == way].set_index("run_id") for way in (LOOP, THREADS)}
    base, lines = str(runs[0]["run_id"].iloc[0]), []
    for run in runs:
        first, key = run.iloc[0], str(run["run_id"].iloc[0])
        lone = by_way[LOOP].loc[[key], "all_seconds"].iloc[0]
        lone /= by_way[LOOP].loc[[base], "all_seconds"].iloc[0]
        ratio = estimate_ratio([*_pivot(run)["threads"] / _pivot(run)["sequential"]])
        ends, called = "", f"too few rounds to say more, {ratio.rounds}"
        if not math.isnan(ratio.low):
            ends = f" (95 % interval {ratio.low:.2f} to {ratio.high:.2f})"
            called = words.call_ratio(ratio.low, ratio.high)
        beside = f"one thread took {lone:.2f} × as long as under {name_place(runs[0])}; "
        alone = "" if key == base else beside
        gil = "" if first["gil_enabled"] else ", without the GIL"
        threads = f"threads took {ratio.centre:.2f} × as long as its loop{ends}, {called}"
        lines += [f"{name_place(run)}{gil}: {alone}its {threads}.", *_mind(first)]
        if not first["gil_enabled"]:
            lines.append(_state_answers(run))
    return lines


def _pivot(run: pd.DataFrame) -> pd.DataFrame:
    """Lay out the seconds of the function's runs: a row for each round, a column for each way."""
    return run[run["work"] == FUNCTION].pivot_table("seconds", "round", "runner")
