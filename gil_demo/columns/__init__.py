"""The columns of every kind of table, and what makes such a table whole."""

from gil_demo.columns.claims import CLAIMS
from gil_demo.columns.classroom import CLASS
from gil_demo.columns.cluster import ENGINES
from gil_demo.columns.convoy import EXCHANGES
from gil_demo.columns.costs import LENGTHS, STARTS, TRANSFERS, WEIGHTS
from gil_demo.columns.facts import MACHINE
from gil_demo.columns.interpreters import INTERPRETERS
from gil_demo.columns.pool import ARRIVALS, LISTS, TASKS
from gil_demo.columns.speed import RUNS, VARIANT
from gil_demo.columns.switching import SLICES, SWITCHES

__all__ = [
    "ARRIVALS",
    "CLAIMS",
    "CLASS",
    "ENGINES",
    "EXCHANGES",
    "INTERPRETERS",
    "LENGTHS",
    "LISTS",
    "MACHINE",
    "RUNS",
    "SCHEMAS",
    "SLICES",
    "STARTS",
    "SWITCHES",
    "TASKS",
    "TRANSFERS",
    "VARIANT",
    "WEIGHTS",
]

SCHEMAS = (
    *(RUNS, SLICES, SWITCHES, EXCHANGES, TASKS, LISTS, ARRIVALS, CLAIMS),
    ENGINES,
    *(STARTS, TRANSFERS, WEIGHTS, LENGTHS, INTERPRETERS),
    CLASS,
)
