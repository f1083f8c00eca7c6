"""What a worker process does around a task.

Standard library only, and of that only what Python has loaded anyway: what this module imports,
every worker pays for at its start.
"""

import os
import pickle
import signal
import struct
import time
from collections.abc import Callable, Sequence

MOST_LETTERS = 300  # of a failure: workers share the pipe, and what is short isn't cut up there

TYPE_CHECKING = False  # type checkers take it for true; typing itself takes milliseconds to load
if TYPE_CHECKING:
    from multiprocessing.connection import Connection


def announce(ready: "Connection", prepare: Callable[[], object] | None = None) -> None:
    """Get a new worker process ready and tell its parent so.

    An interrupt reaches every process of a terminal or of a Jupyter kernel. The parent answers
    it; a worker that answered too would print a traceback and be replaced.

    Args:
        ready: the writing end of a pipe; it gets one message: this process's id, and after a
            blank what `prepare` raised, if it did. A worker whose initializer raised would be
            replaced by `Pool`, again and again.
        prepare: what to run before that.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    message = str(os.getpid())
    if prepare is not None:
        try:
            prepare()
        except Exception as reason:
            told = " ".join(f"{type(reason).__name__}: {reason}".split())
            message = f"{message} {told[:MOST_LETTERS]}"
    try:  # noqa: SIM105, since contextlib takes time to load
        ready.send_bytes(message.encode(errors="replace"))
    except OSError:
        pass  # the parent has given up; this worker is about to be ended


def time_task(
    function: Callable[..., object], argument: object
) -> tuple[int, float, float, object]:
    """Run one task and note when.

    Args:
        function: what to run.
        argument: what to run it on.

    Returns:
        The process's id, the start and the end in seconds on the machine's performance counter,
        which all processes of a machine share, and what the function gave back.
    """
    start = time.perf_counter()
    answer = function(argument)
    return os.getpid(), start, time.perf_counter(), answer


def time_tasks(
    job: tuple[Callable[..., object], Sequence[object]],
) -> tuple[int, float, bytes, bytes | None]:
    """Run tasks one after another, in a worker process, and note when each ended.

    The next task starts when the one before it has ended: one look at the clock serves both.

    An exception that can't be rebuilt in the parent would end the pool's reader there, and the
    run would wait for ever; so it is replaced by one that can. What the tasks give back is sent
    pickled, so that it is rebuilt where a failure can be reported.

    Args:
        job: what to run, and the arguments to run it on.

    Returns:
        The process's id, the start of the first task in seconds on the machine's performance
        counter, the ends of all of them as doubles in native order, and the list of answers,
        pickled; None if every answer is None.

    Raises:
        RuntimeError: a task raised an exception that cannot be sent; the text names it.
        TypeError: a task gave back what cannot be sent.
    """
    function, arguments = job
    clock = time.perf_counter
    answers: list[object] = []
    start = clock()
    try:
        ends = [clock() for _ in map(answers.append, map(function, arguments))]
    except Exception as failure:
        try:
            pickle.loads(pickle.dumps(failure))
        except Exception:
            raise RuntimeError(f"a task raised {type(failure).__name__}: {failure}") from None
        raise
    is_empty = set(map(type, answers)) == {type(None)}
    sent = None if is_empty else _pickle(answers)
    return os.getpid(), start, struct.pack(f"{len(ends)}d", *ends), sent


def _pickle(answers: list[object]) -> bytes:
    try:
        return pickle.dumps(answers)
    except Exception as reason:
        culprit = next((one for one in answers if not _is_sendable(one)), answers)
        raise TypeError(
            f"a task must give back what can be sent to its parent, not a "
            f"{type(culprit).__name__} ({reason})"
        ) from None


def _is_sendable(answer: object) -> bool:
    try:
        pickle.dumps(answer)
    except Exception:
        return False
    return True
