"""Examine a function: the same tasks in a loop, in threads, in processes and otherwise."""

import math
import pickle
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from gil_demo import checks
from gil_demo.checks import GilDemoError, WorkerDied, check_sequence, shorten
from gil_demo.examination.look import (
    MOST_BYTES,
    Function,
    Look,
    are_alike,
    look_at,
    name_function,
    name_task,
    silenced,
)
from gil_demo.examination.table import BESIDE, CONTROL, EXAMINED, FUNCTION, write_traps
from gil_demo.measuring.progress import shown
from gil_demo.measuring.rounds import Sample, Start, check_budget, make_rows, take_samples
from gil_demo.measuring.runs import BASELINE, collect_facts, started, time_start
from gil_demo.running.intervals import switch_interval_of
from gil_demo.running.limits import TimeUp, limited
from gil_demo.running.pools import (
    HeldPool,
    check_reachable,
    check_start_method,
    find_ban,
    pool_held,
    run_in_pool,
)
from gil_demo.running.runners import ENGINES, find_missing, get_runner
from gil_demo.running.thread_pool import Map, thread_pool
from gil_demo.running.workers import Noted, import_quietly, is_gil_enabled, run_chunk
from gil_demo.running.workloads import (
    compute_default_chunksize,
    countdown,
    measure_steps_per_second,
)
from gil_demo.tables.schema import make_table

LEAST_ROUNDS_WANTED = 10
_LOOK_SHARE = 0.1  # of the budget
_CONTROL_SECONDS = 0.02  # for each task of the control
_TINY_INTERVAL = 2e-6
_BESIDE_INTERVAL = 5e-4
_BESIDE_SECONDS = 0.015
_CHUNK_SHARE = 20  # a chunk takes as many times what it costs to hand it out
_MOST_STARTS, _STARTS_SHARE = 5, 0.05
_REPEATED = 3
_CACHED = 0.2  # a repeated call that takes less than this part of the first was remembered
_UNEVEN = 0.5


class Run(NamedTuple):
    """What one run took, in seconds; see `EXAMINED`."""

    work: float
    cpu_seconds: float = math.nan
    part_seconds: float = math.nan
    beside_seconds: float = math.nan


