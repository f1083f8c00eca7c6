import re
import shlex
import statistics
from copy import deepcopy
from importlib import import_module
from itertools import pairwise

import nbstripout

from gil_demo import cli, run_script
from gil_demo.recorded import load_recorded
from gil_demo.running.scripts import FINISHED
from gil_demo.tables.kinds import draw_each
from gil_demo.words import call_ratio
from tests.notebooks.editions import FOLDER, NOTEBOOKS, draws_a_chart, get_tags, list_cells, read
from tests.notebooks.wrong_answers import WRONG_ANSWERS

VERBS = "Check|Race|Watch|Rewrite|Look|Weigh|Find|Compare|Step|Gather|Try"
MOST_LINES, MOST_MEDIAN_LINES, MOST_WORDS = 15, 3, 75
GRADES = ["## Exercise 1, a warm-up", "## Exercise 2", "## Exercise 3, a stretch"]
PARTS = ["exercise", "check", "solution"]
# nothing but a check, so that a student reads no answer there
CHECK = r"from gil_demo\.exercises\.\w+ import (check_\w+)\n\n\1\((\w+)[\w, ]*\)"
READ = {path.name: read(path) for path in NOTEBOOKS}
README = (FOLDER.parent / "README.md").read_text("utf-8")
PAGE = (FOLDER / "teach-with-the-set.md").read_text(encoding="utf-8")
LINK = r"\[(\d\d)\]\([\w-]+\.ipynb\)"
WALK = ["00", "01", "02", "03"]
MINUTES = {
    path.stem[:2]: re.findall(r"(\d+) minutes", READ[path.name].cells[0].source)
    for path in NOTEBOOKS
}


def test_it_opens_with_a_verb_and_a_question_and_closes_with_key_points() -> None:
    for name, notebook in READ.items():
        opening, *_, key_points, onward = (cell.source for cell in notebook.cells)
        assert re.match(rf"# ({VERBS}) ", opening), name
        assert "**The question:**" in opening
        assert "You need to know" in opening
        assert opening.count("?") == 1
        assert key_points.startswith("## Key points\n")
        assert key_points.count("\n- ") >= 3
        assert re.match(r"## Next\n[^`]*\]\(\d\d-[a-z-]+\.ipynb\)", onward), name


def test_a_prediction_is_asked_before_code_answers_it() -> None:
    for name, notebook in READ.items():
        asked = [n for n, cell in enumerate(notebook.cells) if "Predict" in cell.source]
        assert asked, name
        for number in asked:
            own, *later = (cell.cell_type for cell in notebook.cells[number : number + 3])
            assert own == "markdown", name
            assert "code" in later, name


def test_code_cells_are_short_nothing_of_a_run_is_left_and_no_version_is_named() -> None:
    for name, notebook in READ.items():
        codes = [cell.source.splitlines() for cell in list_cells(notebook, "code")]
        lengths = [sum(bool(line.strip()) for line in code) for code in codes]
        assert max(lengths) <= MOST_LINES, name
        assert statistics.median(lengths) <= MOST_MEDIAN_LINES, name
        assert notebook.metadata.kernelspec.name == "python3", name
        assert notebook.metadata.language_info == {"name": "python"}, name
        copy = deepcopy(notebook)
        assert notebook == nbstripout.strip_output(copy, False, False, keep_id=True), name


def test_exercises_each_have_a_start_a_check_and_a_solution() -> None:
    answers = []
    for name, notebook in READ.items():
        sources = [cell.source for cell in notebook.cells]
        titles = [text.split(":")[0] for text in sources if text.startswith("## Exercise")]
        assert titles in (GRADES[:2], GRADES), name
        tags = [tag for cell in notebook.cells for tag in get_tags(cell) if tag in PARTS]
        assert tags == PARTS * len(titles), name
        checks = list_cells(notebook, "code", "check")
        answers += [re.sub(CHECK, r"\2", check.source) for check in checks]
        for cell in notebook.cells:
            assert "exercise" not in get_tags(cell) or cell.source.count("...") == 1, cell.source
    assert answers == [*WRONG_ANSWERS]


def test_words_are_plain_and_few_and_what_they_name_is_there() -> None:
    unwanted = r"!|\b([Ss]imply|[Jj]ust|[Oo]bviously)\b|[\U0001f300-\U0001faff☀-➿]"
    for path in NOTEBOOKS:
        assert not re.search(r"/home/|/root/|/Users/|/tmp/|[A-Z]:\\\\", path.read_text("utf-8"))
        for cell in list_cells(READ[path.name], "markdown"):
            prose = re.sub(r"(?s)```.*?```", "", cell.source)
            assert len(re.sub(r"(?m)^[|#].*", "", prose).split()) <= MOST_WORDS, prose
            assert not re.search(unwanted, prose), prose
            for module, name in re.findall(r"`(gil_demo[\w.]*)\.(\w+)", prose):
                assert hasattr(import_module(module), name), prose


def test_code_asks_for_nothing_that_windows_lacks_unless_it_says_so() -> None:
    for notebook in READ.values():
        for code in (cell.source for cell in list_cells(notebook, "code")):
            assert not re.search(r"os\.(kill|fork|setsid)|SIG(KILL|ALRM)", code), code
            assert "import resource" not in code or "not on Windows" in code, code


