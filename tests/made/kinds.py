"""For each kind of table, what makes an honest one; all take the values of columns."""

from collections.abc import Callable

import pandas as pd

from tests.made import costs, pool
from tests.made.claims import make_claims
from tests.made.classroom import make_class_table
from tests.made.engines import make_engines
from tests.made.pythons import make_interpreters
from tests.made.runs import make_run, make_scaling
from tests.made.turns import make_slices, make_switches
from tests.made.waiting import make_serve_table, make_workload_table

MAKERS: dict[str, Callable[..., pd.DataFrame]] = {
    "compare": make_run,
    "scale": make_scaling,
    "trace": make_slices,
    "switch": make_switches,
    "map": pool.make_map,
    "lengths": pool.make_lengths,
    "chunks": pool.make_chunks,
    "methods": pool.make_arrivals,
    "starts": costs.make_starts,
    "transfers": costs.make_transfers,
    "weights": costs.make_weights,
    "break_even": costs.make_lengths,
    "workloads": make_workload_table,
    "serve": make_serve_table,
    "interpreters": make_interpreters,
    "engines": make_engines,
    "class": make_class_table,
    "claims": make_claims,
}
