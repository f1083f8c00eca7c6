"""Print the speed-up that one timing of each gives, as a lesson would: spread_naive.py COUNT."""

import multiprocessing
import sys
import time

from gil_demo.running.workloads import countdown

if __name__ == "__main__":
    count = int(sys.argv[1])
    started = time.perf_counter()
    countdown(count)
    sequential = time.perf_counter() - started
    started = time.perf_counter()
    with multiprocessing.Pool(2) as pool:
        pool.map(countdown, [count // 2, count // 2])
    print(sequential / (time.perf_counter() - started))
