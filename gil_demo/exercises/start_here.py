"""Checks of notebook 00: rounds counted, their spread, ratios inside a round."""

import pandas as pd

from gil_demo.exercises.judging import Judgement, judge_number, judge_numbers
from gil_demo.measuring.runs import BASELINE, check_comparable


def check_rounds(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how many rounds were measured.

    Args:
        answer: the number of rounds.
        table: the run that they were counted in, as `compare` gives it.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_comparable(table)
    rounds = table["round"].nunique()
    return judge_number(
        answer,
        "rounds",
        rounds,
        f"{rounds} rounds, and each way of running was timed once in each of them.",
        {
            "that is the number of rows. Each round has a row for each way of running; "
            "count every round once.": len(table),
            "that is the number of ways of running. Look at the column `round`.": len(
                table["runner"].unique()
            ),
        },
        "count the different values in the column `round`; `nunique` does that.",
    )


def check_spread(answer: object, table: pd.DataFrame) -> Judgement:
    """Check how many times as long the slowest round took as the fastest, by way of running.

    Args:
        answer: a number for each runner, as a Series or a dict.
        table: the run that they were taken from, as `compare` gives it.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_comparable(table)
    seconds = table.groupby("runner")["seconds"]
    spread = (seconds.max() / seconds.min()).to_dict()
    widest = max(spread, key=lambda runner: spread[runner])
    return judge_numbers(
        answer,
        "spread",
        spread,
        f"up to {spread[widest]:.2f} ×, for {widest}. A single timing can't settle a smaller "
        "difference than that.",
        {
            "upside down. Divide the largest by the smallest, so that no ratio is below 1.": {
                runner: 1 / ratio for runner, ratio in spread.items()
            },
            "that is a difference, in seconds. Divide, so that short and long runs can be "
            "compared.": (seconds.max() - seconds.min()).to_dict(),
        },
        "take `max()` and `min()` of each runner's `seconds`, then divide one by the other.",
    )


def check_speed_up(answer: object, table: pd.DataFrame) -> Judgement:
    """Check the speed-up of processes, as the median of the ratios inside each round.

    Args:
        answer: the speed-up, as one number.
        table: the run that it was taken from, as `compare` gives it.

    Returns:
        A `Judgement`, whose words are shown.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_comparable(table)
    rounds = table.pivot_table(index="round", columns="runner", values="seconds")
    loop, processes = rounds[BASELINE], rounds["processes"]
    speed_up = (loop / processes).median()
    return judge_number(
        answer,
        "speed_up",
        speed_up,
        f"{speed_up:.2f} ×, the figure beside the chart's lowest bar. A slow moment of the "
        "machine slows both runs of a round, and their ratio hardly at all.",
        {
            "upside down. The loop's time goes over the processes' time.": (
                (processes / loop).median()
            ),
            "that is the speed-up of threads. Take the column `processes`.": (
                (loop / rounds["threads"]).median()
            ),
            "that is the ratio of two medians. Divide inside each round first, then take the "
            "median.": loop.median() / processes.median(),
        },
        "divide the column `sequential` by `processes`, then take the median of the ratios.",
    )
