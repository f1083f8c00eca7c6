"""Time cold starts of a pool, one for each line of the input: start_up.py POOL METHOD."""

import multiprocessing
import sys
import time
from multiprocessing.synchronize import Semaphore


def nothing(_: int) -> None: ...


def announce(ready: Semaphore) -> None:
    ready.release()


def start(pool_name: str, method: str) -> None:
    if pool_name == "ours":
        from gil_demo.running.pools import processes

        with processes(2, method) as run:
            run(nothing, [0, 0])
    else:
        context = multiprocessing.get_context(method)
        ready = context.Semaphore(0)
        with context.Pool(2, initializer=announce, initargs=(ready,)) as pool:
            ready.acquire()
            ready.acquire()
            pool.map(nothing, [0, 0])


if __name__ == "__main__":
    for _ in sys.stdin:
        began = time.perf_counter()
        start(sys.argv[1], sys.argv[2])
        print(time.perf_counter() - began, flush=True)
