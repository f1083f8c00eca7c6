"""A first look at a stranger's function: called in this process, within a limit, once a task.

It tells how long tasks take, what it costs to send them to a worker, and which traps lie there.
"""

import inspect
import io
import logging
import pickle
import random
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import Any, NamedTuple

from gil_demo.checks import GilDemoError, shorten, state_failure
from gil_demo.examination.heap import count_searches, time_search
from gil_demo.examination.parcels import MOST_BYTES, Parcel, Scales, snapshot, weigh
from gil_demo.examination.table import COLLECTED, OWN_THREADS, TURNS_ON, UNCOPIED
from gil_demo.running.interrupts import TimeUp, run_within
from gil_demo.running.workers import note_culprits
from gil_demo.words import state_bytes, state_share

_DETAILED = 20  # so many tasks are watched closely, all others only timed
_LARGE_SHARE, _SMALL_BYTES, _LEAST_PRICE = 0.1, 10_000, 1e-4
_OWN_SHARE = 0.15  # of the work, which threads of the function's own do
_SEARCH_SHARE = 0.1  # of its time, which the garbage collector takes
_BUSY_SHARE = 0.1  # of the time; what waits longer may have others at work meanwhile
_MANY_CHARACTERS = 200
_LONG_SECONDS = 0.02
Function = Callable[[Any], object]


class Look(NamedTuple):
    """What a first look found."""

    places: list[int]  # of the tasks that were called, in the list of all
    seconds: list[float]  # of each
    searches: list[float]  # seconds of these in which the garbage collector searched
    answers: dict[int, Any]  # by place; only as many as memory is for
    argument: Parcel | None  # None where it can't be sent
    answer: Parcel | None
    changes_argument: bool
    traps: dict[str, str]  # by name, with what was seen
    obstacle: str  # why no worker process can have the function, its arguments or its answers

    @property
    def own(self) -> list[float]:
        """The usual seconds but for the garbage collector's, which fall into some call or other."""
        usual = self.usual
        searches = self.searches[-len(usual) :]
        return [max(1e-9, each - gone) for each, gone in zip(usual, searches, strict=True)]

    @property
    def usual(self) -> list[float]:
        """The seconds of tasks, without those of the first call, which may import something."""
        return self.seconds[1:] if len(self.seconds) > 3 else self.seconds


class _Sink(io.TextIOBase):
    """Takes what is printed, and counts it; passes it on once it is over.

    A function that sets up logging hands the stream of that moment to it for good.
    """

    characters = 0
    buffer = Scales()  # for bytes
    is_over = False

    def write(self, text: str) -> int:
        self.characters += len(text)
        return sys.stderr.write(text) if self.is_over else len(text)


@contextmanager
def culprits_noted() -> Iterator[list[str]]:
    """List the modules that turn the GIL on while the block runs."""
    show = warnings.showwarning
    try:
        yield note_culprits()
    finally:
        warnings.showwarning = show


@contextmanager
def silenced() -> Iterator[_Sink]:
    """Send what Python code of this process prints or logs to nowhere; give it nothing to read."""
    sink, stdin, logs = _Sink(), sys.stdin, _list_logs()
    try:
        with redirect_stdout(sink), redirect_stderr(sink):
            sys.stdin = io.StringIO()
            for log, _ in logs:
                log.setStream(sink)
            yield sink
    finally:
        sys.stdin, sink.is_over = stdin, True
        for log, stream in logs:
            log.setStream(stream)


def _list_logs() -> list[tuple["logging.StreamHandler[Any]", Any]]:
    """List the handlers of logs that write to where this process prints, each with its stream."""
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    handlers = {one for logger in loggers for one in getattr(logger, "handlers", [])}
    screens = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    return [
        (one, one.stream)
        for one in handlers
        if isinstance(one, logging.StreamHandler) and one.stream and one.stream in screens
    ]


def _pick_larger(*parcels: Parcel | None) -> Parcel | None:
    return max(filter(None, parcels), key=lambda one: one.size, default=None)


