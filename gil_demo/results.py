"""The table: one row for each timed run, and what it sums up to.

Every row carries the facts of its machine, so that tables of many laptops can be put one below
the other.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from pandas.api.types import infer_dtype, is_numeric_dtype

from gil_demo.arguments import is_endless, shorten
from gil_demo.columns import RUNS, VARIANT
from gil_demo.errors import ResultsError
from gil_demo.estimates import Estimate, estimate_median
from gil_demo.schemas import Schema, convert

BASELINE = "sequential"
RUNNER_ORDER = [BASELINE, "threads", "processes", "interpreters"]
WORKLOADS = {
    "sleeping": "waits",
    "asking a server": "waits",
    "writing a file": "waits",
    "hashing": "C code, lets go of the GIL",
    "compressing": "C code, lets go of the GIL",
    "sorting": "C code, keeps the GIL",
}
HELP, NO_HELP, NOT_CLEAR = "threads help", "they don't", "not clear here"
_CLEARLY_FASTER = 1.05
_CLEARLY_NOT = 1.2


def combine(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Put tables one below the other; rows that are there twice stay once.

    Args:
        tables: tables as `compare`, `scale` or `load` give them.

    Returns:
        One table with fresh row numbers.

    Raises:
        TypeError: they are no list of tables.
        ValueError: the list is endless.
        ResultsError: there are no tables, or one is not of this kind.
    """
    checked = _check_iterable("tables", tables)
    if not checked:
        raise ResultsError("there are no tables to combine; give at least one")
    for number, table in enumerate(checked, start=1):
        convert(table, RUNS, f"table {number}")
    combined: pd.DataFrame = pd.concat(checked, ignore_index=True)
    return combined.drop_duplicates(ignore_index=True)


