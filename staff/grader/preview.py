"""Show whose score a run would change, and by how much (``--dry-run``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from staff.authoring.release import nbgrader_config
from staff.course import Course
from staff.grader.bundle import Bundle
from staff.grader.model import Result, Submission, Verdict

__all__ = ["changes"]


def changes(
    course: Course,
    bundle: Bundle,
    results: Iterable[tuple[Submission, Result, Any]],
) -> Iterator[str]:
    """Yield one line per learner whose automatic score would change, then a sum.

    Args:
        course: whose gradebook holds the scores so far; it is only read.
        bundle: the assignment.
        results: as a run finds them.
    """
    before, count, changed = _scores(course, bundle), 0, 0
    for submission, result, _ in results:
        count += 1
        if any(q.verdict is Verdict.INFRA for q in result.questions.values()):
            yield f"{submission.student}: could not be graded; run it again"
            continue
        old, now = before.get(submission.student), _points(bundle, result)
        if old is None:
            changed += 1
            yield f"{submission.student}: not graded yet, would get {_sum(now):g}"
        elif old != now:
            changed += 1
            which = ", ".join(
                f"{bundle.questions[name].label} {old.get(name) or 0:g} → {now[name]:g}"
                for name in now
                if (old.get(name) or 0) != now[name] or name not in old
            )
            difference = _sum(now) - _sum(old)
            yield f"{submission.student}: {difference:+g} ({which})"
    yield f"{changed} of {count} would change; nothing was written"


def _sum(points: dict[str, float]) -> float:
    return sum(value or 0 for value in points.values())


def _points(bundle: Bundle, result: Result) -> dict[str, float]:
    return {
        name: result.questions[name].score(float(question.points))
        for name, question in bundle.questions.items()
    }


def _scores(course: Course, bundle: Bundle) -> dict[str, dict[str, float]]:
    from nbgrader.api import Gradebook, MissingEntry

    directory = nbgrader_config(course).CourseDirectory
    path = str(directory.db_url).removeprefix("sqlite:///")
    if path == directory.db_url or not (course.root / path).is_file():
        return {}
    names = {q.grade_id: name for name, q in bundle.questions.items()}
    with Gradebook(directory.db_url) as book:
        try:
            submissions = book.assignment_submissions(bundle.stem)
        except MissingEntry:
            return {}
        return {
            each.student.id: {
                names[grade.name]: float(grade.auto_score or 0)
                for notebook in each.notebooks
                for grade in notebook.grades
                if grade.name in names
            }
            for each in submissions
        }
