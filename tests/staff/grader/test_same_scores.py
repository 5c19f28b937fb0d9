"""Honest submissions get the scores that stock nbgrader gives them.

`tests/test_answers.py` proves in real kernels what every answer of the bank is worth;
here our sessions must say the same of all of them, mixed into classes, and nbgrader's
own `autograde` of a few.

A usual run takes a third of one notebook's class, so that each answer has its turn
within as many days as three times the notebooks; with stock nbgrader it compares one
learner, who has right, wrong and no answers, of that notebook. On two of four days it
also runs what is left out of a session, of 00 or of 03. COURSE_TESTS=all takes every
answer of every notebook in our sessions and in stock nbgrader; =changed takes, of the
notebooks whose proof is due, every answer in our sessions and three learners in both.
"""

import compileall
import csv
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin

from staff.authoring.masters import FOLDED
from staff.bench.classroom import bank, copy_course, deal, hand_in, leave_out_shows
from staff.ci import effort
from staff.course import Course
from staff.grader import engine, sandbox
from staff.grader.bundle import Bundle
from staff.grader.find import find
from staff.grader.intake import read
from staff.grader.model import Step, Verdict

STEMS = Course().stems()
DUE = {stem for stem in STEMS if effort.whole("stock", stem)}
TURN, PLACE = divmod(effort.today(3 * len(STEMS)), len(STEMS))
TAKEN = [s for s in STEMS if s in DUE or s == STEMS[PLACE]]
WITH_ALL = ["00_start_here", "03_l1_l2"]
if not DUE.issuperset(WITH_ALL):
    few = {0: WITH_ALL[:1], 2: WITH_ALL[1:]}.get(effort.today(4), [])
    WITH_ALL = [stem for stem in WITH_ALL if stem in DUE or stem in few]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def submissions(course, bundle):
    return [read(each, bundle) for each in find(course, bundle.stem, None)]


def setup(bundle):
    return next(cell.source for cell in bundle.cells if cell.role == "setup")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return copy_course(tmp_path_factory.mktemp("same") / "course", STEMS)


@pytest.fixture(scope="module")
def bundles(course):
    return {stem: Bundle.load(course, stem) for stem in STEMS}


@pytest.fixture(scope="module")
def seat(course, bundles):
    """A seat whose warm process has loaded what any notebook's set-up loads."""
    compileall.compile_dir(course.root / "helpers", quiet=2)
    text = "\n".join(setup(bundle) for bundle in bundles.values())
    limits, box = engine.Limits(seconds=60), sandbox.choose()
    made = engine.Seat(lambda: engine.Warm(course.root, text, box, limits), limits)
    yield made
    made.close()


@pytest.fixture(scope="module")
def classes(bundles):
    """Notebook → a class in which every answer of its bank is handed in."""
    return {stem: deal(stem, max(30, *map(len, bank(stem).values()))) for stem in STEMS}


def present(stem, students):
    """Return those of a class who are graded in this run: all, or every third."""
    first, step = (0, 1) if stem in DUE else (TURN, 3)
    return {name: students[name] for name in sorted(students)[first::step]}


@pytest.fixture(scope="module")
def results(course, bundles, classes, seat):
    """(notebook, student) → question → result, of all classes in one seat."""
    found = {}
    for stem in TAKEN:
        hand_in(course, stem, present(stem, classes[stem]))
        wanted = tuple(bundles[stem].questions)
        for each in submissions(course, bundles[stem]):
            result, _ = seat.grade(engine.Job(each, wanted))
            found[stem, each.student] = result.questions
    return found


def known(path):
    """Return (passes, id of its mistake) of an answer, from its file's name."""
    if path.stem.startswith("right_"):
        return True, ""
    name = path.stem.removeprefix("wrong_").split("__")[0].replace("_", "-")
    return False, "" if name == "other" else name


