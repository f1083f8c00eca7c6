"""Print the seconds of work in `processes`: limit_ours.py START_METHOD WORKERS STEPS."""

import sys
import time

from gil_demo.running.pools import processes
from gil_demo.running.workloads import countdown

if __name__ == "__main__":
    workers, steps = int(sys.argv[2]), int(sys.argv[3])
    with processes(workers, sys.argv[1]) as run:
        started = time.perf_counter()
        run(countdown, [steps] * workers)
        print(time.perf_counter() - started)
