"""Honest synthetic tables of the countdown under several interpreters, to test with."""

from collections.abc import Mapping, Sequence

import pandas as pd

from gil_demo.pythons.table import INTERPRETERS, MEASURED
from gil_demo.tables.schema import make_table
from tests.conftest import spread
from tests.made.turns import FACTS

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


def make_interpreter_rows(
    ratios: Ratios | None = None, strange: Mapping[str, str] | None = None, **facts: object
) -> list[dict[str, object]]:
    """Make rows of one run under several interpreters.

    Args:
        ratios: for each interpreter, each way's time over the sequential one in each round; the
            sequential time is 0.04 s, and 0.06 s where the GIL is off, and grows by 1 % a round.
        strange: what could not be measured, with its state.
        facts: values of columns that differ from an ordinary machine's.
    """
    rows = []
    for name, ways in (ORDINARY if ratios is None else ratios).items():
        implementation, version = name.split(",")[0].removesuffix("t").split()
        is_off = name.endswith("t")
        rounds = len(next(iter(ways.values())))
        for way, multiples in {"sequential": [1.0] * rounds, **ways}.items():
            for number, multiple in enumerate(multiples):
                row = FACTS | {
                    "run_id": "d1e2f3",
                    "experiment": "interpreters",
                    "interpreter": name,
                    "version": version,
                    "implementation_measured": implementation,
                    "gil": "off" if is_off else "on",
                    "state": MEASURED,
                    "runner": way,
                    "round": number + 1,
                    "steps": 2_000_000,
                    "seconds": (0.06 if is_off else 0.04) * 1.01**number * multiple,
                }
                rows.append(row | facts)
    for name, state in (strange or {}).items():
        row = FACTS | dict.fromkeys(INTERPRETERS.columns, None) | FACTS
        row |= {"run_id": "d1e2f3", "experiment": "interpreters", "interpreter": name}
        row |= {"version": "", "implementation_measured": "", "runner": ""}
        row |= {"gil": "not known", "state": state}
        rows.append(row | facts)
    return rows


def make_interpreters(
    ratios: Ratios | None = None, strange: Mapping[str, str] | None = None, **facts: object
) -> pd.DataFrame:
    """Make the table of one run; see `make_interpreter_rows` for the arguments."""
    return make_table(make_interpreter_rows(ratios, strange, **facts), INTERPRETERS)
