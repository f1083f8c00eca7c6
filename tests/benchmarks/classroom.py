"""A class of 1,000 files, gathered, judged and drawn in an interpreter of its own."""

import tempfile
from pathlib import Path

from gil_demo.estimates import estimate_median
from gil_demo.inventions import make_class
from gil_demo.recorded import load_recorded
from gil_demo.storage import save
from tests.benchmarks.interpreters import run_script
from tests.benchmarks.reports import MEDIAN_HEADINGS, Benchmark, Report, make_row
from tests.benchmarks.rounds import take_rounds

FILES = 1_000
MACHINES = 40
NOTES = [
    "Each round starts an interpreter, whose start and imports count. The small files have 12",
    "rounds each and are made up; the large ones are a recorded run of 38 rounds. The processor's",
    "own seconds are what a machine with nothing else to do would take.",
]


def measure(rounds: int) -> Report:
    """Hold the time and the memory against what they may be."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        small, large = folder / "small", folder / "large"
        make_class(folder / "few", MACHINES)
        _multiply(sorted((folder / "few").glob("[a-z]*[a-z2].csv")), small)
        save(load_recorded("threads-versus-processes"), folder / "recorded.csv")
        _multiply([folder / "recorded.csv"], large)
        figures = take_rounds(
            "classroom",
            {name: lambda path=path: _gather(path) for name, path in
             (("small", small), ("large", large))},
            rounds, warm_ups=0,
        )  # fmt: skip
    rows = []
    for name, files in (("small", "1,000 files of 36 rows"), ("large", "1,000 files of 114 rows")):
        seconds, own, megabytes = (
            estimate_median([one[part] for one in figures[name]]) for part in range(3)
        )
        rows += [
            make_row(f"{files}: seconds", seconds, below=5, decimals=2),
            make_row(f"{files}: seconds of the processor", own, decimals=2),
            make_row(f"{files}: megabytes", megabytes, below=500, decimals=0),
        ]
    title = "classroom: files gathered, judged and drawn as four charts"
    return Report(title, MEDIAN_HEADINGS, rows, NOTES)


def _multiply(files: list[Path], folder: Path) -> None:
    """Write 1,000 files that are unlike in their names and in the ids of their runs."""
    folder.mkdir()
    texts = [file.read_text(encoding="utf-8") for file in files]
    texts = [text for text in texts if text.endswith("\n")]
    for number in range(FILES):
        text = texts[number % len(texts)]
        run_id = text.splitlines()[1].split(",")[0]
        place = folder / f"machine{number:04}.csv"
        place.write_text(text.replace(run_id, f"run{number:04}"), encoding="utf-8")


def _gather(folder: Path) -> list[float]:
    return run_script("classroom_ours.py", str(folder), FILES)


BENCHMARK = Benchmark(measure, rounds=5)
