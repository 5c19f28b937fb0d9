"""The kit: read from the masters, up to date, and with no answer where all can look."""

import re

import pytest

from staff.authoring.masters import read_master
from staff.course import Course, CourseError
from staff.teaching import kit
from staff.teaching.bank import Bank
from staff.teaching.exam import TITLE

COURSE = Course()


@pytest.fixture(scope="module")
def lessons():
    return [kit.lesson(read_master(COURSE.master(stem))) for stem in COURSE.stems()]


def test_every_notebook_says_what_a_plan_needs(lessons):
    for each in lessons:
        assert 60 <= each.minutes <= 200
        assert len(each.goals) >= 3
        names = {card.number.split(".")[0] for card in each.cards}
        assert names == {str(int(each.number))}
        assert sum(card.minutes for card in each.cards) < each.minutes
        assert sum(len(section.predictions) for section in each.sections) >= 3


def test_a_master_that_does_not_say_it(tmp_path):
    course = Course(tmp_path)
    course.solutions.mkdir()
    course.master("70_none").write_text("# %% [markdown]\n# # 70 · What?\n")
    with pytest.raises(CourseError, match=r"70_none.py: expected a title, goals"):
        kit.lesson(read_master(course.master("70_none")))


def test_an_exam_is_no_lesson(tmp_path):
    course = Course(tmp_path)
    course.solutions.mkdir()
    stem = "00_start_here"
    course.master(stem).write_text(COURSE.master(stem).read_text("utf-8"), "utf-8")
    course.master("80_midterm").write_text(f"# %% [markdown]\n# {TITLE}\n")
    assert [*kit.taught(course)] == [stem]
    names = {path.name for path in kit.written(course, keys=False)}
    assert names == {"syllabus.md", f"{stem}.md"}


@pytest.mark.parametrize(
    ("minutes", "weeks", "expected"),
    [
        ([1, 1, 1, 1], 2, [[0, 1], [2, 3]]),
        ([5, 1, 1, 1], 2, [[0], [1, 2, 3]]),
        ([1, 2, 3], 3, [[0], [1], [2]]),
        ([3, 3, 2, 2, 2], 2, [[0, 1], [2, 3, 4]]),
    ],
)
def test_weeks_are_even_and_in_order(minutes, weeks, expected):
    assert [[*some] for some in kit.spread(minutes, weeks)] == expected


def test_the_syllabus_holds_every_notebook_in_each_plan(lessons):
    text = kit.syllabus(lessons)
    plans = dict(zip((4, 8, 14), text.split("## ")[1:], strict=True))
    for weeks, plan in plans.items():
        rows = re.findall(r"^\| (\d+) \| (.*?) \|", plan, re.M)
        assert [int(week) for week, _ in rows] == [*range(1, weeks + 1)]
        taught = [n for _, some in rows for n in some.split(", ") if n]
        assert taught == [each.number for each in lessons]


def test_what_stands_in_docs_is_what_the_masters_say():
    for path, text in kit.written(COURSE, keys=False).items():
        where = path.relative_to(COURSE.root)
        assert path.read_text("utf-8") == text, f"{where}: run `python -m staff kit`"


def test_a_lesson_plan_has_the_question_to_write_down(lessons):
    for each in lessons:
        assert each.written
        for one in each.written:
            assert f"- After *{one.after}*: {one.question}\n" in kit.lesson_plan(each)
            assert one.model not in kit.lesson_plan(each)


def test_a_lesson_plan_gives_no_answer_away():
    for stem in COURSE.stems():
        text = (COURSE.root / "docs" / "kit" / f"{stem}.md").read_text("utf-8")
        assert "```" not in text
        assert "Hint" not in text
        for exercise in Bank(COURSE).exercises(stem)[:2]:
            body = [x.strip() for x in exercise.model.split("\n") if "return" in x]
            assert not [line for line in body if len(line) > 20 and line in text]


def test_a_key_shows_the_answer_and_every_mistake(lessons):
    each = lessons[3]
    exercises = Bank(COURSE).exercises(each.stem)
    text = kit.key(each, exercises)
    for exercise in exercises:
        assert exercise.title in text
        for mistake, sentence in exercise.mistakes.items():
            assert f"*{mistake}*: {sentence}" in text
    assert "BEGIN SOLUTION" not in text
    assert text.count("```") % 2 == 0
