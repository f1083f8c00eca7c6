"""What pools and topics cost, how quick they are, and how true their measurements."""

import math
import multiprocessing
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import gil_demo
from gil_demo.measuring.estimates import estimate_ratio
from gil_demo.measuring.runs import SLICE_SECONDS, time_tasks
from gil_demo.pythons.measure import MEASURED
from gil_demo.running.pools import list_start_methods, processes
from gil_demo.running.pythons import find_pythons
from gil_demo.running.runners import ENGINES, find_missing, sequential
from gil_demo.running.spans import Run
from gil_demo.running.workloads import (
    compute_default_chunksize,
    countdown,
    measure_steps_per_second,
)
from tests.benchmarks.harness import (
    Report,
    Row,
    clock,
    divide,
    hear,
    hold_against,
    make_row,
    run_afresh,
    run_script,
    started,
    take_rounds,
    tell,
)

WORKERS = 2
LIMIT_STEPS = 5_000_000
POOLS = ["ours", "bare Pool"]
STARTS = 3
SLICES, LONG_SLICES = 40, 12
FILES = 1_000


def measure_limit(rounds: int = 70) -> Report:
    """Hold the work of `processes` against two interpreters that do the same by themselves."""
    ours = partial(run_script, "limit.py", WORKERS, LIMIT_STEPS)
    variants = {method: partial(ours, method) for method in list_start_methods()}
    figures = take_rounds("limit", {"limit": _time_limit, **variants}, rounds)
    (alone,) = figures.pop("limit")
    return Report(
        f"limit: work of `processes`, {WORKERS} × {LIMIT_STEPS:,} steps, against {WORKERS} "
        "independent interpreters",
        [
            make_row(f"limit / ours, {name}", divide(alone, own), ">= 0.97")
            for name, (own,) in figures.items()
        ],
        "1 means as fast as two interpreters that know nothing of each other. Start-up is not "
        "counted on either side; every round has fresh interpreters on both.",
    )


def _time_limit() -> list[float]:
    """Return how long interpreters that are up take from being told to the last one's answer."""
    with ExitStack() as stack:
        pair = [stack.enter_context(started("limit.py")) for _ in range(WORKERS)]
        for interpreter in pair:
            hear(interpreter)
        return _tell_each(pair, LIMIT_STEPS)


def measure_guard(rounds: int = 60) -> Report:
    """Hold many tiny tasks, and short ones, through `processes` against `Pool.map`.

    Each timing has a pool of its own: two of them differ by up to a tenth for as long as they live.
    """
    tiny, short, rows = [100] * 100_000, [40_000] * 200, []
    usual = compute_default_chunksize(len(tiny), WORKERS)
    for tasks, chunksize, target in (
        *((tiny, size, "<= 1.1") for size in (usual, 1_000, 100)),
        *((short, size, "<= 1.03") for size in (1, 5, 25)),
    ):
        ways = {way.__name__: partial(way, tasks, chunksize) for way in (_time_bare, _time_ours)}
        (bare,), (ours,) = take_rounds("guard", ways, rounds).values()
        name = f"{len(tasks):,} of {tasks[0]:,} steps, chunks of {chunksize:,}"
        rows.append(make_row(name, divide(ours, bare), target))
    return Report(f"guard: tasks by {WORKERS} workers, both already started; ours / Pool.map", rows)


def _time_bare(tasks: list[int], chunksize: int) -> list[float]:
    with multiprocessing.Pool(WORKERS) as pool:
        pool.map(countdown, [1] * WORKERS)
        return clock(lambda: pool.map(countdown, tasks, chunksize))


def _time_ours(tasks: list[int], chunksize: int) -> list[float]:
    with processes(WORKERS, chunksize=chunksize) as run:
        run(countdown, [1] * WORKERS)
        return clock(lambda: run(countdown, tasks))


def measure_start_up(rounds: int = 16) -> Report:
    """Hold cold start, tasks of nothing and tear-down of `processes` against a bare Pool's."""
    rows = []
    groups = {method: partial(_start_in_turns, method) for method in list_start_methods()}
    for method, figures in take_rounds("start_up", groups, rounds, warm_ups=0).items():
        both = figures[::2], figures[1::2]
        medians = [f"{1000 * statistics.median(chain(*own)):.1f}" for own in both]
        ratios = map(statistics.median, zip(*map(divide, *both), strict=True))
        most = "<= 1.12" if method == "fork" else "<= 1.05"
        rows.append(make_row(f"{method}: {' / '.join(medians)} ms", ratios, most))
    return Report(
        "start_up: cold start, a task of nothing for each of 2 workers, tear-down; ours / Pool",
        rows,
        "Both wait until both workers are ready. Each round starts both scripts afresh and has "
        "them start their pools in turn; a script's first start, which also starts helper "
        "processes of multiprocessing and loads modules, is not counted.",
    )


