"""``python -m staff numbers``: fill in every number that README and docs quote.

A place for one is marked, in ``README.md``, ``CONTRIBUTING.md`` and ``docs/*.md``::

    <!-- number: answers -->2,031<!-- /number -->

What can be counted is counted each time. What was measured comes from
``docs/measured.json``, with its day, the machine and the command that measures it.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path

from staff.authoring.catalogue import exercises
from staff.authoring.masters import read_master
from staff.authoring.written import written
from staff.course import Course, CourseError
from staff.measured import Measured, markdown, recorded

__all__ = ["counted", "filled", "main", "numbers"]

# What a page may ask for before it was measured, and the command for it.
_COMMANDS = {
    "budget": "python -m staff budget --record",
    "replicate": "make replicate ARGS=--record SEEDS=1000",
    "capstone": "python -m staff.bench.capstone --record",
    "loops": "make bench ARGS=--record",
    "grading": "make bench-grade ARGS=--record",
    "ladder": 'make bench-grade ARGS="--ladder --record"',
    "hostile": 'make bench-hostile ARGS="--every 12 --record"',
    "checks": "make bench-checks ARGS=--record",
}
_PLACE = re.compile(
    r"(<!-- number: (?P<key>[\w-]+) -->)(?P<text>.*?)(<!-- /number -->)", re.DOTALL
)
_CLAIM = re.compile(r"\bclaim\(\s*f?\"")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m staff numbers", description=__doc__)
    told = "change nothing; fail if a number is out of date"
    parser.add_argument("--check", action="store_true", help=told)
    options = parser.parse_args(arguments)
    course = Course()
    known, stale = numbers(course), []
    for path in _pages(course):
        text = path.read_text("utf-8")
        made = filled(text, known, path.name)
        if made != text:
            stale.append(path.relative_to(course.root).as_posix())
            if not options.check:
                path.write_text(made, "utf-8")
    if options.check and stale:
        raise CourseError(
            f"numbers are out of date in {', '.join(stale)}: run `python -m staff "
            "numbers`"
        )
    print(f"filled in: {', '.join(stale) or 'nothing new'}")
    return 0


def numbers(course: Course) -> dict[str, str]:
    """Return everything that a page may ask for, as Markdown."""
    known = {key: f"{count:,}" for key, count in counted(course).items()}
    found = recorded(course)
    for name, command in _COMMANDS.items():
        known[name] = _shown(found[name]) if name in found else _missing(command)
    return known


def counted(course: Course) -> dict[str, int]:
    """Count what the course consists of.

    ``claims`` are the places where masters make one; a loop counts once.
    """
    from tests.hostile import all_cases  # a copy of the course may lack its tests

    masters = [course.master(stem) for stem in course.stems()]
    cells = [cell for path in masters for cell in read_master(path).cells]
    answers = [path.name for path in course.root.glob("tests/answers/*/*/*.py")]
    right = sum(name.startswith("right_") for name in answers)
    return {
        "notebooks": len(masters),
        "exercises": sum(len(exercises(read_master(path))) for path in masters),
        "points": int(sum(cell.points for cell in cells if cell.role == "test")),
        "claims": sum(len(_CLAIM.findall(c.text)) for c in cells if c.kind == "code"),
        "whys": _entries(course, "whys"),
        "written": sum(len([*written(read_master(path))]) for path in masters),
        "questions": _entries(course, "quizzes"),
        "flashcards": _entries(course, "flashcards"),
        "answers": len(answers),
        "right-answers": right,
        "wrong-answers": len(answers) - right,
        "attacks": len(all_cases()),
    }


def filled(text: str, known: Mapping[str, str], name: str) -> str:
    """Return a page with every marked place filled in.

    Args:
        text: of the page. known: key → Markdown. name: of the page, for messages.

    Raises:
        CourseError: a place asks for something unknown, or does not end.
    """

    def fill(found: re.Match[str]) -> str:
        if found["key"] not in known:
            raise CourseError(
                f"{name}: no number is called {found['key']!r}; there are "
                f"{', '.join(sorted(known))}"
            )
        value = known[found["key"]]
        if found["key"] in _COMMANDS:  # a block of its own
            value = f"\n\n{value}\n\n"
        elif found.start() == text.rfind("\n", 0, found.start()) + 1:
            raise CourseError(
                f"{name}: a line begins with the place for {found['key']!r}, and "
                "Markdown would not read that line; let a word stand before it"
            )
        return f"{found[1]}{value}{found[4]}"

    if text.count("<!-- number:") != len(_PLACE.findall(text)):
        raise CourseError(f"{name}: a place for a number lacks its <!-- /number -->")
    return _PLACE.sub(fill, text)


def _pages(course: Course) -> list[Path]:
    own = (course.root / name for name in ("README.md", "CONTRIBUTING.md"))
    return [*own, *sorted(course.root.glob("docs/*.md"))]


def _entries(course: Course, folder: str) -> int:
    paths = (course.root / "data" / folder).glob("*.json")
    return sum(len(json.loads(path.read_text("utf-8"))) for path in paths)


def _missing(command: str) -> str:
    return f"*Not written down yet: `{command}` measures it.*"


def _shown(found: Measured) -> str:
    parts = [f"`{found.command}`, {found.on}, {found.machine}."]
    for table in found.tables:
        parts += [f"{table.title}:"] if table.title else []
        parts.append("\n".join(markdown(table)))
    return "\n\n".join(parts)
