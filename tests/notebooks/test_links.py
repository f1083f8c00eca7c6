"""README, the notebooks and the other texts lead nowhere that isn't there."""

from pathlib import Path

from tests.links import TOP, Anatomy, find_broken, is_outside, list_links, read_list, read_page
from tests.notebooks.editions import NOTEBOOKS, list_cells, read

TEXTS = [TOP / "README.md", *sorted(TOP.glob(".book/*.md")), *sorted(TOP.glob(".github/*.md"))]
SOURCES = [*TEXTS, *NOTEBOOKS]


def read_links(path: Path) -> list[str]:
    if path.suffix == ".ipynb":
        cells = list_cells(read(path), "markdown")
        return [link for cell in cells for link in list_links(cell.source)]
    return list_links(path.read_text(encoding="utf-8"))


def test_no_local_link_is_broken_and_outside_links_are_listed() -> None:
    for path in SOURCES:
        links = read_links(path)
        assert find_broken({path: Anatomy(links, set())}) == []
        assert set(filter(is_outside, links)) <= set(read_list()), path.name


def test_readme_leads_to_every_notebook_and_to_the_teachers_page() -> None:
    links = set(read_links(TOP / "README.md"))
    assert {f"notebooks/{path.name}" for path in NOTEBOOKS} | {".book/teaching.md"} <= links


def test_the_list_gives_each_address_once_with_a_title_in_order() -> None:
    rows = (TOP / ".book" / "links.csv").read_text("utf-8").splitlines()[1:]
    assert list(read_list()) == sorted(read_list())
    assert len(rows) == len(read_list())
    assert all(title.strip() and is_outside(address) for address, title in read_list().items())


def test_links_are_found_in_every_form_but_not_in_code() -> None:
    text = """README.md [a](a.md) ![b](b.png) <https://c.example> https://d.example

| <a href="e.md">e</a> [f](f.md#place) |
|---|

`[g](g.md)` [i]

    https://h.example

[i]: i.md"""
    expected = ["a.md", "b.png", "https://c.example", "https://d.example", "e.md", "f.md#place"]
    assert list_links(text) == [*expected, "i.md"]


def test_broken_links_are_found(tmp_path: Path) -> None:
    here, there = tmp_path / "here.html", tmp_path / "there.html"
    there.write_text('<h1 id="top">there</h1>', encoding="utf-8")
    page = (
        '<a href="there.html">1</a><a href="there.html#top">2</a><a href="#own">3</a>'
        '<a href="there.html#gone">4</a><a href="gone.html">5</a><a href="#no">6</a><p id="own">'
        '<a href="https://outside.example">7</a><img src="gone.png"><img src="data:,8">'
    )
    here.write_text(page, encoding="utf-8")
    anatomies = {path: read_page(path.read_text("utf-8")) for path in (here, there)}
    broken = ["there.html#gone", "gone.html", "#no", "gone.png"]
    assert find_broken(anatomies) == [f"here.html: {link}" for link in broken]
