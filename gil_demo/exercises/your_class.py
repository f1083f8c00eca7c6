"""Checks of notebook 09: paces apart, two stories apart, and each machine beside its own ideal."""

import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.classroom.table import CLASS
from gil_demo.exercises.judging import Judgement, judge_number, judge_numbers
from gil_demo.measuring.runs import BASELINE
from gil_demo.tables.schema import check_kind


def check_paces(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how many times as long the slowest machine's plain loop took as the quickest's.

    Args:
        answer: the ratio, as one number.
        table: the class, as `gather` gives it.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind.
    """
    loops = _pick(table, BASELINE).set_index("file")["seconds"]
    paces = loops.max() / loops.min()
    return judge_number(
        answer,
        "paces",
        paces,
        f"{paces:.1f} ×, from {loops.idxmin()} to {loops.idxmax()}. Of threads it says nothing: "
        "theirs are held against the loop of their own machine.",
        {
            "upside down. The slowest machine's time goes over the quickest's.": 1 / paces,
            "that is a difference, in seconds. Divide.": loops.max() - loops.min(),
            "there, threads and processes count, too. Take the rows of the plain loop alone.": (
                table["seconds"].max() / table["seconds"].min()
            ),
        },
        'take the rows whose `runner` is "sequential", then the largest and the smallest '
        "`seconds`.",
    )


def check_medians(answer: object, table: pd.DataFrame) -> Judgement:
    """Check the median of the threads' ratios, with the GIL and without it.

    Args:
        answer: a number for True, of the machines with the GIL, and for False; a Series or a dict.
        table: the class, as `gather` gives it.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, or nobody ran threads.
    """
    threads = _pick(table, "threads")
    ratios = threads.groupby("gil_enabled")["time_ratio"]
    medians = ratios.median()
    everybody = threads["time_ratio"].median()
    told = [f"{medians[lock]:.2f} {_NAMES[lock]}" for lock in medians.index]
    whole = table.groupby("gil_enabled")["time_ratio"]
    return judge_numbers(
        answer,
        "medians",
        medians.to_dict(),
        f"{' and '.join(told)}; {everybody:.2f} for all together, which leans to whichever group "
        "is larger.",
        {
            "those are means, which one machine far off can pull along. Take the median.": (
                ratios.mean().to_dict()
            ),
            "those are speed-ups. Take the column `time_ratio`.": (
                threads.groupby("gil_enabled")["speed_up"].median().to_dict()
            ),
            "there, the plain loop and the processes count, too. Take the threads' rows alone.": (
                whole.median().to_dict()
            ),
        },
        "`by_lock` is cut in groups already; take the median of each group's `time_ratio`.",
    )


def check_lowest_share(answer: object, table: pd.DataFrame) -> Judgement:
    """Check which part of its own ideal the machine reached that is farthest from it.

    Args:
        answer: the part, as one number.
        table: the class, as `gather` gives it.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, or nobody ran processes.
    """
    processes = _pick(table, "processes").reset_index(drop=True)
    speed_ups = processes["speed_up"]
    workers, cores = processes["workers"].astype(float), processes["usable_cores"].astype(float)
    shares = speed_ups / workers.where(workers < cores, cores)
    farthest = processes.iloc[int(shares.argmin())]
    return judge_number(
        answer,
        "lowest_share",
        shares.min(),
        f"{shares.min():.2f}, on {farthest['file']}: its speed-up is {farthest['speed_up']:.2f}, "
        f"with {farthest['usable_cores']} usable cores and {farthest['workers']} workers.",
        {
            "there, a machine with one core is held against two, which it hasn't. Its ideal is "
            "the smaller of workers and usable cores.": (speed_ups / workers).min(),
            "there, cores count that two workers can't use. The ideal is the smaller of workers "
            "and usable cores.": (speed_ups / cores).min(),
            "that is the lowest speed-up. Divide each by the ideal of its own machine first.": (
                speed_ups.min()
            ),
            "that is the highest part. Which machine reached least?": shares.max(),
            "that is the part in the middle. Which machine reached least?": shares.median(),
        },
        "divide each machine's `speed_up` by its own ideal, then take the smallest.",
    )


_NAMES = {True: "with the GIL", False: "without"}


def _pick(table: pd.DataFrame, runner: str) -> pd.DataFrame:
    check_kind(table, CLASS)
    rows = table[table["runner"] == runner]
    if rows.empty:
        raise ResultsError(f"nobody in the class ran {runner}")
    return rows
