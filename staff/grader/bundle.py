"""One assignment as the grader sees it: template cells, questions, hidden tests."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from staff.authoring.hidden import halves
from staff.course import Course, CourseError
from staff.grader.fingerprint import check_code
from staff.grader.model import Submission
from staff.grader.syntax import read

__all__ = ["RUN", "Bundle", "Manual", "Question", "TemplateCell", "halves"]

RUN = {"setup", "code"}
"""Roles of the instructor's cells that a session runs, besides the tests."""

_CARD = re.compile(r"^#+ +(Exercise +(\d+\.\d+[a-z]?) · .+?)(?: +\([^()]*\))? *$", re.M)


@dataclass(frozen=True)
class TemplateCell:
    """One cell as the course made it.

    Args:
        id: of the cell, the same in both notebooks.
        role: markdown, manual, install, setup, code, scratch, look, experiment, demo,
            figure, results, predict, solution or test.
        source: the instructor's; of a solution with its answer, of a test with its
            hidden part.
        released: as learners got it.
        question: the exercise's name, for solutions and tests; else "".
        nbgrader: nbgrader's metadata in the release, without its checksum.
    """

    id: str
    role: str
    source: str
    released: str
    question: str
    nbgrader: dict[str, Any]

    def __hash__(self) -> int:
        return hash((self.id, self.source))


@dataclass(frozen=True)
class Question:
    """One exercise.

    Args:
        name: the exercise's name: that of its check and of its answer cell.
        grade_id: nbgrader's name for the check cell, which has the points.
        title: from its card, "Exercise 2.2 · Inverted dropout".
        number: "2.2"; "" without a card.
        points: > 0.
        asks: the names that the answer has to define.
        visible: the check as learners see it.
        hidden: the lines between the borders of the hidden part, "" if there are none.
        check: fingerprint of the code that the check function depends on in its module.
    """

    name: str
    grade_id: str
    title: str
    number: str
    points: float
    asks: tuple[str, ...]
    visible: str
    hidden: str
    check: str = ""

    @property
    def label(self) -> str:
        """The title's short form, "Exercise 2.2"."""
        return f"Exercise {self.number}" if self.number else self.name


@dataclass(frozen=True)
class Manual:
    """One question that is answered in words and graded by a person.

    Args:
        grade_id: nbgrader's name for its cell, which is the cell's id, too.
        title: from its card, "Exercise 12.5 · The challenge".
        points: > 0, that a person may give.
        place: of its cell among the assignment's.
    """

    grade_id: str
    title: str
    points: float
    place: int

    @property
    def name(self) -> str:
        """Its name, which is its cell's."""
        return self.grade_id

    @property
    def label(self) -> str:
        """The title's short form, "Exercise 12.5"."""
        return self.title.split(" · ")[0] or self.name

    @property
    def number(self) -> str:
        """Its number, "12.5"; "" without a card."""
        return self.label.removeprefix("Exercise ") if self.title else ""


