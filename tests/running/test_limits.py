import signal
import threading
import time

import pytest

from gil_demo.running.limits import TimeUp, check_time, limited
from tests.conftest import needs_signals

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@needs_signals
def test_a_block_that_sleeps_is_cut_short_and_the_alarm_put_back() -> None:
    handler, before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)[0]
    with pytest.raises(TimeUp, match=r"^not done after 0\.05 seconds$"), limited(0.05):
        time.sleep(30)
    assert signal.getsignal(signal.SIGALRM) == handler
    assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] < before


@needs_signals
def test_a_block_that_swallows_the_first_stop_is_stopped_again() -> None:
    def swallow() -> None:
        try:
            time.sleep(30)
        except BaseException:
            time.sleep(30)

    with pytest.raises(TimeUp), limited(0.05):
        swallow()


def test_a_block_of_another_thread_ends_at_its_next_step() -> None:
    failures: list[Exception] = []

    def count() -> None:
        try:
            with limited(0.05):
                while True:
                    time.sleep(0.001)
        except TimeUp as failure:
            failures.append(failure)

    thread = threading.Thread(target=count)
    thread.start()
    thread.join()
    assert len(failures) == 1


def test_what_is_done_in_time_is_left_alone() -> None:
    with limited(5.0):
        answer = 1
    check_time(time.monotonic() + 1, 1)
    assert answer == 1
