"""How true and how quick the topics' measurements and charts are."""

import random
import tempfile
from functools import partial
from pathlib import Path

import pandas as pd

import gil_demo
from gil_demo.drawing.style import draw_png
from gil_demo.measuring.estimates import estimate_median
from gil_demo.measuring.rounds import estimate_ratio
from gil_demo.pythons.search import find_pythons
from gil_demo.pythons.table import MEASURED
from tests.benchmarks.harness import Report, clock, make_row, run_script, take_rounds

TURNS = 16
SLICES = 100_000
FILES = 1_000


def timeline(rounds: int) -> Report:
    """Hold turns against the interval, and the countdown with ticks against that without."""
    pace = 2_000_000 / clock(partial(gil_demo.countdown, 2_000_000))
    variants = {
        f"{interval * 1000:g} ms": partial(_trace, interval, int(pace * interval * TURNS))
        for interval in (0.005, 0.020, 0.050)
    }
    rows = []
    for label, answers in take_rounds("timeline", variants, rounds).items():
        off, together = (estimate_median([*figures]) for figures in zip(*answers, strict=True))
        rows.append(make_row(f"turn / interval, off by, {label}", off, "<= 0.25"))
        rows.append(make_row(f"share of the time together, {label}", together, "< 0.01"))
    ticks = {"without": gil_demo.countdown, "with": gil_demo.trace_countdown}
    costs = take_rounds(
        "ticks",
        {name: partial(clock, partial(count, 5_000_000)) for name, count in ticks.items()},
        rounds,
    )
    speed = estimate_ratio(costs["without"], costs["with"])
    rows.append(make_row("speed with ticks / without", speed, ">= 0.9"))
    drawn = take_rounds("drawing", {"draw": _time_drawing}, max(2, rounds // 3))
    seconds = estimate_median(drawn["draw"])
    rows.append(make_row(f"seconds to draw {SLICES:,} slices", seconds, "< 2"))
    note = f"Two threads, one run a round of about {TURNS} turns. Without a GIL they run together."
    return Report("timeline: turns, what watching costs, drawing", rows, [note])


def _trace(interval: float, count: int) -> tuple[float, float]:
    """Return how far the median turn is off the interval, and the share of the time together."""
    traced = gil_demo.trace(["threads"], count=count, switch_interval=interval)
    row = gil_demo.summarise(traced).iloc[0]
    return abs(float(row["turn_seconds"]) / interval - 1), float(row["together"])


def _time_drawing() -> float:
    """Return the seconds from a long table, of turns of about 5 ms, to a finished PNG."""
    first = gil_demo.trace(["threads"], count=1_000_000).iloc[[0]]
    table = pd.concat([first] * SLICES, ignore_index=True)
    lengths = pd.Series([0.005 * random.uniform(0.9, 1.1) for _ in range(SLICES)])
    table["end_seconds"] = lengths.cumsum()
    table["start_seconds"] = table["end_seconds"] - lengths
    table["worker"] = pd.Series([1, 2] * (SLICES // 2), dtype="Int64")
    return clock(lambda: draw_png(gil_demo.draw(table)))


def waiting(rounds: int) -> Report:
    """Hold requests beside a thread and a process against those alone, two threads against one."""
    table = gil_demo.serve(budget=rounds + 2.0)
    rates = table.assign(rate=table["requests"] / table["seconds"]).pivot_table(
        index="round", columns="beside", values="rate"
    )
    # how many times as long a request took beside a neighbour
    beside_thread = estimate_median(list(rates["nothing"] / rates["thread"]))
    beside_process = estimate_median(list(rates["process"] / rates["nothing"]))
    sizes = {"hash_bytes": 64 * 1024, "sort_numbers": 400_000}
    speed_ups = take_rounds(
        "waiting",
        {name: partial(run_script, "waiting_threads.py", name, n) for name, n in sizes.items()},
        rounds,
    )
    hashing, sorting = (estimate_median([one for (one,) in own]) for own in speed_ups.values())
    return Report(
        "waiting: the convoy effect, and C code with and without the GIL",
        [
            make_row("requests a second alone / beside a thread", beside_thread, ">= 50"),
            make_row("beside a process / alone", beside_process, ">= 0.333"),
            make_row("two threads' speed-up, hashing 2 × 64 MiB", hashing, ">= 1.6"),
            make_row("two threads' speed-up, one long sort each", sorting, "< 1.2"),
        ],
        [
            "The server's ratios are taken round by round; the hashes and sorts run in an "
            "interpreter of their own a round, both ways in turn. Two free cores are needed."
        ],
    )


def pythons(rounds: int) -> Report:
    """Hold two threads against one under every Python of this computer."""
    ready = sum(not python.state for python in find_pythons())
    table = gil_demo.compare_interpreters(budget=ready * rounds * 0.17)
    rows = []
    notes = [
        "Ratios are taken round by round inside each interpreter. The old lock's fight and the "
        "threads without a lock need two free cores."
    ]
    for name, own in table.groupby("interpreter", sort=False):
        version, gil, state = own[["version", "gil", "state"]].iloc[0]
        if state != MEASURED:
            notes.append(f"{name}: {state}.")
            continue
        target = ">= 1.3" if version.startswith("2.7") else "<= 0.7" if gil == "off" else ""
        times = own.pivot_table(index="round", columns="runner", values="seconds")
        ratio = estimate_median(list(times["threads"] / times["sequential"]))
        rows.append(make_row(str(name), ratio, target))
    return Report("pythons: two threads over one, one countdown split between them", rows, notes)


def classroom(rounds: int) -> Report:
    """Gather, judge and draw a class of 1,000 files in an interpreter of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        gil_demo.make_class(folder / "few", 40)
        files = sorted((folder / "few").glob("*[a-z2].csv"))
        run = gil_demo.load_recorded("threads-versus-processes")
        recorded = gil_demo.save(run, folder / "recorded.csv")
        _multiply([file for one in files for file in (one, recorded)], folder / "class")
        gather = partial(run_script, "classroom_ours.py", folder / "class", FILES)
        figures = take_rounds("classroom", {"ours": gather}, rounds, warm_ups=0)["ours"]
    seconds, own, megabytes = (estimate_median([*each]) for each in zip(*figures, strict=True))
    return Report(
        "classroom: files gathered, judged and drawn as four charts",
        [
            make_row("1,000 files: seconds", seconds, "< 5", decimals=2),
            make_row("1,000 files: seconds of the processor", own, "< 5", decimals=2),
            make_row("1,000 files: megabytes at the end", megabytes, "< 500", decimals=0),
        ],
        [
            "Each round starts an interpreter, whose start and imports count. Every second file is "
            "a recorded run of 38 rounds, the others are made up and have 12."
        ],
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
