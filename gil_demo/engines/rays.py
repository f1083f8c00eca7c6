"""The runner `ray`: tasks in Ray's drop-in for `multiprocessing.Pool`, here or on a Ray cluster."""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from gil_demo.checks import GilDemoError, WorkerDied, check_sequence, check_workers
from gil_demo.engines import remotes
from gil_demo.running import CHECK_SECONDS
from gil_demo.running.interrupts import held_back
from gil_demo.running.pools import describe_work
from gil_demo.running.spans import Run, Span

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent anywhere
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # with it Ray listens on the loopback address alone
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


@contextmanager
def ray(workers: int = 2, address: str | None = None) -> Iterator[Run]:
    """Run tasks in a `ray.util.multiprocessing.Pool`, one task at a time for each worker.

    Without an address, a Ray of this machine starts by itself, on the loopback address alone, and
    is gone when the runner is left; its start takes some seconds. With one, a Ray cluster that
    runs already is used, whose workers must have this package. A task whose worker is lost is
    given to another one.

    Args:
        workers: how many workers the pool has.
        address: of a running Ray cluster, such as "192.0.2.7:6379".

    Yields:
        A `Run`; an exception of a task is passed on. The spans of two workers have no common
        clock (see `gil_demo.engines.remotes.make_spans`).

    Raises:
        TypeError: an argument is of the wrong type, or the tasks are no list.
        ValueError: an argument is not allowed, or there are no tasks.
        RunnerUnavailable: Ray isn't installed.
        WorkerDied: a task's worker was lost, again and again.
        GilDemoError: Ray can't be started or reached, has too few processors, or is in use already.
    """
    workers = check_workers(workers)
    remotes.check_address(address, "a Ray cluster")
    remotes.check_engine("ray")
    with remotes.environment_kept() as note, ExitStack() as stack:
        pool = _start(workers, address, stack)
        note()
        yield partial(_run, pool)


def _start(workers: int, address: str | None, stack: ExitStack) -> Any:
    """Start Ray, or join one that runs, and return a pool; nothing is left after the stack."""
    path = os.pathsep.join(filter(None, sys.path))  # Ray's workers don't get it otherwise
    os.environ.update(_ENVIRONMENT | {"PYTHONPATH": path})
    import ray as engine
    from ray.util.multiprocessing import Pool

    if engine.is_initialized():
        raise GilDemoError("Ray is in use in this Python already: call ray.shutdown() first")
    again = dict.fromkeys(("max_restarts", "max_task_retries"), remotes.RETRIES)
    asked: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address is None:
        # a short name: Ray's sockets are in it, and their paths may not be long
        place = None if sys.platform == "win32" else "/tmp"
        folder, os.environ[remotes.OWNER] = stack.enter_context(remotes.strays_ended(place))
        asked |= {"_temp_dir": folder}
        asked |= {"num_cpus": workers, "include_dashboard": False, "object_store_memory": 100 << 20}
    stack.callback(engine.shutdown)
    try:
        engine.init(address or "local", **asked)
        os.environ.pop(remotes.OWNER, None)  # so that nobody else's processes inherit it
        return Pool(workers, ray_remote_args=again)
    except (OSError, ValueError, RuntimeError) as reason:
        raise remotes.refuse_lost(reason) from None


def _run(pool: Any, function: Callable[[Any], object], tasks: Sequence[Any]) -> list[Span]:
    import ray as engine

    checked = check_sequence("tasks", tasks)
    if not engine.is_initialized():
        raise GilDemoError("this Ray has ended: run tasks inside its with block")
    # up to Python 3.12 an interrupted join takes a running thread for one that has ended, so
    # the pool's thread isn't joined before it has told its end
    told: SimpleQueue[object] = SimpleQueue()
    answer = pool.map_async(remotes.Timed(function), checked, 1, told.put, told.put)
    is_told = False
    try:
        while not is_told:
            is_told = _hear(told, CHECK_SECONDS)
        return remotes.make_spans(answer.get())
    except engine.exceptions.RayActorError:
        raise WorkerDied(f"worker after worker ended {describe_work(checked)}") from None
    except engine.exceptions.RayError as reason:
        raise remotes.refuse_lost(reason) from None
    finally:
        if not is_told:  # interrupted: a thread that still waited for answers when Ray ends would
            with held_back():  # end this whole Python
                pool.terminate()
                _hear(told, remotes.END_SECONDS)
                answer.wait(remotes.END_SECONDS)


def _hear(told: "SimpleQueue[object]", seconds: float) -> bool:
    with suppress(Empty):
        told.get(timeout=seconds)
        return True
    return False
