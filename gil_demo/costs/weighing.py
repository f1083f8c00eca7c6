"""Workers that are weighed: how much memory each has of its own, in an interpreter of its own.

The reader's Python uses the scales alone: the table that a parent holds, and `gc.freeze`, would
change it.
"""

import gc
import json
from collections.abc import Callable
from functools import partial
from importlib import import_module

from gil_demo.running.pools import pool_held, run_in_pool

Act = Callable[[], object]
BYTES_A_ROW = 200
held_table: list[list[object]] = []


def weigh(method: str, table_bytes: int) -> None:
    """Weigh a worker in each situation; print a line of JSON: the rows and the table's size."""
    rows = []  # what the parent holds, what the worker does, and the bytes that only it has
    measure_unique_bytes()  # a forked worker is to find the scales loaded

    def note(parent: str, deed: str, act: Act, prepare: Act | None = None) -> None:
        with pool_held(1, method, prepare) as held:
            (span,) = run_in_pool(held, 1, _weigh_after, [act])
        rows.append((parent, deed, int(span.answer)))

    note("small", "waits", int)  # which does nothing
    note("small", "imports pandas", partial(import_module, "pandas"))
    before = measure_unique_bytes()
    # rows that are lists, so that each counts its references
    held_table.extend([float(n), str(n)] for n in range(table_bytes // BYTES_A_ROW))
    added = max(1, measure_unique_bytes() - before)
    note("holds the table", "waits", int)
    # where the worker isn't forked, it has no table unless it is sent one
    send = None if method == "fork" else partial(set_held, held_table)
    note("holds the table", "reads the table", read_held, send)
    if method == "fork":
        note("holds the table", "collects garbage", gc.collect)
        gc.freeze()
        note("holds the table", "collects, frozen", gc.collect)
    print(f"<answer>{json.dumps([rows, added])}</answer>")


def measure_unique_bytes() -> int:
    """Measure the memory that would be free again if this process ended (USS)."""
    import psutil

    return int(psutil.Process().memory_full_info().uss)


def _weigh_after(act: Act) -> int:
    act()
    return measure_unique_bytes()


def set_held(table: list[list[object]]) -> None:
    held_table[:] = table


def read_held() -> int:
    """Touch every row once, as any loop over a table does, and return how many there are."""
    return sum(1 for row in held_table if row)
