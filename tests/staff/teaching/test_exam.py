"""Exams and variants, released and graded end to end; what is drawn is right.

Each end-to-end test starts several graders. In a usual run they take turns: an exam is
released and graded on one day, and either graded again or given to more learners; a
notebook's variants have the next day. COURSE_TESTS=all takes all of them.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest
import torch

from staff.bench.classroom import copy_course
from staff.ci import effort
from staff.course import Course, CourseError
from staff.grader.bundle import Bundle
from staff.grader.draw import Draw
from staff.grader.executed import open_part
from staff.grader.variants import Plan, Variants, _drawn
from staff.teaching import exam, variant
from staff.teaching.bank import Bank
from staff.teaching.hands import HANDS
from staff.teaching.judging import _setup, judge

STEM, EXAM = "03_l1_l2", "80_quiz"
QUESTIONS = [f"answer_{number}" for number in range(1, 5)]


def long(*days: int):
    """Mark a test that a usual run makes on some of each four days, from 0 to 3."""
    elsewhen = not effort.everything() and effort.today(4) not in days
    skip = pytest.mark.skipif(elsewhen, reason="another day's sample")

    def marked(test):
        return skip(pytest.mark.slow(pytest.mark.timeout(2400)(test)))

    return marked


def staff(course, *words, ok=True):
    """Run a command of a copied course's own staff; return what it said."""
    env = {**os.environ, "PYTHONPATH": str(course.root), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "staff", *words],
        cwd=course.root, env=env, capture_output=True, text=True, timeout=1200,
    )  # fmt: skip
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    return done.stdout + done.stderr


def hand_in(course, stem, student, answers):
    """Fill the learner's own notebook: answer cell's name → text."""
    own = course.grading / "variants" / "release" / student / stem / f"{stem}.ipynb"
    notebook = json.loads(own.read_text())
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell["source"] = answers[name]
    path = course.grading / "submitted" / student / stem / f"{stem}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))


def solutions(bundle):
    return {cell.question: cell.source for cell in bundle.cells
            if cell.role == "solution"}  # fmt: skip


def verdicts(course, stem, *words):
    out = course.root / "results.jsonl"
    staff(course, "grade", stem, "--json", str(out), "--workers", "1", *words)
    lines = map(json.loads, out.read_text().splitlines())
    return {
        line["student"]: {k: v["verdict"] for k, v in line["questions"].items()}
        for line in lines
    }


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    course = copy_course(tmp_path_factory.mktemp("exam"), [STEM])
    bank = course.root / "tests" / "answers" / STEM
    shutil.copytree(Course().root / "tests" / "answers" / STEM, bank)
    return course


@pytest.fixture(scope="module")
def released(copied):
    """Give an exam to four learners; return the course."""
    names = ["ada", "ben", "cyd", "dee"]
    students = [word for name in names for word in ("--student", name)]
    said = staff(copied, "exam", EXAM, "--from", "03", "--questions", "4",
                 "--versions", "3", *students)  # fmt: skip
    assert "4 variants" in said
    return copied


def of_learner(course, name):
    return Variants(course, Bundle.load(course, EXAM)).of(name)


@pytest.fixture(scope="module")
def graded(released):
    """Hand in answers to the exam; return the course and what the grader says."""
    hand_in(released, EXAM, "ada", solutions(of_learner(released, "ada")))
    hand_in(released, EXAM, "ben", solutions(of_learner(released, "ada")))  # a neighbor
    hand_in(released, EXAM, "cyd", {})
    hand_in(released, EXAM, "dee", {"answer_4": "def answer_4():\n    return 99"})
    return released, verdicts(released, EXAM)


@long(0, 2)
def test_an_exam_tells_nothing(released):
    ada, ben = of_learner(released, "ada"), of_learner(released, "ben")
    assert {c.source for c in ada.cells} != {c.source for c in ben.cells}
    folder = released.grading / "variants" / "release" / "ada" / EXAM
    text = (folder / f"{EXAM}.ipynb").read_text()
    for secret in ("HIDDEN", "BEGIN SOLUTION", "seed=", "drawn:", "helpers.checks"):
        assert secret not in text
    for mistakes in (e.mistakes for e in Bank(released).exercises(STEM)):
        assert not [name for name in mistakes if f'"{name}"' in text]


@long(0, 2)
def test_an_exam_from_the_bank_to_the_grades(graded):
    course, got = graded
    ada, ben = of_learner(course, "ada"), of_learner(course, "ben")
    assert got["ada"] == dict.fromkeys(QUESTIONS, "PASS")
    for name in QUESTIONS:  # two learners may draw the same of the few versions
        if solutions(ada)[name] != solutions(ben)[name]:
            assert got["ben"][name] in ("FAIL", "ERROR"), name
    assert got["cyd"] == dict.fromkeys(QUESTIONS, "MISSING")
    assert got["dee"]["answer_4"] in ("FAIL", "ERROR")

    # What the learner was asked is in autograded/.
    done = (course.grading / "autograded" / "ada" / EXAM / f"{EXAM}.ipynb").read_text()
    (test,) = [c for c in ada.cells if (c.role, c.question) == ("test", "answer_4")]
    shown = ["".join(c["source"]) for c in json.loads(done)["cells"]]
    assert open_part(test.source) in shown


