"""A class of 1,000 files, gathered, judged and drawn in an interpreter of its own."""

import tempfile
from functools import partial
from pathlib import Path

from gil_demo.classroom.invention import make_class
from gil_demo.measuring.estimates import estimate_median
from gil_demo.recorded import load_recorded
from gil_demo.tables.files import save
from tests.benchmarks.interpreters import run_script
from tests.benchmarks.reports import MEDIAN_HEADINGS, Benchmark, Report, make_row
from tests.benchmarks.rounds import take_rounds

FILES = 1_000
MACHINES = 40
NOTES = [
    "Each round starts an interpreter, whose start and imports count. Every second file is a",
    "recorded run of 38 rounds, the others are made up and have 12. The processor's own seconds",
    "are what it would take on a machine with nothing else to do.",
]


def measure(rounds: int) -> Report:
    """Hold the time and the memory against what they may be."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        make_class(folder / "few", MACHINES)
        files = sorted((folder / "few").glob("*[a-z2].csv"))
        recorded = save(load_recorded("threads-versus-processes"), folder / "recorded.csv")
        _multiply([file for one in files for file in (one, recorded)], folder / "class")
        figures = take_rounds(
            "classroom", {"ours": partial(_gather, folder / "class")}, rounds, warm_ups=0
        )["ours"]
    seconds, own, megabytes = (estimate_median([one[n] for one in figures]) for n in range(3))
    rows = [
        make_row("1,000 files: seconds", seconds, below=5, decimals=2),
        make_row("1,000 files: seconds of the processor", own, below=5, decimals=2),
        make_row("1,000 files: megabytes", megabytes, below=500, decimals=0),
    ]
    title = "classroom: files gathered, judged and drawn as four charts"
    return Report(title, MEDIAN_HEADINGS, rows, NOTES)


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


def _gather(folder: Path) -> list[float]:
    return run_script("classroom_ours.py", str(folder), FILES)


BENCHMARK = Benchmark(measure, rounds=5)
