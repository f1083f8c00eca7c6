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


def use(monkeypatch: Patch, stream: object, **modules: Any) -> None:
    """Give the module an error stream; pytest changes that of `sys` before each test."""
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream, modules=sys.modules))
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture
def clock(monkeypatch: Patch) -> list[float]:
    now = [50.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_without_a_terminal_nothing_is_written(monkeypatch: Patch, clock: list[float]) -> None:
    written, closed = io.StringIO(), io.StringIO()
    closed.close()
    for stream in (written, closed, None, SimpleNamespace(write=written.write)):
        use(monkeypatch, stream)
        with progress.shown() as show:
            clock[0] += 60
            show("half done")
        assert written.getvalue() == ""
        assert "IPython" not in sys.modules


def test_two_seconds_on_the_line_shows(monkeypatch: Patch, clock: list[float]) -> None:
    terminal, written = Terminal(), ""
    use(monkeypatch, terminal)
    with progress.shown() as show:
        for seconds, text, added in (
            (1.99, "too soon", ""),
            (0.01, "a long line of text", "\ra long line of text"),
            (0.25, "short", "\rshort              "),
            (0.24, "no more often than four times a second", ""),
        ):
            clock[0] += seconds
            show(text)
            written += added
            assert terminal.getvalue() == written
    assert terminal.getvalue() == f"{written}\r{' ' * 19}\r"


def test_the_line_is_gone_after_an_interrupt_too_and_a_terminal_of_ipython_s_is_one(
    monkeypatch: Patch, clock: list[float]
) -> None:
    terminal = Terminal()
    use(monkeypatch, terminal, IPython=SimpleNamespace(get_ipython=SimpleNamespace))
    with pytest.raises(KeyboardInterrupt), progress.shown() as show:  # noqa: PT012
        clock[0] += 2
        show("half done")
        raise KeyboardInterrupt
    assert terminal.getvalue() == f"\rhalf done\r{' ' * 9}\r"


def test_in_a_kernel_the_line_is_one_output(monkeypatch: Patch, clock: list[float]) -> None:
    log: list[dict[str, str]] = []

    def display(
        data: dict[str, str], *, raw: bool, display_id: bool = False
    ) -> SimpleNamespace | None:
        assert raw
        log.append(data)
        return SimpleNamespace(update=display) if display_id else None

    shell = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    shows = SimpleNamespace(display=display)
    use(monkeypatch, None, **{"IPython": shell, "IPython.display": shows})
    with progress.shown() as show:
        for text in ("half done", "nearly done"):
            clock[0] += 2
            show(text)
    assert log == [{"text/plain": "half done"}, {"text/plain": "nearly done"}, {}]
