"""The course's exercises, as data that a built course carries: ``data/exercises.json``.

Progress pages and the course map read it; nothing there has to load any check.
"""

import json
import re

from staff.authoring.masters import Master, read_master
from staff.authoring.rules import STUB
from staff.course import Course

__all__ = ["catalogue", "exercises"]

_CARD = re.compile(
    r"^#+ Exercise (?P<number>[\d.]+[a-z]?)(?: · (?P<title>.*?))?(?: \(.*\))?$"
)


def catalogue(course: Course) -> str:
    """Return the text of the catalogue: stem → exercise → number, title, stub."""
    books = {
        stem: exercises(read_master(course.master(stem))) for stem in course.stems()
    }
    return json.dumps(books, indent=1, ensure_ascii=False) + "\n"


def exercises(master: Master) -> dict[str, dict[str, str]]:
    """Return the exercises of one master in the order of their tests.

    Each has the number and the title of the last card above its test, and the stub as
    learners get it.
    """
    card, found = {"number": "", "title": ""}, {}
    stubs = {
        cell.name: cell.without_regions(STUB).strip()
        for cell in master.cells
        if cell.role == "solution"
    }
    for cell in master.cells:
        if cell.role == "markdown":
            for line in cell.source.splitlines():
                if match := _CARD.match(line):
                    card = {k: v or "" for k, v in match.groupdict().items()}
        elif cell.role == "test":
            found[cell.name] = card | {"stub": stubs.get(cell.name, "")}
    return found
