"""The command `python -m gil_demo compare`: one run, its verdict, its table and its chart."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gil_demo.commands.options import read_number, read_whole
from gil_demo.commands.outputs import check_table_file, write_chart

if TYPE_CHECKING:
    import pandas as pd

SHOWN_COLUMNS = {
    "runner": "ran as",
    "workers": "workers",
    "rounds": "rounds",
    "seconds": "seconds",
    "start_up_seconds": "start-up",
    "tear_down_seconds": "tear-down",
    "speed_up": "speed-up",
    "speed_up_low": "from",
    "speed_up_high": "to",
}


def add_compare(commands: Any) -> None:
    """Add the command to the parser's.

    Args:
        commands: what `ArgumentParser.add_subparsers` gave.
    """
    compare = commands.add_parser(
        "compare",
        help="measure, print the table and the verdict, write the CSV and the chart",
        description="Run the same countdown one part after another, in threads and in "
        "processes; print the table and the verdict, write a CSV file and a chart.",
        allow_abbrev=False,
    )
    option = compare.add_argument
    option("--workers", type=read_whole, default=2, help="threads or processes (default: 2)")
    option("--count", type=read_whole, help="steps of the whole countdown (default: 4,000,000)")
    option("--runners", nargs="+", default=["threads", "processes"], metavar="RUNNER",
           help="what to hold against one thread: threads, processes, interpreters "
           "(default: the first two)")  # fmt: skip
    option("--start-method", help="fork, spawn or forkserver (default: the platform's)")
    option("--precision", type=read_number, help="stop at this half-width of the interval, as "
           "a part of the ratio (default: 0.02)")  # fmt: skip
    option("--budget", type=read_number, help="stop after this many seconds (default: 8)")
    option("--output", type=Path, metavar="FILE.csv",
           help="where to write; the chart goes beside it (default: a new file here)")  # fmt: skip
    compare.set_defaults(command=_compare)


def _compare(chosen: argparse.Namespace) -> None:
    from gil_demo.findings.verdicts import verdict
    from gil_demo.results import summarise
    from gil_demo.storage import check_writable, save

    table_file = chosen.output or _name_new_file()
    check_table_file(table_file)
    chart_file = table_file.with_suffix(".png")
    check_writable(table_file)
    check_writable(chart_file)
    table = _measure(chosen)
    try:
        save(table, table_file)
    finally:  # what can't be saved is at least shown
        print(_lay_out(summarise(table)))
        print(f"\n{verdict(table)}\n")
    print(f"table: {table_file}")
    from gil_demo.charts.speed import draw_comparison  # late: workers need not carry matplotlib

    write_chart(draw_comparison(table), chart_file)


def _name_new_file() -> Path:
    return Path(time.strftime("threads-versus-processes-%Y%m%d-%H%M%S.csv"))


def _measure(chosen: argparse.Namespace) -> "pd.DataFrame":
    from gil_demo.experiments.speed import DEFAULT_COUNT, compare

    return compare(
        chosen.runners,
        workers=chosen.workers,
        count=DEFAULT_COUNT if chosen.count is None else chosen.count,
        start_method=chosen.start_method,
        precision=chosen.precision,
        budget=chosen.budget,
    )


def _lay_out(summary: "pd.DataFrame") -> str:
    shown = summary[list(SHOWN_COLUMNS)].rename(columns=SHOWN_COLUMNS)
    return shown.to_string(index=False, float_format=lambda value: f"{value:.3f}", na_rep="-")
