"""Print the speed-up by pyperf's means and by its medians; takes pyperf's own options."""

import multiprocessing

import pyperf

from gil_demo.running.workloads import countdown

COUNT = 4_000_000  # as `compare` takes

if __name__ == "__main__":
    half = COUNT // 2
    runner = pyperf.Runner()
    sequential = runner.bench_func("sequential", countdown, COUNT)
    with multiprocessing.Pool(2) as pool:
        processes = runner.bench_func("processes", pool.map, countdown, [half, half])
    if sequential and processes:
        print(sequential.mean() / processes.mean(), sequential.median() / processes.median())
