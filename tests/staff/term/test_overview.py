"""The class over the term: progress, who is stuck, mistakes over time, no names."""

import re
from dataclasses import replace

import pytest

from staff.course import CourseError
from staff.grader import report
from staff.grader.model import QuestionResult, Verdict
from staff.grader.policy import Late, Policy
from staff.grader.pseudonyms import pseudonyms
from staff.grader.record import invalid_result
from staff.term import overview
from staff.term.overview import Mistake, Notebook, Stuck, collect, to_page, to_text
from tests.staff.grader.made import results
from tests.staff.grader.test_feedback import Reader
from tests.staff.term.conftest import submit

NAMED = QuestionResult(Verdict.FAIL, mistake="off-by-one")


@pytest.fixture
def term(room):
    """One improves, one is stuck, one's file is damaged, one waits, one is away."""
    with room.book() as book:
        for name in ("ada", "bob", "cyd", "dan", "eve"):
            book.add_student(name, first_name=name.title(), last_name="Doe")
        book.find_assignment(room.stem).duedate = Policy().moment("2026-02-10")
        book.db.commit()
    Policy(late=Late(0.5)).write(room.course)

    def hand_in(student, number, day, *right, **others):
        given = {"sha256": f"{number}" * 64, "timestamp": f"2026-02-{day} 04:05:06 UTC"}
        one = submit(room.bundle, student, **given)
        room.settle(one, results(room.bundle, *right, **others))
        return one

    hand_in("ada", 1, "02", "double", Counter=NAMED)
    hand_in("ada", 2, "09", "double", "Counter")
    for number, day in ((1, "03"), (2, "04"), (3, "11")):
        one = hand_in("bob", number, day, "double", Counter=NAMED)
    room.settle(one, results(room.bundle, "double", Counter=NAMED))  # graded once more
    bad = submit(room.bundle, "cyd", sha256="", steps=(), invalid="It is cut off.")
    room.settle(bad, invalid_result(room.bundle, bad))
    hand_in("dan", 1, "03", "double", Counter=QuestionResult(Verdict.TAMPERED))
    return room


def test_the_class_in_a_notebook(term):
    found = collect(term.course)
    (one,) = found.notebooks
    expected = Notebook("90_small", 4, (5 + 2 + 0 + 2) / 4, 5.0, 1, 1, 2, 7 / 4)
    assert replace(one, mean=0) == replace(expected, mean=0)
    with term.book() as book:
        assert one.mean == pytest.approx(book.average_assignment_score(term.stem))
    assert one.mean == pytest.approx(report.collect(term.course, term.bundle).mean)
    assert found.attempts[term.stem, "bob"] == 3


def test_who_is_stuck_where(term):
    (one,) = collect(term.course).stuck
    assert one == Stuck("bob", "90_small", "Counter", 3, "off-by-one")
    assert collect(term.course, tries=4).stuck == []
    term.by_hand("bob", "Counter", 3.0)
    assert collect(term.course).stuck == []  # a person has decided


def test_named_mistakes_over_time(term):
    (one,) = collect(term.course).mistakes
    weeks = [("2026-02-02", 2), ("2026-02-09", 1)]
    told = ("90_small", "Counter", "off-by-one")
    assert one == Mistake(*told, ever=2, now=1, weeks=weeks)


def test_text_and_page(term):
    found = collect(term.course)
    text = to_text(found)
    assert max(map(len, text.splitlines())) <= 88
    assert "Bob Doe: 90 Counter, 3 files, off-by-one" in text
    assert "2 → 1: 90 off-by-one" in text
    row = next(line for line in text.splitlines() if line.startswith("Bob"))
    assert row.split() == ["Bob", "Doe", "1", "1", "20%"]  # a day late: half of 2
    row = next(line for line in text.splitlines() if line.startswith("Eve"))
    assert row.split() == ["Eve", "Doe", "·", "0", "0%"]
    read = Reader(to_page(found))
    assert not {"script", "img", "link", "iframe", "a"} & set(read.tags)
    assert "2026-02-02:" in read.text


def test_nobody_is_named_in_anonymous_mode(term, capsys, monkeypatch):
    monkeypatch.setattr(report, "Course", lambda: term.course)
    overview.main(["--anonymous", "--html", "--csv"])
    report.main(["90", "--anonymous", "--html"])
    said = capsys.readouterr().out
    texts = [path.read_text() for path in (term.course.grading / "reports").iterdir()]
    assert len(texts) == 3
    for text in [said, *texts]:
        assert not re.search(r"\b(ada|bob|cyd|dan|eve|doe)\b", text, re.I)
    secret = pseudonyms(term.course, ["bob", "cyd"])
    assert f"{secret['bob']}: 90 Counter" in said
    assert any(secret["cyd"] in text for text in texts)
    with pytest.raises(CourseError, match="export wide"):
        report.main(["90", "--anonymous", "--csv"])


def test_pseudonyms_stay_and_differ(term):
    many = [f"s{n}" for n in range(3000)]
    names = pseudonyms(term.course, many)
    assert len(set(names.values())) == 3000
    assert pseudonyms(term.course, many) == names
    key = term.course.grading / "pseudonyms.key"
    assert key.stat().st_mode & 0o077 == 0
