"""Learners' notebooks for the grader's tests: the release, filled in and mistreated."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

from staff.course import Course
from staff.grader.bundle import Bundle
from staff.grader.intake import Candidate, read
from staff.grader.model import Submission

STEM = "02_dropout_from_scratch"
BANK = Course().root / "tests" / "answers"


@cache
def bundle(stem: str = STEM) -> Bundle:
    return Bundle.load(Course(), stem)


@cache
def _release(stem: str) -> str:
    return Course().release(stem).read_text("utf-8")


class Sheet:
    """A notebook as plain data, with the manners of learners."""

    def __init__(self, stem: str = STEM) -> None:
        self.stem, self.data = stem, json.loads(_release(stem))
        for cell in self.cells:
            cell["source"] = "".join(cell["source"])

    @property
    def cells(self) -> list[dict[str, Any]]:
        return self.data["cells"]

    def at(self, name: str) -> int:
        return next(k for k, cell in enumerate(self.cells) if cell.get("id") == name)

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self.cells[self.at(name)]

    def fill(self, **sources: str) -> Sheet:
        for name, source in sources.items():
            self[name]["source"] = source
        return self

    def insert(self, where: int, source: str, **cell: Any) -> Sheet:
        plain = {"cell_type": "code", "metadata": {}, "outputs": []}
        self.cells.insert(where, plain | {"source": source} | cell)
        return self

    def strip(self, *, ids: bool = False) -> Sheet:
        """Take the metadata away, as other programs do; also the ids if wanted."""
        self.data["metadata"] = {"colab": {"provenance": []}}
        for cell in self.cells:
            cell["metadata"] = {"id": "AbCdEf"}
            if ids:
                cell.pop("id", None)
        return self

    def copy(self, name: str) -> dict[str, Any]:
        return copy.deepcopy(self[name])

    def bytes(self) -> bytes:
        return json.dumps(self.data, indent=1).encode()

    def read(self, folder: Path) -> Submission:
        return read_bytes(folder, self.bytes(), self.stem)


def read_bytes(folder: Path, content: bytes, stem: str = STEM) -> Submission:
    path = folder / "ada" / stem / f"{stem}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    candidate = Candidate("ada", folder, ("ada", stem, f"{stem}.ipynb"))
    return read(candidate, bundle(stem))


def bank(stem: str, name: str, pattern: str = "right_*.py") -> list[str]:
    """Return the texts of the answers kept for an exercise."""
    found = sorted((BANK / stem / name).glob(pattern))
    return [path.read_text("utf-8") for path in found]


def answers(submission: Submission) -> dict[str, str]:
    return {s.question: s.source for s in submission.steps if s.kind == "answer"}


def extras(submission: Submission) -> list[str]:
    return [step.source for step in submission.steps if step.kind == "extra"]


def position(submission: Submission, kind: str, text: str) -> int:
    """Return where the one step of a kind stands whose text or question is this."""
    found = [
        k
        for k, step in enumerate(submission.steps)
        if step.kind == kind and text in (step.source, step.question)
    ]
    assert len(found) == 1, (kind, text, found)
    return found[0]
