"""The commands behind `python -m gil_demo`: compare, examine, claims, plot, record and others."""

import argparse
import codecs
import contextlib
import errno
import io
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from gil_demo.checks import GilDemoError, RunnerUnavailable, check_choice, check_packages

if TYPE_CHECKING:
    import pandas as pd

    from gil_demo.drawing.style import Chart

FAILED, MISUSED, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str]) -> int:
    """Run one command, `compare` if none is named, and return the exit status."""
    _allow_any_letter()
    try:
        try:
            words = [*arguments] or ["compare"]
            if words[0].startswith("-") and words[0] not in ("-h", "--help", "--version"):
                words = ["compare", *words]
            chosen = _build_parser().parse_args(words)
            check_packages()
            chosen.run(chosen)
        finally:  # after --help, too, which leaves by SystemExit
            if sys.stdout is not None:  # it is where it was closed before Python started
                sys.stdout.flush()
    except OSError as reason:
        if not _is_left_by_its_reader(reason):
            return _report(reason, FAILED)
        # the interpreter must not complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (GilDemoError, UnicodeError) as reason:
        return _report(reason, FAILED)
    except (TypeError, ValueError) as reason:
        return _report(reason, MISUSED)
    except KeyboardInterrupt:
        return _report("interrupted", INTERRUPTED)
    return 0


def _allow_any_letter() -> None:
    """Let the terminal show something in place of a letter that its encoding lacks."""
    codecs.register_error("gil_demo", _choose_letters)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="gil_demo")


def _choose_letters(fault: UnicodeError) -> tuple[str, int]:
    assert isinstance(fault, UnicodeEncodeError)
    letters = fault.object[fault.start : fault.end]
    return "".join({"×": "x", "µ": "u"}.get(letter, "?") for letter in letters), fault.end


