"""What learners see in the JupyterLab that `make lab` starts, measured in Chromium.

Figures, prose and folds at 900 pixels; the contrast of cards, tables and panels in the
application's own light and dark; clicks that reach the learner's file; a demo that is
run, saved, and opened again without its kernel.

One notebook is run once, and the tests look at its page one after another.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from helpers.show import display, plots
from staff.environment import VARIABLE, child_environment
from staff.setup.server import lab_command
from tests.chromium import NEEDS_CHROMIUM
from tests.lab import FRONT, HOST, OPEN, plays, serving, wait_until
from tests.ports import own_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.slow, *NEEDS_CHROMIUM]

SMALLEST = 9  # points: of words in the course's figures (titles of single images)
SENTENCE = (
    "Each step moves the weights by the learning rate along the gradient, and the"
    " penalty has to be charged for that same length of step, `lr` times the strength. "
)
PROSE = f"""# A title that is long enough to need more than one line in a narrow window

{SENTENCE * 6}

- {SENTENCE * 3}
- short

<details><summary>Hint 1</summary>

{SENTENCE * 3}

</details>

$$\\theta \\leftarrow \\theta - \\eta\\,\\nabla L(\\theta) .$$
"""
FIGURE = """
from helpers.show import plots
plots.use_course_style()
for columns in (1, 2, 3):
    fig, axes = plots.figure(columns)
    for ax in [axes] if columns == 1 else axes:
        ax.plot([0, 1], label="a line")
        ax.set(title="A title", xlabel="epoch", ylabel="loss (nats)")
    plots.show(fig, f"{columns} lines.")
"""
CARDS = """
import torch
from helpers import cards, checks
from helpers.evidence import claims
from helpers.study import bookmarks, challenge, progress, quick_checks, quizzes
from helpers.study.predictions import predict, recall
check = checks.load("08_distillation")
def stub(logits, temperature):
    raise NotImplementedError
def unsoftened(logits, temperature):
    return torch.softmax(logits, dim=-1)
check.soften(stub)
with claims.results():
    claims.claim("t.first", "It grows by 3 points.", 3.0, "> 0")
predict("t.gap", "What does the gap do?", ["it grows", "it shrinks"])
recall("t.gap", 1)
quizzes.quiz("00_start_here")
quizzes.flashcards("00_start_here")
challenge.challenge()
cards.publish({"text/html": cards.card("good", "Well", "done", [("Got", "`1`")]),
               "text/plain": "Well"})
bookmarks.mark("8.1")
display(bookmarks.table())
progress.table()
"""
DEMO = "from helpers.demos import adamw\nadamw.scene().show()"
FAILURE = "check.soften(unsoftened)"
CELLS = (FIGURE, CARDS, DEMO, FAILURE)


NAME = "00_start_here/looks.ipynb"
MEASURES = Path(__file__).with_name("measures.js").read_text("utf-8")
NOTEBOOK = "window.jupyterapp.shell.currentWidget"
IDLE = f"{NOTEBOOK}?.sessionContext?.session?.kernel?.status === 'idle'"


@dataclass
class Lab:
    """A JupyterLab: where it is, its settings, the learner's notebooks, its page."""

    address: str
    home: Path
    folder: Path
    page: Page

    def execute(self, command: str, **arguments: object) -> None:
        """Run one of JupyterLab's own commands, as its menus do."""
        run = "([id, args]) => window.jupyterapp.commands.execute(id, args)"
        self.page.evaluate(run, [command, arguments])

    def width(self, pixels: int) -> None:
        self.page.set_viewport_size({"width": pixels, "height": 1000})
        self.page.wait_for_timeout(300)  # until the notebook has its new width

    def theme(self, name: str) -> None:
        """Choose "light" or "dark", for this page and those that are opened later."""
        self.execute("apputils:change-theme", theme=f"JupyterLab {name.title()}")
        chosen = f"document.body.dataset.jpThemeName.endsWith('{name.title()}')"
        self.page.wait_for_function(chosen)

    def show(self, name: str) -> None:
        """Put a notebook in front, as a click in the file browser does."""
        self.execute("docmanager:open", path=name)
        self.page.wait_for_function(
            f"name => {NOTEBOOK}?.context?.path === name", arg=name
        )
        self.page.wait_for_selector(f"{FRONT} .jp-MarkdownOutput p")

    def load(self) -> None:
        """Load the page anew, with the notebook as it was saved."""
        self.page.goto(f"{self.address}/lab/tree/{NAME}?reset")
        self.page.wait_for_selector(f"{FRONT} .jp-MarkdownOutput p")
        self.page.evaluate(MEASURES)


def write(path: Path, *cells: nbformat.NotebookNode) -> None:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[*cells], metadata=kernel), path)