@long(0)
def test_the_same_key_grades_the_same(graded):
    course, got = graded
    assert verdicts(course, EXAM, "--force") == got


@long(2)
def test_more_learners_get_theirs_later(released):
    """Nobody else's changes."""
    ada = of_learner(released, "ada")
    staff(released, "variant", EXAM, "--student", "eve")
    assert of_learner(released, "ada") == ada
    assert "there already" in staff(released, "exam", EXAM, "--from", "03", "--student",
                                    "a", ok=False)  # fmt: skip


@long(1, 3)
def test_variants_of_a_notebook_are_graded_by_their_own_seeds(copied):
    staff(copied, "variant", STEM, "--student", "ada", "--student", "ben")
    variants = Variants(copied, Bundle.load(copied, STEM))
    bank = copied.root / "tests" / "answers" / STEM
    right = {e.name: e.right[0].text for e in Bank(copied).exercises(STEM)}
    wrong = sorted((bank / "soft_threshold").glob("wrong_*.py"))[0].read_text()
    hand_in(copied, STEM, "ada", right)
    hand_in(copied, STEM, "ben", {**right, "soft_threshold": wrong})
    got = verdicts(copied, STEM)
    assert set(got["ada"].values()) == {"PASS"}
    assert got["ben"] == {**got["ada"], "soft_threshold": "FAIL"}
    done = copied.grading / "autograded" / "ada" / STEM / f"{STEM}.ipynb"
    seeds = [c.source for c in variants.of("ada").cells if c.role == "test"]
    shown = ["".join(c["source"]) for c in json.loads(done.read_text())["cells"]]
    assert all(open_part(source) in shown for source in seeds)
    (copied.grading / "variants" / "key").rename(copied.root / "lost")
    said = staff(copied, "grade", STEM, ok=False)
    assert "who got what" in said
    (copied.root / "lost").rename(copied.grading / "variants" / "key")
    staff(copied, "variant", STEM, "--stop")
    assert Plan.load(copied, STEM) is None


# --- quickly ----------------------------------------------------------------------


@pytest.mark.parametrize("hand", HANDS, ids=lambda hand: hand.title)
def test_values_by_hand_are_those_of_the_courses_own_functions(hand):
    exercises = {e.name: e for e in Bank(Course()).exercises(hand.stem)}
    exercise = exercises[hand.exercise]
    names = dict(_setup(exercise.stem, exercise.setup))
    exec(exercise.model, names)
    found = set()
    for number in range(10):
        drawn = {"torch": torch, "f": names[hand.exercise]}
        exec(_drawn(hand.values, Draw(b"hand", str(number)), {}), drawn)
        value = eval(hand.formula, drawn)
        assert float(eval(hand.call, drawn)) == pytest.approx(value, rel=1e-6, abs=1e-9)
        found.add(round(value, 6))
    assert len(found) > 2


@pytest.fixture(scope="module")
def questions():
    kinds = ["code", "hunt", "which", "hand", "code"]
    return kinds, exam.pool(Course(), [STEM], kinds, 3, Draw(b"a"))


def test_no_exercise_comes_in_two_kinds_of_question(questions):
    kinds, pool = questions
    titles = {}
    for kind, versions in zip(kinds, pool, strict=True):
        for version in versions:
            title = version.title.removeprefix("A mistake in “").removesuffix("”")
            titles.setdefault(title, set()).add(kind)
    assert all(len(some - {"hand"}) <= 1 for some in titles.values())
    assert not {*pool[0]} & {*pool[4]}  # two questions of one kind


def test_each_version_is_a_valid_master_whose_answers_pass(questions):
    kinds, pool = questions
    for turn in range(max(map(len, pool))):
        text = exam.text(EXAM, pool, turn)
        master = exam._read(EXAM, text)
        assert [c.role for c in master.cells].count("test") == len(kinds)
        names = {}
        for cell in master.cells:
            if cell.kind == "code":
                exec(cell.source, names)  # the hidden tests, too


def test_too_few_questions_are_told():
    with pytest.raises(CourseError, match="expected at least 9 questions"):
        exam.pool(Course(), [STEM], ["hand"] * 9, 1, Draw(b"a"))


def test_code_that_is_renamed_stays_right():
    (one,) = [e for e in Bank(Course()).exercises(STEM) if e.name == "max_norm_"]
    text = exam._renamed(one.model, one.name).format(answer="answer_1")
    assert "def answer_1(" in text
    assert judge(one, f"{text}\n\nmax_norm_ = answer_1").right


@pytest.mark.parametrize(
    ("names", "file", "message"),
    [(["../x"], None, "'../x'"), ([], "a\n=b\n", "'=b'"), ([], "\n", "for whom")],
)
def test_names_that_cannot_be_learners(small_course, names, file, message):
    path = None
    if file is not None:
        path = small_course.root / "names.txt"
        path.write_text(file)
    with pytest.raises(CourseError, match=message):
        variant.learners(small_course, names, path)


def test_names_from_a_file(small_course):
    path = small_course.root / "names.txt"
    path.write_text("\ufeffben\r\n ada \r\n\r\nben\r\n")
    assert variant.learners(small_course, [], path) == ["ada", "ben"]


@pytest.fixture
def small_course(tmp_path):
    return Course(tmp_path)
