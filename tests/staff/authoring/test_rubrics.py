"""Rubrics of questions graded by hand: complete, consistent, and kept from learners."""

import json
import re

import pytest

from staff.authoring.masters import read_master
from staff.course import Course

COURSE = Course()
FOLDER = COURSE.root / "staff" / "rubrics"
FILES = FOLDER.glob("*.json")
RUBRICS = {path.stem: json.loads(path.read_text("utf-8")) for path in FILES}
EACH = [(stem, name) for stem, rubric in RUBRICS.items() for name in rubric]


def manual_cells(stem):
    cells = read_master(COURSE.master(stem)).cells
    return {cell.name: cell for cell in cells if cell.role == "manual"}


@pytest.mark.parametrize(("stem", "name"), EACH)
def test_points_add_up(stem, name):
    rubric = RUBRICS[stem][name]
    assert sum(each["points"] for each in rubric["criteria"]) == rubric["points"]
    for each in rubric["criteria"]:
        assert all(each[key] for key in ("name", "full", "half", "none"))


@pytest.mark.parametrize(("stem", "name"), EACH)
def test_two_samples_of_different_worth(stem, name):
    rubric = RUBRICS[stem][name]
    points = [sample["points"] for sample in rubric["samples"]]
    assert len(points) >= 2
    assert len({*points}) == len(points)
    assert max(points) == rubric["points"]
    for sample in rubric["samples"]:
        assert len(sample["answer"].split()) >= 100
        assert sample["comment"]


@pytest.mark.parametrize("stem", COURSE.stems())
def test_every_question_by_hand_has_its_rubric(stem):
    cells = manual_cells(stem)
    assert {*cells} == {*RUBRICS.get(stem, {})}
    for name, cell in cells.items():
        assert cell.points == RUBRICS[stem][name]["points"]


@pytest.mark.parametrize(("stem", "name"), EACH)
def test_learners_get_none_of_it(stem, name):
    path = COURSE.release(stem)
    if not path.exists():
        pytest.skip("not built yet")
    cells = json.loads(path.read_text("utf-8"))["cells"]
    text = " ".join("".join(cell["source"]) for cell in cells)
    rubric = RUBRICS[stem][name]
    parts = [each["full"] for each in rubric["criteria"]]
    parts += [sample["answer"] for sample in rubric["samples"]]
    for part in parts:
        for sentence in re.split(r"(?<=[.?!])\s+", part):
            assert len(sentence) < 30 or sentence not in text
