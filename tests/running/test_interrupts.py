import signal
import subprocess
import sys
import threading

import pytest

from gil_demo.running.interrupts import held_back


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
    seen: list[object] = []

    def work() -> None:
        with held_back():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal masks")
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
        if is_inherited:
            with pytest.raises(subprocess.TimeoutExpired):
                child.wait(0.5)
        else:
            assert child.wait(10) != 0
        child.kill()
