"""Rubrics of why-questions: one for each, complete, and not where learners look."""

import json
import tomllib

import pytest

from helpers.study.whys import load_whys
from staff.authoring.masters import read_master
from staff.course import Course, CourseError
from staff.grader.bundle import Bundle
from staff.teaching import kit
from staff.teaching.bank import Bank
from staff.term.rubric import _read, template
from staff.term.whys import read_whys

COURSE = Course()
STEMS = COURSE.stems()


@pytest.mark.parametrize("stem", STEMS)
def test_every_why_has_its_rubric(stem):
    found = read_whys(stem)
    assert [*found] == [*load_whys(stem)]
    for rubric in found.values():
        answer, comment = rubric.partial
        texts = (*rubric.criteria, comment, rubric.misconception)
        assert all(len(text.split()) >= 6 for text in texts), rubric.exercise
        assert rubric.empty != answer
        assert len(rubric.comments) >= 2
        for name, text in rubric.comments.items():
            assert name.replace("-", "").isalnum()
            assert text.endswith((".", "?"))


def test_learners_have_none_of_it():
    for stem in STEMS:
        released = COURSE.release(stem).read_text("utf-8")
        public = json.dumps(load_whys(stem), ensure_ascii=False)
        plan = (COURSE.root / "docs" / "kit" / f"{stem}.md").read_text("utf-8")
        for rubric in read_whys(stem).values():
            for text in (*rubric.criteria, *rubric.partial, rubric.misconception):
                assert text not in released + public + plan


def test_a_new_rubric_begins_with_the_comments(tmp_path):
    stem = "12_regularization_strategy"
    path = tmp_path / "rubric.toml"
    bundle = Bundle.load(COURSE, stem)
    path.write_text(template(bundle), encoding="utf-8")
    criteria = _read(path, bundle)
    assert {*criteria} == {*bundle.questions, *(m.name for m in bundle.by_hand)}
    own = criteria["search"].items["why-luck"]
    assert own.points == 0
    assert own.comment == read_whys(stem)["search"].comments["luck"]
    by_hand = criteria["challenge"]
    assert by_hand.start == "none"
    full = [i.points for name, i in by_hand.items.items() if "half" not in name]
    assert sum(full) == bundle.by_hand[0].points


def test_keys_hold_them():
    for stem, sign in {"12_regularization_strategy": "An answer worth 1.5 points",
                       "00_start_here": "*Misconception:*"}.items():  # fmt: skip
        plan = kit.lesson(read_master(COURSE.master(stem)))
        text = kit.key(plan, Bank(COURSE).exercises(stem))
        assert sign in text
        for rubric in read_whys(stem).values():
            assert rubric.question in text
            assert rubric.empty in text


@pytest.mark.parametrize(
    "text",
    ['[evaluate]\ncriteria = ["a"]', "[none]\ncriteria = ['a', 'b']", "x = ["],
)
def test_a_file_that_is_not_as_expected(tmp_path, text):
    (tmp_path / "00_start_here.toml").write_text(text)
    with pytest.raises(CourseError, match=r"two criteria"):
        read_whys("00_start_here", tmp_path)
    assert read_whys("01_bias_variance", tmp_path) == {}


def test_files_are_toml():
    folder = COURSE.root / "staff" / "rubrics" / "whys"
    assert [path.stem for path in sorted(folder.glob("*.toml"))] == STEMS
    for path in folder.glob("*.toml"):
        tomllib.loads(path.read_text("utf-8"))