def _is_left_by_its_reader(reason: OSError) -> bool:
    """Tell whether nobody reads our output any more, which Windows calls an invalid argument."""
    is_invalid = reason.errno == errno.EINVAL and reason.filename is None
    return isinstance(reason, BrokenPipeError) or (is_invalid and sys.platform == "win32")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage: an error is one line."""
        raise ValueError(f"{message} (see: python -m gil_demo --help)")


def _report(reason: object, status: int) -> int:
    with contextlib.suppress(OSError):
        print(f"gil_demo: {' '.join(str(reason).split())}", file=sys.stderr)
    return status


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
    for name, (run, told, description, options) in COMMANDS.items():
        own = commands.add_parser(name, help=told, description=description, allow_abbrev=False)
        for option, facts in options.items():
            own.add_argument(option, **facts)
        own.set_defaults(run=run)
    return parser


def _read_whole(text: str) -> int:
    """Read a whole number; its thousands may be set off by commas."""
    try:
        return int(text.replace(",", "") if re.fullmatch(r"-?\d{1,3}(,\d{3})+", text) else text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text[:40]!r}") from None


def _read_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, not {text[:40]!r}") from None


def _check_ending(target: Path, ending: str) -> Path:
    if target.suffix.lower() != ending:
        raise ValueError(f"output must be a file name that ends in {ending}, not {target}")
    return target


def _choose_table(output: Path | None, beginning: str) -> Path:
    return _check_ending(output or Path(time.strftime(f"{beginning}-%Y%m%d-%H%M%S.csv")), ".csv")


def _write_charts(charts: "list[Chart]", target: Path) -> None:
    """Write charts and say where; several of them get numbers."""
    from gil_demo.drawing.style import draw_png
    from gil_demo.tables.files import write_whole

    for number, chart in enumerate(charts, start=1):
        name = target if len(charts) == 1 else target.with_stem(f"{target.stem}-{number}")
        print(f"chart: {write_whole(name, draw_png(chart))}")


def _keep(table: "pd.DataFrame", file: Path, *told: str) -> None:
    """Print a verdict, below what else is told of a table, and write the table and its charts."""
    from gil_demo.tables.files import save
    from gil_demo.tables.kinds import draw_each, verdict

    try:
        save(table, file)
    finally:  # what can't be saved is at least shown
        print(*told, f"{verdict(table)}\n", sep="\n\n")
    print(f"table: {file}")
    _write_charts(draw_each(table), file.with_suffix(".png"))


_NAMES = {
    "runner": "ran as", "start_up_seconds": "start-up", "tear_down_seconds": "tear-down",
    "speed_up": "speed-up", "speed_up_low": "from", "speed_up_high": "to",
}  # fmt: skip


def _compare(chosen: argparse.Namespace) -> None:
    from gil_demo.classroom.lines import write_line
    from gil_demo.race.comparison import compare
    from gil_demo.tables.files import check_writable
    from gil_demo.tables.kinds import summarise

    table_file = _choose_table(chosen.output, "threads-versus-processes")
    check_writable(table_file)
    check_writable(table_file.with_suffix(".png"))
    names = ("workers", "count", "start_method", "precision", "budget")
    given = {name: getattr(chosen, name) for name in names if getattr(chosen, name) is not None}
    table = compare(chosen.runners, **given)
    shown = summarise(table).drop(columns="start_method").rename(columns=_NAMES)
    shown = shown.drop(columns=shown.filter(like="_").columns)
    _keep(table, table_file, shown.to_string(index=False, float_format="{:.3f}".format, na_rep="-"))
    print(f"\nThe same in a line, for a form or a chat:\n{write_line(table)}")


def _examine(chosen: argparse.Namespace) -> None:
    from gil_demo.examination.elsewhere import examine_elsewhere
    from gil_demo.examination.measure import examine
    from gil_demo.examination.page import write_json, write_page
    from gil_demo.examination.target import find_function, read_arguments
    from gil_demo.tables.files import check_writable, write_whole

    if chosen.once and chosen.pythons is not None:
        raise ValueError("other Pythons call the function again, which --once doesn't allow")
    table_file = _choose_table(chosen.output, "examination")
    others = [table_file.with_suffix(end) for end in (".json", ".html")]
    arguments = read_arguments(chosen.arguments, chosen.arguments_from)
    for file in (table_file, table_file.with_suffix(".png"), *others):
        check_writable(file)
    function = find_function(chosen.function)
    names = ("workers", "budget", "timeout", "start_method", "engines", "once")
    given = {name: getattr(chosen, name) for name in names if getattr(chosen, name) is not None}
    with contextlib.chdir("."):  # the function may go elsewhere
        table = examine(function, arguments, **given)
    if chosen.pythons is not None:
        print("The other Pythons call it again, for about as long.", flush=True)
        paths = [*map(Path, chosen.pythons)] or None
        table = examine_elsewhere(table, function, arguments, paths, budget=chosen.budget or 10.0)
    _keep(table, table_file)
    for name, file, content in zip(
        ("JSON", "page"), others, (write_json(table), write_page(table)), strict=True
    ):
        print(f"{name}: {write_whole(file, content)}")


def _claim(chosen: argparse.Namespace) -> None:
    from gil_demo.claims import check_claims
    from gil_demo.tables.files import check_writable, save
    from gil_demo.tables.kinds import verdict

    if chosen.output:
        check_writable(_check_ending(chosen.output, ".csv"))
    table = check_claims(start_method=chosen.start_method, budget=chosen.budget)
    print(verdict(table))
    if chosen.output:
        print(f"table: {save(table, chosen.output)}")


def _plot(chosen: argparse.Namespace) -> None:
    from gil_demo.tables.files import load
    from gil_demo.tables.kinds import draw_each

    if chosen.output and len(chosen.files) > 1:
        raise ValueError(f"--output names one chart, but there are {len(chosen.files)} files")
    if chosen.output:
        _check_ending(chosen.output, ".png")
    drawn = [(file, draw_each(load(file))) for file in chosen.files]
    for file, charts in drawn:
        _write_charts(charts, chosen.output or file.with_suffix(".png"))


def _record(chosen: argparse.Namespace) -> None:
    from gil_demo.recorded.recording import RECORDINGS, record
    from gil_demo.tables.files import check_writable, save

    names = [*dict.fromkeys(chosen.names or RECORDINGS)]
    for name in names:
        check_choice("name", name, [*RECORDINGS])
    chosen.output.mkdir(parents=True, exist_ok=True)
    check_writable(chosen.output / "trial.csv")
    missed = []
    for name in names:
        try:
            file = save(record(name), chosen.output / f"{name}.csv")
            print(f"table: {file}", flush=True)
        except GilDemoError as reason:
            if chosen.names or not isinstance(reason, RunnerUnavailable):
                missed.append(name)
            print(f"{name} was left out: {reason}", flush=True)
    if missed:
        raise GilDemoError(f"{len(missed)} of {len(names)} were left out: {', '.join(missed)}")


def _gather(chosen: argparse.Namespace) -> None:
    from gil_demo.classroom.gathering import gather

    table_file = _choose_table(chosen.output, "class")
    gathered = gather(chosen.folder)
    _keep(gathered.table, table_file, str(gathered))


def _describe(_: argparse.Namespace) -> None:
    from gil_demo.measuring.machine import describe_machine, warn

    machine = describe_machine()
    words = {"True": "yes", "False": "no", "None": "not known", "": "nothing"}
    for name, value in machine._asdict().items():
        print(f"{name.replace('_', ' '):24} {words.get(str(value), value)}")
    for warning in warn(machine):
        print(f"\n{warning}")


_TRIAL_SECONDS = 90.0
_TRIAL = """
from importlib.util import find_spec

