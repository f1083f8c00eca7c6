"""Print the speed-up of two processes: "ours" as `compare` reports it, "naive" by one timing."""

import multiprocessing
import sys
import time

from gil_demo import compare, countdown, summarise

COUNT = 10_000_000

if __name__ == "__main__":
    if sys.argv[1] == "ours":
        summary = summarise(compare(["processes"], workers=2, budget=4.0)).set_index("runner")
        print(summary.loc["processes", "speed_up"])
    else:
        started = time.perf_counter()
        countdown(COUNT)
        between = time.perf_counter()
        with multiprocessing.Pool(2) as pool:
            pool.map(countdown, [COUNT // 2] * 2)
        print((between - started) / (time.perf_counter() - between))
