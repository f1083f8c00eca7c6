"""What a worker does around a task: a worker process, and a sub-interpreter of this one.

Standard library only, and of that only what Python has loaded anyway: what this module imports,
every worker pays for at its start. Each sub-interpreter has a copy of it, with its own `_STATE`.
"""

import _thread
import os
import pickle
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

TYPE_CHECKING = False  # type checkers take it for true; typing itself takes milliseconds to load
if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from typing import Any, TypeVar

    from gil_demo.running.spans import Told

    Answer = TypeVar("Answer")

STOP, END = b"s", b"e"
AGAIN_SECONDS = 0.2
"""How long after a stop the next one comes: a task, or a finalizer that runs in its midst, may
have swallowed it."""
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_CULPRITS: list[str] = []


class Stopped(BaseException):
    """Raised inside a task that is to end; no task catches it by accident."""


def stop(thread: int) -> None:
    """Raise `Stopped` in a thread at its next step of Python code."""
    import ctypes  # here, since few workers need it

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Stopped))


def stop_until(is_over: Callable[[], bool], lock: "_thread.LockType", thread: int) -> None:
    """Stop a thread again and again until something is over, which it notes under the lock."""
    while True:
        with lock:
            if is_over():
                return
            stop(thread)
        time.sleep(AGAIN_SECONDS)


def wait_until(is_so: Callable[[], bool], deadline: float) -> None:
    """Wait until something is so, or it is too late by the monotonic clock."""
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.001)


def announce(ready: "Connection", prepare: Callable[[], object] | None = None) -> None:
    """Get a new worker process ready and tell its parent so.

    An interrupt reaches every process of a terminal or of a Jupyter kernel: the parent answers.
    It gets one message: this process's id, and after a blank what `prepare` raised, if it did. A
    worker whose initializer raised, or was interrupted, would be replaced again and again.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    message = str(os.getpid()).encode()
    if prepare is not None:
        try:
            prepare()
        except Exception as reason:
            told = " ".join(f"{type(reason).__name__}: {reason}".split()).encode(errors="replace")
            message += b" " + told[:300]  # what is short isn't cut up in the shared pipe
    if not _is_killed_with_parent():  # before anybody can know that this worker is there
        follow_parent()
    try:  # noqa: SIM105, since contextlib takes time to load
        ready.send_bytes(message)
    except OSError:
        pass  # the parent has given up; this worker is about to be ended


def follow_parent() -> None:
    """Have this process end as soon as its parent has, and remove what that left on the disk."""
    try:  # noqa: SIM105
        _thread.start_new_thread(_leave_with_parent, (os.getppid(),))  # cheaper than a Thread
    except RuntimeError:
        pass  # the system gives no more threads: it leaves after its task


def _is_killed_with_parent() -> bool:
    """Have Linux kill this process when its parent has gone; tell whether it will.

    It costs no thread here, and strikes in the midst of C code that holds the GIL, too.
    """
    from multiprocessing import current_process, parent_process  # they are loaded

    parent, starter = parent_process(), os.getppid()
    if parent is None:
        return False
    # any other thread may end sooner than this process: that by which a pool replaces a worker does
    is_of_main = getattr(current_process(), "is_of_main", False)
    try:
        if starter == parent.pid and is_of_main:
            _be_killed_with_starter()
        elif "gil_demo.running.fork_server" in sys.modules:  # which removes its folder by itself
            _be_killed_at_end_of(parent.sentinel)
        else:
            return False
    except (ImportError, AttributeError, OSError):  # no Linux, or one that refuses it
        return False
    if os.getppid() != starter:  # it has gone meanwhile
        os._exit(1)
    return True


def _be_killed_with_starter() -> None:
    """Die with the thread, not the process, that has started this one."""
    import _ctypes  # a quarter of the time that ctypes takes

    ask = _ctypes.dlsym(_ctypes.dlopen(None, os.RTLD_NOW), "prctl")  # type: ignore[arg-type]
    if _ctypes.call_function(ask, (_PARENT_DEATH_SIGNAL, signal.SIGKILL)) != 0:
        raise OSError


def _be_killed_at_end_of(pipe: int) -> None:
    """Die when nobody holds the other end of a pipe any more."""
    import fcntl  # which few workers need
    from multiprocessing import connection  # it is loaded

    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    if connection.wait([pipe], 0):  # it was over before that
        os._exit(1)


def import_quietly(module: str) -> None:
    """Import a task's module, and send what it and its tasks print to nowhere from now on."""
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if not is_gil_enabled():
        note_culprits()
    __import__(module)


