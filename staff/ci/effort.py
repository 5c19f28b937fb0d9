"""How much of a long proof a run makes: a sample, or the whole.

A usual run takes samples of what needs long, others each day. COURSE_TESTS=all takes
the whole of everything, COURSE_TESTS=changed the whole of those proofs whose code has
changed since they were last made whole: ``tests/proven.json`` keeps a fingerprint of
that code for each of them. Where a proof says the same of every notebook, each notebook
is a part with a fingerprint of its own. A usual run says which ones are due.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeVar

from staff.course import Course

__all__ = [
    *("PROOFS", "Proof", "changed", "everything", "last", "parts", "seeds"),
    *("stamp", "today", "turns", "whole"),
]

VARIABLE = "COURSE_TESTS"
T = TypeVar("T")

_CHECKS = ("helpers/checks/*.py", "helpers/checks/vocabulary", "requirements.lock")
_NOTEBOOK = ("helpers/checks/notebooks/{}.py", "solutions/{}.py", "tests/answers/{}")


class Proof:
    """One long proof: which tests make it, and which files it speaks of.

    Args:
        tests: files or folders for pytest.
        about: patterns of files and folders; other code does not change what is proven.
        each: the same of one notebook, "{}" in the place of its stem. Each notebook is
            a part of the proof then.
        usual: what a usual run makes of it.
    """

    def __init__(
        self,
        *tests: str,
        about: tuple[str, ...],
        each: tuple[str, ...] = (),
        usual: str = "a sample",
    ) -> None:
        self.tests, self.about, self.each = tests, (*about, *tests), each
        self.usual = usual


PROOFS = {
    "coverage": Proof("tests/helpers", about=("helpers",), usual="not measured"),
    "answers": Proof("tests/test_answers.py", about=_CHECKS, each=_NOTEBOOK),
    "hostile": Proof(
        "tests/staff/grader/test_hostile.py",
        about=(
            *("staff/grader", *_CHECKS, "tests/hostile"),
            "helpers/checks/notebooks/02_dropout_from_scratch.py",  # what is attacked
        ),
    ),
    "stock": Proof(
        "tests/staff/grader/test_same_scores.py",
        about=("staff/grader", *_CHECKS),
        each=_NOTEBOOK,
    ),
    "interruptions": Proof(
        "tests/staff/grader/test_interruption.py",
        about=("staff/grader", "requirements.lock"),
    ),
    "kernels": Proof("tests/test_kernels.py", about=_CHECKS, each=_NOTEBOOK),
    "intake": Proof(
        "tests/staff/grader/test_intake_time.py",
        about=("staff/grader", "requirements.lock"),
    ),
    "pretend": Proof(
        "tests/test_pretend.py",
        about=("helpers", "requirements.lock", "tests/pretend.py"),
        each=("solutions/{}.py",),
    ),
}


def everything() -> bool:
    """Tell whether this run was asked to leave nothing out."""
    return os.environ.get(VARIABLE) == "all"


def parts(proof: str) -> list[str]:
    """Return the parts of a proof: the notebooks' stems, or "" for a proof of one."""
    return Course().stems() if PROOFS[proof].each else [""]


def whole(proof: str, part: str = "") -> bool:
    """Tell whether this run is to make a part of a proof whole.

    Args:
        proof: a key of `PROOFS`.
        part: one of `parts`.
    """
    if everything():
        return True
    return os.environ.get(VARIABLE) == "changed" and changed(proof, part)


def changed(proof: str, part: str = "") -> bool:
    """Tell whether a part's code has changed since it was last made whole."""
    stamped = _stamped(Course()).get(_key(proof, part), {})
    return stamped.get("code") != _code(proof, part)


def last(proof: str, part: str = "") -> str:
    """Return the day on which a part was last made whole, "(never)" if there is none.

    Days are written as in 2026-01-31, so that the smallest of several is the first.
    """
    return _stamped(Course()).get(_key(proof, part), {}).get("on", "(never)")


def stamp(proof: str, part: str = "") -> None:
    """Note in ``tests/proven.json`` that a part has been made whole on this code."""
    course = Course()
    entry = {"code": _code(proof, part), "on": date.today().isoformat()}
    entries = {**_stamped(course), _key(proof, part): entry}
    text = json.dumps(dict(sorted(entries.items())), indent=1) + "\n"
    _file(course).write_text(text, encoding="utf-8")


def today(count: int) -> int:
    """Return the turn of this day, of `count` that take turns: 0 … count - 1."""
    return date.today().toordinal() % count


def turns(items: Sequence[T], days: int) -> list[T]:
    """Return the items whose turn it is today; all where that was asked for.

    Args:
        items: in an order that does not change from day to day.
        days: after so many, each has had its turn once.
    """
    return list(items) if everything() else list(items[today(days) :: days])


def seeds(count: int) -> range:
    """Return the seeds of today: every day tries others, a day's runs the same."""
    first = date.today().toordinal() * 1_000
    return range(first, first + count)


def _key(proof: str, part: str) -> str:
    return f"{proof} {part}".strip()


@cache
def _code(proof: str, part: str) -> str:
    root, total = Course().root, hashlib.sha256()
    about, each = PROOFS[proof].about, PROOFS[proof].each
    for path in sorted(_files(root, (*about, *(p.format(part) for p in each)))):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return total.hexdigest()[:16]


def _files(root: Path, places: tuple[str, ...]) -> set[Path]:
    found = set()
    for place in places:
        for path in root.glob(place):
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
