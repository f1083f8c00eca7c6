"""A real Chromium for the tests of this folder, and the reader's edition built once for all."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.notebooks.editions import FOLDER
from tests.notebooks.running import shorten

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
OFF = ["gpu", "quic", "background-networking", "component-update", "sync"]
FLAGS = ["--headless", "--no-sandbox", "--no-first-run", *(f"--disable-{what}" for what in OFF)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a Chromium; without one the tests are skipped, unless CI insists."""
    if CHROMIUM is None:
        complain = pytest.fail if os.environ.get("GIL_DEMO_REQUIRE_BROWSER") else pytest.skip
        complain("no Chromium on PATH, which the browser tests need")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as browser,
    ):
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_page(viewport={"width": 1280, "height": 900}) as page:
        yield page


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the reader's edition as README says; return the folder with its pages.

    Measurements are short, since it is the pages that are looked at, not the figures.
    """
    home = tmp_path_factory.mktemp("book")
    command = [sys.executable, ".book", "--at-once=3", f"--output={home / 'html'}"]
    environment = os.environ | shorten(home)
    subprocess.run(command, cwd=FOLDER.parent, env=environment, check=True)
    return home / "html"
