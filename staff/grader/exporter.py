"""``nbgrader generate_feedback``, and formgrader's button for it, write our page.

nbgrader's own page shows whole check cells, hidden part included. What we graded gets
the page that `python -m staff grade` writes, made anew from journal and gradebook. What
``nbgrader autograde`` graded gets nbgrader's page, made from a notebook without hidden
parts.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import HTMLExporter
from nbgrader import api

from staff.authoring.hidden import halves
from staff.course import Course
from staff.grader.again import remembered
from staff.grader.bundle import Bundle
from staff.grader.executed import graded_file, open_part
from staff.grader.feedback import Page
from staff.grader.journal import Journal
from staff.grader.marks import Marks, of_assignment
from staff.grader.pages import clean
from staff.grader.policy import Policy
from staff.grader.requests import read_requests

__all__ = ["FeedbackPage", "without_hidden"]

_FAILED = "This check failed. Its hidden part is not shown."


class FeedbackPage(HTMLExporter):
    """Makes one learner's feedback page from his or her executed notebook."""

    def from_filename(  # type: ignore[override]  # nbconvert's own says so wrongly
        self, filename: str, resources: Any = None, **kwargs: Any
    ) -> tuple[str, Any]:
        """Return (page, resources), as nbconvert asks for."""
        notebook = nbformat.read(filename, as_version=4)
        names = (resources or {}).get("nbgrader", {})
        page = self._ours(notebook, names) if names else None
        if page is not None:
            return page, {**resources, "output_extension": ".html"}
        found: tuple[str, Any] = self.from_notebook_node(
            without_hidden(notebook), resources=resources, **kwargs
        )
        return found

    def _ours(self, notebook: Any, names: dict[str, str]) -> str | None:
        """Return our page; None if what lies there is not from us."""
        course, stem = (
            Course(Path(self.config.CourseDirectory.root)),
            names["assignment"],
        )
        journal = Journal(course, stem)
        entry = journal.latest(names["student"])
        if entry is None or not _is_ours(notebook, entry.sha256):
            return None
        with api.Gradebook(names["db_url"]) as book:
            marks = of_assignment(book.db, stem, [entry.student])
        bundle = Bundle.load(course, stem)
        page = Page(bundle, Policy.read(course.root), read_requests(course, bundle))
        submission, result = remembered(course, bundle, journal, entry)
        return page.render(submission, result, marks.get(entry.student, Marks()))


def _is_ours(notebook: Any, sha256: str) -> bool:
    """Tell whether we made a notebook, from this file; a file unread has no sum."""
    ours = "graded" in notebook.metadata.get("course", {})
    return ours and graded_file(notebook) == sha256


def without_hidden(notebook: Any) -> Any:
    """Return a notebook whose checks show no hidden part and no error from one."""
    for cell in notebook.cells:
        graded = cell.metadata.get("nbgrader", {}).get("grade")
        if cell.cell_type != "code" or not graded:
            continue
        visible, hidden = halves(cell.source)
        if not hidden:
            continue
        cell.source = open_part(cell.source)
        cell.outputs = [_tame(o, visible, hidden) for o in cell.get("outputs", [])]
    return notebook


def _tame(output: Any, visible: str, hidden: str) -> Any:
    """Return an output of a check; of an error that quotes what is hidden, the kind."""
    if output.output_type != "error":
        return output
    told = clean("\n".join([output.evalue, *output.traceback]))
    if _quotes(told, visible, hidden):
        told, evalue = f"{output.ename}: {_FAILED}", _FAILED
    else:
        told, evalue = clean("\n".join(output.traceback)), clean(output.evalue)
    return nbformat.v4.new_output(
        "error", ename=output.ename, evalue=evalue, traceback=told.split("\n")
    )


def _quotes(text: str, visible: str, hidden: str) -> bool:
    """Tell whether a text has a line, or a long number, of the hidden part in it."""
    seen, said = _squeezed(visible), _squeezed(text)
    lines = {_squeezed(line) for line in hidden.split("\n")}
    secrets = {line for line in lines if len(line) > 2 and line not in seen}
    numbers = {n.replace("_", "") for n in re.findall(r"\d[\d_]{3,}", hidden)}
    secrets |= {number for number in numbers if number not in seen}
    return "HIDDEN TESTS" in text or any(
        secret in said or secret in said.replace("_", "") for secret in secrets
    )


def _squeezed(text: str) -> str:
    return " ".join(text.split())
