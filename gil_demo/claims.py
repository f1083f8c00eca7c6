"""The scorecard: what is measured to test each of the lesson's seven claims, and what it says."""

import math
import textwrap
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from gil_demo import words
from gil_demo.checks import GilDemoError, ResultsError
from gil_demo.drawing.parts import finish, make_plot
from gil_demo.drawing.style import INK, PAPER, SOFT_INK, Chart
from gil_demo.measuring import runs
from gil_demo.measuring.machine import read_usage, tell_shares
from gil_demo.measuring.progress import shown
from gil_demo.measuring.rounds import check_budget
from gil_demo.pool import tasks
from gil_demo.pool.endings import examine_endings
from gil_demo.pool.lists import summarise_lists, sweep_list_length
from gil_demo.race.comparison import RAN_AT, compare
from gil_demo.running.pools import check_start_method
from gil_demo.running.scripts import Outcome, find_answer, run_script
from gil_demo.tables.schema import Column, list_rows, make_schema, make_table, name_run
from gil_demo.turns.timeline import summarise_trace, trace

SAYINGS = {
    "C1": "Threads don't make a countdown faster, and can make it slower.",
    "C2": "Each process has an interpreter of its own: no collisions over a GIL.",
    "C3": "Pool() opens a process for each core of the machine.",
    "C4": "Give the pool a list at least as long as there are processors.",
    "C5": "The pool runs a task for each process at once; whoever is done takes one of the rest.",
    "C6": "Even after with, processes live on until the pool is closed and joined.",
    "C7": "The code for processes is like the code for threads.",
}

QUANTITIES = {
    "C1": ("time_ratio", "time_ratio_low", "time_ratio_high"),
    "C2": ("processes_together", "threads_together"),
    "C3": ("pool_workers",),
    "C4": ("one_task", "as_many", "one_more", "four_each"),
    "C5": ("most_at_once", "gap_seconds", "task_seconds", "tasks_at_once_of_100"),
    "C6": ("workers_after_with", "jobs", "jobs_lost"),
    "C7": ("threads_end", "processes_end", "spawned_end", "guarded_end"),
}
"""What is measured for each claim: ratios and shares without a unit, seconds, or numbers of
workers, tasks and jobs; those whose name ends in `_end` are 1 where a script came to its end."""

_MAY_BE_EMPTY = ("time_ratio_low", "time_ratio_high", *QUANTITIES["C2"])

WORKERS = 2
HOLDS, HALF_TRUE, FALSE, UNTOLD = "holds", "half true", "does not hold", "can't be told here"
_MOST_SECONDS = 30.0  # for a script


class Score(NamedTuple):
    verdict: str
    figure: str  # the number that decides
    evidence: str  # a sentence with the numbers


# C1: threads and the plain loop
def _measure_threads(_: str, seconds: float) -> dict[str, float]:
    summary = runs.summarise(compare(["threads"], workers=WORKERS, budget=seconds))
    threads = summary[summary["runner"] == "threads"].iloc[0]
    return {name: float(threads[name]) for name in QUANTITIES["C1"]}


def _judge_threads(it: Any, first: Any) -> Score:
    times = (1 / it.time_ratio, 1 / it.time_ratio_high, 1 / it.time_ratio_low)
    figure = f"{(speed := words.state_times(*times))} the loop's speed"
    without = "" if first["gil_enabled"] else "Without the GIL, "
    told = words.capitalise(f"{without}two threads {RAN_AT.format(speed)}")
    if mind := words.find_machine_reservations(first, WORKERS):
        return Score(UNTOLD, figure, f"{told}. Note: {mind[0]}.")
    if it.time_ratio_low >= words.LEAST:
        return Score(HOLDS, figure, f"{told}.")
    if it.time_ratio_high < words.LEAST:
        return Score(FALSE, figure, f"{told}.")
    if it.time_ratio_low >= 1 / words.NO_GAIN:
        return Score(HOLDS, figure, f"{told}; that they gain a fifth of its speed is ruled out.")
    fault = "are too few" if math.isnan(it.time_ratio_low) else "differ too much"
    return Score(UNTOLD, figure, f"{told}; the rounds {fault} to say more.")


# C2: interpreters at the same time
def _measure_together(method: str, _: float) -> dict[str, float]:
    summary = summarise_trace(trace(workers=WORKERS, start_method=method)).set_index("runner")
    return {f"{name}_together": float(summary["together"][name]) for name in summary.index}


