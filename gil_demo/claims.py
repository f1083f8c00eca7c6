"""The columns of the scorecard: what was measured to test each of the lesson's claims."""

import math
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from gil_demo.checks import GilDemoError, ResultsError
from gil_demo.drawing.style import INK, PAPER, SOFT_INK, Chart, make_chart, write_heading
from gil_demo.measuring.progress import shown
from gil_demo.measuring.rounds import check_budget
from gil_demo.measuring.runs import collect_facts, summarise
from gil_demo.pool.endings import examine_endings
from gil_demo.pool.lists import summarise_lists, sweep_list_length
from gil_demo.pool.tasks import count_most_at_once, map_tasks, observe_chunksize, summarise_map
from gil_demo.race.comparison import compare
from gil_demo.running.pools import check_start_method
from gil_demo.running.scripts import Outcome, run_script
from gil_demo.tables.schema import (
    MACHINE,
    Column,
    Schema,
    check_one_run,
    check_same_facts,
    list_rows,
    make_table,
    name_run,
)
from gil_demo.turns.timeline import summarise_trace, trace
from gil_demo.words import (
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

_NAMES = tuple(name for names in QUANTITIES.values() for name in names)


def _check_claims(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        facts = [name for name in CLAIMS.columns if name not in ("claim", "quantity", "value")]
        check_same_facts(run, f"{place}, {name_run(run_id)}", facts)
        twice = run[run.duplicated(["claim", "quantity"])]
        if len(twice):
            claim, quantity = twice[["claim", "quantity"]].iloc[0]
            raise ResultsError(
                f"{place}, {name_run(run_id)} has {quantity} of {claim} more than once"
            )


CLAIMS = Schema(
    "tested claims",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("claims",)),
        "claim": Column("text", choices=tuple(QUANTITIES)),
        "quantity": Column("text", choices=_NAMES),
        "value": Column("number", may_be_empty=True),
        "workers": Column("whole"),
        "start_method": Column("text"),
    }
    | MACHINE,
    _check_claims,
)
"""A row for each quantity of each claim; a value is empty where it can't be measured."""

WORKERS = 2

DEFAULT_SECONDS = 6.0

_LISTED = 100

_TASKS = [500_000] * 8

_MOST_SECONDS = 30.0

_LEAST_PATIENCE = 3.0

_COUNT_WORKERS = """
import multiprocessing

if __name__ == "__main__":
    with multiprocessing.get_context({method!r}).Pool() as pool:
        print(len(multiprocessing.active_children()))
"""

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

_GUARDED = """
if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        pool.map(countdown, [1000, 1000])
"""


def check_claims(*, start_method: str | None = None, budget: float | None = None) -> pd.DataFrame:
    """Measure what the scorecard needs to judge the lesson's seven claims on this machine.

    Args:
        start_method: how processes are started; None means the platform's default.
        budget: seconds for the two claims that need repeated rounds (C1 and C4), shared equally;
            None means `DEFAULT_SECONDS`. The others take about as long again.

    Returns:
        A row for each quantity of each claim; see `CLAIMS`. `score_claims`
        makes the scorecard of it.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: a run failed.
    """
    seconds = check_budget(DEFAULT_SECONDS if budget is None else budget) / 2
    method = check_start_method(start_method)
    facts = collect_facts("claims") | {"workers": WORKERS, "start_method": method}
    measures: dict[str, Callable[[], dict[str, float]]] = {
        "C1": lambda: _measure_threads(seconds),
        "C2": lambda: _measure_together(method),
        "C3": lambda: _count_pool(method),
        "C4": lambda: _measure_lengths(method, seconds),
        "C5": lambda: _watch_tasks(method),
        "C6": lambda: _end_with(method),
        "C7": lambda: _try_scripts(method),
    }
    rows: list[dict[str, object]] = []
    for claim, take in measures.items():
        with shown() as show:
            show(f"testing claim {claim}")
            values = take()
        rows += [
            facts | {"claim": claim, "quantity": name, "value": value}
            for name, value in values.items()
        ]
    return make_table(rows, CLAIMS)


def _measure_threads(seconds: float) -> dict[str, float]:
    summary = summarise(compare(["threads"], workers=WORKERS, budget=seconds))
    threads = summary[summary["runner"] == "threads"].iloc[0]
    return {
        name: float(threads[name]) for name in ("time_ratio", "time_ratio_low", "time_ratio_high")
    }


def _measure_together(method: str) -> dict[str, float]:
    summary = summarise_trace(trace(workers=WORKERS, start_method=method)).set_index("runner")
    return {f"{name}_together": float(summary["together"][name]) for name in summary.index}


