"""The one writer: scores into nbgrader's gradebook, then the files beside it.

A submission is recorded in four steps, each of which may be done again: the journal,
the gradebook, the files (each written whole, then renamed), a mark in the journal. A
run that was killed between two of them does the rest when it is started again. A few
submissions share a transaction, because what takes time is waiting for the disk.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader import api
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import parse_utc
from sqlalchemy import text

from helpers.files import write_whole
from staff.authoring.release import nbgrader_config
from staff.course import Course, CourseError
from staff.grader import feedback
from staff.grader.bundle import Bundle
from staff.grader.decode import outputs_handed_in
from staff.grader.executed import Template
from staff.grader.faults import InfraError, infra
from staff.grader.intake import originals
from staff.grader.journal import Journal, revision
from staff.grader.marks import Marks, of_assignment
from staff.grader.model import QuestionResult, Result, Submission, Verdict
from staff.grader.policy import Policy
from staff.grader.requests import read_requests

__all__ = ["NEEDS_HUMAN", "Recorder", "handed_in", "invalid_result", "record"]

NEEDS_HUMAN = frozenset({Verdict.TAMPERED, Verdict.INVALID_FILE, Verdict.NOT_RUN})
"""Verdicts that score 0 until a person has looked; formgrader lists them as such."""

_LONGEST = 128  # characters of a student's name in nbgrader's database
_GROUP = 16  # submissions in one transaction
_READ = 500  # learners whose marks are in memory at once, at the start
_NOTHING = str(Marks().by_hand())  # what a person decided about nearly everybody


class Recorder:
    """Writes the results of one assignment; a context that keeps the gradebook open.

    Args:
        course: with the assignment entered into its gradebook.
        bundle: the assignment.
        config: nbgrader's settings; those of ``nbgrader_config.py`` when None.
        timeout: seconds to wait while another program holds the gradebook.

    Raises:
        CourseError: the assignment is not in the gradebook as it was built.
        InfraError: the gradebook can not be opened.
    """

    def __init__(
        self, course: Course, bundle: Bundle, *, config: Any = None, timeout: float = 30
    ) -> None:
        self.course, self.bundle = course, bundle
        self.points = {q.grade_id: float(q.points) for q in bundle.questions.values()}
        self.template = Template(course, bundle.stem)
        self.policy = Policy.read(course.root)
        requests = read_requests(course, bundle)
        self.page = feedback.Page(bundle, self.policy, requests)
        config = config or nbgrader_config(course)
        self._penalties = AssignLatePenalties(config=config, log=_quiet())
        self._penalties.init_plugin()
        self._pending: list[tuple[Journal, Submission, Result, str]] = []
        # Learners whose file was graded before: check cell → verdict then.
        self._before: dict[str, dict[str, Verdict]] = {}
        self._book = _open(config.CourseDirectory, timeout)
        try:
            self._identity, self._due, self._decided = self._check()
        except BaseException:
            self._book.close()
            raise

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            with contextlib.suppress(*([] if kind is None else [InfraError])):
                self.flush()
        finally:
            self.close()

    def close(self) -> None:
        """Let the gradebook go."""
        self._book.close()

    def revision(self, submission: Submission, result: Result) -> str:
        """Return the fingerprint of all that `record` would write, and of where.

        The term's rules are in it, and what a person decided: both are on the page.
        """
        student, stem = submission.student, self.bundle.stem
        rules: list[object] = [
            self._due,
            self.policy.extension(stem, student),
            self.policy.late,
        ]
        rules += [self.policy.visible, self.page.requests.get(student)]
        by_hand = self._decided.get(student, _NOTHING)
        where = f"{self.bundle.digest} {self._identity} {rules} {by_hand}"
        return revision(submission, result, self.points, where)

    def settle(
        self,
        journal: Journal,
        submission: Submission,
        result: Result,
        keys: Mapping[str, str] | None,
    ) -> bool:
        """Take all four steps, the last three together with other submissions.

        `flush`, or the end of the context, takes those that are left; the journal
        must still be open then: open it first.

        Args:
            journal: open.
            submission: as read.
            result: complete.
            keys: question → key; None if the journal holds this result already.

        Returns:
            False if all was recorded already.

        Raises:
            InfraError: something could not be written, or a question has the verdict
                INFRA. The next run does the rest.
        """
        now = self.revision(submission, result)
        if self.is_settled(journal, submission, result):
            return False
        before = journal.latest(submission.student)
        if before is not None and before.sha256 == submission.sha256:
            self._before[submission.student] = {
                q.grade_id: before.questions[q.name].verdict
                for q in self.bundle.questions.values()
                if q.name in before.questions
            }
        if keys is not None:
            journal.append(submission, result, keys)
        _checked_name(submission.student)
        self._results(submission, result)
        self._pending.append((journal, submission, result, now))
        if len(self._pending) >= _GROUP:
            self.flush()
        return True

    def flush(self) -> None:
        """Record what `settle` has put together so far.

        Raises:
            InfraError: it could not be written; none of it is in the gradebook.
        """
        pending, self._pending = self._pending, []
        if not pending:
            return
        self._write([(submission, result) for _, submission, result, _ in pending])
        for journal, submission, _, now in pending:
            journal.mark(submission.student, now)

    def is_settled(
        self, journal: Journal, submission: Submission, result: Result
    ) -> bool:
        """Tell whether gradebook and files hold all this already."""
        student, now = submission.student, self.revision(submission, result)
        if any((p[1].student, p[3]) == (student, now) for p in self._pending):
            return True
        page = self._folder("feedback", student) / f"{self.bundle.stem}.html"
        there = student in self._decided and page.exists()
        return there and journal.is_recorded(student, now)

    def record(self, submission: Submission, result: Result) -> None:
        """Write scores and files of one submission; doing it again changes nothing.

        Raises:
            InfraError: it could not be written, or there is nothing to be scored yet.
        """
        _checked_name(submission.student)
        self._write([(submission, result)])

    def _write(self, group: list[tuple[Submission, Result]]) -> None:
        names = ", ".join(submission.student for submission, _ in group[:3])
        names += f" and {len(group) - 3} more" if len(group) > 3 else ""
        results = [self._results(*one) for one in group]
        with infra(f"recording {names}"):
            with self._transaction():
                for (submission, _), own in zip(group, results, strict=True):
                    self._score(submission, own)
            marks = self._read_marks([one.student for one, _ in group])
            self._decided |= _by_hand(marks)
            for submission, result in group:
                decided = marks.get(submission.student, Marks())
                self._write_files(submission, result, decided)

    def _results(
        self, submission: Submission, result: Result
    ) -> dict[str, QuestionResult]:
        """Return grade_id → result; every question must have one that is a score."""
        found = {
            q.grade_id: result.questions[q.name]
            for q in self.bundle.questions.values()
            if q.name in result.questions
        }
        missing = self.points.keys() - found.keys()
        faults = [k for k, q in found.items() if q.verdict == Verdict.INFRA]
        if missing or faults:
            names = ", ".join(sorted({*missing, *faults}))
            raise InfraError(
                f"{submission.student}: no result of {names}; nothing is scored, grade "
                "again"
            )
        return found

    # -- the gradebook --------------------------------------------------------------

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing; no other program writes meanwhile."""
        db = self._book.db
        try:
            if self._book.engine.dialect.name == "sqlite":
                db.execute(text("BEGIN IMMEDIATE"))
            with db.no_autoflush:
                yield
            db.commit()
        finally:
            db.rollback()
            db.remove()  # forgets what was loaded: memory stays flat

    def _read_marks(self, students: list[str]) -> dict[str, Marks]:
        try:
            return of_assignment(self._book.db, self.bundle.stem, students)
        finally:
            self._book.db.remove()

    def _check(self) -> tuple[str, datetime | None, dict[str, str]]:
        """Hold the gradebook against the assignment as it was built.

        Returns:
            (the assignment's id, new in every new gradebook; when it is due; what a
            person decided about each who stands in it, see `_by_hand`).
        """
        stem, db = self.bundle.stem, self._book.db
        due = None
        with infra("opening the gradebook"):
            try:
                notebook = self._book.find_notebook(stem, stem)
                known = {c.name: c.max_score for c in notebook.grade_cells}
                identity = notebook.assignment_id
                due = notebook.assignment.duedate
            except api.MissingEntry:
                known, identity = {}, ""
            finally:
                db.remove()
        if {name: known.get(name) for name in self.points} != self.points:
            raise CourseError(
                f"{stem} is not in the gradebook as it was built; run "
                f"`python -m staff register {stem}`"
            )
        decided: dict[str, str] = {}
        with infra("reading the gradebook"):
            students = [name for (name,) in db.query(api.Student.id)]
            for start in range(0, len(students), _READ):
                some = students[start : start + _READ]
                decided |= _by_hand(self._read_marks(some))
            return identity, due, decided

    def _score(
        self, submission: Submission, results: Mapping[str, QuestionResult]
    ) -> None:
        db, stem = self._book.db, self.bundle.stem
        assignment = db.query(api.Assignment).filter_by(name=stem).one()
        if db.get(api.Student, submission.student) is None:
            db.add(api.Student(id=submission.student))
            db.flush()
        handed = self._submission(assignment, submission)
        notebook = self._notebook(assignment, handed)
        cells = db.query(api.BaseCell.id, api.BaseCell.name, api.BaseCell.type)
        cells = cells.filter(api.BaseCell.notebook_id == notebook.notebook_id).all()
        grades, comments = _rows(db, notebook, cells)
        before = self._before.get(submission.student)
        for cell in cells:
            if cell.type == "GradeCell":
                self._grade(grades[cell.id], cell.name, results, before)
                if cell.name not in results:
                    self._by_hand(grades[cell.id], cell.name, submission)
            elif cell.type == "SolutionCell":
                comments[cell.id].auto_comment = self._comment(cell.name, submission)
        db.flush()
        self._penalise(handed, notebook)

    def _by_hand(self, grade: api.Grade, cell: str, submission: Submission) -> None:
        """Leave a question for a person, as nbgrader does: all but untouched ones."""
        known = cell in self.template.stubs and not submission.invalid
        if known and self.template.unanswered(cell, submission):
            grade.auto_score = 0.0
            grade.needs_manual_grade = grade.manual_score is not None

    def _submission(
        self, assignment: api.Assignment, submission: Submission
    ) -> api.SubmittedAssignment:
        db, own = self._book.db, api.SubmittedAssignment
        keys = {"assignment_id": assignment.id, "student_id": submission.student}
        found = db.query(own).filter_by(**keys).one_or_none()
        if found is None:
            found = own(id=api.new_uuid(), **keys)
            db.add(found)
        extension = self.policy.extension(self.bundle.stem, submission.student)
        if extension is not None and assignment.duedate is not None:
            found.extension = extension or None
        timestamp = handed_in(submission.timestamp)
        if timestamp is not None:  # like nbgrader, which keeps the one it knows
            found.timestamp = timestamp
        return found

    def _notebook(
        self, assignment: api.Assignment, handed: api.SubmittedAssignment
    ) -> api.SubmittedNotebook:
        db, own = self._book.db, api.SubmittedNotebook
        master = db.query(api.Notebook.id)
        master = master.filter_by(assignment_id=assignment.id, name=self.bundle.stem)
        keys = {"assignment_id": handed.id, "notebook_id": master.scalar()}
        found = db.query(own).filter_by(**keys).one_or_none()
        if found is None:
            found = own(id=api.new_uuid(), **keys)
            db.add(found)
        return found

    def _comment(self, cell: str, submission: Submission) -> str | None:
        """Return nbgrader's remark on an answer, or why there is none."""
        if submission.invalid:
            return submission.invalid
        if cell not in self.template.stubs:
            return None
        unanswered = self.template.unanswered(cell, submission)
        return "No response." if unanswered else None

    def _grade(
        self,
        grade: api.Grade,
        cell: str,
        results: Mapping[str, QuestionResult],
        before: Mapping[str, Verdict] | None,
    ) -> None:
        """Score one cell; what a person decided about it stays.

        Args:
            grade: of the gradebook.
            cell: nbgrader's name for it.
            results: by these names.
            before: verdicts on the same file, if it was graded before: what is as it
                was then, nobody has to look at again.
        """
        if cell not in results:  # graded by hand from the start
            looked = before is not None and not grade.needs_manual_grade
            grade.auto_score, grade.needs_manual_grade = None, not looked
            return
        own = results[cell]
        score = self.policy.score(own, self.points[cell])
        as_before = before is not None and before.get(cell) == own.verdict
        if not (as_before and grade.auto_score == score):
            # Like nbgrader, which asks to look again at what was scored by hand.
            by_hand = grade.manual_score is not None
            grade.needs_manual_grade = by_hand or own.verdict in NEEDS_HUMAN
        grade.auto_score = score

    def _penalise(
        self, handed: api.SubmittedAssignment, notebook: api.SubmittedNotebook
    ) -> None:
        """Set the late penalty as nbgrader's AssignLatePenalties does."""
        dated = handed.assignment.duedate is not None
        late = handed.total_seconds_late if dated else 0
        penalty = None
        if late > 0:
            self._book.db.refresh(notebook, ["score"])
            penalty = self._penalty(handed.student_id, notebook, late)
        notebook.late_submission_penalty = penalty

    def _penalty(
        self, student: str, notebook: api.SubmittedNotebook, late: float
    ) -> float | None:
        plugin = self._penalties.plugin_inst
        try:
            penalty = plugin.late_submission_penalty(student, notebook.score, late)
        except Exception as error:  # somebody's own plugin
            name = type(plugin).__name__
            raise InfraError(f"{student}: the plugin {name} failed: {error}") from error
        if penalty is None:
            return None
        checked: float | None = self._penalties._check_late_penalty(notebook, penalty)
        return checked

    # -- files ----------------------------------------------------------------------

    def _write_files(
        self, submission: Submission, result: Result, marks: Marks
    ) -> None:
        stem, folder = self.bundle.stem, self._folder("autograded", submission.student)
        reasons = self.page.reasons(submission, result)
        handed = self._handed_in(submission)
        notebook = self.template.notebook(submission, result, reasons, handed)
        write_text(folder / f"{stem}.ipynb", notebook, mode=0o444)
        if handed_in(submission.timestamp) is not None:
            stamp = folder / "timestamp.txt"
            write_text(stamp, f"{submission.timestamp}\n", mode=0o444)
        folder = self._folder("feedback", submission.student)
        page = self.page.render(submission, result, marks)
        write_text(folder / f"{stem}.html", page)

    def _handed_in(self, submission: Submission) -> dict[str, Any]:
        """Return the outputs in the learner's own file, if it was kept."""
        try:
            folder = originals(
                self.course.grading, submission.student, self.bundle.stem
            )
            path = folder / f"{submission.sha256}.ipynb"
            return outputs_handed_in(path.read_bytes())
        except (OSError, ValueError):
            return {}

    def _folder(self, part: str, student: str) -> Path:
        return self.course.grading / part / student / self.bundle.stem


