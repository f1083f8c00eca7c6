"""Count down as many steps as a line of the input says, and answer with a line when done."""

import sys

from gil_demo.running.workloads import countdown

print("ready", flush=True)
for line in sys.stdin:
    countdown(int(line))
    print("done", flush=True)
