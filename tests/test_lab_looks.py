"""What learners see in the JupyterLab that `make lab` starts, measured in Chromium.

Figures, prose and folds at 900 pixels; the contrast of cards, tables and panels in the
application's own light and dark; clicks that reach the learner's file.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from helpers.show import display, plots
from staff.ci import effort
from staff.environment import VARIABLE, child_environment
from staff.setup.server import lab_command
from tests.chromium import NEEDS_CHROMIUM
from tests.lab import answers, wait_until
from tests.ports import own_port

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
FAILURE = "check.soften(unsoftened)"
CELLS = (FIGURE, CARDS, FAILURE)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Serve one notebook as `make lab` does; return a function that opens it."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("books")
    (folder / "00_start_here").mkdir()
    path = folder / "00_start_here" / "looks.ipynb"
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(PROSE),
            *map(nbformat.v4.new_code_cell, CELLS),
        ]
    )
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)
    port = own_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(home))
        words = ["--no-browser", "--IdentityProvider.token=", "--expose-app-in-browser"]
        command = [
            f"--ServerApp.root_dir={folder}" if "root_dir" in word else word
            for word in lab_command(Path(sys.executable), port, words)
        ]
        env = child_environment(COURSE_PROGRESS="", CI="", COURSE_HEADLESS="")
    with (home / "server.log").open("w") as log:
        process = subprocess.Popen(
            command, env=env, cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(f"{address}/api"), 240, "the server")
        yield Lab(address, home, folder)
    finally:
        process.terminate()
        process.wait(30)


class Lab:
    """A JupyterLab: where it is, its settings, and the learner's notebooks."""

    def __init__(self, address: str, home: Path, folder: Path) -> None:
        self.address, self.home, self.folder = address, home, folder

    def theme(self, name: str) -> None:
        """Choose "light" or "dark" for pages that are opened from now on."""
        place = self.home / "jupyter/lab/user-settings/@jupyterlab/apputils-extension"
        place.mkdir(parents=True, exist_ok=True)
        chosen = {"theme": f"JupyterLab {name.title()}", "adaptive-theme": False}
        (place / "themes.jupyterlab-settings").write_text(json.dumps(chosen))

    def open(self, browser, width: int, name: str = "looks"):
        page = browser.new_page(viewport={"width": width, "height": 1000})
        page.set_default_timeout(120_000)
        page.goto(f"{self.address}/lab/tree/00_start_here/{name}.ipynb?reset")
        page.wait_for_selector(".jp-NotebookPanel .jp-MarkdownOutput p")
        page.evaluate(MEASURES)
        return page


MEASURES = Path(__file__).with_name("measures.js").read_text("utf-8")
IDLE = (
    "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status"
    " === 'idle'"
)


def run_all(page) -> None:
    page.wait_for_function(IDLE)
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.locator(".jp-OutputArea div", has_text="✗ Exercise 8.1").first.wait_for()
    page.wait_for_function(IDLE)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("width", effort.turns([900, 1500], 2))
def test_prose_and_folds(browser, lab, width):
    page = lab.open(browser, width)
    widest = page.evaluate(
        "[...document.querySelectorAll('.jp-MarkdownOutput :is(p, li)')]"
        ".filter(e => !e.querySelector('mjx-container')).flatMap(lines)"
    )
    assert len(widest) > 10
    assert max(widest) <= 80
    if width > 1000:
        assert max(widest) >= 65  # nor are they cut too short
    folds = page.evaluate(
        "[...document.querySelectorAll('.jp-MarkdownOutput summary')]"
        ".map(e => e.getBoundingClientRect().height)"
    )
    assert len(folds) == 1
    assert min(folds) >= 24
    page.close()


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("width", "stacked"), effort.turns([(900, True), (1700, False)], 2)
)
def test_panels_stack_instead_of_shrinking(browser, lab, width, stacked):
    page = lab.open(browser, width)
    run_all(page)
    shown = page.evaluate(
        """[...document.querySelectorAll('.jp-OutputArea img')]
        .map(e => [e.className, e.getBoundingClientRect().width, e.naturalWidth])
        .filter(([, width]) => width)"""
    )
    kinds = [kind for kind, *_ in shown]
    assert kinds == ["", *["stacked" if stacked else "wide"] * 2]
    for _, width_shown, natural in shown:
        assert SMALLEST * 2 * width_shown / natural >= 9  # 144 pixels to the inch
    assert page.evaluate("scrolling(document.querySelector('.jp-Notebook'))") == []
    page.close()


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("width", effort.turns([900, 1700], 2))
def test_without_trust_one_picture_stands_there(browser, lab, width):
    """A front end that takes the rule away leaves the wide one."""
    fig = plots.figure(2)[0]
    image = display.png(fig)
    data, metadata = display.bundle(image, "Two panels.", narrow=image)
    output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    cells = [
        nbformat.v4.new_markdown_cell(SENTENCE),
        nbformat.v4.new_code_cell("", outputs=[output], execution_count=1),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbformat.write(notebook, lab.folder / "00_start_here/foreign.ipynb")
    page = lab.open(browser, width, "foreign")
    panel = page.locator(".jp-NotebookPanel")
    panel.locator(".jp-OutputArea img").first.wait_for()
    seen = [img.is_visible() for img in panel.locator(".jp-OutputArea img").all()]
    assert seen.count(True) == 1
    page.close()


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("theme", effort.turns(["light", "dark"], 2))
def test_words_contrast_with_what_is_behind_them(browser, lab, theme):
    lab.theme(theme)
    page = lab.open(browser, 900)
    run_all(page)
    behind = page.evaluate(
        "contrasts(document.body).length > 0 && getComputedStyle("
        "document.body).getPropertyValue('--jp-layout-color0')"
    )
    assert (
        behind.strip()
        in {"light": ("white", "#fff"), "dark": ("#111", "#111111")}[theme]
    )
    page.get_by_role("button", name="Turn").click()
    for choice in page.locator(".study-panel .answers button").all()[:4]:
        choice.click()
    page.wait_for_timeout(500)
    pale = page.evaluate(
        "[...document.querySelectorAll('.jp-OutputArea-output')].flatMap(contrasts)"
        ".filter(([ratio]) => ratio < 4.5)"
    )
    page.screenshot(path=lab.home / f"{theme}.png")
    page.close()
    lab.theme("light")
    assert pale == []


@pytest.mark.timeout(1200)
def test_clicks_are_kept(browser, lab):
    record = lab.folder / ".progress.json"
    record.unlink(missing_ok=True)  # other tests have clicked, too
    page = lab.open(browser, 1300)
    run_all(page)
    quiz = page.locator(".study-panel").filter(has=page.locator(".answers")).first
    quiz.locator(".answers button").first.click()
    quiz.get_by_text("Kept.").wait_for()
    cards = page.locator(".study-panel", has=page.get_by_role("button", name="Turn"))
    cards.get_by_role("button", name="Turn").first.click()
    page.get_by_role("button", name="Knew it").click()
    wait_until(lambda: json.loads(record.read_text())["cards"], 60, "the card's box")
    kept = json.loads(record.read_text())
    assert [entry["picks"] for entry in kept["answers"].values()] == [[0]]
    assert [entry["box"] for entry in kept["cards"].values()] == [1]
    page.close()
