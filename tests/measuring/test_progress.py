import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from gil_demo.measuring import progress

Patch = pytest.MonkeyPatch


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def use_stream(monkeypatch: Patch, stream: io.StringIO | None) -> None:
    """Give the module an error stream; pytest changes that of `sys` before each test."""
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream, modules=sys.modules))
    monkeypatch.delitem(sys.modules, "IPython", raising=False)


@pytest.fixture
def terminal(monkeypatch: Patch) -> Terminal:
    stream = Terminal()
    use_stream(monkeypatch, stream)
    return stream


@pytest.fixture
def clock(monkeypatch: Patch) -> list[float]:
    now = [50.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def read_screen(text: str) -> str:
    """Return what a terminal's one line shows after some text with carriage returns."""
    shown = ""
    for part in text.split("\r"):
        shown = part + shown[len(part) :]
    return shown.rstrip()


def test_without_a_terminal_nothing_is_written(monkeypatch: Patch, clock: list[float]) -> None:
    for stream in (io.StringIO(), None):
        use_stream(monkeypatch, stream)
        with progress.shown() as show:
            clock[0] += 60
            show("half done")
        assert stream is None or stream.getvalue() == ""
        assert "IPython" not in sys.modules


def test_two_seconds_on_the_line_shows(terminal: Terminal, clock: list[float]) -> None:
    with progress.shown() as show:
        clock[0] += 1.99
        show("too soon")
        assert terminal.getvalue() == ""
        for seconds, text, shown in (
            (0.01, "a long line of text", "a long line of text"),
            (0.25, "short", "short"),
            (0.24, "no more often than four times a second", "short"),
        ):
            clock[0] += seconds
            show(text)
            assert read_screen(terminal.getvalue()) == shown
    assert read_screen(terminal.getvalue()) == ""
    assert terminal.getvalue().endswith("\r")


def test_the_line_is_gone_after_an_interrupt_too_and_a_terminal_of_ipython_s_is_one(
    terminal: Terminal, clock: list[float], monkeypatch: Patch
) -> None:
    shell: Any = SimpleNamespace(get_ipython=lambda: SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython", shell)
    with pytest.raises(KeyboardInterrupt), progress.shown() as show:  # noqa: PT012
        clock[0] += 2
        show("half done")
        raise KeyboardInterrupt
    assert "half done" in terminal.getvalue()
    assert read_screen(terminal.getvalue()) == ""


def test_in_a_kernel_the_line_is_one_output(monkeypatch: Patch, clock: list[float]) -> None:
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