def _start_in_turns(method: str) -> list[float]:
    """Start scripts and let them time their pools in turn; return the seconds, turn by turn."""
    seconds = []
    with ExitStack() as stack:
        pools = {name: stack.enter_context(started("start_up.py", name, method)) for name in POOLS}
        for _ in range(STARTS + 1):
            turn = {}
            for name in random.sample(POOLS, len(POOLS)):
                tell(pools[name], "once")
                turn[name] = float(hear(pools[name]))
            seconds += [turn[name] for name in POOLS]
    return seconds[len(POOLS) :]


def measure_import(rounds: int = 100) -> Report:
    """Time `import gil_demo` in fresh interpreters."""
    variants = {
        text: partial(clock, partial(subprocess.run, [sys.executable, "-c", text], check=True))
        for text in ("pass", "import gil_demo")
    }
    (bare,), (ours,) = take_rounds("import", variants, rounds).values()
    more = [1000 * (b - a) for a, b in zip(bare, ours, strict=True)]
    row = make_row("milliseconds more", more, "<= 15", decimals=1)
    return Report('import: python -c "import gil_demo" against python -c pass', [row])


def measure_spread(rounds: int = 20) -> Report:
    """Ask `compare`, one naive timing and pyperf for the same speed-up, again and again."""
    ways = ["ours", "naive", *["pyperf"] * (find_spec("pyperf") is not None)]
    taken = take_rounds(
        "spread", {way: partial(run_script, "spread.py", way) for way in ways}, rounds, warm_ups=0
    )
    processes, threads = taken["ours"][:3], taken["ours"][3:]
    others = {way: taken[way][0] for way in ways[1:]}
    least = min(statistics.stdev(values) for values in others.values())
    rows = [
        _make_spread("compare, two processes", processes[0], f"<= {min(0.07, least):.3f}"),
        _make_spread("compare, two threads", threads[0], "<= 0.035"),
        *(_make_spread(f"{way}, two processes", values) for way, values in others.items()),
        *_make_interval("processes", *processes),
        *_make_interval("threads", *threads),
    ]
    return Report(
        "spread: how far the speed-ups of 8 s each differ from run to run",
        rows,
        "Each run is an interpreter of its own; all ways get about the same seconds."
        + "\nLeft out: pyperf is not installed." * ("pyperf" not in ways),
        ("figure", "all within", "runs"),
    )


def _make_spread(name: str, values: Sequence[float], target: str = "") -> Row:
    ends, deviation = f"{min(values):.2f} to {max(values):.2f}", statistics.stdev(values)
    name = f"{name} (median {statistics.median(values):.2f})"
    return name, f"{deviation:.3f}", ends, str(len(values)), *hold_against(target, deviation)


def _make_interval(
    name: str, values: Sequence[float], lows: Sequence[float], highs: Sequence[float]
) -> list[Row]:
    """Tell how wide intervals are to either side, and how many hold the centre of all runs."""
    ends = [*zip(lows, highs, strict=True)]
    widths = [(high - low) / (high + low) for low, high in ends]
    width, centre = statistics.fmean(widths), estimate_ratio(values).centre
    held = sum(low <= centre <= high for low, high in ends)
    aim = f">= {math.floor(0.9 * len(values))}"
    runs, within = str(len(values)), f"{min(widths):.3f} to {max(widths):.3f}"
    return [
        (f"{name}: mean half width", f"{width:.3f}", within, runs, *hold_against("<= 0.08", width)),
        (f"{name}: intervals with the centre", str(held), "", runs, *hold_against(aim, held)),
    ]


def measure_slices(rounds: int = 12) -> Report:
    """Hold short slices of work in a pool kept open against two interpreters told the same.

    And what they make of a countdown against what comes of one that is four times as long.

    Each round is a program of its own: where its memory lies makes it a few per cent quicker or
    slower for as long as it lives, and a forked worker's lies where its parent's does.
    """
    parts = partial(run_afresh, _compare_slices)
    (*ratios,) = take_rounds("slices", {"parts": parts}, rounds, warm_ups=0)["parts"]
    return Report(
        f"slices: {WORKERS} × {1000 * SLICE_SECONDS:g} ms, pool kept open, against {WORKERS} "
        "interpreters",
        [
            *(
                make_row(f"limit / ours, {name}", own, ">= 0.98")
                for name, own in zip(list_start_methods(), ratios[:-1], strict=True)
            ),
            make_row("speed-up, these / four times as long", ratios[-1], ">= 0.97"),
        ],
        "These are the runs of `compare`, timed alike. 1 means as fast as interpreters that know "
        f"nothing of each other. A round is a fresh program's median of {SLICES}.",
    )


