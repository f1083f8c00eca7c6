import io
import subprocess
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
    shown: list[str] = []
    column = 0
    for letter in text:
        if letter == "\r":
            column = 0
        else:
            shown[column : column + 1] = [letter]
            column += 1
    return "".join(shown).rstrip()


def test_nothing_is_written_where_there_is_no_terminal_or_no_stream(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    for stream in (io.StringIO(), None):
        use_stream(monkeypatch, stream)
        with progress.shown() as show:
            clock[0] += 60
            show("half done")
        assert stream is None or stream.getvalue() == ""


def test_nothing_is_written_before_the_delay(terminal: Terminal, clock: list[float]) -> None:
    with progress.shown() as show:
        show("begun")
        clock[0] += progress.DELAY_SECONDS - 0.01
        show("going on")
    assert terminal.getvalue() == ""


def test_after_the_delay_the_line_shows_and_at_the_end_it_is_gone(
    terminal: Terminal, clock: list[float]
) -> None:
    with progress.shown() as show:
        clock[0] += progress.DELAY_SECONDS
        show("a long line of text")
        assert read_screen(terminal.getvalue()) == "a long line of text"
        clock[0] += progress.STEP_SECONDS
        show("short")
        assert read_screen(terminal.getvalue()) == "short"
    assert read_screen(terminal.getvalue()) == ""
    assert terminal.getvalue().endswith("\r")
    assert "\n" not in terminal.getvalue()


def test_the_line_is_gone_after_an_error_or_an_interrupt_too(
    terminal: Terminal, clock: list[float]
) -> None:
    def measure(error: type[BaseException]) -> None:
        with progress.shown() as show:
            clock[0] += progress.DELAY_SECONDS
            show("half done")
            raise error

    for error in (LookupError, KeyboardInterrupt):
        with pytest.raises(error):
            measure(error)
        assert read_screen(terminal.getvalue()) == ""


def test_the_line_changes_no_more_often_than_four_times_a_second(
    terminal: Terminal, clock: list[float]
) -> None:
    with progress.shown() as show:
        clock[0] += progress.DELAY_SECONDS
        for number in range(100):
            show(f"step {number}")
            clock[0] += 0.01
        assert 1 < terminal.getvalue().count("step") <= 5


class Handle:
    def __init__(self, log: list[dict[str, str]]) -> None:
        self.log = log

    def update(self, data: dict[str, str], **_: object) -> None:
        self.log.append(data)


def test_in_a_kernel_the_line_is_one_output_that_ends_empty(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    log: list[dict[str, str]] = []

    def display(data: dict[str, str], **_: object) -> Handle:
        log.append(data)
        return Handle(log)

    shell = SimpleNamespace(kernel=object())
    module: Any = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    with progress.shown() as show:
        show("too soon")
        clock[0] += progress.DELAY_SECONDS
        show("half done")
        clock[0] += progress.STEP_SECONDS
        show("nearly done")
    assert log[:2] == [{"text/plain": "half done"}, {"text/plain": "nearly done"}]
    assert len(log) == 3
    assert not any(log[2].values())


def test_a_short_measurement_in_a_kernel_leaves_no_output_at_all(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    def display(*_: object, **__: object) -> None:
        raise AssertionError("something was displayed")

    module: Any = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "IPython", module)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    with progress.shown() as show:
        clock[0] += 1.0
        show("half done")


def test_an_ipython_terminal_is_a_terminal(
    monkeypatch: pytest.MonkeyPatch, terminal: Terminal, clock: list[float]
) -> None:
    module: Any = SimpleNamespace(get_ipython=lambda: SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython", module)
    with progress.shown() as show:
        clock[0] += progress.DELAY_SECONDS
        show("half done")
    assert "half done" in terminal.getvalue()


def test_ipython_is_not_imported_to_look_for_a_kernel() -> None:
    script = (
        "import sys\n"
        "from gil_demo.measuring.progress import shown\n"
        "with shown() as show:\n"
        "    show('text')\n"
        "print('IPython' in sys.modules)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    assert (answer.stdout, answer.stderr) == ("False\n", "")