def summarise(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up one run: a row for each variant, with its spread.

    Ratios are taken inside each round, against the sequential run of that round; the median of
    the ratios counts, with its 95 % interval (see `estimate_median`).

    Args:
        table: a table of one run, as `compare` or `scale` gives it.

    Returns:
        A table with the columns runner, workers, start_method, rounds; seconds (median, of the
        work alone), start_up_seconds, tear_down_seconds; time_ratio, time_ratio_low and
        time_ratio_high (the variant's time over the sequential time); speed_up, speed_up_low and
        speed_up_high (the reverse); cold_speed_up (the same with start-up and tear-down
        counted). Ends of intervals are nan below six rounds.

    Raises:
        ResultsError: the table is not of this kind, or holds several runs.
    """
    check_comparable(table)
    baseline = table[table["runner"] == BASELINE].set_index("round")
    rows = []
    for key, group in table.groupby(VARIANT, sort=False, dropna=False):
        runs = group.set_index("round")
        ratio = estimate_median(list((runs["seconds"] / baseline["seconds"]).dropna()))
        cold = estimate_median(list((_total(runs) / _total(baseline)).dropna()))
        medians = runs[["seconds", "start_up_seconds", "tear_down_seconds"]].median()
        rows.append(
            dict(zip(VARIANT, key, strict=True))
            | {"rounds": ratio.rounds}
            | {str(name): float(value) for name, value in medians.items()}
            | _spread_ratio(ratio)
            | {"cold_speed_up": 1 / cold.median}
        )
    summary = pd.DataFrame(rows)
    ranks = summary["runner"].map({name: rank for rank, name in enumerate(RUNNER_ORDER)})
    ranked = summary.assign(rank=ranks.fillna(len(RUNNER_ORDER)))
    return ranked.sort_values(["rank", "workers"], ignore_index=True).drop(columns="rank")


def summarise_workloads(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up runs of several workloads: a row for each workload and way of running.

    Args:
        table: a table as `compare_workloads` gives it.

    Returns:
        The columns of `summarise`, preceded by workload (in the order of `WORKLOADS`) and kind,
        and followed by threads_help: "threads help" where the whole 95 % interval of their
        speed-up is above 1.05, "they don't" where all of it is at or below 1.2, and "not clear
        here" otherwise.

    Raises:
        ResultsError: the table is not of this kind, or has a workload twice.
    """
    check_kind(table, RUNS)
    runs = split_runs(table)
    names = [str(run["workload"].iloc[0]) for run in runs]
    if len(set(names)) < len(names) or not set(names) <= set(WORKLOADS):
        raise ResultsError(
            f"the table must hold one run of each workload, out of {', '.join(WORKLOADS)}; "
            f"it holds {', '.join(names)}"
        )
    ordered = sorted(zip(names, runs, strict=True), key=lambda pair: [*WORKLOADS].index(pair[0]))
    summaries = []
    for name, run in ordered:
        summary = summarise(run)
        summary.insert(0, "workload", name)
        summary.insert(1, "kind", WORKLOADS[name])
        summaries.append(summary.assign(threads_help=_judge_threads(summary)))
    return pd.concat(summaries, ignore_index=True)


def check_predictions(table: pd.DataFrame, helped: Iterable[str]) -> pd.DataFrame:
    """Hold a reader's predictions against what was measured.

    Args:
        table: a table as `compare_workloads` gives it.
        helped: the workloads with which the reader expects threads to help.

    Returns:
        A row for each workload of the table: workload, predicted, measured ("threads help",
        "they don't" or "not clear here") and right (True, False, or None where it isn't clear).

    Raises:
        TypeError: `helped` is no list.
        ResultsError: the table is not of this kind.
        ValueError: a prediction is about a workload that the table doesn't have.
    """
    summary = summarise_workloads(table).drop_duplicates("workload", ignore_index=True)
    predicted = {str(name) for name in _check_iterable("helped", helped)}
    unknown = sorted(predicted - set(summary["workload"]))
    if unknown:
        raise ValueError(
            f"helped must be workloads of the table ({', '.join(summary['workload'])}), "
            f"not {', '.join(unknown)}"
        )
    checked = summary[["workload"]].assign(
        predicted=[HELP if name in predicted else NO_HELP for name in summary["workload"]],
        measured=summary["threads_help"],
    )
    right = [
        None if measured == NOT_CLEAR else measured == guess
        for measured, guess in zip(checked["measured"], checked["predicted"], strict=True)
    ]
    return checked.assign(right=pd.Series(right, dtype="object"))


def _check_iterable(name: str, values: object) -> list[Any]:
    if isinstance(values, str | bytes | pd.DataFrame) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list, not {shorten(values)}")
    if isinstance(values, Sequence) and is_endless(values):
        raise ValueError(f"{name} must be a list of fewer items, not {shorten(values)}")
    return list(values)


def check_kind(table: pd.DataFrame, schema: Schema) -> None:
    """Raise a ResultsError unless the table is of a kind, with numbers where they belong.

    What `convert` makes of a file's texts isn't enough here: the table itself is summed up.
    """
    for name, values in convert(table, schema, "the table").items():
        if is_numeric_dtype(values) and not is_numeric_dtype(table[name]):
            raise ResultsError(f"the table's column {name} must hold numbers, not texts")
        is_text = infer_dtype(table[name], skipna=True) in ("string", "empty")
        if not (is_numeric_dtype(values) or is_text):
            raise ResultsError(f"the table's column {name} must hold texts and nothing else")


def check_one_run(table: pd.DataFrame, schema: Schema) -> None:
    """Raise a ResultsError unless the table is of a kind and holds exactly one run."""
    check_kind(table, schema)
    runs = table["run_id"].nunique()
    if runs != 1:
        raise ResultsError(f"the table holds {runs} runs; give one, such as split_runs yields")


def check_comparable(table: pd.DataFrame) -> None:
    """Raise a ResultsError unless the table holds one run of timed runs, sequential ones too."""
    check_one_run(table, RUNS)
    if BASELINE not in set(table["runner"]):
        raise ResultsError("the table has no sequential rounds to hold the others against")


def list_rows(summary: pd.DataFrame) -> list[Any]:
    """Return the rows of a summary as named tuples."""
    return list(summary.itertuples(index=False))


def split_runs(table: pd.DataFrame) -> list[pd.DataFrame]:
    """Cut a table into one for each run, in the order in which they stand in it."""
    return [group.reset_index(drop=True) for _, group in table.groupby("run_id", sort=False)]


def _judge_threads(summary: pd.DataFrame) -> str:
    threads = summary[summary["runner"] == "threads"]
    if threads.empty:
        return NOT_CLEAR
    low, high = float(threads["speed_up_low"].iloc[0]), float(threads["speed_up_high"].iloc[0])
    if low > _CLEARLY_FASTER:
        return HELP
    return NO_HELP if high <= _CLEARLY_NOT else NOT_CLEAR


def _total(runs: pd.DataFrame) -> "pd.Series[float]":
    return runs["start_up_seconds"] + runs["seconds"] + runs["tear_down_seconds"]


def _spread_ratio(ratio: Estimate) -> dict[str, float]:
    return {
        "time_ratio": ratio.median,
        "time_ratio_low": ratio.low,
        "time_ratio_high": ratio.high,
        "speed_up": 1 / ratio.median,
        "speed_up_low": 1 / ratio.high,
        "speed_up_high": 1 / ratio.low,
    }
