"""Names that tell nothing: for reports that others see, and for grading unswayed."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable

from staff.course import Course

__all__ = ["pseudonyms"]

_KEY = "pseudonyms.key"


def pseudonyms(course: Course, students: Iterable[str]) -> dict[str, str]:
    """Return student → a name that tells nothing, the same whenever it is made.

    The key lies in ``grading/pseudonyms.key``; who has it can tell who is who.
    """
    students, path = list(students), course.grading / _KEY
    if not path.exists():
        course.grading.mkdir(exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    key = path.read_text("utf-8").strip().encode()
    names = {
        student: hmac.new(key, student.encode(), hashlib.sha256).hexdigest()
        for student in students
    }
    length = 6
    while len({name[:length] for name in names.values()}) < len(names):
        length += 1
    return {student: f"learner-{name[:length]}" for student, name in names.items()}
