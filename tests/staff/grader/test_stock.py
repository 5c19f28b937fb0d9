"""What we record and what stock nbgrader records, side by side; formgrader on it."""

import datetime
import os
import shutil
import subprocess
import sys
import urllib.request

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import CsvExportPlugin

from staff.authoring.hidden import halves
from staff.authoring.release import nbgrader_config
from staff.course import Course
from staff.grader.bundle import Bundle
from staff.grader.executed import HIDDEN
from staff.grader.record import Recorder
from tests.staff.grader.made import ANSWERS, handed_in, results

STUDENTS = {
    "complete": ["double", "Counter"],
    "half": ["double"],
    "untouched": [],
}
TIME = "2026-02-03 04:05:06 UTC"
LATE = "\nc.LateSubmissionPlugin.penalty_method = 'zero'\n"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning"),  # nbgrader's own
]


@pytest.fixture(scope="module")
def courses(entered, tmp_path_factory):
    """The same class graded by stock nbgrader, and recorded by us: (stock, ours)."""
    root = tmp_path_factory.mktemp("both")
    stem = entered.stems()[0]
    both = []
    for name in ("stock", "ours"):
        shutil.copytree(entered.root, root / name)
        course = Course(root / name)
        with (course.root / "nbgrader_config.py").open("a") as file:
            file.write(LATE)
        with gradebook(course) as book:
            book.find_assignment(stem).duedate = datetime.datetime(2026, 2, 3, 3)
            book.update_or_create_student("punctual", email="p@course.test")
            book.db.commit()
            book.update_or_create_submission(stem, "punctual")
            book.grant_extension(stem, "punctual", hours=5)
        both.append(course)
    stock, ours = both
    grade_by_stock(stock, stem)
    record_ours(ours, stem)
    return stock, ours, stem


def gradebook(course):
    return Gradebook(f"sqlite:///{course.grading / 'gradebook.db'}", "regularization")


