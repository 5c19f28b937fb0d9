"""The grades of a term, as nbgrader's gradebook and the term's rules make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nbgrader import api

from staff.course import Course, CourseError
from staff.grader.bundle import Bundle
from staff.grader.marks import Marks, of_assignment
from staff.grader.policy import Policy
from staff.term.book import Learner, learners, opened

__all__ = ["Assignment", "Grades", "Total", "read_grades"]


@dataclass(frozen=True)
class Assignment:
    """One assignment of the gradebook.

    Args:
        stem: its name.
        bundle: its questions.
        possible: points.
        due: in UTC; None if it has no due date.
        marks: student → marks, of those who handed in.
    """

    stem: str
    bundle: Bundle
    possible: float
    due: datetime | None
    marks: dict[str, Marks]


@dataclass(frozen=True)
class Total:
    """What a learner has in the term.

    Args:
        score: points in the assignments that count.
        possible: points in these.
        dropped: assignments that do not count.
    """

    score: float
    possible: float
    dropped: tuple[str, ...]


@dataclass(frozen=True)
class Grades:
    """All of it.

    Args:
        learners: id → student, in order of last names.
        assignments: in the course's order.
        policy: the term's rules.
    """

    learners: dict[str, Learner]
    assignments: list[Assignment]
    policy: Policy

    def total(self, student: str) -> Total:
        """Return a learner's points without the assignments that are dropped.

        Dropped are those with the smallest share of their points; what was not handed
        in has none of them. At least one assignment counts.
        """
        shares = {}
        for each in self.assignments:
            marks = each.marks.get(student)
            score = marks.total if marks else 0.0
            shares[each.stem] = score / each.possible if each.possible else 0.0
        most = max(0, len(shares) - 1)
        worst = sorted(shares, key=lambda stem: shares[stem])
        dropped = set(worst[: min(self.policy.drop_lowest, most)])
        kept = [each for each in self.assignments if each.stem not in dropped]
        scores = [each.marks[student].total for each in kept if student in each.marks]
        possible = sum(each.possible for each in kept)
        ordered = tuple(stem for stem in shares if stem in dropped)
        return Total(sum(scores), possible, ordered)


def read_grades(course: Course, stems: Sequence[str] = ()) -> Grades:
    """Read the gradebook.

    Args:
        course: whose.
        stems: the assignments; those that somebody handed in, if empty.

    Raises:
        CourseError: there is no gradebook, or an assignment is not in it.
    """
    policy, found = Policy.read(course.root), []
    with opened(course) as book:
        everybody = learners(book)
        there = {each.name: each for each in book.db.query(api.Assignment)}
        for stem in stems or course.stems():
            if stem not in there:
                if not stems:
                    continue
                raise CourseError(
                    f"{stem}: not in the gradebook yet; "
                    f"`python -m staff register {stem}`"
                )
            marks = of_assignment(book.db, stem)
            if marks or stems:
                own = there[stem]
                possible, bundle = float(own.max_score or 0), Bundle.load(course, stem)
                found.append(Assignment(stem, bundle, possible, own.duedate, marks))
    if not found:
        raise CourseError("nothing is graded yet; run `python -m staff grade NN`")
    return Grades(everybody, found, policy)
