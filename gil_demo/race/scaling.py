"""Ask what ever more workers do."""

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.ticker import MaxNLocator

from gil_demo.checks import check_unlike, check_workers, state_count
from gil_demo.drawing import parts
from gil_demo.drawing.style import SOFT_INK, Chart, get_look
from gil_demo.measuring.runs import BASELINE, Work, check_runners, measure
from gil_demo.race import comparison
from gil_demo.race.amdahl import judge_fits
from gil_demo.running.workloads import countdown
from gil_demo.tables.schema import list_rows


def scale(
    workers: Sequence[int] = (1, 2, 4),
    *,
    runners: Sequence[str] = ("threads", "processes"),
    budget: float | None = None,
) -> pd.DataFrame:
    """Run the same countdown with more and more workers.

    Args:
        workers: how many threads or processes, each number once.
        runners: which ways, by name; the sequential run is always measured.
        budget: as for `compare`.

    Returns:
        The tidy table, as for `compare`.

    Raises:
        TypeError: an argument is of the wrong type.
        ValueError: an argument is not allowed; nothing has been started.
        RunnerUnavailable: this machine lacks one of the runners; nothing has been started.
        GilDemoError: the run failed.
    """
    names = check_runners(runners)
    numbers = check_unlike("workers", workers, lambda _, number: check_workers(number))
    variants = {(BASELINE, 1): max(numbers)} | {
        (name, number): number for name in names if name != BASELINE for number in numbers
    }
    return measure("scale", Work("countdown", countdown, None), variants, budget=budget)


def judge_scaling(table: pd.DataFrame, summary: pd.DataFrame) -> str:
    """Say what ever more workers did, how much of the work they shared out, and on which cores."""
    return "\n".join([comparison.judge_speed(table, summary), *judge_fits(table)])


def draw_scaling(table: pd.DataFrame, summary: pd.DataFrame) -> Chart:
    """Draw the speed-up against the number of workers, beside the ideal and the plain loop."""
    chart, axes = parts.make_plot(10, 5.8, left=0.075, right=0.84, above=0.696, below=1.044)
    contenders = summary[summary["runner"] != BASELINE]
    numbers = sorted(set(contenders["workers"].astype(int)))
    most, cores = max([1, *numbers]), int(table["usable_cores"].iloc[0])
    ideal = float(min(most, cores))
    labels = [(1.0, "plain loop", SOFT_INK), (ideal, "ideal", SOFT_INK)]
    for runner, rows in contenders.groupby("runner", sort=False):
        look = get_look(str(runner))
        parts.draw_medians(
            axes, rows["workers"].astype(int), rows, "speed_up", look, linestyle=look.line
        )
        labels.append((float(rows["speed_up"].iloc[-1]), str(runner), look.colour))
    axes.axhline(1, color=SOFT_INK, linewidth=1.2, zorder=0.5)
    parts.draw_ideal(axes, [1, ideal, most], [1, ideal, ideal])
    if cores <= most:
        axes.axvline(cores, color=SOFT_INK, linewidth=1, linestyle=":")
        name, side = state_count(cores, "usable core"), "right" if cores > 0.7 * most else "center"
        parts.write(axes, name, (cores, 1), (0, 4), xycoords=("data", "axes fraction"), ha=side)
    axes.set_ylim(0, max(axes.get_ylim()[1], ideal * 1.05))
    parts.label_ends(axes, labels, apart=0.055, top=math.inf, away=10)
    axes.set_xticks(numbers)
    parts.name_axes(axes, "workers (threads or processes)", "speed-up over the plain loop (×)")
    axes.yaxis.set_major_locator(MaxNLocator(6))
    told = list_rows(contenders)
    widest = [row for row in told if row.workers == most]
    title = comparison.title_workers(table, widest)
    speed_ups = comparison.describe_speed_ups(told)
    return parts.finish(chart, title, comparison.describe_run(table), speed_ups)
