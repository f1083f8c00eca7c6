"""Ask with which work threads help: waiting, and C code that lets go of the GIL or keeps it."""

from collections.abc import Sequence
from functools import partial

import pandas as pd

from gil_demo.arguments import check_choice, check_unlike, check_workers
from gil_demo.blocking import compress_bytes, hash_bytes, sleep, sort_numbers, write_file
from gil_demo.lifetimes import check_start_method
from gil_demo.loopback import answer_late, ask_slow_server, serving
from gil_demo.measurements import Work, measure
from gil_demo.results import BASELINE, WORKLOADS, combine
from gil_demo.sampling import check_budget, check_precision

DEFAULT_SECONDS_EACH = 2.5
_CONTENDERS = ("threads", "processes")
_SIZES = {
    "sleeping": 60,
    "asking a server": 60,
    "writing a file": 1024,
    "hashing": 16 * 1024,
    "compressing": 16 * 1024,
    "sorting": 100_000,
}
_FUNCTIONS = {
    "sleeping": sleep,
    "writing a file": write_file,
    "hashing": hash_bytes,
    "compressing": compress_bytes,
    "sorting": sort_numbers,
}


def compare_workloads(
    workloads: Sequence[str] = tuple(WORKLOADS),
    *,
    workers: int = 2,
    start_method: str | None = None,
    precision: float | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Run each of several workloads one part after another, in threads and in processes.

    Every worker gets as much to do, and the plain loop does all of it; so the ideal speed-up is
    the number of workers. Each workload is a run of its own.

    Args:
        workloads: which ones, by name: sleeping and asking a server (60 ms for each worker),
            writing a file (1 MiB), hashing (16 MiB), compressing (16 MiB), sorting (100,000
            numbers).
        workers: how many threads or processes.
        start_method: how processes are started; None means the platform's default.
        precision: as for `compare`.
        budget: seconds for all workloads together, shared equally; None means
            `DEFAULT_SECONDS_EACH` for each.

    Returns:
        The tidy table, as for `compare`, with a run for each workload; `count` is milliseconds,
        KiB or numbers. Workers are started once, before the rounds, so that start-up and
        tear-down are 0 in every row.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: a run failed.
    """
    names = check_unlike("workloads", workloads, _check_workload)
    check_workers(workers)
    check_precision(precision)
    check_start_method(start_method)
    allowed = check_budget(DEFAULT_SECONDS_EACH * len(names) if budget is None else budget)
    variants = {(BASELINE, 1): workers} | {(name, workers): workers for name in _CONTENDERS}
    tables = []
    with serving(answer_late) as port:
        for name in names:
            function = _FUNCTIONS.get(name, partial(ask_slow_server, port=port))
            work = Work(name, function, _SIZES[name] * workers)
            seconds = allowed / len(names)
            tables.append(
                measure("workloads", work, variants, start_method, precision, seconds, is_warm=True)
            )
    return combine(tables)


def _check_workload(_: str, value: object) -> str:
    return check_choice("workload", value, list(WORKLOADS))
