"""The command `python -m gil_demo claims`: the scorecard of the lesson's claims."""

import argparse
from pathlib import Path
from typing import Any

from gil_demo.commands.options import read_number
from gil_demo.commands.outputs import check_table_file


def add_claims(commands: Any) -> None:
    """Add the command to the parser's.

    Args:
        commands: what `ArgumentParser.add_subparsers` gave.
    """
    claims = commands.add_parser(
        "claims",
        help="test the lesson's seven claims and print the scorecard",
        description="Test the lesson's seven claims on this machine and print the scorecard: for "
        "each the verdict, the figure and the evidence. Takes some 15 seconds.",
        allow_abbrev=False,
    )
    option = claims.add_argument
    option("--start-method", help="fork, spawn or forkserver (default: the platform's)")
    option("--budget", type=read_number, help="seconds for the repeated rounds (default: 6)")
    option("--output", type=Path, metavar="FILE.csv", help="where to keep what was measured")
    claims.set_defaults(command=_claim)


def _claim(chosen: argparse.Namespace) -> None:
    from gil_demo.experiments.claims import check_claims
    from gil_demo.findings.claims import judge_claims
    from gil_demo.storage import check_writable, save

    if chosen.output:
        check_table_file(chosen.output)
        check_writable(chosen.output)
    table = check_claims(start_method=chosen.start_method, budget=chosen.budget)
    print(judge_claims(table))
    if chosen.output:
        print(f"table: {save(table, chosen.output)}")
