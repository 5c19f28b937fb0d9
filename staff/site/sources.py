"""Turn executed notebooks and the project's texts into what Sphinx reads."""

from __future__ import annotations

import base64
import copy
import hashlib
import re
from collections.abc import Callable, Collection
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell

from helpers.cards import inline
from staff.site.tables import claims_in

__all__ = ["notebook_source", "text_source"]

_IMAGE = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")
_LINK = re.compile(r"\[([^\]]*)\]\(\.\./(\d\d_\w+)/\2\.ipynb\)")
_PROJECT_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)(#[^)]*)?\)")
_OFF = re.compile(r" is (kept|recorded) here: COURSE_PROGRESS is off\.")
_PLACES = re.compile(r"<!-- /?number[^>]*-->")  # see staff.authoring.numbers
_WIDGET = "application/vnd.jupyter.widget-view+json"
_PREDICTION = re.compile(
    r"(?P<question>.+?)\n(?P<choices>(?:  \d+\. .*\n)+)To record yours, .*", re.DOTALL
)
_PLUMBING = {"install", "scratch"}  # nothing to read on a page
_KEPT = ("text/html", "image/png", "image/svg+xml", "text/plain")


def notebook_source(
    notebook: nbformat.NotebookNode, figures: Path, stems: Collection[str]
) -> nbformat.NotebookNode:
    """Return a copy for Sphinx: links between pages, figures as files, no widgets.

    Args:
        notebook: executed.
        figures: folder for its figures, which pages find as ``../_static/figures``.
        stems: of the notebooks that have a page; links to others become words.
    """
    made = copy.deepcopy(notebook)
    cells = []
    for cell in made.cells:
        if cell.metadata.get("course", {}).get("role") in _PLUMBING:
            continue
        if cell.cell_type == "markdown":
            cell.source = _markdown(cell.source, stems)
        elif cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if _shown(o, figures)]
            marks = [f'<span id="claim-{name}"></span>' for name in claims_in(cell)]
            if marks:
                cells.append(new_markdown_cell("".join(marks)))
        cells.append(cell)
    made.cells = cells
    made.metadata.pop("widgets", None)  # Sphinx would load what shows them from afar
    return made


def text_source(text: str, known: Callable[[str], str | None]) -> str:
    """Return a project's Markdown file for Sphinx.

    Args:
        text: of the file.
        known: gives a path's page or address; None where there is none, and then the
            words stay without a link.
    """

    def link(found: re.Match[str]) -> str:
        target = known(found[1])
        return "]" if target is None else f"]({target}{found[2] or ''})"

    def plain(found: re.Match[str]) -> str:
        made = _PROJECT_LINK.sub(link, found[0])
        return made if made.endswith(")") else made[1:-1]

    text = _PLACES.sub("", text)
    return re.sub(r"(?<!!)\[[^\]]*\]\([^)]*\)", plain, text)


def _markdown(source: str, stems: Collection[str]) -> str:
    """Set links, and let Markdown and formulas in folded parts be read as such."""

    def link(found: re.Match[str]) -> str:
        words, stem = found.groups()
        return f"[{words}]({stem}.ipynb)" if stem in stems else words

    source = _LINK.sub(link, source)
    source = re.sub(r"(</summary>)[ \t]*\n(?!\n)", r"\1\n\n", source)
    return re.sub(r"(?<!\n)\n(</details>)", r"\n\n\1", source)


def _shown(output: nbformat.NotebookNode, figures: Path) -> bool:
    """Tell whether an output stands on the page; its figures go into files."""
    if output.output_type == "stream":
        output.text = _without_places(output.text)
        return True
    data = output.get("data", {})
    widget = _WIDGET in data
    for kind in [kind for kind in data if kind not in _KEPT]:
        del data[kind]
    if widget and "text/html" not in data:
        asked = _question(data.get("text/plain", ""))
        output.data = data = {"text/html": asked} if asked else {}
    if not any(str(text).strip() for text in data.values()):
        return False
    for kind in ("text/html", "text/plain"):
        if kind in data:
            data[kind] = _without_places(data[kind])
    if "text/html" in data:
        text = data["text/html"]
        data["text/html"] = _IMAGE.sub(lambda found: _file(found[1], figures), text)
    return True


def _without_places(text: str) -> str:
    """Leave out why nothing is kept: how the site was made concerns nobody."""
    return _OFF.sub(r" is \1 here.", text)


def _question(text: str) -> str:
    """Return a prediction's question as one that can be clicked; "" if it is none.

    A click is kept nowhere. What came out stays folded below it until it is opened.
    """
    if not (found := _PREDICTION.fullmatch(text)):
        return ""
    choices = re.findall(r"^  \d+\. (.*)$", found["choices"], re.MULTILINE)
    name = hashlib.sha256(text.encode()).hexdigest()[:12]
    labels = "".join(
        f'<label><input type="radio" name="{name}"> {inline(choice)}</label>'
        for choice in choices
    )
    legend = f"<legend>{inline(found['question'])}</legend>"
    return f'<fieldset class="prediction">{legend}{labels}</fieldset>'


def _file(encoded: str, figures: Path) -> str:
    content = base64.b64decode(encoded)
    name = f"{hashlib.sha256(content).hexdigest()[:20]}.png"
    figures.mkdir(parents=True, exist_ok=True)
    (figures / name).write_bytes(content)
    return f"../_static/figures/{name}"
