"""Examine a function: the same tasks in a loop, in threads, in processes and otherwise."""

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any

import pandas as pd

from gil_demo import checks
from gil_demo.checks import GilDemoError, check_sequence, shorten, state_failure
from gil_demo.examination.heap import heap_set_aside
from gil_demo.examination.look import Look, check_function, look_at, name_function
from gil_demo.examination.plan import count_least, limit_calls, limit_rounds, make_plan, plan_once
from gil_demo.examination.table import EXAMINED, FUNCTION, write_traps
from gil_demo.examination.trial import try_apart, try_each
from gil_demo.examination.ways import Run, Ways
from gil_demo.measuring.machine import measure_free_bytes
from gil_demo.measuring.rounds import Sample, Start, check_budget, make_rows, take_samples
from gil_demo.measuring.runs import BASELINE, check_runners, collect_facts
from gil_demo.running.pools import check_importing, check_start_method
from gil_demo.running.refusals import explain_unsent
from gil_demo.running.runners import ENGINES, find_missing
from gil_demo.running.workers import is_gil_enabled
from gil_demo.tables.schema import make_table
from gil_demo.words import state_seconds

_LOOK_SHARE, _STARTS_SHARE = 0.1, 0.05  # of the budget
_FEW_TASKS = 10


def examine(
    function: Callable[[Any], object],
    arguments: Sequence[Any],
    *,
    workers: int = 2,
    budget: float = 10.0,
    timeout: float = 30.0,
    start_method: str | None = None,
    engines: Sequence[str] = (),
    setup: Callable[[], object] | None = None,
    teardown: Callable[[], object] | None = None,
    once: bool = False,
) -> pd.DataFrame:
    """Find out what to run your own function with: a loop, threads, processes or something else.

    First each argument of a sample is tried in the plain loop, and each way once. Then all ways run
    the same tasks, in the same chunks, in turn. How often the function will be called at most is
    printed before that. What it prints or logs is kept back. Meanwhile the garbage collector
    doesn't search what was there before (gc.freeze). An argument or an answer of more than 100 MB
    isn't sent to a worker, and a run holds answers of 200 MB in all, or a single one.

    Args:
        function: takes one argument.
        arguments: a list, one argument for each task; unless once, each can be used again, which
            a generator can't.
        workers: how many threads or processes.
        budget: seconds for all of it; where all tasks would take too long, a sample is run.
        timeout: seconds that one call may take. Under Windows, and outside the main thread, a
            call ends at its next step of Python code; and what catches every exception, by a bare
            `except`, can't be stopped in this process.
        start_method: how processes are started; None means the platform's default.
        engines: which of cluster (Dask) and ray to try as well.
        setup: called before each run of the tasks, in this process, and not timed.
        teardown: called after each.
        once: whether no argument may be used twice. Then each run gets tasks of its own, and
            answers aren't compared.

    Returns:
        A row for each timed run; columns carry their unit, see `EXAMINED`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been called.
        RunnerUnavailable: an engine that is asked for isn't installed.
        GilDemoError: setup, teardown or the function raised, or a call took too long, in the plain
            loop or in a later round. What fails when another way is first tried is told in the
            table, and the others are measured.
    """
    check_importing()
    given = _check(function, arguments, setup, teardown, once)
    workers = checks.check_workers(workers)
    seconds = check_budget(budget)
    checks.check_number("timeout", timeout, checks.MOST_SECONDS)
    method = check_start_method(start_method)
    asked = _check_engines(engines)
    most_ways = 3 + (not find_missing("interpreters")) + len(asked)
    if once and len(given) < (least := count_least(workers, most_ways)):
        raise ValueError(f"once needs at least {least} arguments, not {len(given)}")
    facts = collect_facts("examine") | {"function": name_function(function), "interpreter": ""}
    facts |= {"workers": workers, "all_tasks": len(given)}
    likely = 1 if once else limit_calls(most_ways, limit_rounds(seconds))
    _announce(f"{facts['function']} will be called", likely, " with each argument", seconds)
    began = time.monotonic()
    between = partial(_between, setup, teardown)
    with heap_set_aside() as set_aside, ExitStack() as stack:
        with between():
            look = look_at(
                function, given, least=1 if once else min(workers, len(given)),
                most=1 if once else len(given), seconds=_LOOK_SHARE * seconds, timeout=timeout,
            )  # fmt: skip
        facts["gil_enabled"] = is_gil_enabled()  # which its first call may have changed
        set_aside()  # the answers that are held, which no worker needs
        ways = Ways(function, given, look, workers, method, timeout, once, between)
        ways.open(stack, asked)
        left = seconds - (time.monotonic() - began)
        ways.plan = make_plan(look, workers, left, len(ways.runs))
        if once:
            ways.plan = plan_once(ways.plan, look, len(given), workers, len(ways.runs))
        needed = time.monotonic() - began + ways.estimate_least()
        most = ways.limit_rounds(left)
        calls, size = ways.count_calls(most), ways.plan.size
        part = f" (a run takes at most {size:,} of the {len(given):,})" if size < len(given) else ""
        if part or needed > seconds or 2 * calls < likely:
            _announce("After a first look:", calls, part, max(seconds, needed))
        if once:
            try_apart(ways)
        else:
            try_each(ways)
            ways.shrink(seconds - (time.monotonic() - began), most)
            ways.choose_chunks()
        starts = ways.time_starts(_STARTS_SHARE * seconds)
        variants = ways.list_variants()
        left = max(0.1, seconds - (time.monotonic() - began))
        taken = take_samples(
            variants, (FUNCTION, BASELINE), budget=left, name=" by ".join, is_warm=True,
            most_rounds=most,
        )  # fmt: skip

    def describe(one: Sample[Run]) -> dict[str, object]:
        work, runner = one.variant
        own = starts.get(runner, []) if work == FUNCTION else []
        start = own[one.round - 1] if one.round <= len(own) else Start(math.nan, math.nan)
        told = {**one.timing._asdict(), **start._asdict(), "seconds": one.timing.work}
        by = method if runner == "processes" else ""
        return {**told, "work": work, "runner": runner, "start_method": by}

    rounds = taken.samples[-1].round
    loops = [one.timing for one in taken.samples if one.variant == (FUNCTION, BASELINE)]
    facts |= _state_facts(look, ways, ways.count_calls(rounds), loops)
    return make_table(make_rows(taken, facts, describe), EXAMINED)