def _count_pool(method: str) -> dict[str, float]:
    outcome = run_script(_COUNT_WORKERS.format(method=method), _MOST_SECONDS)
    try:
        return {"pool_workers": float(outcome.output.splitlines()[0])}
    except (IndexError, ValueError):
        raise GilDemoError(f"the workers of Pool() could not be counted: {outcome}") from None


def _measure_lengths(method: str, seconds: float) -> dict[str, float]:
    lengths = {"one_task": 1, "as_many": WORKERS, "one_more": WORKERS + 1, "four_each": 4 * WORKERS}
    table = sweep_list_length(
        [*lengths.values()], workers=WORKERS, start_method=method, budget=seconds
    )
    shares = summarise_lists(table).set_index("tasks")["busy_share"]
    return {name: float(shares[length]) for name, length in lengths.items()}


def _watch_tasks(method: str) -> dict[str, float]:
    table = map_tasks(_TASKS, workers=WORKERS, start_method=method)
    return {
        "most_at_once": count_most_at_once(table),
        "gap_seconds": float(summarise_map(table)["gap_seconds"].median()),
        "task_seconds": float((table["end_seconds"] - table["start_seconds"]).median()),
        "tasks_at_once_of_100": observe_chunksize(_LISTED, WORKERS, method),
    }


def _end_with(method: str) -> dict[str, float]:
    row = examine_endings(["with"], start_method=method).iloc[0]
    return {
        "workers_after_with": float(row["workers_alive"]),
        "jobs": float(row["jobs"]),
        "jobs_lost": float(row["jobs_lost"]),
    }


def _try_scripts(method: str) -> dict[str, float]:
    """Run the same lesson with threads, and with processes as they stand and below a guard.

    An unguarded script may start workers without end; how long it gets is taken from how long the
    guarded one needed.
    """
    guarded = _try("spawn", _GUARDED, _MOST_SECONDS)
    patience = max(_LEAST_PATIENCE, 4 * guarded.seconds)
    outcomes = {
        "threads_end": _try(method, _THREADS, patience),
        "processes_end": _try(method, _PROCESSES, patience),
        "spawned_end": _try("spawn", _PROCESSES, patience),
        "guarded_end": guarded,
    }
    return {name: float(outcome.state == "finished") for name, outcome in outcomes.items()}


def _try(method: str, script: str, seconds: float) -> Outcome:
    return run_script(_IMPORTS.format(method=method) + script, seconds)


HOLDS, HALF_TRUE, FALSE, UNTOLD = "holds", "half true", "does not hold", "can't be told here"

VERDICTS = (HOLDS, HALF_TRUE, FALSE, UNTOLD)

SAYINGS = {
    "C1": "Threads don't make a countdown faster, and can make it slower.",
    "C2": "Each process has an interpreter of its own: no collisions over a GIL.",
    "C3": "Pool() opens a process for each core of the machine.",
    "C4": "Give the pool a list at least as long as there are processors.",
    "C5": "The pool runs that many tasks at once; who is done takes one of the rest.",
    "C6": "Even after with, processes live on until the pool is closed and joined.",
    "C7": "The code for processes is like the code for threads.",
}

_REST = "A list a little longer than the crew leaves some of them idle at its end."

_TOGETHER = 0.5

_BARELY = 0.2

Values = Mapping[Any, float]


class Score(NamedTuple):
    """What came of one claim.

    Attributes:
        verdict: one of `VERDICTS`.
        evidence: a sentence with the numbers.
        figure: the number that decides, in short.
    """

    verdict: str
    evidence: str
    figure: str


def score_claims(table: pd.DataFrame) -> pd.DataFrame:
    """Judge each claim of the lesson by what was measured.

    Args:
        table: a table as `check_claims` gives it.

    Returns:
        A row for each claim: claim (C1 to C7), saying, verdict ("holds", "half true", "does not
        hold" or "can't be told here"), figure (the number that decides) and evidence (a
        sentence); all of them texts.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_one_run(table, CLAIMS)
    _check_whole(table)
    first = table.iloc[0]
    rows = []
    for claim, saying in SAYINGS.items():
        own = table[table["claim"] == claim].set_index("quantity")["value"]
        score = _JUDGES[claim](own.to_dict(), first)
        rows.append({"claim": claim, "saying": saying} | score._asdict())
    return pd.DataFrame(rows)[["claim", "saying", "verdict", "figure", "evidence"]]


def _check_whole(table: pd.DataFrame) -> None:
    there = set(zip(table["claim"], table["quantity"], strict=True))
    for claim, names in QUANTITIES.items():
        for name in names:
            if (claim, name) not in there:
                raise ResultsError(f"the table is not whole: it lacks {name} of {claim}")


def judge_claims(table: pd.DataFrame) -> str:
    """Put the scorecard in lines: for each claim the saying, the verdict and the evidence.

    Args:
        table: a table as `check_claims` gives it.

    Returns:
        Three lines for each claim.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    return "\n".join(
        f"{row.claim}  {row.saying}\n    {row.verdict}: {row.figure}\n    {row.evidence}"
        for row in list_rows(score_claims(table))
    )


