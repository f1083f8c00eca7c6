"""One execution of every notebook: as handed out, with wrong answers, and then the solutions."""

import re
import shlex
import subprocess
import sys
import uuid
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from gil_demo.running.guard import find_marked
from tests.conftest import EACH_METHOD, wait_until
from tests.notebooks.editions import (
    FOLDER,
    NAMES,
    NOTEBOOKS,
    get_tags,
    list_cells,
    read,
    read_solution,
)
from tests.notebooks.running import run_in_place, shorten
from tests.notebooks.wrong_answers import WRONG_ANSWERS

HANDED_OUT = "handed out"  # runs by the platform's default start method
EDITIONS = [HANDED_OUT, *EACH_METHOD[1:]]
START = "import multiprocessing; multiprocessing.set_start_method({!r})"
COUNT_WORKERS = "import multiprocessing; print(len(multiprocessing.active_children()))"

# every process of these runs inherits this mark, however it was started
MARK, VALUE = "GIL_DEMO_TEST", uuid.uuid4().hex

Executed = dict[str, NotebookNode]

each_name = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def handout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the one command of the teacher's page, for another folder."""
    folder = tmp_path_factory.mktemp("handout")
    text = (FOLDER / "teach-with-the-set.md").read_text("utf-8")
    (command,) = re.findall(r"^\.venv/bin/(jupyter nbconvert .*)$", text, re.MULTILINE)
    words = ["-m", *shlex.split(command.replace("--output-dir handout", f"--output-dir {folder}"))]
    subprocess.run([sys.executable, *words], cwd=FOLDER.parent, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module", params=EDITIONS)
def executed(
    request: pytest.FixtureRequest, handout: Path, tmp_path_factory: pytest.TempPathFactory
) -> Executed:
    """Run an edition of every notebook that is asked for."""
    folder = tmp_path_factory.mktemp("executed")
    asked = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    names = {parameters.get("name") for parameters in asked}
    copies = {name: folder / f"{name}.ipynb" for name in NAMES if name in names}
    for copy in copies.values():
        original = read(FOLDER / copy.name)
        cells = read(handout / copy.name).cells
        if request.param != HANDED_OUT:
            cells = [new_code_cell(START.format(request.param)), *cells]
        ends = [*solve(original), new_code_cell(COUNT_WORKERS)]
        original.cells = [*add_wrong_answers(cells), *ends]
        nbformat.write(original, copy)
    run_in_place([*copies.values()], **shorten(folder / "ipython"), **{MARK: VALUE})
    return {name: read(copy) for name, copy in copies.items()}


def solve(notebook: NotebookNode) -> list[NotebookNode]:
    """Return cells that run each solution, as a reader copies it, and the check that it is for."""
    checks = list_cells(notebook, "code", "check")
    solutions = list_cells(notebook, "markdown", "solution")
    return [
        new_code_cell(f"{read_solution(cell)}\n{check.source}", metadata={"tags": ["solved"]})
        for cell, check in zip(solutions, checks, strict=True)
    ]


def add_wrong_answers(cells: list[NotebookNode]) -> list[NotebookNode]:
    """After each check, put a wrong answer and the same check again."""
    answered = []
    for cell in cells:
        answered.append(cell)
        if "check" in get_tags(cell):
            (name,) = re.findall(r"check_\w+\((\w+)", cell.source)
            again = new_code_cell(cell.source, metadata={"tags": ["check-again"]})
            answered += [new_code_cell(f"{name} = {WRONG_ANSWERS[name][0]}"), again]
    return answered


def read_printed(cell: NotebookNode) -> str:
    """Read what a cell printed: a kernel may send it in pieces."""
    return "".join(one.text for one in cell.outputs if one.output_type == "stream")


@each_name
def test_it_fails_only_where_it_says_so_tells_its_figures_in_words_and_leaves_nothing(
    executed: Executed, name: str
) -> None:
    cells = list_cells(executed[name], "code")
    assert read_printed(cells[-1]) == "0\n", "workers are left"
    for cell in cells:
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert failed == ("raises-exception" in get_tags(cell)), (cell.source, cell.outputs)
        assert not re.search("measuring: |Warning", str(cell.outputs)), cell.source
    outputs = [output for cell in cells for output in cell.outputs]
    figures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert figures
    for figure in figures:
        alternative = figure.metadata["image/png"]["alt"]
        assert re.search(r"\d\.\d|A sketch, not measured", alternative)
        assert 'alt="Chart. ' in figure.data["text/html"]
        assert figure.data["text/plain"] == alternative


@pytest.mark.parametrize("name", ["06-how-a-pool-ends"])
def test_scripts_of_the_failure_lab_end_as_they_should(executed: Executed, name: str) -> None:
    shown = {
        script: read_printed(cell)
        for cell in list_cells(executed[name], "code")
        for script in re.findall(r"run_script\((\w+)", cell.source)
    }
    for script, told in {
        "STOPPED": r"\ninterrupted\nworkers left: 0$",
        "FUTURES": r"\nanswers: \[\d+, \d+\]\nno answer after .*\ncancelled: [1-5] of 6$",
        "HANGING": r"task 1 begins\n.* task 2 begins\nTimeout .*\n.*\n.* in work\n",
    }.items():
        assert re.search(told, shown[script].rstrip()), shown[script]


@each_name
def test_an_exercise_is_met_kindly_helped_and_solved(executed: Executed, name: str) -> None:
    words = [
        [cell.outputs[-1].data["text/plain"] for cell in list_cells(executed[name], "code", tag)]
        for tag in ("check", "check-again", "solved")
    ]
    for at_first, at_wrong, at_last in zip(*words, strict=True):
        (answer,) = re.findall(r"^Not yet: `(\w+)` is still open", at_first)
        assert at_wrong.startswith("Not yet: ")
        assert "still open" not in at_wrong
        assert WRONG_ANSWERS[answer][1] in at_wrong
        assert at_last.startswith("Right: ")


@pytest.mark.usefixtures("executed")
def test_no_process_is_left_when_the_kernels_are_gone() -> None:
    wait_until(lambda: not find_marked(VALUE, name=MARK), 10)
    assert find_marked(VALUE, name=MARK) == set()


def test_every_notebook_is_handed_out_without_its_solutions_and_nothing_else(handout: Path) -> None:
    assert sorted(path.name for path in handout.iterdir()) == [path.name for path in NOTEBOOKS]
    for path in NOTEBOOKS:
        original, handed_out = read(path), read(handout / path.name)
        text = "\n".join(cell.source for cell in handed_out.cells)
        for solution in list_cells(original, "markdown", "solution"):
            assert max(read_solution(solution).splitlines(), key=len) not in text
        original.cells = [cell for cell in original.cells if "solution" not in get_tags(cell)]
        assert handed_out == original, path.name
