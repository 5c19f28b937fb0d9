"""The executed notebook: the instructor's, with a learner's answers and their outputs.

It goes to ``autograded/``, where formgrader and manual grading look for it, with the
metadata and checksums that ``nbgrader autograde`` leaves there. Whoever opens it is the
instructor: of a learner's outputs only text and images pass, as data.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

import nbformat
from nbgrader.utils import compute_checksum

from staff.course import Course
from staff.grader.model import Output, Result, Step, Submission

__all__ = ["Template", "safe_outputs"]

Cell = dict[str, Any]

_TEXT = 100_000  # characters of one output
_IMAGE = 4 * 2**20  # bytes of one image
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_PNG = b"\x89PNG\r\n\x1a\n"


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

    def _cell(self, given: nbformat.NotebookNode, released: nbformat.NotebookNode):
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


# --- outputs ----------------------------------------------------------------------


def safe_outputs(outputs: list[Output]) -> list[Output]:
    """Return the outputs of a cell with nothing in them but text and PNG images."""
    return [safe for output in outputs if (safe := _safe(output)) is not None]


def _safe(output: Output) -> Output | None:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {"output_type": kind, "name": name, "text": _plain(output.get("text"))}
    if kind == "error":
        traceback = output.get("traceback")
        lines = traceback if isinstance(traceback, list) else []
        return {
            "output_type": kind,
            "ename": _plain(output.get("ename"))[:200],
            "evalue": _plain(output.get("evalue")),
            "traceback": _plain("\n".join(map(str, lines))).split("\n"),
        }
    if kind in {"display_data", "execute_result"}:
        return _shown(kind, output.get("data"))
    return None


def _shown(kind: str, data: object) -> Output | None:
    data = data if isinstance(data, dict) else {}
    kept = {}
    if "text/plain" in data:
        kept["text/plain"] = _plain(data["text/plain"])
    if image := _png(data.get("image/png")):
        kept["image/png"] = image
    if not kept:
        return None
    shown = {"output_type": kind, "data": kept, "metadata": {}}
    return shown | ({"execution_count": None} if kind == "execute_result" else {})


def _plain(text: object) -> str:
    whole = "".join(map(str, text)) if isinstance(text, list) else str(text or "")
    whole = whole.encode("utf-8", "replace").decode()
    return whole if len(whole) <= _TEXT else whole[:_TEXT] + "\n… cut off"


def _png(text: object) -> str:
    """Return base64 made anew from what was base64 of a PNG; "" if it was not."""
    if isinstance(text, list):
        text = "".join(map(str, text))
    if not isinstance(text, str) or len(text) > _IMAGE * 4 // 3:
        return ""
    try:
        image = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(image).decode() if image.startswith(_PNG) else ""
