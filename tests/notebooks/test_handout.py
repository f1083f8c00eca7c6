"""The notebooks that the teacher's page hands out: without solutions, and otherwise the same."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tests.notebooks.editions import FOLDER, NAMES, NOTEBOOKS, get_tags, read
from tests.notebooks.running import run_in_place

TEACHING = FOLDER.parent / ".book" / "teaching.md"
AT_ONCE = 3
# short budgets: what is tested is that the notebooks run, not what they measure
SET_UP = "import gil_demo.sampling\ngil_demo.sampling.DEFAULT_BUDGET_SECONDS = 1.0"

Executed = dict[str, "Future[NotebookNode]"]

each_name = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def handout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the one command of the teacher's page, for another folder."""
    folder = tmp_path_factory.mktemp("handout")
    (command,) = re.findall(
        r"^\.venv/bin/(jupyter nbconvert .*)$", TEACHING.read_text("utf-8"), re.M
    )
    words = ["-m", *shlex.split(command.replace("--output-dir handout", f"--output-dir {folder}"))]
    subprocess.run([sys.executable, *words], cwd=FOLDER.parent, check=True, capture_output=True)
    return folder


def is_solution(cell: NotebookNode) -> bool:
    return "solution" in get_tags(cell)


def test_every_notebook_is_handed_out_and_nothing_else(handout: Path) -> None:
    assert sorted(path.name for path in handout.iterdir()) == [path.name for path in NOTEBOOKS]


@each_name
def test_a_handed_out_notebook_holds_no_solution(handout: Path, name: str) -> None:
    solutions = [cell.source for cell in read(FOLDER / f"{name}.ipynb").cells if is_solution(cell)]
    handed_out = read(handout / f"{name}.ipynb").cells
    text = "\n".join(cell.source for cell in handed_out)
    assert solutions
    assert not any(solution in text for solution in solutions)
    assert not any(max(solution.splitlines(), key=len) in text for solution in solutions)
    assert not re.search(r"[Ss]olution is in", text)
    assert not any(is_solution(cell) for cell in handed_out)


@each_name
def test_a_handed_out_notebook_is_otherwise_the_same(handout: Path, name: str) -> None:
    original, handed_out = read(FOLDER / f"{name}.ipynb"), read(handout / f"{name}.ipynb")
    original.cells = [cell for cell in original.cells if not is_solution(cell)]
    assert handed_out == original


def run_to_the_first_exercise(path: Path, folder: Path) -> NotebookNode:
    notebook = read(path)
    first = next(
        number for number, cell in enumerate(notebook.cells) if "exercise" in get_tags(cell)
    )
    notebook.cells = [new_code_cell(SET_UP), *notebook.cells[: first + 1]]
    copy = folder / path.name
    nbformat.write(notebook, copy)
    run_in_place(copy)
    return read(copy)


@pytest.fixture(scope="module")
def executed(handout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executed]:
    """Run all of them, a few kernels at once."""
    folder = tmp_path_factory.mktemp("to-the-first-exercise")
    with ThreadPoolExecutor(AT_ONCE) as executor:
        yield {
            name: executor.submit(run_to_the_first_exercise, handout / f"{name}.ipynb", folder)
            for name in NAMES
        }


@each_name
def test_a_handed_out_notebook_runs_to_the_first_exercise(executed: Executed, name: str) -> None:
    cells = [cell for cell in executed[name].result().cells if cell.cell_type == "code"]
    assert "exercise" in get_tags(cells[-1])
    assert all(cell.execution_count for cell in cells)