def unwrap(function: Any) -> Any:
    """Return what a partial function calls; any other as it is."""
    return getattr(function, "func", function)


def name_function(function: Any) -> str:
    """Name a function as its reader does; a partial one by what it calls."""
    inner = unwrap(function)
    return str(getattr(inner, "__qualname__", "") or type(inner).__name__)[:60]


def look_at(
    function: Function, arguments: Sequence[Any], *, least: int, most: int, seconds: float,
    timeout: float,
) -> Look:  # fmt: skip
    """Call a function on a sample of its arguments, until some seconds are over."""
    order = random.Random(len(arguments)).sample(range(len(arguments)), len(arguments))[:most]
    began, watch = time.monotonic(), _Watch(function)
    times: dict[int, float] = {}
    searched: list[float] = []
    answers: dict[int, Any] = {}
    kept, cpu, elsewhere = 0, 0.0, 0.0
    with silenced() as sink, culprits_noted() as culprits:
        for place in order:
            if len(times) >= least and time.monotonic() - began > seconds:
                break
            argument, is_watched = arguments[place], len(times) < _DETAILED
            if is_watched or watch.changes_argument:
                argument = watch.look_before(argument)
            searches, alone = count_searches(), time.thread_time()
            answer, times[place], worked = _call(function, argument, place, len(arguments), timeout)
            cpu += worked
            elsewhere += worked - (time.thread_time() - alone)
            searches = count_searches() - searches
            searched.append(min(times[place], searches * time_search()) if searches else 0.0)
            check_is_done(function, answer)
            if is_watched:
                watch.look_after(argument, answer)
            kept += watch.answer.size if watch.answer else sys.getsizeof(answer)
            if kept <= MOST_BYTES:
                answers[place] = answer
            del answer
    traps = watch.find_traps([*times.values()])
    if culprits:
        traps[TURNS_ON] = ", ".join(sorted({*culprits}))
    if sink.characters > _MANY_CHARACTERS * len(times):
        traps["prints"] = f"{sink.characters / len(times):,.0f} characters a task"
    if (share := sum(searched) / max(1e-9, sum(times.values()))) > _SEARCH_SHARE:
        traps[COLLECTED] = state_share(share)
    # what they do is seen on a busy machine, too, which gives them no second core
    is_at_work = cpu > max(_LONG_SECONDS, _BUSY_SHARE * sum(times.values()))
    if is_at_work and min(elsewhere, cpu - elsewhere) > _OWN_SHARE * cpu:
        traps[OWN_THREADS] = f"which did {state_share(elsewhere / cpu)} of its work"
    return Look(
        [*times], [*times.values()], searched, answers, watch.argument, watch.answer,
        watch.changes_argument, traps, watch.obstacle,
    )  # fmt: skip


def check_function(function: Any) -> None:
    """Raise a TypeError unless a function takes one argument and does its work when called."""
    inner = unwrap(function)
    kinds = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    if any(is_one(inner) for is_one in kinds):
        raise _refuse_unfinished(function)
    with suppress(ValueError):  # some of C tell nothing of their arguments
        try:
            inspect.signature(function).bind(None)
        except TypeError as reason:
            told = f"function must take one argument; {name_function(function)}: {reason}"
            raise TypeError(told) from None


def check_is_done(function: Function, answer: object) -> None:
    """Raise a TypeError if an answer is work that is still to be awaited."""
    if inspect.isawaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()  # else Python warns that nobody waited for it
        raise _refuse_unfinished(function)


def _refuse_unfinished(function: Function) -> TypeError:
    return TypeError(
        f"function must do its work when it is called; {name_function(function)} is an async "
        "function or a generator, which only begins it: call it in a function that runs it"
    )


def name_task(place: int, number: int, argument: object) -> str:
    return f"task {place + 1:,} of {number:,} (argument {shorten(argument)})"


