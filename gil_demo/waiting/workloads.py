"""Where threads help: with waiting, and with C code that lets go of the GIL."""

import math
import timeit
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from gil_demo import words
from gil_demo.checks import GilDemoError, ResultsError, check_choices, check_workers, shorten
from gil_demo.drawing import parts
from gil_demo.drawing.style import PAPER, Chart, get_look
from gil_demo.measuring.rounds import check_budget
from gil_demo.measuring.runs import BASELINE, RUNS, Work, measure, round_size, summarise
from gil_demo.tables.kinds import combine
from gil_demo.tables.schema import check_kind, list_rows, split_runs
from gil_demo.waiting.blocking import compress_bytes, hash_bytes, sleep, sort_numbers, write_file
from gil_demo.waiting.loopback import answer_late, ask_slow_server, serving
from gil_demo.words import capitalise, count_in_words, head, name_workers, state_times


class _Workload(NamedTuple):
    """What a worker does: of what kind it is, the function, and how much in its own unit.

    Of what computes, so much is only tried: a worker gets what takes `COMPUTING_SECONDS` here.
    """

    kind: str
    function: Callable[..., None]
    size: int


COMPUTING_SECONDS = 0.03
_WAITS, _LETS_GO = "waits", "C code, lets go of the GIL"
WORKLOADS = {
    "sleeping": _Workload(_WAITS, sleep, 30),
    "asking a server": _Workload(_WAITS, ask_slow_server, 30),
    "writing a file": _Workload(_WAITS, write_file, 1024),
    "hashing": _Workload(_LETS_GO, hash_bytes, 8 * 1024),
    "compressing": _Workload(_LETS_GO, compress_bytes, 8 * 1024),
    "sorting": _Workload("C code, keeps the GIL", sort_numbers, 100_000),
}

HELP, NO_HELP, NOT_CLEAR, UNTOLD = "threads help", "they don't", "not clear here", "no verdict"


def compare_workloads(
    workloads: Sequence[str] = tuple(WORKLOADS), *, workers: int = 2, budget: float | None = None
) -> pd.DataFrame:
    """Run each of several workloads one part after another, in threads and in processes.

    Every worker gets as much to do, and the plain loop does all of it; so the ideal speed-up is
    the number of workers. Each workload is a run of its own.

    Args:
        workloads: which ones, by name: sleeping and asking a server (30 ms for each worker),
            writing a file (1 MiB), hashing, compressing and sorting (what takes 30 ms).
        workers: how many threads or processes.
        budget: seconds for all workloads together, shared equally; None means 2.5 for each.

    Returns:
        The tidy table, as for `compare`, with a run for each workload; `count` is milliseconds,
        KiB or numbers.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: a run failed.
    """
    names = check_choices("workloads", "workload", workloads, [*WORKLOADS])
    workers = check_workers(workers)
    seconds = check_budget(2.5 * len(names) if budget is None else budget) / len(names)
    variants = dict.fromkeys([(BASELINE, 1), ("threads", workers), ("processes", workers)], workers)
    tables = []
    with serving(answer_late) as port:
        for name in names:
            function = WORKLOADS[name].function
            if function is ask_slow_server:
                function = partial(ask_slow_server, port=port)
            try:
                work = Work(name, function, _choose_size(WORKLOADS[name]) * workers)
                tables.append(measure("workloads", work, variants, budget=seconds))
            except OSError as reason:  # of a task: no folder for temporary files, a full disk
                raise GilDemoError(f"{name} failed: {reason}") from reason
    return combine(tables)


def _choose_size(workload: _Workload) -> int:
    """Choose how much a worker gets; in a run of a few milliseconds, handing out would count."""
    kind, function, size = workload
    if kind == _WAITS:
        return size
    seconds = min(timeit.repeat(partial(function, size), number=1, repeat=3))
    return round_size(size * COMPUTING_SECONDS / seconds)


