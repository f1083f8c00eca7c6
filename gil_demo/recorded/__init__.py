"""Runs recorded on known machines, and figures that others published, as CSV with their source."""

from importlib.resources import as_file, files

import pandas as pd

from gil_demo.checks import check_choice
from gil_demo.tables.files import load

RECORDED = (
    *("threads-versus-processes", "scaling", "timeline", "interpreters", "runners", "memory"),
    *("engines", "lost-updates", "break-even", "transport", "convoy"),
)
PUBLISHED = ("countdown", "convoy")


def load_recorded(name: str) -> pd.DataFrame:
    """Load a run that was recorded on a known machine, for readers whose own can't show it.

    Args:
        name: threads-versus-processes (of `compare`), scaling (of `scale`), timeline (of
            `trace`), interpreters (of `compare_interpreters`), runners (of `compare` with all
            runners, by Python 3.14), memory (of `weigh_workers`), engines (of `sweep_engines`),
            lost-updates (of `count_lost_updates`, by eleven Pythons), break-even (of
            `sweep_task_length`), transport (of `compare_transport`) or convoy (of `serve`).

    Returns:
        The tidy table; `recorded_on` names the machine and the day, and every chart of it says
        that it is recorded.

    Raises:
        TypeError: the name is no string.
        ValueError: there is no such recording.
    """
    check_choice("name", name, RECORDED)
    with as_file(files(__name__) / f"{name}.csv") as path:
        return load(path)


def load_published(name: str = "countdown") -> pd.DataFrame:
    """Load figures that others published, each with its source.

    Args:
        name: countdown (one thread and several) or convoy (an echo server and its neighbours).

    Returns:
        For the countdown a table with the columns source, year, python, machine, threads (how
        many), split (whether one countdown was split among the threads or each did a whole one),
        sequential_seconds, threads_seconds, and time_ratio (threads over sequential); only the
        ratios of rows that agree in `split` may be compared. For the convoy one with the columns
        source, year, python, beside (nothing, thread or process) and requests_per_second.

    Raises:
        TypeError: the name is no string.
        ValueError: there are no such figures.
    """
    check_choice("name", name, PUBLISHED)
    with as_file(files(__name__) / f"published-{name}.csv") as path:
        table = pd.read_csv(path)
    if name == "countdown":
        table["time_ratio"] = table["threads_seconds"] / table["sequential_seconds"]
    return table
