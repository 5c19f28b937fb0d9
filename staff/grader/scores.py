"""Scores into nbgrader's gradebook: a group of submissions in a few statements.

Each table is read once for the whole group and written once. nbgrader's own objects
take a statement for each row, and several times as long.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nbgrader import api
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import parse_utc
from sqlalchemy import bindparam, insert, select, update

from staff.grader.executed import Template
from staff.grader.faults import InfraError
from staff.grader.model import QuestionResult, Submission, Verdict
from staff.grader.policy import Policy

__all__ = ["NEEDS_HUMAN", "Scored", "Scores", "handed_in"]

NEEDS_HUMAN = frozenset({Verdict.TAMPERED, Verdict.INVALID_FILE, Verdict.NOT_RUN})
"""Verdicts that score 0 until a person has looked; formgrader lists them as such."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Scored:
    """One submission that is to be recorded.

    Args:
        submission: as read.
        results: check cell, by nbgrader's name → its result; of all questions.
        before: check cell → verdict on the same file, if it was graded before: what is
            as it was then, nobody has to look at again.
    """

    submission: Submission
    results: Mapping[str, QuestionResult]
    before: Mapping[str, Verdict] | None = None


@dataclass(frozen=True)
class Scores:
    """Writes the scores of one assignment.

    Args:
        db: session of an open gradebook.
        stem: the assignment.
        points: check cell → points.
        template: tells what was left as it was released.
        policy: the term's rules.
        penalties: nbgrader's, with its plugin.
    """

    db: Any
    stem: str
    points: Mapping[str, float]
    template: Template
    policy: Policy
    penalties: AssignLatePenalties

    def write(self, group: Sequence[Scored]) -> None:
        """Write what nbgrader's autograde would have written of these submissions.

        Whoever calls begins the transaction, and ends it.

        Raises:
            InfraError: somebody's own plugin for late penalties failed.
        """
        assignment = self.db.query(api.Assignment).filter_by(name=self.stem).one()
        heads = self._hand_in(assignment, [each.submission for each in group])
        notebooks = self._fill(assignment.id, heads, group)
        if assignment.duedate is not None:
            for head, notebook in zip(heads, notebooks, strict=True):
                self._penalise(head, notebook["id"], assignment.duedate)

    def _hand_in(
        self, assignment: api.Assignment, submissions: Sequence[Submission]
    ) -> list[Row]:
        """Write who has handed in, and when; return the rows of that."""
        names = [submission.student for submission in submissions]
        keys = {"assignment_id": [assignment.id], "student_id": names}
        handed = _Rows(self.db, api.SubmittedAssignment, **keys)
        students = _Rows(self.db, api.Student, id=names)
        heads = []
        for submission in submissions:
            students.row(submission.student)
            head = handed.row(assignment.id, submission.student)
            heads.append(head)
            extension = self.policy.extension(self.stem, submission.student)
            if extension is not None and assignment.duedate is not None:
                head["extension"] = extension or None
            timestamp = handed_in(submission.timestamp)
            if timestamp is not None:  # like nbgrader, which keeps the one it knows
                head["timestamp"] = timestamp
        students.write()
        handed.write()
        return heads

    def _fill(
        self, assignment: str, heads: Sequence[Row], group: Sequence[Scored]
    ) -> list[Row]:
        """Write the notebooks with their points and comments; return their rows."""
        db, found = self.db, {"assignment_id": assignment, "name": self.stem}
        master = db.query(api.Notebook.id).filter_by(**found).scalar()
        cells = db.query(api.BaseCell.id, api.BaseCell.name, api.BaseCell.type)
        cells = cells.filter(api.BaseCell.notebook_id == master).all()
        keys = {"notebook_id": [master], "assignment_id": _ids(heads)}
        notebooks = _Rows(db, api.SubmittedNotebook, **keys)
        own = [notebooks.row(master, each) for each in keys["assignment_id"]]
        keys = {"cell_id": [cell.id for cell in cells], "notebook_id": _ids(own)}
        grades, comments = _Rows(db, api.Grade, **keys), _Rows(db, api.Comment, **keys)
        for each, notebook in zip(group, own, strict=True):
            notebook["late_submission_penalty"] = None
            for cell in cells:
                key = cell.id, notebook["id"]
                if cell.type == "GradeCell":
                    self._grade(grades.row(*key), cell.name, each)
                elif cell.type == "SolutionCell":
                    self._comment(comments.row(*key), cell.name, each.submission)
                else:  # a task has both, for a person
                    grades.row(*key), comments.row(*key)
        for rows in (notebooks, grades, comments):
            rows.write()
        return own

    def _grade(self, row: Row, cell: str, each: Scored) -> None:
        """Score one cell; what a person decided about it stays."""
        by_hand = row["manual_score"] is not None
        if cell not in each.results:  # graded by hand from the start
            looked = each.before is not None and not row["needs_manual_grade"]
            row |= {"auto_score": None, "needs_manual_grade": not looked}
            if self._untouched(cell, each.submission):  # as nbgrader does
                row |= {"auto_score": 0.0, "needs_manual_grade": by_hand}
            return
        result = each.results[cell]
        score = self.policy.score(result, self.points[cell])
        before = each.before and each.before.get(cell)
        if not (before == result.verdict and row["auto_score"] == score):
            # Like nbgrader, which asks to look again at what was scored by hand.
            row["needs_manual_grade"] = by_hand or result.verdict in NEEDS_HUMAN
        row["auto_score"] = score

    def _comment(self, row: Row, cell: str, submission: Submission) -> None:
        """Note that an answer was not given, as nbgrader does, or why there is none."""
        empty = "No response." if self._untouched(cell, submission) else None
        row["auto_comment"] = submission.invalid or empty

    def _untouched(self, cell: str, submission: Submission) -> bool:
        """Tell whether an answer was read, and is as it was released."""
        known = cell in self.template.stubs and not submission.invalid
        return known and self.template.unanswered(cell, submission)

    def _penalise(self, head: Row, notebook_id: str, due: datetime) -> None:
        """Set the late penalty as nbgrader's AssignLatePenalties does."""
        due += head["extension"] or timedelta()
        late = (head["timestamp"] - due).total_seconds() if head["timestamp"] else 0.0
        if late <= 0:
            return
        notebook = self.db.get(api.SubmittedNotebook, notebook_id)
        student, plugin = head["student_id"], self.penalties.plugin_inst
        try:
            penalty = plugin.late_submission_penalty(student, notebook.score, late)
        except Exception as error:  # somebody's own plugin
            name = type(plugin).__name__
            raise InfraError(f"{student}: the plugin {name} failed: {error}") from error
        if penalty is not None:
            penalty = self.penalties._check_late_penalty(notebook, penalty)
            notebook.late_submission_penalty = penalty


