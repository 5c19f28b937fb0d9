"""Jupyter's servers and what a person does in their pages, for tests in a browser."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chromium import chromium
from tests.ports import own_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = [
    "FRONT",
    "HOST",
    "OPEN",
    "NotebookPage",
    "answers",
    "browser_page",
    "jupyter",
    "plays",
    "serving",
    "wait_until",
]

OPEN = ["--no-browser", "--IdentityProvider.token=", "--expose-app-in-browser"]
FRONT = ".jp-NotebookPanel:not(.lm-mod-hidden)"  # the notebook that is seen
HOST = "[id^=demo-]"  # the element that a demo lives in


def answers(url: str) -> bool:
    """Tell whether a server answers there."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait for a condition; raise TimeoutError, which says what it is."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.3)
    raise TimeoutError(f"waited {seconds} s for {what}")


@contextmanager
def serving(
    command: Sequence[str], port: int, *, cwd: Path, env: Mapping[str, str], log: Path
) -> Iterator[str]:
    """Start a Jupyter server and wait for it; end it, and wait for its end.

    Args:
        command: which serves on `port`. log: file that its lines are added to.

    Returns:
        Its address.
    """
    address = f"http://127.0.0.1:{port}"
    with log.open("a") as lines:
        server = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdout=lines,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(
            lambda: answers(f"{address}/api") or server.poll() is not None,
            240,
            "Jupyter to start",
        )
        assert server.poll() is None, log.read_text("utf-8")
        yield address
    finally:
        if server.poll() is None:
            os.killpg(server.pid, 15)
            server.wait(60)
            wait_until(lambda: not answers(f"{address}/api"), 60, "the server's end")


@contextmanager
def jupyter(course: Path, *, formgrader: bool = False) -> Iterator[str]:
    """Serve a course that has no environment of its own; yield the address."""
    code = (
        "import os, sys; from pathlib import Path; "
        "sys.path.insert(0, os.getcwd()); "
        "from staff.setup.bootstrap import environment; "
        "from staff.setup.server import lab_command; "
        "python = Path(sys.executable); "
        "words = lab_command(python, int(sys.argv[1]), sys.argv[3:], "
        "formgrader=sys.argv[2] == 'True'); "
        "os.execve(words[0], words, environment(python))"
    )
    port = own_port()
    command = [sys.executable, "-I", "-c", code, str(port), str(formgrader), *OPEN]
    log = course.parent / "server.log"
    with serving(command, port, cwd=course, env=os.environ, log=log) as address:
        yield address


@contextmanager
def browser_page() -> Iterator[Page]:
    """Start a browser of its own; yield an empty page."""
    with chromium() as browser:
        yield browser.new_page(viewport={"width": 1300, "height": 1000})


def plays(page: Page) -> None:
    """Play the first demo of a page until its picture is another one, then pause.

    Demos live in open shadow roots.
    """
    canvas = f"document.querySelector('{HOST}')?.shadowRoot?.querySelector('canvas')"
    page.wait_for_function(canvas)
    still = page.evaluate(f"{canvas}.toDataURL()")
    page.get_by_role("button", name="Play", exact=True).first.click()
    page.wait_for_function(f"still => {canvas}.toDataURL() !== still", arg=still)
    page.get_by_role("button", name="Pause", exact=True).first.click()


class NotebookPage:
    """The notebook in front, in a JupyterLab."""

    ACTIVE = f"{FRONT} .jp-Cell.jp-mod-active"
    CONTEXT = "window.jupyterapp.shell.currentWidget?.context"
    CELLS = "window.jupyterapp.shell.currentWidget.content.model.cells"

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(120_000)
        page.wait_for_selector(f"{FRONT} .jp-Cell")
        self.wait_idle()

    def wait_idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel"
            "?.status === 'idle'"
        )

    def is_dirty(self) -> bool:
        """Tell whether the page has changes that are not saved."""
        return bool(self.page.evaluate(f"{self.CONTEXT}.model.dirty"))

    def cells(self) -> dict[str, dict]:
        """Return cell id → the cell as it would be saved."""
        found = self.page.evaluate(f"[...{self.CELLS}].map(c => [c.id, c.toJSON()])")
        return dict(found)

    def run_all(self, seconds: float) -> None:
        """Choose "Run All Cells" and wait until every cell has been run."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_text("Run All Cells", exact=True).click()
        done = f"[...{self.CELLS}].every(c => c.type !== 'code' || c.executionCount)"
        self.page.wait_for_function(done, timeout=seconds * 1000)
        self.wait_idle()

    def go_to(self, cell_id: str) -> None:
        """Make a cell the active one, in the middle of the page."""
        self.page.evaluate(
            f"""async id => {{
                const nb = window.jupyterapp.shell.currentWidget.content;
                nb.activeCellIndex = [...{self.CELLS}].findIndex(c => c.id === id);
                await nb.scrollToCell(nb.activeCell, 'center');
            }}""",
            cell_id,
        )

    def type(self, cell_id: str, text: str) -> None:
        """Type over a cell and run it, as a learner does."""
        self.go_to(cell_id)
        self.page.locator(f"{self.ACTIVE} .cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)
        self._run(cell_id)

    def run(self, cell_id: str) -> str:
        """Run a cell; return its output as the learner reads it."""
        self.execute(cell_id)
        return self.said(cell_id)

    def execute(self, cell_id: str) -> None:
        """Run a cell, which may have no output."""
        self.go_to(cell_id)
        self.page.keyboard.press("Escape")
        self._run(cell_id)

    def said(self, cell_id: str) -> str:
        """Return the output that stands below a cell, as the learner reads it."""
        self.go_to(cell_id)
        shown = self.page.locator(f"{self.ACTIVE} .jp-OutputArea-output")
        shown.first.wait_for()

        def words() -> str:  # they are drawn one after another
            return " ".join(" ".join(shown.all_inner_texts()).split())

        wait_until(words, 60, f"words below {cell_id}")
        return words()

    def save(self, path: Path, awaited: str) -> None:
        """Press the keys that save; wait until a text stands in the file."""
        self.page.keyboard.press("Control+S")
        wait_until(lambda: awaited in path.read_text("utf-8"), 60, "the saved file")

    def _run(self, cell_id: str) -> None:
        count = f"[...{self.CELLS}].find(c => c.id === '{cell_id}').executionCount"
        before = self.page.evaluate(count)
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function(f"{count} && {count} !== {before or 0}")
        self.wait_idle()
