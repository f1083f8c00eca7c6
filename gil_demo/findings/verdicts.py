"""The door to the findings: one function for every kind of table."""

from collections.abc import Callable

import pandas as pd

from gil_demo.columns import SCHEMAS
from gil_demo.findings.amdahl import judge_scaling
from gil_demo.findings.break_even import judge_break_even
from gil_demo.findings.claims import judge_claims
from gil_demo.findings.convoy import judge_exchanges
from gil_demo.findings.interpreters import judge_interpreters
from gil_demo.findings.memory import judge_memory
from gil_demo.findings.methods import judge_methods
from gil_demo.findings.pool import judge_lists, judge_map
from gil_demo.findings.speed import judge_speed
from gil_demo.findings.start_up import judge_start_up
from gil_demo.findings.switching import judge_switches, judge_trace
from gil_demo.findings.transport import judge_transport
from gil_demo.findings.waiting import judge_workloads
from gil_demo.schemas import choose_schema, convert

_JUDGES: dict[str, Callable[[pd.DataFrame], str]] = {
    "compare": judge_speed,
    "scale": judge_scaling,
    "workloads": judge_workloads,
    "trace": judge_trace,
    "switch": judge_switches,
    "serve": judge_exchanges,
    "map": judge_map,
    "lengths": judge_lists,
    "chunks": judge_lists,
    "methods": judge_methods,
    "claims": judge_claims,
    "starts": judge_start_up,
    "transfers": judge_transport,
    "weights": judge_memory,
    "break_even": judge_break_even,
    "interpreters": judge_interpreters,
}


def verdict(table: pd.DataFrame) -> str:
    """Say in a few sentences what a measurement shows, and what it can't show.

    Args:
        table: a table as any experiment gives it.

    Returns:
        Sentences, one a line: reservations first, then what was found.

    Raises:
        ResultsError: the table is of no known kind, or holds several measurements.
    """
    checked = convert(table, choose_schema(table, SCHEMAS), "the table")
    return _JUDGES[str(checked["experiment"].iloc[0])](table)
