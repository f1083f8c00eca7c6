"""The runner `cluster`: tasks in the workers of a Dask cluster, on this machine or on others."""

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any

from gil_demo.checks import GilDemoError, WorkerDied, check_sequence, check_workers, shorten
from gil_demo.engines import remotes
from gil_demo.running.pools import describe_work
from gil_demo.running.runners import check_present
from gil_demo.running.spans import Run, Span


@contextmanager
def cluster(workers: int = 2, address: str | None = None) -> Iterator[Run]:
    """Run tasks in the workers of a Dask cluster.

    Without an address, a cluster of this machine starts by itself: a scheduler and workers, on
    the loopback address alone, gone when the runner is left. With one, or with
    DASK_SCHEDULER_ADDRESS in the environment, the running scheduler of that address is asked, and
    its workers are used as they are; each of them must have this package. A task whose worker is
    lost is given to another one.

    Args:
        workers: how many workers to start, or the least that a running scheduler must have.
        address: of a running scheduler, such as "tcp://192.0.2.7:8786".

    Yields:
        A `Run`; an exception of a task is passed on. The spans of two workers have no common
        clock (see `gil_demo.engines.remotes.make_spans`).

    Raises:
        TypeError: an argument is of the wrong type, or the tasks are no list.
        ValueError: an argument is not allowed, or there are no tasks.
        RunnerUnavailable: Dask isn't installed.
        WorkerDied: a task's worker was lost, again and again.
        GilDemoError: the cluster can't be reached, has too few workers, or was lost.
    """
    workers = check_workers(workers)
    asked = find_scheduler(address)
    check_present("cluster")
    with remotes.environment_kept() as note, ExitStack() as stack:
        client = _reach(workers, asked, stack)
        note()
        yield partial(_run, client)


def find_scheduler(address: object) -> str | None:
    """Return the address of the scheduler to ask; None if a cluster of one's own is to start."""
    if address is None:
        return os.environ.get("DASK_SCHEDULER_ADDRESS") or None
    fault = f"address must be that of a scheduler, not {shorten(address)}"
    if not isinstance(address, str):
        raise TypeError(fault)
    if not (address.strip() and address.isprintable() and len(address) <= 300):
        raise ValueError(fault)
    return address


def _reach(workers: int, address: str | None, stack: ExitStack) -> Any:
    """Return a client of a cluster all of whose workers are ready and have this package."""
    from distributed import Client

    try:
        place = address or stack.enter_context(_started(workers))
        client = stack.enter_context(
            Client(place, set_as_default=False, timeout=remotes.START_SECONDS)
        )
        client.wait_for_workers(workers, timeout=remotes.START_SECONDS)
        client.run(exec, "import gil_demo.engines.remotes")
    except ModuleNotFoundError:
        raise GilDemoError(
            f"a worker of {address} has no gil_demo: install this package on every machine"
        ) from None
    except (OSError, ValueError, RuntimeError) as reason:  # TimeoutError is an OSError
        if address is None:
            raise remotes.refuse_lost(reason) from reason
        told = f"no scheduler with {workers} workers was reached at {shorten(address)}"
        raise GilDemoError(f"{told}: {shorten(str(reason))}") from None
    return client


@contextmanager
def _started(workers: int) -> Iterator[Any]:
    from dask import config
    from distributed import LocalCluster

    with remotes.strays_ended() as (folder, mark):
        marked = {f"distributed.nanny.pre-spawn-environ.{remotes.OWNER}": mark}
        with config.set(marked | {"temporary-directory": folder}):
            started = LocalCluster(
                n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # with None it would take the port 8787
                worker_dashboard_address=None, memory_limit=None,
                silence_logs=logging.CRITICAL,
            )  # fmt: skip
        os.environ.pop(remotes.OWNER, None)  # so that nobody else's processes inherit it
        try:
            yield started
        finally:
            with suppress(Exception):  # a worker that is just being replaced can't be closed;
                started.close(timeout=remotes.END_SECONDS)  # what stays of it is ended all the same


def _run(client: Any, function: Callable[[Any], object], tasks: Sequence[Any]) -> list[Span]:
    from distributed import KilledWorker
    from distributed.comm.core import CommClosedError

    checked = check_sequence("tasks", tasks)
    if client.status != "running":
        raise GilDemoError("this cluster has ended: run tasks inside its with block")
    try:
        futures = client.map(remotes.Timed(function), checked, pure=False)
    except TypeError as reason:
        raise TypeError(f"function must be one that can be sent to a worker ({reason})") from None
    try:
        _wait_for(client, futures, checked)
        return remotes.make_spans(client.gather(futures))
    except BaseException as failure:
        client.cancel(futures, force=True)  # nobody waits for what is left of them
        if isinstance(failure, KilledWorker):
            raise WorkerDied(f"worker after worker ended {describe_work(checked)}") from None
        if isinstance(failure, CommClosedError):
            raise remotes.refuse_lost(failure) from None
        raise


def _wait_for(client: Any, futures: Sequence[Any], tasks: Sequence[object]) -> None:
    """Wait for as long as there is a worker, or one may still come back."""
    from distributed import wait

    seen, pending = time.monotonic(), list(futures)
    while pending:
        try:
            with client.as_current():
                wait(pending[-1:], timeout=remotes.LOOK_SECONDS)  # cheaper than to wait for each
            pending = [future for future in pending if not future.done()]
        except TimeoutError:
            if client.status != "running":
                raise remotes.refuse_lost(ConnectionError("its scheduler has gone")) from None
            if client.scheduler_info()["workers"]:
                seen = time.monotonic()
            elif time.monotonic() - seen > remotes.START_SECONDS:
                raise WorkerDied(f"no worker is left {describe_work(tasks)}") from None
