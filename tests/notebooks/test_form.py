"""Every notebook has the same form, so that a reader knows where to look."""

import re
import statistics
from pathlib import Path

import nbstripout
import pytest

from gil_demo.recorded import load_recorded
from gil_demo.tables.kinds import draw_each
from tests.notebooks.editions import FOLDER, NAMES, NOTEBOOKS, get_tags, list_cells, read

VERBS = {
    *("Check", "Race", "Watch", "Rewrite", "Look"),
    *("Weigh", "Find", "Compare", "Step", "Gather"),
}
MOST_LINES = 15
MOST_MEDIAN_LINES = 3
MOST_WORDS = 75
GRADES = ["## Exercise 1, a warm-up", "## Exercise 2", "## Exercise 3, a stretch"]
PARTS = ("exercise", "check", "solution")
# nothing but a check, so that a student reads no answer there
CHECK = r"from gil_demo\.exercises\.\w+ import (check_\w+)\n\n\1\([\w, ]+\)"
README = FOLDER.parent / "README.md"

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)


def strip_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def count_words(text: str) -> int:
    prose = [line for line in strip_code(text).splitlines() if not line.startswith(("|", "#"))]
    return len(" ".join(prose).split())


def count_lines(code: str) -> int:
    return sum(bool(line.strip()) for line in code.splitlines())


def test_the_notebooks_of_the_walk_are_there() -> None:
    assert NAMES[:2] == ["00-start-here", "01-beazleys-countdown"]
    assert NAMES[2:4] == ["02-inside-the-gil", "03-the-pool-rewrite"]
    assert NAMES[4:6] == ["04-inside-the-pool", "05-what-processes-cost"]
    assert NAMES[6:8] == ["06-when-threads-win", "07-other-interpreters"]


@each_notebook
def test_it_opens_with_a_verb_a_question_and_what_it_takes(path: Path) -> None:
    opening = read(path).cells[0].source
    title = opening.splitlines()[0]
    assert title.startswith("# ")
    assert title.split()[1] in VERBS
    assert "**The question:**" in opening
    assert opening.rstrip().count("?") == 1
    assert re.search(r"\| \d+ minutes \|", opening)
    assert "You need to know" in opening


@each_notebook
def test_it_closes_with_key_points_and_the_way_on(path: Path) -> None:
    key_points, onward = read(path).cells[-2:]
    assert key_points.source.startswith("## Key points\n")
    assert key_points.source.count("\n- ") >= 3
    assert onward.source.startswith("## Next\n")
    assert re.search(r"\]\(\d\d-[a-z-]+\.ipynb\)", onward.source)


@each_notebook
def test_a_prediction_is_asked_before_code_answers_it(path: Path) -> None:
    cells = read(path).cells
    asked = [number for number, cell in enumerate(cells) if re.search(r"\bPredict\b", cell.source)]
    assert asked
    for number in asked:
        assert cells[number].cell_type == "markdown"
        assert any(cell.cell_type == "code" for cell in cells[number + 1 : number + 3])


@each_notebook
def test_code_cells_are_short(path: Path) -> None:
    lengths = [count_lines(cell.source) for cell in list_cells(read(path), "code")]
    assert max(lengths) <= MOST_LINES
    assert statistics.median(lengths) <= MOST_MEDIAN_LINES


@each_notebook
def test_prose_cells_are_short(path: Path) -> None:
    for cell in list_cells(read(path), "markdown"):
        assert count_words(cell.source) <= MOST_WORDS, cell.source


@each_notebook
def test_outputs_are_stripped(path: Path) -> None:
    before = read(path)
    after = nbstripout.strip_output(read(path), keep_output=False, keep_count=False, keep_id=True)
    assert before == after
    assert all(not cell.outputs for cell in list_cells(before, "code"))


@each_notebook
def test_it_names_the_plain_python_kernel_and_no_version(path: Path) -> None:
    metadata = read(path).metadata
    assert metadata.kernelspec.name == "python3"
    assert metadata.language_info == {"name": "python"}


@each_notebook
def test_three_exercises_go_from_a_warm_up_to_a_stretch(path: Path) -> None:
    headings = [
        cell.source.splitlines()[0]
        for cell in list_cells(read(path), "markdown")
        if cell.source.startswith("## Exercise")
    ]
    assert [heading.split(":")[0] for heading in headings] == GRADES


@each_notebook
def test_every_exercise_has_a_start_a_check_and_a_collapsed_solution(path: Path) -> None:
    cells = read(path).cells
    tags = [get_tags(cell)[0] for cell in cells if set(get_tags(cell)) & {*PARTS}]
    assert tags == [*PARTS, "solution"] * len(GRADES)  # what points to the solution goes with it
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


@each_notebook
def test_what_points_to_a_solution_goes_with_it(path: Path) -> None:
    for cell in list_cells(read(path), "markdown"):
        assert ("solution is in" in cell.source) == ("solution" in get_tags(cell)), cell.source


@each_notebook
def test_it_names_no_path_of_any_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/home/|/root/|/Users/|/tmp/|[A-Z]:\\\\", text)


@each_notebook
def test_its_words_are_plain(path: Path) -> None:
    for cell in list_cells(read(path), "markdown"):
        prose = strip_code(cell.source)
        assert "!" not in prose
        assert not re.search(r"\b([Ss]imply|[Jj]ust|[Oo]bviously)\b", prose)
        assert not re.search("[\U0001f300-\U0001faff☀-➿]", prose)


def test_the_readme_maps_every_notebook_with_the_same_minutes() -> None:
    text = README.read_text(encoding="utf-8")
    for path in NOTEBOOKS:
        minutes = re.search(r"\| (\d+) minutes \|", read(path).cells[0].source)
        assert minutes is not None
        assert re.search(rf"notebooks/{path.name}\).*\| {minutes[1]} \|", text), path.name


@pytest.mark.parametrize(
    ("recording", "picture"),
    [
        ("threads-versus-processes", "threads-versus-processes.png"),
        ("timeline", "threads-taking-turns.png"),
    ],
)
def test_the_readmes_pictures_are_described_as_the_recorded_data_say(
    recording: str, picture: str
) -> None:
    (chart,) = draw_each(load_recorded(recording))
    assert f"![{chart.description}](.github/{picture})" in README.read_text(encoding="utf-8")
    assert (README.parent / ".github" / picture).read_bytes().startswith(b"\x89PNG")
