"""The teacher's page: its plans fit the clock, and its minutes are those of the notebooks."""

import re

import pytest

from tests.notebooks.editions import FOLDER, NOTEBOOKS, read

PAGE = (FOLDER.parent / ".book" / "teaching.md").read_text(encoding="utf-8")
LINK = r"\[(\d\d)\]\(\.\./notebooks/[\w-]+\.ipynb\)"
MINUTES = {
    path.stem[:2]: re.findall(r"\| (\d+) minutes \|", read(path).cells[0].source)[0]
    for path in NOTEBOOKS
}


def read_section(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(("heading", "minutes"), [("Fifty minutes", 50), ("Ninety minutes", 90)])
def test_a_plan_fills_its_time_and_gives_no_notebook_more_than_its_own(
    heading: str, minutes: int
) -> None:
    plan = read_section(heading).split("\n\nEach of the others")[0]
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", plan, re.MULTILINE)
    assert sum(int(given) for given, _ in rows) == minutes
    for given, what in rows:
        assert all(int(given) <= int(MINUTES[number]) for number in re.findall(LINK, what)), what
    for number, part in re.findall(rf"{LINK}[^|]*up to \*([^*]+)\*", plan):
        (path,) = FOLDER.glob(f"{number}-*.ipynb")
        assert f"## {part}" in [cell.source.splitlines()[0] for cell in read(path).cells], part


def test_every_notebook_stands_with_its_minutes_and_a_question_before_a_run() -> None:
    assert dict(re.findall(rf"^\| {LINK} .* \| (\d+) \|$", PAGE, re.MULTILINE)) == MINUTES
    asked = re.findall(r"^\| (\d\d), .*\?", read_section("Ask before each run"), re.MULTILINE)
    assert set(asked) == set(MINUTES)
