"""The ways of running a function's tasks: opened and timed."""

import math
import os
import pickle
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

from gil_demo.checks import GilDemoError, state_failure
from gil_demo.examination.heap import collect_garbage
from gil_demo.examination.look import Function, Look, name_task, silenced, unwrap
from gil_demo.examination.plan import (
    Plan,
    choose_chunksize,
    compute_control_seconds,
    count_enough,
    fill_workers,
    limit_calls,
    limit_rounds,
    want_rounds,
)
from gil_demo.examination.table import BESIDE, CONTROL, FUNCTION, OWN_THREADS
from gil_demo.measuring.estimates import LEAST_ROUNDS
from gil_demo.measuring.machine import count_waits
from gil_demo.measuring.rounds import Start
from gil_demo.measuring.runs import BASELINE, started, time_start
from gil_demo.running.interrupts import run_within
from gil_demo.running.pools import HeldPool, pool_held, run_in_pool
from gil_demo.running.refusals import check_reachable
from gil_demo.running.runners import (
    Map,
    find_missing,
    get_runner,
    start_threads,
    switch_interval_of,
    thread_pool,
)
from gil_demo.running.spans import cut
from gil_demo.running.workers import (
    call_each,
    call_elsewhere,
    import_quietly,
    is_gil_enabled,
    run_chunk,
)
from gil_demo.running.workloads import countdown

_BESIDE_INTERVAL = 5e-4
_MOST_STARTS = 5
_MORE_ROUNDS = 1.25
_FIRST_TRY = 0.75  # of the rounds, which are quicker than it
_UNEVEN = 3.0  # times as long as a short task
_SPIN_SECONDS = 0.05


class Run(NamedTuple):
    """What one run took, in seconds; see `EXAMINED`."""

    work: float
    cpu_seconds: float = math.nan
    part_seconds: float = math.nan
    beside_seconds: float = math.nan
    waits: float = math.nan  # a number