def title_claims(table: pd.DataFrame, scores: pd.DataFrame) -> str:
    """Put the scorecard in one line, for the chart's title."""
    counts = {verdict: int((scores["verdict"] == verdict).sum()) for verdict in VERDICTS}
    words = {
        HOLDS: ("holds", "hold"),
        HALF_TRUE: ("is half true", "are half true"),
        FALSE: ("does not hold", "do not hold"),
        UNTOLD: ("can't be told here", "can't be told here"),
    }
    told = [
        f"{state_number(count)} {words[verdict][count != 1]}"
        for verdict, count in counts.items()
        if count
    ]
    return head(f"of seven claims {', '.join(told)}", table)


def describe_claims(table: pd.DataFrame) -> str:
    """Say in one line where the claims were tested, for the chart's subtitle."""
    first = table.iloc[0]
    workers = count_in_words(int(first["workers"]), "worker", "workers")
    return f"{describe_computer(first)}, processes by {first['start_method']}; {workers}"


def _judge_threads(values: Values, first: Any) -> Score:
    low, high = values["time_ratio_low"], values["time_ratio_high"]
    ratio = state_times(values["time_ratio"], low, high)
    without = "" if first["gil_enabled"] else "Without the GIL, "
    evidence = f"{without}two threads took {ratio} as long as the plain loop."
    evidence = capitalise(evidence)
    if low >= 1 - MARGIN:
        return Score(HOLDS, evidence, ratio)
    if high < 1 - MARGIN:
        return Score(FALSE, evidence, ratio)
    return Score(UNTOLD, f"{evidence[:-1]}; the rounds differ too much to say more.", ratio)


def _judge_interpreters(values: Values, first: Any) -> Score:
    processes, threads = values["processes_together"], values["threads_together"]
    figure = _state_share(processes)
    evidence = (
        f"Two processes ran at the same time for {figure} of their work, two threads for "
        f"{_state_share(threads)}."
    )
    if processes >= _TOGETHER:
        return Score(HOLDS, evidence, figure)
    if mind := find_machine_reservations(first, 2):
        return Score(UNTOLD, f"{evidence} Mind: {mind[0]}.", figure)
    return Score(FALSE if processes < _BARELY else UNTOLD, evidence, figure)


def _judge_default_pool(values: Values, first: Any) -> Score:
    opened, logical = int(values["pool_workers"]), int(first["logical_cores"])
    usable = int(first["usable_cores"])
    figure = count_in_words(opened, "process", "processes")
    evidence = (
        f"Pool() opened {figure}; the machine has {count_in_words(logical, 'core', 'cores')}, "
        f"this Python may use {state_number(usable)}, and the countdown needs two."
    )
    if opened == logical == usable:
        return Score(HOLDS, evidence, figure)
    return Score(HALF_TRUE if opened in (logical, usable) else FALSE, evidence, figure)


def _judge_length(values: Values, first: Any) -> Score:
    one, as_many, one_more = values["one_task"], values["as_many"], values["one_more"]
    figure = f"{state_share(as_many)}, one task more {state_share(one_more)}"
    evidence = (
        f"Two workers were busy {state_share(one)} of the time with one task, "
        f"{state_share(as_many)} with two, {state_share(one_more)} with three and "
        f"{state_share(values['four_each'])} with eight."
    )
    if mind := find_machine_reservations(first, 2):
        return Score(UNTOLD, f"{evidence} Mind: {mind[0]}.", figure)
    if as_many < one + MARGIN:
        return Score(UNTOLD, evidence, figure)
    if one_more < as_many - MARGIN:
        return Score(HALF_TRUE, f"{evidence} {_REST}", figure)
    return Score(HOLDS, evidence, figure)


