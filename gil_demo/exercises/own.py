"""Checks of notebook 13: a function of one's own."""

import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.examination.table import COLD, EXAMINED, summarise_examination
from gil_demo.exercises.judging import Answer, Judgement, find_mistake, read_number
from gil_demo.tables.schema import check_one_run

FEWEST, MOST = 10, 60  # of ten dice


def check_start_share(answer: object, table: pd.DataFrame) -> Judgement:
    """Check what part of a cold pool's time is its start and its end."""
    check_one_run(table, EXAMINED)
    summary = summarise_examination(table).set_index("way")
    if COLD not in summary.index:
        raise ResultsError("the table has no processes")
    start, whole = (float(summary[name][COLD]) for name in ("start_seconds", "all_seconds"))
    share = start / whole
    return Answer("start_share", answer).judge_number(
        share,
        f"{100 * share:.0f} % of {whole:.3g} s. The more there is to do, the smaller it gets: the "
        "start is paid once.",
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
    wanted = "be one number of tasks"
    return find_mistake(found, start / (loop - pool), mistakes, otherwise, wanted)


def check_roll(answer: object) -> Judgement:
    """Check a function that rolls ten dice by a seed, and by nothing else."""
    first: dict[int, object] = {}

    def find_fault(found: object, seed: int) -> str:
        number = read_number(found)
        if number is None or not FEWEST <= number <= MOST or number % 1:
            return f"ten dice make a whole number from {FEWEST} to {MOST}."
        if first.setdefault(seed, found) != found:
            return "the same seed gave another sum before. Is there a random state that is shared?"
        if len(first) > 3 and len({*first.values()}) == 1:
            return "every seed gives the same sum. Does the seed play a part?"
        return ""

    return Answer("roll", answer).judge_function(
        [(1,), (2,), (3,), (1,), (4,), (2,), (5,)],
        find_fault,
        "the same seed, the same dice, whoever rolls them: loop, thread or process.",
    )
