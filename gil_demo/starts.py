"""Pools that are started and let go, to tell what that alone costs."""

import time
from functools import partial
from importlib import import_module
from typing import NamedTuple

from gil_demo.arguments import check_unlike
from gil_demo.lifetimes import check_start_method, pool_held
from gil_demo.machine import list_start_methods


class Start(NamedTuple):
    """What one pool cost, in seconds: until it was ready, and until it was gone."""

    start_up: float
    tear_down: float

    @property
    def work(self) -> float:
        """Both together, as the figure whose ratios tell when to stop."""
        return self.start_up + self.tear_down


def check_start_methods(start_methods: object) -> list[str]:
    """Return the start methods to use, each once; None means all that this machine has.

    Raises:
        TypeError: they are no list, or one is no string.
        ValueError: there are none, one is unknown here, or one is there twice.
    """
    if start_methods is None:
        return list_start_methods()
    return check_unlike("start_methods", start_methods, _check_method)


def _check_method(name: str, value: object) -> str:
    if value is None:
        raise TypeError(f"{name} must be one of {', '.join(list_start_methods())}, not None")
    return check_start_method(value)


def time_start(workers: int, method: str, load: str = "nothing") -> Start:
    """Start a pool and let it go.

    Args:
        workers: how many processes.
        method: how they are started.
        load: what each of them imports before it is ready; "nothing" for no module.

    Returns:
        Seconds until it was ready, and until it was gone.
    """
    prepare = None if load == "nothing" else partial(import_module, load)
    asked = time.perf_counter()
    with pool_held(workers, method, prepare):
        ready = time.perf_counter()
    return Start(ready - asked, time.perf_counter() - ready)
