"""Measure what threads and processes do for a CPU-bound countdown on your own machine.

Names load on first use (PEP 562), so that `import gil_demo` stays quick and a worker process
never loads pandas, matplotlib or Jupyter.
"""

from importlib import import_module

TYPE_CHECKING = False  # type checkers take it for true; typing itself takes milliseconds to load
if TYPE_CHECKING:
    from typing import Any

_HOMES = {
    "GilDemoError": "checks",
    "ResultsError": "checks",
    "RunnerUnavailable": "checks",
    "WorkerDied": "checks",
    "countdown": "running.workloads",
    "sequential": "running.runners",
    "threads": "running.runners",
    "processes": "running.pools",
    "interpreters": "running.subinterpreters",
    "trace_countdown": "running.workloads",
    "run_script": "running.scripts",
    "summarise": "tables.kinds",
    "save": "tables.files",
    "load": "tables.files",
    "combine": "tables.kinds",
    "verdict": "tables.kinds",
    "draw": "tables.kinds",
    "describe_machine": "measuring.machine",
    "warn": "measuring.machine",
    "compare": "race.comparison",
    "list_runners": "race.comparison",
    "scale": "race.scaling",
    "bend_amdahl": "race.amdahl",
    "trace": "turns.timeline",
    "sweep_switch_interval": "turns.sweep",
    "sketch": "turns.sketch",
    "map_tasks": "pool.tasks",
    "observe_chunksize": "pool.tasks",
    "sweep_list_length": "pool.lists",
    "sweep_chunksize": "pool.lists",
    "compare_methods": "pool.methods",
    "examine_endings": "pool.endings",
    "count_lost_updates": "sharing.updates",
    "compare_sharing": "sharing.prices",
    "follow_global": "sharing.copies",
    "compare_random_numbers": "sharing.copies",
    "compare_start_up": "costs.start_up",
    "compare_transport": "costs.transport",
    "weigh_workers": "costs.memory",
    "sweep_task_length": "costs.break_even",
    "advise": "costs.advice",
    "lay_out_advice": "costs.advice",
    "serve": "waiting.convoy",
    "sweep_server": "waiting.convoy",
    "compare_workloads": "waiting.workloads",
    "check_predictions": "waiting.workloads",
    "list_interpreters": "pythons.measure",
    "compare_interpreters": "pythons.measure",
    "cluster": "engines.clusters",
    "ray": "engines.rays",
    "sweep_engines": "engines.overheads",
    "examine": "examination.measure",
    "gather": "classroom.gathering",
    "make_class": "classroom.invention",
    "check_claims": "claims",
    "load_recorded": "recorded",
    "load_published": "recorded",
}

__all__ = sorted(_HOMES)
__version__ = "0.1.0"


def __getattr__(name: str) -> "Any":
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    checks = import_module(f"{__name__}.checks")
    checks.check_packages()
    try:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    except AttributeError as reason:  # which an import would take for a name that isn't there
        told = f"{name} could not be loaded: {reason} ({getattr(reason.obj, '__file__', '')})"
        raise checks.GilDemoError(told.removesuffix(" ()")) from reason


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
