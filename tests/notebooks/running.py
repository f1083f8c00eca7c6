"""A notebook run from top to bottom in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

CELL_SECONDS = 180


def run_in_place(path: Path, **environment: str) -> None:
    """Run a notebook and write its answers into it; a cell that fails fails the test."""
    command = ["-m", "jupyter", "execute", "--inplace", f"--timeout={CELL_SECONDS}", str(path)]
    ended = subprocess.run(
        [sys.executable, *command],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
