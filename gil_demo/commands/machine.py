"""The command `python -m gil_demo machine`: what this computer is."""

import argparse
from typing import Any


def add_machine(commands: Any) -> None:
    """Add the command to the parser's.

    Args:
        commands: what `ArgumentParser.add_subparsers` gave.
    """
    machine = commands.add_parser(
        "machine", help="describe this machine", description="Describe this machine.",
        allow_abbrev=False,
    )  # fmt: skip
    machine.set_defaults(command=_describe)


def _describe(chosen: argparse.Namespace) -> None:
    del chosen
    from gil_demo.findings.computer import warn
    from gil_demo.machine import describe_machine

    machine = describe_machine()
    for name, value in machine._asdict().items():
        words = {True: "yes", False: "no", None: "not known", "": "nothing"}
        told = words.get(value, value) if isinstance(value, bool | str | None) else value
        print(f"{name.replace('_', ' '):24} {told}")
    for warning in warn(machine):
        print(f"\n{warning}")