def test_a_picture_is_described_as_its_recorded_data_say() -> None:
    for recording, picture in (
        ("threads-versus-processes", ".github/threads-versus-processes.png"),
        ("timeline", ".github/threads-taking-turns.png"),
    ):
        (chart,) = draw_each(load_recorded(recording))
        assert f"![{chart.description}]({picture})" in README
        assert (FOLDER.parent / picture).read_bytes().startswith(b"\x89PNG")


def test_no_walk_takes_a_careful_reader_longer_than_it_says() -> None:
    for number, (walk, _) in MINUTES.items():
        (path,) = FOLDER.glob(f"{number}-*.ipynb")
        sources = [cell.source for cell in READ[path.name].cells]
        at = next(n for n, text in enumerate(sources) if text.startswith("## Exercise"))
        cells = READ[path.name].cells[:at] + READ[path.name].cells[-2:]
        words = sum(len(cell.source.split()) for cell in cells)
        charts = sum(draws_a_chart(cell) for cell in cells if cell.cell_type == "code")
        predictions = sum("## Predict" in cell.source for cell in cells)
        careful = words / 200 + 1.5 * charts + predictions
        assert careful <= int(walk) <= 2 * careful + 5, (path.name, careful)


def read_section(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_a_plan_fills_its_time_and_gives_no_notebook_more_than_its_own() -> None:
    for heading, minutes in (("Fifty minutes", 50), ("Ninety minutes", 90)):
        plan = read_section(heading)
        rows = re.findall(r"^\| (\d+) \| (.*) \|$", plan, re.MULTILINE)
        assert sum(int(given) for given, _ in rows) == minutes
        for given, what in rows:
            assert all(
                int(given) <= sum(map(int, MINUTES[own])) for own in re.findall(LINK, what)
            ), what
        for number, part in re.findall(rf"{LINK}[^|]*up to \*([^*]+)\*", plan):
            (path,) = FOLDER.glob(f"{number}-*.ipynb")
            assert f"## {part}" in [cell.source.split("\n")[0] for cell in READ[path.name].cells]


def test_every_notebook_stands_with_its_minutes_and_a_question_before_a_run() -> None:
    rows = {README: r"\]\(notebooks/(\d\d)-.*", PAGE: rf"^\| {LINK} .*"}
    for text, row in rows.items():
        found = re.findall(rf"{row}\| (\d+) \+ (\d+) \|$", text, re.MULTILINE)
        assert {number: minutes for number, *minutes in found} == MINUTES
        sums = re.findall(r"^\| Together \|.* (\d+) \+ (\d+) \|$", text, re.MULTILINE)
        for numbers, told in zip((WALK, sorted({*MINUTES} - {*WALK})), sums, strict=True):
            each = zip(*(map(int, MINUTES[number]) for number in numbers), strict=True)
            assert [*map(int, told)] == [*map(sum, each)], numbers
    assert "](notebooks/teach-with-the-set.md)" in README
    asked = re.findall(r"^\| (\d\d), .*\?", read_section("Ask before each run"), re.MULTILINE)
    assert set(asked) == set(MINUTES)


FENCED = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def translate(command: str) -> str:
    """Write a command of Linux and macOS as PowerShell takes it."""
    for old, new in (("python3 ", "py "), (" && ", "; "), (".venv/bin/", ".venv\\Scripts\\")):
        command = command.replace(old, new)
    return command


def test_a_command_is_printed_for_windows_too_and_is_one_that_there_is() -> None:
    for text in (README.split("\n## For developers")[0], PAGE):
        fences = FENCED.findall(text)
        assert len(fences) > 3
        for (language, command), after in pairwise([*fences, ("", "")]):
            if language == "sh":
                assert after == ("powershell", translate(command))
    shown = re.findall(r"-m gil_demo\b([^#\n`]*)", README + PAGE)
    for words in map(shlex.split, shown):
        is_named = bool(words) and not words[0].startswith("-")
        cli._build_parser().parse_args(words if is_named else ["compare", *words])
    named = {words.split()[0] for words in shown if words.strip()}
    assert named >= {*cli.COMMANDS} - {"compare"}
    for line in ("py -m venv", ".venv/bin/python -m gil_demo check"):
        assert line in read_section("Before the lesson")


def test_the_exam_calls_an_interval_as_the_verdict_does() -> None:
    exam = read_section("Six exam questions")
    assert len(re.findall(r"^\d\. ", exam, re.MULTILINE)) == 6
    for part, called in (("3. ", "faster"), ("4. ", "No clear difference")):
        question = exam.split(f"\n{part}")[1]
        low, high = re.findall(r"interval\D* ([\d.]+) to ([\d.]+)\b", question)[0]
        assert call_ratio(1 / float(high), 1 / float(low)) == called.lower()
        assert f'"{called}"' in question


def test_the_hand_out_fits_a_page_and_its_script_runs() -> None:
    text = (FOLDER / "on-one-page.md").read_text("utf-8")
    assert len(text.splitlines()) < 60
    (script,) = (code for language, code in FENCED.findall(text) if language == "python")
    outcome = run_script(script)
    assert (outcome.state, outcome.output) == (FINISHED, f"{[n * n for n in range(10)]}\n")
