"""How much of a long proof a run makes: a sample, or the whole.

A usual run takes samples of what needs long. COURSE_TESTS=all takes the whole of
everything, COURSE_TESTS=changed the whole of those proofs whose code has changed since
they were last made whole: ``tests/proven.json`` keeps a fingerprint of that code for
each of them. A usual run says which ones that are.
"""

import hashlib
import json
import os
from datetime import date
from functools import cache
from pathlib import Path

from staff.course import Course

__all__ = ["PROOFS", "Proof", "changed", "everything", "seeds", "stamp", "whole"]

VARIABLE = "COURSE_TESTS"

_JUDGING = ("staff/grader", "helpers/checks", "requirements.lock")


class Proof:
    """One long proof: which tests make it, and which files it speaks of.

    Args:
        tests: files for pytest.
        about: files and folders; other code does not change what is proven.
    """

    def __init__(self, *tests: str, about: tuple[str, ...]) -> None:
        self.tests, self.about = tests, (*about, *tests)


PROOFS = {
    "hostile": Proof(
        "tests/staff/grader/test_hostile.py", about=(*_JUDGING, "tests/hostile")
    ),
    "interruptions": Proof(
        "tests/staff/grader/test_interruption.py",
        about=("staff/grader", "requirements.lock"),
    ),
    "stock": Proof(
        "tests/staff/grader/test_same_scores.py", about=(*_JUDGING, "tests/answers")
    ),
    "kernels": Proof(
        "tests/test_kernels.py", about=("helpers/checks", "solutions", "tests/answers")
    ),
}


def everything() -> bool:
    """Tell whether this run was asked to leave nothing out."""
    return os.environ.get(VARIABLE) == "all"


def whole(proof: str) -> bool:
    """Tell whether this run is to make a proof whole.

    Args:
        proof: a key of `PROOFS`.
    """
    return everything() or os.environ.get(VARIABLE) == "changed" and changed(proof)


def changed(proof: str) -> bool:
    """Tell whether the code of a proof has changed since it was last made whole."""
    return _stamped(Course()).get(proof, {}).get("code") != _code(proof)


def stamp(proof: str) -> None:
    """Note in ``tests/proven.json`` that a proof has been made whole on this code."""
    course = Course()
    entry = {"code": _code(proof), "on": date.today().isoformat()}
    entries = {**_stamped(course), proof: entry}
    text = json.dumps(dict(sorted(entries.items())), indent=1) + "\n"
    _file(course).write_text(text, encoding="utf-8")


def seeds(count: int) -> range:
    """Return the seeds of today: every day tries others, a day's runs the same."""
    first = date.today().toordinal() * 1_000
    return range(first, first + count)


@cache
def _code(proof: str) -> str:
    root, total = Course().root, hashlib.sha256()
    for path in sorted(_files(root, PROOFS[proof].about)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return total.hexdigest()[:16]


def _files(root: Path, places: tuple[str, ...]) -> set[Path]:
    found = set()
    for place in places:
        path = root / place
        inside = path.rglob("*") if path.is_dir() else [path]
        found |= {p for p in inside if p.is_file() and p.suffix not in (".pyc", "")}
    return found


def _stamped(course: Course) -> dict[str, dict[str, str]]:
    try:
        text = _file(course).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    stamped: dict[str, dict[str, str]] = json.loads(text)
    return stamped


def _file(course: Course) -> Path:
    return course.root / "tests" / "proven.json"
