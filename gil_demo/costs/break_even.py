"""From which length of task processes pay, cold and kept open, against the loop and threads."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from gil_demo import words
from gil_demo.checks import ResultsError, check_workers
from gil_demo.drawing import style
from gil_demo.drawing.parts import DASHES, finish, write
from gil_demo.measuring import fits
from gil_demo.measuring.estimates import MORE_ROUNDS, spread
from gil_demo.measuring.rounds import Sample, Start, Timing, check_budget, make_rows, take_samples
from gil_demo.measuring.runs import BASELINE, collect_facts, measure_pace, time_start, time_work
from gil_demo.running.pools import list_start_methods, pool_held, run_in_pool
from gil_demo.running.runners import sequential, threads
from gil_demo.running.spans import Run
from gil_demo.running.workloads import countdown, measure_steps_per_second
from gil_demo.tables.schema import Column, list_rows, make_schema, make_table, name_run


def _check_lengths(table: pd.DataFrame, place: str) -> None:
    for run_id, run in table.groupby("run_id", sort=False):
        ways = run.groupby(["runner", "start_method"], dropna=False)
        if len({frozenset(rows["steps"]) for _, rows in ways}) > 1:
            raise ResultsError(
                f"{place}, {name_run(run_id)} is not whole: its ways differ in the steps of a task"
            )


LENGTHS = make_schema(
    "tasks of growing length",
    ("break_even",),
    {
        "runner": Column("text", choices=("sequential", "threads", "processes")),
        "start_method": Column("text", may_be_empty=True),
        **dict.fromkeys(("tasks", "steps", "round", "rounds", "position"), Column("whole")),
        "start_up_seconds": Column("seconds"),
        "seconds": Column("duration"),
        "tear_down_seconds": Column("seconds"),
    },
    _check_lengths,
    alike=("tasks",),
    variant=("runner", "start_method", "steps"),
)
"""A row for each timed run of as many tasks as there are workers, each of `steps`. Processes were
kept open: their start-up and tear-down are those of another pool of the same round."""

DEFAULT_SECONDS = 12.0
LONGEST_SECONDS = 0.3
_STARTING = "starting"
_LEAST_SECONDS = 1e-12  # far below what any clock tells; nothing can be computed from less
_RIVALS = {BASELINE: "the plain loop", "threads": "threads"}
LEAST_SPEED_UP = 0.05  # that is drawn: where a line crosses 1 is what matters
_SPEED_UPS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]
_ALIKE = 1.1  # crossings that differ by less are told as one, the longest


def sweep_task_length(*, workers: int = 2, budget: float | None = None) -> pd.DataFrame:
    """Run as many tasks as there are workers, short and ever longer ones, in every way, in turn.

    The lengths suit the machine: the longest tasks take the plain loop `LONGEST_SECONDS` in all,
    less where the budget is small, and each other length is a quarter of the next. A cold pool
    costs what one that was kept open costs, and its start-up and tear-down, which are measured in
    each round.

    Args:
        workers: how many tasks, threads and processes.
        budget: seconds after which to stop; None means `DEFAULT_SECONDS`.

    Returns:
        A table of rounds; the columns and types are in `LENGTHS`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        GilDemoError: the run failed.
    """
    workers = check_workers(workers)
    seconds = check_budget(DEFAULT_SECONDS if budget is None else budget)
    facts = collect_facts("break_even") | {"tasks": workers}
    lengths, methods = choose_lengths(workers, seconds), list_start_methods()
    ways: dict[tuple[str, str], Run] = {}
    with ExitStack() as stack:
        ways[BASELINE, ""] = stack.enter_context(sequential())
        ways["threads", ""] = stack.enter_context(threads(workers))
        for method in methods:
            held = stack.enter_context(pool_held(workers, method))
            ways["processes", method] = partial(run_in_pool, held, 1)
        variants: dict[tuple[str, str, int], Callable[[], Timing | Start]] = {
            (_STARTING, method, 0): partial(time_start, workers, method) for method in methods
        }
        for way, steps in product(ways, lengths):
            variants[*way, steps] = partial(time_work, ways[way], countdown, [steps] * workers)
        longest = (BASELINE, "", lengths[-1])
        taken = take_samples(variants, longest, None, seconds, _label, is_lasting=False)
    starts = {(one.variant, one.round): one.timing for one in taken.samples}
    names = ("runner", "start_method", "steps")

    def describe(one: Sample[Timing | Start]) -> dict[str, object]:
        start = starts.get(((_STARTING, one.variant[1], 0), one.round), Start(0.0, 0.0))
        told = dict(zip(names, one.variant, strict=True))
        return {**told, **start._asdict(), "seconds": one.timing.work}

    ran = taken._replace(samples=[one for one in taken.samples if one.variant[0] != _STARTING])
    return make_table(make_rows(ran, facts, describe), LENGTHS)


def _label(variant: tuple[str, str, int]) -> str:
    way = " by ".join(filter(None, variant[:2]))
    return f"{way}, tasks of {variant[2]:,} steps" if variant[2] else way


def choose_lengths(workers: int, seconds: float) -> list[int]:
    """Choose the steps of seven lengths of a task that suit the machine and the time."""
    longest = measure_steps_per_second() * min(LONGEST_SECONDS, seconds / 40) / workers
    return [max(10 + n, int(longest / 4 ** (6 - n))) for n in range(7)]


# the table and its summary
COLD, KEPT = "cold", "kept open"
Costs = dict[float, list[float]]


class Way(NamedTuple):
    """One way of running tasks: a runner; of processes how they were started, and the pool."""

    runner: str
    start_method: str = ""
    pool: str = ""


def sum_up(table: pd.DataFrame) -> pd.DataFrame:
    """Sum up how long all tasks took, by way and length, and the speed-up over the plain loop.

    The speed-up is taken round by round, with the quarters around its median.
    """
    pace, quarters, each = measure_pace(table), pd.Index([0.25, 0.5, 0.75]), ["steps", "round"]
    loops = table[table["runner"] == BASELINE].set_index(each)["seconds"]
    parts = []
    for way, own in _split_ways(table):
        costs = own.set_index(each)["cost"]
        gains = (loops / costs).dropna().groupby("steps").quantile(quarters).unstack()
        gains.columns = pd.Index(["speed_up_low", "speed_up", "speed_up_high"])
        part = gains.assign(seconds=costs.groupby("steps").median()).reset_index()
        parts.append(part.assign(**way._asdict(), task_seconds=part["steps"] / pace))
    return pd.concat(parts, ignore_index=True)


def fit_ways(table: pd.DataFrame) -> dict[Way, fits.Line]:
    """Fit a line to each way of running: seconds for all tasks, by the seconds of one task."""
    pace, tasks = measure_pace(table), int(table["tasks"].iloc[0])
    fitted = ((way, fits.fit_costs(own)) for way, own in list_costs(table).items())
    return {way: fits.Line(one.overhead * tasks / pace, one.slope * tasks) for way, one in fitted}


def _split_ways(table: pd.DataFrame) -> list[tuple[Way, pd.DataFrame]]:
    """Cut a table into one for each way; `cost` is the seconds that count for it."""
    parts = []
    for (runner, method), own in table.groupby(["runner", "start_method"], dropna=False):
        kept = own.assign(cost=own["seconds"])
        if runner != "processes":
            parts.append((Way(str(runner)), kept))
            continue
        cold = own.assign(cost=own["start_up_seconds"] + own["seconds"] + own["tear_down_seconds"])
        parts += [(Way(runner, str(method), COLD), cold), (Way(runner, str(method), KEPT), kept)]
    return parts


def list_costs(table: pd.DataFrame) -> dict[Way, Costs]:
    """List what each way cost for a task in each round, levelled, in steps of the plain loop."""
    least = float(table["seconds"].min())
    if least < _LEAST_SECONDS:
        raise ResultsError(f"the table has a run of {least:g} seconds, which none takes")
    unit = measure_pace(table) / int(table["tasks"].iloc[0])
    cells = {
        (way, float(str(steps))): [unit * cost for cost in rounds.sort_values("round")["cost"]]
        for way, own in _split_ways(table)
        for steps, rounds in own.groupby("steps")
    }
    costs: dict[Way, Costs] = {}
    for (way, steps), values in fits.level_rounds(cells).items():
        costs.setdefault(way, {})[steps] = values
    return costs


def summarise_break_even(table: pd.DataFrame) -> pd.DataFrame:
    """Find the length of a task, by the plain loop's pace, at which processes and a rival meet."""
    costs, pace = list_costs(table), measure_pace(table)
    rows = []
    for way, rival in product(costs, _RIVALS):
        if way.runner != "processes" or Way(rival) not in costs:
            continue
        found, reason = fits.look_for_crossing(costs[Way(rival)], costs[way])
        steps = pd.Series(spread("crossing", found, "crossing_seconds"))
        rows.append(way._asdict() | {"rival": rival, **steps / pace, "reason": reason})
    if not rows:
        raise ResultsError("the table has no rounds of processes, which are to pay")
    return pd.DataFrame(rows).drop(columns="runner")


