"""Stock nbgrader grades what the builder makes, from a shell nobody activated."""

import csv
import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from staff.authoring.build import build
from staff.course import Course, child_environment

ANSWERS = {
    "double": "def double(x):\n    return 2 * x",
    "Counter": (
        "class Counter:\n    def __init__(self, start=0):\n        self.n = start\n\n"
        "    def step(self):\n        self.n += 1\n        return self.n"
    ),
}
SUBMISSIONS = {"complete": ["double", "Counter"], "half": ["double"], "untouched": []}
SCORES = {"complete": 5.0, "half": 2.0, "untouched": 0.0}


@pytest.fixture
def whole(course):
    """A course with the staff's own code in it, built, as in a fresh clone."""
    home = Course().root
    shutil.copy(home / "nbgrader_config.py", course.root)
    shutil.copytree(home / "staff", course.root / "staff")
    build(course, [])
    return course


@pytest.fixture
def shell(whole):
    """Return a function that runs ``python -m ...`` with a PATH without alembic."""
    plain = {**os.environ, "PATH": os.defpath, "PYTHONWARNINGS": "ignore"}
    assert shutil.which("alembic", path=os.defpath) is None

    def shell(*words):
        command = [sys.executable, "-m", *words]
        done = subprocess.run(
            command, cwd=whole.root, env=plain, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return shell


def submit(course, stem, student, answered):
    notebook = nbformat.read(course.release(stem), as_version=4)
    for cell in notebook.cells:
        if cell.id in answered:
            cell.source = ANSWERS[cell.id]
    folder = course.grading / "submitted" / student / stem
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{stem}.ipynb")


def exported(course):
    with (course.grading / "grades.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {r["student_id"]: (float(r["score"]), float(r["max_score"])) for r in rows}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_three_submissions_get_their_exact_scores(whole, stem, shell):
    released = whole.release(stem).read_bytes()
    for student, answered in SUBMISSIONS.items():
        submit(whole, stem, student, answered)
    shell("staff", "nbgrader", "autograde", stem)
    shell("staff", "nbgrader", "generate_feedback", stem)
    shell("staff", "nbgrader", "export")
    assert exported(whole) == {name: (score, 5.0) for name, score in SCORES.items()}
    for student in SUBMISSIONS:
        page = whole.grading / "feedback" / student / stem / f"{stem}.html"
        assert "double" in page.read_text()
    assert whole.release(stem).read_bytes() == released
    assert sorted(p.name for p in whole.grading.iterdir()) == [
        *("autograded", "feedback", "gradebook.db", "grades.csv", "submitted")
    ]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_registering_again_brings_points_up_to_date(whole, stem, shell):
    from nbgrader.api import Gradebook

    def points():
        with Gradebook(f"sqlite:///{whole.grading / 'gradebook.db'}") as book:
            return book.find_assignment(stem).max_score

    shell("staff", "register")
    assert points() == 5
    master = whole.master(stem)
    master.write_text(master.read_text().replace("points=3", "points=4"))
    shell("staff", "build")
    shell("staff", "register")
    assert points() == 6


def test_commands_beside_this_python_come_first(monkeypatch):
    monkeypatch.setenv("PATH", os.defpath)
    path = child_environment()["PATH"]
    beside = os.path.dirname(sys.executable)
    assert path.split(os.pathsep)[0] == beside
    assert os.path.dirname(shutil.which("alembic", path=path)) == beside


def test_environment_keeps_the_rest_and_takes_changes(monkeypatch):
    monkeypatch.setenv("COURSE_TEST", "1")
    env = child_environment(OTHER="2")
    assert (env["COURSE_TEST"], env["OTHER"]) == ("1", "2")
    monkeypatch.setenv("PATH", env["PATH"])
    assert child_environment()["PATH"] == env["PATH"]
