"""Numbers in README and docs are the counted and the measured ones."""

import json
import re

import pytest

from staff import measured
from staff.authoring.numbers import counted, filled, main
from staff.course import Course, CourseError
from staff.measured import Table, markdown, record, recorded

COURSE = Course()


def test_every_number_is_up_to_date():
    assert main(["--check"]) == 0


def test_what_is_written_down_says_when_and_where():
    found = recorded(COURSE)
    assert found
    for each in found.values():
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", each.on)
        assert each.machine
        assert all(len(row) == len(t.head) for t in each.tables for row in t.rows)


def test_counts():
    found = counted(COURSE)
    assert found["notebooks"] == len(list(COURSE.solutions.glob("*.py")))
    books = json.loads(COURSE.catalogue.read_text("utf-8"))
    assert found["exercises"] == sum(map(len, books.values()))
    assert found["right-answers"] + found["wrong-answers"] == found["answers"]
    assert found["wrong-answers"] > found["right-answers"] > 100
    assert found["claims"] > 100


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (
            "a <!-- number: n -->1<!-- /number --> b",
            "<!-- number: n -->2<!-- /number -->",
        ),
        ("no place", "no place"),
        ("<!-- number: budget --><!-- /number -->", "-->\n\n| a |\n\n<!-- /n"),
    ],
)
def test_places_are_filled(text, made):
    known = {"n": "2", "budget": "| a |"}
    assert made in filled(text, known, "x.md")
    assert filled(filled(text, known, "x.md"), known, "x.md").count("| a |") <= 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a <!-- number: m -->1<!-- /number -->",
            "no number is called 'm'; there are n",
        ),
        ("a <!-- number: n -->1", "lacks its <!-- /number -->"),
        ("a\n<!-- number: n -->1<!-- /number -->", "a line begins with the place"),
    ],
)
def test_wrong_places(text, message):
    with pytest.raises(CourseError, match=message):
        filled(text, {"n": "2"}, "x.md")


def test_findings_replace_older_ones_of_the_same_rows(tmp_path, monkeypatch, capsys):
    course = Course(tmp_path)
    (tmp_path / "docs").mkdir()
    assert recorded(course) == {}
    monkeypatch.setattr(measured, "_machine", lambda: "a machine")
    head = ["notebook", "seconds"]
    record(course, "b", "c", [Table(head, [["02", "5"], ["01", "4"]])], keys=1)
    record(course, "b", "c", [Table(head, [["02", "9"]])], keys=1)
    record(course, "b", "c", [Table(head, [["x", "1"]], "other")], keys=1)
    sizes = [[size, "1"] for size in ("1,000", "50", "200")]
    record(course, "b", "c", [Table(head, sizes, "sizes")], keys=1)
    first, second, third = recorded(course)["b"].tables
    assert [*map(list, first.rows)] == [["01", "4"], ["02", "9"]]
    assert second.title == "other"
    assert [row[0] for row in third.rows] == ["50", "200", "1,000"]
    record(course, "b", "d", [Table(head, [["03", "1"]])])
    (only,) = recorded(course)["b"].tables
    assert markdown(only) == ["| notebook | seconds |", "| --- | --- |", "| 03 | 1 |"]
    assert recorded(course)["b"].machine == "a machine"
    assert "python -m staff numbers" in capsys.readouterr().out
