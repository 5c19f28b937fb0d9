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
from staff.grader.marks import Marks, looked_at, of_assignment
from staff.grader.model import QuestionResult, Result, Submission, Verdict
from staff.grader.policy import Policy
from staff.grader.requests import read_requests
from staff.grader.scores import Scored, Scores, handed_in

__all__ = ["Recorder", "invalid_result", "record"]

_LONGEST = 128  # characters of a student's name in nbgrader's database
_GROUP = 32  # submissions in one transaction
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
        penalties = AssignLatePenalties(config=config, log=_quiet())
        penalties.init_plugin()
        self._pending: list[tuple[Journal, Submission, Result, str]] = []
        # Learners whose file was graded before: check cell → verdict then.
        self._before: dict[str, dict[str, Verdict]] = {}
        self._book = _open(config.CourseDirectory, timeout)
        self._scores = Scores(
            self._book.db,
            bundle.stem,
            self.points,
            template=self.template,
            policy=self.policy,
            penalties=penalties,
        )
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
            journal.append(submission, result, keys, wait=False)
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
        for journal in {id(journal): journal for journal, *_ in pending}.values():
            journal.sync()  # first of all: nothing is scored that could be lost there
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
        there = journal.is_recorded(student, now) and self._has_page(student)
        return there and self._stands(student)

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
        scored = [
            Scored(one, self._results(one, result), self._before.pop(one.student, None))
            for one, result in group
        ]
        with infra(f"recording {names}"):
            with self._transaction():
                self._scores.write(scored)
            marks = self._read_marks([one.student for one, _ in group])
            for submission, result in group:
                decided = marks.get(submission.student, Marks())
                self._decided.pop(submission.student, None)
                self._decided |= _by_hand({submission.student: decided})
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
            person decided, about each learner with whom one did, see `_by_hand`).
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
            students = looked_at(db, stem)
            for start in range(0, len(students), _READ):
                some = students[start : start + _READ]
                decided |= _by_hand(self._read_marks(some))
            return identity, due, decided

    def _stands(self, student: str) -> bool:
        """Tell whether the gradebook has something that a learner handed in."""
        own, db = api.SubmittedAssignment, self._book.db
        mine = {"assignment_id": self._identity, "student_id": student}
        try:
            return db.query(own.id).filter_by(**mine).first() is not None
        finally:
            db.remove()

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

    def _has_page(self, student: str) -> bool:
        return (self._folder("feedback", student) / f"{self.bundle.stem}.html").exists()

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
    """Return student → what a person decided, of those where there is anything."""
    told = {student: str(each.by_hand()) for student, each in marks.items()}
    return {s: text for s, text in told.items() if text != _NOTHING}


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


def write_text(path: Path, content: str, *, mode: int = 0o644) -> None:
    """Write a file that can be made again, and its folder; half characters as "?"."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content.encode(errors="replace"), durable=False, mode=mode)


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
