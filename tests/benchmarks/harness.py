"""What the benchmarks share: shuffled rounds, interpreters of their own, and reports."""

import math
import multiprocessing
import operator
import os
import random
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from gil_demo.measuring.estimates import Estimate, estimate_median
from gil_demo.measuring.progress import shown
from gil_demo.running import END_SECONDS

SCRIPTS = Path(__file__).parent / "scripts"
MOST_SECONDS = 120.0
SIDES = {">=": operator.ge, "<=": operator.le, "<": operator.lt}
Figures = Sequence[tuple[float, ...]]
Row = tuple[str, str, str, str, str, str]


def clock(work: Callable[[], object]) -> list[float]:
    """Return the seconds that something takes, as a round's only figure."""
    began = time.perf_counter()
    work()
    return [time.perf_counter() - began]


def take_rounds(
    title: str, variants: Mapping[str, Callable[[], Iterable[float]]], rounds: int,
    warm_ups: int = 1,
) -> dict[str, Figures]:  # fmt: skip
    """Measure every variant once a round, each round in an order of its own.

    Returns for each variant, of each figure that it gives, one a round; warm-ups don't count.
    """
    figures: dict[str, list[Iterable[float]]] = {name: [] for name in variants}
    with shown() as show:
        for number in range(1 - warm_ups, rounds + 1):
            for name in random.sample(list(variants), len(variants)):
                show(f"{title}: round {max(number, 0)} of {rounds}, {name}")
                figure = variants[name]()
                if number > 0:
                    figures[name].append(figure)
    return {name: [*zip(*own, strict=True)] for name, own in figures.items()}


class Report(NamedTuple):
    """What a benchmark found; the headings are those of each row's cells but the target's."""

    title: str
    rows: Sequence[Row]
    notes: str = ""
    headings: tuple[str, str, str] = ("median", "95 % interval", "rounds")


def make_row(name: str, values: Iterable[float], target: str = "", decimals: int = 3) -> Row:
    """Estimate what one value a round tells, beside a target for the median."""
    return state_estimate(name, estimate_median([*values]), target, decimals)


def state_estimate(name: str, estimate: Estimate, target: str = "", decimals: int = 3) -> Row:
    """State an estimate in a row, beside a target for its centre."""
    centre, low, high, rounds = estimate
    ends = f"{low:.{decimals}f} to {high:.{decimals}f}"
    interval = "too few rounds" if math.isnan(low) else ends
    return name, f"{centre:.{decimals}f}", interval, str(rounds), *hold_against(target, centre)


def hold_against(target: str, figure: float) -> tuple[str, str]:
    """Return a target such as "< 1", and whether a figure meets it; no target, no answer."""
    if not target:
        return "", ""
    side, bound = target.split()
    return target, "yes" if SIDES[side](figure, float(bound)) else "NO"


def divide(values: Iterable[float], baseline: Iterable[float]) -> list[float]:
    return [a / b for a, b in zip(values, baseline, strict=True)]


def format_report(report: Report) -> str:
    """Return a report as a table in plain text."""
    table = [
        f"  {name:<44}{a:>9}{b:>18}{c:>7}{target:>10}{met:>5}".rstrip()
        for name, a, b, c, target, met in (("", *report.headings, "target", "met"), *report.rows)
    ]
    notes = [textwrap.indent(textwrap.fill(note, 96), "  ") for note in report.notes.splitlines()]
    return "\n".join([report.title, *table, *notes])


@contextmanager
def started(script: str, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """Start one of the scripts with pipes to it; end it and its children if they are there."""
    # not in a session of its own: Linux deals out busy cores by session first (autogroups), so
    # that two independent interpreters would get more of them than two workers of one pool
    # and Python may keep compiled modules, as it does for readers: installed ones have theirs
    environment = {n: text for n, text in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [sys.executable, str(SCRIPTS / script), *map(str, arguments)], text=True, env=environment,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ValueError, BrokenPipeError, subprocess.TimeoutExpired):
            process.communicate(timeout=END_SECONDS)  # at its input's end it leaves nothing behind
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(process.pid)
            for member in (*parent.children(recursive=True), parent):
                with suppress(psutil.NoSuchProcess):
                    member.kill()
        with suppress(ValueError, BrokenPipeError):  # what has ended takes no input
            process.communicate()


def tell(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def hear(process: "subprocess.Popen[str]") -> str:
    """Return the next line that an interpreter prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended early:\n{process.communicate()[1]}")
    return line


def run_script(script: str, *arguments: object) -> list[float]:
    """Run a script to its end and return the numbers on the last line that it printed."""
    with started(script, *arguments) as process:
        output, errors = process.communicate(timeout=MOST_SECONDS)
    if process.returncode:
        raise RuntimeError(f"{script} failed:\n{errors}")
    return [float(number) for number in output.splitlines()[-1].split()]


def run_afresh(work: Callable[..., Any], *arguments: object) -> Any:
    """Run a function in an interpreter of its own and return its answer."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
        return fresh.submit(work, *arguments).result()
