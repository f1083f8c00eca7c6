"""What can't be had, in words: what the system refuses, and what can't be sent to a worker."""

import errno
import multiprocessing
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gil_demo.checks import GilDemoError, shorten, state_count


@contextmanager
def refusals_told(workers: int, what: str) -> Iterator[None]:
    """Turn the refusal of so many workers of a kind into an error that says what to do."""
    try:
        yield
    except (OSError, RuntimeError) as reason:  # a thread is refused by a RuntimeError
        told = f"the operating system refused {state_count(workers, what)} ({reason})"
        raise GilDemoError(f"{told}{_advise_refused(reason, workers)}") from reason


def _advise_refused(reason: OSError | RuntimeError, workers: int) -> str:
    number = getattr(reason, "errno", errno.EAGAIN)
    if number in (errno.EAGAIN, errno.ENOMEM):
        return ": ask for fewer" if workers > 1 else ": close other programs"
    if number in (errno.EMFILE, errno.ENFILE):
        return f": close some files{', or ask for fewer' * (workers > 1)}"
    if "AF_UNIX" in str(reason):
        return ": set TMPDIR to a folder whose path is shorter"
    with suppress(OSError):
        Path.cwd()
        return _advise_semaphores()
    return ": the working folder is gone; go to another one"


def _advise_semaphores() -> str:
    try:
        multiprocessing.get_context("spawn").Lock()
    except OSError:
        return ": its semaphores need a /dev/shm that can be written to and has room"
    return ""


def explain_unsent(tasks: Sequence[object], receiver: str) -> str:
    """Say which tasks can't be pickled, and why; empty if all can."""
    try:
        pickle.dumps(tasks)
    except Exception as reason:
        told = f"tasks must be what can be sent to {receiver}, not {shorten(tasks)}"
        return f"{told} ({reason})"
    return ""


def check_reachable(function: Callable[[Any], object], *, is_forked: bool) -> None:
    """Refuse a function that a worker could not find: with a plain Pool the run would hang."""
    inner = getattr(function, "func", function)  # of a partial function
    name = getattr(inner, "__qualname__", shorten(function))
    try:
        pickle.dumps(function)
    except Exception as reason:
        raise TypeError(
            f"function must be one that can be sent to a worker, not {name} ({reason}): "
            "define it at the top of a module"
        ) from None
    main_file = getattr(sys.modules["__main__"], "__file__", None)
    is_in_cell = getattr(inner, "__module__", None) == "__main__" and main_file is None
    if is_in_cell and not is_forked:  # a forked worker is a copy, functions of cells included
        raise TypeError(
            f"function must be one that a worker can import, not {name}, which was "
            "defined in a notebook cell or at a prompt: put it in a module and import it"
        )
