"""The reader's edition in a real Chromium whose network ends at this machine.

Chromium writes down every request itself, in its net log; that is where the tests look.
"""

import functools
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser.conftest import FLAGS
from tests.links import find_broken, is_outside, read_list, read_page
from tests.notebooks.editions import NAMES, draws_a_chart, read_code

pytestmark = pytest.mark.thorough

WALK = ["index", *(f"notebooks/{name}" for name in NAMES), "teaching", "changes"]
PAGES = [*WALK, "search"]
SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]
EXERCISES = 3  # in each notebook
LOOPBACK = "127.0.0.1"
OUTSIDE = "http://outside.example"
NO_NETWORK = f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {LOOPBACK}"

LOOK = """() => {
    const shade = colour => {
        const [red, green, blue] = colour.match(/[0-9.]+/g).map(Number);
        return Math.round((2126 * red + 7152 * green + 722 * blue) / 25500) / 100;
    };
    return {
        paper: shade(getComputedStyle(document.body).backgroundColor),
        ink: shade(getComputedStyle(document.body).color),
        text: document.body.innerText,
        pictures: [...document.images].map(image => ({
            complete: image.complete,
            width: image.naturalWidth,
            alternative: image.alt,
            paper: shade(getComputedStyle(image).backgroundColor),
            hidden: image.closest("details:not([open])") !== null,
            shown_width: image.getBoundingClientRect().width,
        })),
    };
}"""


class Visit(NamedTuple):
    """What a page looked like, what axe found serious, and what could not be had."""

    look: dict[str, Any]
    serious: list[str]
    failures: list[str]


class Tour(NamedTuple):
    """Visits of every page under both colour schemes, and what Chromium asked for meanwhile."""

    visits: dict[tuple[str, str], Visit]
    requests: list[tuple[str, str]]
    origin: str


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Leave the tests' output alone."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    handler = functools.partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer((LOOPBACK, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def browse(playwright: Playwright, chromium: str, log: Path) -> Iterator[Browser]:
    flags = [*FLAGS, NO_NETWORK, f"--log-net-log={log}"]
    browser = playwright.chromium.launch(executable_path=chromium, args=flags)
    yield browser
    # the log is whole when the browser has ended
    browser.close()


def visit(page: Page, address: str) -> Visit:
    failures: list[str] = []
    page.on("response", lambda answer: failures.append(answer.url) if answer.status > 399 else None)
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    look = page.evaluate(LOOK)
    found = Axe().run(page).response["violations"]
    serious = [
        f"{rule['id']}: {node['html']}"
        for rule in found
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]
    return Visit(look, serious, failures)


@pytest.fixture(scope="module")
def tour(
    chromium: str, playwright: Playwright, book: Path, tmp_path_factory: pytest.TempPathFactory
) -> Tour:
    log = tmp_path_factory.mktemp("log") / "net-log.json"
    visits: dict[tuple[str, str], Visit] = {}
    with serve(book) as origin, browse(playwright, chromium, log) as browser:
        for scheme in SCHEMES:
            for name in PAGES:
                page = browser.new_page(
                    color_scheme=scheme, viewport={"width": 1280, "height": 900}
                )
                visits[name, scheme] = visit(page, f"{origin}/{name}.html")
                page.close()
    return Tour(visits, read_requests(log), origin)


