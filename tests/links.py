"""The links of texts and pages, and the list of those that lead outside."""

import csv
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt

TOP = Path(__file__).parents[1]


class Anatomy(NamedTuple):
    """What a page links to, and the places in it that can be linked to."""

    links: list[str]
    places: set[str]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"href", "src"} and value:
                self.links.append(value)
            if name == "id" or (tag == "a" and name == "name"):
                self.places.add(value or "")


def read_page(page: str) -> Anatomy:
    reader = _Reader()
    reader.feed(page)
    return Anatomy(reader.links, reader.places)


def list_links(text: str) -> list[str]:
    """List what a Markdown text links to, bare addresses included, code left out."""
    renderer = MarkdownIt("commonmark", {"linkify": True}).enable(["table", "linkify"])
    assert renderer.linkify is not None
    renderer.linkify.set({"fuzzy_link": False, "fuzzy_email": False})  # README.md is no host
    return read_page(renderer.render(text)).links


def is_outside(link: str) -> bool:
    return urlsplit(link).scheme in {"http", "https"} or link.startswith("//")


def find_broken(anatomies: dict[Path, Anatomy]) -> list[str]:
    """List local links of pages that lead to no file, or to no such place in a page."""
    broken = []
    for path, anatomy in anatomies.items():
        for link in anatomy.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            place = unquote(parts.fragment)
            known = anatomies[target].places | {"", "top"} if target in anatomies else {place}
            if not target.exists() or place not in known:
                broken.append(f"{path.name}: {link}")
    return broken


def read_list() -> dict[str, str]:
    """Read the list of outside links: the title of the page at each address."""
    with (TOP / ".book" / "links.csv").open(encoding="utf-8", newline="") as file:
        return {row["address"]: row["title"] for row in csv.DictReader(file)}
