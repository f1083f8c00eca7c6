import sys
import time


def nothing(_: int) -> None: ...


if __name__ == "__main__":
    from gil_demo.running.pools import processes

    for _ in sys.stdin:
        started = time.perf_counter()
        with processes(2, sys.argv[1]) as run:
            run(nothing, [0, 0])
        print(time.perf_counter() - started, flush=True)
