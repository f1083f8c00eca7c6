"""Print the ratio of tasks through gil_demo to direct ones: engine_ours.py RUNNER TASKS TURNS."""

import statistics
import sys
import time

from gil_demo.running.runners import get_runner
from gil_demo.running.workloads import countdown

if __name__ == "__main__":
    name, tasks, turns = sys.argv[1], [1] * int(sys.argv[2]), int(sys.argv[3])
    with get_runner(name)(2) as run:
        engine = run.args[0]  # type: ignore[attr-defined]

        def measure(is_ours: bool) -> float:
            began = time.perf_counter()
            if is_ours:
                run(countdown, tasks)
            elif name == "cluster":
                engine.gather(engine.map(countdown, tasks, pure=False))
            else:
                engine.map(countdown, tasks, chunksize=1)
            return time.perf_counter() - began

        ratios = []
        for turn in range(-1, turns):
            first = turn % 2 == 0
            seconds = {is_ours: measure(is_ours) for is_ours in (first, not first)}
            ratios.append(seconds[True] / seconds[False])
    print(statistics.median(ratios[1:]))
