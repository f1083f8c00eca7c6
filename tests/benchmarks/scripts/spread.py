"""Print the speed-up of two processes, measured for some seconds in one of three ways.

"ours" is what `compare` reports, with the ends of its interval, and then the same of two threads;
"naive" is one long timing of each side; "pyperf" the means of a benchmarking tool.
"""

import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from gil_demo import compare, countdown, summarise
from gil_demo.running.workloads import measure_steps_per_second

SECONDS = 8.0
PYPERF = "--processes=2 --values=3 --warmups=1 --loops=1 --quiet --output"


def measure_ours() -> None:
    summary = summarise(compare(workers=2, budget=SECONDS)).set_index("runner")
    columns = ["speed_up", "speed_up_low", "speed_up_high"]
    print(*summary.loc["processes", columns], *summary.loc["threads", columns])


def measure_naively() -> None:
    count = int(measure_steps_per_second() * SECONDS / 1.6)  # both sides together
    began = time.perf_counter()
    countdown(count)
    between = time.perf_counter()
    with multiprocessing.Pool(2) as pool:
        pool.map(countdown, [count // 2] * 2)
    print((between - began) / (time.perf_counter() - between))


def run_pyperf() -> None:
    """Let pyperf time both sides in processes of its own, eight times each."""
    count = int(measure_steps_per_second() * SECONDS / 1.6 / 24)
    means = []
    with tempfile.TemporaryDirectory() as folder:
        for side in ("loop", "pool"):
            file = Path(folder, side)
            command = [sys.executable, __file__, side, str(count), *PYPERF.split(), str(file)]
            subprocess.run(command, check=True, capture_output=True)
            runs = json.loads(file.read_text())["benchmarks"][0]["runs"]
            values = [value for run in runs for value in run.get("values", [])]
            means.append(sum(values) / len(values))
    print(means[0] / means[1])


def time_side(side: str, count: int) -> None:
    """Be one of pyperf's processes, or the one that starts them."""
    del sys.argv[1:3]
    runner = import_module("pyperf").Runner(program_args=[__file__, side, str(count)])
    runner.parse_args()
    if side == "loop":
        runner.bench_func("loop", countdown, count)
    else:
        with multiprocessing.Pool(2) as pool:
            runner.bench_func("pool", pool.map, countdown, [count // 2] * 2)


if __name__ == "__main__":
    if sys.argv[1] in ("loop", "pool"):
        time_side(sys.argv[1], int(sys.argv[2]))
    else:
        {"ours": measure_ours, "naive": measure_naively, "pyperf": run_pyperf}[sys.argv[1]]()
