"""Take all of a machine's results, each as a table that says where and when it was recorded."""

from collections.abc import Callable

import pandas as pd

from gil_demo.checks import check_choice
from gil_demo.claims import check_claims
from gil_demo.costs.break_even import sweep_task_length
from gil_demo.costs.memory import weigh_workers
from gil_demo.costs.start_up import compare_start_up
from gil_demo.costs.transport import compare_transport
from gil_demo.engines.overheads import sweep_engines
from gil_demo.measuring.machine import count_usable_cores, get_date, get_system
from gil_demo.pool.lists import sweep_chunksize, sweep_list_length
from gil_demo.pool.methods import compare_methods
from gil_demo.pool.tasks import map_tasks
from gil_demo.pythons.measure import compare_interpreters
from gil_demo.race.comparison import compare, list_runners
from gil_demo.race.scaling import scale
from gil_demo.turns.sweep import sweep_switch_interval
from gil_demo.turns.timeline import trace
from gil_demo.waiting.convoy import serve, sweep_server
from gil_demo.waiting.workloads import compare_workloads

_EQUAL_TASKS = [1_000_000] * 8

RECORDINGS: dict[str, Callable[[], pd.DataFrame]] = {
    "threads-versus-processes": compare,
    "runners": lambda: compare(_list_available()),
    "scaling": scale,
    "timeline": trace,
    "switch-intervals": sweep_switch_interval,
    "convoy": serve,
    "server-intervals": sweep_server,
    "workloads": compare_workloads,
    "tasks": lambda: map_tasks(_EQUAL_TASKS),
    "list-lengths": sweep_list_length,
    "chunksizes": sweep_chunksize,
    "methods": compare_methods,
    "claims": check_claims,
    "interpreters": compare_interpreters,
    "start-up": compare_start_up,
    "transport": compare_transport,
    "memory": weigh_workers,
    "break-even": sweep_task_length,
    "engines": sweep_engines,
}
"""What can be recorded, by the name of its file."""


def record(name: str, machine: str | None = None) -> pd.DataFrame:
    """Take one of the results of this machine, marked as recorded.

    Args:
        name: which one, out of `RECORDINGS`.
        machine: what to call the machine; None means its cores and its system, which name nobody.

    Returns:
        The table of its experiment; `recorded_on` names the machine and the day.

    Raises:
        TypeError: an argument is no string.
        ValueError: there is no such recording, or the machine has no name.
        GilDemoError: the run failed.
    """
    check_choice("name", name, [*RECORDINGS])
    called = describe_place() if machine is None else check_machine(machine)
    return RECORDINGS[name]().assign(recorded_on=f"{called} on {get_date()}")


def describe_place() -> str:
    """Describe the computer without naming anyone, for example "a 2-core Linux machine"."""
    return f"a {count_usable_cores()}-core {get_system()} machine"


def check_machine(machine: object) -> str:
    """Return what to call a machine, on one line.

    Raises:
        TypeError: it is no string.
        ValueError: it is empty or longer than 60 letters.
    """
    if not isinstance(machine, str):
        raise TypeError(f"machine must be a name in words, not {type(machine).__name__}")
    called = " ".join(machine.split())
    if not 1 <= len(called) <= 60:
        raise ValueError(f"machine must be a name of 1 to 60 letters, not of {len(called)}")
    return called


def _list_available() -> list[str]:
    runners = list_runners()
    return list(runners.loc[runners["available"], "runner"])
