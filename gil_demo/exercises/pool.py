"""Checks of notebooks 05 to 08, and 13: what happens in a pool, and from when on it pays."""

import pickle
import random
from collections.abc import Mapping, Sequence, Sized
from typing import Any

import numpy as np
import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.costs.break_even import (
    COLD,
    LENGTHS,
    Way,
    find_reservations,
    fit_ways,
    summarise_break_even,
)
from gil_demo.costs.memory import WEIGHTS
from gil_demo.examination.table import COLD as COLD_POOL
from gil_demo.examination.table import EXAMINED, summarise_examination
from gil_demo.exercises.judging import Answer, Judgement, find_mistake, read_number
from gil_demo.measuring.runs import BASELINE
from gil_demo.pool.lists import LISTS, compute_ideal_share, summarise_lists
from gil_demo.pool.tasks import TASKS
from gil_demo.recorded import load_recorded
from gil_demo.tables.schema import check_one_run, list_rows
from gil_demo.words import count_in_words, list_in_words, state_seconds, state_share

JOBS = 4
SPARE_MEGABYTES = 4_000
ALONE_SECONDS, SHARED_SECONDS = 6, 54
CREWS = (1, 4, 1000)
LEAST_ROLLED, MOST_ROLLED = 10, 60  # of ten dice


