"""Sketches, before anything is measured: who holds which lock when."""

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from gil_demo.checks import check_choice
from gil_demo.drawing.parts import finish, make_plot, write
from gil_demo.drawing.style import INK, PAPER, SOFT_INK, Chart, get_look, settings_of_our_own

_INTERVALS = 6  # how many switch intervals a sketch shows
_TITLES = {
    "threads": "Two threads, one lock: whoever holds it runs, the other waits",
    "processes": "Two processes, a lock each: both run, and nobody has to ask",
}
_TOLD = {
    "threads": "One process holds one Python with one lock. Thread 1 holds the lock and runs "
    "while thread 2 waits. After one switch interval thread 2 asks for the lock, thread 1 lets go "
    "between two steps, and thread 2 runs while thread 1 waits; and so on, in turn.",
    "processes": "Each of two processes holds a Python of its own with a lock of its own. The one "
    "thread in each holds its lock all the time, so both run at the same time.",
}


@settings_of_our_own()
def sketch(runner: str) -> Chart:
    """Sketch which worker holds which lock when, in a Python with the GIL; nothing is measured.

    Args:
        runner: "threads" or "processes", two workers of them.

    Returns:
        A chart that says that it is a sketch.

    Raises:
        TypeError: runner is no text.
        ValueError: runner is neither of the two.
    """
    check_choice("runner", runner, [*_TITLES])
    chart, axes = make_plot(11, 3.9, left=0.13, right=0.975, above=0.6, below=0.55)
    axes.set_axis_off()
    axes.set_xlim(-0.1, _INTERVALS + 0.1)
    axes.set_ylim(5.1, -0.7)
    conditions = "A sketch, not measured: a Python with the GIL, two free cores; time runs right"
    if runner == "threads":
        _draw_threads(axes)
        conditions += ", from one switch interval to the next"
    else:
        for number, top in enumerate((-0.6, 2.4), 1):
            _frame(axes, top, 2.6, f"process {number}: a Python of its own, with a lock of its own")
            _draw_lane(axes, top + 1.05, "its thread", ["runs"], runner)
            _draw_lane(axes, top + 2.1, "its lock", ["held by its thread"])
    return finish(chart, _TITLES[runner], conditions, _TOLD[runner])


def _draw_threads(axes: Axes) -> None:
    _frame(axes, -0.6, 5.5, "one process: one Python, one lock")
    _draw_lane(axes, 0.5, "thread 1", ["runs", "waits"] * 3, "threads")
    _draw_lane(axes, 1.9, "thread 2", ["waits", "runs"] * 3, "threads")
    _draw_lane(axes, 3.5, "the lock", ["held by 1", "held by 2"] * 3)
    for moment in range(1, _INTERVALS):
        axes.plot([moment, moment], [0.05, 4.0], color=INK, linewidth=1, linestyle=":")
    told = "thread 2 has waited one interval and asks; thread 1 lets go"
    write(axes, told, (1, 4.4), (0, 0), INK, 11.5, va="center", ha="left")


def _frame(axes: Axes, top: float, height: float, name: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (-0.06, top), _INTERVALS + 0.12, height, boxstyle="round,pad=0,rounding_size=0.1",
            facecolor="none", edgecolor=SOFT_INK, linewidth=1.4,
        )
    )  # fmt: skip
    write(axes, name, (0, top), (2, -4), SOFT_INK, 11.5, va="top")


def _draw_lane(
    axes: Axes, place: float, name: str, parts: list[str], runner: str | None = None
) -> None:
    """Draw a lane of parts of one length; a runner's colour is where it runs."""
    length = _INTERVALS / len(parts)
    for number, part in enumerate(parts):
        is_running = runner is not None and part == "runs"
        axes.barh(
            place, length, 0.9 if runner else 0.6, number * length, edgecolor=SOFT_INK,
            facecolor=get_look(runner or "").colour if is_running else PAPER,
            hatch="///" if part == "waits" else "", linewidth=0.6,
        )  # fmt: skip
        axes.text(
            (number + 0.5) * length, place, part, size=12.5, ha="center", va="center",
            color=PAPER if is_running else INK,
            bbox=None if is_running else {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip
    axes.text(-0.16, place, name, size=13, color=INK, ha="right", va="center")
