"""Every notebook runs from top to bottom under every start method, and leaves nothing behind."""

import os
import re
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from gil_demo.running.pools import list_start_methods
from tests.notebooks.editions import NAMES, NOTEBOOKS, get_tags, list_cells, read
from tests.notebooks.running import run_in_place

METHODS = os.environ.get("GIL_DEMO_START_METHODS", "").split() or list_start_methods()
AT_ONCE = 4

# short budgets: what is tested is that the notebooks run, not what they measure
SET_UP = """
import multiprocessing, gil_demo.sampling
multiprocessing.set_start_method({method!r})
gil_demo.sampling.DEFAULT_BUDGET_SECONDS = 1.0
"""
COUNT_WORKERS = "print('workers left:', len(multiprocessing.active_children()))"

# every process of these runs inherits this mark, however it was started
MARK = f"GIL_DEMO_TEST={uuid.uuid4().hex}"

Executed = dict[tuple[str, str], "Future[NotebookNode]"]


def execute(path: Path, method: str, folder: Path) -> NotebookNode:
    notebook = read(path)
    notebook.cells.insert(0, new_code_cell(SET_UP.format(method=method)))
    notebook.cells.append(new_code_cell(COUNT_WORKERS))
    copy = folder / f"{path.stem}-{method}.ipynb"
    nbformat.write(notebook, copy)
    name, value = MARK.split("=")
    run_in_place(copy, **{name: value})
    return read(copy)


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executed]:
    """Run everything, a few kernels at once, since most of their time is spent waiting."""
    folder = tmp_path_factory.mktemp("executed")
    with ThreadPoolExecutor(AT_ONCE) as executor:
        yield {
            (path.stem, method): executor.submit(execute, path, method, folder)
            for method in METHODS
            for path in NOTEBOOKS
        }


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", NAMES)
def test_it_runs_and_leaves_no_worker(executed: Executed, name: str, method: str) -> None:
    notebook = executed[name, method].result()
    assert notebook.cells[-1].outputs[0].text == "workers left: 0\n"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", NAMES)
def test_it_fails_only_where_it_says_so(executed: Executed, name: str, method: str) -> None:
    for cell in list_cells(executed[name, method].result(), "code"):
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert failed == ("raises-exception" in get_tags(cell)), cell.source


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", NAMES)
def test_every_figure_has_alternative_text_with_numbers(
    executed: Executed, name: str, method: str
) -> None:
    figures = [
        output
        for cell in list_cells(executed[name, method].result(), "code")
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert figures
    for figure in figures:
        alternative = figure.metadata["image/png"]["alt"]
        assert re.search(r"\d\.\d", alternative)
        assert 'alt="Chart. ' in figure.data["text/html"]
        assert figure.data["text/plain"] == alternative


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", NAMES)
def test_every_solution_passes_its_check(executed: Executed, name: str, method: str) -> None:
    cells = list_cells(executed[name, method].result(), "code")
    solutions = [cell for cell in cells if "solution" in get_tags(cell)]
    assert solutions
    for solution in solutions:
        assert solution.outputs[-1].data["text/plain"].startswith("Right: "), solution.source


@pytest.mark.parametrize("name", NAMES)
def test_progress_leaves_nothing_to_see(executed: Executed, name: str) -> None:
    for method in METHODS:
        for cell in list_cells(executed[name, method].result(), "code"):
            assert not any("measuring" in str(output) for output in cell.outputs)


@pytest.mark.parametrize("name", NAMES)
def test_warnings_stay_out_of_the_readers_sight(executed: Executed, name: str) -> None:
    for method in METHODS:
        for cell in list_cells(executed[name, method].result(), "code"):
            assert not any("Warning" in str(output) for output in cell.outputs), cell.source


def list_marked_processes() -> list[str]:
    marked = []
    for process in psutil.process_iter():
        try:
            name, value = MARK.split("=")
            if process.environ().get(name) == value and process.status() != "zombie":
                marked.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return marked


def test_no_process_is_left_when_the_kernels_are_gone(executed: Executed) -> None:
    for future in executed.values():
        future.result()
    deadline = time.monotonic() + 10
    while list_marked_processes() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert list_marked_processes() == []
