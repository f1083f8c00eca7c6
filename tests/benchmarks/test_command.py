import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["classroom", "guard", "import", "start_up"])
def test_a_benchmark_prints_its_ratios_and_their_targets(name: str) -> None:
    command = [sys.executable, "-m", "tests.benchmarks", name, "--rounds", "2"]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert "target" in ended.stdout
    assert "busy before" in ended.stdout
