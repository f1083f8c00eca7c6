import multiprocessing
import signal
import subprocess
import sys
import threading
import time

import pytest

from gil_demo.running.interrupts import held_back


def test_an_interrupt_inside_the_block_comes_after_the_block() -> None:
    done = []

    def work() -> None:
        with held_back():
            signal.raise_signal(signal.SIGINT)
            done.append("the rest of the block")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["the rest of the block"]


def test_without_an_interrupt_nothing_happens() -> None:
    with held_back():
        pass


def test_the_handler_and_the_mask_are_as_before() -> None:
    handler = signal.getsignal(signal.SIGINT)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, []) if _has_masks() else None
    with pytest.raises(KeyboardInterrupt), held_back():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is handler
    if mask is not None:
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask


def test_an_exception_of_the_block_is_passed_on_and_the_handler_restored() -> None:
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(LookupError), held_back():
        raise LookupError
    assert signal.getsignal(signal.SIGINT) is handler


def test_the_program_s_own_handler_gets_the_interrupt() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    try:
        with held_back():
            signal.raise_signal(signal.SIGINT)
            assert seen == []
        assert seen == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_several_interrupts_inside_the_block_become_one() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    try:
        with held_back():
            for _ in range(3):
                signal.raise_signal(signal.SIGINT)
        assert seen == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_blocks_may_stand_inside_each_other() -> None:
    done = []

    def work() -> None:
        with held_back():
            with held_back():
                signal.raise_signal(signal.SIGINT)
            done.append("after the inner block")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["after the inner block"]


def test_outside_the_main_thread_the_block_just_runs() -> None:
    handler = signal.getsignal(signal.SIGINT)
    done = []

    def work() -> None:
        with held_back():
            done.append("work")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["work"]
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal masks")
def test_a_process_started_inside_the_block_does_not_die_of_an_interrupt() -> None:
    with held_back():
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    try:
        child.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.5)
    finally:
        child.kill()
        child.wait()


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork"
)
def test_an_interrupt_while_a_process_is_forked_loses_neither() -> None:
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(0.01,))

    def work() -> None:
        with held_back():
            signal.raise_signal(signal.SIGINT)
            child.start()

    with pytest.raises(KeyboardInterrupt):
        work()
    child.join()
    assert child.exitcode == 0


def _has_masks() -> bool:
    return hasattr(signal, "pthread_sigmask")
