"""Rubrics of why-questions: one for each, complete, and not where learners look."""

import json
import re
import tomllib

import pytest

from helpers.study.whys import load_whys
from staff.authoring.masters import read_master
from staff.authoring.written import written
from staff.course import Course, CourseError
from staff.grader.bundle import Bundle
from staff.teaching import kit
from staff.teaching.bank import Bank
from staff.term.rubric import _read, template
from staff.term.whys import read_whys, read_written

COURSE = Course()
STEMS = COURSE.stems()


MASTERS = {stem: read_master(COURSE.master(stem)) for stem in STEMS}


def complete(rubric):
    answer, comment = rubric.partial
    texts = (*rubric.criteria, comment, rubric.misconception)
    assert all(len(text.split()) >= 6 for text in texts), rubric.exercise
    assert rubric.empty != answer
    assert len(rubric.comments) >= 2
    for name, text in rubric.comments.items():
        assert name.replace("-", "").isalnum()
        assert text.endswith((".", "?"))


@pytest.mark.parametrize("stem", STEMS)
def test_every_why_has_its_rubric(stem):
    found = read_whys(stem)
    assert [*found] == [*load_whys(stem)]
    for rubric in found.values():
        complete(rubric)


@pytest.mark.parametrize("stem", STEMS)
def test_every_question_to_write_down_has_its_rubric(stem):
    asked = [*written(MASTERS[stem])]
    assert asked
    found = read_written(MASTERS[stem])
    assert [*found] == asked
    for rubric in found.values():
        complete(rubric)
        assert len(rubric.full.split()) >= 40
        assert len(rubric.reply.split()) >= 6
        assert rubric.full not in (rubric.model, rubric.partial[0])


@pytest.mark.parametrize("stem", STEMS)
def test_no_question_to_write_down_is_overlooked(stem):
    """Every place that says *Why?* so, or wants sentences before a fold, is found."""
    text = "\n".join(c.source for c in MASTERS[stem].cells if c.role == "markdown")
    asked = [*written(MASTERS[stem])]
    titled = re.findall(r"^(?:#+ Why\?|\*\*Why\?\*\* )", text, re.M)
    assert len(titled) == len(asked)
    wanted = re.compile(r"(?:[Ww]rite|[Aa]nswer in)\b[^.?]*\bsentences?\b[^.?]*")
    for words in wanted.findall(" ".join(text.split())):
        assert any(words in one.question for one in asked), words


FOLD = "# <details><summary>One answer</summary>\n#\n# Because.\n# </details>\n"
ASKED = f"# %% [markdown]\n# ## Here\n#\n# **Why?** Why is that\n# so?\n#\n{FOLD}"
TOLD = """
[so]
asked = "Why is that"
criteria = ["One.", "Two."]
full = "Because."
partial = {answer = "Well.", comment = "Half."}
wrong = {answer = "No.", comment = "None."}
misconception = "That it is not."
comments.why = "Why?"
"""


@pytest.fixture
def rubrics(tmp_path):
    """Return a function: a master's text, rubrics -> what is read."""

    def read(text, told):
        path = tmp_path / "90_small.py"
        path.write_text(text, "utf-8")
        (tmp_path / "90_small.toml").write_text(told, "utf-8")
        return read_written(read_master(path), tmp_path)

    return read


def test_a_written_question_and_its_rubric_find_each_other(rubrics):
    ((question, rubric),) = rubrics(ASKED, TOLD).items()
    assert (question.after, question.question) == ("Here", "Why is that so?")
    assert question.model == rubric.model == "Because."
    lines = [*rubric.to_markdown()]
    assert "*Both points, in other words:* “Because.”" in lines
    assert "*None:* “No.” None." in lines


@pytest.mark.parametrize(
    ("text", "told", "said"),
    [
        (ASKED.replace("Why is", "How is"), TOLD, "asked"),
        (ASKED + f"#\n# ## Why? Again\n#\n# And this?\n#\n{FOLD}", TOLD, "And this"),
        (ASKED, TOLD.replace(', "Two."', ""), "two criteria"),
        (ASKED, TOLD.replace("full", "whole"), "full"),
    ],
)
def test_a_written_question_without_its_rubric(rubrics, text, told, said):
    with pytest.raises(CourseError, match=said):
        rubrics(text, told)


def test_folds_that_follow_no_why_are_no_questions(rubrics):
    assert not rubrics(ASKED.replace("**Why?** ", ""), "")


def test_learners_have_none_of_it():
    for stem in STEMS:
        released = COURSE.release(stem).read_text("utf-8")
        public = json.dumps(load_whys(stem), ensure_ascii=False)
        plan = (COURSE.root / "docs" / "kit" / f"{stem}.md").read_text("utf-8")
        for rubric in [
            *read_whys(stem).values(),
            *read_written(MASTERS[stem]).values(),
        ]:
            texts = (*rubric.criteria, *rubric.partial, rubric.misconception)
            for text in (*texts, *filter(None, (rubric.full, rubric.reply))):
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
    assert "# items.written-fault = {points = 0, comment =" in path.read_text("utf-8")
    by_hand = criteria["challenge"]
    assert by_hand.start == "none"
    full = [i.points for name, i in by_hand.items.items() if "half" not in name]
    assert sum(full) == bundle.by_hand[0].points


def test_keys_hold_them():
    for stem, sign in {"12_regularization_strategy": "An answer worth 1.5 points",
                       "00_start_here": "*Misconception:*"}.items():  # fmt: skip
        plan, asked = kit.lesson(MASTERS[stem]), read_written(MASTERS[stem])
        text = kit.key(plan, Bank(COURSE).exercises(stem), asked)
        assert sign in text
        for rubric in [*read_whys(stem).values(), *asked.values()]:
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
    for kind in ("whys", "written"):
        folder = COURSE.root / "staff" / "rubrics" / kind
        assert [path.stem for path in sorted(folder.glob("*.toml"))] == STEMS
        for path in folder.glob("*.toml"):
            tomllib.loads(path.read_text("utf-8"))