def _check(
    function: object, arguments: object, setup: object, teardown: object, once: object
) -> list[Any]:
    for name, value in (("function", function), ("setup", setup), ("teardown", teardown)):
        if not callable(value) and (value is not None or name == "function"):
            raise TypeError(f"{name} must be a function, not {shorten(value)}")
    check_function(function)
    if not isinstance(once, bool):
        raise TypeError(f"once must be True or False, not {shorten(once)}")
    given = check_sequence("arguments", arguments)
    for one in given:
        if not once and isinstance(one, Iterator) and explain_unsent([one], "a copy"):
            raise ValueError(
                f"arguments must be what can be used again, not {shorten(one)}; "
                "give list(...) of each, or once=True"
            )
    return given


def _check_engines(engines: object) -> list[str]:
    if isinstance(engines, tuple | list) and not engines:
        return []
    return check_runners(engines, "engine", [*ENGINES])


@contextmanager
def _between(
    setup: Callable[[], object] | None, teardown: Callable[[], object] | None
) -> Iterator[None]:
    _call("setup", setup)
    try:
        yield
    except BaseException:  # which is told, and not what a teardown makes of it
        with suppress(GilDemoError):
            _call("teardown", teardown)
        raise
    _call("teardown", teardown)


def _call(name: str, function: Callable[[], object] | None) -> None:
    try:
        if function is not None:
            function()
    except (Exception, SystemExit) as reason:
        raise GilDemoError(f"{name} raised {state_failure(reason)}") from reason


def _announce(beginning: str, calls: int, end: str, seconds: float) -> None:
    often = f"{calls:,} times" if calls > 1 else "once"
    print(f"{beginning} at most {often}{end}, within about {state_seconds(seconds)}.", flush=True)


def _state_facts(look: Look, ways: Ways, calls: int, loops: Sequence[Run]) -> dict[str, object]:
    """State what was found once, for every row."""
    times = pd.Series(look.own)
    taken = [one.work for one in loops]
    sizes = {name: getattr(look, name) for name in ("argument", "answer")}
    is_few = len(look.usual) < _FEW_TASKS
    if is_few:  # an import at the first call may have been half of them
        times = pd.Series([statistics.median(taken) / ways.plan.size])
    return {
        "tasks": ways.plan.size,
        "chunksize": ways.plan.chunksize,
        "calls": calls,
        "task_seconds": times.median(),
        "growth": math.nan if ways.once else ways.estimate_growth(statistics.median(taken)),
        "task_low_seconds": times.quantile(0.1),
        "task_high_seconds": times.quantile(0.9),
        "task_cpu_percent": round(100 * sum(one.cpu_seconds for one in loops) / sum(taken), 1),
        **{f"{name}_bytes": one.size if one else None for name, one in sizes.items()},
        **{f"{name}_seconds": one.seconds if one else None for name, one in sizes.items()},
        "passing_seconds": ways.passing_seconds,
        "chunk_seconds": ways.chunk_seconds,
        "worker_bytes": ways.worker_bytes,
        "free_bytes": max(1, measure_free_bytes()),
        "gil_in_workers": ways.gil_in_workers,
        "traps": write_traps(ways.traps),
        "missing": write_traps(ways.missing),
    }
