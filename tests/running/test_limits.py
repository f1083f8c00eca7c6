import signal
import threading
import time

import pytest

from gil_demo.running.limits import TimeUp, check_time, run_within
from tests.conftest import needs_signals

pytestmark = pytest.mark.usefixtures("nothing_hangs")


@needs_signals
@pytest.mark.parametrize(("limit", "told"), [(0.05, "0.05"), (1e-6, "1e-06")])
def test_a_sleep_is_cut_short_and_the_alarm_put_back(limit: float, told: str) -> None:
    handler, before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)[0]
    with pytest.raises(TimeUp, match=f"^not done after {told} seconds$"):
        run_within(limit, time.sleep, 30)
    assert signal.getsignal(signal.SIGALRM) == handler
    assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] < before


@needs_signals
def test_what_swallows_the_first_stop_is_stopped_again() -> None:
    def swallow() -> None:
        try:
            time.sleep(30)
        except BaseException:
            time.sleep(30)

    with pytest.raises(TimeUp):
        run_within(0.05, swallow)


def test_in_another_thread_it_ends_at_its_next_step() -> None:
    failures: list[Exception] = []

    def count() -> None:
        while True:
            time.sleep(0.001)

    def try_it() -> None:
        try:
            run_within(0.05, count)
        except TimeUp as failure:
            failures.append(failure)

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()
    assert len(failures) == 1


def test_what_is_done_in_time_is_left_alone_and_a_limit_is_told_in_few_figures() -> None:
    assert run_within(5.0, abs, -1) == 1
    check_time(time.monotonic() + 1, 1)
    for limit, told in ((1.0, "1 second"), (1030.0, "1,030 seconds")):
        with pytest.raises(TimeUp, match=f"^not done after {told}$"):
            check_time(0.0, limit)
