"""The runner `ray`: tasks in Ray's drop-in for `multiprocessing.Pool`."""

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
from gil_demo.running.runners import check_present
from gil_demo.running.spans import Run, Span

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent anywhere
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # with it Ray listens on the loopback address alone
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
_RETRIES = 3  # how often a task is given to another worker before it counts as what kills them


@contextmanager
def ray(workers: int = 2) -> Iterator[Run]:
    """Run tasks in a `ray.util.multiprocessing.Pool`, one task at a time for each worker.

    A Ray of this machine starts by itself, on the loopback address alone, and is gone when the
    runner is left; its start takes some seconds. A task whose worker is lost is given to another
    one.

    Args:
        workers: how many workers the pool has.

    Yields:
        A `Run`; an exception of a task is passed on. The spans of two workers have no common
        clock (see `gil_demo.engines.remotes.make_spans`).

    Raises:
        TypeError: `workers` is no int, or the tasks are no list.
        ValueError: `workers` is out of range, or there are no tasks.
        RunnerUnavailable: Ray isn't installed.
        WorkerDied: a task's worker was lost, again and again.
        GilDemoError: Ray can't be started, or is in use already.
    """
    workers = check_workers(workers)
    check_present("ray")
    with remotes.environment_kept() as note, ExitStack() as stack:
        pool = _start(workers, stack)
        note()
        yield partial(_run, pool)


def _start(workers: int, stack: ExitStack) -> Any:
    """Start Ray and return a pool; nothing is left after the stack."""
    path = os.pathsep.join(filter(None, sys.path))  # Ray's workers don't get it otherwise
    os.environ.update(_ENVIRONMENT | {"PYTHONPATH": path})
    import ray as engine
    from ray.util.multiprocessing import Pool

    if engine.is_initialized():
        raise GilDemoError("Ray is in use in this Python already: call ray.shutdown() first")
    # a short name: Ray's sockets are in it, and their paths may not be long
    place = None if sys.platform == "win32" else "/tmp"
    folder, os.environ[remotes.OWNER] = stack.enter_context(remotes.strays_ended(place))
    stack.callback(engine.shutdown)
    try:
        engine.init(
            "local", num_cpus=workers, include_dashboard=False, object_store_memory=100 << 20,
            _temp_dir=folder, log_to_driver=False, logging_level=logging.CRITICAL,
        )  # fmt: skip
        os.environ.pop(remotes.OWNER, None)  # so that nobody else's processes inherit it
        again = dict.fromkeys(("max_restarts", "max_task_retries"), _RETRIES)
        return Pool(workers, ray_remote_args=again)
    except Exception as reason:  # Ray raises a bare one where its start takes too long
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
