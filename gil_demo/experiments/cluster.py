"""Ask what an engine that can use other machines costs, beside the plain Pool of this one."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import NamedTuple

import pandas as pd

from gil_demo.arguments import check_choice, check_unlike, check_workers
from gil_demo.clusters import check_address, cluster
from gil_demo.columns import ENGINES as MAPS
from gil_demo.errors import RunnerUnavailable
from gil_demo.lifetimes import check_start_method
from gil_demo.measurements import collect_facts
from gil_demo.pools import processes
from gil_demo.rays import ray
from gil_demo.remotes import ENGINES, check_engine, find_missing
from gil_demo.results import BASELINE
from gil_demo.runners import sequential
from gil_demo.sampling import Samples, check_budget, take_samples
from gil_demo.schemas import make_table
from gil_demo.spans import Run
from gil_demo.workloads import countdown

DEFAULT_SECONDS = 12.0
LONGEST_SECONDS = 0.06
TINY_TASKS = 60
_PACE_STEPS = 200_000
_SIZES = 5
_FACTOR = 4
_LONGEST_PARTS = 150


class _Map(NamedTuple):
    """One map of a round: a runner, how many tasks, and the steps of each."""

    runner: str
    tasks: int
    steps: int


class _Worked(NamedTuple):
    work: float


def sweep_engines(
    engines: Sequence[str] | None = None,
    *,
    workers: int = 2,
    start_method: str | None = None,
    address: str | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Map tasks of nothing, tasks that grow and ever more tasks at once, by engines and the Pool.

    The plain loop and the plain Pool are always measured, each task handed out on its own. The
    workers of all are started once, before the rounds.

    Args:
        engines: which engines, by name: cluster (Dask), ray; None means those that are installed.
        workers: how many workers each of them has.
        start_method: how the Pool's processes are started; None means the platform's default.
        address: of a running Dask scheduler, as for `cluster`.
        budget: seconds for the rounds; None means `DEFAULT_SECONDS`.

    Returns:
        A table of rounds; the columns and types are in `gil_demo.columns.ENGINES`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        RunnerUnavailable: an engine that is asked for isn't installed, or none is.
        GilDemoError: the run failed.
    """
    check_workers(workers)
    method, seconds = (
        check_start_method(start_method),
        check_budget(DEFAULT_SECONDS if budget is None else budget),
    )
    asked = check_address(address)
    names = _check_engines(engines)
    facts = collect_facts("engines") | {"workers": workers, "is_elsewhere": asked is not None}
    runners: dict[str, Callable[..., AbstractContextManager[Run]]] = {
        BASELINE: sequential,
        "processes": partial(processes, start_method=method, chunksize=1),
        "cluster": partial(cluster, address=asked),
        "ray": ray,
    }
    chosen = [BASELINE, "processes", *names]
    costs: dict[str, dict[str, object]] = {
        name: {"start_method": method if name == "processes" else ""} for name in chosen
    }
    with ExitStack() as stack:
        runs = {
            name: stack.enter_context(_timed(runners[name], workers, costs[name]))
            for name in chosen
        }
        maps = _list_maps(chosen, workers, seconds)
        taken = take_samples(
            {_label(one): partial(_time_map, runs[one.runner], one) for one in maps},
            baseline=_label(maps[0]),
            budget=seconds,
        )
    return make_table(_make_rows(taken, maps, costs, facts), MAPS)


def _check_engines(engines: object) -> list[str]:
    if engines is None:
        here = [name for name in ENGINES if not find_missing(name)]
        if not here:
            raise RunnerUnavailable("; ".join(f"{name}: {find_missing(name)}" for name in ENGINES))
        return here
    names = check_unlike("engines", engines, lambda _, one: check_choice("engine", one, [*ENGINES]))
    for name in names:
        check_engine(name)
    return names


@contextmanager
def _timed(
    runner: Callable[..., AbstractContextManager[Run]], workers: int, costs: dict[str, object]
) -> Iterator[Run]:
    """Enter and leave a runner, and note how long either took."""
    began = time.perf_counter()
    with ExitStack() as stack:
        run = stack.enter_context(runner(workers))
        costs["start_up_seconds"] = time.perf_counter() - began
        yield run
        began = time.perf_counter()
    costs["tear_down_seconds"] = time.perf_counter() - began


def _list_maps(names: Sequence[str], workers: int, seconds: float) -> list[_Map]:
    """List what is run in each round; the first is the plain loop's longest."""
    began = time.perf_counter()
    countdown(_PACE_STEPS)
    pace = _PACE_STEPS / (time.perf_counter() - began)
    longest = int(pace * min(LONGEST_SECONDS, seconds / _LONGEST_PARTS))
    lengths = sorted(max(2 + n, longest // _FACTOR**n) for n in range(_SIZES))
    sizes = [(workers, steps) for steps in reversed(lengths)]
    sizes += [(tasks, lengths[-1]) for tasks in range(1, workers)]
    sizes += [(max(TINY_TASKS, 4 * workers), 1)]
    return [_Map(name, *size) for name in names for size in sizes]


def _time_map(run: Run, one: _Map) -> _Worked:
    began = time.perf_counter()
    run(countdown, [one.steps] * one.tasks)
    return _Worked(time.perf_counter() - began)


def _label(one: _Map) -> str:
    return f"{one.runner}, {one.tasks} tasks of {one.steps:,} steps"


def _make_rows(
    taken: Samples[_Worked],
    maps: Sequence[_Map],
    costs: dict[str, dict[str, object]],
    facts: dict[str, object],
) -> list[dict[str, object]]:
    by_label = {_label(one): one for one in maps}
    return [
        facts
        | by_label[sample.variant]._asdict()
        | costs[by_label[sample.variant].runner]
        | {
            "round": sample.round,
            "rounds": taken.samples[-1].round,
            "position": sample.position,
            "seconds": sample.timing.work,
        }
        for sample in taken.samples
    ]