def grade_by_stock(course, stem):
    for student, answered in {**STUDENTS, "punctual": ["Counter"]}.items():
        notebook = nbformat.read(course.release(stem), as_version=4)
        for cell in notebook.cells:
            if cell.id in answered:
                cell.source = ANSWERS[cell.id]
        folder = course.grading / "submitted" / student / stem
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{stem}.ipynb")
        (folder / "timestamp.txt").write_text(TIME)
    shutil.copytree(Course().root / "staff", course.root / "staff")
    command = [sys.executable, "-m", "staff", "nbgrader", "autograde", stem]
    env = {**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONPATH": ""}
    done = subprocess.run(
        command, cwd=course.root, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def record_ours(course, stem):
    bundle = Bundle.load(course, stem)
    config = nbgrader_config(course)
    config.LateSubmissionPlugin.penalty_method = "zero"
    with Recorder(course, bundle, config=config) as recorder:
        for student, answered in {**STUDENTS, "punctual": ["Counter"]}.items():
            answers = {name: ANSWERS[name] for name in answered}
            one = handed_in(bundle, student, answers, timestamp=TIME)
            result = results(bundle, *answered)
            result.outputs["test_double"] = [
                {"output_type": "stream", "name": "stdout", "text": "looked\n"}
            ]
            recorder.record(one, result)


def rows(course, stem):
    """Return all that nbgrader knows of grades, comments and penalties, without ids."""
    found = {}
    with gradebook(course) as book:
        for submission in book.assignment_submissions(stem):
            (notebook,) = submission.notebooks
            dates = (submission.timestamp, submission.extension)
            found[submission.student_id] = (
                *dates,
                notebook.late_submission_penalty,
                notebook.score,
                {g.name: _plain(g.to_dict()) for g in notebook.grades},
                {c.name: _plain(c.to_dict()) for c in notebook.comments},
            )
    return found


def _plain(fields):
    return {key: value for key, value in fields.items() if key != "id"}


def test_the_gradebook_is_the_same(courses):
    stock, ours, stem = courses
    assert rows(ours, stem) == rows(stock, stem)
    penalties = {name: row[2] for name, row in rows(ours, stem).items()}
    assert penalties == {"complete": 5, "half": 2, "untouched": 0, "punctual": None}


def test_the_export_is_the_same(courses, tmp_path):
    stock, ours, stem = courses
    texts = []
    for course in (stock, ours):
        with gradebook(course) as book:
            CsvExportPlugin(to=str(tmp_path / "grades.csv")).export(book)
        texts.append((tmp_path / "grades.csv").read_text())
    assert texts[0] == texts[1]
    assert "complete,,,,5.0,5.0,0.0,5.0" in texts[0]


def test_the_executed_notebooks_have_the_same_cells(courses):
    stock, ours, stem = courses
    for student in STUDENTS:
        place = f"{student}/{stem}/{stem}.ipynb"
        theirs, own = (
            nbformat.read(c.grading / "autograded" / place, as_version=4)
            for c in (stock, ours)
        )
        for a, b in zip(theirs.cells, own.cells, strict=True):
            visible, hidden = halves(a.source)
            source = f"{visible.rstrip()}\n{HIDDEN}" if hidden else a.source
            assert (a.id, a.cell_type, source) == (b.id, b.cell_type, b.source)
            a.metadata.pop("execution", None)
            assert a.metadata == b.metadata
        assert own.metadata.kernelspec == theirs.metadata.kernelspec
        stamps = {
            (c.grading / "autograded" / student / stem / "timestamp.txt").read_text()
            for c in (stock, ours)
        }
        assert {stamp.strip() for stamp in stamps} == {TIME}


def test_formgraders_lists_are_the_same(courses):
    stock, ours, stem = courses
    told = []
    for course in (stock, ours):
        coursedir = CourseDirectory(config=nbgrader_config(course))
        api = NbGraderAPI(coursedir)
        notebooks = api.get_notebook_submissions(stem, stem)
        told.append([{k: v for k, v in n.items() if k != "id"} for n in notebooks])
    by_student = [sorted(t, key=lambda n: n["student"]) for t in told]
    for theirs, own in zip(*by_student, strict=True):
        theirs.pop("index"), own.pop("index")
        assert own == theirs
    assert len(told[0]) == 4


@pytest.mark.browser
def test_a_person_grades_by_hand_in_formgrader(courses, tmp_path):
    from tests import lab

    _, ours, stem = courses
    shutil.copytree(ours.root, tmp_path / "course")
    course = Course(tmp_path / "course")
    shutil.copytree(Course().root / "staff", course.root / "staff")
    with gradebook(course) as book:
        notebook = book.find_submission_notebook(stem, stem, "half")
        where = notebook.id
    serve = lab.jupyter(course.root, formgrader=True)
    with serve as address, lab.browser_page() as page:
        url = f"{address}/formgrader/submissions/{where}/"
        with urllib.request.urlopen(url) as answer:
            assert answer.status == 200
        page.goto(url)
        box = page.locator("#test_Counter")
        box.wait_for(timeout=60_000)
        shown = page.inner_text("body")
        assert "looked" in shown
        assert "0 of 3 points by the automatic check: Not right yet (FAIL)" in shown
        assert "Got   3" in shown
        page.wait_for_function("document.querySelector('#test_double').placeholder==2")
        box.fill("1.5")
        box.press("Tab")
        page.wait_for_timeout(2000)
        page.screenshot(path=tmp_path / "formgrader.png")
    with gradebook(course) as book:
        grade = book.find_grade("test_Counter", stem, stem, "half")
        assert (grade.manual_score, grade.score) == (1.5, 1.5)
    bundle = Bundle.load(course, stem)
    with Recorder(course, bundle) as recorder:
        one = handed_in(bundle, "half", timestamp=TIME)
        recorder.record(one, results(bundle, "double", "Counter"))
    with gradebook(course) as book:
        grade = book.find_grade("test_Counter", stem, stem, "half")
        assert (grade.auto_score, grade.score) == (3.0, 1.5)
        assert grade.needs_manual_grade
