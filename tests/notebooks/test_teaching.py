"""The teacher's page: its plans fit the clock, and its minutes are those of the notebooks."""

import re

import pytest

from tests.notebooks.editions import FOLDER, NOTEBOOKS, read

PAGE = (FOLDER.parent / ".book" / "teaching.md").read_text(encoding="utf-8")
LINK = r"\[(\d\d)\]\(\.\./notebooks/([\w-]+)\.ipynb\)"


def read_minutes() -> dict[str, int]:
    """Read how long each notebook takes, by its number."""
    minutes = {}
    for path in NOTEBOOKS:
        found = re.search(r"\| (\d+) minutes \|", read(path).cells[0].source)
        assert found is not None
        minutes[path.stem[:2]] = int(found[1])
    return minutes


def read_section(heading: str) -> str:
    return re.split(r"^## ", PAGE.split(f"\n## {heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize(("heading", "minutes"), [("Fifty minutes", 50), ("Ninety minutes", 90)])
def test_a_plan_fills_its_time_and_gives_no_notebook_more_than_its_own(
    heading: str, minutes: int
) -> None:
    plan = read_section(heading).split("\n\n")[0]
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", plan, re.MULTILINE)
    assert sum(int(given) for given, _ in rows) == minutes
    for given, what in rows:
        for number, _ in re.findall(LINK, what):
            assert int(given) <= read_minutes()[number], what


def test_every_notebook_stands_with_its_minutes_and_a_question_before_a_run() -> None:
    rows = re.findall(rf"^\| {LINK} .* \| (\d+) \|$", PAGE, re.MULTILINE)
    assert {number: int(minutes) for number, _, minutes in rows} == read_minutes()
    asked = re.findall(r"^\| (\d\d), .*\?", read_section("Ask before each run"), re.MULTILINE)
    assert set(asked) == set(read_minutes())


def test_parts_of_notebooks_that_a_plan_names_are_there() -> None:
    for heading in ("Fifty minutes", "Ninety minutes"):
        for number, _, part in re.findall(rf"{LINK}[^|]*up to \*([^*]+)\*", read_section(heading)):
            (path,) = [path for path in NOTEBOOKS if path.stem.startswith(number)]
            headings = [cell.source.splitlines()[0] for cell in read(path).cells]
            assert f"## {part}" in headings, part
