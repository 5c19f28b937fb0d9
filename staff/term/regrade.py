"""``python -m staff regrade``: what learners want to be looked at again.

A learner hands in ``regrade.txt`` with the notebook; `staff.grader.requests` says what
stands in it. Answers go to the learner's page, points to nbgrader's gradebook.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator

from staff.course import Course, CourseError
from staff.grader.again import settle_again
from staff.grader.bundle import Bundle
from staff.grader.feedback import points
from staff.grader.marks import Marks, of_assignment
from staff.grader.pages import clean
from staff.grader.requests import Request, keep_answer, read_requests
from staff.term.book import opened
from staff.term.hand import find_question, rows, set_marks

__all__ = ["answer", "listed", "main"]

_WHOLE = "whole"


def main(arguments: list[str] | None = None) -> int:
    """Run ``python -m staff regrade``; return the exit status."""
    parser = argparse.ArgumentParser("python -m staff regrade", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("list", help="requests without an answer").add_argument
    add("assignment", help="NN_topic or NN")
    add("--all", action="store_true", help="those answered, too")
    add = commands.add_parser("answer", help="answer one").add_argument
    add("assignment", help="NN_topic or NN")
    add("student")
    add("exercise", help=f"its number or name; {_WHOLE!r}: what is about no exercise")
    add("text", help="for the learner")
    add("--points", type=float, help="that the answer gets now, in all")
    options = parser.parse_args(arguments)
    course = Course()
    (stem,) = course.choose([options.assignment])
    bundle = Bundle.load(course, stem)
    if options.command == "list":
        lines = listed(course, bundle, everything=options.all)
    else:
        asked = (options.student, options.exercise, options.text)
        lines = answer(course, bundle, *asked, points_=options.points)
    for line in lines:
        print(line)
    return 0


def listed(course: Course, bundle: Bundle, *, everything: bool) -> Iterator[str]:
    """Yield the requests, each with the points it is about."""
    found = read_requests(course, bundle)
    with opened(course) as book:
        marks = of_assignment(book.db, bundle.stem)
    count = 0
    for student, requests in found.items():
        for one in requests:
            if one.answer and not everything:
                continue
            count += not one.answer
            yield f"{student}, {_about(bundle, one, marks.get(student, Marks()))}"
            yield textwrap.indent(clean(one.text)[:2000], "    ")
            if one.answer:
                yield textwrap.indent(clean(one.answer), "  → ")
    yield f"{count} without an answer"


def _about(bundle: Bundle, one: Request, marks: Marks) -> str:
    if not one.question:
        return _WHOLE
    question = bundle.questions[one.question]
    got = points(marks.score(question.grade_id))
    return f"{question.title}: {got} of {points(question.points)} points"


def answer(
    course: Course,
    bundle: Bundle,
    student: str,
    exercise: str,
    text: str,
    *,
    points_: float | None = None,
) -> Iterator[str]:
    """Answer a request, with other points or without.

    Raises:
        CourseError: there is no such request, or no such points.
    """
    name = "" if exercise == _WHOLE else find_question(bundle, exercise).name
    requests = read_requests(course, bundle).get(student, [])
    request = next((one for one in requests if one.question == name), None)
    if request is None:
        there = [one.question or _WHOLE for one in requests]
        raise CourseError(
            f"{student}: expected a request about {exercise}, found "
            f"{', '.join(there) or 'none'}; see "
            f"`python -m staff regrade list {bundle.stem}`"
        )
    if not text.strip():
        raise CourseError("an answer: expected a text for the learner, found none")
    if points_ is not None:
        _give(course, bundle, student, name, points_)
    keep_answer(course, bundle, student, request, text.strip())
    yield f"{student}, {exercise}: answered"
    yield f"{settle_again(course, bundle.stem)} pages written anew"


def _give(
    course: Course, bundle: Bundle, student: str, name: str, points_: float
) -> None:
    if not name:
        raise CourseError("points go to an exercise; say which in place of 'whole'")
    question = bundle.questions[name]
    with opened(course) as book:
        _, note = rows(book, bundle, student, question)
        own = {"score": points_, "comment": note.manual_comment}
        set_marks(book, bundle, student, question, **own)
        book.db.commit()
