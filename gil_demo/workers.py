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
        ready: the writing end of a pipe; it gets one message.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:  # noqa: SIM105, since contextlib takes time to load
        ready.send_bytes(b"ready")
    except OSError:
        pass  # the parent has given up; this worker is about to be ended


def time_task(function: Callable[..., object], argument: object) -> tuple[int, float, float]:
    """Run one task and note when.

    Args:
        function: what to run.
        argument: what to run it on.

    Returns:
        The process's id, and the start and the end in seconds on the machine's performance
        counter, which all processes of a machine share.
    """
    start = time.perf_counter()
    function(argument)
    return os.getpid(), start, time.perf_counter()


def time_task_for_parent(
    function: Callable[..., object], argument: object
) -> tuple[int, float, float]:
    """Run one task as `time_task` does, in a worker process.

    An exception that can't be rebuilt in the parent would end the pool's reader there, and the
    run would wait for ever; so it is replaced by one that can.

    Args:
        function: what to run.
        argument: what to run it on.

    Returns:
        As `time_task` does.

    Raises:
        RuntimeError: the task raised an exception that cannot be sent; the text names it.
    """
    try:
        return time_task(function, argument)
    except Exception as failure:
        try:
            pickle.loads(pickle.dumps(failure))
        except Exception:
            raise RuntimeError(f"a task raised {type(failure).__name__}: {failure}") from None
        raise
