"""The same function under the reader's other Pythons, to tell whether it would help to move."""

import base64
import pickle
import random
import sys
import uuid
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from gil_demo.examination.look import name_function
from gil_demo.examination.table import EXAMINED, FUNCTION, TURNS_ON, read_traps, write_traps
from gil_demo.measuring.progress import shown
from gil_demo.running.pythons import GARBLED, Python, ask, find_pythons
from gil_demo.tables.kinds import combine
from gil_demo.tables.schema import make_table

_PASSES = 2
_START_SECONDS = 20.0
_OLDEST = (3, 8)
_MOST_BYTES = 20_000_000
_UNKNOWN = (
    *("chunk_seconds", "passing_seconds", "worker_bytes", "part_seconds"),
    *("beside_seconds", "cpu_seconds", "waits", "start_up_seconds", "tear_down_seconds"),
    *("argument_bytes", "argument_seconds", "answer_bytes", "answer_seconds"),
)


def examine_elsewhere(
    table: pd.DataFrame,
    function: Callable[[Any], object],
    arguments: Sequence[Any],
    paths: Sequence[Path] | None = None,
    *,
    budget: float = 10.0,
) -> pd.DataFrame:
    """Add to an examination runs of the plain loop and of threads under each other Python.

    None means all Pythons that are found, this one among them: all are run in the same way, in
    turn. One that can't is told with the ways that are missing.
    """
    first = table.iloc[0]
    size, workers = int(first["tasks"]), int(first["workers"])
    chosen = sorted(random.Random(size).sample(range(len(arguments)), size))
    packed = base64.b64encode(pickle.dumps([arguments[place] for place in chosen], protocol=4))
    facts = _find_place(function)
    if not facts or len(packed) > _MOST_BYTES:
        reason = "needs a function of a module, and arguments of a few megabytes in all"
        return table.assign(missing=_add(first, {"other Pythons": reason}))
    with shown() as show:
        show("looking for Pythons")
        found = [one for one in find_pythons(paths) if _is_recent(one)]
        ready = [one for one in found if not one.state]
        each = max(0.1, budget / _PASSES / max(1, len(ready)))
        data = (*facts, packed.decode(), workers, int(first["chunksize"]), each)
        source = files(__package__).joinpath("portable.py").read_text(encoding="utf-8")
        source = source.replace("DATA: tuple[Any, ...] = ()", f"DATA: tuple[Any, ...] = {data!r}")
        told: dict[str, dict[str, Any]] = {}
        missing = {one.name: one.state for one in found if one.state}
        for number in range(_PASSES):
            for python in random.sample(ready, len(ready)):
                if python.name not in missing:
                    show(f"measuring {python.name}, pass {number + 1} of {_PASSES}")
                    _ask(python, source, each, told, missing)
    runs = [
        _make_run(table, python, told[python.name])
        for python in ready
        if python.name in told and python.name not in missing
    ]
    return combine([table.assign(missing=_add(first, missing)), *runs])


def _find_place(function: Callable[[Any], object]) -> tuple[str, ...]:
    """Find the folder, the module and the name by which a function is imported, if any."""
    module, name = getattr(function, "__module__", None) or "", name_function(function)
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if not file or module == "__main__" or found is not function:
        return ()
    above = module.count(".") + (Path(file).name == "__init__.py")
    return str(Path(file).absolute().parents[above]), module, name


def _is_recent(python: Python) -> bool:
    numbers = tuple(int(part) for part in python.version.split(".")[:2] if part.isdigit())
    return not numbers or numbers >= _OLDEST


def _add(first: Any, missing: dict[str, str]) -> str:
    return write_traps(read_traps(first["missing"]) | missing)


def _ask(
    python: Python, source: str, seconds: float, told: dict[str, dict[str, Any]],
    missing: dict[str, str],
) -> None:  # fmt: skip
    """Run the function under a Python once more; add its rounds, or why there are none."""
    answer, reason = ask(python.command, source, [], 3 * seconds + _START_SECONDS)
    match answer:
        case {"failed": str(failure)}:
            missing[python.name] = failure[:150]
        case {
            "gil": bool(gil),
            "culprit": str(culprit),
            "is_alike": bool(is_alike),
            "rounds": {"sequential": [*loops], "threads": [*threads]},
        } if 0 < len(loops) == len(threads) and all(
            isinstance(one, float) and 0 < one < 1e5 for one in (*loops, *threads)
        ):
            before = told.setdefault(
                python.name,
                {"gil": gil, "culprit": culprit, "is_alike": True}
                | {"sequential": [], "threads": []},
            )
            before["is_alike"] &= is_alike
            before["sequential"] += loops
            before["threads"] += threads
        case _:
            missing[python.name] = reason or GARBLED


def _make_run(table: pd.DataFrame, python: Python, told: dict[str, Any]) -> pd.DataFrame:
    """Make a run of what a Python told, on the machine of the table."""
    traps = {} if told["is_alike"] else {"answers differ": "in threads"}
    if told["culprit"]:
        traps[TURNS_ON] = told["culprit"]
    rounds = len(told["sequential"])
    run: dict[str, Any] = {str(name): value for name, value in table.iloc[0].items()}
    run |= dict.fromkeys(_UNKNOWN)
    for name in ("task_seconds", "task_low_seconds", "task_high_seconds"):
        run[name] = min(told["sequential"]) / run["tasks"]
    run |= {"run_id": f"r{uuid.uuid4().hex[:11]}", "interpreter": python.name}
    run |= {"python_version": python.version, "implementation": python.implementation}
    run |= {"gil_enabled": told["gil"], "gil_in_workers": "", "missing": ""}
    run |= {"traps": write_traps(traps), "calls": 2 * (_PASSES + rounds), "rounds": rounds}
    run |= {"work": FUNCTION, "start_method": ""}
    rows = [
        {**run, "runner": way, "round": number, "position": position, "seconds": seconds}
        for position, way in enumerate(("sequential", "threads"), start=1)
        for number, seconds in enumerate(told[way], start=1)
    ]
    return make_table(rows, EXAMINED)
