"""Checks of notebook 04: the idle places of a list, jobs saved, the end of a map foretold."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from gil_demo.exercises.judging import (
    Judgement,
    find_gap,
    hint,
    is_near,
    judge_function,
    judge_number,
    read_number,
)
from gil_demo.pool.lists import compute_ideal_share, summarise_lists
from gil_demo.words import count_in_words, state_share

JOBS = 4
_CASES: list[tuple[list[int], int]] = [
    ([6, 1, 1, 1, 1, 1, 1], 2),
    ([1, 4, 2, 4], 2),  # every mistake ends at a moment of its own here
    ([1, 1, 1, 1, 1, 1, 6], 2),
    ([3, 1, 2, 2], 2),
    ([2, 2, 2, 2], 3),
    ([5], 3),
]


def check_best_share(answer: object, table: pd.DataFrame) -> Judgement:
    """Check which part of the workers' time goes into tasks where nothing else takes any.

    Args:
        answer: the part, as one number from 0 to 1.
        table: the sweep that it is held against, as `sweep_list_length` gives it; the longest
            list in it counts.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, or holds several sweeps.
    """
    longest = summarise_lists(table).sort_values("tasks").iloc[-1]
    workers, tasks = int(table["workers"].iloc[0]), int(longest["tasks"])
    share = float(longest["ideal_share"])
    rounds = -(-tasks // workers)
    return judge_number(
        answer,
        "best_share",
        share,
        f"{share:.2f}, or {tasks} of {rounds * workers} places. Measured on this machine: "
        f"{state_share(float(longest['busy_share']))} of the time of "
        f"{count_in_words(workers, 'worker', 'workers')}.",
        {
            "that would be without a break for anybody. How many workers have a task in the last "
            "round?": 1.0,
            "that is in percent. Give it as a part of 1.": 100 * share,
            "that is the part in which nobody works. What is the rest?": 1 - share,
            "that is the number of tasks for each worker, and no part of a whole.": tasks / workers,
        },
        f"draw {count_in_words(workers, 'lane', 'lanes')} and put the tasks in, round by round. "
        "How many places are there, and how many of them are filled?",
    )


class MadeUpPool:
    """A pool without workers whose jobs are unfinished, and which notes how it is ended."""

    def __init__(self) -> None:
        self.done = 0
        self.state = "open"

    def __repr__(self) -> str:
        return "pool"

    def __enter__(self) -> "MadeUpPool":
        return self

    def __exit__(self, *_: object) -> None:
        self.terminate()

    def close(self) -> None:
        """Take no more jobs."""
        if self.state == "open":
            self.state = "closed"

    def join(self) -> None:
        """Wait until the workers are gone, which a pool that is open refuses."""
        if self.state == "open":
            raise ValueError("Pool is still running")
        if self.state == "closed":
            self.done = JOBS

    def terminate(self) -> None:
        """End the workers at once; unfinished jobs are lost."""
        self.state = "terminated"


class _Ended(NamedTuple):
    """What had become of a pool when the reader's function returned."""

    done: int
    state: str

    def __repr__(self) -> str:
        return f"{self.done} of {JOBS} jobs done"


def check_finish(answer: object) -> Judgement:
    """Check a function that sees to it that no job of a pool is lost.

    The function is called with a pool that is made up; no process is started.

    Args:
        answer: a function of a pool.

    Returns:
        A `Judgement`, whose words are shown.
    """
    ended: list[_Ended] = []

    def watch(pool: MadeUpPool) -> _Ended:
        answer(pool)  # type: ignore[operator]
        ended.append(_Ended(pool.done, pool.state))
        return ended[0]

    judgement = judge_function(
        watch if callable(answer) else answer,
        "finish",
        [(MadeUpPool(),)],
        lambda found, _: _HINTS[found.state] if found.done < JOBS else "",
        f"all {JOBS} jobs are done when it returns. What ends the `with` block after it finds "
        "nothing to drop.",
    )
    # nothing was asked of the pool, as by a function without a body
    return hint(find_gap(..., "finish")) if ended == [(0, "open")] else judgement


_HINTS = {
    "open": "",
    "closed": "`close` takes no more jobs, but doesn't wait for those that are there.",
    "terminated": "`terminate` ends the workers at once, and drops what is unfinished.",
}


def check_compute_end(answer: object) -> Judgement:
    """Check a function that foretells when the last task of a list is done.

    Args:
        answer: a function of a list of tasks' lengths and a number of workers.

    Returns:
        A `Judgement`, whose words are shown.
    """
    return judge_function(
        answer,
        "compute_end",
        _CASES,
        lambda found, case: _find_wrong_end(found, *case),
        f"all {count_in_words(len(_CASES), 'list', 'lists')} end when they should. The order of "
        "the list counts: a long task that begins late leaves the others waiting.",
    )


def _find_wrong_end(found: object, tasks: Sequence[int], workers: int) -> str:
    number = read_number(found)
    if number is None:
        return "it should be one number."
    if is_near(number, _compute_end(tasks, workers)):
        return ""
    mistakes = {
        "a worker that is alone would need that long.": sum(tasks),
        "no task is cut in two, so the workers needn't end together.": sum(tasks) / workers,
        "the tasks aren't sorted first: the next one in the list is taken.": _compute_end(
            sorted(tasks, reverse=True), workers
        ),
        "tasks aren't dealt out beforehand: whoever is free first takes the next one.": max(
            sum(tasks[first::workers]) for first in range(workers)
        ),
        "that is the longest task, which may have to wait for its turn.": max(tasks),
    }
    for words, wrong in mistakes.items():
        if is_near(number, wrong):
            return words
    return "note for each worker when it is free; the next task goes to the one who is so first."


def _compute_end(tasks: Sequence[int], workers: int) -> float:
    return sum(tasks) / (workers * compute_ideal_share(tasks, 1, workers))
