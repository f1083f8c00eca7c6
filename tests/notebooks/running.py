import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient

CELL_SECONDS = 180
# every measurement asks how long it may take, and is told 0.3 s at most: what is tested is
# that the notebooks run, not what they measure. So none looks at the machine for half a second,
# or warms up, and workers are weighed once, beside a small list. What is measured is imported
# last, since it takes the look at the machine by its name
SHORTEN = """
from gil_demo.measuring import machine, rounds
machine.measure_busy_percent = lambda: 1.0
rounds.check_budget = lambda budget, check=rounds.check_budget: min(check(budget), 0.3)
rounds.take_samples.__kwdefaults__["is_warm"] = True
from gil_demo.costs import memory
memory.LEAST_ROUNDS, memory.TABLE_BYTES = 1, 4_000_000
"""


def shorten(home: Path) -> dict[str, str]:
    """Return the environment in which every kernel shortens its measurements when it starts."""
    startup = home / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "shorten.py").write_text(SHORTEN, encoding="utf-8")
    return {"IPYTHONDIR": str(home)}


def run_in_place(paths: Sequence[Path], **environment: str) -> None:
    """Run notebooks, each in a kernel of its own, and write all that they answer into them."""
    command = [sys.executable, __file__, *map(str, paths)]
    subprocess.run(command, env=os.environ | environment, check=True)


def run(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=CELL_SECONDS, allow_errors=True, resources=place)
    client.execute(stderr=subprocess.DEVNULL)  # workers that fail on purpose write there
    nbformat.write(notebook, path)


if __name__ == "__main__":
    with ThreadPoolExecutor(3) as executor:  # much of their time is spent waiting
        list(executor.map(run, map(Path, sys.argv[1:])))
