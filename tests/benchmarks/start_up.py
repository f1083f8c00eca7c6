"""Cold start, a task of nothing for each worker and tear-down, against other pools."""

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial

from gil_demo.measuring.estimates import Estimate, estimate_median
from gil_demo.running.pools import list_start_methods
from tests.benchmarks.interpreters import SCRIPTS, hear, started, tell
from tests.benchmarks.reports import MEDIAN_HEADINGS, Benchmark, Report, Row, make_row
from tests.benchmarks.rounds import take_rounds

MOST_OF_POOL = 1.05
POOLS = {
    "ours": "start_up_ours.py",
    "ours, imported at the top": "start_up_ours_at_top.py",
    "bare Pool, both ready": "start_up_pool_both_ready.py",
    "bare Pool, first answers": "start_up_pool_first_answers.py",
    "ProcessPoolExecutor": "start_up_executor.py",
}
POOLS_WITH_OWN_METHOD = {"loky": "start_up_loky.py", "joblib": "start_up_joblib.py"}
TURNS = {"fork": 15, "forkserver": 5, "spawn": 4}
OWN_METHOD_TURNS = 2
NOTES = [
    "Ours and the bare Pool 'both ready' wait until both workers are ready; the executor, loky",
    "and joblib wait for both when they are shut down. Those of 'first answers' may end while the",
    "second worker is still starting: they do less, and stand here for information. loky and",
    "joblib start workers in a way of their own. Each round starts every script afresh and has",
    "them start their pools in turn; a script's first start, which also starts helper processes",
    "of multiprocessing and loads modules, is not counted. Ours is imported below the script's",
    "__main__ guard, or (*) at its top, where workers that are not forked import it over again.",
]

Seconds = dict[str, list[float]]


def measure(rounds: int) -> Report:
    """Hold `processes` under each start method against each other pool."""
    methods = list_start_methods()
    groups: dict[str, Callable[[], Seconds]] = {
        method: partial(take_turns, _list_pools(method), TURNS[method]) for method in methods
    }
    groups["own"] = partial(take_turns, _list_pools_with_own_method(), OWN_METHOD_TURNS)
    figures = take_rounds("start_up", groups, rounds, warm_ups=0)
    by_round = [
        {name: times for group in groups for name, times in figures[group][number].items()}
        for number in range(rounds)
    ]
    return Report(
        "start_up: cold start, a task of nothing for each of 2 workers, tear-down; ours against",
        MEDIAN_HEADINGS,
        [row for method in methods for row in _make_rows(method, by_round)],
        [*NOTES, *_describe_seconds(by_round)],
    )


def take_turns(scripts: Mapping[str, Sequence[str]], turns: int) -> Seconds:
    """Start scripts and let them time their pools in turn; return each one's seconds."""
    seconds: Seconds = {name: [] for name in scripts}
    with ExitStack() as stack:
        pools = {
            name: stack.enter_context(started(*arguments)) for name, arguments in scripts.items()
        }
        for turn in range(turns + 1):
            for name in random.sample(list(pools), len(pools)):
                tell(pools[name], "once")
                answer = float(hear(pools[name]))
                if turn:
                    seconds[name].append(answer)
    return seconds


def compare(ours: str, other: str, by_round: Sequence[Seconds]) -> Estimate:
    """Estimate our time as a multiple of another's: turn by turn if they took turns."""
    return estimate_median([_compare_round(times[ours], times[other]) for times in by_round])


def _compare_round(ours: Sequence[float], others: Sequence[float]) -> float:
    if len(ours) == len(others):
        return statistics.median(a / b for a, b in zip(ours, others, strict=True))
    return statistics.median(ours) / statistics.median(others)


def _list_pools(method: str) -> dict[str, list[str]]:
    return {f"{method}: {name}": [str(SCRIPTS / file), method] for name, file in POOLS.items()}


def _list_pools_with_own_method() -> dict[str, list[str]]:
    return {
        f"{name}, {ending}": [str(SCRIPTS / file), ending]
        for name, file in POOLS_WITH_OWN_METHOD.items()
        for ending in ("both leave", "first answers")
    }


def _make_rows(method: str, by_round: Sequence[Seconds]) -> list[Row]:
    def against(other: str) -> Estimate:
        return compare(ours, other, by_round)

    ours, at_top, pool, first_answers, executor = [f"{method}: {name}" for name in POOLS]
    return [
        make_row(pool, against(pool), at_most=MOST_OF_POOL),
        make_row(f"{pool} (*)", compare(at_top, pool, by_round)),
        make_row(executor, against(executor), below=1),
        *(
            make_row(f"{method}: {name}", against(f"{name}, both leave"), below=1)
            for name in POOLS_WITH_OWN_METHOD
        ),
        make_row(first_answers, against(first_answers)),
        *(
            make_row(f"{method}: {name}, first answers", against(f"{name}, first answers"))
            for name in POOLS_WITH_OWN_METHOD
        ),
    ]


def _describe_seconds(by_round: Sequence[Seconds]) -> list[str]:
    medians = {
        name: statistics.median(second for times in by_round for second in times[name])
        for name in by_round[0]
    }
    return ["Medians in milliseconds:"] + [
        f"  {name:<42}{1000 * median:7.1f}" for name, median in medians.items()
    ]


BENCHMARK = Benchmark(measure, rounds=16)
