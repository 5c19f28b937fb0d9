"""What a person decided about submissions: points and comments in the gradebook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nbgrader import api
from sqlalchemy import or_

__all__ = ["Marks", "looked_at", "of_assignment"]


@dataclass(frozen=True)
class Marks:
    """One submission in the gradebook; of its cells, by nbgrader's names for them.

    Args:
        manual: check cell → points given by hand.
        extra: check cell → extra credit.
        comments: answer cell → what a person wrote.
        automatic: check cell → points of the automatic checks.
        waiting: check cells that a person has to look at.
        penalty: points taken for lateness.
        late: seconds after the due date, extension included.
        due: the due date, extension included, UTC.
    """

    manual: dict[str, float] = field(default_factory=dict)
    extra: dict[str, float] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    automatic: dict[str, float] = field(default_factory=dict)
    waiting: frozenset[str] = frozenset()
    penalty: float = 0.0
    late: float = 0.0
    due: datetime | None = None

    def score(self, cell: str) -> float:
        """Return the points of a check as nbgrader counts them."""
        earned = self.manual.get(cell, self.automatic.get(cell, 0.0))
        return earned + self.extra.get(cell, 0.0)

    @property
    def total(self) -> float:
        """All points, less what lateness cost."""
        cells = {*self.manual, *self.automatic}
        return max(0.0, sum(map(self.score, cells)) - self.penalty)

    def by_hand(self) -> list[Any]:
        """Return what a person decided, as plain data to be compared."""
        told = (self.manual, self.extra, self.comments)
        return [sorted(each.items()) for each in told]


def looked_at(db: Any, assignment: str) -> list[str]:
    """Return the learners of whom a person has decided something in an assignment.

    Args:
        db: session of an open gradebook.
        assignment: its name.
    """
    graded = or_(api.Grade.manual_score.isnot(None), api.Grade.extra_credit.isnot(None))
    written = api.Comment.manual_comment.isnot(None)
    found: set[str] = set()
    for kind, chosen in ((api.Grade, graded), (api.Comment, written)):
        query = db.query(api.SubmittedAssignment.student_id).distinct()
        query = query.join(api.Assignment).filter(api.Assignment.name == assignment)
        query = query.join(api.SubmittedNotebook).join(kind).filter(chosen)
        found.update(student for (student,) in query)
    return sorted(found)


def of_assignment(
    db: Any, assignment: str, students: Iterable[str] | None = None
) -> dict[str, Marks]:
    """Return student → marks, of those who handed in.

    Args:
        db: session of an open gradebook.
        assignment: its name.
        students: only these; all if None.
    """
    own = api.SubmittedAssignment
    query = db.query(own).join(api.Assignment).filter(api.Assignment.name == assignment)
    if students is not None:
        query = query.filter(own.student_id.in_(list(students)))
    handed = {each.id: each for each in query.all()}
    found: dict[str, Marks] = {}
    penalties: dict[str, float] = {}
    notebooks: dict[str, str] = {}
    for start in range(0, len(handed), 500):  # SQLite takes so many at once
        some = [*handed][start : start + 500]
        rows = db.query(
            api.SubmittedNotebook.id,
            api.SubmittedNotebook.assignment_id,
            api.SubmittedNotebook.late_submission_penalty,
        ).filter(api.SubmittedNotebook.assignment_id.in_(some))
        for row in rows:
            notebooks[row.id] = row.assignment_id
            before = penalties.get(row.assignment_id, 0.0)
            penalties[row.assignment_id] = before + (row.late_submission_penalty or 0.0)
    for key, each in handed.items():
        no_date = each.assignment.duedate is None
        found[key] = Marks(
            penalty=penalties.get(key, 0.0),
            late=0.0 if no_date else each.total_seconds_late,
            due=None if no_date else each.duedate,
        )
    _fill(db, found, notebooks)
    return {handed[key].student_id: marks for key, marks in found.items()}


def _fill(db: Any, found: dict[str, Marks], notebooks: dict[str, str]) -> None:
    """Add points and comments."""
    waiting: dict[str, set[str]] = {}
    for start in range(0, len(notebooks), 500):
        some = [*notebooks][start : start + 500]
        grades = db.query(api.Grade, api.BaseCell.name).join(
            api.BaseCell, api.Grade.cell_id == api.BaseCell.id
        )
        for grade, name in grades.filter(api.Grade.notebook_id.in_(some)):
            marks = found[notebooks[grade.notebook_id]]
            marks.automatic[name] = grade.auto_score or 0.0
            if grade.manual_score is not None:
                marks.manual[name] = grade.manual_score
            if grade.extra_credit:
                marks.extra[name] = grade.extra_credit
            if grade.needs_manual_grade:
                waiting.setdefault(notebooks[grade.notebook_id], set()).add(name)
        comments = db.query(api.Comment, api.BaseCell.name).join(
            api.BaseCell, api.Comment.cell_id == api.BaseCell.id
        )
        comments = comments.filter(api.Comment.manual_comment.isnot(None))
        for comment, name in comments.filter(api.Comment.notebook_id.in_(some)):
            if comment.manual_comment.strip():
                marks = found[notebooks[comment.notebook_id]]
                marks.comments[name] = comment.manual_comment
    for key, cells in waiting.items():
        object.__setattr__(found[key], "waiting", frozenset(cells))