def read_requests(log: Path) -> list[tuple[str, str]]:
    """List what was asked for in a net log, each with the page that asked; "" for Chromium."""
    told = json.loads(log.read_text(encoding="utf-8"))
    start = told["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    asked = [event.get("params", {}) for event in told["events"] if event["type"] == start]
    return [(params["url"], params["initiator"]) for params in asked if "url" in params]


def list_outside(requests: list[tuple[str, str]]) -> list[str]:
    """List requests to other machines that a page of this machine made."""
    return [
        url
        for url, initiator in requests
        if urlsplit(initiator).hostname == LOOPBACK
        and urlsplit(url).scheme not in {"data", "blob"}
        and urlsplit(url).hostname != LOOPBACK
    ]


def test_no_page_asks_for_anything_from_outside(tour: Tour) -> None:
    asked = {url for url, _ in tour.requests}
    assert {f"{tour.origin}/{name}.html" for name in PAGES} <= asked
    assert list_outside(tour.requests) == []


def test_a_page_that_asks_for_something_from_outside_would_be_caught(
    chromium: str, playwright: Playwright, tmp_path: Path
) -> None:
    pages, log = tmp_path / "pages", tmp_path / "net-log.json"
    pages.mkdir()
    (pages / "index.html").write_text(f'<img src="{OUTSIDE}/a.png" alt="">', encoding="utf-8")
    with serve(pages) as origin, browse(playwright, chromium, log) as browser:
        page = browser.new_page()
        page.goto(origin)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.images[0].naturalWidth") == 0
    assert list_outside(read_requests(log)) == [f"{OUTSIDE}/a.png"]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_axe_finds_nothing_serious(tour: Tour, name: str, scheme: str) -> None:
    assert tour.visits[name, scheme].failures == []
    assert tour.visits[name, scheme].serious == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", NAMES)
def test_every_chart_is_shown_with_its_description(tour: Tour, name: str, scheme: str) -> None:
    look = tour.visits[f"notebooks/{name}", scheme].look
    drawn = [cell for cell in read_code(name) if draws_a_chart(cell)]
    assert len(look["pictures"]) >= len(drawn) >= 1
    for picture in look["pictures"]:
        assert picture["complete"]
        assert picture["width"] > 1000
        assert picture["hidden"] or picture["shown_width"] > 500
        assert re.fullmatch(r"Chart\. .*\d\.\d.*", picture["alternative"], re.DOTALL)
    recorded = [cell for cell in drawn if "load_recorded" in cell.source]
    named = [each for each in look["pictures"] if "recorded" in each["alternative"].lower()]
    assert len(named) >= len(recorded)
    assert re.search(r"This page was run on \d{4}-\d\d-\d\d: CPython", look["text"])


def test_the_first_page_shows_readmes_pictures(tour: Tour) -> None:
    pictures = tour.visits["index", "light"].look["pictures"]
    assert len(pictures) == 2
    for picture in pictures:
        assert picture["width"] > 1000
        assert picture["alternative"].startswith("Chart. Recorded run: ")


@pytest.mark.parametrize("name", PAGES)
def test_dark_pages_are_dark_and_charts_keep_their_white_paper(tour: Tour, name: str) -> None:
    light, dark = (tour.visits[name, scheme].look for scheme in SCHEMES)
    assert light["paper"] > 0.9 > 0.3 > light["ink"]
    assert dark["paper"] < 0.15 < 0.7 < dark["ink"]
    if name.startswith("notebooks/"):
        assert {picture["paper"] for picture in dark["pictures"]} == {1}


def test_next_leads_from_the_first_page_through_all_to_the_last(page: Page, book: Path) -> None:
    page.goto((book / "index.html").as_uri())
    for name in WALK[1:]:
        page.locator("a.next-page").click()
        expect(page).to_have_url((book / f"{name}.html").as_uri())
    for name in reversed(WALK[:-1]):
        page.locator("a.prev-page").click()
        expect(page).to_have_url((book / f"{name}.html").as_uri())


def test_the_search_finds_a_page_by_its_words(page: Page, book: Path) -> None:
    page.goto((book / "index.html").as_uri())
    page.get_by_placeholder("Search").fill("convoy")
    page.get_by_placeholder("Search").press("Enter")
    found = page.locator("#search-results a", has_text="Find out when threads win")
    expect(found.first).to_be_visible()


def test_solutions_are_folded_until_a_reader_opens_them(page: Page, book: Path) -> None:
    page.goto((book / "notebooks" / "01-beazleys-countdown.html").as_uri())
    folded = page.locator("details", has_text="Show the solution")
    expect(folded).to_have_count(EXERCISES)
    expect(folded.first.locator("pre").first).to_be_hidden()
    folded.first.locator("summary").click()
    expect(folded.first.locator("pre").first).to_be_visible()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_asks_for_no_answer_and_has_no_widget(book: Path, name: str) -> None:
    text = (book / "notebooks" / f"{name}.html").read_text(encoding="utf-8")
    assert "is still open" not in text
    assert text.count("Right: ") == EXERCISES
    assert "application/vnd.jupyter.widget" not in text


def test_the_colours_change_at_the_press_of_a_button(page: Page, book: Path) -> None:
    page.goto((book / "index.html").as_uri())
    seen = set()
    for _ in range(3):
        page.locator(".theme-toggle:visible").first.click()
        seen.add(round(page.evaluate(LOOK)["paper"]))
    assert seen == {0, 1}


def test_no_local_link_of_the_book_is_broken_and_outside_links_are_listed(book: Path) -> None:
    pages = [book / f"{name}.html" for name in PAGES]
    anatomies = {path: read_page(path.read_text(encoding="utf-8")) for path in pages}
    assert find_broken(anatomies) == []
    outside = {link for one in anatomies.values() for link in one.links if is_outside(link)}
    assert set() < outside <= set(read_list())
