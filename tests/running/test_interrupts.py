import multiprocessing
import signal
import subprocess
import sys
import threading
import time

import pytest

from gil_demo.running.interrupts import held_back

needs_masks = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal masks")


def test_an_interrupt_inside_the_block_comes_after_the_block_and_all_is_as_before() -> None:
    handler, done = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with held_back():
            with held_back():
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
            done.append("the rest of the block")
        done.append("what comes after")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["the rest of the block"]
    assert signal.getsignal(signal.SIGINT) is handler
    if sys.platform != "win32":
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with held_back():
        pass


def test_outside_the_main_thread_the_block_just_runs() -> None:
    handler = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def work() -> None:
        with held_back():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [handler]


@needs_masks
@pytest.mark.parametrize("is_inherited", [True, False])
def test_a_process_started_inside_the_block_does_not_die_of_an_interrupt_unless_it_may(
    is_inherited: bool,
) -> None:
    with held_back(is_inherited=is_inherited):
        child = subprocess.Popen(
            [sys.executable, "-c", "print(flush=True); import time; time.sleep(30)"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        try:
            child.wait(0.5 if is_inherited else 10)
        except subprocess.TimeoutExpired:
            assert is_inherited
        else:
            assert not is_inherited
        child.kill()


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
