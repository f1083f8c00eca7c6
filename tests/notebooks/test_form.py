"""Every notebook has the same form, so that a reader knows where to look."""

import re
import statistics
from copy import deepcopy
from importlib import import_module

import nbstripout
import pytest

from gil_demo.recorded import load_recorded
from gil_demo.tables.kinds import draw_each
from tests.notebooks.editions import FOLDER, NOTEBOOKS, get_tags, list_cells, read

VERBS = "Check|Race|Watch|Rewrite|Look|Weigh|Find|Compare|Step|Gather"
MOST_LINES, MOST_MEDIAN_LINES, MOST_WORDS = 15, 3, 75
GRADES = ["## Exercise 1, a warm-up", "## Exercise 2", "## Exercise 3, a stretch"]
PARTS = ["exercise", "check", "solution", "solution"]  # what points to a solution goes with it
# nothing but a check, so that a student reads no answer there
CHECK = r"from gil_demo\.exercises\.\w+ import (check_\w+)\n\n\1\([\w, ]+\)"
README = FOLDER.parent / "README.md"
PICTURES = [
    ("threads-versus-processes", ".github/threads-versus-processes.png"),
    ("timeline", ".github/threads-taking-turns.png"),
]
READ = {path.name: read(path) for path in NOTEBOOKS}


def strip_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def test_it_opens_with_a_verb_and_a_question_and_closes_with_key_points() -> None:
    for name, notebook in READ.items():
        opening, *_, key_points, onward = (cell.source for cell in notebook.cells)
        assert re.match(rf"# ({VERBS}) ", opening), name
        assert "**The question:**" in opening
        assert "You need to know" in opening
        assert opening.count("?") == 1
        assert re.search(r"\| \d+ minutes \|", opening), name
        assert key_points.startswith("## Key points\n")
        assert key_points.count("\n- ") >= 3
        assert re.match(r"## Next\n[^`]*\]\(\d\d-[a-z-]+\.ipynb\)", onward), name


def test_a_prediction_is_asked_before_code_answers_it() -> None:
    for name, notebook in READ.items():
        kinds = [cell.cell_type for cell in notebook.cells]
        asked = [n for n, cell in enumerate(notebook.cells) if "Predict" in cell.source]
        assert asked, name
        for number in asked:
            assert kinds[number] == "markdown", name
            assert "code" in kinds[number + 1 : number + 3], name


def test_cells_are_short() -> None:
    for name, notebook in READ.items():
        codes = [cell.source.splitlines() for cell in list_cells(notebook, "code")]
        lengths = [sum(bool(line.strip()) for line in code) for code in codes]
        assert max(lengths) <= MOST_LINES, name
        assert statistics.median(lengths) <= MOST_MEDIAN_LINES, name
        for cell in list_cells(notebook, "markdown"):
            prose = re.sub(r"(?m)^[|#].*", "", strip_code(cell.source))
            assert len(prose.split()) <= MOST_WORDS, cell.source


def test_nothing_of_a_run_is_left_and_no_version_is_named() -> None:
    for name, notebook in READ.items():
        assert notebook.metadata.kernelspec.name == "python3", name
        assert notebook.metadata.language_info == {"name": "python"}, name
        assert all(not cell.outputs for cell in list_cells(notebook, "code")), name
        copy = deepcopy(notebook)
        assert notebook == nbstripout.strip_output(copy, False, False, keep_id=True), name


def test_three_exercises_each_have_a_start_a_check_and_a_collapsed_solution() -> None:
    for name, notebook in READ.items():
        sources = [cell.source for cell in notebook.cells]
        titles = [text.split(":")[0] for text in sources if text.startswith("## Exercise")]
        assert titles == GRADES, name
        tags = [tag for cell in notebook.cells for tag in get_tags(cell) if tag in PARTS]
        assert tags == PARTS * len(GRADES), name
        for cell in notebook.cells:
            assert "exercise" not in get_tags(cell) or cell.source.count("...") == 1, cell.source
            assert "check" not in get_tags(cell) or re.fullmatch(CHECK, cell.source), cell.source
            is_solution = "solution" in get_tags(cell)
            if cell.cell_type == "markdown":
                assert ("solution is in" in cell.source) == is_solution, cell.source
            elif is_solution:
                assert cell.metadata.jupyter.source_hidden is True
                # JupyterLab shows the first line of what is collapsed
                assert re.fullmatch(r"#.*\ncheck_\w+\(.*\)", cell.source, re.DOTALL), cell.source


def test_words_are_plain_and_what_they_name_is_there() -> None:
    for path in NOTEBOOKS:
        assert not re.search(r"/home/|/root/|/Users/|/tmp/|[A-Z]:\\\\", path.read_text("utf-8"))
        for cell in list_cells(READ[path.name], "markdown"):
            prose = strip_code(cell.source)
            unwanted = r"!|\b([Ss]imply|[Jj]ust|[Oo]bviously)\b|[\U0001f300-\U0001faff☀-➿]"
            assert not re.search(unwanted, prose), prose
            for module, name in re.findall(r"`(gil_demo[\w.]*)\.(\w+)", prose):
                assert hasattr(import_module(module), name), prose


def test_the_readme_maps_every_notebook_with_the_same_minutes() -> None:
    text = README.read_text(encoding="utf-8")
    for name, notebook in READ.items():
        (minutes,) = re.findall(r"\| (\d+) minutes \|", notebook.cells[0].source)
        assert re.search(rf"notebooks/{name}\).*\| {minutes} \|", text), name


@pytest.mark.parametrize(("recording", "picture"), PICTURES)
def test_a_picture_is_described_as_its_recorded_data_say(recording: str, picture: str) -> None:
    (chart,) = draw_each(load_recorded(recording))
    assert f"![{chart.description}]({picture})" in README.read_text(encoding="utf-8")
    assert (README.parent / picture).read_bytes().startswith(b"\x89PNG")