from gil_demo import compare, draw
from gil_demo.drawing.style import draw_png

if __name__ == "__main__":  # workers may import this
    draw_png(draw(compare(budget=0.5)))
    import ipykernel.kernelapp

    if not find_spec("jupyterlab"):  # to load it takes seconds
        raise ModuleNotFoundError("No module named 'jupyterlab'")
"""


def _check(_: argparse.Namespace) -> None:
    from gil_demo.measuring.machine import describe_machine
    from gil_demo.running.scripts import FINISHED, TOO_LONG, run_script
    from gil_demo.words import describe_computer

    outcome = run_script(_TRIAL, _TRIAL_SECONDS)
    if outcome.state != FINISHED:
        reason = (outcome.output.strip().splitlines() or [outcome.state])[-1]
        mend = "delete the folder .venv, install again, and show this line to your teacher"
        if "No module named" in reason:
            mend = "pip install -r requirements.txt in the folder of this set gets what is missing"
        if outcome.state == TOO_LONG:
            reason = f"a pool and a chart took more than {_TRIAL_SECONDS:.0f} s"
            mend = "close other programs, and run this again"
        raise GilDemoError(f"not ready: {reason}; {mend}")
    told = describe_computer(describe_machine()._asdict() | {"recorded_on": ""})
    line = f"Ready: a pool, a chart and a kernel work here, and JupyterLab is there ({told})"
    has_colours = sys.stdout is not None and sys.stdout.isatty() and "TERM" in os.environ
    print(f"\033[32m{line}\033[0m" if has_colours else line)


def _take(told: str, metavar: str | None = None, **facts: Any) -> dict[str, Any]:
    return {"help": told, **facts} | ({} if "action" in facts else {"metavar": metavar})


_METHOD = {"--start-method": _take("fork, spawn or forkserver (default: the platform's)")}
_BESIDE = "beside it (default: here, named by date and time)"
_Command = tuple[Callable[[argparse.Namespace], None], str, str, dict[str, dict[str, Any]]]

COMMANDS: dict[str, _Command] = {
    "compare": (
        _compare, "measure, print the table and the verdict, write the CSV and the chart",
        "Run the same countdown one part after another, in threads and in processes; print the "
        "table and the verdict, write a CSV file and a chart.",
        {
            "--workers": _take("threads or processes (default: 2)", type=_read_whole, default=2),
            "--count": _take("steps in all (default: 60 ms for each core)", type=_read_whole),
            "--runners": _take(
                "what to hold against one thread: threads, processes, interpreters (default: the "
                "first two)", "RUNNER", nargs="+", default=["threads", "processes"],
            ),
            **_METHOD,
            "--precision": _take(
                "stop early at this half-width of the interval, as a part of the ratio",
                type=_read_number,
            ),
            "--budget": _take("stop after this many seconds (default: 8)", type=_read_number),
            "--output": _take(f"where to write; the chart goes {_BESIDE}", "FILE.csv", type=Path),
        },
    ),
    "examine": (
        _examine, "examine a function of your own: what to run it with",
        "Run a function of yours on a list of arguments in a plain loop, in threads and in "
        "processes; print what to use and why, write a CSV file, a chart, a JSON file and a page.",
        {
            "function": _take("FILE.py:FUNCTION or MODULE:FUNCTION", "FUNCTION"),
            "--arguments": _take("a JSON list, one item a task", "JSON"),
            "--arguments-from": _take("a file, a JSON value a line", "FILE", type=Path),
            "--workers": _take("threads or processes (default: 2)", type=_read_whole),
            "--budget": _take("take about this many seconds (default: 10)", type=_read_number),
            "--timeout": _take("seconds that a call may take (default: 30)", type=_read_number),
            **_METHOD,
            "--engines": _take("cluster (Dask) or ray, to try as well", "ENGINE", nargs="+"),
            "--once": _take("use no argument twice", action="store_true"),
            "--pythons": _take(
                "run it under other Pythons, too: those named, or all that are found", "FILE",
                nargs="*",
            ),
            "--output": _take(f"where to write; the others go {_BESIDE}", "FILE.csv", type=Path),
        },
    ),
    "claims": (
        _claim, "test the lesson's seven claims and print the scorecard",
        "Test the lesson's seven claims on this machine and print the scorecard: for each the "
        "verdict, the figure and the evidence. Takes some 15 seconds.",
        {
            **_METHOD,
            "--budget": _take("seconds for the repeated rounds (default: 8)", type=_read_number),
            "--output": _take("where to keep what was measured", "FILE.csv", type=Path),
        },
    ),
    "plot": (
        _plot, "draw the charts of saved results",
        "Draw the chart of each results file, as a PNG beside it.",
        {
            "files": _take("a results file (CSV)", "FILE", type=Path, nargs="+"),
            "--output": _take("where to write one chart", "FILE.png", type=Path),
        },
    ),
    "record": (
        _record, "measure everything and write each result as a CSV file",
        "Measure everything that this set can measure, and write each result as a CSV file that "
        "says where and when it was recorded. Takes some three minutes. A file of the same name is "
        "replaced.",
        {
            "names": _take("which results (default: all of them)", "NAME", nargs="*"),
            "--output": _take(
                "where to write (default: recorded-here)", "FOLDER", type=Path,
                default=Path("recorded-here"),
            ),
        },
    ),
    "gather": (
        _gather, "put a class's results files together and draw the class",
        "Read every results file in a folder, say what became of each, print what the class found "
        "in three sentences, write its table (CSV) and four charts.",
        {
            "folder": _take("where the files are", "FOLDER", type=Path),
            "--output": _take(f"where to write; the charts go {_BESIDE}", "FILE.csv", type=Path),
        },
    ),
    "check": (
        _check, "find out whether this machine is ready for the lesson",
        "Run a pool, draw a chart and look for JupyterLab, within a minute and a half; print one "
        "line: that all is ready, or what is missing and what to do.", {},
    ),
    "machine": (_describe, "describe this machine", "Describe this machine.", {}),
}  # fmt: skip
"""What runs each command, its help, its description, and its options as argparse takes them."""
