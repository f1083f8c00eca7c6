"""JupyterLab in a real Chromium, as a reader uses it: open a notebook, Run All, see the charts."""

import contextlib
import json
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.notebooks.editions import FOLDER, NAMES, draws_a_chart, get_tags, read_code

pytestmark = pytest.mark.thorough

START_SECONDS = 60
RUN_SECONDS = 180

CELL_STATES = """() => {
    const panel = window.jupyterapp.shell.currentWidget;
    return panel.content.widgets
        .filter(cell => cell.model.type === "code")
        .map(cell => ({
            count: cell.model.executionCount,
            prompt: cell.promptNode ? cell.promptNode.textContent : "",
            errors: cell.model.outputs.toJSON().filter(o => o.output_type === "error").length,
            source: cell.model.sharedModel.getSource(),
        }));
}"""
KERNEL_STATUS = """() => {
    const panel = window.jupyterapp.shell.currentWidget;
    const kernel = panel && panel.sessionContext && panel.sessionContext.session
        && panel.sessionContext.session.kernel;
    return kernel ? kernel.status : "none";
}"""
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # every cell stays in the page, so that charts out of sight can be looked at too
    "notebook-extension/tracker": {"windowingMode": "none"},
}


class Lab(NamedTuple):
    address: str
    token: str


@pytest.fixture(scope="module")
def lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Serve copies of the notebooks in JupyterLab, on loopback and with a token."""
    del chromium  # without one nothing is served
    home = tmp_path_factory.mktemp("lab")
    folder = Path(shutil.copytree(FOLDER, home / "notebooks"))
    for name, content in SETTINGS.items():
        target = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        target.parent.mkdir(parents=True)
        target.write_text(json.dumps(content), encoding="utf-8")
    port, token = find_free_port(), secrets.token_hex(16)
    address = f"http://127.0.0.1:{port}"
    process = start_lab(home, folder, port, token)
    try:
        wait_until_served(process, f"{address}/api?token={token}", home / "lab.log")
        yield Lab(address, token)
    finally:
        end_with_children(process)


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_lab(home: Path, folder: Path, port: int, token: str) -> "subprocess.Popen[bytes]":
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": folder,
        "IdentityProvider.token": token,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "LabApp.user_settings_dir": home / "settings",
        "LabApp.workspaces_dir": home / "workspaces",
    }
    command = [sys.executable, "-m", "jupyterlab", "--expose-app-in-browser"]
    command += [f"--{name}={value}" for name, value in options.items()]
    with (home / "lab.log").open("wb") as log:
        return subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def wait_until_served(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start: {log.read_text(errors='replace')[-2000:]}")


def end_with_children(process: "subprocess.Popen[bytes]") -> None:
    children = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    _, alive = psutil.wait_procs([psutil.Process(process.pid), *children], timeout=15)
    for survivor in alive:
        survivor.kill()
    process.wait()


def open_notebook(page: Page, lab: Lab, name: str) -> None:
    page.goto(f"{lab.address}/lab/tree/{name}.ipynb?token={lab.token}&reset")
    page.wait_for_function("() => window.jupyterapp && window.jupyterapp.shell.currentWidget")
    page.wait_for_function(f"() => ({KERNEL_STATUS})() === 'idle'", timeout=START_SECONDS * 1000)


def run_all(page: Page) -> None:
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_function(
        f"() => ({CELL_STATES})().every(cell => cell.count !== null && !cell.prompt.includes('*'))",
        timeout=RUN_SECONDS * 1000,
    )
    page.wait_for_function(f"() => ({KERNEL_STATUS})() === 'idle'")


@pytest.mark.parametrize("name", NAMES)
def test_run_all_finishes_every_cell_and_shows_every_chart(page: Page, lab: Lab, name: str) -> None:
    written = read_code(name)
    open_notebook(page, lab, name)
    run_all(page)
    for state, cell in zip(page.evaluate(CELL_STATES), written, strict=True):
        assert state["source"] == cell.source
        assert bool(state["errors"]) == ("raises-exception" in get_tags(cell)), cell.source
    charts = page.locator("img[alt^='Chart. ']")
    expect(charts).to_have_count(sum(map(draws_a_chart, written)))
    for number in range(charts.count()):
        chart = charts.nth(number)
        chart.scroll_into_view_if_needed()
        expect(chart).to_be_visible()
        assert chart.evaluate("image => image.complete && image.naturalWidth > 1000")
        assert chart.evaluate("image => image.getBoundingClientRect().width") > 500
    expect(page.get_by_text("measuring: ")).to_have_count(0)


def test_the_slider_bends_the_curve_by_keyboard(page: Page, lab: Lab) -> None:
    open_notebook(page, lab, "05-what-processes-cost")
    run_all(page)
    slider = page.get_by_role("slider")
    expect(slider).to_have_count(1)
    chart = page.locator("img[alt*=' can be shared out: ']")
    expect(chart).to_have_count(1)
    slider.scroll_into_view_if_needed()
    slider.focus()
    page.keyboard.press("Home")
    expect(chart).to_have_attribute("alt", re.compile("^Chart. If 0.0 % can be shared out"))
    lowest = chart.get_attribute("src")
    page.keyboard.press("ArrowRight")
    expect(chart).to_have_attribute("alt", re.compile("^Chart. If 0.5 % can be shared out"))
    page.keyboard.press("End")
    expect(chart).to_have_attribute(
        "alt", re.compile("^Chart. If 100.0 % can be shared out: no limit")
    )
    assert chart.get_attribute("src") != lowest
    expect(page.get_by_text("100.0%", exact=True)).to_be_visible()


def test_solutions_are_collapsed_until_a_reader_opens_them(page: Page, lab: Lab) -> None:
    name = "01-beazleys-countdown"
    open_notebook(page, lab, name)
    solutions = [cell for cell in read_code(name) if "solution" in get_tags(cell)]
    hidden = page.locator(".jp-CodeCell .jp-Placeholder")
    expect(hidden).to_have_count(len(solutions))
    first_line = solutions[0].source.splitlines()[0]
    expect(page.locator(".cm-line", has_text=first_line)).to_have_count(0)
    hidden.first.locator(".jp-MoreHorizIcon").click()
    expect(page.locator(".cm-line", has_text=first_line)).to_have_count(1)


def test_the_stop_button_ends_a_measurement_and_the_kernel_answers(page: Page, lab: Lab) -> None:
    open_notebook(page, lab, "00-start-here")
    replies = page.evaluate(
        """async () => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const ask = async code => {
                const future = kernel.requestExecute({ code });
                let text = "";
                future.onIOPub = message => { text += message.content.text || ""; };
                const reply = await future.done;
                return [reply.content.status, reply.content.ename || "", text];
            };
            const long = ask("from gil_demo import compare; compare(budget=60, precision=1e-9)");
            await new Promise(resolve => setTimeout(resolve, 4000));
            await kernel.interrupt();
            const interrupted = await long;
            const next = await ask(
                "import multiprocessing; print(len(multiprocessing.active_children()))");
            return [interrupted, next];
        }"""
    )
    (status, error, _), (next_status, _, next_text) = replies
    assert (status, error) == ("error", "KeyboardInterrupt")
    assert (next_status, next_text) == ("ok", "0\n")
