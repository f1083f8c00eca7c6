"""Take all of a machine's results, each as a table that says where and when it was recorded."""

import platform
from functools import partial

import pandas as pd

from gil_demo.measuring.machine import count_usable_cores, get_date, name_system
from gil_demo.running.pythons import find_pythons
from gil_demo.running.runners import RUNNERS, find_missing
from gil_demo.tables.kinds import KINDS, find

RECORDINGS = {
    "threads-versus-processes": "compare",
    "runners": "compare",
    "scaling": "scale",
    "timeline": "trace",
    "switch-intervals": "switch",
    "convoy": "serve",
    "server-intervals": "serve",
    "workloads": "workloads",
    "tasks": "map",
    "list-lengths": "lengths",
    "chunksizes": "chunks",
    "methods": "methods",
    "lost-updates": "updates",
    "sharing": "prices",
    "globals": "globals",
    "claims": "claims",
    "interpreters": "interpreters",
    "start-up": "starts",
    "transport": "transfers",
    "memory": "weights",
    "break-even": "break_even",
    "engines": "engines",
}
"""What can be recorded, by the name of its file: what kind of table it is."""


def record(name: str) -> pd.DataFrame:
    """Take one of the `RECORDINGS` here, marked with the machine and the day."""
    measure = find(KINDS[RECORDINGS[name]].measurement)
    if name == "runners":
        measure = partial(measure, [one for one in RUNNERS if not find_missing(one)])
    if name == "server-intervals":
        measure = find("waiting.convoy:sweep_server")
    if name == "break-even":  # many ways, and each is to have rounds enough
        measure = partial(measure, budget=30.0)
    if name == "tasks":
        measure = partial(measure, [1_000_000] * 8)
    if name == "lost-updates":
        pythons = [one.command[0] for one in find_pythons() if not one.state]
        measure = partial(measure, [*dict.fromkeys(pythons)])
    table: pd.DataFrame = measure().assign(recorded_on=f"{describe_place()} on {get_date()}")
    return table


def describe_place() -> str:
    """Describe the computer, without naming anyone, as "a 2-core Linux machine"."""
    cores = str(count_usable_cores())
    article = "an" if cores.startswith("8") or cores in ("11", "18") else "a"
    return f"{article} {cores}-core {name_system(platform.system())} machine"
