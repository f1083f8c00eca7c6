from pathlib import Path

from tests.links import TOP, Anatomy, find_broken, is_outside, list_links, read_list, read_page
from tests.notebooks.editions import NOTEBOOKS, list_cells, read

TEXTS = [TOP / "README.md", *sorted(TOP.glob("notebooks/*.md")), *TOP.glob(".github/*.md")]


def test_no_local_link_is_broken_and_outside_links_are_listed() -> None:
    sources = {path: [path.read_text("utf-8")] for path in TEXTS}
    for path in NOTEBOOKS:
        sources[path] = [cell.source for cell in list_cells(read(path), "markdown")]
    for path, texts in sources.items():
        links = [link for text in texts for link in list_links(text)]
        assert find_broken({path: Anatomy(links, set())}) == []
        assert set(filter(is_outside, links)) <= set(read_list()), path.name


def test_the_list_gives_each_address_once_with_a_title_in_order() -> None:
    rows = (TOP / ".book" / "links.csv").read_text("utf-8").splitlines()[1:]
    assert list(read_list()) == sorted(read_list())
    assert len(rows) == len(read_list())
    assert all(title.strip() and is_outside(address) for address, title in read_list().items())


def test_links_are_found_in_every_form_but_not_in_code_and_broken_ones_told(tmp_path: Path) -> None:
    text = """README.md [a](a.md) ![b](b.png) <https://c.example> https://d.example

| <a href="e.md">e</a> [f](f.md#place) |
|---|

`[g](g.md)` [i]

    https://h.example

[i]: i.md"""
    expected = ["a.md", "b.png", "https://c.example", "https://d.example", "e.md", "f.md#place"]
    assert list_links(text) == [*expected, "i.md"]
    page = (
        '<a href="there.html">1</a><a href="there.html#top">2</a><a href="#own">3</a>'
        '<a href="there.html#gone">4</a><a href="gone.html">5</a><a href="#no">6</a><p id="own">'
        '<a href="https://outside.example">7</a><img src="gone.png"><img src="data:,8">'
    )
    anatomies = {}
    for name, content in (("here.html", page), ("there.html", '<h1 id="top">there</h1>')):
        (tmp_path / name).write_text(content, encoding="utf-8")
        anatomies[tmp_path / name] = read_page(content)
    broken = ["there.html#gone", "gone.html", "#no", "gone.png"]
    assert find_broken(anatomies) == [f"here.html: {link}" for link in broken]
