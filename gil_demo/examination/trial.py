"""The first try of each way: whether it can be had, what it takes, and whether answers agree."""

import math
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from gil_demo.checks import GilDemoError, WorkerDied, state_failure
from gil_demo.examination.look import silenced, time_call
from gil_demo.examination.parcels import are_alike
from gil_demo.examination.table import IS_ON, TURNS_ON
from gil_demo.examination.ways import Ways, run_in_loop
from gil_demo.measuring.machine import can_do_without_gil
from gil_demo.measuring.runs import BASELINE
from gil_demo.running.interrupts import TimeUp
from gil_demo.running.runners import switch_interval_of
from gil_demo.running.workers import Noted, is_gil_enabled, swallow, tell_gil
from gil_demo.running.workloads import countdown

_TINY_INTERVAL = 2e-6
_REPEATED, _CHUNKS = 3, 40
_CACHED = 0.2  # a repeated call that takes less than this part of the first was remembered


def try_each(ways: Ways) -> None:
    """Run each way once, hold its answers against the first ones, and see what it takes."""
    is_steady, began, ways.tried = _repeat(ways), time.monotonic(), len(ways.runs)
    for name in [name for name in ways.runs if name != BASELINE]:
        with ways.between(), ways.excused(name):
            answers = _try_pool(ways) if name == "processes" else _try(ways, name)
            if is_steady:
                _compare(ways, name, answers)
            if name == "interpreters":
                ways.passing_seconds = _time_sending(ways)
    if can_do_without_gil() and is_gil_enabled() and TURNS_ON not in ways.traps:
        ways.traps[IS_ON] = ""
    ways.look.answers.clear()  # which the collector would search in each run
    ways.tried_seconds = time.monotonic() - began


def try_apart(ways: Ways) -> None:
    """Run each way on a few tasks that no other run gets, and leave out those that fail."""
    for name in [name for name in ways.runs if name != BASELINE]:
        tasks = ways.take_tasks(ways.workers)
        with ways.between(), ways.excused(name):
            ways.runs[name](ways.function, tasks, 1, ways.get_limit())


def _repeat(ways: Ways) -> bool:
    """Call a few tasks again; tell whether the answers were the same."""
    again = ways.look.places[1 : 1 + _REPEATED] or ways.look.places[:1]
    first = dict(zip(ways.look.places, ways.look.seconds, strict=True))
    tasks = ways.copy_tasks([ways.given[place] for place in again])
    answers, shares = [], []
    call = partial(time_call, ways.function)
    with ways.between(), silenced():
        for place, task in zip(again, tasks, strict=True):
            try:
                ((answer, seconds, _),) = run_in_loop(call, [task], 1, ways.get_limit())
            except (Exception, SystemExit) as reason:
                told = f"{ways.name_task(place)} raised {state_failure(reason)}"
                raise GilDemoError(
                    f"{told}, when it was called again: examine it with once=True"
                ) from reason
            answers.append(answer)
            shares.append(seconds / max(1e-9, first[place]))
    share = statistics.median(shares)
    if len(again) > 1 and share < _CACHED and first[again[0]] > 1e-4:
        ways.traps["remembers"] = f"a second call took {100 * share:.1f} % of the first"
    kept = ways.look.answers
    pairs = zip(again, answers, strict=True)
    is_steady = all(one not in kept or are_alike(kept[one], other) for one, other in pairs)
    if not is_steady:
        ways.traps["answers differ"] = "from call to call"
    return is_steady


def _try(ways: Ways, name: str) -> list[Any]:
    interval = _TINY_INTERVAL if name == "threads" else sys.getswitchinterval()
    with switch_interval_of(interval):
        return ways.runs[name](ways.function, ways.take_tasks(), 1, ways.get_limit())


def _try_pool(ways: Ways) -> list[Any]:
    """Run each task in the pool, find out about its workers, and what ended one, if any."""
    held, tasks = ways.held, ways.take_tasks()
    assert held is not None
    with tempfile.TemporaryDirectory(prefix="gil_demo-", ignore_cleanup_errors=True) as folder:
        noted = Noted(ways.function, folder)
        try:
            told = ways.run_in_pool(noted, [*enumerate(tasks)], 1, ways.get_limit())
        except (WorkerDied, TimeUp) as reason:
            how = str(reason).partition(" with ")[0].replace("a worker", "its worker", 1)
            raise GilDemoError(f"{_name_culprit(ways, folder)}: {how}, in processes") from None
    for place, (is_done, answer) in zip(ways.plan.places, told, strict=True):
        if not is_done:
            raise GilDemoError(f"{ways.name_task(place)} raised {answer}, in processes")
    with suppress(Exception):
        import psutil

        sizes = [psutil.Process(one.pid).memory_full_info().uss for one in held.crew]
        ways.worker_bytes = max(sizes)
    gils = ways.run_in_pool(tell_gil, [None] * ways.workers, 1, ways.timeout)
    ways.gil_in_workers = "on" if any(is_on for is_on, _ in gils) else "off"
    if culprits := {one for _, found in gils for one in found}:
        ways.traps[TURNS_ON] = ", ".join(sorted(culprits))
    ways.chunk_seconds = min(_time_chunks(ways) for _ in range(3))
    return [answer for _, answer in told]


def _time_chunks(ways: Ways) -> float:
    began = time.perf_counter()
    ways.run_in_pool(countdown, [1] * _CHUNKS, 1, ways.timeout)
    return (time.perf_counter() - began) / _CHUNKS


def _time_sending(ways: Ways) -> float:
    """Time what it takes to pass the largest argument to a sub-interpreter, nan if unknown."""
    if ways.look.argument is None or ways.look.argument.content is None:
        return math.nan

    def time_best(value: object) -> float:
        seconds = []
        for _ in range(_REPEATED):
            began = time.perf_counter()
            ways.runs["interpreters"](swallow, [value], 1, ways.timeout)
            seconds.append(time.perf_counter() - began)
        return min(seconds)

    empty = time_best(None)
    return max(0.0, time_best(pickle.loads(ways.look.argument.content)) - empty)


def _name_culprit(ways: Ways, folder: str) -> str:
    assert ways.held is not None
    ended = [one.pid for one in ways.held.crew if one.exitcode is not None]
    for file in (Path(folder, str(pid)) for pid in ended):
        with suppress(OSError, ValueError):
            return ways.name_task(ways.plan.places[int(file.read_text())])
    return "a task"


def _compare(ways: Ways, name: str, answers: Sequence[Any]) -> None:
    kept = ways.look.answers
    for place, answer in zip(ways.plan.places, answers, strict=True):
        if place in kept and not are_alike(kept[place], answer):
            ways.traps.setdefault("answers differ", f"in {name}, first of {ways.name_task(place)}")
            return