def _compare_slices() -> list[float]:
    """Return the median of limit / ours, by start method, in this process, and of short / long."""
    steps = int(measure_steps_per_second() * SLICE_SECONDS)
    with ExitStack() as stack:
        pair = [stack.enter_context(started("limit.py")) for _ in range(WORKERS)]
        for interpreter in pair:
            hear(interpreter)
        ways: dict[str, Callable[[], Iterable[float]]] = {}
        ways["limit"] = partial(_tell_each, pair, steps)
        for method in list_start_methods():
            run = stack.enter_context(processes(WORKERS, method))
            ways[method] = partial(time_tasks, run, countdown, [steps] * WORKERS)
        taken = take_rounds("slices", ways, SLICES)
    (alone,) = taken.pop("limit")
    ratios = [statistics.median(divide(alone, own)) for (own,) in taken.values()]
    with processes(WORKERS) as run:
        lengths = {str(n): partial(_measure_speed_up, run, n) for n in (steps, 4 * steps)}
        (short,), (long,) = take_rounds("slices", lengths, LONG_SLICES).values()
    return [*ratios, statistics.median(divide(short, long))]


def _measure_speed_up(run: Run, steps: int) -> list[float]:
    with sequential() as loop:
        one, other = (time_tasks(way, countdown, [steps] * WORKERS).work for way in (loop, run))
    return [one / other]


def _tell_each(pair: Sequence["subprocess.Popen[str]"], steps: int) -> list[float]:
    """Return how long interpreters take from being told to the last one's answer."""
    began = time.perf_counter()
    for interpreter in pair:
        tell(interpreter, str(steps))
    for interpreter in pair:
        hear(interpreter)
    return [time.perf_counter() - began]


def measure_engines(rounds: int = 6) -> Report:
    """Hold tasks of nothing through gil_demo against the same tasks handed to the engine."""
    missing = {name: find_missing(name) for name in ENGINES}
    here = [name for name, reason in missing.items() if not reason]
    variants = {name: partial(run_script, "engine_ours.py", name, 300, 12) for name in here}
    figures = take_rounds("engines", variants, rounds, warm_ups=0)
    return Report(
        "engines: a task of nothing through gil_demo against the engine directly",
        [
            make_row(f"{name}: a task of nothing", own, "<= 1.05")
            for name, (own,) in figures.items()
        ],
        "Each round starts two workers of an engine, on this machine; tasks of one step go through "
        "gil_demo and directly to the same workers, in turn. A round's figure is a median."
        + "".join(f"\nLeft out: {name}: {reason}." for name, reason in missing.items() if reason),
    )


def measure_pythons(rounds: int = 24) -> Report:
    """Hold two threads against one under every Python of this computer."""
    ready = sum(not python.state for python in find_pythons())
    table = gil_demo.compare_interpreters(budget=ready * rounds * 0.4)
    rows = []
    notes = (
        "Ratios are taken round by round inside each interpreter. The old lock's fight and the "
        "threads without a lock need two free cores."
    )
    for name, own in table.groupby("interpreter", sort=False):
        version, gil, state = own[["version", "gil", "state"]].iloc[0]
        if state != MEASURED:
            notes += f"\n{name}: {state}."
            continue
        target = ">= 1.3" if version.startswith("2.7") else "<= 0.7" if gil == "off" else ""
        times = own.pivot_table(index="round", columns="runner", values="seconds")
        rows.append(make_row(str(name), times["threads"] / times["sequential"], target))
    return Report("pythons: two threads over one, one countdown split between them", rows, notes)


def measure_classroom(rounds: int = 5) -> Report:
    """Gather, judge and draw a class of 1,000 files in an interpreter of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        gil_demo.make_class(folder / "few", 40)
        files = sorted((folder / "few").glob("*[a-z2].csv"))
        run = gil_demo.load_recorded("threads-versus-processes")
        recorded = gil_demo.save(run, folder / "recorded.csv")
        _multiply([file for one in files for file in (one, recorded)], folder / "class")
        gather = partial(run_script, "classroom_ours.py", folder / "class", FILES)
        taken = take_rounds("classroom", {"ours": gather}, rounds, warm_ups=0)
    seconds, own, megabytes = taken["ours"]
    return Report(
        "classroom: files gathered, judged and drawn as four charts",
        [
            make_row("1,000 files: seconds", seconds, "< 5", decimals=2),
            make_row("1,000 files: seconds of the processor", own, "< 5", decimals=2),
            make_row("1,000 files: megabytes at the end", megabytes, "< 500", decimals=0),
        ],
        "Each round starts an interpreter, whose start and imports count. Every second file is "
        "a recorded run of 38 rounds, the others are made up and have 12.",
    )


def _multiply(files: list[Path], folder: Path) -> None:
    """Write 1,000 files that are unlike in their names and in the ids of their runs."""
    folder.mkdir()
    texts = [file.read_text(encoding="utf-8") for file in files]
    texts = [text for text in texts if text.endswith("\n")]  # one is cut short, on purpose
    for number in range(FILES):
        text = texts[number % len(texts)]
        run_id = text.splitlines()[1].split(",")[0]
        place = folder / f"machine{number:04}.csv"
        place.write_text(text.replace(run_id, f"run{number:04}"), encoding="utf-8")
