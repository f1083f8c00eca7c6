"""Ask each Python of this computer what a second thread does to the countdown."""

import math
import os
import random
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import NamedTuple

import pandas as pd

from gil_demo.checks import check_path, check_unlike
from gil_demo.measuring.progress import shown
from gil_demo.measuring.rounds import check_budget
from gil_demo.measuring.runs import collect_facts
from gil_demo.pythons.search import (
    GARBLED,
    MOST_BYTES,
    Python,
    describe_end,
    find_pythons,
    make_environment,
    read_json,
)
from gil_demo.pythons.table import INTERPRETERS, MEASURED, WAYS
from gil_demo.running.scripts import FINISHED, run_isolated
from gil_demo.tables.schema import make_table

DEFAULT_SECONDS = 20.0
PASSES = 2
START_SECONDS = 10.0
LEAST_SECONDS = 0.2
MOST_ROUNDS = 10_000
MOST_ROUND_SECONDS = 1_000.0
MOST_STEPS = 10**12


class _Answer(NamedTuple):
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
    return pd.DataFrame(
        [
            {
                "interpreter": python.name,
                "version": python.version,
                "state": python.state or "ready",
            }
            for python in find_pythons()
        ]
    )


def compare_interpreters(
    pythons: Sequence[str | os.PathLike[str]] | None = None, *, budget: float | None = None
) -> pd.DataFrame:
    """Run one countdown by one thread, by two and by two processes, under each Python found.

    Each is run twice, in shuffled order, isolated from this Python's settings, and for a limited
    time. What hangs, fails, floods or answers nonsense is stopped and told in its row.

    Args:
        pythons: the files of interpreters to ask; None means all that are installed here, as
            findpython finds them, this one first. Without findpython there is this one alone.
        budget: seconds for all rounds together; None means `DEFAULT_SECONDS`. To find and to
            start the interpreters takes some more.

    Returns:
        The tidy table: a row for each timed countdown, and one for each interpreter that could
        not be measured; see `INTERPRETERS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
    """
    paths = None if pythons is None else check_unlike("pythons", pythons, check_path)
    seconds = check_budget(DEFAULT_SECONDS if budget is None else budget)
    facts = collect_facts("interpreters")
    with shown() as show:
        show("looking for Pythons")
        found = find_pythons(paths)
        answers = _ask_all([python for python in found if not python.state], seconds, show)
    rows: list[dict[str, object]] = []
    for python in found:
        rows += [facts | row for row in _make_rows(python, answers.get(python.name, python.state))]
    return make_table(rows, INTERPRETERS)


def _ask_all(
    pythons: Sequence[Python], seconds: float, show: Callable[[str], None]
) -> dict[str, _Answer | str]:
    """Ask each Python in every pass; one that fails isn't asked again."""
    each = max(LEAST_SECONDS, seconds / (PASSES * max(1, len(pythons))))
    answers: dict[str, _Answer | str] = {}
    for number in range(PASSES):
        for python in random.sample(pythons, len(pythons)):
            before = answers.get(python.name)
            if not isinstance(before, str):
                show(f"measuring {python.name}, pass {number + 1} of {PASSES}")
                answers[python.name] = _join(before, _ask(python, each))
    return answers


def _ask(python: Python, seconds: float) -> _Answer | str:
    source = files("gil_demo").joinpath("portable_countdown.py").read_text(encoding="utf-8")
    outcome = run_isolated(
        python.command, source, [str(seconds)], 2 * seconds + START_SECONDS, make_environment(),
        MOST_BYTES,
    )  # fmt: skip
    if outcome.state != FINISHED:
        return describe_end(outcome)
    return _read_answer(read_json(outcome)) or GARBLED


def _read_answer(answer: object) -> _Answer | None:
    match answer:
        case {"gil_enabled": bool(has_gil), "steps": int(steps), "rounds": dict(rounds)}:
            known = {way: rounds[way] for way in WAYS if way in rounds}
            is_whole = {"sequential", "threads"} <= set(known) and _are_rounds(known)
            if is_whole and 0 < steps <= MOST_STEPS:
                return _Answer("on" if has_gil else "off", steps, known)
    return None


def _are_rounds(rounds: Mapping[str, object]) -> bool:
    """Tell whether all ways have as many times, and all are times that may be."""
    lengths = {len(times) if isinstance(times, list) else 0 for times in rounds.values()}
    if len(lengths) > 1 or not 1 <= max(lengths) <= MOST_ROUNDS:
        return False
    return all(
        isinstance(time, float) and math.isfinite(time) and 0 < time < MOST_ROUND_SECONDS
        for times in rounds.values()
        if isinstance(times, list)
        for time in times
    )


def _join(before: _Answer | None, after: _Answer | str) -> _Answer | str:
    """Put the rounds of two passes one after another; times are stretched to the same steps."""
    if before is None or isinstance(after, str):
        return after
    stretch = before.steps / after.steps
    return before._replace(
        rounds={
            way: times + [time * stretch for time in after.rounds[way]]
            for way, times in before.rounds.items()
            if way in after.rounds
        }
    )


def _make_rows(python: Python, answer: _Answer | str) -> list[dict[str, object]]:
    told = {
        "interpreter": python.name,
        "version": python.version,
        "implementation_measured": python.implementation,
    }
    if isinstance(answer, str):
        nothing = dict.fromkeys(("round", "steps", "seconds"))
        return [told | nothing | {"gil": "not known", "state": answer, "runner": ""}]
    return [
        told
        | {
            "gil": answer.gil,
            "state": MEASURED,
            "runner": way,
            "round": number,
            "steps": answer.steps,
            "seconds": seconds,
        }
        for way, times in answer.rounds.items()
        for number, seconds in enumerate(times, start=1)
    ]
