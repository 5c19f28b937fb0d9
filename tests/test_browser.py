"""A newcomer's first hour and the next day, in a real browser.

The course is cloned, `make lab` is called by somebody whose own settings are all in the
way, and headless Chromium does what a person would do.
"""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from pathlib import Path

import nbformat
import pytest

from helpers import checks
from staff.environment import VARIABLE
from tests.chromium import NEEDS_CHROMIUM
from tests.clone import STEM, borrow_environment, clone, git, publish
from tests.lab import OPEN, NotebookPage, plays, serving
from tests.person import TRAPS, move_in
from tests.ports import own_port

ROOT = Path(__file__).resolve().parent.parent
PATH = f"{STEM}/{STEM}.ipynb"
ANSWERS = ROOT / "tests/answers" / STEM / "train_epoch"
THEIRS = [trap for trap in TRAPS.values() if trap.lab]

pytestmark = [
    pytest.mark.slow,
    *NEEDS_CHROMIUM,
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]


class Person:
    """Somebody who has cloned the course; their own settings are all in the way."""

    def __init__(self, root: Path) -> None:
        self.root, self.home = root, root.parent / "home"
        here = {k: v for k, v in os.environ.items() if k != VARIABLE}
        self.env = {**here, **move_in(self.home, *THEIRS)}

    def make(self, target: str):
        """Call make for a server, until the block ends; yield its address."""
        port = own_port()
        command = ["make", target, f"PORT={port}", f"ARGS={' '.join(OPEN)}"]
        log = self.root.parent / "server.log"
        return serving(command, port, cwd=self.root, env=self.env, log=log)

    def files(self) -> dict[Path, int]:
        """Return when each file of theirs was changed; npm, which is asked, logs."""
        files = {path for path in self.home.rglob("*") if path.is_file()}
        return {p: p.stat().st_mtime_ns for p in files if ".npm" not in p.parts}


@pytest.fixture(scope="module")
def person(tmp_path_factory):
    """Return the newcomer, with a fresh clone that is set up."""
    folder = tmp_path_factory.mktemp("newcomer")
    root = clone(publish(folder / "published", short=True), folder / "course")
    borrow_environment(root)
    return Person(root)


def cell_with(path: Path, text: str) -> str:
    """Return the id of the one cell of a notebook whose code has a text in it."""
    cells = nbformat.read(path, as_version=4).cells
    (found,) = [c.id for c in cells if c.cell_type == "code" and text in c.source]
    return found


def passed(record: Path) -> dict[str, str]:
    """Return the exercises of the first notebook that have passed, with dates."""
    if not record.exists():
        return {}
    return json.loads(record.read_text("utf-8"))["passed"].get(STEM, {})


def landed(browser, address: str):
    """Open the address that `make lab` says; return the page and its notebook."""
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    page.goto(address, timeout=120_000)
    return page, NotebookPage(page)


def lands_where_a_learner_belongs(page, person: Person) -> None:
    """The first notebook is in front, unchanged, without panels of instructors."""
    page.wait_for_url(f"**/lab/**/tree/{PATH}")
    page.get_by_role("button", name="Validate").wait_for()
    has = "id => window.jupyterapp.isPluginActivated(id)"
    assert page.evaluate(has, "@jupyter/nbgrader:validate-assignment")
    for text in ("Create Assignment", "Nbgrader", "official Jupyter news"):
        assert page.get_by_text(text).count() == 0, text
    saves = """async () => (await window.jupyterapp.serviceManager.settings.fetch(
        "@jupyter-widgets/jupyterlab-manager:plugin")).schema.properties.saveState"""
    assert page.evaluate(saves)["default"] is True
    # Opening changes nothing, also when the kernel has said which Python it has.
    context = NotebookPage.CONTEXT
    page.wait_for_function(f"{context}.model.getMetadata('language_info').version")
    page.wait_for_timeout(1000)
    assert not NotebookPage(page).is_dirty()
    assert page.locator(".lm-TabBar-tab.jp-mod-dirty").count() == 0
    assert git(person.root, "status", "--porcelain") == ""


def validated(page) -> str:
    """Press Validate; return its verdict. It says that it is at work."""
    page.get_by_role("button", name="Validate").click()
    toast = page.locator(".Toastify__toast", has_text="Validating")
    toast.wait_for(timeout=60_000)
    said = toast.inner_text()
    assert "as in Run all" in said
    assert "…" not in said  # it is shown whole
    dialog = page.locator(".jp-Dialog", has_text="failed")
    dialog.wait_for(timeout=600_000)
    toast.wait_for(state="detached", timeout=10_000)
    verdict = dialog.inner_text()
    dialog.get_by_role("button").first.click()
    dialog.wait_for(state="detached")
    return verdict


@pytest.mark.timeout(1800)
def test_a_newcomers_first_hour_and_the_next_day(person, browser):
    theirs, file = person.files(), person.root / "notebooks" / PATH
    wrong, right = (
        (ANSWERS / f"{name}.py").read_text("utf-8")
        for name in ("wrong_not_zeroed", "right_plain")
    )
    mistake = checks.load(STEM).train_epoch.mistakes["not-zeroed"]
    named = " ".join(mistake.replace("`", "").split())
    record = person.root / "notebooks" / ".progress.json"
    the_map, demo = cell_with(file, "course_map()"), cell_with(file, "playground()")

    with person.make("lab") as address:
        with urllib.request.urlopen(f"{address}/lab/api/workspaces") as reply:
            assert json.load(reply)["workspaces"]["values"] == []
        page, notebook = landed(browser, address)
        lands_where_a_learner_belongs(page, person)

        notebook.run_all(300)  # with nothing answered it goes to the end
        cells = notebook.cells()
        shown = {id: c["outputs"] for id, c in cells.items() if "outputs" in c}
        assert "error" not in {
            o["output_type"] for each in shown.values() for o in each
        }
        is_open = {i for i, each in shown.items() if "not attempted yet" in str(each)}
        is_open.remove(
            cell_with(file, "def not_written(")
        )  # shows what that looks like
        assert is_open == {i for i in cells if i.startswith("test_")}

        notebook.type("train_epoch", wrong)
        message = notebook.run("test_train_epoch")
        assert "✗ Exercise 0.1" in message
        assert named in message
        assert "Traceback" not in message
        assert "train_epoch" not in passed(record)
        notebook.type("train_epoch", right)
        assert "✓ Exercise 0.1" in notebook.run("test_train_epoch")
        assert "train_epoch" in passed(record)
        assert notebook.is_dirty()  # what somebody really changes is a change

        verdict = validated(page)
        assert "check.evaluate(" in verdict
        assert "check.train_epoch(" not in verdict

        notebook.go_to(demo)
        plays(page)
        notebook.save(file, "✓ Exercise 0.1")
        page.close()

    with person.make("lab") as address:  # another server and another kernel
        page, notebook = landed(browser, address)
        assert notebook.cells()["train_epoch"]["source"].strip() == right.strip()
        assert "✓ Exercise 0.1" in notebook.said("test_train_epoch")
        notebook.go_to(demo)
        plays(page)  # without its cell being run again
        notebook.execute(cell_with(file, "from helpers import"))
        assert "1 of 3" in notebook.run(the_map)
        # The map's links open notebooks here, in JupyterLab.
        page.locator(".course-map a", has_text="01 · Bias").click()
        context = NotebookPage.CONTEXT
        page.wait_for_function(f"{context}?.path.startsWith('01_bias_variance/')")
        page.close()
    assert person.files() == theirs
