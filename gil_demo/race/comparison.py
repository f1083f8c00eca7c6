"""Ask which is faster: one thread, several threads or several processes."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from gil_demo import words
from gil_demo.checks import check_count, check_workers
from gil_demo.drawing import parts
from gil_demo.drawing.style import Chart, get_look, make_chart
from gil_demo.measuring.estimates import MORE_ROUNDS
from gil_demo.measuring.runs import BASELINE, VARIANT, Work, check_runners, measure
from gil_demo.running.runners import RUNNERS, find_missing
from gil_demo.running.workloads import countdown
from gil_demo.tables.schema import list_rows

RAN_AT = "ran at {} the speed of the plain loop"


def compare(
    runners: Sequence[str] = ("sequential", "threads", "processes"),
    *,
    workers: int = 2,
    count: int | None = None,
    start_method: str | None = None,
    precision: float | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Run the same countdown in several ways, in turn, and time each.

    The countdown is cut into one part a worker. The sequential run, which does the parts one
    after another, is always measured, since the others are held against it.

    Args:
        runners: which ways, by name: sequential, threads, processes, interpreters; `list_runners`
            tells which of them there are.
        workers: how many threads, processes or sub-interpreters.
        count: steps of the whole countdown; None means what takes each core at work 60 ms, since
            many short rounds tell more than few long ones, and less where the budget is short.
        start_method: how processes are started; None means the platform's default.
        precision: half the width of the 95 % interval, as a part of the ratio, at which to stop
            before the budget is spent; None means not to. An interval that ends a run is narrow
            by chance, too: some 86 % of such hold the ratio.
        budget: seconds for starts and rounds; None means 8. The rounds have at least half of it,
            and a warm-up and one round are always run.

    Returns:
        The tidy table: a row for each timed run; columns carry their unit in the name. Workers
        are started once for all rounds; what a start costs stands in the first rounds.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        RunnerUnavailable: this machine lacks one of the runners; nothing has been started.
        GilDemoError: the run failed.
    """
    names = check_runners(runners)
    workers = check_workers(workers)
    variants = {(BASELINE, 1): workers} | {
        (name, workers): workers for name in names if name != BASELINE
    }
    work = Work("countdown", countdown, None if count is None else check_count(count))
    return measure("compare", work, variants, start_method, precision, budget)


def list_runners() -> pd.DataFrame:
    """List the ways to run a countdown, and why one can't be had here.

    Returns:
        A row for each: runner (its name), available (True or False) and reason (empty, or why
        this Python lacks it).
    """
    reasons = [find_missing(name) for name in RUNNERS]
    available = [not reason for reason in reasons]
    return pd.DataFrame({"runner": [*RUNNERS], "available": available, "reason": reasons})


