"""Honest submissions get the scores that stock nbgrader gives them.

`tests/test_answers.py` proves in real kernels what every answer of the bank is worth;
here our sessions must say the same of all of them, mixed into classes, and nbgrader's
own `autograde` of a few: of notebook 00, and of every answer with COURSE_TESTS=all. A
usual run takes the answers of one notebook, another each day; with =changed both are
done for those notebooks whose proof is due.
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
STOCK = "00_start_here"
DUE = {stem for stem in STEMS if effort.whole("stock", stem)}
TAKEN = [s for s in STEMS if s in DUE or s == STEMS[effort.today(len(STEMS))]]
WITH_ALL = ["00_start_here", "03_l1_l2"]
if not DUE.issuperset(WITH_ALL):
    WITH_ALL = [WITH_ALL[effort.today(2)]]

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
def start(course, bundles):
    """Start a warm process that has loaded what any notebook's set-up loads."""
    compileall.compile_dir(course.root / "helpers", quiet=2)
    text = "\n".join(setup(bundle) for bundle in bundles.values())
    limits, box = engine.Limits(seconds=60), sandbox.choose()
    return lambda: engine.Warm(course.root, text, box, limits)


@pytest.fixture(scope="module")
def classes(bundles):
    """Notebook → a class in which every answer of its bank is handed in."""
    return {stem: deal(stem, max(30, *map(len, bank(stem).values()))) for stem in STEMS}


@pytest.fixture(scope="module")
def results(course, bundles, classes, start):
    """(notebook, student) → question → result, of all classes in one run."""
    jobs = []
    for stem in TAKEN:
        hand_in(course, stem, classes[stem])
        wanted = tuple(bundles[stem].questions)
        jobs += [engine.Job(s, wanted) for s in submissions(course, bundles[stem])]
    local = engine.Local(start, engine.Limits(seconds=60), 2)
    return {
        (job.submission.file.split("/")[1], job.submission.student): result.questions
        for job, result in local.results(jobs)
    }


def known(path):
    """Return (passes, id of its mistake) of an answer, from its file's name."""
    if path.stem.startswith("right_"):
        return True, ""
    name = path.stem.removeprefix("wrong_").split("__")[0].replace("_", "-")
    return False, "" if name == "other" else name


@pytest.mark.parametrize("stem", TAKEN)
def test_every_answer_is_worth_what_it_is_known_to(stem, classes, results):
    """Also in a session with other people's mistakes in its other answers."""
    students = classes[stem]
    wrong = []
    for student, answers in students.items():
        for name, path in answers.items():
            each = results[stem, student][name]
            if (each.verdict is Verdict.PASS, each.mistake) != known(path):
                wrong.append(f"{student}, {name}/{path.name}: {each}")
    assert not wrong, "\n".join(wrong)
    handed_in = {path for answers in students.values() for path in answers.values()}
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
    stem, course, bundles, start, monkeypatch
):
    """Neither experiments and demos, nor provided cells that nobody needs."""
    bundle = bundles[stem]
    wanted = tuple(bundle.questions)
    hand_in(course, stem, deal(stem, 2))
    seat = engine.Seat(start, engine.Limits(seconds=60))
    try:
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
    finally:
        seat.close()


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
    command(course, "nbgrader", "export")
    with (course.grading / "grades.csv").open(newline="") as file:
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
    command(ours, "grade", stem, "--workers", "2")
    command(stock, "nbgrader", "autograde", stem)
    assert len(grades(stock, stem)) == len(students) * len(bank(stem))
    return ours, stock


@pytest.mark.parametrize("stem", sorted(DUE | {STOCK}))
def test_gradebook_and_export_equal_stock_nbgraders(stem, tmp_path):
    """Students with mixed answers, with right ones, and with none."""
    right = {name: pack[0] for name, pack in bank(stem).items()}
    assert all(path.stem.startswith("right_") for path in right.values())
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