def note_culprits() -> list[str]:
    """Note which modules turn the GIL on, from now on: Python warns of each."""
    import warnings  # which few workers need

    show = warnings.showwarning
    _CULPRITS.clear()

    def note(message: "Warning | str", *words: "Any", **named: "Any") -> None:
        told = str(message).split("'")
        if "(GIL)" in told[0] and len(told) > 1:
            _CULPRITS.append(told[1])
        else:
            show(message, *words, **named)

    warnings.showwarning = note
    return _CULPRITS


def tell_gil(_: object = None) -> tuple[bool, list[str]]:
    """Tell whether the GIL is on in this process, and the modules that are known to do that."""
    return is_gil_enabled(), _CULPRITS


def swallow(_: object) -> None:
    """Take something and give nothing back: what remains is the price of sending it."""


def is_gil_enabled() -> bool:
    """Tell whether the global interpreter lock is on in this very process."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())  # Python 3.13 and later


class Noted:
    """A function of numbered tasks that notes on disk which one a worker is at.

    Its answer is whether the task was done, and what it gave back or raised.
    """

    def __init__(self, function: "Callable[[Any], object]", folder: str) -> None:
        self.function, self.folder = function, folder

    def __call__(self, numbered: "tuple[int, Any]") -> "tuple[bool, Any]":
        number, task = numbered
        with open(f"{self.folder}/{os.getpid()}", "w") as file:  # noqa: PTH123, pathlib is heavy
            file.write(str(number))
            file.flush()
            try:
                told = True, self.function(task)
            except Exception as failure:
                told = False, f"{type(failure).__name__}: {failure}"
            file.truncate(0)
            return told


def run_chunk(function: "Callable[[Any], object]", tasks: Sequence[object]) -> list[object]:
    """Run a chunk of tasks as if it were one, and send what they print to nowhere."""
    from contextlib import redirect_stderr, redirect_stdout  # which few workers need

    nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    with nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        return call_elsewhere(call_each, function, tasks)


def call_each(function: "Callable[[Any], object]", tasks: Sequence[object]) -> list[object]:
    return [function(task) for task in tasks]


def _leave_with_parent(starter: int) -> None:
    """End this process when its parent is gone, however that came, and what it left on the disk.

    The pipe that tells it is held open by whatever else the parent has forked, and so its id is
    looked at, too.
    """
    from multiprocessing import connection, current_process, parent_process  # they are loaded

    parent = parent_process()
    while os.getppid() == starter and not (parent and connection.wait([parent.sentinel], 1.0)):
        pass
    try:  # a fork server that a plain Pool has started leaves its folder
        folder = current_process()._config.get("tempdir")  # type: ignore[attr-defined]
        # where the server itself has gone, its parent may live, and start another in that folder
        if folder and parent and starter in (parent.pid, os.getppid()):
            import shutil

            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os._exit(1)


def call_elsewhere(function: "Callable[..., Answer]", *arguments: object) -> "Answer":
    """Call a function with other memory around it than the last time.

    A way that met the same places in all its rounds might be taken for a slow one (Mytkowicz and
    others, "Producing wrong data without doing anything obviously wrong!", ASPLOS 2009). Under
    CPython 3.11 (November 2026) a countdown takes 1.4 × as long where a pool of some 500 numbers
    has one place left, which each step fills and opens again; and 1.05 to 1.3 × as long from one
    place of the stack in twenty. So the call is among up to 63 numbers that are held meanwhile,
    and up to 63 iterators deep.
    """
    moment = time.perf_counter_ns()
    held = [*range(1_000, 1_000 + moment % 64)]
    calls: Iterator[Answer] = map(function, *([one] for one in arguments))
    for _ in range(moment // 64 % 64):
        calls = islice(calls, None)
    answer = next(calls)
    del held
    return answer


def time_tasks(job: tuple[Callable[..., object], Sequence[object]]) -> "Told":
    """Run a function on arguments one after another, in a worker, and note when each ended.

    The next task starts when the one before it has ended: one look at the clock serves both.

    An exception that can't be rebuilt in the parent would end the pool's reader there, and the
    run would wait for ever; so it is replaced by one that can. What the tasks give back is sent
    pickled, so that it is rebuilt where a failure can be reported.
    """
    function, arguments = job
    answers: list[object] = []
    ends: list[float] = []
    try:
        start = call_elsewhere(_time_each, function, arguments, answers.append, ends.append)
    except Exception as failure:
        if isinstance(failure, StopIteration):  # it would end the pool's own loop over its chunks
            raise RuntimeError(f"a task raised StopIteration: {failure}") from None
        try:
            pickle.loads(pickle.dumps(failure))
        except Exception:
            raise RuntimeError(f"a task raised {type(failure).__name__}: {failure}") from None
        raise
    given = [answer for answer in answers if answer is not None]
    sent = _pickle(answers) if given else None
    return os.getpid(), start, struct.pack(f"{len(ends)}d", *ends), sent


def _time_each(
    function: Callable[[object], object], arguments: Sequence[object],
    keep: Callable[[object], None], note: Callable[[float], None],
) -> float:  # fmt: skip
    """Give when the first began."""
    start = (clock := time.perf_counter)()
    for argument in arguments:  # Python calls its own functions quicker than `map` does
        keep(function(argument))
        note(clock())
    return start


def _pickle(answers: list[object]) -> bytes:
    """Pickle answers; name the type of the first that can't be sent."""
    try:
        return pickle.dumps(answers)
    except Exception:
        for answer in answers:
            try:
                pickle.dumps(answer)
            except Exception as reason:
                raise TypeError(
                    "a task must give back what can be sent to its parent, not a "
                    f"{type(answer).__name__} ({reason})"
                ) from None
        raise


