"""The table: one row for each timed run, and what it sums up to.

Every row carries the facts of its machine, so that tables of many laptops can be put one below
the other.
"""

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gil_demo.checks import ResultsError, check_choice, check_unlike, check_workers, shorten
from gil_demo.drawing.style import (
    INK,
    PAPER,
    SOFT_INK,
    Chart,
    clean_axes,
    get_look,
    make_chart,
    write_heading,
)
from gil_demo.measuring.rounds import check_budget, check_precision
from gil_demo.measuring.runs import (
    BASELINE,
    RUNS,
    Work,
    measure,
    summarise,
)
from gil_demo.running.pools import check_start_method
from gil_demo.tables.kinds import combine
from gil_demo.tables.schema import check_kind, list_rows, split_runs
from gil_demo.waiting.blocking import compress_bytes, hash_bytes, sleep, sort_numbers, write_file
from gil_demo.waiting.loopback import answer_late, ask_slow_server, serving
from gil_demo.words import (
    capitalise,
    count_in_words,
    describe_computer,
    find_machine_reservations,
    head,
    list_in_words,
    name_workers,
    state_times,
)

WORKLOADS = {
    "sleeping": "waits",
    "asking a server": "waits",
    "writing a file": "waits",
    "hashing": "C code, lets go of the GIL",
    "compressing": "C code, lets go of the GIL",
    "sorting": "C code, keeps the GIL",
}

HELP, NO_HELP, NOT_CLEAR = "threads help", "they don't", "not clear here"

_CLEARLY_FASTER = 1.05

_CLEARLY_NOT = 1.2


