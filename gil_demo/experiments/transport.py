"""Ask what it costs to bring data to a worker and back, by each way there is."""

import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from gil_demo.arguments import check_unlike, check_whole_number
from gil_demo.blocks import block_held, check_room, start_tracker
from gil_demo.cargo import keep, keep_all, make_bytes, measure_kept, measure_length, read_block
from gil_demo.columns import TRANSFERS
from gil_demo.errors import GilDemoError
from gil_demo.lifetimes import HeldPool, check_start_method, pool_held
from gil_demo.measurements import collect_facts
from gil_demo.pools import wait_for
from gil_demo.sampling import check_budget, take_samples
from gil_demo.schemas import make_table

DEFAULT_SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
DEFAULT_SECONDS = 10.0
MOST_BYTES = 1_000_000_000
_MOST_NUMBERS = 1_000_000
_BYTES_A_NUMBER = 9  # a float takes one byte for its kind and eight for itself
_ROUNDS = 9  # six, one to warm up, and what a busy machine adds
_SMALL_BYTES = 1_000
_TRIAL_BYTES = 10_000_000
_COPIES = 8


class Transfer(NamedTuple):
    """How long it took to carry some data, in seconds."""

    work: float


class _Variant(NamedTuple):
    kind: str
    way: str
    size_bytes: int


def compare_transport(
    sizes: Sequence[int] = DEFAULT_SIZES,
    *,
    start_method: str | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Carry data of several sizes to a worker, by each way, in turn.

    The ways: as the argument of a task, as its result, in a shared memory block, with the start
    of a new pool (by its initializer), and not at all, since the worker has kept it. Pickling
    alone, without any transport, is measured beside them. The data are bytes, and for the
    argument and for pickling a list of numbers too.

    New pools are started for the smallest size and for the two largest ones only, and numbers are
    sent up to a million bytes: they take longest. Sizes that would leave too few rounds in the
    time allowed, or that this machine's memory has no room for, are left out, the largest first;
    so are blocks that shared memory has no room for.

    Args:
        sizes: bytes when pickled, each size once, from a thousand to a billion.
        start_method: how the worker is started; None means the platform's default.
        budget: seconds after which to stop; None means `DEFAULT_SECONDS`.

    Returns:
        A table of rounds; the columns and types are in `gil_demo.columns.TRANSFERS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    asked = check_unlike(
        "sizes", sizes, lambda n, size: check_whole_number(n, size, 1_000, MOST_BYTES)
    )
    method = check_start_method(start_method)
    seconds = check_budget(DEFAULT_SECONDS if budget is None else budget)
    facts = collect_facts("transfers") | {"start_method": method}
    start_tracker()
    chosen = _choose_sizes(sorted(asked), method, seconds)
    with pool_held(1, method, partial(keep_all, [make_bytes(size) for size in chosen])) as held:
        variants = {
            f"{v.kind} of {v.size_bytes:,} bytes, {v.way}": v for v in _list_variants(chosen)
        }
        taken = take_samples(
            {label: partial(_time, held, v, method) for label, v in variants.items()},
            baseline=next(iter(variants)),
            budget=seconds,
        )
    rows = [
        facts
        | variants[sample.variant]._asdict()
        | {
            "round": sample.round,
            "rounds": taken.samples[-1].round,
            "position": sample.position,
            "seconds": sample.timing.work,
        }
        for sample in taken.samples
    ]
    return make_table(rows, TRANSFERS)


def _choose_sizes(sizes: list[int], method: str, seconds: float) -> list[int]:
    """Leave out the largest sizes until rounds enough fit in the time, and copies in the memory."""
    import psutil

    room = psutil.virtual_memory().available / _COPIES
    if sizes[0] > room:
        raise GilDemoError(
            f"this machine has memory for pieces of {room / 1e6:,.0f} MB, not for one of "
            f"{sizes[0] / 1e6:,.0f} MB: take less data"
        )
    sizes = [size for size in sizes if size <= room]
    trial = [_SMALL_BYTES, max(2 * _SMALL_BYTES, min(_TRIAL_BYTES, sizes[-1]))]
    with pool_held(1, method, partial(keep_all, [make_bytes(size) for size in trial])) as held:
        times = {
            variant: _watch(held, variant, method)
            for variant in _list_variants(trial)
            if variant.kind == "bytes"
        }
    while len(sizes) > 1 and _predict_round(sizes, times) > seconds / _ROUNDS:
        sizes = sizes[:-1]
    return sizes


def _watch(held: HeldPool, variant: _Variant, method: str) -> float:
    """Return the seconds that a measurement takes, the making of its data included."""
    began = time.perf_counter()
    _time(held, variant, method)
    return time.perf_counter() - began


def _predict_round(sizes: Sequence[int], times: Mapping[_Variant, float]) -> float:
    """Predict the seconds that a round takes, by those of a small and of a large piece of data.

    Numbers are left out: there are few of them.
    """
    small, large = sorted({variant.size_bytes for variant in times})
    predicted = 0.0
    for variant in _list_variants(sizes):
        ends = [times.get(variant._replace(size_bytes=size)) for size in (small, large)]
        if variant.kind == "bytes" and ends[0] is not None and ends[1] is not None:
            a_byte = max(0.0, ends[1] - ends[0]) / (large - small)
            predicted += ends[0] + a_byte * max(0, variant.size_bytes - small)
    return predicted


def _list_variants(sizes: Sequence[int]) -> list[_Variant]:
    variants = []
    for size in sizes:
        ways = ["argument", "result", "pickling", "kept"]
        ways += ["initializer"] * (size in (sizes[0], *sizes[-2:]))
        ways += ["shared memory"] * _has_room(size)
        variants += [_Variant("bytes", way, size) for way in ways]
        if size <= _MOST_NUMBERS:
            variants += [_Variant("numbers", way, size) for way in ("argument", "pickling")]
    return variants


def _has_room(size: int) -> bool:
    try:
        check_room(size)
    except GilDemoError:
        return False
    return True


def _time(held: HeldPool, variant: _Variant, method: str) -> Transfer:
    size = variant.size_bytes
    data: Any = make_bytes(size)
    if variant.kind == "numbers":
        data = [float(number) for number in range(max(1, size // _BYTES_A_NUMBER))]
    steps: dict[str, Callable[[], object]] = {
        "pickling": lambda: pickle.loads(pickle.dumps(data)),
        "argument": lambda: _ask(held, measure_length, data),
        "result": lambda: _ask(held, make_bytes, size),
        "shared memory": lambda: _share(held, data),
        "initializer": lambda: _start_with(data, method),
        "kept": lambda: _ask(held, measure_kept, size),
    }
    began = time.perf_counter()
    steps[variant.way]()
    return Transfer(time.perf_counter() - began)


def _ask(held: HeldPool, function: Callable[..., object], *arguments: object) -> object:
    """Run one task in a pool that is held, without a wait without end."""
    answer = held.take_pool().apply_async(function, arguments)
    wait_for(answer, held.crew, [function.__name__])
    return answer.get()


def _share(held: HeldPool, data: bytes) -> object:
    with block_held(data) as name:
        return _ask(held, read_block, name, len(data))


def _start_with(data: bytes, method: str) -> None:
    """Start a pool whose worker is given the data, and let it go."""
    with pool_held(1, method, partial(keep, data)):
        pass
