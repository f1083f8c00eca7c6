"""A storm of pools: started by two threads at once, beside a plain Pool that renews its workers."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from gil_demo import countdown, processes
from tests.conftest import METHODS, run_once

RUNS = 100


@pytest.mark.thorough
@pytest.mark.parametrize("method", METHODS)
def test_pools_of_two_threads_and_of_somebody_else_are_not_taken_for_each_other(
    method: str,
) -> None:
    def run_often() -> list[int]:
        runner = partial(processes, start_method=method)
        return [len(run_once(runner, countdown, [9, 9])) for _ in range(RUNS)]

    with (
        multiprocessing.get_context(method).Pool(2, maxtasksperchild=1) as other,
        ThreadPoolExecutor(2) as executor,
    ):
        runs = [executor.submit(run_often) for _ in range(2)]
        renewals = 0
        while not all(run.done() for run in runs):
            other.map(countdown, [9] * 4, chunksize=1)
            renewals += 4
        assert [run.result() for run in runs] == [[2] * RUNS] * 2
    print(f"{method}: {2 * RUNS} runs, {renewals} workers renewed beside them")
