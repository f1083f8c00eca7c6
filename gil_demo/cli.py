"""The commands behind `python -m gil_demo`: compare, claims, plot, record, gather and machine."""

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from gil_demo.commands.claims import add_claims
from gil_demo.commands.compare import add_compare
from gil_demo.commands.gather import add_gather
from gil_demo.commands.machine import add_machine
from gil_demo.commands.plot import add_plot
from gil_demo.commands.record import add_record
from gil_demo.errors import GilDemoError

FAILED, MISUSED, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: the words after `python -m gil_demo`; none means `compare`.

    Returns:
        The exit status: 0 when all went well, 1 when the run failed, 2 when the arguments were
        wrong, 130 when it was interrupted.
    """
    parser = _build_parser()
    try:
        chosen = parser.parse_args(_add_default_command(arguments))
        chosen.command(chosen)
        sys.stdout.flush()
    except _Misuse as reason:
        return _report(reason, MISUSED)
    except GilDemoError as reason:
        return _report(reason, FAILED)
    except (TypeError, ValueError) as reason:
        return _report(reason, MISUSED)
    except BrokenPipeError:
        # the reader of our output has left; the interpreter must not complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as reason:
        return _report(reason, FAILED)
    except KeyboardInterrupt:
        return _report("interrupted", INTERRUPTED)
    return 0


class _Misuse(Exception):
    """An argument that argparse refused."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage: an error is one line."""
        raise _Misuse(f"{message} (see: python -m gil_demo --help)")


def _report(reason: object, status: int) -> int:
    line = " ".join(str(reason).split())
    with contextlib.suppress(OSError):
        print(f"gil_demo: {line}", file=sys.stderr)
    return status


def _add_default_command(arguments: Sequence[str]) -> list[str]:
    words = list(arguments)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        return ["compare", *words]
    return words


def _build_parser() -> _Parser:
    from gil_demo import __version__

    parser = _Parser(
        prog="python -m gil_demo",
        description="Measure what threads and processes do for a countdown on this machine.",
        epilog="Without a command, compare is run. Exit status: 0 done, 1 the run failed, "
        "2 wrong arguments, 130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"gil_demo {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (add_compare, add_claims, add_plot, add_record, add_gather, add_machine):
        add(commands)
    return parser