def summarise_workloads(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up runs of several workloads: a row for each workload and way of running.

    Args:
        table: a table as `compare_workloads` gives it.

    Returns:
        The columns of `summarise`, preceded by workload (in the order of `WORKLOADS`) and kind,
        and followed by threads_help: "threads help" where the whole 95 % interval of their
        speed-up is above 1.05, "they don't" where all of it is at or below 1.2, and "not clear
        here" otherwise.

    Raises:
        ResultsError: the table is not of this kind, or has a workload twice.
    """
    check_kind(table, RUNS)
    runs = split_runs(table)
    names = [str(run["workload"].iloc[0]) for run in runs]
    if len(set(names)) < len(names) or not set(names) <= set(WORKLOADS):
        raise ResultsError(
            f"the table must hold one run of each workload, out of {', '.join(WORKLOADS)}; "
            f"it holds {', '.join(names)}"
        )
    ordered = sorted(zip(names, runs, strict=True), key=lambda pair: [*WORKLOADS].index(pair[0]))
    summaries = []
    for name, run in ordered:
        summary = summarise(run)
        summary.insert(0, "workload", name)
        summary.insert(1, "kind", WORKLOADS[name])
        summaries.append(summary.assign(threads_help=_judge_threads(summary)))
    return pd.concat(summaries, ignore_index=True)


def _check_iterable(name: str, values: object) -> list[Any]:
    if isinstance(values, str | bytes | pd.DataFrame) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list, not {shorten(values)}")
    return list(values)


def check_predictions(table: pd.DataFrame, helped: Iterable[str]) -> pd.DataFrame:
    """Hold a reader's predictions against what was measured.

    Args:
        table: a table as `compare_workloads` gives it.
        helped: the workloads with which the reader expects threads to help.

    Returns:
        A row for each workload of the table: workload, predicted, measured ("threads help",
        "they don't" or "not clear here") and right (True, False, or None where it isn't clear).

    Raises:
        TypeError: `helped` is no list.
        ResultsError: the table is not of this kind.
        ValueError: a prediction is about a workload that the table doesn't have.
    """
    summary = summarise_workloads(table).drop_duplicates("workload", ignore_index=True)
    predicted = {str(name) for name in _check_iterable("helped", helped)}
    unknown = sorted(predicted - set(summary["workload"]))
    if unknown:
        raise ValueError(
            f"helped must be workloads of the table ({', '.join(summary['workload'])}), "
            f"not {', '.join(unknown)}"
        )
    checked = summary[["workload"]].assign(
        predicted=[HELP if name in predicted else NO_HELP for name in summary["workload"]],
        measured=summary["threads_help"],
    )
    right = [
        None if measured == NOT_CLEAR else measured == guess
        for measured, guess in zip(checked["measured"], checked["predicted"], strict=True)
    ]
    return checked.assign(right=pd.Series(right, dtype="object"))


def _judge_threads(summary: pd.DataFrame) -> str:
    threads = summary[summary["runner"] == "threads"]
    if threads.empty:
        return NOT_CLEAR
    low, high = float(threads["speed_up_low"].iloc[0]), float(threads["speed_up_high"].iloc[0])
    if low > _CLEARLY_FASTER:
        return HELP
    return NO_HELP if high <= _CLEARLY_NOT else NOT_CLEAR


DEFAULT_SECONDS_EACH = 2.5

_CONTENDERS = ("threads", "processes")

_SIZES = {
    "sleeping": 60,
    "asking a server": 60,
    "writing a file": 1024,
    "hashing": 16 * 1024,
    "compressing": 16 * 1024,
    "sorting": 100_000,
}

_FUNCTIONS = {
    "sleeping": sleep,
    "writing a file": write_file,
    "hashing": hash_bytes,
    "compressing": compress_bytes,
    "sorting": sort_numbers,
}


def compare_workloads(
    workloads: Sequence[str] = tuple(WORKLOADS),
    *,
    workers: int = 2,
    start_method: str | None = None,
    precision: float | None = None,
    budget: float | None = None,
) -> pd.DataFrame:
    """Run each of several workloads one part after another, in threads and in processes.

    Every worker gets as much to do, and the plain loop does all of it; so the ideal speed-up is
    the number of workers. Each workload is a run of its own.

    Args:
        workloads: which ones, by name: sleeping and asking a server (60 ms for each worker),
            writing a file (1 MiB), hashing (16 MiB), compressing (16 MiB), sorting (100,000
            numbers).
        workers: how many threads or processes.
        start_method: how processes are started; None means the platform's default.
        precision: as for `compare`.
        budget: seconds for all workloads together, shared equally; None means
            `DEFAULT_SECONDS_EACH` for each.

    Returns:
        The tidy table, as for `compare`, with a run for each workload; `count` is milliseconds,
        KiB or numbers. Workers are started once, before the rounds, so that start-up and
        tear-down are 0 in every row.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: a run failed.
    """
    names = check_unlike("workloads", workloads, _check_workload)
    check_workers(workers)
    check_precision(precision)
    check_start_method(start_method)
    allowed = check_budget(DEFAULT_SECONDS_EACH * len(names) if budget is None else budget)
    variants = {(BASELINE, 1): workers} | {(name, workers): workers for name in _CONTENDERS}
    tables = []
    with serving(answer_late) as port:
        for name in names:
            function = _FUNCTIONS.get(name, partial(ask_slow_server, port=port))
            work = Work(name, function, _SIZES[name] * workers)
            seconds = allowed / len(names)
            tables.append(
                measure("workloads", work, variants, start_method, precision, seconds, is_warm=True)
            )
    return combine(tables)


def _check_workload(_: str, value: object) -> str:
    return check_choice("workload", value, list(WORKLOADS))


def judge_workloads(table: pd.DataFrame) -> str:
    """Say in a few sentences with which workloads threads and processes helped.

    Args:
        table: a table as `compare_workloads` gives it.

    Returns:
        Sentences, one a line: reservations first, then each workload.

    Raises:
        ResultsError: the table is not of this kind, or has a workload twice.
    """
    summary = summarise_workloads(table)
    lines = [f"Mind: {reservation}." for reservation in _find_reservations(table)]
    for name, rows in summary.groupby("workload", sort=False):
        contenders = rows[rows["runner"] != BASELINE]
        told = [_state_speed_up(row) for row in list_rows(contenders)]
        answer = str(rows["threads_help"].iloc[0]).replace(NO_HELP, "threads don't help")
        speed_ups = f" Speed-up of {', of '.join(told)}." if told else ""
        lines.append(f"{capitalise(str(name))}: {answer}.{speed_ups}")
    return "\n".join(lines)


def title_workloads(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Put the finding in one line, for the chart's title."""
    by_answer = summary.drop_duplicates("workload").groupby("threads_help")["workload"]
    names = {str(answer): list(group) for answer, group in by_answer}
    helped, not_helped = names.pop(HELP, []), names.pop(NO_HELP, [])
    parts = [f"threads helped with {list_in_words(helped)}"] if helped else []
    if not_helped:
        start = "not" if helped else "threads did not help"
        parts.append(f"{start} with {list_in_words(not_helped)}")
    parts += [f"not clear here with {list_in_words(unclear)}" for unclear in names.values()]
    return head("; ".join(parts), table)


def describe_workloads(table: pd.DataFrame) -> str:
    """Say in one line where and how often it was measured, for the chart's subtitle."""
    rounds = sorted({int(run["rounds"].iloc[0]) for run in split_runs(table)})
    methods = sorted(set(table["start_method"]) - {""})
    started = f", processes by {' and '.join(methods)}" if methods else ""
    often = count_in_words(rounds[-1], "round", "rounds")
    if len(rounds) > 1:
        often = f"{rounds[0]} to {rounds[-1]} rounds"
    workers = count_in_words(int(table["workers"].max()), "worker", "workers")
    return (
        f"{describe_computer(table.iloc[0])}{started}; {workers} already started, {often} of each"
    )


def _find_reservations(table: pd.DataFrame) -> list[str]:
    found: dict[str, None] = {}
    for run in split_runs(table):
        found |= dict.fromkeys(find_machine_reservations(run.iloc[0], int(run["workers"].max())))
    return list(found)


def _state_speed_up(row: Any) -> str:
    speed_up = state_times(row.speed_up, row.speed_up_low, row.speed_up_high)
    return f"{name_workers(row.runner, row.workers)} {speed_up}"


_SHIFTS = {"threads": -0.17, "processes": 0.17}


def draw_workloads(table: pd.DataFrame) -> Chart:
    """Draw the speed-up of threads and of processes with each workload.

    Args:
        table: a table as `compare_workloads` gives it.

    Returns:
        A matplotlib Figure: for each workload two marks with their 95 % intervals, the line of
        the plain loop and that of as many times as there are workers. Its `description` is its
        alternative text.

    Raises:
        ResultsError: the table is not of this kind, or has a workload twice.
    """
    summary = summarise_workloads(table)
    contenders = summary[summary["runner"] != BASELINE]
    names = list(dict.fromkeys(summary["workload"]))
    height = 1.9 + 0.72 * len(names)
    chart = make_chart(11, height)
    axes = chart.subplots()
    chart.subplots_adjust(left=0.215, right=0.97, top=1 - 0.95 / height, bottom=1.0 / height)
    for row in list_rows(contenders):
        _draw_mark(axes, names.index(row.workload) + _SHIFTS.get(row.runner, 0.0), row)
    most = int(contenders["workers"].max()) if len(contenders) else 1
    _draw_lines(axes, most, contenders)
    _label_workloads(axes, summary.drop_duplicates("workload"))
    title, conditions = title_workloads(table, summary), describe_workloads(table)
    write_heading(chart, title, conditions)
    chart.description = _describe(title, conditions, contenders)
    return chart


def _draw_mark(axes: Axes, place: float, row: Any) -> None:
    look = get_look(row.runner)
    if not math.isnan(row.speed_up_low):
        axes.plot(
            [row.speed_up_low, row.speed_up_high], [place, place],
            color=look.colour, linewidth=3, solid_capstyle="butt", alpha=0.6,
        )  # fmt: skip
    axes.plot(
        row.speed_up, place, marker=look.marker, markersize=11, color=look.colour,
        markeredgecolor=PAPER, linestyle="",
    )  # fmt: skip
    right = row.speed_up if math.isnan(row.speed_up_high) else row.speed_up_high
    axes.annotate(
        f"{row.speed_up:.2f} ×  {name_workers(row.runner, row.workers)}", (right, place),
        xytext=(10, 0), textcoords="offset points", size=11, va="center", color=look.colour,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _draw_lines(axes: Axes, most: int, contenders: pd.DataFrame) -> None:
    highest = contenders[["speed_up", "speed_up_high"]].fillna(0).to_numpy().max(initial=most)
    axes.set_xlim(0, float(highest) * 1.42)
    axes.axvline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    labels = [(1, "plain loop")]
    if most > 1:
        axes.axvline(most, color=SOFT_INK, linewidth=1.4, linestyle=(0, (5, 3)), zorder=0.5)
        labels.append((most, f"{most} at once"))
    for value, text in labels:
        axes.annotate(
            text, (value, 1), xycoords=("data", "axes fraction"), xytext=(0, 4), size=11,
            textcoords="offset points", ha="center", color=SOFT_INK,
        )  # fmt: skip


def _label_workloads(axes: Axes, workloads: pd.DataFrame) -> None:
    rows = list_rows(workloads)
    axes.set_yticks(range(len(rows)))
    axes.set_yticklabels([capitalise(row.workload) for row in rows], va="bottom")
    axes.set_ylim(len(rows) - 0.45, -0.6)
    for place, row in enumerate(rows):
        axes.annotate(
            row.kind, (0, place), xycoords=("axes fraction", "data"), xytext=(-4, -3), size=10,
            textcoords="offset points", ha="right", va="top", color=SOFT_INK,
            annotation_clip=False,
        )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel("speed-up over the plain loop (×), 95 % interval", size=12, color=INK)
    clean_axes(axes, "x")
    axes.tick_params(axis="y", labelsize=13)


def _describe(title: str, conditions: str, contenders: pd.DataFrame) -> str:
    facts = []
    for name, rows in contenders.groupby("workload", sort=False):
        told = [
            f"{name_workers(row.runner, row.workers)} {row.speed_up:.2f}"
            + (
                ""
                if math.isnan(row.speed_up_low)
                else f" ({row.speed_up_low:.2f} to {row.speed_up_high:.2f})"
            )
            for row in list_rows(rows)
        ]
        facts.append(f"{name}: {', '.join(told)}")
    return f"Chart. {title}. Speed-ups: {'; '.join(facts)}. Conditions: {conditions}."
