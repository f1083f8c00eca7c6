"""An examined function: the table of its rounds, and what they sum up to."""

import math
from typing import Any

import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.measuring.estimates import NOTHING, Estimate, estimate_median, estimate_ratio, spread
from gil_demo.measuring.runs import BASELINE
from gil_demo.tables.schema import MOST_LETTERS, Column, make_schema, name_run

LEAST_BESIDE_SECONDS = 0.005
# names of traps
OWN_THREADS, TURNS_ON, IS_ON = "threads of its own", "turns the GIL on", "the GIL is on"
COLLECTED = "searched for garbage"
UNCOPIED = "is too large to copy"  # or can't be; older files have this name
FUNCTION, CONTROL, BESIDE = "function", "countdown", "beside a countdown"
FACTS = {
    "interpreter": Column("text", may_be_empty=True),
    "function": Column("text"),
    **dict.fromkeys(("workers", "tasks", "all_tasks", "chunksize", "calls"), Column("whole")),
    "growth": Column("number", may_be_empty=True, formerly=""),
    **dict.fromkeys(("task_seconds", "task_low_seconds", "task_high_seconds"), Column("duration")),
    "task_cpu_percent": Column("number"),
    **dict.fromkeys(("argument_bytes", "answer_bytes"), Column("whole", may_be_empty=True)),
    **dict.fromkeys(
        ("argument_seconds", "answer_seconds", "chunk_seconds"),
        Column("seconds", may_be_empty=True),
    ),
    "passing_seconds": Column("seconds", may_be_empty=True, formerly=""),
    **dict.fromkeys(("worker_bytes", "free_bytes"), Column("whole", may_be_empty=True)),
    **dict.fromkeys(("gil_in_workers", "traps", "missing"), Column("text", may_be_empty=True)),
}


def _check_ways(table: pd.DataFrame, place: str) -> None:
    """Raise a ResultsError where a run lacks what its other ways are held against."""
    for run_id, run in table.groupby("run_id", sort=False):
        found = set(run.loc[run["work"] == FUNCTION, "runner"])
        needed = [BASELINE, *["threads"] * bool(run["interpreter"].iloc[0])]
        if missing := [name for name in needed if name not in found]:
            raise ResultsError(f"{place}, {name_run(run_id)} has no rounds of {missing[0]}")


EXAMINED = make_schema(
    "an examined function",
    ("examine",),
    {
        **FACTS,
        "work": Column("text", choices=(FUNCTION, CONTROL, BESIDE)),
        "runner": Column("text"),
        "start_method": Column("text", may_be_empty=True),
        **dict.fromkeys(("round", "rounds", "position"), Column("whole")),
        "start_up_seconds": Column("seconds", may_be_empty=True),
        "seconds": Column("duration"),
        "tear_down_seconds": Column("seconds", may_be_empty=True),
        **dict.fromkeys(
            ("cpu_seconds", "part_seconds", "beside_seconds"), Column("seconds", may_be_empty=True)
        ),
        "waits": Column("number", may_be_empty=True, formerly=""),
    },
    _check_ways,
    alike=tuple(FACTS),
    variant=("work", "runner", "start_method"),
)
"""A row for each timed run of `tasks` out of `all_tasks`; `interpreter` is empty for this Python.
`growth` is how many times as long all tasks take, where they are too uneven to count them.
`seconds` runs until the last answer is there. `cpu_seconds` are those of the plain loop, and of
programs that it ran and awaited; `part_seconds` are those of the few tasks that are also run beside
a countdown in another thread, which had `beside_seconds` on a core. `waits` is how often threads
gave up their core to wait, for the GIL above all. What was found once stands in every row: what a
task takes (its median, and eight of ten between low and high), what sending takes, what passing an
argument to a sub-interpreter takes, a chunk's price, a worker's memory and what is free, traps and
ways that are missing, each with what was seen."""

LOOP, THREADS, COLD, KEPT = "plain loop", "threads", "cold pool", "kept pool"
WAYS = {
    (BASELINE, ""): LOOP,
    ("threads", "cold"): THREADS,
    ("processes", "cold"): COLD,
    ("interpreters", "cold"): "sub-interpreters",
    ("processes", ""): KEPT,
    ("cluster", ""): "Dask",
    ("ray", ""): "Ray",
}
"""The ways to choose from, the simplest first, by runner and whether its start counts."""


