"""The countdown under several interpreters: the table, what it sums up to, and in sentences."""

import math
import re
from typing import Any

import pandas as pd

from gil_demo.checks import ResultsError
from gil_demo.measuring.estimates import LEAST_ROUNDS, NOTHING, estimate_ratio, spread
from gil_demo.tables.schema import Column, check_same_facts, list_rows, make_schema
from gil_demo.words import call_ratio, find_machine_reservations, state_factor

MEASURED = "measured"
WAYS = ("sequential", "threads", "processes")


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
    ordinary = [one for one in measured if one.interpreter.endswith(one.version)]
    alike = [one for one in ordinary if one.version.split(".")[:2] == row.version.split(".")[:2]]
    if not alike:
        return ""
    own, other = row.step_nanoseconds, alike[-1].step_nanoseconds
    return (
        f"One thread: a step took {own:.1f} ns under {row.interpreter} and {other:.1f} ns under "
        f"{alike[-1].interpreter}, {state_factor(own / other)} × as long."
    )