def check_best_share(answer: object, table: pd.DataFrame) -> Judgement:
    """Check which part of the workers' time the table's longest list fills, at best."""
    check_one_run(table, LISTS)
    longest = summarise_lists(table).sort_values("tasks").iloc[-1]
    workers, tasks, share = table["workers"].iloc[0], longest["tasks"], longest["ideal_share"]
    rounds, crowded = -(-tasks // workers), ""
    if round(longest["busy_share"], 2) > round(share, 2):
        crowded = (
            " That is more, since tasks that are alike need not last alike: one that waits for a "
            "core counts as busy, too."
        )
    return Answer("best_share", answer).judge_number(
        share,
        f"{share:.2f}, or {tasks} of {rounds * workers} places. Measured on this machine: "
        f"{state_share(longest['busy_share'])} of the time of {count_in_words(workers, 'worker')}."
        f"{crowded}",
        {
            "that would be without a break for anybody. How many workers have a task in the last "
            "round?": 1.0,
            "that is in percent. Give it as a part of 1.": 100 * share,
            "that is the part in which nobody works. What is the rest?": 1 - share,
            "that is the number of tasks for each worker, and no part of a whole.": tasks / workers,
        },
        f"draw {count_in_words(workers, 'lane')} and put the tasks in, round by round. "
        "How many places are there, and how many of them are filled?",
    )


def check_losing(answer: object, endings: pd.DataFrame) -> Judgement:
    """Check after which ways to end a pool jobs were lost, by the table of `examine_endings`."""
    if not {"ending", "jobs", "jobs_lost"} <= set(endings):
        raise ResultsError("that is no table of endings, as examine_endings gives it")
    is_losing = endings["jobs_lost"] > 0
    losing, kept = endings.loc[is_losing, "ending"], endings.loc[~is_losing, "ending"]
    return Answer("losing", answer).judge_names(
        losing,
        list(endings["ending"]),
        f"{list_in_words(list(losing)) or 'none'} lost jobs. The others left the workers the time "
        "to finish them.",
        {
            "those lost nothing. Which are the others?": kept,
            "that is all of them. Where is `jobs_lost` above 0?": endings["ending"],
        },
        "look for the rows in which `jobs_lost` is above 0.",
    )


class MadeUpPool:
    """A pool without workers whose jobs are unfinished, and which notes how it is ended."""

    def __init__(self) -> None:
        self.done, self.state = 0, "open"

    def __repr__(self) -> str:
        return "pool" if self.state == "open" else f"{self.done} of {JOBS} jobs done"

    def __enter__(self) -> "MadeUpPool":
        return self

    def __exit__(self, *_: object) -> None:
        self.terminate()

    def close(self) -> None:
        if self.state == "open":
            self.state = "closed"

    def join(self) -> None:
        if self.state == "open":
            raise ValueError("Pool is still running")
        if self.state == "closed":
            self.done = JOBS

    def terminate(self) -> None:
        self.state = "terminated"


_UNFINISHED = {
    "closed": "`close` takes no more jobs, but doesn't wait for those that are there.",
    "terminated": "`terminate` ends the workers at once, and drops what is unfinished.",
}


def check_finish(answer: object) -> Judgement:
    """Check a function that sees to it that no job is lost, by a pool that is made up."""
    pools: list[MadeUpPool] = []

    def end(pool: MadeUpPool) -> MadeUpPool:
        answer(pool)  # type: ignore[operator]
        pools.append(pool)
        return pool

    finish = Answer("finish", end if callable(answer) else answer)
    judgement = finish.judge_function(
        [(MadeUpPool(),)],
        lambda found, _: _UNFINISHED.get(found.state, "") if found.done < JOBS else "",
        f"all {JOBS} jobs are done when it returns. What ends the `with` block after it finds "
        "nothing to drop.",
    )
    # nothing was asked of the pool, as by a function without a body
    return finish.ask() if [pool.state for pool in pools] == ["open"] else judgement


_LISTS: list[tuple[list[int], int]] = [
    ([6, 1, 1, 1, 1, 1, 1], 2),
    ([1, 4, 2, 4], 2),  # every mistake ends at a moment of its own here
    ([1, 1, 1, 1, 1, 1, 6], 2),
    ([3, 1, 2, 2], 2),
    ([2, 2, 2, 2], 3),
    ([5], 3),
]


def check_compute_end(answer: object) -> Judgement:
    """Check a function that predicts when the last task of a list is done."""
    return Answer("compute_end", answer).judge_function(
        _LISTS,
        _find_wrong_end,
        f"all {count_in_words(len(_LISTS), 'list')} end when they should. The order of "
        "the list counts: a long task that begins late leaves the others waiting.",
    )


def _find_wrong_end(found: object, tasks: Sequence[int], workers: int) -> str:
    in_order = _compute_end(sorted(tasks, reverse=True), workers)
    dealt = max(sum(tasks[first::workers]) for first in range(workers))
    mistakes = {
        "a worker that is alone would need that long.": sum(tasks),
        "no task is cut in two, so the workers needn't end together.": sum(tasks) / workers,
        "the tasks aren't sorted first: the next one in the list is taken.": in_order,
        "tasks aren't dealt out beforehand: whoever is free first takes the next one.": dealt,
        "that is the longest task, which may have to wait for its turn.": max(tasks),
    }
    otherwise = (
        "note for each worker when it is free; the next task goes to the one that is free first."
    )
    return find_mistake(found, _compute_end(tasks, workers), mistakes, otherwise)


def _compute_end(tasks: Sequence[int], workers: int) -> float:
    return sum(tasks) / (workers * compute_ideal_share(tasks, 1, workers))


def check_sizes(answer: object, parcels: Mapping[str, Sized]) -> Judgement:
    """Check how many bytes each of several things is when it travels."""
    sizes = {name: len(pickle.dumps(parcel)) for name, parcel in parcels.items()}
    return Answer("sizes", answer).judge_numbers(
        sizes,
        f"{list_in_words([f'{name} {size:,}' for name, size in sizes.items()])} bytes. Send the "
        "recipe where you can, and let the worker make the rest.",
        {
            "those are lengths. How long is what `pickle.dumps` makes of each?": {
                name: len(parcel) for name, parcel in parcels.items()
            },
            "those are kilobytes.": {name: size / 1_000 for name, size in sizes.items()},
            "those are megabytes.": {name: size / 1_000_000 for name, size in sizes.items()},
        },
        "take `len(pickle.dumps(parcel))` of each of the three.",
    )


def check_fitting(answer: object, weights: pd.DataFrame) -> Judgement:
    """Check how many workers fit into the memory that a server can spare."""
    check_one_run(weights, WEIGHTS)
    spare, bytes_each = SPARE_MEGABYTES * 1_000_000, weights["unique_bytes"]
    most = int(bytes_each.max())
    fitting, least = spare // most, spare // int(bytes_each.min())
    return Answer("fitting", answer).judge_number(
        fitting,
        f"{fitting:,}. Of the smallest, {least:,} would fit: what a worker imports and holds "
        "decides.",
        {
            "that is how many of the smallest fit.": least,
            "a part of a worker can't be started. Round down.": spare / most,
            "upside down: that is one worker's part.": most / spare,
        },
        "divide the bytes to spare by `most`, and round down.",
    )


def check_run_times(answer: object) -> Judgement:
    """Check how long a program takes whose parts can't all be shared out, by workers."""
    whole, most = ALONE_SECONDS + SHARED_SECONDS, CREWS[-1]
    parts = pd.Series({crew: 1 / crew for crew in CREWS})
    computing = SHARED_SECONDS * parts
    times = ALONE_SECONDS + computing
    return Answer("run_times", answer).judge_numbers(
        times,
        f"with {most:,} workers {times[most]:.2f} s, and never below {ALONE_SECONDS} s: no number "
        f"of workers makes this program more than {whole / ALONE_SECONDS:.0f} × as fast.",
        {
            f"all {whole} seconds are shared out there. The reading can't be.": whole * parts,
            "the computing alone takes that long. The reading comes on top.": computing,
            "those are speed-ups. How many seconds does the program take?": whole / times,
        },
        f"{ALONE_SECONDS} seconds stay, however many workers there are; the other "
        f"{SHARED_SECONDS} are divided by their number.",
    )


def check_ratio(answer: object, single: pd.DataFrame, chunked: pd.DataFrame) -> Judgement:
    """Check how many times as long the same tasks took in small chunks as in larger ones."""
    for table in (single, chunked):
        check_one_run(table, TASKS)
    ready, done, gone = (
        [float(table[f"{moment}_seconds"].iloc[0]) for table in (single, chunked)]
        for moment in ("ready", "done", "gone")
    )
    works = [end - start for start, end in zip(ready, done, strict=True)]
    work = works[0] / works[1]
    pieces = [-(-len(table) // int(table["chunksize"].iloc[0])) for table in (single, chunked)]
    return Answer("ratio", answer).judge_number(
        work,
        f"{work:.2f} ×. The tasks are the same; what differs is how often a worker fetches some "
        f"and hands in answers: {pieces[0]:,} times in all, or {pieces[1]:,}.",
        {
            "upside down. The run with single tasks goes over the run with chunks.": 1 / work,
            "that is the ratio of the numbers of chunks. Take the times.": pieces[0] / pieces[1],
            "the start-up is still in it. The work begins at `ready_seconds`.": done[0] / done[1],
            "the pool's start and end are still in it. The work goes from `ready_seconds` to "
            "`done_seconds`.": gone[0] / gone[1],
        },
        "take `done_seconds` minus `ready_seconds` of either table, then divide. All rows of a "
        "table have the same there, so one will do.",
    )


def check_break_even(answer: object, lengths: pd.DataFrame) -> Judgement:
    """Check a function that tells how long a task must be for a pool to pay, and use it."""
    check_one_run(lengths, LENGTHS)
    return Answer("break_even", answer).judge_function(
        [(1, 2, 2), (3, 4, 2), (10, 5, 4), (60, 11, 8)],  # so large that rounding hides no mistake
        _find_imbalance,
        f"at that length both take the same time. {_use_break_even(lengths)}",
    )


def _use_break_even(lengths: pd.DataFrame) -> str:
    """Put what was measured into the formula, beside the crossing that the chart shows."""
    place, crossings = "this", [] if find_reservations(lengths) else _list_crossings(lengths)
    if not crossings:
        place, lengths = "the recorded", load_recorded("break-even")
        crossings = _list_crossings(lengths)
    lines, tasks = fit_ways(lengths), int(lengths["tasks"].iloc[0])
    row, loop = crossings[0], lines[Way(BASELINE)]
    pool = lines[Way("processes", row.start_method, COLD)]
    cost, speed_up = pool.overhead - loop.overhead, loop.slope / pool.slope
    return (
        f"On {place} machine a cold pool by {row.start_method} costs {state_seconds(cost)} and "
        f"then runs at {speed_up:.2f} × the loop's speed: that makes "
        f"{state_seconds(_compute_break_even(cost, tasks, speed_up))}, and the chart says "
        f"{state_seconds(row.crossing_seconds)}."
    )


def _list_crossings(lengths: pd.DataFrame) -> list[Any]:
    summary = summarise_break_even(lengths)
    found = summary[(summary["rival"] == BASELINE) & (summary["pool"] == COLD)]
    return list_rows(found[found["reason"] == ""])


def _compute_break_even(cost: float, workers: int, speed_up: float) -> float:
    return cost / (workers * (1 - 1 / speed_up))


def _find_imbalance(found: object, cost: int, workers: int, speed_up: int) -> str:
    seconds = read_number(found) or 0.0
    length = _compute_break_even(cost, workers, speed_up)
    mistakes = {
        "all tasks together are that long. How long is one?": workers * length,
        f"that takes the pool to be {workers} × as fast as the loop. It is {speed_up} × as fast.":
            cost / (workers - 1),
    }  # fmt: skip
    otherwise = (
        f"with a task of {seconds:g} s the loop takes {workers * seconds:g} s for {workers} of "
        f"them; the pool takes its {cost} s and then {workers * seconds / speed_up:g} s. The two "
        "should be the same."
    )
    return find_mistake(found, length, mistakes, otherwise)


def check_start_share(answer: object, table: pd.DataFrame) -> Judgement:
    """Check what part of a cold pool's time is its start and its end."""
    check_one_run(table, EXAMINED)
    summary = summarise_examination(table).set_index("way")
    if COLD_POOL not in summary.index:
        raise ResultsError("the table has no processes")
    start, whole = (float(summary[name][COLD_POOL]) for name in ("start_seconds", "all_seconds"))
    share = start / whole
    return Answer("start_share", answer).judge_number(
        share,
        f"{state_share(share)} of {state_seconds(whole)}. The more there is to do, the smaller it "
        "gets: the start is paid once.",
        {
            "those are seconds. What share of the pool's time is that?": start,
            "upside down. The start goes over the whole.": 1 / share,
            "that is beside the work alone. The whole counts the start, too.": start
            / (whole - start),
            "that is in percent. The whole is 1.": 100 * share,
        },
        'the row is "cold pool"; divide its `start_seconds` by its `all_seconds`.',
    )


def check_count_tasks(answer: object) -> Judgement:
    """Check a function that tells from how many tasks on a cold pool pays."""
    return Answer("count_tasks", answer).judge_function(
        [(0.1, 0.02, 0.01), (0.5, 0.004, 0.003), (0.03, 0.1, 0.06), (1.0, 0.5, 0.25)],
        _find_wrong_count,
        "each task in the pool saves a little, and the start is what must be saved first.",
    )


def _find_wrong_count(found: object, start: float, loop: float, pool: float) -> str:
    mistakes = {
        "that many tasks take the loop as long as the start. But the pool works, too.": start
        / loop,
        "that counts what a task takes in the pool. What does a task save there?": start / pool,
        "upside down: how often do the savings go into the start?": (loop - pool) / start,
    }
    otherwise = f"each task saves {loop - pool:.3g} s, and {start:g} s must be saved."
    return find_mistake(found, start / (loop - pool), mistakes, otherwise)


def check_roll(answer: object) -> Judgement:
    """Check a function that rolls ten dice by a seed, and by nothing else."""
    first: dict[int, object] = {}
    shared = _read_shared_states()

    def find_fault(found: object, seed: int) -> str:
        number = read_number(found)
        if number is None or not LEAST_ROLLED <= number <= MOST_ROLLED or number % 1:
            return f"ten dice make a whole number from {LEAST_ROLLED} to {MOST_ROLLED}."
        if _read_shared_states() != shared:
            return (
                "that rolls with the random state that all threads share, so another one may roll "
                "in between. Make a state of its own, from the seed."
            )
        if first.setdefault(seed, found) != found:
            return "the same seed gave another sum before. Does anything else play a part?"
        if len(first) > 3 and len({*first.values()}) == 1:
            return "every seed gives the same sum. Does the seed play a part?"
        return ""

    return Answer("roll", answer).judge_function(
        [(1,), (2,), (3,), (1,), (4,), (2,), (5,), (3,), (4,)],
        find_fault,
        "the same seed, the same dice, whoever rolls them: loop, thread or process.",
    )


def _read_shared_states() -> bytes:
    """Read where the random numbers stand that all of this Python draws from."""
    return pickle.dumps((random.getstate(), np.random.get_state()))
