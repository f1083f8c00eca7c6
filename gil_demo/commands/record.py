"""The command `python -m gil_demo record`: all of a machine's results, as files."""

import argparse
from pathlib import Path
from typing import Any

from gil_demo.errors import GilDemoError, RunnerUnavailable


def add_record(commands: Any) -> None:
    """Add the command to the parser's.

    Args:
        commands: what `ArgumentParser.add_subparsers` gave.
    """
    record = commands.add_parser(
        "record",
        help="measure everything and write each result as a CSV file",
        description="Measure everything that this set can measure, and write each result as a CSV "
        "file that says where and when it was recorded. Takes some three minutes. A file of the "
        "same name is replaced.",
        allow_abbrev=False,
    )
    option = record.add_argument
    option("names", nargs="*", metavar="NAME", help="which results (default: all of them)")
    option("--output", type=Path, metavar="FOLDER", help="where to write (default: recorded-here)")
    option("--machine", help="what to call the machine (default: its cores and its system)")
    record.set_defaults(command=_record)


def _record(chosen: argparse.Namespace) -> None:
    from gil_demo.arguments import check_choice
    from gil_demo.recording import RECORDINGS, check_machine, record
    from gil_demo.storage import check_writable, save

    names = dict.fromkeys(chosen.names or RECORDINGS)
    for name in names:
        check_choice("name", name, [*RECORDINGS])
    if chosen.machine is not None:
        check_machine(chosen.machine)
    folder = chosen.output or Path("recorded-here")
    folder.mkdir(parents=True, exist_ok=True)
    check_writable(folder / "trial.csv")
    missed = []
    for name in names:
        try:
            print(
                f"table: {save(record(name, chosen.machine), folder / f'{name}.csv')}", flush=True
            )
        except GilDemoError as reason:
            if chosen.names or not isinstance(reason, RunnerUnavailable):
                missed.append(name)
            print(f"{name} was left out: {reason}", flush=True)
    if missed:
        raise GilDemoError(f"{len(missed)} of {len(names)} were left out: {', '.join(missed)}")
