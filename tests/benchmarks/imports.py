"""What `import gil_demo` costs, and what a worker process has loaded."""

import tempfile
import time
from functools import partial
from pathlib import Path

from gil_demo.measuring.estimates import Estimate, estimate_median
from tests.benchmarks.interpreters import run_python, run_script
from tests.benchmarks.reports import MEDIAN_HEADINGS, Benchmark, Report, Row, make_row
from tests.benchmarks.rounds import take_rounds

FORBIDDEN = ("pandas", "numpy", "matplotlib", "IPython")
MOST_MILLISECONDS = 15
STATEMENTS = {"bare": "pass", "ours": "import gil_demo"}


def measure(rounds: int) -> Report:
    """Time the import in fresh interpreters and look into spawned workers."""
    seconds = take_rounds(
        "import", {name: partial(time_statement, text) for name, text in STATEMENTS.items()}, rounds
    )
    pairs = zip(seconds["ours"], seconds["bare"], strict=True)
    return Report(
        'import: python -c "import gil_demo" against python -c pass',
        MEDIAN_HEADINGS,
        [
            make_row(
                "milliseconds more",
                estimate_median([(ours - bare) * 1000 for ours, bare in pairs]),
                at_most=MOST_MILLISECONDS,
                decimals=1,
            ),
            _count_forbidden(),
        ],
        ["The workers are two spawned ones of a program that has loaded pandas and matplotlib."],
    )


def time_statement(statement: str) -> float:
    """Return how long an interpreter takes from its start to its end for one statement."""
    began = time.perf_counter()
    run_python("-c", statement)
    return time.perf_counter() - began


def list_worker_modules() -> set[str]:
    """Return the names of the modules that spawned workers have loaded between them."""
    with tempfile.TemporaryDirectory() as folder:
        run_script("import_worker_modules.py", folder)
        return {name for path in Path(folder).iterdir() for name in path.read_text("utf-8").split()}


def _count_forbidden() -> Row:
    modules = list_worker_modules()
    found = [name for name in FORBIDDEN if name in modules]
    label = f"forbidden modules in a worker {', '.join(found)}".rstrip()
    return make_row(label, Estimate(len(found), len(found), len(found), 1), at_most=0, decimals=0)


BENCHMARK = Benchmark(measure, rounds=100)
