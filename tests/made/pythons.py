import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pytest

from gil_demo.pythons.measure import INTERPRETERS, MEASURED
from tests.made.runs import make, spread

Ratios = Mapping[str, Mapping[str, Sequence[float]]]

ORDINARY: Ratios = {
    "CPython 2.7.18": {"threads": spread(1.9, 8, 0.2), "processes": spread(0.55)},
    "CPython 3.11.7": {"threads": spread(1.03), "processes": spread(0.55)},
    "CPython 3.13.0": {"threads": spread(1.04), "processes": spread(0.56)},
    "CPython 3.13.5t": {"threads": spread(0.54), "processes": spread(0.6)},
    "CPython 3.13.5t, GIL on": {"threads": spread(1.06), "processes": spread(0.6)},
    "CPython 3.14.0": {"threads": spread(1.05), "processes": spread(0.54)},
}
STRANGE = {"python3.90": "failed", "python3.91": "stopped for its output"}


def make_interpreters(
    ratios: Ratios = ORDINARY, strange: Mapping[str, str] | None = None, **facts: object
) -> pd.DataFrame:
    """Make the table of one run, by each way's time over the sequential one in each round.

    `strange` is what could not be measured, with its state.
    """
    rows: list[dict[str, object]] = []
    for name, ways in ratios.items():
        implementation, version = name.split(",")[0].removesuffix("t").split()
        told = {"interpreter": name, "version": version, "implementation_measured": implementation}
        told |= {"gil": "off" if name.endswith("t") else "on", "state": MEASURED}
        seconds = 0.06 if name.endswith("t") else 0.04
        everyone = {"sequential": [1.0] * len(next(iter(ways.values()))), **ways}
        for way, multiples in everyone.items():
            for n, multiple in enumerate(multiples):
                own = {"runner": way, "round": n + 1, "seconds": seconds * 1.01**n * multiple}
                rows.append({**told, "steps": 2_000_000, **own})
    nothing = {"version": "", "implementation_measured": "", "gil": "not known", "runner": ""}
    rows += [
        {"interpreter": name, "state": state, **nothing} for name, state in (strange or {}).items()
    ]
    return make(INTERPRETERS, rows, {"run_id": "d1e2f3"} | facts)


needs_scripts = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows runs no scripts in the place of a program"
)


def write_stranger(folder: Path, name: str, action: str) -> Path:
    """Write a program that looks like a Python, but does as a line of shell tells it."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{action}\n")
    path.chmod(0o700)
    return path
