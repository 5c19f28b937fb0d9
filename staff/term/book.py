"""nbgrader's gradebook, opened for as long as a command needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nbgrader import api

from staff.authoring.release import nbgrader_config
from staff.course import Course, CourseError
from staff.grader.faults import InfraError, infra

__all__ = ["Learner", "known", "learners", "opened"]


@dataclass(frozen=True)
class Learner:
    """One student of the gradebook.

    Args:
        id: nbgrader's, the name of the folder that is handed in.
        first: name.
        last: name.
        email: address.
        lms: id in the learning platform.
    """

    id: str
    first: str = ""
    last: str = ""
    email: str = ""
    lms: str = ""

    @property
    def name(self) -> str:
        """First and last name; the id where there are none."""
        return " ".join(part for part in (self.first, self.last) if part) or self.id


@contextmanager
def opened(course: Course, *, create: bool = False) -> Iterator[api.Gradebook]:
    """Open the gradebook; what is not committed when the block ends is undone.

    Args:
        course: whose.
        create: make it if there is none.

    Raises:
        CourseError: there is none, or it cannot be used now.
    """
    directory = nbgrader_config(course).CourseDirectory
    url = str(directory.db_url)
    path = url.removeprefix("sqlite:///")
    if create:
        course.grading.mkdir(exist_ok=True)
    elif path != url and not (course.root / path).is_file():
        raise CourseError(
            "there is no gradebook yet; begin with `python -m staff roster import FILE`"
        )
    try:
        with infra("opening the gradebook"):
            book = api.Gradebook(url, directory.course_id)
        try:
            with infra("using the gradebook"):
                yield book
        finally:
            book.db.rollback()
            book.close()
    except InfraError as error:
        raise CourseError(f"INFRA: {error}") from error


def learners(book: api.Gradebook) -> dict[str, Learner]:
    """Return id → student, in order of last names."""
    found = [
        Learner(
            each.id,
            *(str(part or "") for part in (each.first_name, each.last_name)),
            *(str(part or "") for part in (each.email, each.lms_user_id)),
        )
        for each in book.db.query(api.Student)
    ]
    found.sort(key=lambda one: (one.last.casefold(), one.first.casefold(), one.id))
    return {one.id: one for one in found}


def known(book: api.Gradebook, student: str) -> Any:
    """Return a student of the gradebook.

    Raises:
        CourseError: there is none of this id; the message names the nearest.
    """
    from rapidfuzz import process

    found = book.db.get(api.Student, student)
    if found is not None:
        return found
    ids = [row.id for row in book.db.query(api.Student.id)]
    near = process.extractOne(student, ids, score_cutoff=60)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise CourseError(
        f"{student!r}: expected the id of one of the {len(ids)} students in the "
        f"gradebook{hint} (`python -m staff roster show` lists them)"
    )