class _State:
    """Where this sub-interpreter's worker is."""

    is_running = is_stopping = False

    def __init__(self) -> None:
        self.lock = threading.Lock()


_STATE = _State()


def get_ready(ready: "Any", start: int, orders: int) -> None:
    """Report to a queue, wait for a byte from the pipe `start`, and obey one from `orders`."""
    ready.put(True)
    os.read(start, 1)
    # a sub-interpreter has no daemon threads; this one ends with the first order
    threading.Thread(target=_obey, args=(orders, threading.get_ident())).start()


def _obey(orders: int, worker: int) -> None:
    """Wait for an order without the GIL; if it is to stop, raise `Stopped` until the task ends."""
    if os.read(orders, 1) != STOP:
        return
    _STATE.is_stopping = True
    stop_until(lambda: not _STATE.is_running, _STATE.lock, worker)


def run_tasks(job: tuple[Callable[..., object], Sequence[object]]) -> "Told | None":
    """Do what `time_tasks` does, by this sub-interpreter's number; None if told to stop."""
    try:
        with _STATE.lock:
            if _STATE.is_stopping:
                return None
            _STATE.is_running = True
        try:
            _, start, ends, answers = time_tasks(job)
        except Stopped:
            raise
        except BaseException:
            _leave()
            raise
        _leave()
    except Stopped:
        _STATE.is_running = False
        return None
    return id(_STATE), start, ends, answers


def _leave() -> None:
    """Note that the task is over; one that was told to stop meanwhile waits until it is."""
    with _STATE.lock:
        _STATE.is_running = False
    wait_until(lambda: not _STATE.is_stopping, time.monotonic() + 1.0)