def _judge_together(it: Any, first: Any) -> Score:
    together, threads = map(words.state_share, (it.processes_together, it.threads_together))
    figure = f"at the same time for {together}"
    evidence = (
        f"Two processes ran at the same time for {together} of their work, two threads for "
        f"{threads}."
    )
    if it.processes_together >= 0.5:
        return Score(HOLDS, figure, evidence)
    if mind := words.find_machine_reservations(first, WORKERS):
        return Score(UNTOLD, figure, f"{evidence} Note: {mind[0]}.")
    in_turn = it.processes_together < 0.05  # as threads do that share a lock
    return Score(FALSE if in_turn else UNTOLD, figure, evidence)


# C3: the processes of Pool()
_COUNT_WORKERS = """
import multiprocessing

if __name__ == "__main__":
    with multiprocessing.get_context({method!r}).Pool() as pool:
        print(f"<answer>{{len(multiprocessing.active_children())}}</answer>")
"""


def _count_pool(method: str, _: float) -> dict[str, float]:
    outcome = run_script(_COUNT_WORKERS.format(method=method), _MOST_SECONDS)
    try:
        return {"pool_workers": float(find_answer(outcome))}
    except ValueError:
        raise GilDemoError(f"the workers of Pool() could not be counted: {outcome}") from None


def _judge_pool(it: Any, first: Any) -> Score:
    opened, logical, usable = it.pool_workers, first["logical_cores"], first["usable_cores"]
    figure = words.count_in_words(int(opened), "process", "processes")
    evidence = (
        f"Pool() opened {figure}; the machine has {words.count_in_words(int(logical), 'core')}, "
        f"this Python may use {words.state_number(int(usable))}, and two halves of a countdown "
        "need two."
    )
    if opened == logical == usable:
        return Score(HOLDS, figure, evidence)
    return Score(HALF_TRUE if opened in (logical, usable) else FALSE, figure, evidence)


# C4: the length of the list
def _measure_lengths(method: str, seconds: float) -> dict[str, float]:
    lengths = [1, WORKERS, WORKERS + 1, 4 * WORKERS]
    table = sweep_list_length(lengths, workers=WORKERS, start_method=method, budget=seconds)
    shares = summarise_lists(table).set_index("tasks")["busy_share"]
    return dict(zip(QUANTITIES["C4"], shares[lengths], strict=True))


def _judge_length(it: Any, first: Any) -> Score:
    as_many, one_more = map(words.state_share, (it.as_many, it.one_more))
    figure = f"busy for {as_many}, with one task more {one_more}"
    evidence = (
        f"Two workers were busy {words.state_share(it.one_task)} of the time with one task, "
        f"{as_many} with two, {one_more} with three and "
        f"{words.state_share(it.four_each)} with eight."
    )
    if mind := words.find_machine_reservations(first, WORKERS):
        return Score(UNTOLD, figure, f"{evidence} Note: {mind[0]}.")
    if it.as_many < it.one_task + words.MARGIN:
        return Score(UNTOLD, figure, evidence)
    if it.one_more < it.as_many - words.MARGIN:
        rest = "A list a little longer than the crew leaves some of them idle at its end."
        return Score(HALF_TRUE, figure, f"{evidence} {rest}")
    return Score(HOLDS, figure, evidence)


# C5: who takes the next task
def _watch_tasks(method: str, _: float) -> dict[str, float]:
    table = tasks.map_tasks([500_000] * 8, workers=WORKERS, start_method=method)
    return {
        "most_at_once": tasks.count_most_at_once(table),
        "gap_seconds": float(tasks.summarise_map(table)["gap_seconds"].median()),
        "task_seconds": float((table["end_seconds"] - table["start_seconds"]).median()),
        "tasks_at_once_of_100": tasks.observe_chunksize(100, WORKERS, method),
    }


def _judge_order(it: Any, first: Any) -> Score:
    most, chunk = int(it.most_at_once), int(it.tasks_at_once_of_100)
    figure = f"{words.state_number(most)} at once"
    evidence = (
        f"On two workers at most {words.count_in_words(most, 'task was', 'tasks were')} under way "
        "at once; a worker that was done began the next after "
        f"{words.state_seconds(it.gap_seconds)} (median)."
    )
    if most > first["workers"]:
        return Score(FALSE, figure, evidence)
    if most < first["workers"] or it.gap_seconds > it.task_seconds:
        return Score(UNTOLD, figure, evidence)
    if chunk > 1:
        handed = f"Of a list of 100 tasks it is handed {words.state_number(chunk)}, not one."
        return Score(HALF_TRUE, figure, f"{evidence} {handed}")
    return Score(HOLDS, figure, evidence)


