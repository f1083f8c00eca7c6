"""Ask of each claim of the lesson whether it holds here: what is measured for the scorecard.

The claims are those of the tutorial page "Working around Global Interpreter Lock:
Multiprocessing.Pool", which the set retells.
"""

from collections.abc import Callable

import pandas as pd

from gil_demo.columns import CLAIMS
from gil_demo.errors import GilDemoError
from gil_demo.experiments.endings import examine_endings
from gil_demo.experiments.pool import map_tasks, observe_chunksize, sweep_list_length
from gil_demo.experiments.speed import compare
from gil_demo.experiments.switching import trace
from gil_demo.lifetimes import check_start_method
from gil_demo.measurements import collect_facts
from gil_demo.progress import shown
from gil_demo.results import summarise
from gil_demo.sampling import check_budget
from gil_demo.schemas import make_table
from gil_demo.tasks import count_most_at_once, summarise_lists, summarise_map
from gil_demo.trials import Outcome, run_script
from gil_demo.turns import summarise_trace

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
        A row for each quantity of each claim; see `gil_demo.columns.claims`. `score_claims`
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
