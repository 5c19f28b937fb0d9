import json
from dataclasses import replace

import pytest

from staff.course import Course, CourseError
from staff.grader.bundle import Bundle
from staff.grader.fingerprint import check_code, environment
from tests.staff.grader.sheets import STEM, Sheet, bank, bundle

STEMS = [stem for stem in Course().stems() if Course().release(stem).is_file()]

CHECKS = """\
from helpers.checks import exercise

WRONG = "wrong"
OTHER = "other"


def shared(t):
    return WRONG


@exercise("1.1", mistakes={"w": WRONG})
def first(answer, t):
    shared(t)


@exercise("1.2", mistakes={"o": OTHER})
def second(answer, t):
    t.close(answer(2), 4)
"""


def submission(tmp_path, **sources):
    filled = {name: bank(STEM, name)[0] for name in bundle().questions} | sources
    return Sheet().fill(**filled).read(tmp_path)


def keys(given, env="env", of=None):
    of = of or bundle()
    return {name: of.question_key(name, given, env) for name in of.questions}


def changed(before, after):
    return {name for name in before if before[name] != after[name]}


# -- what is in it -----------------------------------------------------------------


def test_questions_come_from_cards_and_cells():
    question = bundle().questions["inverted_dropout"]
    assert question.title == "Exercise 2.2 · Inverted dropout"
    assert (question.number, question.label) == ("2.2", "Exercise 2.2")
    assert (question.points, question.grade_id) == (2, "test_inverted_dropout")
    assert question.asks == ("inverted_dropout",)
    assert question.visible == "check.inverted_dropout(inverted_dropout)"
    assert "seed=48_271" in question.hidden
    assert "HIDDEN" not in question.hidden + question.visible
    assert bundle("03_l1_l2").questions["l2_penalty"].asks == (
        *("l2_penalty", "l1_penalty"),
    )


@pytest.mark.parametrize("stem", STEMS)
def test_every_question_of_the_course_is_whole(stem):
    for question in bundle(stem).questions.values():
        assert question.title.startswith(f"Exercise {int(stem[:2])}.")
        assert question.visible
        assert question.hidden
        assert question.points > 0
        assert question.check
        released = bundle(stem).cell("test", question.name).released
        assert released == question.visible
        assert question.hidden not in released


def test_bundle_is_plain_data():
    plain = json.loads(json.dumps(bundle().to_json()))
    again = Bundle.from_json(plain)
    assert again == bundle()
    assert again.digest == bundle().digest
    plain["cells"][1]["source"] += "\n# changed"
    assert Bundle.from_json(plain).digest != bundle().digest


def test_missing_notebook_is_said(tmp_path):
    with pytest.raises(CourseError, match=r"02.*expected a built notebook.*build"):
        Bundle.load(Course(tmp_path), STEM)


def test_notebooks_that_do_not_belong_together_are_refused(tmp_path):
    course = Course(tmp_path)
    for path in (course.solution(STEM), course.release(STEM)):
        path.parent.mkdir(parents=True)
        path.write_bytes(Sheet().bytes())
    sheet = Sheet()
    sheet.cells.pop()
    course.release(STEM).write_bytes(sheet.bytes())
    with pytest.raises(CourseError, match="do not belong together"):
        Bundle.load(course, STEM)


# -- keys of the cache -------------------------------------------------------------


def test_same_content_has_the_same_keys(tmp_path):
    first = keys(submission(tmp_path))
    assert first == keys(submission(tmp_path))
    assert len({*first.values()}) == len(first)
    assert changed(first, keys(submission(tmp_path), env="other")) == {*first}


def test_an_answer_changes_its_key_and_those_after_it(tmp_path):
    other = bank(STEM, "Dropout")[1]
    before, after = submission(tmp_path), submission(tmp_path, Dropout=other)
    names = [*bundle().questions]
    assert changed(keys(before), keys(after)) == {*names[names.index("Dropout") :]}


def test_a_mended_hidden_test_changes_its_own_key_alone(tmp_path):
    given, data = submission(tmp_path), bundle().to_json()
    cell = next(c for c in data["cells"] if c["id"] == "test_Dropout")
    cell["source"] = cell["source"].replace("31_337", "31_338")
    mended = Bundle.from_json(data)
    assert changed(keys(given), keys(given, of=mended)) == {"Dropout"}


def test_a_missing_answer_depends_on_nothing_the_learner_wrote(tmp_path):
    stub = Sheet()["Dropout"]["source"]
    first = submission(tmp_path, Dropout=stub)
    other = bank(STEM, "inverted_dropout")[1]
    second = submission(tmp_path, Dropout=stub, inverted_dropout=other)
    assert "Dropout" in first.missing
    moved = changed(keys(first), keys(second))
    assert "inverted_dropout" in moved
    assert "Dropout" not in moved


def test_an_unreadable_file_has_keys_of_its_own(tmp_path):
    given = submission(tmp_path)
    assert changed(keys(given), keys(replace(given, invalid="empty"))) == {*keys(given)}


# -- code behind the checks ----------------------------------------------------------


def checks(root, text):
    path = root / "helpers" / "checks" / "notebooks" / "90_small.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return [check_code("90_small", name, root) for name in ("first", "second")]


@pytest.mark.parametrize(
    ("old", "new", "differ"),
    [
        ("t.close(answer(2), 4)", "t.close(answer(3), 9)", (False, True)),
        ('"other"', '"another"', (False, True)),
        ("return WRONG", "return WRONG + OTHER", (True, False)),
        ('"wrong"', '"very wrong"', (True, False)),
        ("import exercise", "import exercise, Trial", (True, True)),
        ("def shared", "# a remark\ndef shared", (False, False)),
    ],
)
def test_a_check_depends_on_what_it_reaches(tmp_path, old, new, differ):
    before = checks(tmp_path, CHECKS)
    assert old in CHECKS
    after = checks(tmp_path, CHECKS.replace(old, new))
    assert tuple(a != b for a, b in zip(before, after, strict=True)) == differ


def test_environment_names_versions_and_follows_helpers(tmp_path):
    here = environment()
    for word in ("python 3.", "torch ", "numpy ", "helpers ", "session "):
        assert word in here
    assert here == environment()
    checks(tmp_path, CHECKS)
    (tmp_path / "helpers" / "trial.py").write_text("LIMIT = 1\n")
    before = environment(tmp_path)
    checks(tmp_path, CHECKS + "\n\nMORE = 1\n")
    assert environment(tmp_path) == before
    (tmp_path / "helpers" / "trial.py").write_text("LIMIT = 2\n")
    assert environment(tmp_path) != before