def time_call(function: Function, argument: Any) -> tuple[object, float, float]:
    """Call a function; return its answer, its seconds, and those on cores, without any limit's."""
    began, worked = time.perf_counter(), time.process_time()
    answer = function(argument)
    taken = time.perf_counter() - began
    return answer, taken, time.process_time() - worked


def _call(
    function: Function, argument: Any, place: int, number: int, timeout: float
) -> tuple[object, float, float]:
    """Call a function within a limit; return its answer, its seconds, and those on cores."""
    try:
        return run_within(timeout, time_call, function, argument)
    except TimeUp as reason:
        told = f"{name_task(place, number, argument)} was {reason} in the plain loop"
        raise TimeUp(f"{told}: give it less to do, or a longer timeout") from None
    except (Exception, SystemExit) as failure:
        told = f"{name_task(place, number, argument)} raised {state_failure(failure)}"
        raise GilDemoError(f"{told}, in the plain loop") from failure


class _Watch:
    """Looks at a function's arguments, answers and globals before and after its calls."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.argument: Parcel | None = None  # the largest so far
        self.answer: Parcel | None = None
        self.obstacle = ""
        self._changed: set[str] = set()
        self.changes_argument = False
        self._uncopied = ""  # what an argument is that the function got itself
        self._form = b""
        self._sizes: list[int] = []  # of what a task takes and gives back
        self._prices: list[float] = []  # in seconds

    def look_before(self, argument: object) -> object:
        """Look at an argument, and return a copy for the call: the reader's own stays as it is."""
        self._state = snapshot(self.function)
        self._sent = self._weigh(argument, "an argument")
        self.argument = _pick_larger(self.argument, self._sent)
        content = self._sent.content if self._sent else None
        if content is None:
            size = f"{self._sent.size:,} bytes" if self._sent else type(argument).__name__
            self._uncopied = self._uncopied or size
            return argument
        # a copy may be pickled otherwise than what it is a copy of: a set, for one
        self._form = pickle.dumps(pickle.loads(content))
        return pickle.loads(content)

    def look_after(self, argument: object, answer: object) -> None:
        after = snapshot(self.function)
        names = self._state.keys() | after.keys()
        self._changed |= {name for name in names if self._state.get(name) != after.get(name)}
        if self._sent and self._sent.content is not None:
            again = self._weigh(argument, "an argument")
            self.changes_argument |= again is None or again.content != self._form
        given = self._weigh(answer, "an answer")
        self.answer = _pick_larger(self.answer, given)
        carried = [one for one in (self._sent, given) if one]
        self._sizes.append(sum(one.size for one in carried))
        self._prices.append(sum(one.seconds for one in carried))

    def _weigh(self, value: object, what: str) -> Parcel | None:
        try:
            parcel = weigh(value)
        except Exception as reason:
            told = f"{what} can't be pickled: {type(value).__name__} ({reason})"
            self.obstacle = self.obstacle or told
            return None
        if parcel.size > MOST_BYTES:
            self.obstacle = self.obstacle or (
                f"{what} takes {parcel.size / 1e6:,.0f} MB, more than the "
                f"{MOST_BYTES / 1e6:,.0f} MB that are sent"
            )
        return parcel

    def find_traps(self, seconds: Sequence[float]) -> dict[str, str]:
        """Name the traps that were seen, where the tasks took so many seconds."""
        traps = {}
        if self.changes_argument:
            traps["changes its argument"] = ""
        elif self._uncopied:
            traps[UNCOPIED] = self._uncopied
        if self._changed:
            traps["changes a global"] = ", ".join(sorted(self._changed))
        size, price = statistics.median(self._sizes), statistics.median(self._prices)
        pairs = zip(self._prices, seconds, strict=False)  # the first tasks alone were watched
        share = statistics.median(own / max(1e-9, taken) for own, taken in pairs)
        if size > _SMALL_BYTES and price > _LEAST_PRICE and share > _LARGE_SHARE:
            traps["large data"] = f"{state_bytes(size)} a task"
        return traps
