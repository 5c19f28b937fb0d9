"""docs/coverage.md sends instructors to headings that are there."""

import re
from pathlib import Path

import pytest

from staff.authoring.masters import read_master

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "coverage.md").read_text("utf-8")
ROWS = [
    row.strip("| ").split(" | ")
    for row in PAGE.splitlines()
    if row.startswith("| ") and not row.startswith(("| Topic", "| ---"))
]
NUMBERS = sorted({path.stem[:2] for path in (ROOT / "solutions").glob("[0-9][0-9]_*")})


def headings(number: str) -> set[str]:
    """Return a notebook's headings, an exercise's without its points and minutes."""
    (path,) = (ROOT / "solutions").glob(f"{number}_*.py")
    cells = read_master(path).cells
    text = "\n\n".join(cell.source for cell in cells if cell.kind == "markdown")
    found = re.findall(r"^#{2,4} (.+?)(?: \(\d+ points?, .+\))?$", text, re.MULTILINE)
    return set(found)


@pytest.mark.parametrize("number", NUMBERS)
def test_headings_that_are_named_are_in_the_notebook(number):
    named = set(re.findall(rf"\b{number} \*([^*]+)\*", "\n".join(r[1] for r in ROWS)))
    assert named, "no topic is found in this notebook"
    assert named <= headings(number), named - headings(number)


def test_each_topic_has_a_place_and_stands_there_once():
    topics = [topic for topic, *_ in ROWS]
    assert len(topics) == len(set(topics))
    for topic, where, *_ in ROWS:
        for place in where.split("; "):
            assert re.fullmatch(r"\d\d \*[^*]+\*", place), (topic, place)


def test_each_exercise_belongs_to_a_topic():
    named = " ".join(where for _, where, *_ in ROWS)
    for number in NUMBERS:
        exercises = {h for h in headings(number) if h.startswith("Exercise ")}
        assert exercises
        missing = {h for h in exercises if f"{number} *{h}*" not in named}
        assert not missing
