"""A newcomer's path in a real browser: learner first, then instructor.

The course is copied as a fresh clone would hold it; JupyterLab is started as
`make lab` starts it, and headless Chromium does what a person would do.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

from helpers import checks
from staff.bench.classroom import leave_out_shows
from staff.course import Course
from staff.environment import VARIABLE
from tests.chromium import NEEDS_CHROMIUM, chromium
from tests.person import TRAPS, move_in
from tests.ports import own_port

ROOT = Path(__file__).resolve().parent.parent
STEM = "02_dropout_from_scratch"
GRADED = "00_start_here"
ANSWERS = ROOT / "tests/answers" / STEM / "inverted_dropout"
THEIRS = [trap for trap in TRAPS.values() if trap.lab]
pytestmark = [pytest.mark.slow, *NEEDS_CHROMIUM]


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """Copy what git would clone into a folder of its own."""
    folder = tmp_path_factory.mktemp("course")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    stems = ["00_start_here", STEM, GRADED]  # their experiments are run elsewhere
    leave_out_shows(Course(folder), list(dict.fromkeys(stems)), keep=["demo"])
    return folder


def environment(clone: Path) -> dict[str, str]:
    """Return the environment of somebody whose own settings are all in the way."""
    here = {k: v for k, v in os.environ.items() if k != VARIABLE}
    return {**here, **move_in(clone.parent / "home", *THEIRS)}


def as_make(code: str, *arguments: str) -> list[str]:
    """Return a command that runs code of the clone as `make` runs set-up.

    Args:
        code: it finds ``run``, which starts a command as `make` would.
        arguments: strings that the code finds in ``sys.argv[1:]``.
    """
    start = (
        "import os, subprocess, sys; from pathlib import Path; "
        "sys.path.insert(0, os.getcwd()); "
        "from staff.setup.bootstrap import environment; "
        "from staff.setup.server import lab_command; "
        "python = Path(sys.executable); "
        "run = lambda words: sys.exit("
        "subprocess.run(words, env=environment(python)).returncode); "
    )
    return [sys.executable, "-I", "-c", start + code, *arguments]


@contextmanager
def jupyter(clone: Path, *, formgrader: bool = False):
    """Serve the clone as `make lab` does; yield the address."""
    port = own_port()
    start = (
        "run(lab_command(python, int(sys.argv[1]), sys.argv[3:], "
        "formgrader=sys.argv[2] == 'True'))"
    )
    extra = ["--no-browser", "--IdentityProvider.token=", "--expose-app-in-browser"]
    with (clone / "server.log").open("w") as log:
        server = subprocess.Popen(
            as_make(start, str(port), str(formgrader), *extra),
            cwd=clone,
            env=environment(clone),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(f"{address}/api"), 120, "JupyterLab to start")
        yield address
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def wait_until(condition, seconds: float, what: str):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.3)
    raise TimeoutError(f"waited {seconds} s for {what}")


@contextmanager
def browser_page():
    with chromium() as browser:
        yield browser.new_page(viewport={"width": 1300, "height": 1000})


class NotebookPage:
    """A notebook open in JupyterLab."""

    ACTIVE = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell.jp-mod-active"
    CELLS = "window.jupyterapp.shell.currentWidget.content.model.cells"

    def __init__(self, page, url: str) -> None:
        self.page = page
        page.goto(f"{url}?reset")  # without what an earlier test has left open
        page.wait_for_selector(
            ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell", timeout=120_000
        )
        self.wait_idle()

    def wait_idle(self, seconds: float = 120) -> None:
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel"
            "?.status === 'idle'",
            timeout=seconds * 1000,
        )

    def menu(self, name: str, entry: str) -> None:
        self.page.get_by_role("menuitem", name=name, exact=True).click()
        self.page.get_by_text(entry, exact=True).click()

    def outputs(self) -> dict[str, list[dict]]:
        """Return cell id → outputs of all code cells that have been run."""
        return dict(
            self.page.evaluate(
                f"""() => [...{self.CELLS}].filter(c => c.executionCount)
                .map(c => [c.id, c.outputs.toJSON()])"""
            )
        )

    def count(self) -> int:
        return self.page.evaluate(
            f"() => [...{self.CELLS}].filter(c => c.type === 'code').length"
        )

    def run_all(self, seconds: float) -> None:
        self.menu("Run", "Run All Cells")
        wait_until(lambda: len(self.outputs()) == self.count(), seconds, "all cells")

    def go_to(self, cell_id: str) -> None:
        self.page.evaluate(
            f"""async id => {{
                const nb = window.jupyterapp.shell.currentWidget.content;
                nb.activeCellIndex = [...{self.CELLS}].findIndex(c => c.id === id);
                await nb.scrollToCell(nb.activeCell, 'center');
            }}""",
            cell_id,
        )

    def answer(self, cell_id: str, text: str) -> None:
        """Type an answer over a cell and run it, as a learner does."""
        self.go_to(cell_id)
        self.page.locator(f"{self.ACTIVE} .cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Control+Enter")
        self.wait_idle()

    def run(self, cell_id: str) -> str:
        """Run a cell; return its output as the learner reads it."""
        self.go_to(cell_id)
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+Enter")
        time.sleep(0.5)
        self.wait_idle()
        shown = self.page.locator(f"{self.ACTIVE} .jp-OutputArea-output")
        shown.first.wait_for(timeout=60_000)
        return " ".join(shown.all_inner_texts())


@pytest.mark.timeout(600)
def test_learner_lands_on_the_first_notebook_without_instructors_panels(clone):
    with jupyter(clone) as address, browser_page() as page:
        page.goto(address)
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=120_000)
        page.wait_for_url("**/lab/**/tree/00_start_here/00_start_here.ipynb")
        page.get_by_role("button", name="Validate").wait_for(timeout=60_000)
        has = "id => window.jupyterapp.isPluginActivated(id)"
        assert page.evaluate(has, "@jupyter/nbgrader:validate-assignment")
        for text in ("Create Assignment", "Nbgrader", "official Jupyter news"):
            assert page.get_by_text(text).count() == 0, text
        saves = """async () => (await window.jupyterapp.serviceManager.settings.fetch(
            "@jupyter-widgets/jupyterlab-manager:plugin")).schema.properties.saveState"""
        assert page.evaluate(saves)["default"] is True
        page.screenshot(path=clone / "first.png")


@pytest.mark.timeout(900)
def test_opening_changes_nothing_and_validate_says_that_it_works(clone):
    path = "00_start_here/00_start_here.ipynb"
    before = (clone / "notebooks" / path).read_bytes()
    with jupyter(clone) as address, browser_page() as page:
        notebook = NotebookPage(page, f"{address}/lab/tree/{path}")
        context = "window.jupyterapp.shell.currentWidget.context"
        version = f"{context}.model.getMetadata('language_info').version"
        page.wait_for_function(version)  # written when the kernel has answered
        time.sleep(1)
        assert page.evaluate(f"{context}.model.dirty") is False
        assert page.locator(".lm-TabBar-tab.jp-mod-dirty").count() == 0
        assert (clone / "notebooks" / path).read_bytes() == before

        page.get_by_role("button", name="Validate").click()
        toast = page.locator(".Toastify__toast", has_text="Validating")
        toast.wait_for(timeout=60_000)
        said = toast.inner_text()
        assert "as in Run all" in said
        assert "…" not in said  # it is shown whole
        dialog = page.locator(".jp-Dialog", has_text="failed")
        dialog.wait_for(timeout=600_000)
        toast.wait_for(state="detached", timeout=10_000)
        dialog.get_by_role("button").first.click()
        dialog.wait_for(state="detached")

        # What somebody really changes is a change.
        notebook.go_to("train_epoch")
        page.locator(f"{notebook.ACTIVE} .cm-content").click()
        page.keyboard.insert_text("#")
        page.wait_for_function(f"{context}.model.dirty")

        # The map's links open notebooks here, in JupyterLab.
        notebook.run_all(300)
        link = page.locator(".course-map a", has_text="01 · Bias")
        link.scroll_into_view_if_needed()
        page.screenshot(path=clone / "map.png")
        link.click()
        page.wait_for_function(f"{context}?.path.startsWith('01_bias_variance/')")


@pytest.mark.timeout(2400)
def test_learner_runs_all_answers_and_validates(clone):
    path = f"{STEM}/{STEM}.ipynb"
    module = checks.load(STEM)
    exercises = [n for n, each in vars(module).items() if hasattr(each, "mistakes")]
    with jupyter(clone) as address, browser_page() as page:
        notebook = NotebookPage(page, f"{address}/lab/tree/{path}")
        notebook.run_all(900)
        shown = notebook.outputs()
        kinds = {o["output_type"] for outputs in shown.values() for o in outputs}
        assert "error" not in kinds
        is_open = {
            cell
            for cell, outputs in shown.items()
            if any("not attempted yet" in str(output) for output in outputs)
        }
        assert is_open == {f"test_{name}" for name in exercises}

        notebook.answer(
            "inverted_dropout", (ANSWERS / "wrong_not_scaled.py").read_text()
        )
        message = " ".join(notebook.run("test_inverted_dropout").split())
        check = checks.load(STEM).inverted_dropout
        assert " ".join(check.mistakes["not-scaled"].split()) in message
        assert "Traceback" not in message

        notebook.answer("inverted_dropout", (ANSWERS / "right_solution.py").read_text())
        assert "✓ Exercise 2.2" in notebook.run("test_inverted_dropout")
        assert "inverted_dropout" in (clone / "notebooks/.progress.json").read_text()

        page.get_by_role("button", name="Validate").click()
        dialog = page.locator(".jp-Dialog", has_text="failed")
        dialog.wait_for(timeout=900_000)
        verdict = dialog.inner_text()
        assert "check.standard_dropout(" in verdict
        assert "check.inverted_dropout(" not in verdict
        page.screenshot(path=clone / "validate.png")


def hand_in(clone: Path, student: str, answered: int) -> float:
    """Hand in a notebook with this many exercises answered; return its points."""
    release, master = (
        nbformat.read(clone / folder / GRADED / f"{GRADED}.ipynb", as_version=4)
        for folder in ("notebooks", "solutions")
    )
    solutions = {cell.id: cell.source for cell in master.cells}
    points, done = 0, 0
    for cell in release.cells:
        meta = cell.metadata.get("nbgrader", {})
        if meta.get("solution") and done < answered:
            cell.source, done = solutions[cell.id], done + 1
        elif meta.get("grade") and cell.id.removeprefix("test_") in solutions:
            answer = next(c for c in release.cells if f"test_{c.id}" == cell.id)
            if answer.source == solutions[answer.id]:
                points += meta["points"]
    folder = clone / "grading/submitted" / student / GRADED
    folder.mkdir(parents=True)
    nbformat.write(release, folder / f"{GRADED}.ipynb")
    return float(points)


@pytest.mark.timeout(2400)
def test_instructor_grades_with_stock_nbgrader(clone):
    exercises = len(
        [*(ROOT / "tests/answers" / GRADED).iterdir()],
    )
    expected = {
        "complete": hand_in(clone, "complete", exercises),
        "half": hand_in(clone, "half", exercises // 2),
        "untouched": hand_in(clone, "untouched", 0),
    }
    assert expected["complete"] > expected["half"] > expected["untouched"] == 0
    for command in (["autograde", GRADED], ["generate_feedback", GRADED], ["export"]):
        done = subprocess.run(
            as_make(
                "run([python, '-m', 'staff', *sys.argv[1:]])", "nbgrader", *command
            ),
            cwd=clone,
            env=environment(clone),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    with (clone / "grading/grades.csv").open() as file:
        rows = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert rows == expected
    feedback = clone / "grading/feedback/half" / GRADED / f"{GRADED}.html"
    assert "not attempted yet" in feedback.read_text("utf-8")

    with jupyter(clone, formgrader=True) as address, browser_page() as page:
        page.goto(f"{address}/formgrader/gradebook/{GRADED}/{GRADED}")
        page.get_by_text("Submission #3").wait_for(timeout=120_000)
        shown = page.locator("tbody tr").all_inner_texts()
        scores = sorted(float(row.split("\t")[2].split("/")[0]) for row in shown)
        assert scores == sorted(expected.values())
        page.screenshot(path=clone / "formgrader.png")
