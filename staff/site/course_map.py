"""The map of the course as a page of the site: the one of 00, linked to pages."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

import nbformat

from helpers.study import progress
from helpers.study.titles import title

__all__ = ["course_map", "page", "with_our_map"]

_MAP = re.compile(r'<nav class="course-map.*</nav>', re.DOTALL)


class _Node(progress.Node):
    """A notebook on the site, where nobody's progress is known."""

    @property
    def words(self) -> str:
        return f"{self.exercises} exercises, {self.questions} questions"


class _Map(progress.Map):
    """The map with the course's sums in its middle."""

    @property
    def summary(self) -> tuple[str, str]:
        nodes = [node for branch in self.branches for node in branch.nodes]
        exercises = sum(node.exercises for node in nodes)
        questions = sum(node.questions for node in nodes)
        return f"{exercises} exercises", f"{questions} quiz questions"


def course_map(stems: Collection[str], folder: str) -> str:
    """Return the map as HTML.

    Args:
        stems: of the notebooks that have a page.
        folder: where these pages are, seen from the map's, such as "notebooks/".
    """
    pages = {title(stem): f"{folder}{stem}.html" for stem in stems}
    drawn = progress.course_map()

    def node(known: progress.Node) -> progress.Node:
        counts = known.exercises, known.questions
        where = pages.get(known.title, "")
        return _Node(known.title, where, 0, counts[0], 0, counts[1])

    def side(branches: tuple[progress.Branch, ...]) -> list[progress.Branch]:
        return [replace(each, nodes=tuple(map(node, each.nodes))) for each in branches]

    made = _Map(drawn.name, side(drawn.left), side(drawn.right))._repr_html_()
    return re.sub(r"\n{2,}", "\n", made)  # an empty line would end the HTML


def page(stems: Collection[str]) -> str:
    """Return the page of the map, as Markdown."""
    return (
        "# Map of the course\n\nNotebooks that share an idea stand on one branch. Each "
        "can be read on its own; its first lines say what it takes for granted.\n\n"
        f'<div class="course-page">{course_map(stems, "notebooks/")}</div>\n'
    )


def with_our_map(
    notebook: nbformat.NotebookNode, stems: Collection[str]
) -> nbformat.NotebookNode:
    """Put the site's map in the place of the one that an executed notebook shows.

    That one was drawn in an empty folder, without links. The notebook is changed.
    """
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", [])]
    for output in outputs:
        shown = output.get("data", {}).get("text/html", "")
        if found := _MAP.search(shown):
            head, tail = shown[: found.start()], shown[found.end() :]
            output.data["text/html"] = head + course_map(stems, "") + tail
    return notebook
