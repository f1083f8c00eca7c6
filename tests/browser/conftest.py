"""A real Chromium for the tests of this folder, and the reader's edition built once for all."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.notebooks.editions import FOLDER
from tests.notebooks.running import shorten

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
OFF = ["gpu", "quic", "background-networking", "component-update", "sync"]
FLAGS = ["--headless", "--no-sandbox", "--no-first-run", *(f"--disable-{what}" for what in OFF)]


@pytest.fixture(scope="module")
def chromium() -> str:
    """Return the path of a Chromium; without one the tests are skipped, unless CI insists."""
    if CHROMIUM is None:
        complain = pytest.fail if os.environ.get("GIL_DEMO_REQUIRE_BROWSER") else pytest.skip
        complain("no Chromium on PATH, which the browser tests need")
    return CHROMIUM


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(chromium: str, playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    yield page
    page.close()


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the reader's edition as README says; return the folder with its pages.

    Measurements are short, since it is the pages that are looked at, not the figures.
    """
    home = tmp_path_factory.mktemp("book")
    output, environment = home / "html", os.environ | shorten(home)
    command = [sys.executable, ".book", "--at-once=3", f"--output={output}"]
    subprocess.run(command, cwd=FOLDER.parent, env=environment, check=True)
    return output
