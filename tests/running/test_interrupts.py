import multiprocessing
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gil_demo import interpreters
from gil_demo.running.interrupts import (
    TimeUp,
    check_time,
    held_back,
    interrupts_kept,
    is_holding,
    run_within,
)
from gil_demo.running.pools import list_start_methods
from tests.conftest import needs_python_3_14, needs_signals

pytestmark = pytest.mark.usefixtures("nothing_hangs")


def test_an_interrupt_inside_the_block_comes_after_the_block_and_all_is_as_before() -> None:
    handler, done = signal.getsignal(signal.SIGINT), []
    with pytest.raises(KeyboardInterrupt), held_back():  # noqa: PT012
        with held_back():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        done.append("the rest of the block")
    assert done == ["the rest of the block"]
    assert signal.getsignal(signal.SIGINT) is handler
    if sys.platform != "win32":
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@needs_signals
def test_a_limit_of_time_cuts_no_such_block_and_a_forked_process_holds_nothing() -> None:
    done: list[object] = []

    def work() -> None:
        with held_back():
            time.sleep(0.4)
            done.append("the rest of the block")
            if "fork" in list_start_methods():
                with multiprocessing.get_context("fork").Pool(1) as pool:
                    done.append(pool.apply(is_holding))
        time.sleep(10)

    with pytest.raises(TimeUp):
        run_within(0.05, work)
    assert done in (["the rest of the block"], ["the rest of the block", False])
    assert not is_holding()


def test_nothing_of_the_block_s_own_can_be_cut_and_an_error_loses_no_interrupt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change, told = signal.signal, list[bool]()

    def note(number: int, handler: Any) -> object:
        before = is_holding(), change(number, handler)
        told.extend([before[0], is_holding()])
        return before[1]

    monkeypatch.setattr(signal, "signal", note)
    with pytest.raises(KeyboardInterrupt), held_back():  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        raise LookupError
    assert told == [False, True, True, False]


def test_an_interrupt_that_meets_a_lock_of_python_s_own_stays_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def be_cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:  # where a wait takes its lock again
        patched.setattr(threading.Condition, "_acquire_restore", be_cut)
        with pytest.raises(RuntimeError, match="unlocked"):
            threading.Event().wait(0.001)
        with pytest.raises(KeyboardInterrupt), interrupts_kept():
            threading.Event().wait(0.001)
    with pytest.raises(RuntimeError, match="own"), interrupts_kept():
        raise RuntimeError("its own")


def test_outside_the_main_thread_the_block_just_runs() -> None:
    def look() -> object:
        with held_back():
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as executor:
        assert executor.submit(look).result() is signal.getsignal(signal.SIGINT)


@needs_python_3_14
def test_in_a_sub_interpreter_the_block_just_runs() -> None:
    program = "from gil_demo.running.interrupts import held_back\nwith held_back(): pass"
    with interpreters(workers=1) as run:
        assert [span.answer for span in run(exec, [program])] == [None]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal masks")
@pytest.mark.parametrize("is_inherited", [True, False])
def test_a_process_started_inside_is_deaf_to_interrupts_unless_told(is_inherited: bool) -> None:
    program = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with held_back(is_inherited=is_inherited):
        told = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert told == f"{is_inherited}\n"


@needs_signals
@pytest.mark.parametrize(("limit", "told"), [(0.05, "0.05"), (1e-6, "1e-06")])
def test_a_sleep_is_cut_short_and_the_alarm_put_back(limit: float, told: str) -> None:
    handler, before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)[0]
    with pytest.raises(TimeUp, match=f"^not done after {told} seconds$"):
        run_within(limit, time.sleep, 30)
    assert signal.getsignal(signal.SIGALRM) == handler
    assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] < before


@needs_signals
def test_a_sleep_after_a_stop_that_was_swallowed_is_cut_short_too() -> None:
    def swallow() -> None:
        try:
            time.sleep(30)
        except BaseException:
            time.sleep(30)

    with pytest.raises(TimeUp):
        run_within(0.05, swallow)


def count_for_ever() -> None:
    while True:
        time.sleep(0.001)


def swallow_a_stop() -> None:
    try:
        count_for_ever()
    except BaseException:
        count_for_ever()


@pytest.mark.parametrize("function", [count_for_ever, swallow_a_stop])
def test_it_ends_at_its_next_step_and_is_stopped_again_where_it_swallows_that(
    function: Callable[[], None],
) -> None:
    with pytest.raises(TimeUp):
        run_within(0.05, function)
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(TimeUp):
            executor.submit(run_within, 0.05, function).result()
        executor.submit(time.sleep, 0.3).result()  # and no stop comes after that


def test_what_is_done_in_time_is_left_alone_and_a_limit_is_told_in_few_figures() -> None:
    assert run_within(5.0, abs, -1) == 1
    check_time(time.monotonic() + 1, 1)
    for limit, told in ((1.0, "1 second"), (1030.0, "1,030 seconds")):
        with pytest.raises(TimeUp, match=f"^not done after {told}$"):
            check_time(0.0, limit)