class _Plan(NamedTuple):
    """How often what is run."""

    places: list[int]  # of the tasks of a run; if once, of all that are run
    size: int  # tasks of a run
    chunksize: int
    part: int  # tasks that are run beside a countdown
    steps: int  # of each task of the control


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
    the same tasks, in the same chunks, in turn. How often the function will be called is printed
    before that. What it prints is kept back.

    Args:
        function: takes one argument.
        arguments: a list, one argument for each task.
        workers: how many threads or processes.
        budget: seconds for all of it; where all tasks would take too long, a sample is run.
        timeout: seconds that one call may take.
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
        GilDemoError: the function raised, or took too long, in the plain loop. What fails in one of
            the other ways is told in the table, and the others are measured.
    """
    given = _check(function, arguments, setup, teardown, once)
    checks.check_workers(workers)
    if once and len(given) < (least := 1 + 2 * (4 + len(ENGINES))):
        raise ValueError(f"once needs at least {least} arguments, not {len(given)}")
    seconds = check_budget(10.0 if budget is None else budget)
    checks.check_number("timeout", timeout, checks.MOST_SECONDS)
    method = check_start_method(start_method)
    asked = _check_engines(engines)
    facts = collect_facts("examine") | {"function": name_function(function), "interpreter": ""}
    facts |= {"workers": workers, "all_tasks": len(given)}
    began = time.monotonic()
    look = look_at(
        function, given, least=1 if once else min(workers, len(given)),
        most=1 if once else len(given), seconds=_LOOK_SHARE * seconds, timeout=timeout,
    )  # fmt: skip
    ways = _Ways(function, given, look, workers, method, timeout, once)
    with ExitStack() as stack:
        stack.callback(ways.forget)
        ways.open(stack, asked)
        left = seconds - (time.monotonic() - began)
        ways.plan = _plan(look, workers, left, len(ways.runs))
        if once:
            ways.plan = _plan_once(ways.plan, look, len(given), workers, len(ways.runs))
        calls = ways.count_calls(left)
        _announce(facts, ways.plan, calls, seconds)
        if not once:
            ways.try_each()
            ways.shrink(seconds - (time.monotonic() - began))
        variants = {
            key: partial(_run_between, setup, teardown, run)
            for key, run in ways.list_variants().items()
        }
        starts = ways.time_starts(_STARTS_SHARE * seconds)
        left = max(0.1, seconds - (time.monotonic() - began))
        taken = take_samples(
            variants, (FUNCTION, BASELINE), budget=left, name=" by ".join, is_warm=True,
            most_rounds=ways.count_slices(),
        )  # fmt: skip

    def describe(one: Sample[Run]) -> dict[str, object]:
        work, runner = one.variant
        told = {"work": work, "runner": runner}
        told["start_method"] = method if runner == "processes" else ""
        own = starts.get(runner, []) if work == FUNCTION else []
        start = own[one.round - 1] if one.round <= len(own) else Start(math.nan, math.nan)
        figures = one.timing._asdict()
        return {**told, **start._asdict(), "seconds": figures.pop("work"), **figures}

    rounds = taken.samples[-1].round
    facts |= _state_facts(look, ways, calls=1 if once else ways.count_made(rounds))
    return make_table(make_rows(taken, facts, describe), EXAMINED)


def _check(
    function: object, arguments: object, setup: object, teardown: object, once: object
) -> list[Any]:
    for name, value in (("function", function), ("setup", setup), ("teardown", teardown)):
        if not callable(value) and (value is not None or name == "function"):
            raise TypeError(f"{name} must be a function, not {shorten(value)}")
    if not isinstance(once, bool):
        raise TypeError(f"once must be True or False, not {shorten(once)}")
    return check_sequence("arguments", arguments)


def _check_engines(engines: object) -> list[str]:
    if isinstance(engines, tuple | list) and not engines:
        return []
    names = checks.check_choices("engines", "engine", engines, [*ENGINES])
    for name in names:
        if reason := find_missing(name):
            raise checks.RunnerUnavailable(f"{name}: {reason}")
    return names


def _run_between(
    setup: Callable[[], object] | None,
    teardown: Callable[[], object] | None,
    run: Callable[[], Run],
) -> Run:
    if setup is not None:
        setup()
    try:
        return run()
    finally:
        if teardown is not None:
            teardown()


def _plan(look: Look, workers: int, seconds: float, ways: int) -> _Plan:
    """Choose how many tasks a run has: all of them, or as many as the time allows."""
    places, each = look.places, max(1e-9, statistics.fmean(look.usual))
    steps = max(1, int(measure_steps_per_second() * min(_CONTROL_SECONDS, seconds / 200)))
    control = LEAST_ROUNDS_WANTED * (workers + 1) * steps / measure_steps_per_second()
    # a part of the tasks is run for twice as long beside a countdown
    runs = LEAST_ROUNDS_WANTED * (ways + 0.5) + ways
    fitting = int(max(0.0, seconds - control) / runs / each)
    size = max(min(workers, len(places)), min(fitting, len(places)))
    if look.answer is not None:  # all answers of a run are held at once
        size = max(1, min(size, 2 * MOST_BYTES // max(1, look.answer.size)))
    if size < len(places) and size > workers:
        size -= size % workers  # so that no worker is left without a task at the end
    part = min(size, max(1, size // 4, math.ceil(_BESIDE_SECONDS / each)))
    return _Plan(sorted(places[:size]), size, 1, part, steps)


def _plan_once(plan: _Plan, look: Look, tasks: int, workers: int, ways: int) -> _Plan:
    """Share out all tasks but the one that was looked at: each run gets its own."""
    places = [place for place in range(tasks) if place not in look.places]
    random.Random(tasks).shuffle(places)
    size = max(1, len(places) // (LEAST_ROUNDS_WANTED * ways))
    if size > workers:
        size -= size % workers
    return plan._replace(places=places, size=size, part=size)


def _announce(facts: Mapping[str, Any], plan: _Plan, calls: int, seconds: float) -> None:
    tasks = facts["all_tasks"]
    chosen = f"{plan.size:,} of " if calls > 1 and plan.size < tasks else ""
    often = f"about {calls:,} times" if calls > 1 else "once at most"
    print(
        f"{facts['function']} will be called {often} on each of {chosen}{tasks:,} arguments, "
        f"within some {seconds:.0f} seconds.",
        flush=True,
    )


class _Ways:
    """The ways of running the tasks that are open, and what was found out about each."""

    plan: _Plan

    def __init__(
        self, function: Function, given: list[Any], look: Look, workers: int, method: str,
        timeout: float, once: bool,
    ) -> None:  # fmt: skip
        self.function, self.given, self.look, self.once = function, given, look, once
        self.workers, self.method, self.timeout = workers, method, timeout
        self.runs: dict[str, Map] = {BASELINE: _run_in_loop}
        self.missing: dict[str, str] = {}
        self.traps = dict(look.traps)
        self.opened: dict[str, list[Start]] = {}
        self.held: HeldPool | None = None
        self.worker_bytes: int | None = None
        self.chunk_seconds = math.nan
        self.gil_in_workers = ""
        self.tried = 0
        self._tried_seconds = 0.0
        inner = getattr(function, "func", function)
        module = getattr(inner, "__module__", None) or type(inner).__module__
        self._prepare = partial(import_quietly, module)
        self._copies: bytes | None = None
        self._slice = 0

    def forget(self) -> None:
        self.held = None

    def open(self, stack: ExitStack, engines: Sequence[str]) -> None:
        """Open all ways that can be had; where one can't, note why."""
        self.runs["threads"] = stack.enter_context(thread_pool(self.workers))
        if reason := self._find_obstacle():
            self.missing |= dict.fromkeys(["processes", *engines], reason)
            if not find_missing("interpreters"):
                self.missing["interpreters"] = reason
            return
        with self._excused("processes"):
            self.held = stack.enter_context(pool_held(self.workers, self.method, self._prepare))
            self.runs["processes"] = self._run_in_pool
        if reason := find_missing("interpreters"):
            self.missing["interpreters"] = reason
        for name in [*(() if reason else ("interpreters",)), *engines]:
            with self._excused(name):
                own = self.opened[name] = []
                run = stack.enter_context(started(get_runner(name), self.workers, own))
                self.runs[name] = partial(_run_by_chunks, run)

    def _find_obstacle(self) -> str:
        if self.look.obstacle or find_ban():
            return self.look.obstacle or find_ban()
        try:
            check_reachable(self.function, is_forked=self.method == "fork")
        except TypeError as reason:
            return str(reason)
        return ""

    @contextmanager
    def _excused(self, name: str) -> Iterator[None]:
        """Leave out a way that fails, and note why."""
        try:
            with silenced():
                yield
        except Exception as reason:
            self.runs.pop(name, None)
            own = isinstance(reason, GilDemoError | TypeError)
            self.missing[name] = f"{'' if own else f'{type(reason).__name__}: '}{reason}"

    def _run_in_pool(
        self, function: Function, tasks: Sequence[Any], chunksize: int, limit: float
    ) -> list[Any]:
        assert self.held is not None
        return [one.answer for one in run_in_pool(self.held, chunksize, function, tasks, limit)]

    def count_calls(self, seconds: float) -> int:
        """Count about how often the function will be called on each argument."""
        if self.once:
            return 1
        each = max(1e-9, statistics.fmean(self.look.usual))
        ways = len(self.runs)
        control = (self.workers + 1) * self.plan.steps / measure_steps_per_second()
        rounds = seconds / (self.plan.size * each * (ways + 0.5) + control)
        return ways + round(max(1.0, rounds) * ways)

    def count_made(self, rounds: int) -> int:
        return 1 + self.tried + rounds * len(self.runs)

    def count_slices(self) -> float:
        """Count the rounds that the tasks are enough for."""
        if not self.once:
            return math.inf
        return len(self.plan.places) // (self.plan.size * len(self.runs))

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

    def _take_tasks(self) -> list[Any]:
        """Take the tasks of the next run; fresh ones where they were used up."""
        places = self.plan.places
        if self.once:
            places = places[self._slice : self._slice + self.plan.size]
            self._slice += self.plan.size
        tasks = [self.given[place] for place in places]
        if not self.look.changes_argument:
            return tasks
        if self._copies is None:
            self._copies = pickle.dumps(tasks)
        return list(pickle.loads(self._copies))

    def _get_limit(self) -> float:
        return self.timeout + 10 * self.plan.size * max(self.look.seconds)

    def _time(self, name: str) -> Run:
        tasks, part, limit = self._take_tasks(), self.plan.part, self._get_limit()
        run, size, cut = self.runs[name], self.plan.chunksize, math.nan
        with silenced(), _named(name):
            began, worked = time.perf_counter(), time.process_time()
            if name == BASELINE:
                run(self.function, tasks[:part], size, limit)
                cut = time.perf_counter() - began
                tasks = tasks[part:]
            if tasks:
                run(self.function, tasks, size, limit)
            taken = time.perf_counter() - began
        is_here = name in (BASELINE, "threads")
        return Run(taken, time.process_time() - worked if is_here else math.nan, cut)

    def _time_control(self, name: str) -> Run:
        tasks = [self.plan.steps] * self.workers
        began, worked = time.perf_counter(), time.process_time()
        self.runs[name](countdown, tasks, 1, self._get_limit())
        return Run(time.perf_counter() - began, time.process_time() - worked)

    def _time_beside(self) -> Run:
        tasks, is_over, told = self._take_tasks()[: self.plan.part], threading.Event(), [0.0]

        def count() -> None:
            began = time.thread_time()
            while not is_over.is_set():
                countdown(500)
            told[0] = time.thread_time() - began

        neighbour = threading.Thread(target=count, daemon=True)
        try:
            with silenced(), switch_interval_of(_BESIDE_INTERVAL):
                neighbour.start()
                began = time.perf_counter()
                _run_in_loop(self.function, tasks, 1, self._get_limit())
                taken = time.perf_counter() - began
        finally:
            is_over.set()
            neighbour.join()
        return Run(taken, beside_seconds=min(told[0], taken))

    def try_each(self) -> None:
        """Run each way once, hold its answers against the first ones, and see what it takes."""
        with shown() as show:
            show("trying each way once")
            is_steady = self._repeat()
            for name in [name for name in self.runs if name != BASELINE]:
                began = time.monotonic()
                with self._excused(name):
                    answers = self._try_pool() if name == "processes" else self._try(name)
                    if is_steady:
                        self._compare(name, answers)
                self._tried_seconds += time.monotonic() - began
        self.tried = len(self.runs) - 1
        self.plan = self.plan._replace(chunksize=self._choose_chunksize())

    def shrink(self, seconds: float) -> None:
        """Take fewer tasks where the first try was slower than a single call let expect."""
        plan, loop = self.plan, self.plan.size * statistics.fmean(self.look.usual)
        rounds = seconds / (1.5 * loop + self._tried_seconds)
        size = max(min(self.workers, plan.size), int(plan.size * rounds / LEAST_ROUNDS_WANTED))
        if size < plan.size:
            size -= size % self.workers if size > self.workers else 0
            places = sorted(random.Random(size).sample(plan.places, size))
            self.plan = plan._replace(places=places, size=size, part=min(plan.part, size))
            self._copies = None

    def _repeat(self) -> bool:
        """Call a few tasks again; tell whether the answers were the same."""
        again = self.look.places[1 : 1 + _REPEATED] or self.look.places[:1]
        first = dict(zip(self.look.places, self.look.seconds, strict=True))
        began = time.perf_counter()
        with silenced():
            copies = (
                pickle.loads(pickle.dumps([self.given[place] for place in again]))
                if (self.look.changes_argument)
                else [self.given[place] for place in again]
            )
            answers = _run_in_loop(self.function, copies, 1, self._get_limit())
        taken, before = time.perf_counter() - began, sum(first[place] for place in again)
        if len(first) > 1 and before > 1e-4 and taken < _CACHED * before:
            self.traps["remembers"] = f"a second call took {taken / before:.1%} of the first"
        kept = self.look.answers
        pairs = [
            (kept[one], other) for one, other in zip(again, answers, strict=True) if one in kept
        ]
        if is_steady := all(are_alike(*pair) for pair in pairs):
            return is_steady
        self.traps["answers differ"] = "from call to call"
        return False

    def _try(self, name: str) -> list[Any]:
        tasks = self._take_tasks()
        if name != "threads":
            return self.runs[name](self.function, tasks, 1, self._get_limit())
        with switch_interval_of(_TINY_INTERVAL):
            return self.runs[name](self.function, tasks, 1, self._get_limit())

    def _try_pool(self) -> list[Any]:
        """Run each task in the pool, find out about its workers, and what ended one, if any."""
        held, tasks = self.held, self._take_tasks()
        assert held is not None
        with tempfile.TemporaryDirectory(prefix="gil_demo-") as folder:
            noted = Noted(self.function, folder)
            try:
                told = self._run_in_pool(noted, [*enumerate(tasks)], 1, self._get_limit())
            except (WorkerDied, TimeUp) as reason:
                how = str(reason).partition(" with ")[0].replace("a worker", "its worker", 1)
                raise GilDemoError(f"{self._name_culprit(folder)}: {how}, in processes") from None
        for place, (is_done, answer) in zip(self.plan.places, told, strict=True):
            if not is_done:
                raise GilDemoError(f"{self._name(place)} raised {answer}, in processes only")
        with suppress(Exception):
            import psutil

            sizes = [psutil.Process(one.pid).memory_full_info().uss for one in held.crew]
            self.worker_bytes = max(sizes)
        gils = set(self._run_in_pool(is_gil_enabled, [None] * self.workers, 1, self.timeout))
        self.gil_in_workers = "on" if True in gils else "off"
        self.chunk_seconds = min(self._time_chunks(40) for _ in range(3))
        return [answer for _, answer in told]

    def _time_chunks(self, number: int) -> float:
        began = time.perf_counter()
        self._run_in_pool(countdown, [1] * number, 1, self.timeout)
        return (time.perf_counter() - began) / number

    def _name_culprit(self, folder: str) -> str:
        assert self.held is not None
        ended = [one.pid for one in self.held.crew if one.exitcode not in (None, 0)]
        for file in (Path(folder, str(pid)) for pid in ended):
            with suppress(OSError, ValueError):
                return self._name(self.plan.places[int(file.read_text())])
        return "a task"

    def _name(self, place: int) -> str:
        return name_task(place, len(self.given), self.given[place])

    def _compare(self, name: str, answers: Sequence[Any]) -> None:
        kept = self.look.answers
        for place, answer in zip(self.plan.places, answers, strict=True):
            if place in kept and not are_alike(kept[place], answer):
                self.traps.setdefault("answers differ", f"in {name}, first of {self._name(place)}")
                return

    def _choose_chunksize(self) -> int:
        """Choose chunks that cost little to hand out: those of `Pool.map`, smaller if uneven."""
        usual = compute_default_chunksize(len(self.given), self.workers)
        fits = compute_default_chunksize(self.plan.size, self.workers)
        times = sorted(self.look.usual)
        mean = statistics.fmean(times)
        price = 0.0 if math.isnan(self.chunk_seconds) else self.chunk_seconds
        least = max(1, math.ceil(_CHUNK_SHARE * price / max(mean, 1e-9)))
        is_uneven = times[int(0.9 * (len(times) - 1))] - times[len(times) // 10] > _UNEVEN * mean
        return max(1, min(usual, fits, least) if is_uneven else min(usual, fits))

    def time_starts(self, seconds: float) -> Mapping[str, list[Start]]:
        """Start more pools and let them go, a few times, for what a cold one costs."""
        starts: list[Start] = []
        if "processes" in self.runs:
            with self._excused("processes"):
                while not starts or (
                    len(starts) < _MOST_STARTS and sum(one.work for one in starts) < seconds
                ):
                    starts.append(time_start(self.workers, self.method, self._prepare))
            self.opened["processes"] = starts
        return self.opened


def _run_in_loop(
    function: Function, tasks: Sequence[Any], _chunksize: int, limit: float
) -> list[Any]:
    with limited(limit):
        return [function(task) for task in tasks]


def _run_by_chunks(
    run: Callable[..., Sequence[Any]], function: Function, tasks: Sequence[Any], chunksize: int,
    _limit: float,
) -> list[Any]:  # fmt: skip
    chunks = [tasks[place : place + chunksize] for place in range(0, len(tasks), chunksize)]
    return [answer for span in run(partial(run_chunk, function), chunks) for answer in span.answer]


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Say in which way a task failed that had been done before."""
    try:
        yield
    except Exception as reason:
        told = (
            "" if isinstance(reason, GilDemoError) else f"a task raised {type(reason).__name__}: "
        )
        way = "the plain loop" if name == BASELINE else name
        raise GilDemoError(f"{told}{reason} (in {way}, in a later round)") from reason


def _state_facts(look: Look, ways: _Ways, calls: int) -> dict[str, object]:
    """State what was found once, for every row."""
    import psutil

    times = pd.Series(look.usual).clip(lower=1e-9)
    sizes = {name: getattr(look, name) for name in ("argument", "answer")}
    is_made = ways.once or len(look.seconds) < 2
    return {
        "tasks": ways.plan.size,
        "chunksize": ways.plan.chunksize,
        "calls": calls,
        "task_seconds": times.median(),
        "task_low_seconds": times.median() if is_made else times.quantile(0.1),
        "task_high_seconds": times.median() if is_made else times.quantile(0.9),
        "task_cpu_percent": round(100 * look.cpu_share, 1),
        **{f"{name}_bytes": one.size if one else None for name, one in sizes.items()},
        **{f"{name}_seconds": one.seconds if one else None for name, one in sizes.items()},
        "chunk_seconds": ways.chunk_seconds,
        "worker_bytes": ways.worker_bytes,
        "free_bytes": psutil.virtual_memory().available,
        "gil_in_workers": ways.gil_in_workers,
        "traps": write_traps(ways.traps),
        "missing": write_traps(ways.missing),
    }