def summarise_workloads(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up runs of several workloads: a row for each workload and way of running."""
    runs = split_runs(table)
    by_name = {str(run["workload"].iloc[0]): run for run in runs}
    if len(by_name) < len(runs) or not set(by_name) <= set(WORKLOADS):
        raise ResultsError(
            f"the table must hold one run of each workload, out of {', '.join(WORKLOADS)}; "
            f"it holds {', '.join(str(run['workload'].iloc[0]) for run in runs)}"
        )
    summaries = []
    for name in sorted(by_name, key=[*WORKLOADS].index):
        summary = summarise(by_name[name])
        summary.insert(0, "workload", name)
        summary.insert(1, "kind", WORKLOADS[name].kind)
        answer = UNTOLD if _find_reservations(by_name[name]) else _judge_threads(summary)
        summaries.append(summary.assign(threads_help=answer))
    return pd.concat(summaries, ignore_index=True)


def _find_reservations(run: pd.DataFrame) -> list[str]:
    """List what keeps a run from a verdict; work that waits needs no core for one."""
    few = words.find_round_reservations(run)
    if WORKLOADS[str(run["workload"].iloc[0])].kind == _WAITS:
        return few
    return words.find_machine_reservations(run.iloc[0], int(run["workers"].max())) + few


def _judge_threads(summary: pd.DataFrame) -> str:
    """Tell whether threads help: by all of the 95 % interval of their speed-up."""
    for row in list_rows(summary[summary["runner"] == "threads"]):
        if row.speed_up_low > 1 + words.MARGIN:
            return HELP
        if row.speed_up_high <= words.NO_GAIN:
            return NO_HELP
    return NOT_CLEAR


def check_predictions(table: pd.DataFrame, helped: Iterable[str]) -> pd.DataFrame:
    """Hold a reader's predictions against what was measured.

    Args:
        table: a table as `compare_workloads` gives it.
        helped: the workloads with which the reader expects threads to help.

    Returns:
        A row for each workload of the table: workload, predicted, measured ("threads help",
        "they don't", "not clear here" or "no verdict") and right (True, False, or None where it
        isn't clear).

    Raises:
        TypeError: `helped` is no list.
        ResultsError: the table is not of this kind.
        ValueError: a prediction is about a workload that the table doesn't have.
    """
    check_kind(table, RUNS)
    summary = summarise_workloads(table).drop_duplicates("workload", ignore_index=True)
    if isinstance(helped, str | bytes | pd.DataFrame) or not isinstance(helped, Iterable):
        raise TypeError(f"helped must be a list, not {shorten(helped)}")
    predicted = {str(name) for name in helped}
    if unknown := sorted(predicted - set(summary["workload"])):
        raise ValueError(
            f"helped must be workloads of the table ({', '.join(summary['workload'])}), "
            f"not {', '.join(unknown)}"
        )
    rows = [
        {
            "workload": row.workload,
            "predicted": (guess := HELP if row.workload in predicted else NO_HELP),
            "measured": row.threads_help,
            "right": row.threads_help == guess if row.threads_help in (HELP, NO_HELP) else None,
        }
        for row in list_rows(summary)
    ]
    return pd.DataFrame(rows).astype({"right": object})


def judge_workloads(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say in a few sentences with which workloads threads and processes helped."""
    runs = {str(run["workload"].iloc[0]): run for run in split_runs(table)}
    lines = [
        f"Note: with {name}, {busy}."
        for name, run in runs.items()
        if WORKLOADS[name].kind == _WAITS
        for busy in words.find_busy_reservations(run.iloc[0], int(run["workers"].max()))
    ]
    for name, rows in summary.groupby("workload", sort=False):
        told = [
            f"{name_workers(row.runner, row.workers)} "
            f"{state_times(row.speed_up, row.speed_up_low, row.speed_up_high)}"
            for row in list_rows(rows[rows["runner"] != BASELINE])
        ]
        answer = str(rows["threads_help"].iloc[0]).replace(NO_HELP, "threads don't help")
        if answer == UNTOLD:
            answer += f": {_find_reservations(runs[str(name)])[0]}"
        speed_ups = f" Speed-up of {', of '.join(told)}." if told else ""
        lines.append(f"{capitalise(str(name))}: {answer}.{speed_ups}")
    return "\n".join(lines)


def _state_title(summary: pd.DataFrame) -> str:
    by_answer = summary.drop_duplicates("workload").groupby("threads_help")["workload"]
    names = {str(answer): words.list_in_words([*group]) for answer, group in by_answer}
    told = [f"threads helped with {names[HELP]}"] if HELP in names else []
    if NO_HELP in names:
        told.append(f"{'not' if told else 'threads did not help'} with {names[NO_HELP]}")
    if NOT_CLEAR in names:
        told.append(f"not clear here with {names[NOT_CLEAR]}")
    if UNTOLD in names:
        told.append(f"no verdict on {names[UNTOLD]}")
    return "; ".join(told)


def draw_workloads(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw the speed-up of threads and of processes with each workload, and what is ideal."""
    contenders = summary[summary["runner"] != BASELINE]
    names, shifts = [*dict.fromkeys(summary["workload"])], {"threads": -0.17, "processes": 0.17}
    height = 1.9 + 0.72 * len(names)
    chart, axes = parts.make_plot(11, height, left=0.215, right=0.97, above=0.95, below=1.0)
    told: dict[str, list[str]] = {}
    for row in list_rows(contenders):
        _draw_speed_up(axes, names.index(row.workload) + shifts.get(row.runner, 0.0), row)
        ends = f" ({row.speed_up_low:.2f} to {row.speed_up_high:.2f})"
        told.setdefault(row.workload, []).append(
            f"{name_workers(row.runner, row.workers)} {row.speed_up:.2f}"
            f"{'' if math.isnan(row.speed_up_low) else ends}"
        )
    most = int(contenders["workers"].max()) if len(contenders) else 1
    highest = contenders[["speed_up", "speed_up_high"]].fillna(0).to_numpy().max(initial=most)
    axes.set_xlim(0, float(highest) * 1.5)
    parts.draw_loop_and_ideal(axes, most, f"{most} at once")
    parts.name_values(axes, "speed-up over the plain loop (×), 95 % interval", 6)
    _name_workloads(axes, names, has_gil=bool(table["gil_enabled"].iloc[0]))
    speed_ups = "; ".join(f"{name}: {', '.join(each)}" for name, each in told.items())
    rounds = words.count_rounds(table["rounds"])
    workers = count_in_words(int(table["workers"].max()), "worker")
    conditions = words.describe_conditions(table, f"{workers} already started, {rounds} of each")
    return parts.finish(
        chart, head(_state_title(summary), table), conditions, f"Speed-ups: {speed_ups}."
    )


def _draw_speed_up(axes: Axes, place: float, row: Any) -> None:
    look = get_look(row.runner)
    parts.draw_interval(axes, row.speed_up_low, row.speed_up_high, place, look.colour)
    parts.draw_mark(axes, row.speed_up, place, look, 11)
    right = row.speed_up if math.isnan(row.speed_up_high) else row.speed_up_high
    times = state_times(row.speed_up, row.speed_up_low, row.speed_up_high)
    parts.write(
        axes, f"{times}  {name_workers(row.runner, row.workers)}", (right, place), (10, 0),
        look.colour, va="center", bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )  # fmt: skip


def _name_workloads(axes: Axes, names: Sequence[str], *, has_gil: bool) -> None:
    """Name each workload and its kind, which says of the GIL what it does where there is one."""
    parts.name_rows(axes, [capitalise(name) for name in names])
    for label in axes.get_yticklabels():
        label.set_verticalalignment("bottom")
    for place, name in enumerate(names):
        kind = WORKLOADS[name].kind if has_gil else WORKLOADS[name].kind.split(",")[0]
        parts.write(
            axes, kind, (0, place), (-4, -3), size=10, ha="right", va="top",
            xycoords=("axes fraction", "data"), annotation_clip=False,
        )  # fmt: skip