@pytest.fixture(scope="module")
def lab(tmp_path_factory, browser):
    """Serve a notebook as `make lab` does; run and save it, and keep its page open."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("books")
    (folder / "00_start_here").mkdir()
    code = map(nbformat.v4.new_code_cell, CELLS)
    write(folder / NAME, nbformat.v4.new_markdown_cell(PROSE), *code)
    port = own_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(home))
        command = [
            f"--ServerApp.root_dir={folder}" if "root_dir" in word else word
            for word in lab_command(Path(sys.executable), port, OPEN)
        ]
        env = child_environment(COURSE_PROGRESS="", CI="", COURSE_HEADLESS="")
    served = serving(command, port, cwd=folder, env=env, log=home / "server.log")
    with served as address:
        page = browser.new_page(viewport={"width": 900, "height": 1000})
        page.set_default_timeout(120_000)
        lab = Lab(address, home, folder, page)
        lab.load()
        page.wait_for_function(IDLE)
        lab.execute("notebook:run-all-cells")
        page.locator(".jp-OutputArea div", has_text="✗ Exercise 8.1").first.wait_for()
        page.wait_for_function(IDLE)
        page.evaluate(f"{NOTEBOOK}.context.save()")
        assert "demo-" in (folder / NAME).read_text("utf-8")
        yield lab
        page.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("width", [900, 1500])
def test_prose_and_folds(lab, width):
    lab.width(width)
    widest = lab.page.evaluate(
        "[...document.querySelectorAll('.jp-MarkdownOutput :is(p, li)')]"
        ".filter(e => !e.querySelector('mjx-container')).flatMap(lines)"
    )
    assert len(widest) > 10
    assert max(widest) <= 80
    if width > 1000:
        assert max(widest) >= 65  # nor are they cut too short
    folds = lab.page.evaluate(
        "[...document.querySelectorAll('.jp-MarkdownOutput summary')]"
        ".map(e => e.getBoundingClientRect().height)"
    )
    assert len(folds) == 1
    assert min(folds) >= 24


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("width", "stacked"), [(900, True), (1700, False)])
def test_panels_stack_instead_of_shrinking(lab, width, stacked):
    lab.width(width)
    shown = lab.page.evaluate(
        """[...document.querySelectorAll('.jp-OutputArea img')]
        .map(e => [e.className, e.getBoundingClientRect().width, e.naturalWidth])
        .filter(([, width]) => width)"""
    )
    kinds = [kind for kind, *_ in shown]
    assert kinds == ["", *["stacked" if stacked else "wide"] * 2]
    for _, width_shown, natural in shown:
        assert SMALLEST * 2 * width_shown / natural >= 9  # 144 pixels to the inch
    assert lab.page.evaluate("scrolling(document.querySelector('.jp-Notebook'))") == []


@pytest.mark.timeout(600)
def test_clicks_are_kept(lab):
    record = lab.folder / ".progress.json"
    panels = lab.page.locator(".study-panel")
    quiz = panels.filter(has=lab.page.locator(".answers")).first
    quiz.locator(".answers button").first.click()
    quiz.get_by_text("Kept.").wait_for()
    lab.page.get_by_role("button", name="Turn").first.click()
    lab.page.get_by_role("button", name="Knew it").click()
    wait_until(lambda: json.loads(record.read_text())["cards"], 60, "the card's box")
    kept = json.loads(record.read_text())
    assert [entry["picks"] for entry in kept["answers"].values()] == [[0]]
    assert [entry["box"] for entry in kept["cards"].values()] == [1]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_contrast_with_what_is_behind_them(lab, theme):
    lab.theme(theme)
    lab.width(900)
    behind = lab.page.evaluate(
        "contrasts(document.body).length > 0 && getComputedStyle("
        "document.body).getPropertyValue('--jp-layout-color0')"
    )
    assert (
        behind.strip()
        in {"light": ("white", "#fff"), "dark": ("#111", "#111111")}[theme]
    )
    lab.page.get_by_role("button", name="Turn").click()
    for choice in lab.page.locator(".study-panel .answers button").all()[:4]:
        choice.click()
    lab.page.wait_for_timeout(500)
    pale = lab.page.evaluate(
        "[...document.querySelectorAll('.jp-OutputArea-output')].flatMap(contrasts)"
        ".filter(([ratio]) => ratio < 4.5)"
    )
    lab.page.screenshot(path=lab.home / f"{theme}.png")
    lab.theme("light")
    assert pale == []


@pytest.mark.timeout(600)
def test_without_trust_one_picture_stands_there_and_what_to_do(lab):
    """A front end that takes rules and scripts away leaves the wide picture."""
    image = display.png(plots.figure(2)[0])
    still, metadata = display.bundle(image, "Two panels.", narrow=image)
    saved = nbformat.read(lab.folder / NAME, as_version=4)
    (demo,) = (c.outputs[0].data for c in saved.cells if c.source == DEMO)
    demo["text/html"] += " "  # another hand has been in the file
    outputs = [
        nbformat.v4.new_output("display_data", data=data, metadata=meta)
        for data, meta in ((still, metadata), (demo, {}))
    ]
    cells = [
        nbformat.v4.new_code_cell("", outputs=[output], execution_count=1)
        for output in outputs
    ]
    prose = nbformat.v4.new_markdown_cell(SENTENCE)
    write(lab.folder / "00_start_here/foreign.ipynb", prose, *cells)
    lab.show("00_start_here/foreign.ipynb")
    figure, moving = lab.page.locator(f"{FRONT} .jp-OutputArea").all()
    for width in (900, 1700):
        lab.width(width)
        figure.locator("img").first.wait_for()
        seen = [img.is_visible() for img in figure.locator("img").all()]
        assert seen.count(True) == 1
    moving.get_by_text("Run this cell to move it").wait_for()
    assert moving.locator("img").get_attribute("alt")
    assert not moving.locator("canvas").count()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_saved_demo_moves_without_its_kernel(lab, theme):
    """The page is loaded anew, in the theme that was chosen before."""
    wait_until(
        lambda: HOST[2:6] in (lab.folder / NAME).read_text("utf-8"), 60, "saving"
    )
    lab.theme(theme)
    lab.load()
    lab.execute("kernelmenu:shutdown")
    plays(lab.page)
    ink = lab.page.evaluate(f"document.querySelector('{HOST}').stage.pen.theme.ink")
    assert ink == {"light": "#1b1b1b", "dark": "#f0f0f0"}[theme]
