"""What a worker process does around a task.

Standard library only, and of that only what Python has loaded anyway: what this module imports,
every worker pays for at its start.
"""

import os
import pickle
import signal
import time
from collections.abc import Callable

TYPE_CHECKING = False  # type checkers take it for true; typing itself takes milliseconds to load
if TYPE_CHECKING:
    from multiprocessing.connection import Connection


def announce(ready: "Connection") -> None:
    """Get a new worker process ready and tell its parent so.

    An interrupt reaches every process of a terminal or of a Jupyter kernel. The parent answers
    it; a worker that answered too would print a traceback and be replaced.

    Args:
        ready: the writing end of a pipe; it gets one message, this process's id.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:  # noqa: SIM105, since contextlib takes time to load
        ready.send_bytes(str(os.getpid()).encode())
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


def time_task_for_parent(
    function: Callable[..., object], argument: object
) -> tuple[int, float, float, bytes | None]:
    """Run one task as `time_task` does, in a worker process.

    An exception that can't be rebuilt in the parent would end the pool's reader there, and the
    run would wait for ever; so it is replaced by one that can. What a task gives back is sent
    pickled, so that it is rebuilt where a failure can be reported.

    Args:
        function: what to run.
        argument: what to run it on.

    Returns:
        As `time_task` does, the answer pickled; None stays None.

    Raises:
        RuntimeError: the task raised an exception that cannot be sent; the text names it.
        TypeError: the task gave back what cannot be sent.
    """
    try:
        process, start, end, answer = time_task(function, argument)
        return process, start, end, None if answer is None else _pickle(answer)
    except Exception as failure:
        try:
            pickle.loads(pickle.dumps(failure))
        except Exception:
            raise RuntimeError(f"a task raised {type(failure).__name__}: {failure}") from None
        raise


def _pickle(answer: object) -> bytes:
    try:
        return pickle.dumps(answer)
    except Exception as reason:
        raise TypeError(
            f"a task must give back what can be sent to its parent, not a "
            f"{type(answer).__name__} ({reason})"
        ) from None
