"""What learners read, judged by axe-core in Chromium: contrast, names, headings, alt.

axe-core comes from npm, at the version named below, into pytest's temporary folder.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

from helpers.demos import dropout_from_scratch
from helpers.demos.playground import playground
from helpers.show import display
from staff.authoring.masters import read_master
from staff.environment import started_with
from tests.chromium import NEEDS_CHROMIUM

ROOT = Path(__file__).resolve().parent.parent
AXE = "axe-core@4.10.3"
MASTERS = sorted((ROOT / "solutions").glob("*.py"))


@pytest.fixture(scope="module")
def axe(tmp_path_factory) -> str:
    """Return axe-core's script."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, and axe-core comes from it")
    folder = tmp_path_factory.mktemp("axe")
    quick = ["--no-audit", "--no-fund", "--fetch-retries=0"]
    command = [npm, "install", "--prefix", folder, *quick, AXE]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=180, env=started_with()
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not answer within three minutes")
    if done.returncode:
        pytest.skip(f"npm could not bring {AXE}: {done.stderr.strip()[-200:]}")
    return (folder / "node_modules/axe-core/axe.min.js").read_text("utf-8")


def violations(browser, axe: str, path: Path, *, scheme: str, within: str) -> list[str]:
    """Return one line per rule that an element of the page breaks.

    Args:
        scheme: light or dark. within: selector of the elements that are looked at.
    """
    page = browser.new_page(viewport={"width": 900, "height": 800}, color_scheme=scheme)
    page.goto(path.as_uri())
    page.wait_for_timeout(500)
    page.evaluate(axe)
    found = page.evaluate(
        "within => axe.run({ include: within }, { runOnly: ["
        "'wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })"
        ".then((result) => result.violations)",
        within,
    )
    page.close()
    return [
        f"{rule['id']}: {node['html'][:160]} ({node['failureSummary']})"
        for rule in found
        for node in rule["nodes"]
    ]


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
        assert violations(browser, axe, page, scheme=scheme, within="html") == []

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_rendered_notebook(self, browser, axe, scheme, tmp_path):
        """Within the notebook; what stands around it is nbconvert's own."""
        exporter = HTMLExporter(theme=scheme)
        html, _ = exporter.from_notebook_node(executed(MASTERS[2]))
        path = tmp_path / "notebook.html"
        path.write_text(html, "utf-8")
        found = violations(browser, axe, path, scheme=scheme, within="main")
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
        found = violations(browser, axe, path, scheme="light", within="html")
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
