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

from tests.notebooks.editions import FOLDER, NAMES, NOTEBOOKS, get_tags, list_cells, read
from tests.notebooks.running import run_in_place
from tests.notebooks.wrong_answers import WRONG_ANSWERS

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
    original = read(FOLDER / f"{name}.ipynb")
    solutions = [cell.source for cell in list_cells(original, "code") if is_solution(cell)]
    handed_out = read(handout / f"{name}.ipynb").cells
    text = "\n".join(cell.source for cell in handed_out)
    assert solutions
    for solution in solutions:
        own, check = solution.rsplit("\n", 1)  # the check stays, since it is handed out, too
        assert own not in text
        assert max(own.splitlines(), key=len) not in text
        assert check in text
    assert not re.search(r"[Ss]olution is in", text)
    assert not any(is_solution(cell) for cell in handed_out)


@each_name
def test_a_handed_out_notebook_is_otherwise_the_same(handout: Path, name: str) -> None:
    original, handed_out = read(FOLDER / f"{name}.ipynb"), read(handout / f"{name}.ipynb")
    original.cells = [cell for cell in original.cells if not is_solution(cell)]
    assert handed_out == original


def run_with_wrong_answers(path: Path, folder: Path) -> NotebookNode:
    """Run a handed-out notebook; after each check, a wrong answer and the same check again."""
    notebook = read(path)
    wrong = iter(WRONG_ANSWERS[path.stem])
    cells = [new_code_cell(SET_UP)]
    for cell in notebook.cells:
        cells.append(cell)
        if "check" in get_tags(cell):
            again = new_code_cell(cell.source, metadata={"tags": ["check-again"]})
            cells += [new_code_cell(next(wrong)[0]), again]
    notebook.cells = cells
    copy = folder / path.name
    nbformat.write(notebook, copy)
    run_in_place(copy)
    return read(copy)


@pytest.fixture(scope="module")
def executed(handout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executed]:
    """Run all of them, a few kernels at once."""
    folder = tmp_path_factory.mktemp("handed-out")
    with ThreadPoolExecutor(AT_ONCE) as executor:
        yield {
            name: executor.submit(run_with_wrong_answers, handout / f"{name}.ipynb", folder)
            for name in NAMES
        }


def list_words(notebook: NotebookNode, tag: str) -> list[str]:
    """Return what the cells of a tag say, in their order."""
    return [
        "\n".join(output.data["text/plain"] for output in cell.outputs if "data" in output)
        for cell in notebook.cells
        if tag in get_tags(cell)
    ]


@each_name
def test_a_handed_out_notebook_runs_to_its_end(executed: Executed, name: str) -> None:
    cells = list_cells(executed[name].result(), "code")
    assert all(cell.execution_count for cell in cells)


@each_name
def test_an_open_exercise_is_met_kindly(executed: Executed, name: str) -> None:
    words = list_words(executed[name].result(), "check")
    assert len(words) == len(WRONG_ANSWERS[name])
    for said in words:
        assert re.match("Not yet: `.+` is still open", said)


@each_name
def test_a_typical_wrong_answer_gets_a_hint(executed: Executed, name: str) -> None:
    hints = [expected for _, expected in WRONG_ANSWERS[name]]
    words = list_words(executed[name].result(), "check-again")
    for said, expected in zip(words, hints, strict=True):
        assert said.startswith("Not yet: ")
        assert "still open" not in said
        assert expected in said
