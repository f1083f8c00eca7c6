"""The reader's edition in a real Chromium whose network ends at this machine.

Chromium writes down every request itself, in its net log; that is where the tests look.
"""

import functools
import json
import re
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Playwright, expect

from tests.browser.conftest import FLAGS
from tests.links import find_broken, is_outside, read_list, read_page
from tests.notebooks.editions import NAMES, draws_a_chart, read_code

pytestmark = pytest.mark.thorough

WALK = ["index", *(f"notebooks/{name}" for name in NAMES), "teaching", "changes"]
PAGES = [*WALK, "search"]
SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]
EXERCISES = 3  # in each notebook
LOOPBACK = "127.0.0.1"
BAIT = "http://outside.example/bait.png"  # asked for by a page of its own, to be found in the log
NO_NETWORK = f"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE {LOOPBACK}"

LOOK = """() => {
    const shade = (element, property) => {
        const colour = getComputedStyle(element)[property].match(/[0-9.]+/g).map(Number);
        return Math.round((2126 * colour[0] + 7152 * colour[1] + 722 * colour[2]) / 25500) / 100;
    };
    return {
        paper: shade(document.body, "backgroundColor"),
        ink: shade(document.body, "color"),
        text: document.body.innerText,
        pictures: [...document.images].map(image => ({
            width: image.complete && image.naturalWidth,
            alternative: image.alt,
            paper: shade(image, "backgroundColor"),
            hidden: image.closest("details:not([open])") !== null,
            shown_width: image.getBoundingClientRect().width,
        })),
    };
}"""


class Tour(NamedTuple):
    """What every page looked like under both colour schemes, and what was asked for meanwhile."""

    looks: dict[tuple[str, str], dict[str, Any]]
    requests: list[tuple[str, str]]


def visit(page: Page, address: str) -> dict[str, Any]:
    """Tell how a page looks; what failed, or axe finds serious, is among its faults."""
    faults: list[str] = []
    page.on("response", lambda answer: faults.append(answer.url) if answer.status > 399 else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    for rule in Axe().run(page).response["violations"]:
        if rule["impact"] in {"serious", "critical"}:
            faults += [f"{rule['id']}: {node['html']}" for node in rule["nodes"]]
    return {**page.evaluate(LOOK), "faults": faults}


@pytest.fixture(scope="module")
def tour(
    chromium: str, playwright: Playwright, book: Path, tmp_path_factory: pytest.TempPathFactory
) -> Tour:
    log = tmp_path_factory.mktemp("log") / "net-log.json"
    flags = [*FLAGS, NO_NETWORK, f"--log-net-log={log}"]
    bait = book / "bait.html"
    bait.write_text(f'<img src="{BAIT}" alt="">', encoding="utf-8")
    looks: dict[tuple[str, str], dict[str, Any]] = {}
    browser = playwright.chromium.launch(executable_path=chromium, args=flags)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(book))
    with ThreadingHTTPServer((LOOPBACK, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        origin = f"http://{LOOPBACK}:{server.server_port}"
        for scheme in SCHEMES:
            for name in PAGES:
                page = browser.new_page(color_scheme=scheme)
                looks[name, scheme] = visit(page, f"{origin}/{name}.html")
                page.close()
        page = browser.new_page()
        page.goto(f"{origin}/{bait.name}")
        page.wait_for_load_state("networkidle")
        server.shutdown()
        browser.close()  # the log is whole when the browser has ended
    return Tour(looks, read_requests(log))


def read_requests(log: Path) -> list[tuple[str, str]]:
    """List what was asked for in a net log, each with the page that asked; "" for Chromium."""
    told = json.loads(log.read_text(encoding="utf-8"))
    start = told["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    asked = [event.get("params", {}) for event in told["events"] if event["type"] == start]
    return [(params["url"], params["initiator"]) for params in asked if "url" in params]


def test_no_page_asks_for_anything_from_outside(tour: Tour) -> None:
    assert {f"/{name}.html" for name in PAGES} <= {urlsplit(url).path for url, _ in tour.requests}
    outside = [
        url
        for url, initiator in tour.requests
        if urlsplit(initiator).hostname == LOOPBACK
        and urlsplit(url).scheme not in {"data", "blob"}
        and urlsplit(url).hostname != LOOPBACK
    ]
    assert outside == [BAIT]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_readable_in_light_and_dark(tour: Tour, name: str) -> None:
    light, dark = (tour.looks[name, scheme] for scheme in SCHEMES)
    assert [light["faults"], dark["faults"]] == [[], []]
    assert light["paper"] > 0.9 > 0.3 > light["ink"]
    assert dark["paper"] < 0.15 < 0.7 < dark["ink"]


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_is_shown_on_white_with_its_description(tour: Tour, name: str) -> None:
    drawn = [cell for cell in read_code(name) if draws_a_chart(cell)]
    recorded = [cell for cell in drawn if "draw(load_recorded(" in cell.source]
    for scheme in SCHEMES:
        look = tour.looks[f"notebooks/{name}", scheme]
        assert re.search(r"This page was run on \d{4}-\d\d-\d\d: CPython", look["text"])
        assert len(look["pictures"]) >= len(drawn) >= 1
        for picture in look["pictures"]:
            assert picture["width"] > 1000
            assert picture["hidden"] or picture["shown_width"] > 500
            assert picture["paper"] == 1 or scheme == "light"
            assert re.fullmatch(r"Chart\. .*\d\.\d.*", picture["alternative"], re.DOTALL)
        named = [each for each in look["pictures"] if "recorded" in each["alternative"].lower()]
        assert len(named) >= len(recorded)


def test_the_first_page_shows_readmes_pictures(tour: Tour) -> None:
    pictures = tour.looks["index", "light"]["pictures"]
    assert [picture["width"] > 1000 for picture in pictures] == [True, True]
    assert all(each["alternative"].startswith("Chart. Recorded run: ") for each in pictures)


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


def test_no_page_asks_for_an_answer_or_has_a_widget(book: Path) -> None:
    for name in NAMES:
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
