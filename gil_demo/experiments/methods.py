"""Ask what each method of a pool gives, from map to apply_async, and when."""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing.pool import AsyncResult, IMapIterator

import pandas as pd

from gil_demo.arguments import (
    check_choice,
    check_count,
    check_sequence,
    check_unlike,
    check_workers,
)
from gil_demo.columns import ARRIVALS
from gil_demo.columns.pool import METHODS
from gil_demo.lifetimes import HeldPool, check_alive, check_start_method, pool_held
from gil_demo.measurements import collect_facts
from gil_demo.pools import CHECK_SECONDS, describe_work, wait_for
from gil_demo.schemas import make_table
from gil_demo.workloads import compute_default_chunksize, count_numbered, count_pair

DEFAULT_COUNTS = (3_000_000, *(500_000,) * 5)
_CHUNKED = ("map", "starmap")
_LOOK_SECONDS = 0.001
_Answer = tuple[int, float]
_Pairs = Sequence[tuple[int, int]]


def compare_methods(
    methods: Sequence[str] = METHODS,
    *,
    counts: Sequence[int] = DEFAULT_COUNTS,
    workers: int = 2,
    start_method: str | None = None,
) -> pd.DataFrame:
    """Run the same list of tasks through each method of a pool, and note when answers arrive.

    Args:
        methods: which ones, by name: map, starmap, imap, imap_unordered, apply_async.
        counts: the steps of each task, in the order of the list; a long one first shows most.
        workers: how many processes, kept open throughout.
        start_method: how they are started; None means the platform's default.

    Returns:
        A row for each answer: when its task ended, when the caller held it and in which place,
        and when the method returned, in seconds since the method was called. The columns are in
        `gil_demo.columns.ARRIVALS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    names = check_unlike("methods", methods, _check_method)
    pairs = [(n, check_count(c)) for n, c in enumerate(check_sequence("counts", counts), start=1)]
    check_workers(workers)
    method = check_start_method(start_method)
    facts = collect_facts("methods") | {"workers": workers, "start_method": method}
    rows: list[dict[str, object]] = []
    with pool_held(workers, method) as held:
        list(_map(held, pairs))  # not counted: it wakes the workers and the cores
        for name in names:
            chunksize = compute_default_chunksize(len(pairs), workers) if name in _CHUNKED else 1
            told = facts | {"method": name, "chunksize": chunksize}
            rows += [told | row for row in _time_answers(_CALLS[name], held, pairs)]
    return make_table(rows, ARRIVALS)


def _check_method(_: str, value: object) -> str:
    return check_choice("methods", value, METHODS)


def _time_answers(
    call: Callable[[HeldPool, _Pairs], Iterator[_Answer]], held: HeldPool, pairs: _Pairs
) -> list[dict[str, object]]:
    """Call a method and take its answers as soon as they can be had."""
    called = time.perf_counter()
    answers = call(held, pairs)
    returned = time.perf_counter() - called
    steps = dict(pairs)
    rows: list[dict[str, object]] = []
    for place, (task, end) in enumerate(answers, start=1):
        rows.append(
            {
                "task": task,
                "steps": steps[task],
                "place": place,
                "returned_seconds": returned,
                "end_seconds": end - called,
                "arrived_seconds": time.perf_counter() - called,
            }
        )
    return rows


def _map(held: HeldPool, pairs: _Pairs) -> Iterator[_Answer]:
    waiting = held.take_pool().map_async(count_pair, pairs)  # what map does, but with a limit
    wait_for(waiting, held.crew, pairs)
    return iter(waiting.get())


def _starmap(held: HeldPool, pairs: _Pairs) -> Iterator[_Answer]:
    waiting = held.take_pool().starmap_async(count_numbered, pairs)
    wait_for(waiting, held.crew, pairs)
    return iter(waiting.get())


def _imap(held: HeldPool, pairs: _Pairs) -> Iterator[_Answer]:
    return _follow(held.take_pool().imap(count_pair, pairs), held, pairs)


def _imap_unordered(held: HeldPool, pairs: _Pairs) -> Iterator[_Answer]:
    return _follow(held.take_pool().imap_unordered(count_pair, pairs), held, pairs)


def _apply_async(held: HeldPool, pairs: _Pairs) -> Iterator[_Answer]:
    pool = held.take_pool()
    waiting = [pool.apply_async(count_numbered, pair) for pair in pairs]
    return _collect(waiting, held, pairs)


def _follow(answers: "IMapIterator[_Answer]", held: HeldPool, pairs: _Pairs) -> Iterator[_Answer]:
    """Take one answer after another, for as long as the workers live."""
    while True:
        try:
            yield answers.next(CHECK_SECONDS)
        except StopIteration:
            return
        except multiprocessing.TimeoutError:
            check_alive(held.crew, partial(describe_work, pairs))


def _collect(
    waiting: Sequence["AsyncResult[_Answer]"], held: HeldPool, pairs: _Pairs
) -> Iterator[_Answer]:
    """Take each answer when it is there, whatever its place in the list."""
    left = list(waiting)
    while left:
        ready = [one for one in left if one.ready()]
        for one in ready:
            left.remove(one)
            yield one.get()
        if not ready:
            left[0].wait(_LOOK_SECONDS)
            check_alive(held.crew, partial(describe_work, pairs))


_CALLS: dict[str, Callable[[HeldPool, _Pairs], Iterator[_Answer]]] = {
    "map": _map,
    "starmap": _starmap,
    "imap": _imap,
    "imap_unordered": _imap_unordered,
    "apply_async": _apply_async,
}