# the finding
def find_reservations(table: pd.DataFrame) -> list[str]:
    found = words.find_machine_reservations(table.iloc[0], int(table["tasks"].iloc[0]))
    return found + [f"{few}; {MORE_ROUNDS}" for few in words.find_round_reservations(table)]


def judge_break_even(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say how long a task must be for processes to pay, or why that is withheld."""
    lines = [f"No verdict: {reservation}." for reservation in find_reservations(table)]
    if not lines:
        for method, own in summary.groupby("start_method", sort=False):
            lines.append(f"By {method}:")
            lines += [f"  {_state_crossing(row)}" for row in list_rows(own)]
    return words.tell(table, lines)


def _state_crossing(row: Any) -> str:
    rival = _RIVALS[row.rival]
    if row.reason:
        pool = "A cold pool" if row.pool == COLD else "A pool kept open"
        return f"{pool} against {rival}: {row.reason}."
    length = words.state_range(row.crossing_seconds, row.crossing_low, row.crossing_high)
    if row.pool == COLD:
        return f"Against {rival}, a task shorter than {length} isn't worth a cold pool."
    return f"Against {rival}, a pool kept open pays from tasks of {length} on."


def _title(table: pd.DataFrame, crossings: pd.DataFrame) -> str:
    if reservations := find_reservations(table):
        return words.head(f"no verdict: {reservations[0].split(';')[0]}", table)
    loop, others = (crossings[crossings["rival"] == rival] for rival in _RIVALS)
    cold, kept = (_state_when(loop[loop["pool"] == pool]) for pool in (COLD, KEPT))
    told = [f"a cold pool pays {cold}"] if cold else []
    if kept:
        shortly = kept.replace("tasks of ", "")
        told.append(f"one kept open {shortly}" if cold else f"a pool kept open pays {kept}")
    if not told:
        reasons = set(loop["reason"])
        reason = f": {reasons.pop()}" if len(reasons) == 1 else " was found"
        return words.head(f"no break-even{reason}", table)
    if len(others) and (others["reason"] == fits.NEVER_PAYS).all():
        told.append("against threads at no length measured")
    return words.head("; ".join(told), table)


def _state_when(crossings: pd.DataFrame) -> str:
    if (crossings["reason"] == fits.ALWAYS_PAYS).all():
        return "at every length measured"
    found = list_rows(crossings[crossings["reason"] == ""].sort_values("crossing_seconds"))
    if not found:
        return ""
    least, most = found[0], found[-1]
    if len(crossings) == len(found) and most.crossing_seconds < _ALIKE * least.crossing_seconds:
        return f"from tasks of {words.state_seconds(most.crossing_seconds)}"
    ends = [f"{words.state_seconds(row.crossing_seconds)} ({row.start_method})" for row in found]
    return f"from tasks of {' to '.join(dict.fromkeys([ends[0], ends[-1]]))}"


# the chart
_LOOKS = {
    ("threads", ""): ("threads", style.get_look("threads")),
    ("processes", COLD): ("cold pool", style.Look(style.get_look("processes").colour, "s", "--")),
    ("processes", KEPT): ("pool kept open", style.get_look("processes")),
}


def draw_break_even(table: pd.DataFrame, summary: pd.DataFrame) -> style.Chart:
    """Draw the speed-up against the length of a task, a panel for each start method."""
    lengths, methods = sum_up(table), sorted(set(summary["start_method"]))
    width = max(9.5, 4.6 * len(methods))
    chart = style.make_chart(width, 5.6)
    panels = chart.subplots(1, len(methods), sharex=True, sharey=True, squeeze=False)[0]
    chart.subplots_adjust(
        left=1.1 / width, right=1 - 0.25 / width, top=0.8, bottom=0.19, wspace=0.08
    )  # fmt: skip
    told = summary[:0] if find_reservations(table) else summary
    found = told[(told["rival"] == BASELINE) & (told["reason"] == "")]
    furthest = float(found["crossing_seconds"].max())
    is_beyond = furthest > float(lengths["task_seconds"].max())
    for axes, method in zip(panels, methods, strict=True):
        _draw_panel(axes, method, lengths, found[found["start_method"] == method])
        if is_beyond:
            _continue_lines(axes, method, table, furthest)
    least, most = float(lengths["speed_up_low"].min()), float(lengths["speed_up_high"].max())
    panels[0].set_ylim(max(LEAST_SPEED_UP, least / 1.3), 2.2 * max(2.0, most))
    for axes, method in zip(panels, methods, strict=True):
        _finish_panel(axes, method, found[found["start_method"] == method])
    panels[0].set_ylabel("speed-up over the plain loop (×)", size=13, color=style.INK)
    chart.legend(
        *panels[0].get_legend_handles_labels(), loc="upper left", ncols=4, frameon=False,
        fontsize=13, bbox_to_anchor=(0.03, 0.935), handlelength=2.6, columnspacing=1.6,
    )  # fmt: skip
    ends = sorted({lengths["task_seconds"].min(), lengths["task_seconds"].max()})
    each = " to ".join(map(words.state_seconds, ends))
    what = f"{words.count_in_run(table, 'task')} at once, of {each} each"
    what += f" (speed-ups from {LEAST_SPEED_UP:g} ×)" * (least < LEAST_SPEED_UP)
    what += "; dotted: as fitted" * is_beyond
    conditions = words.describe_rounds(table, what)
    return finish(chart, _title(table, summary), conditions, _tell(told, lengths))


def _draw_panel(axes: Axes, method: str, lengths: pd.DataFrame, found: pd.DataFrame) -> None:
    axes.loglog()
    loop = style.get_look(BASELINE).colour
    axes.axhline(1, color=loop, linewidth=2, label="plain loop", zorder=1)
    for (runner, pool), (label, look) in _LOOKS.items():
        is_shown = lengths["start_method"].isin([method, ""])
        rows = lengths[is_shown & (lengths["runner"] == runner) & (lengths["pool"] == pool)]
        if rows.empty:
            continue
        x = rows["task_seconds"].astype(float)
        ends = rows["speed_up_low"], rows["speed_up_high"]
        axes.fill_between(x, *ends, color=look.colour, alpha=0.15, linewidth=0)
        axes.plot(
            x, rows["speed_up"], color=look.colour, marker=look.marker,
            markersize=7, linewidth=2, linestyle=look.line, label=label,
            markerfacecolor=style.PAPER if look.line == "--" else look.colour,
        )  # fmt: skip
    for row in list_rows(found):
        faint: dict[str, Any] = {"color": style.SOFT_INK, "zorder": 0.5}
        axes.axvline(row.crossing_seconds, linewidth=1.3, linestyle=DASHES, **faint)
        axes.axvspan(row.crossing_low, row.crossing_high, alpha=0.13, linewidth=0, **faint)


def _finish_panel(axes: Axes, method: str, found: pd.DataFrame) -> None:
    """Name a panel's axes, and label the crossings at the top, a row a pool."""
    axes.set_title(f"by {method}", loc="left", size=14, color=style.INK, weight="bold", pad=8)
    axes.set_xlabel("length of one task", size=12, color=style.INK)
    style.label_decades(axes.xaxis, words.state_seconds)
    style.label_in_full(axes.yaxis, _SPEED_UPS, "{:g}".format)
    style.clean_axes(axes, "y")
    axes.tick_params(labelsize=11)
    low, high = axes.get_xlim()
    for row in list_rows(found):
        length = row.crossing_seconds
        is_left = length**2 < low * high
        away = 4 if is_left else -4, -4 if row.pool == COLD else -22
        write(
            axes, words.state_seconds(length), (length, 1), away, style.INK, 12,
            xycoords=("data", "axes fraction"), va="top",
            ha="left" if is_left else "right",
            bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.5, "alpha": 0.85},
        )  # fmt: skip


