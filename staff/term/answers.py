"""Collect what a class answered: in this course, or in any that nbgrader keeps.

Submissions are opened as the grader opens them: never run, links never followed, within
limits of size.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from staff.course import Course, CourseError
from staff.grader.bundle import Bundle
from staff.grader.decode import Cell, Limits, decode
from staff.grader.faults import infra
from staff.grader.files import Refused, read_below, shown
from staff.grader.find import find, is_student
from staff.grader.intake import read
from staff.grader.journal import Journal
from staff.grader.model import Verdict
from staff.grader.variants import Variants
from staff.term.likeness import RIGHT, Answer, Question

__all__ = ["Class", "Folders", "any_course", "our_course"]

_BORDERS = ("BEGIN SOLUTION", "END SOLUTION")
_STUB = "raise NotImplementedError"


@dataclass
class Class:
    """The answers of a class to one assignment.

    Args:
        questions: in order.
        answers: question → one answer per learner.
        learners: who handed something in.
        notes: what could not be read, in sentences.
    """

    questions: list[Question]
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    learners: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def graded(self) -> bool:
        """Whether it is known for any answer how it was judged."""
        return any(each.outcome for some in self.answers.values() for each in some)


# --- this course ------------------------------------------------------------------


def our_course(course: Course, stem: str, folder: Path | None = None) -> Class:
    """Return a class's answers, as the grader finds them.

    Args:
        folder: of downloaded files, in place of ``grading/submitted``.

    Raises:
        CourseError: there are no submissions, or the notebooks are not built.
    """
    bundle = Bundle.load(course, stem)
    variants = Variants(course, bundle)
    found = Class([_question(bundle, name) for name in bundle.questions])
    journal = Journal(course, stem)
    try:
        candidates = find(course, stem, folder)
    except FileNotFoundError as error:
        raise CourseError(str(error)) from error
    for candidate in candidates:
        own = variants.of(candidate.student)
        submission = read(candidate, own)
        if submission.invalid:
            found.notes.append(f"{candidate.file}: {submission.invalid}")
            continue
        found.learners += 1
        entry = journal.latest(submission.student)
        known = entry.questions if entry and entry.sha256 == submission.sha256 else {}
        for step in submission.steps:
            if step.kind == "answer":
                outcome = _verdict(known.get(step.question))
                asked = _asked(own, step.question) if variants.plan else None
                answer = Answer(submission.student, step.source, outcome, asked)
                found.answers[step.question].append(answer)
    return found


def _question(bundle: Bundle, name: str) -> Question:
    return Question(name, bundle.questions[name].title, *_asked(bundle, name))


def _asked(bundle: Bundle, name: str) -> tuple[str, str]:
    """Return a question's answer cell as learners got it, and the course's answer."""
    cell = bundle.cell("solution", name)
    return cell.released, cell.source


def _verdict(result: Any) -> str:
    if result is None or result.verdict in (Verdict.INFRA, Verdict.NOT_RUN):
        return ""
    if result.verdict is Verdict.PASS:
        return RIGHT
    if result.mistake:
        return f"the mistake “{result.mistake}”"
    first = result.message.split("\n")[0] if result.verdict is Verdict.FAIL else ""
    problem = first.rpartition(": ")[2][:200]
    return f"{result.verdict}: {problem}" if problem else str(result.verdict)


# --- any course of nbgrader's -----------------------------------------------------


@dataclass(frozen=True)
class Folders:
    """Where a course keeps things; the names are those of nbgrader's settings."""

    root: Path
    submitted: str = "submitted"
    source: str = "source"
    release: str = "release"
    gradebook: str = "gradebook.db"


def any_course(folders: Folders, assignment: str) -> Class:
    """Return a class's answers in cells that nbgrader marks as solutions.

    What was wrong is taken from the gradebook: which of the checks that follow an
    answer, up to the next one, did not give all their points.

    Raises:
        CourseError: the folders are not there, or hold no such assignment.
    """
    notebooks = _notebooks(folders, assignment)
    found = Class([q for name in notebooks for q in notebooks[name].questions])
    failed = _failed(folders, assignment)
    submitted = folders.root / folders.submitted
    for student in sorted(_names(submitted, assignment)):
        if not is_student(student):
            found.notes.append(f"{shown(student)!r} is no name of a learner")
            continue
        found.learners += 1
        for name, notebook in notebooks.items():
            parts = (student, assignment, f"{name}.ipynb")
            try:
                cells = decode(read_below(submitted, parts, Limits().size)).cells
            except Refused as why:
                found.notes.append(f"{shown('/'.join(parts))}: {why}")
                continue
            scored = failed.get((student, name))
            for question, text in notebook.answers(cells).items():
                outcome = notebook.outcome(question, scored)
                found.answers[question].append(Answer(student, text, outcome))
    return found


