"""Measure what threads and processes do for a CPU-bound countdown on your own machine.

Names load on first use (PEP 562), so that `import gil_demo` stays quick and a worker process
never loads pandas, matplotlib or Jupyter.
"""

from importlib import import_module

TYPE_CHECKING = False  # type checkers take it for true; typing itself takes milliseconds to load
if TYPE_CHECKING:
    from typing import Any

_HOMES = {
    "GilDemoError": "errors",
    "ResultsError": "errors",
    "RunnerUnavailable": "errors",
    "WorkerDied": "errors",
    "countdown": "workloads",
    "split": "workloads",
    "sequential": "runners",
    "threads": "runners",
    "processes": "runners",
    "interpreters": "runners",
    "describe_machine": "machine",
    "trace_countdown": "workloads",
    "trace": "experiments.switching",
    "sweep_switch_interval": "experiments.switching",
    "serve": "experiments.convoy",
    "sweep_server": "experiments.convoy",
    "compare_workloads": "experiments.waiting",
    "map_tasks": "experiments.pool",
    "observe_chunksize": "experiments.pool",
    "sweep_list_length": "experiments.pool",
    "sweep_chunksize": "experiments.pool",
    "compare_methods": "experiments.methods",
    "examine_endings": "experiments.endings",
    "check_claims": "experiments.claims",
    "compare_start_up": "experiments.start_up",
    "compare_transport": "experiments.transport",
    "weigh_workers": "experiments.memory",
    "sweep_task_length": "experiments.break_even",
    "list_interpreters": "experiments.interpreters",
    "compare_interpreters": "experiments.interpreters",
    "check_predictions": "results",
    "compare": "experiments.speed",
    "list_runners": "experiments.speed",
    "scale": "experiments.speed",
    "summarise": "results",
    "summarise_trace": "turns",
    "summarise_workloads": "results",
    "summarise_map": "tasks",
    "summarise_lists": "tasks",
    "summarise_methods": "tasks",
    "summarise_start_up": "costs",
    "summarise_transport": "costs",
    "summarise_memory": "costs",
    "summarise_break_even": "crossings",
    "summarise_scaling": "scaling",
    "summarise_interpreters": "slowdowns",
    "save": "storage",
    "load": "storage",
    "combine": "results",
    "verdict": "findings.verdicts",
    "score_claims": "findings.claims",
    "advise": "findings.advice",
    "lay_out_advice": "findings.advice",
    "warn": "findings.computer",
    "draw_comparison": "charts.speed",
    "draw_scaling": "charts.speed",
    "draw_timeline": "charts.switching",
    "draw_switch_intervals": "charts.switching",
    "draw_convoy": "charts.convoy",
    "draw_server_intervals": "charts.convoy",
    "draw_workloads": "charts.waiting",
    "draw_gantt": "charts.pool",
    "draw_list_lengths": "charts.lists",
    "draw_chunksizes": "charts.lists",
    "draw_methods": "charts.methods",
    "draw_claims": "charts.claims",
    "draw_start_up": "charts.start_up",
    "draw_transport": "charts.transport",
    "draw_memory": "charts.memory",
    "draw_break_even": "charts.break_even",
    "draw_amdahl": "charts.amdahl",
    "bend_amdahl": "charts.slider",
    "draw_interpreters": "charts.interpreters",
    "run_script": "trials",
    "load_recorded": "recorded",
    "load_published": "recorded",
}

__all__ = sorted(_HOMES)
__version__ = "0.1.0"


def __getattr__(name: str) -> "Any":
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
