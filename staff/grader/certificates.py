"""``python -m staff certify`` and ``verify``: certificates, held against a key.

The key lies beside the gradebook, `grading/certificate.key`. It is made at the first
certificate. Whoever has it can sign and verify: keep a copy, and keep it to yourself.
"""

import argparse
import os
import secrets
from datetime import date
from pathlib import Path
from typing import Any

from helpers.files import write_whole
from helpers.study import certificates
from helpers.study.titles import catalogue, title
from staff.authoring.release import nbgrader_config
from staff.course import Course, CourseError

__all__ = ["certify", "issue", "verify"]

_KEY = "certificate.key"


def certify(arguments: list[str] | None = None) -> int:
    """Write the certificates of students from the gradebook; return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m staff certify",
        description="Write signed certificates from the gradebook into "
        "grading/certificates: what each student has passed, with all points.",
    )
    parser.add_argument("students", nargs="+", metavar="STUDENT", help="id in nbgrader")
    options = parser.parse_args(arguments)
    for student in options.students:
        print(issue(Course(), student))
    return 0


def verify(arguments: list[str] | None = None) -> int:
    """Say of each file whether it is genuine; return 1 if any is not."""
    parser = argparse.ArgumentParser(
        "python -m staff verify",
        description="Tell whether certificates were signed with this course's key and "
        "are unchanged. Needs no network.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
    parser.add_argument(
        "--key", type=Path, help=f"the key's file; grading/{_KEY} without"
    )
    options = parser.parse_args(arguments)
    key = _read_key(options.key or Course().grading / _KEY)
    return max(_say(path, key) for path in options.files)


def issue(course: Course, student: str) -> Path:
    """Write the certificate of one student.

    Args:
        course: with a gradebook.
        student: the id in it.

    Returns:
        ``grading/certificates/STUDENT.html``.

    Raises:
        CourseError: there is no gradebook, no such student, or nothing was passed.
    """
    name, parts = _standing(course, student)
    if not any(part.passed for part in parts):
        raise CourseError(
            f"{student}: no exercise has all its points in the gradebook; there is "
            "nothing to certify"
        )
    folder = course.grading / "certificates"
    folder.mkdir(parents=True, exist_ok=True)
    today = date.today().isoformat()
    page = certificates.signed(name, parts, key=_key(course), issued=today)
    path = folder / f"{student}.html"
    write_whole(path, page)
    return path


def _standing(course: Course, student: str) -> tuple[str, list[certificates.Part]]:
    """Return a student's name, and what the gradebook says of every notebook."""
    from nbgrader import api

    if not (course.grading / "gradebook.db").is_file():
        raise CourseError("there is no gradebook yet; grade first")
    with api.Gradebook(nbgrader_config(course).CourseDirectory.db_url) as book:
        try:
            person = book.find_student(student)
        except api.MissingEntry:
            raise CourseError(f"{student}: not in the gradebook") from None
        names = (person.first_name, person.last_name)
        name = " ".join(part for part in names if part) or student
        return name, [_part(book, stem, student) for stem in catalogue()]


def _part(book: Any, stem: str, student: str) -> certificates.Part:
    """Return which exercises of one notebook have all their points."""
    from nbgrader import api

    exercises = {name: card["number"] for name, card in catalogue()[stem].items()}
    try:
        submission = book.find_submission(stem, student)
    except api.MissingEntry:
        return certificates.Part(title(stem), exercises, {})
    scores = {
        grade.name.removeprefix("test_"): (grade.score, grade.max_score)
        for notebook in submission.notebooks
        for grade in notebook.grades
    }
    when = submission.timestamp.date().isoformat() if submission.timestamp else ""
    passed = {
        name: when
        for name in exercises
        if name in scores and scores[name][0] >= scores[name][1] > 0
    }
    return certificates.Part(title(stem), exercises, passed)


def _key(course: Course) -> bytes:
    """Return the course's key; make it if there is none."""
    path = course.grading / _KEY
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
        print(f"A new key was made: {path}. Keep a copy, and keep it to yourself.")
    return _read_key(path)


def _read_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text("utf-8"))
    except OSError as error:
        raise CourseError(
            f"{path}: the key cannot be read ({error.strerror}); it lies beside the "
            "gradebook of the course that has issued the certificate"
        ) from None
    except ValueError:
        raise CourseError(f"{path}: expected 64 hexadecimal digits") from None
    if len(key) < 32:
        raise CourseError(f"{path}: expected 64 hexadecimal digits, got {2 * len(key)}")
    return key


def _say(path: Path, key: bytes) -> int:
    """Print what one file is; return 0 if it is genuine."""
    try:
        page = path.read_text("utf-8")
        data = certificates.content(page)
        genuine = certificates.is_genuine(page, key=key)
    except OSError as error:
        print(f"{path}: cannot be read ({error.strerror})")
        return 1
    except (ValueError, KeyError, TypeError):
        print(f"{path}: NOT a certificate of this course, or damaged")
        return 1
    if data.get("kind") == "self-made":
        print(f"{path}: self-made by the learner; there is nothing to verify")
        return 1
    if not genuine:
        print(f"{path}: NOT GENUINE: changed, or signed with another key")
        return 1
    done = sum(len(part["passed"]) for part in data["parts"])
    total = sum(len(part["exercises"]) for part in data["parts"])
    print(
        f"{path}: genuine. {data['name']} has passed {done} of {total} exercises of"
        f" version {data['version']}; issued on {data['issued']}"
    )
    return 0
