"""JupyterLab in a real Chromium, as a reader uses it: open a notebook, Run All, see the charts."""

import contextlib
import json
import re
import secrets
import shutil
import socket
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import wait_until
from tests.notebooks.editions import FOLDER, draws_a_chart, get_tags, read_code

pytestmark = pytest.mark.thorough

START_SECONDS = 60
RUN_SECONDS = 180

CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === "code")
    .map(cell => ({
        ended: cell.model.executionCount !== null && !cell.promptNode?.textContent.includes("*"),
        failed: cell.model.outputs.toJSON().some(output => output.output_type === "error"),
        source: cell.model.sharedModel.getSource(),
    }))
"""
KERNEL_IS_IDLE = """() =>
    window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"""
CHART = """image => {
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    const colours = new Set(new Uint32Array(pixels.buffer)).size;
    return [image.naturalWidth, image.getBoundingClientRect().width, colours];
}"""
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # every cell stays in the page, so that charts out of sight can be looked at too
    "notebook-extension/tracker": {"windowingMode": "none"},
}


@pytest.fixture(scope="module")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve copies of the notebooks in JupyterLab, on loopback; return the form of addresses."""
    del browser  # without one nothing is served
    home = tmp_path_factory.mktemp("lab")
    folder = Path(shutil.copytree(FOLDER, home / "notebooks"))
    for name, content in SETTINGS.items():
        target = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        target.parent.mkdir(parents=True)
        target.write_text(json.dumps(content), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port, token = probe.getsockname()[1], secrets.token_hex(16)
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": folder,
        "IdentityProvider.token": token,
        "LabApp.user_settings_dir": home / "settings",
        "LabApp.workspaces_dir": home / "workspaces",
    }
    command = [sys.executable, "-m", "jupyterlab", "--expose-app-in-browser", "--no-browser"]
    command += ["--allow-root", *(f"--{name}={value}" for name, value in options.items())]
    log, form = home / "lab.log", f"http://127.0.0.1:{port}/{{}}?token={token}"
    with log.open("wb") as file:
        process = psutil.Popen(command, cwd=folder, stdin=DEVNULL, stdout=file, stderr=file)

    def is_served() -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(form.format("api"), timeout=5):
            return True
        return False

    try:
        assert wait_until(is_served, START_SECONDS), log.read_text(errors="replace")[-2000:]
        yield form
    finally:
        family = [process, *process.children(recursive=True)]
        process.terminate()
        for survivor in psutil.wait_procs(family, timeout=15)[1]:
            survivor.kill()
        process.wait()


def run_all_and_look(page: Page, lab: str, name: str) -> None:
    """Run a notebook as a reader does: each cell ends as it says, and each chart can be seen."""
    written = read_code(name)
    page.goto(lab.format(f"lab/tree/{name}.ipynb") + "&reset")
    page.wait_for_function(KERNEL_IS_IDLE, timeout=START_SECONDS * 1000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    have_ended = f"() => ({CELLS})().every(cell => cell.ended)"
    page.wait_for_function(have_ended, timeout=RUN_SECONDS * 1000)
    page.wait_for_function(KERNEL_IS_IDLE)
    for shown, cell in zip(page.evaluate(CELLS), written, strict=True):
        assert shown["source"] == cell.source
        assert shown["failed"] == ("raises-exception" in get_tags(cell)), cell.source
    charts = page.locator("img[alt^='Chart. ']")
    expect(charts).to_have_count(sum(map(draws_a_chart, written)))
    for chart in charts.all():
        chart.scroll_into_view_if_needed()
        expect(chart).to_be_visible()
        width, shown_width, colours = chart.evaluate(CHART)
        assert width > 1000
        assert shown_width > 500
        assert colours > 3, "the chart is blank"
    expect(page.get_by_text("measuring: ")).to_have_count(0)


@pytest.mark.parametrize("name", ["00-start-here", "12-your-class"])
def test_run_all_finishes_every_cell_and_shows_every_chart(page: Page, lab: str, name: str) -> None:
    run_all_and_look(page, lab, name)


def test_run_all_gives_a_slider_that_bends_the_curve_by_keyboard(page: Page, lab: str) -> None:
    run_all_and_look(page, lab, "08-when-processes-pay")
    page.get_by_role("slider").focus()
    chart = page.locator("img[alt*=' can be shared out: ']")  # one, or what follows raises
    pictures = set()
    for key, percent in [("Home", "0.0"), ("ArrowRight", "0.5"), ("End", "100.0")]:
        page.keyboard.press(key)
        told = re.compile(f"^Chart. If {percent} % can be shared out")
        expect(chart).to_have_attribute("alt", told)
        pictures.add(chart.get_attribute("src"))
    assert len(pictures) == 3
    expect(page.get_by_text("100.0%", exact=True)).to_be_visible()