# C6: what is alive after `with`
def _end_with(method: str, _: float) -> dict[str, float]:
    table = examine_endings(["with"], start_method=method)
    row = table.rename(columns={"workers_alive": "workers_after_with"}).iloc[0]
    return {name: float(row[name]) for name in QUANTITIES["C6"]}


def _judge_with(it: Any, _: Any) -> Score:
    alive, lost = int(it.workers_after_with), words.state_number(int(it.jobs_lost))
    left = words.count_in_words(alive, "worker was", "workers were") if alive else "no worker was"
    jobs = words.count_in_words(int(it.jobs), "unfinished job was", "unfinished jobs were")
    evidence = f"After the with block {left} alive, and {lost} of {jobs} lost"
    if alive:
        return Score(HOLDS, f"{words.count_in_words(alive, 'worker')} left", f"{evidence}.")
    return Score(
        FALSE, "no worker left", f"{evidence}: close() and join() before its end wait for them."
    )


# C7: the same script with threads and with processes
_IMPORTS = """
import threading, multiprocessing
multiprocessing = multiprocessing.get_context({method!r})

def countdown(n):
    while n > 0:
        n -= 1
"""
_THREADS = """
first = threading.Thread(target=countdown, args=(1000,))
second = threading.Thread(target=countdown, args=(1000,))
first.start(); second.start()
first.join(); second.join()
"""
_PROCESSES = """
with multiprocessing.Pool(2) as pool:
    pool.map(countdown, [1000, 1000])
"""
_GUARDED = f"""
if __name__ == "__main__":{textwrap.indent(_PROCESSES, "    ")}
"""


def _try_scripts(method: str, _: float) -> dict[str, float]:
    """Run the same lesson with threads, and with processes as they stand and below a guard."""
    guarded = _try("spawn", _GUARDED, _MOST_SECONDS)
    # without the guard it may start workers without end
    patience = min(_MOST_SECONDS, max(3.0, 4 * guarded.seconds))
    spawned = _try("spawn", _PROCESSES, patience)
    ends = {
        "threads_end": _try(method, _THREADS, patience),
        "processes_end": spawned if method == "spawn" else _try(method, _PROCESSES, patience),
        "spawned_end": spawned,
        "guarded_end": guarded,
    }
    return {name: float(outcome.state == "finished") for name, outcome in ends.items()}


def _try(method: str, script: str, seconds: float) -> Outcome:
    return run_script(_IMPORTS.format(method=method) + script, seconds)


def _judge_syntax(it: Any, first: Any) -> Score:
    method = first["start_method"]
    figure = f"spawn without the guard: {'ran' if it.spawned_end else 'failed'}"
    # by fork it needs no guard, so that something else was in its way
    is_odd = method == "fork" and not it.processes_end
    if is_odd or not (it.threads_end and it.guarded_end):
        return Score(UNTOLD, figure, "The scripts to compare did not all run here.")
    start = "With processes in the threads' place the script"
    if it.processes_end and it.spawned_end:
        return Score(HOLDS, figure, f"{start} ran under {method} and under spawn.")
    here = f"ran under {method}; under spawn it" if it.processes_end else "failed: it"
    needs = 'needs if __name__ == "__main__": around the pool'
    return Score(HALF_TRUE, figure, f"{start} {here} {needs}.")


# a measurement by a start method in some seconds; a score of the quantities and a row of the table
_TESTS: dict[str, tuple[Callable[[str, float], dict[str, float]], Callable[[Any, Any], Score]]] = {
    "C1": (_measure_threads, _judge_threads),
    "C2": (_measure_together, _judge_together),
    "C3": (_count_pool, _judge_pool),
    "C4": (_measure_lengths, _judge_length),
    "C5": (_watch_tasks, _judge_order),
    "C6": (_end_with, _judge_with),
    "C7": (_try_scripts, _judge_syntax),
}


def _check_claims(table: pd.DataFrame, place: str) -> None:
    twice = table[table.duplicated(["run_id", "claim", "quantity"])]
    for row in list_rows(twice.head(1)):
        raise ResultsError(
            f"{place}, {name_run(row.run_id)} has {row.quantity} of {row.claim} more than once"
        )


CLAIMS = make_schema(
    "tested claims",
    ("claims",),
    {"claim": Column("text", choices=tuple(QUANTITIES))}
    | {"quantity": Column("text", choices=sum(QUANTITIES.values(), ()))}
    | {"value": Column("number", may_be_empty=True)}
    | {"workers": Column("whole"), "start_method": Column("text")},
    _check_claims,
    alike=("workers", "start_method"),
)
"""A row for each quantity of each claim; a value is empty where it can't be measured."""


