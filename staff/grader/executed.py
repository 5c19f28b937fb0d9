"""The executed notebook: the instructor's, with a learner's answers and their outputs.

It goes to ``autograded/``, where formgrader and manual grading look for it, with the
metadata and checksums that ``nbgrader autograde`` leaves there. Three things differ:

- A check cell shows why its question has the points it has.
- It does not hold its hidden part, so that no page made from it can show that.
- Cells that are not run while grading, such as plots of one's own answer, show what
  they showed where the learner ran them.

Whoever opens it is the instructor: of outputs only text and images pass, as data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import nbformat
from nbgrader.utils import compute_checksum

from staff.authoring.hidden import halves
from staff.course import Course
from staff.grader.model import Output, Result, Step, Submission
from staff.grader.outputs import safe_outputs

__all__ = ["HIDDEN", "NOT_RUN", "Template", "graded_file", "open_part"]

Cell = dict[str, Any]

HIDDEN = "# The hidden part of this check is in the instructor's notebook."
"""Stands in its place."""

NOT_RUN = "[not run while grading; as it was handed in]\n"
"""Stands above outputs from the learner's own file."""

_GIVEN = ("provided", "test")
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class Template:
    """What all executed notebooks of an assignment share; read once.

    Args:
        course: holds the instructor's and the released notebook.
        stem: the assignment.

    Attributes:
        stubs: id → released source of each answer cell.
        checksums: id → checksum of the answer cell as released.
    """

    def __init__(self, course: Course, stem: str) -> None:
        source = nbformat.read(course.solution(stem), as_version=4)
        release = nbformat.read(course.release(stem), as_version=4)
        self.stubs: dict[str, str] = {}
        self.metadata = dict(release.metadata)
        self.cells = [
            self._cell(given, released)
            for given, released in zip(source.cells, release.cells, strict=True)
        ]

    def _cell(
        self, given: nbformat.NotebookNode, released: nbformat.NotebookNode
    ) -> Cell:
        """Return a released cell with the checksum that nbgrader's database has."""
        nbgrader = released.metadata.get("nbgrader", {})
        if nbgrader.get("solution"):
            self.stubs[released.id] = released.source
        else:
            released.source = given.source
        if nbgrader:
            nbgrader["checksum"] = compute_checksum(released)
        if nbgrader.get("grade"):
            released.source = open_part(released.source)
        return dict(released)

    def notebook(
        self,
        submission: Submission,
        result: Result,
        reasons: Mapping[str, str] | None = None,
        handed_in: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the text of one learner's executed notebook.

        Args:
            submission: as read.
            result: complete.
            reasons: check cell → why it has its points.
            handed_in: cell → outputs in the learner's own file.
        """
        reasons, handed_in = reasons or {}, handed_in or {}
        answers = {s.cell: s.source for s in submission.steps if s.kind == "answer"}
        given = {s.cell: s.source for s in submission.steps if s.kind in _GIVEN}
        answers |= {name: _quoted(text) for name, text in submission.written}
        ran = {step.cell for step in submission.steps}
        taken = {cell["id"] for cell in self.cells}
        before, behind = _extras(submission.steps, set(taken))
        cells = [_note(submission.invalid)] if submission.invalid else []
        for cell in self.cells:
            name = cell["id"]
            cells += [_extra(step, result, taken) for step in before.get(name, [])]
            if name in self.stubs:
                cell = {**cell, "source": answers.get(name, cell["source"])}
            elif name in given:
                cell = _own_variant(cell, given[name])
            if cell["cell_type"] == "code":
                outputs = safe_outputs(result.outputs.get(name, []))
                if name not in ran and name not in reasons:
                    outputs = _as_handed_in(handed_in.get(name))
                if name in reasons:
                    outputs = [_stream(f"{reasons[name]}\n"), *outputs]
                cell = {**cell, "outputs": outputs}
            cells.append(cell)
        cells += [_extra(step, result, taken) for step in behind]
        course = {**self.metadata.get("course", {}), "graded": submission.sha256}
        return _text(cells, {**self.metadata, "course": course})

    def unanswered(self, cell: str, submission: Submission) -> bool:
        """Tell whether an answer cell was left as it was released."""
        answers = {s.cell: s.source for s in submission.steps if s.kind == "answer"}
        answers |= dict(submission.written)
        return answers.get(cell, self.stubs[cell]) == self.stubs[cell]


def graded_file(notebook: Mapping[str, Any]) -> str:
    """Return the sha256 of the file that an executed notebook of ours came from.

    "" for one that ``nbgrader autograde`` made.
    """
    course = notebook.get("metadata", {}).get("course", {})
    return str(course.get("graded", "")) if isinstance(course, dict) else ""


def _as_handed_in(outputs: Any) -> list[Output]:
    kept = safe_outputs(outputs)
    return [_stream(NOT_RUN), *kept] if kept else []


def _stream(text: str) -> Output:
    return {"output_type": "stream", "name": "stdout", "text": text}


def _own_variant(cell: Cell, source: str) -> Cell:
    """Return a given cell as this learner got it."""
    if open_part(source) == cell["source"]:
        return cell
    metadata = json.loads(json.dumps(cell["metadata"]))
    made = nbformat.from_dict({**cell, "source": source, "metadata": metadata})
    if "nbgrader" in metadata:
        made.metadata["nbgrader"]["checksum"] = compute_checksum(made)
    return {**made, "source": open_part(source)}


def open_part(source: str) -> str:
    """Return a test cell without its hidden part; other cells as they are."""
    visible, hidden = halves(source)
    return f"{visible.rstrip()}\n{HIDDEN}" if hidden else source


def _extras(
    steps: tuple[Step, ...], places: set[str]
) -> tuple[dict[str, list[Step]], list[Step]]:
    """Return the learner's own cells by the template's cell they stand before."""
    before: dict[str, list[Step]] = {}
    waiting: list[Step] = []
    for step in steps:
        if step.kind == "extra" or step.cell not in places:
            waiting.append(step)
        elif waiting:
            before.setdefault(step.cell, []).extend(waiting)
            waiting = []
    return before, waiting


def _extra(step: Step, result: Result, taken: set[str]) -> Cell:
    """Return a learner's own cell, under an id that no other cell has."""
    name = step.cell
    if not _ID.fullmatch(name) or name in taken:
        name = f"own-{len(taken)}"
    taken.add(name)
    return _code(name, step.source, safe_outputs(result.outputs.get(step.cell, [])))


def _quoted(text: str) -> str:
    """Return what a learner wrote as plain text: markdown may hold active content."""
    fence = max((len(run) for run in re.findall("~+", text)), default=2) + 1
    fence = max(fence, 3)
    return f"{'~' * fence}text\n{text}\n{'~' * fence}"


def _note(text: str) -> Cell:
    lines = "".join(f"# {line}\n" for line in text.splitlines())
    return _code(
        "not-graded", f"# This file could not be graded.\n{lines}".rstrip(), []
    )


def _code(name: str, source: str, outputs: list[Output]) -> Cell:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "source": source,
        "outputs": outputs,
        "execution_count": None,
    }


def _text(cells: list[Cell], metadata: Mapping[str, Any]) -> str:
    whole = {
        "cells": cells,
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(whole, sort_keys=True) + "\n"  # with an indent 20 times as slow
