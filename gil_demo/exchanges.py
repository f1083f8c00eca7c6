"""What rounds of requests to an echo server sum up to."""

import pandas as pd

from gil_demo.columns import EXCHANGES
from gil_demo.errors import ResultsError
from gil_demo.estimates import estimate_median
from gil_demo.results import check_one_run

KEYS = ["beside", "switch_interval_seconds"]
ALONE = "nothing"


def summarise_exchanges(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one run: a row for each neighbour and switch interval.

    Args:
        table: a table of one run, as `serve` or `sweep_server` gives it.

    Returns:
        The columns beside, switch_interval_seconds, rounds; requests_per_second,
        latency_median_seconds and latency_p99_seconds (medians over the rounds); fewer,
        fewer_low and fewer_high (how many times as many requests the server answered without a
        neighbour in the same round, with the 95 % interval, nan below six rounds).

    Raises:
        ResultsError: the table is not of this kind, holds several runs, or lacks the rounds
            without a neighbour.
    """
    check_one_run(table, EXCHANGES)
    rates = table.assign(requests_per_second=table["requests"] / table["seconds"])
    alone = rates[rates["beside"] == ALONE].set_index("round")["requests_per_second"]
    if alone.empty:
        raise ResultsError("the table has no rounds beside nothing to hold the others against")
    wanted = list(range(1, int(table["rounds"].iloc[0]) + 1))
    for key, group in rates.groupby(KEYS):
        if sorted(group["round"]) != wanted:
            raise ResultsError(
                f"the table is not whole: beside {key[0]} it has {len(group)} rows for "
                f"{len(wanted)} rounds"
            )
    rows = []
    for key, group in rates.groupby(KEYS, sort=False):
        rounds = group.set_index("round")
        fewer = estimate_median(list((alone / rounds["requests_per_second"]).dropna()))
        figures = ["requests_per_second", "latency_median_seconds", "latency_p99_seconds"]
        medians = {name: float(rounds[name].median()) for name in figures}
        ratios = {"fewer": fewer.median, "fewer_low": fewer.low, "fewer_high": fewer.high}
        rows.append(dict(zip(KEYS, key, strict=True)) | {"rounds": fewer.rounds} | medians | ratios)
    summary = pd.DataFrame(rows)
    ranks = summary["beside"].map({ALONE: 0, "process": 1, "thread": 2})
    return (
        summary.assign(rank=ranks)
        .sort_values(["rank", "switch_interval_seconds"], ignore_index=True)
        .drop(columns="rank")
    )
