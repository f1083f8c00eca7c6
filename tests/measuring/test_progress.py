import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from gil_demo.measuring import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def use_stream(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None) -> None:
    """Give the module an error stream; pytest changes that of `sys` before each test."""
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream, modules=sys.modules))
    monkeypatch.delitem(sys.modules, "IPython", raising=False)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    use_stream(monkeypatch, stream)
    return stream


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [50.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def read_screen(text: str) -> str:
    """Return what a terminal's one line shows after some text with carriage returns."""
    shown = ""
    for part in text.split("\r"):
        shown = part + shown[len(part) :]
    return shown.rstrip()


def test_nothing_is_written_or_imported_where_there_is_no_terminal_or_no_stream(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    for stream in (io.StringIO(), None):
        use_stream(monkeypatch, stream)
        with progress.shown() as show:
            clock[0] += 60
            show("half done")
        assert stream is None or stream.getvalue() == ""
        assert "IPython" not in sys.modules


def test_two_seconds_on_the_line_shows_and_at_the_end_it_is_gone(
    terminal: Terminal, clock: list[float]
) -> None:
    with progress.shown() as show:
        clock[0] += 1.99
        show("too soon")
        assert terminal.getvalue() == ""
        clock[0] += 0.01
        show("a long line of text")
        assert read_screen(terminal.getvalue()) == "a long line of text"
        clock[0] += 0.25
        show("short")
        assert read_screen(terminal.getvalue()) == "short"
        clock[0] += 0.24
        show("no more often than four times a second")
        assert read_screen(terminal.getvalue()) == "short"
    assert read_screen(terminal.getvalue()) == ""
    assert terminal.getvalue().endswith("\r")


def test_the_line_is_gone_after_an_interrupt_too_and_a_terminal_of_ipython_s_is_one(
    terminal: Terminal, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell: Any = SimpleNamespace(get_ipython=lambda: SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython", shell)
    with pytest.raises(KeyboardInterrupt), progress.shown() as show:  # noqa: PT012
        clock[0] += 2
        show("half done")
        raise KeyboardInterrupt
    assert "half done" in terminal.getvalue()
    assert read_screen(terminal.getvalue()) == ""


def test_in_a_kernel_the_line_is_one_output_that_ends_empty_and_none_if_it_was_short(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    log: list[dict[str, str]] = []

    def display(data: dict[str, str], **_: object) -> SimpleNamespace:
        log.append(data)
        return SimpleNamespace(update=display)

    shell: Any = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    with progress.shown() as show:
        show("too soon")
    assert log == []
    with progress.shown() as show:
        for text in ("half done", "nearly done"):
            clock[0] += 2
            show(text)
    assert log == [{"text/plain": "half done"}, {"text/plain": "nearly done"}, {}]
