"""The commands behind `python -m gil_demo`: compare, claims, plot, record, gather and machine."""

import argparse
import contextlib
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from gil_demo.checks import GilDemoError, RunnerUnavailable

if TYPE_CHECKING:
    import pandas as pd

    from gil_demo.drawing.style import Chart

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


def read_whole(text: str) -> int:
    """Read a whole number from the command line; thousands may be set off by commas."""
    try:
        return int(text.replace(",", "") if re.fullmatch(r"-?\d{1,3}(,\d{3})+", text) else text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text[:40]!r}") from None


def read_number(text: str) -> float:
    """Read a number from the command line."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, not {text[:40]!r}") from None


def check_table_file(target: Path) -> None:
    """Raise a ValueError if a table can't be written under this name."""
    if target.suffix.lower() != ".csv":
        raise ValueError(f"output must be a file name that ends in .csv, not {target}")


def write_charts(charts: "list[Chart]", target: Path) -> None:
    """Write charts and say where; several of them get numbers."""
    for number, chart in enumerate(charts, start=1):
        name = target if len(charts) == 1 else target.with_stem(f"{target.stem}-{number}")
        write_chart(chart, name)


def write_chart(chart: "Chart", target: Path) -> None:
    """Write one chart and say where."""
    from gil_demo.drawing.style import draw_png
    from gil_demo.tables.files import write_whole

    print(f"chart: {write_whole(target, draw_png(chart))}")


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
    from gil_demo.measuring.runs import summarise
    from gil_demo.tables.files import check_writable, save
    from gil_demo.tables.kinds import verdict

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
    from gil_demo.race.comparison import draw_comparison  # late: workers need not carry matplotlib

    write_chart(draw_comparison(table), chart_file)


def _name_new_file() -> Path:
    return Path(time.strftime("threads-versus-processes-%Y%m%d-%H%M%S.csv"))


def _measure(chosen: argparse.Namespace) -> "pd.DataFrame":
    from gil_demo.race.comparison import DEFAULT_COUNT, compare

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
    from gil_demo.claims import check_claims, judge_claims
    from gil_demo.tables.files import check_writable, save

    if chosen.output:
        check_table_file(chosen.output)
        check_writable(chosen.output)
    table = check_claims(start_method=chosen.start_method, budget=chosen.budget)
    print(judge_claims(table))
    if chosen.output:
        print(f"table: {save(table, chosen.output)}")


def add_plot(commands: Any) -> None:
    """Add the command to the parser's.

    Args:
        commands: what `ArgumentParser.add_subparsers` gave.
    """
    plot = commands.add_parser(
        "plot",
        help="draw the charts of saved results",
        description="Draw the chart of each results file, as a PNG beside it.",
        allow_abbrev=False,
    )
    plot.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a results file (CSV)")
    plot.add_argument("--output", type=Path, metavar="FILE.png", help="where to write one chart")
    plot.set_defaults(command=_plot)


def _plot(chosen: argparse.Namespace) -> None:
    from gil_demo.tables.files import load
    from gil_demo.tables.kinds import draw_each

    if chosen.output and len(chosen.files) > 1:
        raise ValueError(f"--output names one chart, but there are {len(chosen.files)} files")
    if chosen.output and chosen.output.suffix.lower() != ".png":
        raise ValueError(f"output must be a file name that ends in .png, not {chosen.output}")
    drawn = [(file, draw_each(load(file))) for file in chosen.files]
    for file, charts in drawn:
        write_charts(charts, chosen.output or file.with_suffix(".png"))


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
    from gil_demo.checks import check_choice
    from gil_demo.recorded.recording import RECORDINGS, check_machine, record
    from gil_demo.tables.files import check_writable, save

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


def add_gather(commands: Any) -> None:
    """Add the command to the parser's.

    Args:
        commands: what `ArgumentParser.add_subparsers` gave.
    """
    gather = commands.add_parser(
        "gather",
        help="put a class's results files together and draw the class",
        description="Read every results file in a folder, say what became of each, print what "
        "the class found in three sentences, write its table (CSV) and four charts.",
        allow_abbrev=False,
    )
    gather.add_argument("folder", type=Path, metavar="FOLDER", help="where the files are")
    gather.add_argument(
        "--output", type=Path, metavar="FILE.csv",
        help="where to write; the charts go beside it (default: a new file here)",
    )  # fmt: skip
    gather.set_defaults(command=_gather)


def _gather(chosen: argparse.Namespace) -> None:
    from gil_demo.classroom.finding import judge_class
    from gil_demo.classroom.gathering import gather
    from gil_demo.tables.files import save
    from gil_demo.tables.kinds import draw_each

    table_file = chosen.output or Path(time.strftime("class-%Y%m%d-%H%M%S.csv"))
    check_table_file(table_file)
    gathered = gather(chosen.folder)
    print(f"{gathered}\n\n{judge_class(gathered.table)}\n")
    print(f"table: {save(gathered.table, table_file)}")
    write_charts(draw_each(gathered.table), table_file.with_suffix(".png"))


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
    from gil_demo.measuring.machine import describe_machine, warn

    machine = describe_machine()
    for name, value in machine._asdict().items():
        words = {True: "yes", False: "no", None: "not known", "": "nothing"}
        told = words.get(value, value) if isinstance(value, bool | str | None) else value
        print(f"{name.replace('_', ' '):24} {told}")
    for warning in warn(machine):
        print(f"\n{warning}")
