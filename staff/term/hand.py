"""Points and comments by hand, into nbgrader's gradebook, as formgrader writes them."""

from __future__ import annotations

from typing import Any

from nbgrader import api

from staff.course import CourseError
from staff.grader.bundle import Bundle, Manual, Question
from staff.grader.feedback import points
from staff.term.book import known

__all__ = ["find_question", "rows", "set_marks"]


def find_question(bundle: Bundle, name: str) -> Question | Manual:
    """Return the question meant by its name or its number, those in words included.

    Raises:
        CourseError: there is none; the message lists them.
    """
    every: tuple[Question | Manual, ...] = (*bundle.questions.values(), *bundle.by_hand)
    for question in every:
        if name in (question.name, question.number, question.label, question.grade_id):
            return question
    there = ", ".join(f"{q.number} {q.name}".strip() for q in every)
    raise CourseError(
        f"{name!r}: expected an exercise of {bundle.stem}, by number or name; there "
        f"are: {there}"
    )


def rows(
    book: api.Gradebook, bundle: Bundle, student: str, question: Question | Manual
) -> tuple[Any, Any]:
    """Return nbgrader's (grade, comment) of a question that was handed in.

    Raises:
        CourseError: no such student, or nothing was handed in.
    """
    known(book, student)
    stem = bundle.stem
    try:
        grade = book.find_grade(question.grade_id, stem, stem, student)
        return grade, book.find_comment(question.name, stem, stem, student)
    except api.MissingEntry:
        raise CourseError(
            f"{student}: nothing of {stem} is in the gradebook; grade it first: "
            f"`python -m staff grade {stem}`"
        ) from None


def set_marks(
    book: api.Gradebook,
    bundle: Bundle,
    student: str,
    question: Question | Manual,
    *,
    score: float | None,
    comment: str | None,
) -> None:
    """Set points and comment of one question; None takes them back.

    Raises:
        CourseError: the points are out of range, or there is nothing to be marked.
    """
    if score is not None and not 0 <= score <= question.points:
        raise CourseError(
            f"{student}, {question.label}: expected 0 to {points(question.points)} "
            f"points, found {score:g}; give more than all as extra credit in formgrader"
        )
    grade, note = rows(book, bundle, student, question)
    grade.manual_score, grade.needs_manual_grade = score, False
    note.manual_comment = comment or None