def check_claims(*, start_method: str | None = None, budget: float | None = None) -> pd.DataFrame:
    """Measure what the scorecard needs to judge the lesson's seven claims on this machine.

    Args:
        start_method: how processes are started; None means the platform's default.
        budget: seconds for the two claims that need repeated rounds (C1 and C4), shared equally;
            None means eight. The others take about as long again.

    Returns:
        A row for each quantity of each claim; `summarise` makes the scorecard of it.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: a run failed.
    """
    seconds = check_budget(budget) / 2
    method = check_start_method(start_method)
    facts = runs.collect_facts("claims") | {"workers": WORKERS, "start_method": method}
    rows: list[dict[str, object]] = []
    usage = read_usage()
    for claim, (measure, _) in _TESTS.items():
        with shown() as show:
            show(f"testing claim {claim}")
            values = measure(method, seconds)
        rows += [facts | {"claim": claim, "quantity": n, "value": v} for n, v in values.items()]
    shares = tell_shares(usage)
    return make_table([row | shares for row in rows], CLAIMS)


def score_claims(table: pd.DataFrame) -> pd.DataFrame:
    """Judge each claim by what was measured: a row for each, all of it texts."""
    values = table.set_index(["claim", "quantity"])["value"].to_dict()
    rows = []
    for claim, (_, judge) in _TESTS.items():
        for name in QUANTITIES[claim]:
            value = values.get((claim, name))
            is_empty = value is None or (math.isnan(value) and name not in _MAY_BE_EMPTY)
            if is_empty or (claim == "C1" and value == 0):  # a ratio is above 0
                raise ResultsError(f"the table is not whole: it lacks {name} of {claim}")
        it = SimpleNamespace(**{name: values[claim, name] for name in QUANTITIES[claim]})
        score = judge(it, table.iloc[0])
        rows.append({"claim": claim, "saying": SAYINGS[claim]} | score._asdict())
    return pd.DataFrame(rows)


def judge_claims(_: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the scorecard in lines: for each claim the saying, the verdict and the evidence."""
    return "\n".join(
        f"{row.claim}  {row.saying}\n    {row.verdict}: {row.figure}\n    {row.evidence}"
        for row in list_rows(summary)
    )


# how a verdict is told of one claim and of several, and its colour
_VERDICTS = {
    HOLDS: ("holds", "hold", "#007A5A"),
    HALF_TRUE: ("is half true", "are half true", "#8A6100"),
    FALSE: ("does not hold", "do not hold", "#B84C00"),
    UNTOLD: ("can't be told here", "can't be told here", "#666666"),
}


def draw_claims(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw for each claim a coloured verdict in words, the saying and the evidence."""
    height = 1.15 + 0.95 * len(summary)
    chart, axes = make_plot(12, height, left=0.012, right=0.988, above=0.65, below=0.42)
    axes.set(xlim=(0, 1), ylim=(len(summary), 0))
    axes.set_axis_off()
    for place, row in enumerate(list_rows(summary)):
        _write_row(axes, place, row)
    counts = summary["verdict"].value_counts()
    title = ", ".join(
        words.count_in_words(int(counts[verdict]), one, several)
        for verdict, (one, several, _) in _VERDICTS.items()
        if verdict in counts
    )
    told = " ".join(
        f"{row.claim}, {row.saying[:-1]}: {row.verdict}. {row.evidence}"
        for row in list_rows(summary)
    )
    conditions = words.describe_conditions(table, words.count_in_run(table, "worker"))
    return finish(chart, words.head(f"of seven claims {title}", table), conditions, told)


def _write_row(axes: Axes, place: int, row: Any) -> None:
    if place:
        axes.axhline(place, color="#cccccc", linewidth=0.8)
    colour, top = _VERDICTS[row.verdict][2], place + 0.16
    axes.text(
        0.083, place + 0.45, row.verdict.replace(" here", "\nhere"), size=12, weight="bold",
        color=PAPER, ha="center", va="center",
        bbox={"facecolor": colour, "edgecolor": "none", "boxstyle": "round,pad=0.4"},
    )  # fmt: skip
    axes.text(0.18, top, f"{row.claim}  {row.saying}", size=13, weight="bold", color=INK, va="top")
    together = row.evidence.replace(" %", "\N{NO-BREAK SPACE}%")
    evidence = "\n".join(textwrap.wrap(together, 108))
    axes.text(0.18, top + 0.31, evidence, size=11, color=SOFT_INK, va="top", linespacing=1.15)