@dataclass
class _Notebook:
    """One notebook of an assignment: its questions, and the checks of each."""

    name: str
    questions: list[Question]
    checks: dict[str, list[str]]
    ids: dict[str, str]

    def answers(self, cells: tuple[Cell, ...]) -> dict[str, str]:
        """Return question → text, of cells that are marked as answers."""
        found: dict[str, str] = {}
        for cell in cells:
            question = self.ids.get(cell.grade_id)
            if question is not None:
                found.setdefault(question, cell.source)
        return found

    def outcome(self, question: str, failed: set[str] | None) -> str:
        """Return what the gradebook says; "" if it says nothing."""
        if failed is None or not self.checks[question]:
            return ""
        wrong = [check for check in self.checks[question] if check in failed]
        return f"points missing in {', '.join(wrong)}" if wrong else RIGHT


def _notebooks(folders: Folders, assignment: str) -> dict[str, _Notebook]:
    source = folders.root / folders.source / assignment
    paths = sorted(source.glob("*.ipynb"))
    if not paths:
        raise CourseError(
            f"{source}: expected the instructor's notebooks (*.ipynb) of the "
            "assignment; there are none. Name the folders with --source, --release and "
            "--submitted if the course has other ones"
        )
    release = folders.root / folders.release / assignment
    return {path.stem: _notebook(path, release / path.name) for path in paths}


def _notebook(path: Path, release: Path) -> _Notebook:
    given = {
        cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"])
        for cell in (_marked(release) if release.exists() else [])
    }
    made = _Notebook(path.stem, [], {}, {})
    current = ""
    for cell in _marked(path):
        marks, text = cell["metadata"]["nbgrader"], "".join(cell["source"])
        name = marks["grade_id"]
        if marks.get("solution") or marks.get("task"):
            current = f"{path.stem} · {name}"
            stub = given.get(name, _without_solution(text))
            made.questions.append(Question(current, current, stub, text))
            made.ids[name], made.checks[current] = current, []
        if marks.get("grade") and current:
            made.checks[current].append(name)
    return made


def _marked(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the cells that nbgrader has marked, of one of the course's notebooks."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError) as error:
        raise CourseError(
            f"{path}: expected a notebook, nbformat 4 ({type(error).__name__}: {error})"
        ) from error
    for cell in cells:
        marks = cell.get("metadata", {}).get("nbgrader")
        if marks and marks.get("grade_id"):
            yield cell


def _without_solution(source: str) -> str:
    """Return a cell as nbgrader would release it."""
    kept: list[str] = []
    inside = False
    for line in source.split("\n"):
        if _BORDERS[0] in line:
            inside = True
            kept.append(line[: len(line) - len(line.lstrip())] + _STUB)
        elif _BORDERS[1] in line:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def _names(submitted: Path, assignment: str) -> list[str]:
    try:
        with os.scandir(submitted) as entries:
            return [
                e.name for e in entries if (submitted / e.name / assignment).is_dir()
            ]
    except OSError as error:
        raise CourseError(
            f"{submitted}: expected nbgrader's folder of submissions "
            f"({error.strerror}); name it with --submitted"
        ) from error


def _failed(folders: Folders, assignment: str) -> dict[tuple[str, str], set[str]]:
    """Return (student, notebook) → checks that did not give all their points."""
    from nbgrader import api

    path = folders.root / folders.gradebook
    if not path.exists():
        return {}
    found: dict[tuple[str, str], set[str]] = {}
    with infra("reading the gradebook"), api.Gradebook(f"sqlite:///{path}", "") as book:
        rows = (
            book.db.query(api.Grade)
            .join(api.SubmittedNotebook)
            .join(api.SubmittedAssignment)
            .join(api.Assignment)
            .filter(api.Assignment.name == assignment)
            .all()
        )
        for row in rows:
            if row.max_score and not row.needs_manual_grade:
                failed = found.setdefault((row.student.id, row.notebook.name), set())
                if (row.score or 0) < row.max_score:
                    failed.add(row.name)
    return found
