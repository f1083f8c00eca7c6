"""Print the seconds of work in `processes`: limit.py WORKERS STEPS START_METHOD.

Without words: count down as many steps as a line of the input says, and answer with a line. As in
our workers each call has other memory around it: one place for all of them may be 5 % quicker or
slower than most, as two lines more or less in this file showed.
"""

import sys
import time

from gil_demo.running.pools import processes
from gil_demo.running.workers import call_elsewhere
from gil_demo.running.workloads import countdown

if __name__ == "__main__":
    if sys.argv[1:]:
        workers, steps = map(int, sys.argv[1:3])
        with processes(workers, sys.argv[3]) as run:
            started = time.perf_counter()
            run(countdown, [steps] * workers)
            print(time.perf_counter() - started)
    else:
        print("ready", flush=True)
        for line in sys.stdin:
            call_elsewhere(countdown, int(line))
            print("done", flush=True)
