"""``python -m staff picture``: make the README's first picture again, in Chromium.

It shows what a learner sees: an answer with a mistake and what the check says of it,
the mended answer, and a demo. All are made by the course itself, not drawn.
"""

from __future__ import annotations

import argparse
import html
import shutil
import tempfile
from pathlib import Path

import nbformat

from helpers.demos import dropout_from_scratch
from staff.course import Course, CourseError
from staff.runs import execute

__all__ = ["main", "picture_page"]

_STEM, _NAME = "02_dropout_from_scratch", "inverted_dropout"
_WRONG = """\
def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    coins = torch.rand(x.shape, generator=generator)
    return x * (coins >= p)
"""
_MENDED = "    return x * (coins >= p) / (1 - p)"
_STYLE = """
body { margin: 0; padding: 20px; width: 1160px; display: flex; gap: 28px;
  background: #fff; color: #1b1b1b; font: 14px/1.45 sans-serif }
.left { flex: 0 0 560px } .right { flex: 1; min-width: 0 }
pre { background: #f4f4f4; border-left: 3px solid #0072b2; padding: .6em .9em;
  margin: .4em 0; font-size: 13px; overflow: hidden }
pre.said { background: none; border: none; white-space: pre-wrap }
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m staff picture", description=__doc__)
    parser.parse_args(arguments)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise CourseError("The picture needs Chromium: apt install chromium")
    from playwright.sync_api import sync_playwright  # only tests install it

    path, text = Course().root / "docs" / "picture.png", picture_page()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "page.html"
        file.write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1200, "height": 740})
        page.goto(file.as_uri())
        page.wait_for_function("document.querySelector('[id^=demo-]').stage")
        page.wait_for_timeout(1000)  # the scene comes to rest
        page.screenshot(path=path)
        browser.close()
    print(f"{path}: {path.stat().st_size // 1000} kB")
    return 0


def picture_page() -> str:
    """Return the page that is photographed: two attempts with their cards, one demo."""
    mended = _WRONG.rsplit("\n", 2)[0] + "\n" + _MENDED + "\n"
    wrong_card, right_card = _cards(_WRONG, mended)
    scene = dropout_from_scratch.scene()
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><style>{_STYLE}</style>'
        f'<body><div class="left"><pre>{html.escape(_WRONG)}</pre>{wrong_card}'
        f"<pre>{html.escape(_MENDED)}</pre>{right_card}</div>"
        f'<div class="right">{scene.fragment("")}</div></body></html>'
    )


def _cards(*answers: str) -> list[str]:
    """Return the HTML that a notebook shows after the check of each answer."""
    start = f"import torch\nfrom helpers.checks import load\ncheck = load({_STEM!r})"
    sources = [start]
    for answer in answers:
        sources += [answer, f"check.{_NAME}({_NAME})"]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "attempts.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        executed = execute(path, NBGRADER_EXECUTION="", COURSE_PROGRESS="off")
    found = [
        _html(output) for cell in executed.cells[2::2] for output in cell.outputs[:1]
    ]
    if len(found) != len(answers):
        raise CourseError(
            "picture: expected what a check says after each attempt; see the check"
        )
    return found


def _html(output: nbformat.NotebookNode) -> str:
    """Return an output as a page shows it: a card, or a passed check's line."""
    if output.output_type == "stream":
        return f'<pre class="said">{html.escape(output.text.strip())}</pre>'
    return str(output.data["text/html"])