def handed_in(timestamp: str) -> datetime | None:
    """Return a time as nbgrader reads it, in UTC; None if it is not a time."""
    try:
        return parse_utc(timestamp.strip()) if timestamp.strip() else None
    except (ValueError, OverflowError):
        return None


class _Rows:
    """The rows of one table that a group needs.

    Args:
        db: an open session.
        kind: nbgrader's class for the table.
        key: column → values; together they tell a row from the others.
    """

    def __init__(self, db: Any, kind: Any, **key: Sequence[str]) -> None:
        self._db, self._table, self._key = db, kind.__table__, tuple(key)
        columns = self._table.c
        chosen = [columns[name].in_(values) for name, values in key.items()]
        found = db.execute(select(self._table).where(*chosen)).mappings()
        self._old = {tuple(row[name] for name in key): row for row in found}
        self._rows = {at: dict(row) for at, row in self._old.items()}
        defaults = {c.name: c.default for c in columns}
        self._fresh = {
            name: default.arg if default is not None and default.is_scalar else None
            for name, default in defaults.items()
        }

    def row(self, *at: str) -> Row:
        """Return the row of this key, to be changed; a new one if there is none."""
        if at not in self._rows:
            key = dict(zip(self._key, at, strict=True))
            self._rows[at] = {**self._fresh, "id": _new_id(), **key}
        return self._rows[at]

    def write(self) -> None:
        """Write what is new or was changed."""
        new = [row for at, row in self._rows.items() if at not in self._old]
        if new:
            self._db.execute(insert(self._table), new)
        changed = [
            {f"_{name}": value for name, value in self._rows[at].items()}
            for at, row in self._old.items()
            if self._rows[at] != row
        ]
        if changed:
            same = self._table.c.id == bindparam("_id")
            values: Row = {name: bindparam(f"_{name}") for name in self._fresh}
            self._db.execute(update(self._table).where(same).values(values), changed)


def _ids(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def _new_id() -> str:
    """Return an id like nbgrader's, but in the order of time.

    What is written together then lies together, also in a gradebook of millions of
    rows: with ids drawn at random each row would change another page of it.
    """
    return f"{time.time_ns():016x}{secrets.token_hex(8)}"
