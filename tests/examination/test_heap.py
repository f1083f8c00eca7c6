"""The heap around an examination."""

import gc
import signal
from collections.abc import Callable

import pytest

from gil_demo.examination.heap import collect_garbage, heap_set_aside

pytestmark = pytest.mark.usefixtures("nothing_hangs")


class Last:
    """Garbage in a circle; an interrupt comes in the moment in which it is collected."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def set_aside() -> None:
    with heap_set_aside():
        pass


@pytest.mark.parametrize("collect", [collect_garbage, set_aside])
def test_an_interrupt_is_not_lost_that_meets_the_end_of_garbage(
    collect: Callable[[], None],
) -> None:
    gc.disable()  # so that it is collected there, and at no other moment
    try:
        Last()
        with pytest.raises(KeyboardInterrupt):
            collect()
    finally:
        gc.enable()
        assert gc.get_freeze_count() == 0
