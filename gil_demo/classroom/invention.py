"""A class that is made up, for trying what is done with one; it says so wherever it is shown."""

import math
import os
import random
from typing import NamedTuple

import pandas as pd

from gil_demo.checks import ResultsError, check_path, check_whole_number, state_path
from gil_demo.measuring.runs import BASELINE, RUNS
from gil_demo.recorded import load_recorded
from gil_demo.tables.files import save, write_whole
from gil_demo.tables.schema import make_table
from gil_demo.words import MADE_UP

MOST_MACHINES = 1_000
NOISE = 0.03  # the standard deviation of each time's logarithm
_ROUNDS = 12
_NAMES = (
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "iris", "jade"),
    *("kite", "larch", "maple", "north", "opal", "pearl", "quartz", "raven", "slate", "thistle"),
)
_SYSTEMS = ("Linux", "Linux", "Windows", "Darwin")
_VERSIONS = ("3.11.9", "3.12.7", "3.13.1", "3.13.1", "3.14.0")
_CORES = (2, 4, 4, 8, 8, 12, 16)
_STARTS = {"fork": 0.013, "forkserver": 0.06, "spawn": 0.11}


class _Machine(NamedTuple):
    """What is put into a made-up machine, before the noise of its rounds."""

    file: str
    operating_system: str
    start_method: str
    python_version: str
    gil_enabled: bool
    usable_cores: int
    pace: float
    threads_ratio: float
    processes_ratio: float
    start_seconds: float


def make_class(folder: str | os.PathLike[str], machines: int = 28) -> pd.DataFrame:
    """Make up a class: results files as students might hand them in, in an empty folder.

    Each machine's rounds are those of a run that was recorded, taken at another pace and
    multiplied by noise; the same number of machines gives the same class. Four files are as they
    happen to be: a copy, a run done again, a file of the set's first version, and one that is cut
    short.

    Args:
        folder: where to write: one that is empty, or that isn't there yet and is made.
        machines: how many, 5 or more.

    Returns:
        What was put in, a row a machine: file (of its last run), operating_system, start_method,
        python_version, gil_enabled, usable_cores, pace, threads_ratio and processes_ratio (time
        over the plain loop's), start_seconds.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is out of range.
        ResultsError: the folder can't be made, or isn't empty.
    """
    place = check_path("folder", folder)
    machines = check_whole_number("machines", machines, 5, MOST_MACHINES)
    try:
        place.mkdir(exist_ok=True)
        if any(place.iterdir()):
            raise ResultsError(f"{state_path(place)} is not empty; name a new folder")
    except OSError as reason:
        told = reason.strerror or reason
        raise ResultsError(f"cannot make {state_path(place)}: {told}") from None
    chance = random.Random(0)
    loops = load_recorded("threads-versus-processes")
    loops = loops[(loops["runner"] == BASELINE) & (loops["round"] <= _ROUNDS)]
    invented = [_invent(number, chance) for number in range(machines)]
    files = [
        save(_make_run(one, 10 + number % 10, loops, chance), place / f"{one.file}.csv")
        for number, one in enumerate(invented)
    ]
    first, again, old, *_, cut = files
    later = again.with_stem(f"{again.stem} (1)")
    save(_make_run(invented[1], 20, loops, chance), later)
    write_whole(first.with_name(f"copy of {first.name}"), first.read_bytes())
    table = pd.read_csv(old, dtype=str, keep_default_na=False).drop(columns="workload")
    write_whole(old, table.to_csv(index=False, lineterminator="\n").encode())
    write_whole(cut, cut.read_bytes()[:-500])
    return pd.DataFrame(invented).replace({"file": {again.stem: later.stem}})


def _invent(number: int, chance: random.Random) -> _Machine:
    system, version = chance.choice(_SYSTEMS), chance.choice(_VERSIONS)
    has_gil = not (version > "3.13" and chance.random() < 0.25)
    cores = chance.choice(_CORES)
    method = "spawn" if system != "Linux" else "forkserver" if version > "3.14" else "fork"
    turn, name = divmod(number, len(_NAMES))
    slowdown = chance.lognormvariate(math.log(1.04), 0.05)
    return _Machine(
        file=f"{_NAMES[name]}{turn + 1 if turn else ''}",
        operating_system=system,
        start_method=method,
        python_version=version,
        gil_enabled=has_gil,
        usable_cores=1 if number == 3 else cores,
        pace=chance.lognormvariate(0, 0.3),
        threads_ratio=2.4 * slowdown if number == 4 else slowdown if has_gil else 0.53 * slowdown,
        processes_ratio=1.02 if number == 3 else chance.uniform(0.51, 0.6),
        start_seconds=_STARTS[method] * chance.lognormvariate(0, 0.3),
    )


def _make_run(one: _Machine, day: int, loops: pd.DataFrame, chance: random.Random) -> pd.DataFrame:
    ratios = {BASELINE: 1.0, "threads": one.threads_ratio, "processes": one.processes_ratio}
    facts = {name: value for name, value in one._asdict().items() if name in RUNS.columns} | {
        "run_id": f"{chance.getrandbits(48):012x}",
        "rounds": _ROUNDS,
        "logical_cores": one.usable_cores,
        "physical_cores": max(1, one.usable_cores // 2),
        "measured_on": f"2026-11-{day:02}",
        "recorded_on": f"{MADE_UP} from a run of {loops['recorded_on'].iloc[0]}",
    }
    rows: list[dict[str, object]] = []
    for loop in loops.to_dict("records"):
        for position, (runner, ratio) in enumerate(ratios.items(), start=1):
            starts = one.start_seconds * (runner == "processes")
            slowed = loop["seconds"] * one.pace * ratio
            own = {
                "runner": runner,
                "workers": 1 if runner == BASELINE else 2,
                "start_method": one.start_method if starts else "",
                "position": position,
                "seconds": slowed * chance.lognormvariate(0, NOISE),
                "start_up_seconds": starts,
                "tear_down_seconds": starts / 3,
            }
            rows.append({str(name): value for name, value in loop.items()} | facts | own)
    return make_table(rows, RUNS)
