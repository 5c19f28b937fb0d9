"""Demos in real front ends: run, saved, kernel gone, opened again, and not trusted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import TimeoutError

from tests.chromium import NEEDS_CHROMIUM
from tests.lab import HOST, answers, wait_until
from tests.ports import own_port

ROOT = Path(__file__).resolve().parent.parent
CODE = "from helpers.demos import adamw\nadamw.scene().show()"
STAGE = f"document.querySelector('{HOST}').stage"
DARK = {
    "theme": "JupyterLab Dark",
    "adaptive-theme": False,
}

pytestmark = [pytest.mark.slow, *NEEDS_CHROMIUM]


class Server:
    """A Jupyter server on a folder with one notebook that has one demo."""

    def __init__(self, folder: Path, app: str) -> None:
        self.folder, self.app, port = folder, app, own_port()
        self.address = f"http://127.0.0.1:{port}"
        env = {name: str(folder / name.lower()) for name in ("JUPYTER_DATA_DIR",)}
        env["JUPYTERLAB_SETTINGS_DIR"] = str(folder / "settings")
        env["JUPYTER_CONFIG_DIR"] = str(folder / "config")
        command = [sys.executable, "-m", "jupyter", app, "--no-browser", "--allow-root"]
        command += [f"--ServerApp.root_dir={folder}", f"--ServerApp.port={port}"]
        command += ["--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"]
        with (folder / "server.log").open("w") as log:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **env, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(lambda: answers(f"{self.address}/api"), 240, "the server")

    def url(self, name: str) -> str:
        middle = "lab/tree" if self.app == "lab" else "notebooks"
        return f"{self.address}/{middle}/{name}"

    def choose(self, settings: dict[str, object]) -> None:
        """Set the theme, as a learner would have."""
        path = self.folder / "settings/@jupyterlab/apputils-extension"
        path.mkdir(parents=True, exist_ok=True)
        (path / "themes.jupyterlab-settings").write_text(json.dumps(settings))

    def end_kernels(self) -> None:
        with urllib.request.urlopen(f"{self.address}/api/sessions") as reply:
            sessions = json.load(reply)
        assert sessions
        for session in sessions:
            url = f"{self.address}/api/sessions/{session['id']}"
            urllib.request.urlopen(urllib.request.Request(url, method="DELETE"))


@pytest.fixture(scope="module", params=["lab", "notebook"])
def server(request, tmp_path_factory):
    if request.param == "notebook":
        pytest.importorskip("notebook", "7")
    folder = tmp_path_factory.mktemp(request.param)
    cells = [nbformat.v4.new_code_cell(CODE)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, folder / "demo.ipynb")
    made = Server(folder, request.param)
    yield made
    made.process.terminate()
    made.process.wait(60)


def opened(browser, server: Server, name: str, width: int = 1300):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(240_000)
    page.add_locator_handler(page.locator(".jp-Dialog"), answer)
    page.goto(server.url(name))
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    return page


def answer(dialog) -> None:
    """Take a dialog's own proposal, as a person does whom it disturbs; say what it was.

    A busy server is one that Jupyter believes lost, and asks about.
    """
    print("A dialog:", " ".join(dialog.inner_text().split()))
    dialog.locator(".jp-mod-accept").click()


def run_first_cell(page) -> None:
    """Press Shift+Enter until its demo is there: a page that starts may lose a key."""
    for _ in range(4):
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")
        with suppress(TimeoutError):
            page.wait_for_function(
                f"document.querySelector('{HOST}')?.stage", timeout=60_000
            )
            return


def moves(page) -> None:
    """Play until the picture has changed, then pause."""
    page.wait_for_function(f"document.querySelector('{HOST}')?.stage")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(f"{STAGE}.demo.runs()[0].path.length > 100")
    page.get_by_role("button", name="Pause", exact=True).click()


@pytest.mark.timeout(2400)
def test_demo_is_run_saved_and_opened_again(browser, server):
    page = opened(browser, server, "demo.ipynb")
    page.locator(".jp-CodeCell .cm-content").click()
    page.wait_for_function(
        "document.querySelector('.jp-Notebook-ExecutionIndicator')"
        "?.dataset.status === 'idle'"
    )
    run_first_cell(page)
    moves(page)
    page.keyboard.press("Control+S")
    path = server.folder / "demo.ipynb"
    wait_until(lambda: "text/html" in path.read_text("utf-8"), 60, "the saved output")
    page.close()
    server.end_kernels()

    for theme, settings in {"light": {}, "dark": DARK}.items():
        server.choose(settings)
        page = opened(browser, server, "demo.ipynb", 900)
        moves(page)
        ink = page.evaluate(f"{STAGE}.pen.theme.ink")
        assert ink == {"light": "#1b1b1b", "dark": "#f0f0f0"}[theme]
        page.screenshot(path=server.folder / f"{server.app}-{theme}.png")
        page.close()
    server.choose({})


@pytest.mark.timeout(2400)
def test_without_trust_there_is_the_picture_and_what_to_do(browser, server):
    """The test above has saved the output; another hand has been in the file since."""
    notebook = nbformat.read(server.folder / "demo.ipynb", as_version=4)
    notebook.cells[0].source += "  # changed by somebody"
    data = notebook.cells[0].outputs[0].data
    data["text/html"] += " "
    nbformat.write(notebook, server.folder / "foreign.ipynb")
    page = opened(browser, server, "foreign.ipynb")
    panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")  # others are restored
    output = panel.locator(".jp-OutputArea").first
    output.get_by_text("Run this cell to move it").wait_for()
    assert output.locator("img").get_attribute("alt")
    assert not output.locator("canvas").count()
    page.screenshot(path=server.folder / f"{server.app}-untrusted.png")
    page.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_demo_moves_in_an_exported_page(browser, server, theme, tmp_path):
    notebook = nbformat.read(server.folder / "demo.ipynb", as_version=4)
    exported, _ = HTMLExporter(theme=theme).from_notebook_node(notebook)
    path = tmp_path / "demo.html"
    path.write_text(exported, "utf-8")
    page = browser.new_page(viewport={"width": 900, "height": 900})
    page.goto(path.as_uri())
    moves(page)
    ink = page.evaluate(f"{STAGE}.pen.theme.ink")
    assert ink == {"light": "#1b1b1b", "dark": "#f0f0f0"}[theme]
    page.screenshot(path=server.folder / f"exported-{theme}.png")
    page.close()