def judge_speed(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say what one run shows: reservations, each way of running, how the measurement ended."""
    reservations = find_reservations(table)
    lines = [f"No verdict: {reservation}." for reservation in reservations]
    contenders = list_rows(summary[summary["runner"] != BASELINE])
    lines += [_judge(row, bool(reservations)) for row in contenders]
    first = table.iloc[0]
    is_sharp = first["stopped_by"] == "precision"
    reason = "every interval was narrow enough" if is_sharp else "the time allowed was spent"
    rounds = words.capitalise(words.count_in_run(table, "round"))
    return "\n".join([*lines, f"{rounds}; stopped because {reason}."])


def find_reservations(table: pd.DataFrame) -> list[str]:
    """List why a run can't carry a verdict: clauses that say what to do; usually there are none."""
    reservations = words.find_machine_reservations(table.iloc[0], int(table["workers"].max()))
    few = words.find_round_reservations(table)
    return reservations + [f"{told}; {MORE_ROUNDS} or fewer steps" for told in few]


def _judge(row: Any, is_withheld: bool) -> str:
    name = words.capitalise(words.name_workers(row.runner, row.workers))
    sentence = f"{name} {RAN_AT.format(f'{row.speed_up:.2f} ×')}"
    if not math.isnan(row.speed_up_low):
        sentence += f" (95 % interval {row.speed_up_low:.2f} to {row.speed_up_high:.2f})"
    if is_withheld:
        return f"{sentence}."
    called = words.call_ratio(row.time_ratio_low, row.time_ratio_high)
    if not row.cold_speed_up < row.speed_up * words.LEAST:
        return f"{sentence}: {called}."
    started = row.start_up_seconds + row.tear_down_seconds
    extra = f"Start-up and tear-down took {words.state_seconds(started)}"
    if not is_gain_lost(row):
        told = (
            f"{extra} more; counting that, {row.cold_speed_up:.2f} × the speed of the plain loop."
        )
        return f"{sentence}: {called}.\n  {told}"
    lost = "slower" if row.cold_speed_up < words.LEAST else "no faster"
    pays = words.state_seconds(started / (1 - row.time_ratio))
    told = f"{extra}: that pays where the loop takes more than about {pays}."
    return f"{sentence}: {called} once started, {lost} with the start-up.\n  {told}"


def is_gain_lost(row: Any) -> bool:
    """Tell whether workers that gained time took more of it to start and to end."""
    return bool(row.time_ratio_high < words.LEAST and row.cold_speed_up < 1)


def title_findings(table: pd.DataFrame, findings: Sequence[str], nothing: str) -> str:
    """Join findings to a chart's title, or give the reason why there are none."""
    if reservations := find_reservations(table):
        return words.head(f"no verdict: {reservations[0].split(';')[0]}", table)
    return words.head("; ".join(findings) or nothing, table)


def title_workers(table: pd.DataFrame, rows: Sequence[Any]) -> str:
    """Tell in a chart's title what the verdict says of several workers."""
    findings: list[str] = []
    form = RAN_AT
    for row in rows:
        name = words.name_workers(row.runner, row.workers)
        called = words.call_ratio(row.time_ratio_low, row.time_ratio_high)
        told = f"{called} with {name}"
        if called in ("faster", "slower"):
            times = words.state_times(row.speed_up, row.speed_up_low, row.speed_up_high)
            told = f"{name} {form.format(times)}{', once started' * is_gain_lost(row)}"
            form = "at {}"
        findings.append(told)
    return title_findings(table, findings, "the plain loop alone")


def describe_run(table: pd.DataFrame) -> str:
    """Say in one line where, how often and how long a run was measured."""
    steps = words.count_in_words(int(table["count"].iloc[0]), "step")
    return words.describe_conditions(table, f"{words.count_in_run(table, 'round')} of {steps}")


def describe_speed_ups(rows: Sequence[Any]) -> str:
    """Tell how long a chart's ways took, and their speed-ups, in a sentence."""
    facts = []
    for row in rows:
        name = words.name_workers(row.runner, row.workers)
        fact = f"{name} {words.state_seconds(row.seconds)}, speed-up {row.speed_up:.2f}"
        if not math.isnan(row.speed_up_low) and row.runner != BASELINE:
            fact += f" ({row.speed_up_low:.2f} to {row.speed_up_high:.2f})"
        facts.append(fact)
    return f"Work and speed-ups: {'; '.join(facts)}." if facts else ""


def draw_comparison(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw how long each way of running took, and how many times as fast it was."""
    height = 1.75 + 1.05 * len(summary)
    chart = make_chart(12, height)
    times, speed_ups = chart.subplots(1, 2, sharey=True, width_ratios=[3, 2])
    chart.subplots_adjust(
        left=0.145, right=0.985, top=1 - 0.85 / height, bottom=1.0 / height, wspace=0.12
    )
    rows = list_rows(summary)
    _draw_times(times, table, rows)
    _draw_speed_ups(speed_ups, summary, int(table["usable_cores"].iloc[0]))
    names = [words.capitalise(words.name_workers(row.runner, row.workers)) for row in rows]
    parts.name_rows(times, [name.replace(" sub-", "\nsub-") for name in names])
    contenders = [row for row in rows if row.runner != BASELINE]
    title = title_workers(table, contenders)
    return parts.finish(chart, title, describe_run(table), describe_speed_ups(rows))


def _draw_times(axes: Axes, table: pd.DataFrame, rows: list[Any]) -> None:
    for place, row in enumerate(rows):
        look = get_look(row.runner)
        axes.barh(place, row.seconds, height=0.56, color=look.colour, alpha=0.85)
        overhead = row.start_up_seconds + row.tear_down_seconds
        if overhead > 0.005 * row.seconds:
            axes.barh(
                place, overhead, left=row.seconds, height=0.56, facecolor="none",
                edgecolor=look.colour, hatch="////", linewidth=1,
            )  # fmt: skip
        own = table[VARIANT].eq([row.runner, row.workers, row.start_method]).all(axis="columns")
        parts.draw_cloud(axes, table.loc[own, "seconds"], place, look.marker, reach=0.17)
    axes.set_xlim(left=0)
    told = "seconds: work (bar, a mark for each round), start-up and tear-down (hatched)"
    parts.name_values(axes, told, 6)


def _draw_speed_ups(axes: Axes, summary: pd.DataFrame, cores: int) -> None:
    for place, row in enumerate(list_rows(summary)):
        look = get_look(row.runner)
        parts.draw_interval(axes, row.speed_up_low, row.speed_up_high, place, look.colour)
        parts.draw_mark(axes, row.speed_up, place, look)
        parts.write_value(axes, f"{row.speed_up:.2f} ×", (row.speed_up, place), look.colour)
    ideal = min(int(summary["workers"].max()), cores)
    furthest = float(summary[["speed_up", "speed_up_high"]].max().max())
    axes.set_xlim(0, 1.2 * max(ideal, furthest))
    parts.draw_loop_and_ideal(axes, ideal, f"ideal: {ideal} cores")
    parts.name_values(axes, "speed-up (×), 95 % interval", 5)
