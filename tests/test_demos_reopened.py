"""Demos in other front ends than JupyterLab: run, saved, kernel gone, opened again.

In Notebook 7, each third day, and in pages that nbconvert exports. JupyterLab has its
turn in tests/test_lab_looks.py and in the newcomer's hour, tests/test_browser.py.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

from helpers.demos import adamw
from helpers.show import display
from staff.ci import effort
from tests.chromium import NEEDS_CHROMIUM
from tests.lab import HOST, plays, serving, wait_until
from tests.ports import own_port

ROOT = Path(__file__).resolve().parent.parent
CODE = "from helpers.demos import adamw\nadamw.scene().show()"
INK = f"document.querySelector('{HOST}').stage.pen.theme.ink"
INKS = {"light": "#1b1b1b", "dark": "#f0f0f0"}
THEMES = [*INKS] if effort.everything() else [[*INKS][effort.today(2)]]

pytestmark = [pytest.mark.slow, *NEEDS_CHROMIUM]


@dataclass
class Server:
    """Notebook 7 on a folder with a notebook that has one demo."""

    folder: Path
    address: str

    def choose(self, theme: str) -> None:
        """Set the theme, as a learner would have."""
        path = self.folder / "settings/@jupyterlab/apputils-extension"
        path.mkdir(parents=True, exist_ok=True)
        chosen = {"theme": f"JupyterLab {theme.title()}", "adaptive-theme": False}
        (path / "themes.jupyterlab-settings").write_text(json.dumps(chosen))

    def end_kernels(self) -> None:
        with urllib.request.urlopen(f"{self.address}/api/sessions") as reply:
            sessions = json.load(reply)
        assert sessions
        for session in sessions:
            url = f"{self.address}/api/sessions/{session['id']}"
            urllib.request.urlopen(urllib.request.Request(url, method="DELETE"))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if not effort.everything() and effort.today(3):
        pytest.skip("on another day, or with COURSE_TESTS=all")
    pytest.importorskip("notebook", "7")
    folder, port = tmp_path_factory.mktemp("notebook"), own_port()
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    cells = [nbformat.v4.new_code_cell(CODE)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, folder / "demo.ipynb")
    own = {"JUPYTER_DATA_DIR": "data", "JUPYTER_CONFIG_DIR": "config"}
    own |= {"JUPYTERLAB_SETTINGS_DIR": "settings"}
    env = {name: str(folder / place) for name, place in own.items()}
    command = [sys.executable, "-m", "jupyter", "notebook", "--no-browser"]
    command += ["--allow-root", f"--ServerApp.root_dir={folder}"]
    command += [f"--ServerApp.port={port}", "--IdentityProvider.token="]
    command += ["--ServerApp.disable_check_xsrf=True"]
    env = {**os.environ, **env, "PYTHONPATH": str(ROOT)}
    log = folder / "server.log"
    with serving(command, port, cwd=folder, env=env, log=log) as address:
        yield Server(folder, address)


def opened(browser, server: Server, name: str, width: int = 1300):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(240_000)
    page.goto(f"{server.address}/notebooks/{name}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    return page


@pytest.mark.timeout(2400)
def test_demo_is_run_saved_and_opened_again(browser, server):
    page = opened(browser, server, "demo.ipynb")
    page.locator(".jp-CodeCell .cm-content").click()
    page.wait_for_function(
        "document.querySelector('.jp-Notebook-ExecutionIndicator')"
        "?.dataset.status === 'idle'"
    )
    page.keyboard.press("Shift+Enter")
    plays(page)
    page.keyboard.press("Control+S")
    path = server.folder / "demo.ipynb"
    wait_until(lambda: "text/html" in path.read_text("utf-8"), 60, "the saved output")
    page.close()
    server.end_kernels()

    for theme in THEMES:
        server.choose(theme)
        page = opened(browser, server, "demo.ipynb", 900)
        plays(page)
        assert page.evaluate(INK) == INKS[theme]
        page.screenshot(path=server.folder / f"{theme}.png")
        page.close()
    foreign(browser, server)


def foreign(browser, server: Server) -> None:
    """Where another hand has been in the file, there is a picture, and what to do."""
    notebook = nbformat.read(server.folder / "demo.ipynb", as_version=4)
    notebook.cells[0].source += "  # changed by somebody"
    notebook.cells[0].outputs[0].data["text/html"] += " "
    nbformat.write(notebook, server.folder / "foreign.ipynb")
    page = opened(browser, server, "foreign.ipynb")
    output = page.locator(".jp-OutputArea").first
    output.get_by_text("Run this cell to move it").wait_for()
    assert output.locator("img").get_attribute("alt")
    assert not output.locator("canvas").count()
    page.close()


@pytest.mark.timeout(600)
def test_demo_moves_in_an_exported_page(browser, tmp_path):
    scene = adamw.scene()
    still = display.picture_html(display.png(scene.picture()), scene.alt)
    data = {"text/html": scene.fragment(still), "text/plain": scene.alt}
    output = nbformat.v4.new_output("display_data", data=data)
    cells = [nbformat.v4.new_code_cell(CODE, outputs=[output])]
    page = browser.new_page(viewport={"width": 900, "height": 900})
    for theme, ink in INKS.items():
        exporter = HTMLExporter(theme=theme)
        notebook = nbformat.v4.new_notebook(cells=cells)
        path = tmp_path / f"{theme}.html"
        path.write_text(exporter.from_notebook_node(notebook)[0], "utf-8")
        page.goto(path.as_uri())
        plays(page)
        assert page.evaluate(INK) == ink
    page.close()
