"""What learners read, judged by axe-core: contrast, names, headings, alternatives."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

from helpers.demos import dropout_from_scratch
from helpers.demos.playground import playground
from helpers.show import display
from staff.authoring.masters import read_master
from tests.axe import STANDARD, violations
from tests.chromium import NEEDS_CHROMIUM

ROOT = Path(__file__).resolve().parent.parent
MASTERS = sorted((ROOT / "solutions").glob("*.py"))


def judged(browser, axe: str, path: Path, *, scheme: str, within: str) -> list[str]:
    """Return what axe-core finds on a page, best practice included.

    Args:
        scheme: light or dark. within: selector of the elements that are looked at.
    """
    page = browser.new_page(viewport={"width": 900, "height": 800}, color_scheme=scheme)
    page.goto(path.as_uri())
    page.wait_for_timeout(500)
    rules = (*STANDARD, "best-practice")
    found = violations(page, axe, within=within, rules=rules)
    page.close()
    return found


def executed(master: Path) -> nbformat.NotebookNode:
    """Return the master's text with one scene's output, as a notebook."""
    notebook = nbformat.v4.new_notebook()
    for cell in read_master(master).cells:
        if cell.kind == "markdown":
            notebook.cells.append(nbformat.v4.new_markdown_cell(cell.source))
    notebook.cells.append(scene_cell())
    return notebook


def scene_cell() -> nbformat.NotebookNode:
    scene = dropout_from_scratch.scene()
    still = display.picture_html(display.png(scene.picture()), scene.alt)
    data = {"text/html": scene.fragment(still), "text/plain": scene.alt}
    output = nbformat.v4.new_output("display_data", data=data)
    return nbformat.v4.new_code_cell("scene().show()", outputs=[output])


class TestAxe:
    pytestmark = [pytest.mark.slow, *NEEDS_CHROMIUM]

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_playground_page(self, browser, axe, scheme):
        page = ROOT / "docs/playground.html"
        assert judged(browser, axe, page, scheme=scheme, within="html") == []

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_rendered_notebook(self, browser, axe, scheme, tmp_path):
        """Within the notebook; what stands around it is nbconvert's own."""
        exporter = HTMLExporter(theme=scheme)
        html, _ = exporter.from_notebook_node(executed(MASTERS[2]))
        path = tmp_path / "notebook.html"
        path.write_text(html, "utf-8")
        found = judged(browser, axe, path, scheme=scheme, within="main")
        theirs = (
            *("scrollable-region-focusable", "color-contrast: <span class="),
            *('color-contrast: <div class="jp-InputPrompt', "link-in-text-block: <a"),
            "target-size: <summary>Hint",  # 22 pixels high; docs/accessibility.md
        )
        assert [line for line in found if not line.startswith(theirs)] == []

    def test_axe_finds_what_is_wrong(self, browser, axe, tmp_path):
        path = tmp_path / "bad.html"
        path.write_text(
            '<html lang="en"><title>t</title><main><h1>t</h1><h3>u</h3>'
            '<img src="x.png"><p style="color: #aaa; background: #fff">pale</p></main>'
        )
        found = judged(browser, axe, path, scheme="light", within="html")
        rules = {line.split(":")[0] for line in found}
        assert rules >= {"image-alt", "color-contrast", "heading-order"}


def headings(text: str) -> list[int]:
    """Return the levels of a markdown text's headings, outside of code."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return [len(marks) for marks in re.findall(r"^(#+) ", prose, flags=re.MULTILINE)]


@pytest.mark.parametrize("master", MASTERS, ids=lambda path: path.stem)
def test_headings_go_down_one_step_at_a_time(master):
    levels = [
        level
        for cell in read_master(master).cells
        if cell.kind == "markdown"
        for level in headings(cell.source)
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))


def test_every_figure_of_a_notebook_has_an_alternative():
    """`plots.show` asks for one; nothing else may draw."""
    for master in MASTERS:
        code = "\n".join(c.text for c in read_master(master).cells if c.kind == "code")
        assert "plt.show(" not in code, master.name
        assert "display(fig" not in code, master.name
    assert len(playground().alt) > 40