@dataclass(frozen=True)
class Bundle:
    """All that is needed to read and grade submissions of one assignment."""

    stem: str
    cells: tuple[TemplateCell, ...]
    questions: dict[str, Question]

    def __hash__(self) -> int:
        return hash(self.digest)

    @classmethod
    def load(cls, course: Course, stem: str) -> Bundle:
        """Read an assignment from its two built notebooks.

        Raises:
            CourseError: a notebook is missing, or they do not belong together.
        """
        source, release = (
            _cells(path) for path in (course.solution(stem), course.release(stem))
        )
        if [cell["id"] for cell in source] != [cell["id"] for cell in release]:
            raise CourseError(
                f"{stem}: the instructor's and the learners' notebook do not belong "
                "together; run `python -m staff build`"
            )
        pairs = zip(source, release, strict=True)
        cells = tuple(_template_cell(*pair) for pair in pairs)
        return cls(stem, cells, _questions(stem, cells))

    @cached_property
    def by_hand(self) -> tuple[Manual, ...]:
        """The questions that a person grades, each with its cell's place."""
        title, found = "", []
        for place, cell in enumerate(self.cells):
            if cell.role == "manual":
                points = float(cell.nbgrader["points"])
                found.append(Manual(cell.question, title, points, place))
            for match in _CARD.finditer(cell.source if cell.role == "markdown" else ""):
                title = match[1]
        return tuple(found)

    @cached_property
    def digest(self) -> str:
        """Fingerprint of all that is in it."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def cell(self, role: str, question: str) -> TemplateCell:
        """Return the solution or the test of a question."""
        wanted = (role, question)
        return next(c for c in self.cells if (c.role, c.question) == wanted)

    def question_key(self, name: str, submission: Submission, environment: str) -> str:
        """Return a fingerprint of everything that a question's verdict depends on.

        These are the environment, the cells that run before its check (other checks
        apart), the check's text, and the code behind the check.

        Args:
            name: of the question.
            submission: as read.
            environment: from `staff.grader.fingerprint.environment`.
        """
        question = self.questions[name]
        steps = []
        for step in submission.steps:
            if step.kind == "test" and step.question == name:
                break
            if step.kind != "test":
                steps.append([step.kind, step.source, step.cell, step.question])
        missing = name in submission.missing
        absent = [
            [package] for package, _ in submission.absent
        ]  # once installed: again
        parts = [
            *(self.stem, name, environment, submission.invalid, missing, *absent),
            [] if missing or submission.invalid else steps,
            [self.cell("test", name).source, question.check, question.points],
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Return plain data, for a worker elsewhere."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Bundle:
        """Build from plain data."""
        cells = tuple(TemplateCell(**cell) for cell in data["cells"])
        questions = {
            name: Question(**{**each, "asks": tuple(each["asks"])})
            for name, each in data["questions"].items()
        }
        return cls(data["stem"], cells, questions)


def _cells(path: Path) -> list[dict[str, Any]]:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError) as error:
        where = "/".join(path.parts[-3:])
        raise CourseError(
            f"{where}: expected a built notebook ({type(error).__name__}); "
            "run `python -m staff build`"
        ) from error
    return [{**cell, "source": "".join(cell["source"])} for cell in cells]


def _template_cell(cell: dict[str, Any], released: dict[str, Any]) -> TemplateCell:
    kind = "markdown" if cell["cell_type"] == "markdown" else "code"
    role = cell["metadata"].get("course", {}).get("role", kind)
    nbgrader = dict(released["metadata"].get("nbgrader", {}))
    nbgrader.pop("checksum", None)
    question = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
    if role == "test":
        question = question.removeprefix("test_")
    elif role not in ("solution", "manual"):
        question = ""
    return TemplateCell(
        *(cell["id"], role, cell["source"], released["source"], question, nbgrader)
    )


def _questions(stem: str, cells: tuple[TemplateCell, ...]) -> dict[str, Question]:
    found: dict[str, Question] = {}
    cards: dict[str, re.Match[str] | None] = {}
    card: re.Match[str] | None = None
    stubs: dict[str, tuple[str, ...]] = {}
    for cell in cells:
        if cell.role == "markdown":
            for match in _CARD.finditer(cell.source):
                card = match
        elif cell.role == "solution":
            cards[cell.question], card = card, None
            stubs[cell.question] = (*read(cell.released).defined,)
        elif cell.role == "test":
            found[cell.question] = _question(
                stem, cell, cards.get(cell.question), stubs.get(cell.question, ())
            )
    return found


def _question(
    stem: str, test: TemplateCell, card: re.Match[str] | None, asks: tuple[str, ...]
) -> Question:
    visible, hidden = halves(test.source)
    return Question(
        name=test.question,
        grade_id=test.nbgrader["grade_id"],
        title=card[1] if card else test.question,
        number=card[2] if card else "",
        points=test.nbgrader["points"],
        asks=asks or (test.question,),
        visible=visible.rstrip("\n"),
        hidden=hidden.rstrip("\n"),
        check=check_code(stem, test.question),
    )
