"""Ask what a busy neighbour does to a thread that waits for requests: the convoy effect.

The server is a thread of this process. Its client is a process of its own, so that the GIL of
this process is the server's alone. The neighbour counts down without end: in another thread of
this process, or in a process of its own.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import NamedTuple

import pandas as pd

from gil_demo.arguments import check_choice, check_number, check_switch_interval, check_unlike
from gil_demo.columns import EXCHANGES
from gil_demo.interrupts import held_back
from gil_demo.intervals import PYTHON_INTERVAL, switch_interval_of
from gil_demo.lifetimes import check_start_method
from gil_demo.loopback import Exchange, echo, send_requests, serving
from gil_demo.measurements import collect_facts
from gil_demo.pools import CHECK_SECONDS, processes
from gil_demo.sampling import check_budget, take_samples
from gil_demo.schemas import make_table
from gil_demo.spans import Run
from gil_demo.workloads import call, count_for, countdown

NEIGHBOURS = ("nothing", "thread", "process")
DEFAULT_INTERVALS = (0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02)
DEFAULT_SECONDS = 0.25
MOST_SECONDS = 60.0
_CHUNK_STEPS = 1_000


def serve(
    beside: Sequence[str] = NEIGHBOURS,
    *,
    seconds: float = DEFAULT_SECONDS,
    start_method: str | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Measure an echo server's requests a second beside different neighbours, in turn.

    Args:
        beside: which neighbours: nothing (always measured), thread, process.
        seconds: how long requests are sent in each round, above 0 and at most 60.
        start_method: how the client and the neighbour's process are started; None means the
            platform's default.
        budget: seconds after which to stop; None means the default of `gil_demo.sampling`.

    Returns:
        A table of rounds: for each neighbour and round the requests that were answered and their
        latencies in seconds. The columns and types are in `gil_demo.columns.EXCHANGES`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    names = check_unlike("beside", beside, _check_neighbour)
    variants = [(name, PYTHON_INTERVAL) for name in NEIGHBOURS if name in {"nothing", *names}]
    return _measure(variants, seconds, start_method, budget)


def sweep_server(
    intervals: Sequence[float] = DEFAULT_INTERVALS,
    *,
    seconds: float = DEFAULT_SECONDS,
    start_method: str | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Measure an echo server beside a busy thread at several switch intervals, in turn.

    Args:
        intervals: seconds that a thread may keep the GIL, from a microsecond to a second.
        seconds: as for `serve`.
        start_method: as for `serve`.
        budget: as for `serve`.

    Returns:
        A table as that of `serve`; the server without a neighbour is always measured, at Python's
        own 5 ms.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    chosen = check_unlike("intervals", intervals, check_switch_interval)
    variants = [("nothing", PYTHON_INTERVAL), *[("thread", one) for one in sorted(chosen)]]
    return _measure(variants, seconds, start_method, budget)


def _check_neighbour(_: str, value: object) -> str:
    return check_choice("beside", value, NEIGHBOURS)


class _Round(NamedTuple):
    """What one round gave; `work` is seconds a request."""

    work: float
    exchange: Exchange


def _measure(
    variants: Sequence[tuple[str, float]],
    seconds: float,
    start_method: str | None,
    budget: float | None,
) -> pd.DataFrame:
    check_number("seconds", seconds, MOST_SECONDS)
    allowed = check_budget(budget)
    method = check_start_method(start_method)
    facts = collect_facts("serve")
    by_label = {f"beside {name} at {interval!r} s": (name, interval) for name, interval in variants}
    with serving(echo) as port, processes(2, method) as run:
        send = partial(send_requests, port, seconds)
        rounds: dict[str, Callable[[], _Round]] = {
            label: partial(_run_round, run, send, seconds, *variant)
            for label, variant in by_label.items()
        }
        taken = take_samples(rounds, baseline=next(iter(rounds)), budget=allowed)
    rows = []
    for sample in taken.samples:
        neighbour, interval = by_label[sample.variant]
        exchange = sample.timing.exchange
        rows.append(
            facts
            | {
                "beside": neighbour,
                "switch_interval_seconds": interval,
                "round": sample.round,
                "rounds": taken.samples[-1].round,
                "position": sample.position,
                "requests": exchange.requests,
                "seconds": exchange.seconds,
                "latency_median_seconds": exchange.median_seconds,
                "latency_p99_seconds": exchange.p99_seconds,
            }
        )
    return make_table(rows, EXCHANGES)


def _run_round(
    run: Run, send: Callable[[], Exchange], seconds: float, neighbour: str, interval: float
) -> _Round:
    count = partial(count_for, seconds)
    tasks: list[Callable[[], object]] = [count, send] if neighbour == "process" else [send]
    busy = _busy_thread() if neighbour == "thread" else nullcontext()
    with switch_interval_of(interval), busy:
        exchange = run(call, tasks)[-1].answer
    return _Round(exchange.seconds / exchange.requests, exchange)


@contextmanager
def _busy_thread() -> Iterator[None]:
    """Keep a thread of this process counting down for a while."""
    is_over = threading.Event()

    def work() -> None:
        while not is_over.is_set():
            countdown(_CHUNK_STEPS)

    thread = threading.Thread(target=work, daemon=True)
    try:
        with held_back():  # an interrupt in the midst of a start would lose the thread
            thread.start()
        yield
    finally:
        with held_back():
            is_over.set()
            while thread.is_alive():
                thread.join(CHECK_SECONDS)
