"""The small course with its gradebook, and a class that handed something in."""

import shutil
from contextlib import contextmanager
from dataclasses import replace

import pytest
from nbgrader.api import Gradebook

from staff.course import Course
from staff.grader.bundle import Bundle
from staff.grader.journal import Journal
from staff.grader.record import Recorder
from tests.staff.grader.conftest import entered  # noqa: F401
from tests.staff.grader.made import ANSWERS, results
from tests.staff.grader.made import handed_in as submit


@pytest.fixture
def small(entered, tmp_path) -> Course:  # noqa: F811
    """A copy of the small course with its gradebook."""
    shutil.copytree(entered.root, tmp_path / "course")
    return Course(tmp_path / "course")


@pytest.fixture
def bundle(small, stem) -> Bundle:
    return Bundle.load(small, stem)


class Class:
    """A course whose class hands in and is graded, without running anything."""

    def __init__(self, course: Course, bundle: Bundle) -> None:
        self.course, self.bundle, self.stem = course, bundle, bundle.stem

    def grade(self, student, *right, timestamp="2026-02-03 04:05:06 UTC", **others):
        """Record a submission: full points for the names in `right`."""
        one = submit(self.bundle, student, timestamp=timestamp)
        return self.settle(one, results(self.bundle, *right, **others))

    def settle(self, submission, result):
        keys = dict.fromkeys(self.bundle.questions, f"{submission.student} key")
        keys = {name: f"{key} {name}" for name, key in keys.items()}
        with (
            Journal(self.course, self.stem) as journal,
            Recorder(self.course, self.bundle) as recorder,
        ):
            return recorder.settle(journal, submission, result, keys)

    @contextmanager
    def book(self):
        url = f"sqlite:///{self.course.grading / 'gradebook.db'}"
        with Gradebook(url, "regularization") as book:
            yield book

    def by_hand(self, student, name, score=None, comment=None, extra=None):
        """Do what formgrader does when a person types points and a comment."""
        with self.book() as book:
            grade = book.find_grade(f"test_{name}", self.stem, self.stem, student)
            grade.manual_score, grade.extra_credit = score, extra
            grade.needs_manual_grade = False
            note = book.find_comment(name, self.stem, self.stem, student)
            note.manual_comment = comment
            book.db.commit()

    def page(self, student):
        """Return the text of a learner's page."""
        from tests.staff.grader.test_feedback import Reader

        path = self.course.grading / "feedback" / student / self.stem
        return Reader((path / f"{self.stem}.html").read_text("utf-8")).text

    def marks(self, student):
        from staff.grader.marks import of_assignment

        with self.book() as book:
            return of_assignment(book.db, self.stem)[student]


@pytest.fixture
def room(small, bundle, monkeypatch) -> Class:
    """The small course, which every command of the term takes for its own."""
    import staff.term

    for module in (
        "roster",
        "calendar",
        "export",
        "rubric",
        "give_back",
        "regrade",
        "overview",
    ):
        name = f"{staff.term.__name__}.{module}"
        try:
            monkeypatch.setattr(f"{name}.Course", lambda: small)
        except (ImportError, AttributeError):
            continue
    return Class(small, bundle)


def kept(room, student, answers=ANSWERS):
    """Keep an original as intake does; return its sha256."""
    from staff.bench.classroom import filled_in
    from staff.grader.files import keep_original
    from staff.grader.intake import originals

    content = filled_in(room.course, room.stem, answers).encode()
    path = keep_original(originals(room.course.grading, student, room.stem), content)
    return path.stem


__all__ = ["Class", "kept", "replace"]
