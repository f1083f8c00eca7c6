import sys
import time

from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor


def nothing(_: int) -> None: ...


if __name__ == "__main__":
    kill = sys.argv[1] == "first answers"
    for _ in sys.stdin:
        started = time.perf_counter()
        Parallel(n_jobs=2)(delayed(nothing)(task) for task in [0, 0])
        get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=kill)
        print(time.perf_counter() - started, flush=True)