def _by_hand(marks: Mapping[str, Marks]) -> dict[str, str]:
    """Return student → what a person decided; nothing is one text for all."""
    told = {student: str(each.by_hand()) for student, each in marks.items()}
    return {s: _NOTHING if text == _NOTHING else text for s, text in told.items()}


def record(
    course: Course, bundle: Bundle, submission: Submission, result: Result
) -> None:
    """Record one submission; for many, keep a `Recorder`."""
    with Recorder(course, bundle) as recorder:
        recorder.record(submission, result)


def invalid_result(bundle: Bundle, submission: Submission) -> Result:
    """Return the result of a file that cannot be read: 0 everywhere, and why."""
    reason = QuestionResult(Verdict.INVALID_FILE, submission.invalid)
    return Result(dict.fromkeys(bundle.questions, reason))


def handed_in(timestamp: str) -> datetime | None:
    """Return a time as nbgrader reads it, in UTC; None if it is not a time."""
    try:
        return parse_utc(timestamp.strip()) if timestamp.strip() else None
    except (ValueError, OverflowError):
        return None


def write_text(path: Path, content: str, *, mode: int = 0o644) -> None:
    """Write a file that can be made again, and its folder; half characters as "?"."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content.encode(errors="replace"), durable=False, mode=mode)


def _rows(
    db: Any, notebook: api.SubmittedNotebook, cells: list[Any]
) -> tuple[dict[str, api.Grade], dict[str, api.Comment]]:
    """Return the notebook's grades and comments by cell; those missing are made."""
    found = []
    for kind, wanted in (
        (api.Grade, {"GradeCell", "TaskCell"}),
        (api.Comment, {"SolutionCell", "TaskCell"}),
    ):
        # by cell as well: nbgrader has an index of (cell, notebook) alone
        asked = kind.cell_id.in_([cell.id for cell in cells])
        rows = db.query(kind).filter(asked, kind.notebook_id == notebook.id).all()
        by_cell = {row.cell_id: row for row in rows}
        for cell in cells:
            if cell.type in wanted and cell.id not in by_cell:
                row = kind(cell_id=cell.id, notebook_id=notebook.id)
                by_cell[cell.id] = row
                db.add(row)
        found.append(by_cell)
    return found[0], found[1]


def _open(directory: Any, timeout: float) -> api.Gradebook:
    url = str(directory.db_url)
    if url.startswith("sqlite:///"):
        if not Path(url.removeprefix("sqlite:///")).exists():
            raise CourseError(
                "there is no gradebook yet; run `python -m staff register`"
            )
        url += f"?timeout={timeout}"
    with infra("opening the gradebook"):
        return api.Gradebook(url, directory.course_id)


def _checked_name(student: str) -> str:
    strange = student in {"", ".", ".."} or not student.isprintable()
    if strange or "/" in student or len(student) > _LONGEST:
        raise InfraError(f"{student[:80]!r} cannot be the name of a student")
    return student


def _quiet() -> logging.Logger:
    log = logging.Logger("nbgrader")
    log.addHandler(logging.NullHandler())
    return log
