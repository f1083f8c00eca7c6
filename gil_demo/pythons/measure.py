"""Ask each Python of this computer what a second thread does to the countdown."""

import os
import random
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import NamedTuple

import pandas as pd

from gil_demo.checks import check_path, check_unlike
from gil_demo.measuring.machine import read_usage, tell_shares
from gil_demo.measuring.progress import shown
from gil_demo.measuring.rounds import check_budget
from gil_demo.measuring.runs import collect_facts
from gil_demo.pythons.table import INTERPRETERS, MEASURED, WAYS
from gil_demo.running.pythons import GARBLED, Python, ask, find_pythons
from gil_demo.tables.schema import make_table

PASSES = 2
START_SECONDS = 10.0
MOST_ROUNDS, MOST_ROUND_SECONDS, MOST_STEPS = 10_000, 1_000.0, 10**12


class Answer(NamedTuple):
    """What the countdown printed under some interpreter."""

    gil: str
    steps: int
    rounds: dict[str, list[float]]


def list_interpreters() -> pd.DataFrame:
    """List the Pythons that are installed here, as `compare_interpreters` would run them.

    Returns:
        A row for each: interpreter (its name), version, and state ("ready", or why it can't be
        run).
    """
    rows = [(python.name, python.version, python.state or "ready") for python in find_pythons()]
    return pd.DataFrame(rows, columns=["interpreter", "version", "state"])


def compare_interpreters(
    pythons: Sequence[str | os.PathLike[str]] | None = None, *, budget: float | None = None
) -> pd.DataFrame:
    """Run one countdown by one thread, by two and by two processes, under each Python found.

    Each is run twice, in shuffled order, isolated from this Python's settings, and for a limited
    time. What hangs, fails, floods or answers nonsense is stopped and told in its row.

    Args:
        pythons: the files of interpreters to ask; None means all that are installed here, as
            findpython finds them, this one first. Without findpython there is this one alone.
        budget: seconds for all rounds together, but 0.4 for each interpreter at least; None means
            20. To find and to start them takes some more.

    Returns:
        The tidy table: a row for each timed countdown, and one for each interpreter that could
        not be measured; see `INTERPRETERS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: this Python doesn't know the file that it was started from.
    """
    paths = None if pythons is None else check_unlike("pythons", pythons, check_path)
    seconds = check_budget(20.0 if budget is None else budget)
    facts, usage = collect_facts("interpreters"), read_usage()
    with shown() as show:
        show("looking for Pythons")
        found = find_pythons(paths)
        answers = _ask_all([python for python in found if not python.state], seconds, show)
    facts |= tell_shares(usage)
    each = (_make_rows(python, answers.get(python.name, python.state)) for python in found)
    return make_table([facts | row for rows in each for row in rows], INTERPRETERS)


def _ask_all(
    pythons: Sequence[Python], seconds: float, show: Callable[[str], None]
) -> dict[str, Answer | str]:
    """Ask each Python in every pass; one that fails isn't asked again."""
    source = files(__package__).joinpath("portable_countdown.py").read_text(encoding="utf-8")
    each = max(0.2, seconds / (PASSES * max(1, len(pythons))))
    answers: dict[str, Answer | str] = {}
    for number in range(PASSES):
        for python in random.sample(pythons, len(pythons)):
            before = answers.get(python.name)
            if not isinstance(before, str):
                show(f"measuring {python.name}, pass {number + 1} of {PASSES}")
                told, reason = ask(python.command, source, [str(each)], 2 * each + START_SECONDS)
                answers[python.name] = join(before, reason or read_answer(told) or GARBLED)
    return answers


def read_answer(told: object) -> Answer | None:
    """Read what a countdown printed; None where it can't be."""
    match told:
        case {"gil_enabled": bool(has_gil), "steps": int(steps), "rounds": dict(rounds)}:
            known = {way: rounds[way] for way in WAYS if way in rounds}
            is_whole = {"sequential", "threads"} <= set(known) and _are_rounds(known)
            if is_whole and 0 < steps <= MOST_STEPS:
                return Answer("on" if has_gil else "off", steps, known)
    return None


def _are_rounds(rounds: Mapping[str, object]) -> bool:
    """Tell whether all ways have as many times, and all are times that may be."""
    lists = [times for times in rounds.values() if isinstance(times, list)]
    lengths = {len(times) for times in lists}
    if len(lists) < len(rounds) or len(lengths) > 1 or not 1 <= max(lengths) <= MOST_ROUNDS:
        return False
    every = [time for times in lists for time in times]
    return all(isinstance(time, float) and 0 < time < MOST_ROUND_SECONDS for time in every)


def join(before: Answer | None, after: Answer | str) -> Answer | str:
    """Put the rounds of two passes one after another; times are stretched to the same steps."""
    if before is None or isinstance(after, str):
        return after
    stretch = before.steps / after.steps
    ways = [way for way in before.rounds if way in after.rounds]
    stretched = {way: [time * stretch for time in after.rounds[way]] for way in ways}
    return before._replace(rounds={way: before.rounds[way] + stretched[way] for way in ways})


def _make_rows(python: Python, answer: Answer | str) -> list[dict[str, object]]:
    told: dict[str, object] = {"interpreter": python.name, "version": python.version}
    told["implementation_measured"] = python.implementation
    if isinstance(answer, str):
        told |= {"gil": "not known", "state": answer, "runner": ""}
        return [told | dict.fromkeys(("round", "steps", "seconds"))]
    told |= {"gil": answer.gil, "state": MEASURED, "steps": answer.steps}
    return [
        told | {"runner": way, "round": number, "seconds": seconds}
        for way, times in answer.rounds.items()
        for number, seconds in enumerate(times, start=1)
    ]