class Ways:
    """The ways of running the tasks that are open, and what was found out about each."""

    plan: Plan

    def __init__(
        self, function: Function, given: list[Any], look: Look, workers: int, method: str,
        timeout: float, once: bool, between: Callable[[], AbstractContextManager[None]],
    ) -> None:  # fmt: skip
        self.function, self.given, self.look, self.once = function, given, look, once
        self.workers, self.method, self.timeout, self.between = workers, method, timeout, between
        self.runs: dict[str, Map] = {BASELINE: run_in_loop}
        self.missing: dict[str, str] = {}
        self.traps = dict(look.traps)
        self.opened: dict[str, list[Start]] = {"threads": []}
        self.held: HeldPool | None = None
        self.worker_bytes: int | None = None
        self.chunk_seconds = self.passing_seconds = math.nan
        self.gil_in_workers = ""
        self.tried = 0
        self.tried_seconds = 0.0
        inner = unwrap(function)
        module = getattr(inner, "__module__", None) or type(inner).__module__
        self._prepare = partial(import_quietly, module)
        self._slice = 0

    def open(self, stack: ExitStack, engines: Sequence[str]) -> None:
        """Open all ways that can be had; where one can't, note why."""
        self.runs["threads"] = self._run_in_threads
        obstacle = self._find_obstacle()
        for name in ("processes", "interpreters", *engines):
            if reason := find_missing(name) or obstacle:
                self.missing[name] = reason
                continue
            with self.excused(name):
                if name == "processes":
                    held = pool_held(self.workers, self.method, self._prepare)
                    self.held = stack.enter_context(held)
                    self.runs[name] = self.run_in_pool
                    continue
                own = self.opened[name] = []
                run = stack.enter_context(started(get_runner(name), self.workers, own))
                self.runs[name] = partial(_run_by_chunks, run)

    def _find_obstacle(self) -> str:
        if self.look.obstacle:
            return self.look.obstacle
        try:
            check_reachable(self.function, is_forked=self.method == "fork")
        except TypeError as reason:
            return str(reason)
        return ""

    @contextmanager
    def excused(self, name: str) -> Iterator[None]:
        """Leave out a way that fails, and note why."""
        try:
            with silenced():
                yield
        except (Exception, SystemExit) as reason:
            self.runs.pop(name, None)
            is_told = isinstance(reason, GilDemoError | TypeError) and str(reason)
            self.missing[name] = str(reason) if is_told else state_failure(reason)

    def _run_in_threads(
        self, function: Function, tasks: Sequence[Any], chunksize: int, limit: float
    ) -> list[Any]:
        """Run tasks in new threads: how well two share the GIL may differ from pair to pair."""
        began = time.perf_counter()
        with thread_pool(self.workers) as run:
            ready = time.perf_counter()
            answers = run(function, tasks, chunksize, limit)
            done = time.perf_counter()
        self.opened["threads"].append(Start(ready - began, time.perf_counter() - done))
        return answers

    def run_in_pool(
        self, function: Function, tasks: Sequence[Any], chunksize: int, limit: float
    ) -> list[Any]:
        assert self.held is not None
        return run_in_pool(self.held, chunksize, function, tasks, limit).list_answers()

    def limit_rounds(self, seconds: float) -> int:
        """Give the most rounds that are run: somewhat more than are likely to fit."""
        if self.once:
            left = len(self.plan.places) - self.workers * len(self.runs)
            return left // (self.plan.size * len(self.runs))
        loop = self.plan.size * max(1e-9, statistics.fmean(self.look.usual))
        fitting = seconds / (loop * (len(self.runs) + 0.5) + self._get_control_seconds())
        likely = max(LEAST_ROUNDS, math.ceil(_MORE_ROUNDS * fitting))
        return min(likely, limit_rounds(seconds))

    def _get_control_seconds(self) -> float:
        return compute_control_seconds(self.workers, self.plan.steps)

    def count_calls(self, rounds: int) -> int:
        """Count how often so many rounds call the function on the argument that is used most."""
        ways = max(self.tried, len(self.runs))
        return 1 if self.once else limit_calls(ways, rounds) - rounds * (not is_gil_enabled())

    def estimate_least(self) -> float:
        """Estimate the seconds for a first try of each way and one round."""
        tries = 1 if self.once else 2
        return tries * len(self.runs) * self.plan.size * statistics.fmean(self.look.usual)

    def estimate_growth(self, run_seconds: float) -> float:
        """Estimate how many times as long all tasks take as those of a run, nan where it's plain.

        The first look knows how long each takes, and more of them, where they are uneven. It called
        each once: so it is asked for the others alone, and not for those that the rounds timed.
        """
        usual, own = self.look.usual, self.look.own
        if self.plan.size == len(self.given) or _are_even(usual) or _are_even(own):
            return math.nan
        taken = dict(zip(self.look.places[-len(usual) :], own, strict=True))
        mean = statistics.fmean(own)
        run = sum(taken.get(place, mean) for place in self.plan.places)
        return 1 + max(0.0, len(self.given) * mean - run) / run_seconds

    def list_variants(self) -> dict[tuple[str, str], Callable[[], Run]]:
        variants: dict[tuple[str, str], Callable[[], Run]] = {
            (FUNCTION, name): partial(self._time, name) for name in self.runs
        }
        variants[CONTROL, BASELINE] = partial(self._time_control, BASELINE)
        if "processes" in self.runs:
            variants[CONTROL, "processes"] = partial(self._time_control, "processes")
        if is_gil_enabled() and not self.once:
            variants[BESIDE, BASELINE] = self._time_beside
        return variants

    def take_tasks(self, size: int | None = None) -> list[Any]:
        """Take the tasks of the next run."""
        places = self.plan.places
        if self.once:
            end = self._slice + (size or self.plan.size)
            places, self._slice = places[self._slice : end], end
        return self.copy_tasks([self.given[place] for place in places])

    def copy_tasks(self, tasks: list[Any]) -> list[Any]:
        """Copy tasks that a run would change, but for those that can't be copied."""
        if not self.look.changes_argument:
            return tasks
        copies = []
        for task in tasks:
            with suppress(Exception):
                task = pickle.loads(pickle.dumps(task))
            copies.append(task)
        return copies

    def get_limit(self) -> float:
        """Get the seconds for a run: one long task, and ten times what all of them usually take."""
        return self.timeout + 10 * self.plan.size * statistics.fmean(self.look.usual)

    def _settle(self) -> None:
        """Have the run before leave nothing to the next one: garbage, or threads that go on.

        OpenBLAS's look for more work for 2**28 ticks of the processor's clock, some 0.1 s, and keep
        a core busy: right after a pool's products a loop took 187 ms in place of 105, and 129 after
        0.05 s (two cores, November 2026). To wait for all of it would leave too few rounds.
        """
        collect_garbage()
        if OWN_THREADS in self.traps:
            time.sleep(_SPIN_SECONDS)

    def _time(self, name: str) -> Run:
        tasks, limit = self.take_tasks(), self.get_limit()
        with self.between(), silenced(), _named(name):
            self._settle()
            if name == BASELINE:
                parts = self._divide(tasks)
                told: Run = run_within(limit, call_elsewhere, self._time_loop, *parts)
                return told
            waits, began = count_waits(), time.perf_counter()
            self.runs[name](self.function, tasks, self.plan.chunksize, limit)
            taken = time.perf_counter() - began
            if name != "threads":
                return Run(taken)
            taken -= self.opened[name][-1].work  # they start in each run, and once for all tasks
            return Run(taken, waits=count_waits() - waits)

    def _time_loop(self, some: list[Any], others: list[Any]) -> Run:
        """Time the plain loop, some of its tasks apart, without what it takes to set a limit."""
        theirs, own, began = _read_children_seconds(), time.process_time(), time.perf_counter()
        answers = [self.function(task) for task in some]
        part = time.perf_counter() - began
        answers += [self.function(task) for task in others]
        taken = time.perf_counter() - began
        own = time.process_time() - own
        return Run(taken, own + _read_children_seconds() - theirs, part)

    def _divide(self, tasks: list[Any]) -> tuple[list[Any], list[Any]]:
        """Divide tasks: some, from all over the list, beside which a countdown runs, and others."""
        chosen = {len(tasks) * number // self.plan.part for number in range(self.plan.part)}
        some = [task for place, task in enumerate(tasks) if place in chosen]
        return some, [task for place, task in enumerate(tasks) if place not in chosen]

    def _time_control(self, name: str) -> Run:
        tasks = [self.plan.steps] * self.workers
        self._settle()
        began, worked = time.perf_counter(), time.process_time()
        self.runs[name](countdown, tasks, 1, self.get_limit())
        return Run(time.perf_counter() - began, time.process_time() - worked)

    def _time_beside(self) -> Run:
        (tasks, _), told = self._divide(self.take_tasks()), [0.0]
        is_begun, is_over = threading.Event(), threading.Event()

        def count() -> None:
            is_begun.wait()  # else it would have a first turn before the clock runs
            began = time.thread_time()
            while not is_over.is_set():
                countdown(500)
            told[0] = time.thread_time() - began

        neighbour = threading.Thread(target=count, daemon=True)
        try:
            start_threads([neighbour])
            with (
                self.between(), silenced(), _named(BASELINE), switch_interval_of(_BESIDE_INTERVAL)
            ):  # fmt: skip
                self._settle()
                began = time.perf_counter()
                is_begun.set()
                run_in_loop(self.function, tasks, 1, self.get_limit())
                taken = time.perf_counter() - began
                is_over.set()  # before a teardown, which isn't the function's
        finally:
            is_over.set()
            is_begun.set()
            if neighbour.ident is not None:  # else the system has refused it
                neighbour.join()
        return Run(taken, beside_seconds=min(told[0], taken))

    def choose_chunks(self) -> None:
        chunksize = choose_chunksize(self.look, self.plan.size, self.workers, self.chunk_seconds)
        self.plan = self.plan._replace(chunksize=chunksize)

    def shrink(self, seconds: float, most_rounds: int) -> None:
        """Take fewer tasks where the first try was slower than a single call let expect."""
        plan, loop = self.plan, self.plan.size * statistics.fmean(self.look.usual)
        rounds = seconds / (1.5 * loop + self.tried_seconds + self._get_control_seconds())
        wanted = min(most_rounds, want_rounds(seconds, len(self.runs)))
        size = max(min(self.workers, plan.size), int(plan.size * rounds / wanted))
        # a first try takes longer than those that follow
        if size < plan.size and rounds < _FIRST_TRY * count_enough(self.look):
            size = fill_workers(size, self.workers)
            places = sorted(random.Random(size).sample(plan.places, size))
            self.plan = plan._replace(places=places, size=size, part=min(plan.part, size))

    def name_task(self, place: int) -> str:
        return name_task(place, len(self.given), self.given[place])

    def time_starts(self, seconds: float) -> Mapping[str, list[Start]]:
        """Start more pools and let them go, a few times, for what a cold one costs."""
        self.opened["threads"].clear()  # the first try is no round
        starts: list[Start] = []
        if "processes" in self.runs:
            with self.excused("processes"):
                while not starts or (
                    len(starts) < _MOST_STARTS and sum(one.work for one in starts) < seconds
                ):
                    starts.append(time_start(self.workers, self.method, self._prepare))
            self.opened["processes"] = starts
        return self.opened


def _are_even(seconds: Sequence[float]) -> bool:
    ordered = sorted(seconds)
    return ordered[-1] < _UNEVEN * ordered[len(ordered) // 10]


def _read_children_seconds() -> float:
    """Read the seconds that programs which this process ran had on cores; Windows doesn't tell."""
    times = os.times()
    return times.children_user + times.children_system


def run_in_loop(
    function: Function, tasks: Sequence[Any], _chunksize: int, limit: float
) -> list[Any]:
    return run_within(limit, call_elsewhere, call_each, function, tasks)


def _run_by_chunks(
    run: Callable[..., Sequence[Any]], function: Function, tasks: Sequence[Any], chunksize: int,
    limit: float,
) -> list[Any]:  # fmt: skip
    spans = run_within(limit, run, partial(run_chunk, function), cut(tasks, chunksize))
    return [answer for span in spans for answer in span.answer]


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Say in which way a task failed that had been done before."""
    try:
        yield
    except (Exception, SystemExit) as reason:
        way = "the plain loop" if name == BASELINE else name
        told = state_failure(reason)
        raise GilDemoError(f"in a later round of {way} a task failed: {told}") from reason