@pytest.mark.parametrize("stem", TAKEN)
def test_every_answer_is_worth_what_it_is_known_to(stem, classes, results):
    """Also in a session with other people's mistakes in its other answers."""
    students = present(stem, classes[stem])
    wrong = []
    for student, answers in students.items():
        for name, path in answers.items():
            each = results[stem, student][name]
            if (each.verdict is Verdict.PASS, each.mistake) != known(path):
                wrong.append(f"{student}, {name}/{path.name}: {each}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("stem", STEMS)
def test_every_answer_is_handed_in_to_the_class(stem, classes):
    students = classes[stem].values()
    handed_in = {path for answers in students for path in answers.values()}
    assert handed_in == {path for pack in bank(stem).values() for path in pack}


# -- what is left out of a session ----------------------------------------------------


def with_all_cells(bundle, submission):
    """Put every cell of the instructor's back in its place."""
    steps = {step.cell: step for step in submission.steps}
    kinds = {"setup", "code", "look", "experiment", "demo", *FOLDED}
    for cell in bundle.cells:
        if cell.role in kinds:
            steps.setdefault(cell.id, Step("provided", cell.source, cell.id))
    order = [cell.id for cell in bundle.cells if cell.id in steps]
    assert set(steps) == set(order)
    return replace(submission, steps=tuple(steps[cell] for cell in order))


def plain(result):
    return {name: replace(each, seconds=0.0) for name, each in result.questions.items()}


@pytest.mark.parametrize("stem", WITH_ALL)
def test_cells_that_are_left_out_change_nothing(
    stem, course, bundles, seat, monkeypatch
):
    """Neither experiments and demos, nor provided cells that nobody needs."""
    bundle = bundles[stem]
    wanted = tuple(bundle.questions)
    hand_in(course, stem, deal(stem, 2))
    for person in submissions(course, bundle)[: 2 if stem in DUE else 1]:
        few = plain(seat.grade(engine.Job(person, wanted))[0])
        whole = with_all_cells(bundle, person)
        never = {"markdown", "install", "scratch"}  # not the course's, or not here
        assert len(whole.steps) == sum(c.role not in never for c in bundle.cells)
        assert len(person.steps) < len(whole.steps)
        with monkeypatch.context() as patch:
            patch.setattr(engine, "needed_steps", list)
            for each in (person, whole):
                assert plain(seat.grade(engine.Job(each, wanted))[0]) == few


# -- stock nbgrader -------------------------------------------------------------------


def command(course, *words):
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("COURSE_")},
        "PYTHONPATH": str(course.root),
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, "-m", "staff", *words],
        cwd=course.root,
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def grades(course, stem):
    """Return (student, cell) → every score and flag that formgrader shows."""
    with Gradebook(f"sqlite:///{course.grading / 'gradebook.db'}") as book:
        return {
            (submission.student.id, grade.name): (
                *(grade.auto_score, grade.manual_score, grade.extra_credit),
                *(grade.max_score, grade.score, bool(grade.needs_manual_grade)),
            )
            for submission in book.assignment_submissions(stem)
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def comments(course, stem):
    """Return (student, cell) → nbgrader's own remark."""
    with Gradebook(f"sqlite:///{course.grading / 'gradebook.db'}") as book:
        return {
            (submission.student.id, comment.name): comment.auto_comment
            for submission in book.assignment_submissions(stem)
            for notebook in submission.notebooks
            for comment in notebook.comments
        }


def table(course):
    """Return what `nbgrader export` writes, without the times of grading."""
    written = course.grading / "grades.csv"
    with Gradebook(f"sqlite:///{course.grading / 'gradebook.db'}") as book:
        CsvExportPlugin(to=str(written)).export(book)
    with written.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return sorted(
        tuple(value for key, value in row.items() if not re.search("id$|time", key))
        + (row["student_id"],)
        for row in rows
    )


def compared(tmp_path, stem, students, *, shows=True):
    """Grade a class with both; return the two courses, ours and stock nbgrader's."""
    ours = copy_course(tmp_path / "ours", [stem])
    if not shows:
        leave_out_shows(ours, [stem])
    hand_in(ours, stem, students)
    for student in students:
        stamp = ours.grading / "submitted" / student / stem / "timestamp.txt"
        stamp.write_text("2026-03-01 12:00:00 UTC\n")
    stock = Course(tmp_path / "stock")
    shutil.copytree(ours.root, stock.root)
    command(ours, "grade", stem, "--workers", "2" if stem in DUE else "1")
    command(stock, "nbgrader", "autograde", stem)
    assert len(grades(stock, stem)) == len(students) * len(bank(stem))
    return ours, stock


def mixed(stem):
    """Return answers of which a third are right, a third wrong, and a third open.

    Which ones is another matter each day.
    """
    kinds = {0: "right_", 1: "wrong_"}
    chosen = {}
    for number, (name, pack) in enumerate(bank(stem).items(), effort.today(3)):
        if kind := kinds.get(number % 3):
            fitting = [path for path in pack if path.stem.startswith(kind)]
            chosen[name] = fitting[effort.today(len(fitting))]
    return chosen


@pytest.mark.parametrize("stem", TAKEN)
def test_gradebook_and_export_equal_stock_nbgraders(stem, tmp_path):
    """Students with mixed answers, with right ones, and with none; or one with all."""
    right = {name: pack[0] for name, pack in bank(stem).items()}
    assert all(path.stem.startswith("right_") for path in right.values())
    students = {"mixed": mixed(stem)}
    if stem in DUE:
        students = {**deal(stem, 1, seed=5), "right": right, "untouched": {}}
    ours, stock = compared(tmp_path, stem, students, shows=effort.everything())
    theirs = grades(stock, stem)
    assert grades(ours, stem) == theirs
    assert len({score for _, _, _, _, score, _ in theirs.values()}) > 1
    assert comments(ours, stem) == comments(stock, stem)
    assert table(ours) == table(stock)


@pytest.mark.skipif(not effort.everything(), reason="takes minutes for each notebook")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("stem", STEMS)
def test_every_answer_has_stock_nbgraders_score(stem, classes, tmp_path):
    """The whole bank, cell by cell; experiments are left out, for stock runs them."""
    ours, stock = compared(tmp_path, stem, classes[stem], shows=False)
    own, theirs = grades(ours, stem), grades(stock, stem)
    assert {k: (v, own[k]) for k, v in theirs.items() if own[k] != v} == {}
    assert own.keys() == theirs.keys()
    assert table(ours) == table(stock)
