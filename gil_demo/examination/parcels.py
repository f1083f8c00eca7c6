"""What a stranger's values are when they are pickled: their bytes, their price, and what changed.

A pickle is what a worker process gets, and the one copy that anything can be asked for.
"""

import hashlib
import io
import math
import pickle
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

MOST_BYTES = 100_000_000
"""The largest argument or answer that is sent to a worker, and all answers that are kept."""
MOST_REBUILT_BYTES = 20_000_000
"""What is larger is pickled to be weighed, but not rebuilt."""
_MOST_GLOBAL_BYTES = 1_000_000
_MOST_PARTS = 200_000  # which are compared one by one
_SHORT_BYTES = 1_000_000  # which take no time to pickle again


class Parcel(NamedTuple):
    """What sending a value costs: its bytes, the seconds to pickle and to rebuild it."""

    size: int
    seconds: float
    content: bytes | None  # None where it is large: then the seconds are those to pickle it


class Scales(io.RawIOBase):
    """Counts what is written, and keeps none of it; raises an OverflowError above `most` bytes."""

    size = 0
    most = math.inf

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes  # large arrays come as buffers, which have no length
        self.size += size
        if self.size > self.most:
            raise OverflowError
        return size


def weigh(value: object) -> Parcel:
    """Measure what a value takes to be pickled and rebuilt; raises what pickle raises."""
    scales = Scales()
    began = time.perf_counter()
    pickle.Pickler(scales, pickle.HIGHEST_PROTOCOL).dump(value)
    seconds = time.perf_counter() - began
    if scales.size > MOST_BYTES:
        return Parcel(scales.size, seconds, None)
    is_rebuilt, seconds = scales.size <= MOST_REBUILT_BYTES, math.inf
    for _ in range(3 if scales.size < _SHORT_BYTES else 1):  # others lengthen a short one
        began = time.perf_counter()
        content = pickle.dumps(value)  # a copy, as a worker gets it: scales need none
        if is_rebuilt:
            pickle.loads(content)
        seconds = min(seconds, time.perf_counter() - began)
    return Parcel(len(content), seconds, content if is_rebuilt else None)


def snapshot(function: Any) -> dict[str, bytes]:
    """Pickle the data among the globals that a function, or one that it calls, makes use of."""
    state: dict[str, bytes] = {}
    for name, value in _list_globals(function, set()):
        try:
            scales = Scales()
            scales.most = _MOST_GLOBAL_BYTES
            pickle.Pickler(scales, pickle.HIGHEST_PROTOCOL).dump(value)  # which copies no array
            state[name] = pickle.dumps(value)
        except Exception:
            continue
    return state


def _list_globals(function: Any, seen: set[CodeType]) -> Iterator[tuple[str, object]]:
    if isinstance(function, partial):
        yield from (
            (name, held) for name in ("args", "keywords") if (held := getattr(function, name))
        )
        function = function.func
    call = getattr(type(function), "__call__", None)  # noqa: B004, it is called by its class
    if isinstance(call, FunctionType):  # of an object that can be called
        function = call.__get__(function)
    owner = getattr(function, "__self__", None)  # of a method
    if not isinstance(owner, ModuleType | type | None):
        yield "self", owner
    function = getattr(function, "__func__", function)
    if not isinstance(function, FunctionType) or function.__code__ in seen:
        return
    seen.add(function.__code__)
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
    found = {name: cell.cell_contents for name, cell in cells if cell != CellType()}
    names = {name for code in _list_codes(function.__code__) for name in code.co_names}
    if function.__defaults__:
        found["default"] = function.__defaults__
    known = function.__globals__
    found |= {name: known[name] for name in names if name in known and name not in found}
    for name, value in found.items():
        if isinstance(value, FunctionType) and value.__module__ == function.__module__:
            yield from _list_globals(value, seen)
        elif not (isinstance(value, ModuleType | type) or callable(value)):
            yield name, value


def _list_codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _list_codes(constant)


def are_alike(one: Any, other: Any) -> bool:
    """Tell whether two answers, or all their parts, are equal or are so when pickled.

    Pickles alone tell of arrays and nan. But of what has sets, or one text twice, they may differ
    from those of a copy. Parts that refer to each other in circles are compared once.
    """
    with suppress(Exception):
        if _digest(one) == _digest(other):
            return True
    pairs, seen = [(one, other)], set[tuple[int, int]]()
    for first, second in pairs:  # it grows, and so keeps the parts that are known by their ids
        if (id(first), id(second)) in seen:
            continue
        seen.add((id(first), id(second)))
        parts = None
        with suppress(Exception):
            parts = _pair_parts(first, second)
        if parts is None and not _are_equal(first, second):
            return False
        pairs += parts or []
        if len(pairs) > _MOST_PARTS:
            break
    return True


class _Digest:
    """A file that keeps a digest of what is written."""

    def __init__(self) -> None:
        self.hash = hashlib.blake2b()

    def write(self, data: Any) -> None:
        self.hash.update(data)


def _digest(value: object) -> bytes:
    file: Any = _Digest()
    pickle.Pickler(file, pickle.HIGHEST_PROTOCOL).dump(value)
    digest: bytes = file.hash.digest()
    return digest


def _are_equal(one: Any, other: Any) -> bool:
    with suppress(Exception):
        if bool(one == other):
            return True
    with suppress(Exception):
        return _digest(one) == _digest(other)
    return type(one) is type(other)  # nothing more can be told


def _pair_parts(one: Any, other: Any) -> list[tuple[Any, Any]] | None:
    """Pair the parts of containers, or of objects of a plain class; None for all else."""
    if len({type(one), type(other)}) > 1:
        return None
    kind: Any = type(one)
    if isinstance(one, dict):
        if one.keys() == other.keys():  # in any order
            return [(value, other[key]) for key, value in one.items()]
        one, other = [*one.items()], [*other.items()]
    elif not isinstance(one, list | tuple):
        is_plain = kind.__eq__ is object.__eq__ and kind.__reduce__ is object.__reduce__
        return [(vars(one), vars(other))] if is_plain and not callable(one) else None
    return [(len(one), len(other)), *zip(one, other, strict=False)]