def _continue_lines(axes: Axes, method: str, table: pd.DataFrame, furthest: float) -> None:
    """Carry the fitted lines on to where a pool begins to pay, beyond what was measured."""
    lines, longest = fit_ways(table), float(table["steps"].max()) / measure_pace(table)
    lengths = np.geomspace(longest, 1.5 * furthest, 30)
    loop = [lines[Way(BASELINE)].at(length) for length in lengths]
    for pool in (COLD, KEPT):
        costs = [lines[Way("processes", method, pool)].at(length) for length in lengths]
        axes.plot(
            lengths, np.divide(loop, costs), linewidth=1.2, linestyle=":",
            color=_LOOKS["processes", pool][1].colour, zorder=1,
        )  # fmt: skip


def _tell(crossings: pd.DataFrame, lengths: pd.DataFrame) -> str:
    told = []
    for row in list_rows(crossings):
        low, high = 1000 * row.crossing_low, 1000 * row.crossing_high
        length = f"{1000 * row.crossing_seconds:.2f} ms ({low:.2f} to {high:.2f})"
        length = row.reason or length
        told.append(f"{row.start_method}, {row.pool}, against {_RIVALS[row.rival]}: {length}")
    pays = f"From which length of task processes pay: {'; '.join(told)}. " if told else ""
    times = []
    for row in list_rows(lengths[lengths["steps"] == lengths["steps"].max()]):
        by = f" by {row.start_method}" if row.start_method else ""
        name = _LOOKS[row.runner, row.pool][0] if row.runner != BASELINE else "plain loop"
        times.append(f"{name}{by} {row.seconds:.4f} s")
    return f"{pays}The longest tasks took: {'; '.join(times)}."
