"""Ask each Python of this computer what a second thread does to the countdown, and tell it."""

import math
import os
import random
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

import pandas as pd

from gil_demo.checks import ResultsError, check_path, check_unlike
from gil_demo.measuring.estimates import LEAST_ROUNDS, NOTHING, estimate_ratio, spread
from gil_demo.measuring.machine import read_usage, tell_shares
from gil_demo.measuring.progress import shown
from gil_demo.measuring.rounds import check_budget
from gil_demo.measuring.runs import collect_facts
from gil_demo.running.pythons import GARBLED, Python, ask, find_pythons
from gil_demo.tables.schema import Column, check_same_facts, list_rows, make_schema, make_table
from gil_demo.words import call_ratio, find_machine_reservations, state_factor

MEASURED = "measured"
WAYS = ("sequential", "threads", "processes")
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


# the table and its summary
def _check_interpreters(table: pd.DataFrame, place: str) -> None:
    for (run_id, name), rows in table.groupby(["run_id", "interpreter"], sort=False):
        where = f"{place}, run {run_id}, {name}"
        own = ["version", "implementation_measured", "gil", "state", "steps"]
        check_same_facts(rows, where, own)
        if rows["state"].iloc[0] == MEASURED:
            _check_rounds(rows, where)
        elif len(rows) > 1:
            raise ResultsError(f"{where} was not measured, but has {len(rows)} rows")


def _check_rounds(rows: pd.DataFrame, where: str) -> None:
    if rows[["round", "seconds", "steps"]].isna().to_numpy().any():
        raise ResultsError(f"{where} was measured, but a measurement is missing")
    wanted = list(range(1, int(rows["runner"].value_counts().max()) + 1))
    for way in ("sequential", "threads", *set(rows["runner"])):
        if sorted(rows.loc[rows["runner"] == way, "round"]) != wanted:
            raise ResultsError(f"{where} is not whole: {way} lacks a round of {len(wanted)}")


INTERPRETERS = make_schema(
    "interpreters",
    ("interpreters",),
    {
        "interpreter": Column("text"),
        **dict.fromkeys(("version", "implementation_measured"), Column("text", may_be_empty=True)),
        "gil": Column("text", choices=("on", "off", "not known")),
        "state": Column("text"),
        "runner": Column("text", may_be_empty=True),
        **dict.fromkeys(("round", "steps"), Column("whole", may_be_empty=True)),
        "seconds": Column("duration", may_be_empty=True),
    },
    _check_interpreters,
    alike=("experiment",),  # and with it the machine's facts
)
"""A row for each timed countdown under an interpreter; `steps` is the whole countdown. One that
could not be measured has a single row, and its `state` says why. The machine's facts are those of
the Python that asked; no path is kept, since paths name people."""


def summarise_interpreters(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up a run: a row for each interpreter, older versions first, what wasn't measured last."""
    rows = [_sum_up(rows) for _, rows in table.groupby("interpreter", sort=False)]
    rows.sort(key=lambda row: (row["state"] != MEASURED, _rank(row)))
    return pd.DataFrame(rows)


def _sum_up(rows: pd.DataFrame) -> dict[str, Any]:
    first = rows.iloc[0]
    told = {name: first[name] for name in ("interpreter", "version", "gil", "state")}
    told |= {"implementation": first["implementation_measured"]}
    times = rows.pivot_table(index="round", columns="runner", values="seconds")
    ways = [way for way in WAYS if way in times and first["state"] == MEASURED]
    estimates = {way: estimate_ratio(list(times[way] / times["sequential"])) for way in ways}
    step = times["sequential"].median() / int(first["steps"]) * 1e9 if estimates else math.nan
    told |= {"rounds": len(times) if estimates else 0, "step_nanoseconds": step}
    told |= spread("time_ratio", estimates.get("threads", NOTHING))
    return told | spread("processes_ratio", estimates.get("processes", NOTHING))


def _rank(row: dict[str, Any]) -> tuple[bool, list[int], str]:
    return row["implementation"] != "CPython", read_numbers(row["version"]), row["interpreter"]


def read_numbers(version: str) -> list[int]:
    return [int(number[:9]) for number in re.findall(r"\d+", version)]


# the finding
def judge_interpreters(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say in a few sentences what a second thread did, and a lone one pays, under each."""
    measured = list_rows(summary[summary["state"] == MEASURED])
    reservations = find_machine_reservations(table.iloc[0], 2)
    lines = [f"No verdict: {reservation}." for reservation in reservations]
    lines += [_judge(row, bool(reservations)) for row in measured]
    lines += [_judge_single_thread(row, measured) for row in measured if row.gil == "off"]
    others = list_rows(summary[summary["state"] != MEASURED])
    lines += [f"{row.interpreter}: {row.state}." for row in others]
    return "\n".join(line for line in lines if line)


def _judge(row: Any, is_withheld: bool) -> str:
    sentence = f"{row.interpreter}: two threads took {row.time_ratio:.2f} × as long as one"
    if math.isnan(row.time_ratio_low):
        sentence += f", but in fewer than {LEAST_ROUNDS} rounds"
    else:
        sentence += f" (95 % interval {row.time_ratio_low:.2f} to {row.time_ratio_high:.2f})"
        if not is_withheld:
            sentence += f", {call_ratio(row.time_ratio_low, row.time_ratio_high)}"
    if not math.isnan(row.processes_ratio):
        sentence += f"; two processes {row.processes_ratio:.2f} ×"
    return f"{sentence}."


def _judge_single_thread(row: Any, measured: list[Any]) -> str:
    """Say how long a step takes one thread without the GIL, beside a build that has it."""
    build = row.implementation, row.version.split(".")[:2]
    ordinary = [one for one in measured if one.interpreter.endswith(one.version)]
    alike = [one for one in ordinary if (one.implementation, one.version.split(".")[:2]) == build]
    if not alike:
        return ""
    own, other = row.step_nanoseconds, alike[-1].step_nanoseconds
    return (
        f"One thread: a step took {own:.1f} ns under {row.interpreter} and {other:.1f} ns under "
        f"{alike[-1].interpreter}, {state_factor(own / other)} × as long."
    )
