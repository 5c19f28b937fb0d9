"""The executed notebook: the instructor's, with a learner's answers and their outputs.

It goes to ``autograded/``, where formgrader and manual grading look for it, with the
metadata and checksums that ``nbgrader autograde`` leaves there. Whoever opens it is the
instructor: of a learner's outputs only text and images pass, as data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import nbformat
from nbgrader.utils import compute_checksum

from staff.course import Course
from staff.grader.model import Output, Result, Step, Submission
from staff.grader.outputs import safe_outputs

__all__ = ["Template"]

Cell = dict[str, Any]

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
        """Return a released cell as nbgrader's database has it: tests complete."""
        nbgrader = released.metadata.get("nbgrader", {})
        if nbgrader.get("solution"):
            self.stubs[released.id] = released.source
        else:
            released.source = given.source
        if nbgrader:
            nbgrader["checksum"] = compute_checksum(released)
        return dict(released)

    def notebook(self, submission: Submission, result: Result) -> str:
        """Return the text of one learner's executed notebook."""
        answers = {s.cell: s.source for s in submission.steps if s.kind == "answer"}
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
            if cell["cell_type"] == "code" and name in ran:
                outputs = safe_outputs(result.outputs.get(name, []))
                cell = {**cell, "outputs": outputs}
            cells.append(cell)
        cells += [_extra(step, result, taken) for step in behind]
        return _text(cells, self.metadata)

    def unanswered(self, cell: str, submission: Submission) -> bool:
        """Tell whether an answer cell was left as it was released."""
        answers = {s.cell: s.source for s in submission.steps if s.kind == "answer"}
        answers |= dict(submission.written)
        return answers.get(cell, self.stubs[cell]) == self.stubs[cell]


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
    return json.dumps(whole, indent=1, sort_keys=True) + "\n"
