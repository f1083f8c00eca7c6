"""Print the speed-up of two threads over the plain loop: waiting_threads.py FUNCTION SIZE."""

import statistics
import sys

from gil_demo.measuring.runs import time_run
from gil_demo.running.runners import sequential, threads
from gil_demo.waiting import blocking

if __name__ == "__main__":
    function, size = getattr(blocking, sys.argv[1]), int(sys.argv[2])
    ratios = []
    for _ in range(4):
        one = time_run(sequential, 1, function, [size, size]).work
        two = time_run(threads, 2, function, [size, size]).work
        ratios.append(one / two)
    print(statistics.median(ratios[1:]))
