import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    command, folder = [sys.executable, "-m", "tests.benchmarks", *words], Path(__file__).parents[2]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("name", ["classroom", "guard", "import", "slices", "start_up"])
def test_a_benchmark_prints_its_ratios_and_their_targets(name: str) -> None:
    ended = run(name, "--rounds", "2")
    assert ended.returncode == 0, ended.stderr
    assert "target" in ended.stdout
    assert "busy before" in ended.stdout


def test_wrong_words_are_refused_with_status_2() -> None:
    assert run("speed").returncode == run("import", "--rounds", "1").returncode == 2
