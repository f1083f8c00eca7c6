"""The columns of rounds with an echo server."""

from gil_demo.columns.facts import MACHINE, check_rounds
from gil_demo.schemas import Column, Schema

EXCHANGES = Schema(
    "echo rounds",
    {
        "run_id": Column("text"),
        "experiment": Column("text", choices=("serve",)),
        "beside": Column("text", choices=("nothing", "thread", "process")),
        "switch_interval_seconds": Column("duration"),
        "round": Column("whole"),
        "rounds": Column("whole"),
        "position": Column("whole"),
        "requests": Column("whole"),
        "seconds": Column("duration"),
        "latency_median_seconds": Column("duration"),
        "latency_p99_seconds": Column("duration"),
    }
    | MACHINE,
    check_rounds,
)
"""A row for each round of requests to an echo server beside nothing, a thread or a process."""