def summarise_examination(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up each run: a row for each way, the simplest first.

    `seconds` are those of the tasks that were run; `all_seconds` those of all tasks, in proportion,
    with the start and the end of threads and of a cold pool. Ratios to the plain loop are taken in
    each round.
    """
    runs = [_sum_up(run) for _, run in table.groupby("run_id", sort=False)]
    return pd.DataFrame([row for rows in runs for row in rows])


def _sum_up(run: pd.DataFrame) -> list[dict[str, Any]]:
    first = run.iloc[0]
    own = run[run["work"] == FUNCTION]
    times, parts = lay_out(run), ["start_up_seconds", "tear_down_seconds"]
    starts = own.groupby("runner")[parts].median().sum(axis="columns")
    grown = get_growth(first)
    loop = estimate_median([*times[BASELINE]])
    rows = []
    for (runner, start), way in WAYS.items():
        if runner not in times:
            continue
        ratio = estimate_ratio([*(times[runner] / times[BASELINE])])
        fixed = float(starts[runner]) if start else 0.0
        ends = loop[:3] if way == LOOP else [loop.centre * one for one in ratio[:3]]
        centre, low, high = (fixed + grown * one for one in ends)
        whole = Estimate(centre, low, high, ratio.rounds)
        told = {"run_id": first["run_id"], "interpreter": first["interpreter"], "way": way}
        told |= {"runner": runner, "rounds": len(times), "seconds": times[runner].median()}
        told |= spread("time_ratio", ratio) | {"start_seconds": fixed}
        rows.append(told | spread("all", whole, "all_seconds"))
    return rows


def lay_out(run: pd.DataFrame, work: str = FUNCTION) -> pd.DataFrame:
    """Lay out the seconds of some work: a row for each round, a column for each way."""
    return run[run["work"] == work].pivot_table("seconds", "round", "runner")


def get_growth(first: Any) -> float:
    """Get how many times as long all tasks take as those of a run."""
    by_number = int(first["all_tasks"]) / int(first["tasks"])
    return by_number if math.isnan(first["growth"]) else float(first["growth"])


def estimate_free_share(run: pd.DataFrame) -> Estimate:
    """Estimate the part of its time in which the function leaves the GIL to other threads.

    A pure countdown in another thread takes every moment of the GIL that the function leaves to
    it. So what it doesn't get, of the time that both take together, the function held. Where other
    programs take a part of the core, the countdown alone shows how large that is.
    """
    loops = run[run["work"].eq(FUNCTION) & run["runner"].eq(BASELINE)].set_index("round")
    both = run[run["work"] == BESIDE].set_index("round")
    if both.empty or loops["part_seconds"].median() < LEAST_BESIDE_SECONDS:
        return NOTHING
    alone = run[run["work"].eq(CONTROL) & run["runner"].eq(BASELINE)]
    share = min(1.0, float(alone["cpu_seconds"].sum() / alone["seconds"].sum()))
    held = (both["seconds"] - both["beside_seconds"] / share).clip(lower=0) / loops["part_seconds"]
    return estimate_median([*(1 - held).clip(0, 1).sort_index()])


def estimate_control(run: pd.DataFrame) -> Estimate:
    """Estimate the speed-up of a pure countdown by as many processes."""
    times = lay_out(run, CONTROL)
    if "processes" not in times:
        return NOTHING
    ratio = estimate_ratio([*(times["processes"] / times[BASELINE])])
    return Estimate(1 / ratio.centre, 1 / ratio.high, 1 / ratio.low, ratio.rounds)


def read_traps(told: object) -> dict[str, str]:
    """Read the traps of a table's cell, or the ways that are missing: each with what was seen."""
    parts = [part.partition(": ") for part in str(told).split("; ") if part]
    return {name: seen for name, _, seen in parts}


def write_traps(traps: dict[str, str]) -> str:
    """Write traps into a cell, each in few characters."""
    parts: list[str] = []
    for name, seen in traps.items():
        part = f"{name}: {' '.join(seen.split())[:240]}" if seen else name
        parts.append(part.replace("; ", ", "))
    while len(told := "; ".join(parts)) > MOST_LETTERS:
        parts.pop()  # half a name would be another's
    return told
