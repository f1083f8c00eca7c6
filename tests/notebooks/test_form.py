"""Every notebook has the same form, so that a reader knows where to look."""

import re
import statistics
from importlib import import_module
from pathlib import Path

import nbstripout
import pytest

from gil_demo.recorded import load_recorded
from gil_demo.tables.kinds import draw_each
from tests.notebooks.editions import FOLDER, NAMES, NOTEBOOKS, get_tags, list_cells, read

VERBS = ["Check", "Race", "Watch", "Rewrite", "Look", "Weigh", "Find", "Compare", "Step", "Gather"]
MOST_LINES, MOST_MEDIAN_LINES, MOST_WORDS = 15, 3, 75
GRADES = ["## Exercise 1, a warm-up", "## Exercise 2", "## Exercise 3, a stretch"]
PARTS = ["exercise", "check", "solution", "solution"]  # what points to a solution goes with it
# nothing but a check, so that a student reads no answer there
CHECK = r"from gil_demo\.exercises\.\w+ import (check_\w+)\n\n\1\([\w, ]+\)"
README = FOLDER.parent / "README.md"
PICTURES = {
    "threads-versus-processes": "threads-versus-processes.png",
    "timeline": "threads-taking-turns.png",
}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)


def strip_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def count_words(text: str) -> int:
    prose = [line for line in strip_code(text).splitlines() if not line.startswith(("|", "#"))]
    return len(" ".join(prose).split())


@each_notebook
def test_it_opens_with_a_verb_and_a_question_and_closes_with_key_points(path: Path) -> None:
    opening, *_, key_points, onward = (cell.source for cell in read(path).cells)
    assert opening.startswith(tuple(f"# {verb} " for verb in VERBS))
    assert "**The question:**" in opening
    assert opening.rstrip().count("?") == 1
    assert re.search(r"\| \d+ minutes \|", opening)
    assert "You need to know" in opening
    assert key_points.startswith("## Key points\n")
    assert key_points.count("\n- ") >= 3
    assert onward.startswith("## Next\n")
    assert re.search(r"\]\(\d\d-[a-z-]+\.ipynb\)", onward)


@each_notebook
def test_a_prediction_is_asked_before_code_answers_it(path: Path) -> None:
    cells = read(path).cells
    asked = [number for number, cell in enumerate(cells) if re.search(r"\bPredict\b", cell.source)]
    assert asked
    for number in asked:
        assert cells[number].cell_type == "markdown"
        assert any(cell.cell_type == "code" for cell in cells[number + 1 : number + 3])


@each_notebook
def test_cells_are_short(path: Path) -> None:
    lengths = [
        sum(bool(line.strip()) for line in cell.source.splitlines())
        for cell in list_cells(read(path), "code")
    ]
    assert max(lengths) <= MOST_LINES
    assert statistics.median(lengths) <= MOST_MEDIAN_LINES
    for cell in list_cells(read(path), "markdown"):
        assert count_words(cell.source) <= MOST_WORDS, cell.source


@each_notebook
def test_nothing_of_a_run_is_left_in_it_and_it_names_no_version(path: Path) -> None:
    notebook = read(path)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info == {"name": "python"}
    assert all(not cell.outputs for cell in list_cells(notebook, "code"))
    stripped = nbstripout.strip_output(
        read(path), keep_output=False, keep_count=False, keep_id=True
    )
    assert notebook == stripped


@each_notebook
def test_three_exercises_each_have_a_start_a_check_and_a_collapsed_solution(path: Path) -> None:
    cells = read(path).cells
    titles = [cell.source.split(":")[0] for cell in cells if cell.source.startswith("## Exercise")]
    assert titles == GRADES
    tags = [tag for cell in cells for tag in get_tags(cell) if tag in PARTS]
    assert tags == PARTS * len(GRADES)
    for cell in cells:
        if "exercise" in get_tags(cell):
            assert cell.source.count("...") == 1
        if "check" in get_tags(cell):
            assert re.fullmatch(CHECK, cell.source), cell.source
        if "solution" in get_tags(cell) and cell.cell_type == "code":
            assert cell.metadata.jupyter.source_hidden is True
            first, *_, last = cell.source.splitlines()
            assert first.startswith("#")  # JupyterLab shows the first line of what is collapsed
            assert last.startswith("check_")
        if cell.cell_type == "markdown":
            assert ("solution is in" in cell.source) == ("solution" in get_tags(cell)), cell.source


@each_notebook
def test_its_words_are_plain_and_what_they_name_is_there(path: Path) -> None:
    assert not re.search(r"/home/|/root/|/Users/|/tmp/|[A-Z]:\\\\", path.read_text("utf-8"))
    for cell in list_cells(read(path), "markdown"):
        prose = strip_code(cell.source)
        assert "!" not in prose
        assert not re.search(r"\b([Ss]imply|[Jj]ust|[Oo]bviously)\b", prose)
        assert not re.search("[\U0001f300-\U0001faff☀-➿]", prose)
        for module, name in re.findall(r"`(gil_demo[\w.]*)\.(\w+)", prose):
            assert hasattr(import_module(module), name), cell.source


def test_the_readme_maps_every_notebook_with_the_same_minutes() -> None:
    text = README.read_text(encoding="utf-8")
    for path in NOTEBOOKS:
        (minutes,) = re.findall(r"\| (\d+) minutes \|", read(path).cells[0].source)
        assert re.search(rf"notebooks/{path.name}\).*\| {minutes} \|", text), path.name


@pytest.mark.parametrize("recording", PICTURES)
def test_the_readmes_pictures_are_described_as_the_recorded_data_say(recording: str) -> None:
    (chart,) = draw_each(load_recorded(recording))
    picture = f".github/{PICTURES[recording]}"
    assert f"![{chart.description}]({picture})" in README.read_text(encoding="utf-8")
    assert (README.parent / picture).read_bytes().startswith(b"\x89PNG")
