"""The reader's edition in a real Chromium whose network ends at this machine.

Chromium writes down every request itself, in its net log; that is where the tests look.
"""

import functools
import json
import re
import runpy
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.links import TOP, find_broken, is_outside, read_list, read_page
from tests.notebooks.editions import FOLDER, NAMES, draws_a_chart, read_code

pytestmark = pytest.mark.thorough

TEXTS = sorted(path.stem for path in FOLDER.glob("*.md"))
WALK = ["index", *(f"notebooks/{name}" for name in [*NAMES, *TEXTS]), "changes"]
PAGES = [*WALK, "search"]
SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]
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

# what each page looks like under each scheme; what was asked for, and by which page ("": none)
Tour = tuple[dict[tuple[str, str], dict[str, Any]], list[tuple[str, str]]]


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
def tour(browser: Browser, book: Path, tmp_path_factory: pytest.TempPathFactory) -> Tour:
    """Visit every page under both colour schemes, and then the bait."""
    log = tmp_path_factory.mktemp("log") / "net-log.json"
    (book / "bait.html").write_text(f'<img src="{BAIT}" alt="">', encoding="utf-8")
    looks: dict[tuple[str, str], dict[str, Any]] = {}
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(book))
    flags = [*FLAGS, NO_NETWORK, f"--log-net-log={log}"]
    with (
        ThreadingHTTPServer((LOOPBACK, 0), handler) as server,
        browser.browser_type.launch(executable_path=CHROMIUM, args=flags) as own,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for scheme, name in [*product(SCHEMES, PAGES), ("light", "bait")]:
            with own.new_page(color_scheme=scheme) as page:
                address = f"http://{LOOPBACK}:{server.server_port}/{name}.html"
                looks[name, scheme] = visit(page, address)
        server.shutdown()
    told = json.loads(log.read_text(encoding="utf-8"))  # whole since that browser has ended
    start = told["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    asked = [event.get("params", {}) for event in told["events"] if event["type"] == start]
    return looks, [(params["url"], params["initiator"]) for params in asked if "url" in params]


def test_no_page_asks_for_anything_from_outside(tour: Tour) -> None:
    _, requests = tour
    assert {f"/{name}.html" for name in PAGES} <= {urlsplit(url).path for url, _ in requests}
    outside = [
        url
        for url, initiator in requests
        if urlsplit(initiator).hostname == LOOPBACK
        and urlsplit(url).scheme not in {"data", "blob"}
        and urlsplit(url).hostname != LOOPBACK
    ]
    assert outside == [BAIT]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_readable_in_light_and_dark(tour: Tour, name: str) -> None:
    light, dark = (tour[0][name, scheme] for scheme in SCHEMES)
    assert [light["faults"], dark["faults"]] == [[], []]
    assert light["paper"] > 0.9 > 0.3 > light["ink"]
    assert dark["paper"] < 0.15 < 0.7 < dark["ink"]
    if name == "index":  # with README's pictures
        assert [picture["width"] > 1000 for picture in light["pictures"]] == [True, True]
        for picture in light["pictures"]:
            assert picture["alternative"].startswith("Chart. Recorded run: ")


@pytest.mark.parametrize("name", NAMES)
def test_every_chart_is_shown_on_white_with_its_description(tour: Tour, name: str) -> None:
    drawn = [cell for cell in read_code(name) if draws_a_chart(cell)]
    recorded = [cell for cell in drawn if "draw(load_recorded(" in cell.source]
    for scheme in SCHEMES:
        look = tour[0][f"notebooks/{name}", scheme]
        assert re.search(r"This page was run on \d{4}-\d\d-\d\d: CPython", look["text"])
        assert len(look["pictures"]) >= len(drawn) >= 1
        for picture in look["pictures"]:
            assert picture["width"] > 1000
            assert picture["hidden"] or picture["shown_width"] > 500
            assert picture["paper"] == 1 or scheme == "light"
            told = r"Chart\. .*(\d\.\d|A sketch, not measured).*"
            assert re.fullmatch(told, picture["alternative"], re.DOTALL)
        named = [each for each in look["pictures"] if "recorded" in each["alternative"].lower()]
        assert len(named) >= len(recorded)


def test_next_leads_from_the_first_page_through_all_to_the_last(page: Page, book: Path) -> None:
    page.goto((book / "index.html").as_uri())
    for way, names in (("next", WALK[1:]), ("prev", WALK[-2::-1])):
        for name in names:
            page.locator(f"a.{way}-page").click()
            expect(page).to_have_url((book / f"{name}.html").as_uri())


def test_the_colours_change_at_a_press_and_the_search_finds_a_word(page: Page, book: Path) -> None:
    page.goto((book / "index.html").as_uri())
    seen = set()
    for _ in range(3):
        page.locator(".theme-toggle:visible").first.click()
        seen.add(round(page.evaluate(LOOK)["paper"]))
    assert seen == {0, 1}
    page.get_by_placeholder("Search").fill("convoy")
    page.get_by_placeholder("Search").press("Enter")
    found = page.locator("#search-results a", has_text="Find out when threads win")
    expect(found.first).to_be_visible()


def test_solutions_are_folded_until_a_reader_opens_them(page: Page, book: Path) -> None:
    page.goto((book / "notebooks" / "01-beazleys-countdown.html").as_uri())
    folded = page.locator("details", has_text="A solution")
    code = folded.first.locator("pre").first
    expect(folded).to_have_count(3)
    expect(code).to_be_hidden()
    folded.first.locator("summary").click()
    expect(code).to_be_visible()


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_hand_out_is_one_page_on_paper(page: Page, book: Path, paper: str) -> None:
    page.goto((book / "notebooks" / "on-one-page.html").as_uri())
    printed = page.pdf(format=paper, margin={"top": "1cm", "bottom": "1cm"})
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


def test_a_book_may_be_put_in_the_place_of_this_one(book: Path) -> None:
    assert runpy.run_path(str(TOP / ".book" / "__main__.py"))["is_replaceable"](book)


def test_pages_have_no_broken_link_no_open_question_and_no_widget(book: Path) -> None:
    pages = [book / f"{name}.html" for name in PAGES]
    texts = {path: path.read_text(encoding="utf-8") for path in pages}
    anatomies = {path: read_page(text) for path, text in texts.items()}
    assert find_broken(anatomies) == []
    outside = {link for one in anatomies.values() for link in one.links if is_outside(link)}
    assert set() < outside <= set(read_list())
    for text in (texts[book / "notebooks" / f"{name}.html"] for name in NAMES):
        assert "is still open" not in text
        assert "application/vnd.jupyter.widget" not in text
