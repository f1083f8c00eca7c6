"""The scorecard: what a machine says of each of the lesson's claims, in sentences."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from gil_demo.columns import CLAIMS
from gil_demo.columns.claims import QUANTITIES
from gil_demo.errors import ResultsError
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
from gil_demo.results import check_one_run, list_rows

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
