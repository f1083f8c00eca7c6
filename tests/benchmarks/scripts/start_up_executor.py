import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor


def nothing(_: int) -> None: ...


if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    for _ in sys.stdin:
        started = time.perf_counter()
        with ProcessPoolExecutor(2, mp_context=context) as executor:
            list(executor.map(nothing, [0, 0]))
        print(time.perf_counter() - started, flush=True)