def _judge_order(values: Values, first: Any) -> Score:
    workers = int(first["workers"])
    most, chunk = int(values["most_at_once"]), int(values["tasks_at_once_of_100"])
    gap, task = values["gap_seconds"], values["task_seconds"]
    figure = f"{state_number(most)} at once"
    evidence = (
        f"On two workers at most {count_in_words(most, 'task', 'tasks')} ran at once; a worker "
        f"that was done began the next after {state_seconds(gap)} (median)."
    )
    if most > workers:
        return Score(FALSE, evidence, figure)
    if most < workers or math.isnan(gap) or gap > task:
        return Score(UNTOLD, evidence, figure)
    if chunk > 1:
        evidence = f"{evidence} Of a list of 100 tasks it is handed {state_number(chunk)}, not one."
        return Score(HALF_TRUE, evidence, figure)
    return Score(HOLDS, evidence, figure)


def _judge_with(values: Values, first: Any) -> Score:
    del first
    alive, jobs, lost = (int(values[name]) for name in ("workers_after_with", "jobs", "jobs_lost"))
    figure = f"{count_in_words(alive, 'worker', 'workers')} left" if alive else "no worker left"
    left = count_in_words(alive, "worker was", "workers were") if alive else "no worker was"
    waiting = count_in_words(jobs, "unfinished job was", "unfinished jobs were")
    evidence = f"After the with block {left} alive, and {state_number(lost)} of {waiting} lost"
    if alive:
        return Score(HOLDS, f"{evidence}.", figure)
    return Score(FALSE, f"{evidence}: that is what close() and join() are for.", figure)


def _judge_syntax(values: Values, first: Any) -> Score:
    method = first["start_method"]
    ends = {name: bool(value) for name, value in values.items()}
    figure = f"spawn without the guard: {'ran' if ends['spawned_end'] else 'failed'}"
    if not (ends["threads_end"] and ends["guarded_end"]):
        return Score(UNTOLD, "The scripts to compare did not all run here.", figure)
    start = "With processes in the threads' place the script"
    if ends["processes_end"] and ends["spawned_end"]:
        return Score(HOLDS, f"{start} ran under {method} and under spawn.", figure)
    here = f"ran under {method}; under spawn it" if ends["processes_end"] else "failed: it"
    needs = 'needs if __name__ == "__main__": around the pool'
    return Score(HALF_TRUE, f"{start} {here} {needs}.", figure)


def _state_share(share: float) -> str:
    return "an unknown part" if math.isnan(share) else state_share(share)


_JUDGES: dict[str, Callable[[Values, Any], Score]] = {
    "C1": _judge_threads,
    "C2": _judge_interpreters,
    "C3": _judge_default_pool,
    "C4": _judge_length,
    "C5": _judge_order,
    "C6": _judge_with,
    "C7": _judge_syntax,
}

_COLOURS = {HOLDS: "#007A5A", HALF_TRUE: "#8A6100", FALSE: "#B84C00", UNTOLD: "#666666"}

_LETTERS_A_LINE = 108

_WIDTH, _ROW = 12.0, 0.95


def draw_claims(table: pd.DataFrame) -> Chart:
    """Draw the scorecard: for each claim a coloured verdict in words, the saying and the evidence.

    Args:
        table: a table as `check_claims` gives it.

    Returns:
        A matplotlib Figure whose title counts the verdicts and whose `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    scores = score_claims(table)
    height = 1.15 + _ROW * len(scores)
    chart = make_chart(_WIDTH, height)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.012, right=0.988, top=1 - 0.65 / height, bottom=0.42 / height)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(scores), 0)
    axes.set_axis_off()
    for place, row in enumerate(list_rows(scores)):
        _write_row(axes, place, row)
    title, conditions = title_claims(table, scores), describe_claims(table)
    write_heading(chart, title, conditions)
    told = " ".join(_tell(row) for row in list_rows(scores))
    chart.description = f"Chart. {title}. {told} Conditions: {conditions}."
    return chart


def _tell(row: Any) -> str:
    return f"{row.claim}, {row.saying[:-1]}: {row.verdict} ({row.figure})."


def _write_row(axes: Axes, place: int, row: Any) -> None:
    if place:
        axes.axhline(place, color="#cccccc", linewidth=0.8)
    top = place + 0.16
    axes.text(
        0.083, place + 0.45, row.verdict.replace(" here", "\nhere"), size=12, weight="bold",
        color=PAPER, ha="center", va="center",
        bbox={"facecolor": _COLOURS[row.verdict], "edgecolor": "none", "boxstyle": "round,pad=0.4"},
    )  # fmt: skip
    axes.text(0.18, top, f"{row.claim}  {row.saying}", size=13, weight="bold", color=INK, va="top")
    evidence = "\n".join(textwrap.wrap(row.evidence, _LETTERS_A_LINE))
    axes.text(0.18, top + 0.31, evidence, size=11, color=SOFT_INK, va="top", linespacing=1.15)
