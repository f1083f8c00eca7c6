"""A line that says how far a measurement is, gone when it is done.

It starts no thread and no process and takes no lock that processes share: those would disturb
what is being measured.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

DELAY_SECONDS = 2.0
STEP_SECONDS = 0.25


@contextmanager
def shown() -> Iterator[Callable[[str], None]]:
    """Show a changing line of text, in a terminal or in Jupyter, and take it away at the end.

    Nothing appears in the first two seconds, nor where the error stream is no terminal.
    """
    write, clear = _choose_writer()
    started = last = time.monotonic()

    def show(text: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - started >= DELAY_SECONDS and now - last >= STEP_SECONDS:
            last = now
            write(text)

    try:
        yield show
    finally:
        clear()


def _choose_writer() -> tuple[Callable[[str], None], Callable[[], None]]:
    # a kernel has imported IPython already; it isn't imported for this
    if "IPython" in sys.modules and hasattr(sys.modules["IPython"].get_ipython(), "kernel"):
        return _make_jupyter_writer()
    with suppress(AttributeError, ValueError):  # a program's stand-in lacks it; a closed one raises
        if sys.stderr.isatty():
            return _make_terminal_writer()
    return lambda _: None, lambda: None


def _make_terminal_writer() -> tuple[Callable[[str], None], Callable[[], None]]:
    longest = 0

    def write(text: str) -> None:
        nonlocal longest
        longest = max(longest, len(text))
        sys.stderr.write(f"\r{text.ljust(longest)}")
        sys.stderr.flush()

    def clear() -> None:
        if longest:
            sys.stderr.write(f"\r{' ' * longest}\r")
            sys.stderr.flush()

    return write, clear


def _make_jupyter_writer() -> tuple[Callable[[str], None], Callable[[], None]]:
    from IPython.display import display

    handle: Any = None

    def write(text: str) -> None:
        nonlocal handle
        if handle is None:
            handle = display({"text/plain": text}, raw=True, display_id=True)
        else:
            handle.update({"text/plain": text}, raw=True)

    def clear() -> None:
        if handle is not None:
            handle.update({}, raw=True)

    return write, clear
