"""Made-up classes: what they hold, and courses without what is only shown."""

import json

import pytest

from staff.authoring.build import build
from staff.bench.classroom import bank, deal, leave_out_shows
from staff.course import CourseError
from tests.staff.conftest import make_course


def roles(course, stem):
    cells = json.loads(course.solution(stem).read_text("utf-8"))["cells"]
    return [cell["metadata"].get("course", {}).get("role") for cell in cells]


def test_shows_are_left_out_and_nothing_else(tmp_path):
    course = make_course(tmp_path)
    (stem,) = course.stems()
    build(course, [])
    before = roles(course, stem)
    shows = {"experiment", "demo", "look"}
    assert shows & set(before)
    leave_out_shows(course, [stem])
    assert roles(course, stem) == [role for role in before if role not in shows]


def test_a_course_without_shows_is_refused(tmp_path):
    course = make_course(tmp_path)
    (stem,) = course.stems()
    leave_out_shows(course, [stem])
    with pytest.raises(CourseError, match="found no experiment, demo or look"):
        leave_out_shows(course, [stem])


def test_everybody_hands_in_and_every_answer_is_handed_in():
    stem = "00_start_here"
    packs = bank(stem)
    students = deal(stem, max(map(len, packs.values())))
    for name, pack in packs.items():
        assert {answers[name] for answers in students.values()} == set(pack)
    assert deal(stem, 3, seed=1) == deal(stem, 3, seed=1) != deal(stem, 3, seed=2)
