"""The commands behind `python -m gil_demo`: compare, claims, plot, record and machine."""

import argparse
import contextlib
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from gil_demo.errors import GilDemoError
from gil_demo.record_command import add_record

if TYPE_CHECKING:
    import pandas as pd

    from gil_demo.charts.style import Chart

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
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
    _add_compare(commands)
    _add_claims(commands)
    _add_plot(commands)
    add_record(commands)
    machine = commands.add_parser(
        "machine", help="describe this machine", description="Describe this machine.",
        allow_abbrev=False,
    )  # fmt: skip
    machine.set_defaults(command=_describe)
    return parser


def _add_compare(commands: "argparse._SubParsersAction[_Parser]") -> None:
    compare = commands.add_parser(
        "compare",
        help="measure, print the table and the verdict, write the CSV and the chart",
        description="Run the same countdown one part after another, in threads and in "
        "processes; print the table and the verdict, write a CSV file and a chart.",
        allow_abbrev=False,
    )
    option = compare.add_argument
    option("--workers", type=_whole, default=2, help="threads or processes (default: 2)")
    option("--count", type=_whole, help="steps of the whole countdown (default: 4,000,000)")
    option("--runners", nargs="+", default=["threads", "processes"], metavar="RUNNER",
           help="what to hold against one thread: threads, processes, interpreters "
           "(default: the first two)")  # fmt: skip
    option("--start-method", help="fork, spawn or forkserver (default: the platform's)")
    option("--precision", type=_number, help="stop at this half-width of the interval, as a part "
           "of the ratio (default: 0.02)")  # fmt: skip
    option("--budget", type=_number, help="stop after this many seconds (default: 8)")
    option("--output", type=Path, metavar="FILE.csv",
           help="where to write; the chart goes beside it (default: a new file here)")  # fmt: skip
    compare.set_defaults(command=_compare)


def _add_claims(commands: "argparse._SubParsersAction[_Parser]") -> None:
    claims = commands.add_parser(
        "claims",
        help="test the lesson's seven claims and print the scorecard",
        description="Test the lesson's seven claims on this machine and print the scorecard: for "
        "each the verdict, the figure and the evidence. Takes some 15 seconds.",
        allow_abbrev=False,
    )
    option = claims.add_argument
    option("--start-method", help="fork, spawn or forkserver (default: the platform's)")
    option("--budget", type=_number, help="seconds for the repeated rounds (default: 6)")
    option("--output", type=Path, metavar="FILE.csv", help="where to keep what was measured")
    claims.set_defaults(command=_claim)


def _add_plot(commands: "argparse._SubParsersAction[_Parser]") -> None:
    plot = commands.add_parser(
        "plot",
        help="draw the charts of saved results",
        description="Draw the chart of each results file, as a PNG beside it.",
        allow_abbrev=False,
    )
    plot.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a results file (CSV)")
    plot.add_argument("--output", type=Path, metavar="FILE.png", help="where to write one chart")
    plot.set_defaults(command=_plot)


def _whole(text: str) -> int:
    try:
        return int(text.replace(",", "") if re.fullmatch(r"-?\d{1,3}(,\d{3})+", text) else text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text[:40]!r}") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, not {text[:40]!r}") from None


def _compare(chosen: argparse.Namespace) -> None:
    from gil_demo.findings.verdicts import verdict
    from gil_demo.results import summarise
    from gil_demo.storage import check_writable, save

    table_file = chosen.output or _name_new_file()
    _check_table_file(table_file)
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

    _write_chart(draw_comparison(table), chart_file)


def _claim(chosen: argparse.Namespace) -> None:
    from gil_demo.experiments.claims import check_claims
    from gil_demo.findings.claims import judge_claims
    from gil_demo.storage import check_writable, save

    if chosen.output:
        _check_table_file(chosen.output)
        check_writable(chosen.output)
    table = check_claims(start_method=chosen.start_method, budget=chosen.budget)
    print(judge_claims(table))
    if chosen.output:
        print(f"table: {save(table, chosen.output)}")


def _check_table_file(target: Path) -> None:
    if target.suffix.lower() != ".csv":
        raise ValueError(f"output must be a file name that ends in .csv, not {target}")


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


def _plot(chosen: argparse.Namespace) -> None:
    from gil_demo.charts.doors import draw_each
    from gil_demo.storage import load

    if chosen.output and len(chosen.files) > 1:
        raise ValueError(f"--output names one chart, but there are {len(chosen.files)} files")
    if chosen.output and chosen.output.suffix.lower() != ".png":
        raise ValueError(f"output must be a file name that ends in .png, not {chosen.output}")
    drawn = [(file, draw_each(load(file))) for file in chosen.files]
    for file, charts in drawn:
        target = chosen.output or file.with_suffix(".png")
        for number, chart in enumerate(charts, start=1):
            name = target if len(charts) == 1 else target.with_stem(f"{target.stem}-{number}")
            _write_chart(chart, name)


def _write_chart(chart: "Chart", target: Path) -> None:
    from gil_demo.charts.style import draw_png
    from gil_demo.storage import write_whole

    print(f"chart: {write_whole(target, draw_png(chart))}")


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
