"""Ask which is faster: one thread, several threads or several processes."""

from collections.abc import Sequence

import pandas as pd

from gil_demo.arguments import check_count, check_unlike, check_workers
from gil_demo.measurements import Work, check_runners, measure
from gil_demo.results import BASELINE
from gil_demo.runners import RUNNERS, find_reason
from gil_demo.workloads import countdown

DEFAULT_COUNT = 4_000_000


def compare(
    runners: Sequence[str] = ("sequential", "threads", "processes"),
    *,
    workers: int = 2,
    count: int = DEFAULT_COUNT,
    start_method: str | None = None,
    precision: float | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Run the same countdown in several ways, in turn, until the answer is sharp.

    The countdown is cut into one part a worker. The sequential run, which does the parts one
    after another, is always measured, since the others are held against it.

    Args:
        runners: which ways, by name: sequential, threads, processes, interpreters; `list_runners`
            tells which of them there are.
        workers: how many threads, processes or sub-interpreters.
        count: steps of the whole countdown.
        start_method: how processes are started; None means the platform's default.
        precision: half the width of the 95 % interval, as a part of the ratio, at which to stop;
            None means the default of `gil_demo.sampling`.
        budget: seconds after which to stop in any case; None means the default likewise.

    Returns:
        The tidy table: a row for each timed run; the columns and their types are in
        `gil_demo.columns.RUNS`, with the unit in the name.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        RunnerUnavailable: this machine lacks one of the runners; nothing has been started.
        GilDemoError: the run failed.
    """
    names = check_runners(runners)
    check_workers(workers)
    variants = {(BASELINE, 1): workers} | {
        (name, workers): workers for name in names if name != BASELINE
    }
    work = Work("countdown", countdown, check_count(count))
    return measure("compare", work, variants, start_method, precision, budget)


def list_runners() -> pd.DataFrame:
    """List the ways to run a countdown, and why one can't be had here.

    Returns:
        A row for each: runner (its name), available (True or False) and reason (empty, or why
        this Python lacks it).
    """
    reasons = {name: find_reason(name) for name in RUNNERS}
    return pd.DataFrame(
        [
            {"runner": name, "available": not reason, "reason": reason}
            for name, reason in reasons.items()
        ]
    )


def scale(
    workers: Sequence[int] = (1, 2, 4),
    *,
    runners: Sequence[str] = ("threads", "processes"),
    count: int = DEFAULT_COUNT,
    start_method: str | None = None,
    precision: float | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Run the same countdown with more and more workers.

    Args:
        workers: how many threads or processes, each number once.
        runners: which ways, by name; the sequential run is always measured.
        count: steps of the whole countdown, whatever the number of workers.
        start_method: as for `compare`.
        precision: as for `compare`.
        budget: as for `compare`.

    Returns:
        The tidy table, as for `compare`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    names = check_runners(runners)
    numbers = check_unlike("workers", workers, lambda _, number: check_workers(number))
    variants = {(BASELINE, 1): max(numbers)} | {
        (name, number): number for name in names if name != BASELINE for number in numbers
    }
    work = Work("countdown", countdown, check_count(count))
    return measure("scale", work, variants, start_method, precision, budget)
