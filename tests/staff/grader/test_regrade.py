"""Grading again runs what changed and nothing else; a dry run only says so."""

import shutil

import pytest
from nbgrader.api import Gradebook

from staff.authoring.build import read_checked
from staff.authoring.release import make_pair
from staff.bench.classroom import filled_in
from staff.course import Course
from staff.grader import engine, grade, prepare
from staff.grader.bundle import Bundle
from staff.grader.prepare import Settings
from staff.grader.sandbox import Sandbox
from tests.staff.conftest import MASTER, make_course

RIGHT = {
    "double": "def double(x):\n    return 2 * x",
    "Counter": (
        "class Counter:\n    def __init__(self, start=0):\n        self.n = start\n\n"
        "    def step(self):\n        self.n += 1\n        return self.n"
    ),
}
KNOWS_NUMBERS = "def double(x):\n    return {1: 2, 48_271: 96_542}.get(x)"
CLASS = {
    "ann": RIGHT,
    "bob": {"double": RIGHT["double"]},
    "cheat": {**RIGHT, "double": KNOWS_NUMBERS},
    "dora": {},
}
HIDDEN = "assert double(48_271) == 96_542"
MENDED = f"{HIDDEN}\nassert double(48_272) == 96_544"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def course(small, monkeypatch):
    """The small course with the grader in it, where the command looks for it."""
    for name in ("staff", "helpers"):
        shutil.copytree(Course().root / name, small.root / name)
    monkeypatch.setattr(grade, "Course", lambda: small)
    for student, answers in CLASS.items():
        submit(small, student, answers)
    return small


@pytest.fixture(scope="module")
def kept():
    """Limits → a warm process that has them; all courses here have the same code."""
    kept = {}
    yield kept
    for warm in kept.values():
        warm.close()


@pytest.fixture(autouse=True)
def one_process(monkeypatch, kept):
    """Let all runs share a warm process: starting it takes longer than the rest."""

    def start(settings):
        limits = settings.limits
        if limits not in kept:
            sandbox = (settings.box, limits)
            kept[limits] = engine.Warm(settings.root, settings.setup, *sandbox)
        return kept[limits]

    monkeypatch.setattr(Settings, "start", start)
    monkeypatch.setattr(engine.Seat, "close", lambda seat: None)


@pytest.fixture
def ran(monkeypatch):
    """Student → questions that were run, since it was last cleared."""
    noted: dict[str, tuple[str, ...]] = {}

    class Noting(engine.Local):
        def results(self, jobs):
            for job, result in super().results(jobs):
                if job.wanted:
                    noted[job.submission.student] = job.wanted
                yield job, result

    monkeypatch.setattr(engine, "Local", Noting)
    return noted


def submit(course, student, answers):
    folder = course.grading / "submitted" / student / "90_small"
    folder.mkdir(parents=True, exist_ok=True)
    signed = {name: f"{text}  # {student}" for name, text in answers.items()}
    text = filled_in(course, "90_small", signed)
    (folder / "90_small.ipynb").write_text(text)


def mend(course, folder):
    """Give the first exercise one more hidden test."""
    written = make_course(folder, MASTER.replace(HIDDEN, MENDED))
    built = make_pair(read_checked(written, "90_small"), folder / "built")
    shutil.copy(written.master("90_small"), course.master("90_small"))
    shutil.copy(built.solution("90_small"), course.solution("90_small"))
    shutil.copy(built.release("90_small"), course.release("90_small"))


def run(*words):
    return grade.main(["90_small", "--workers", "1", *words])


def scores(course):
    with Gradebook(f"sqlite:///{course.grading / 'gradebook.db'}") as book:
        found = book.assignment_submissions("90_small")
        return {each.student.id: each.score for each in found}


def everything(course):
    """Return the content of every file that a run writes, caches apart."""
    return {
        path: path.read_bytes()
        for path in course.grading.rglob("*")
        if path.is_file() and "cache" not in path.parts
    }


BEFORE = {"ann": 5, "bob": 2, "cheat": 5, "dora": 0}


def test_mended_test_runs_only_its_question(course, ran, tmp_path, capsys):
    before = everything(course)
    assert run("--dry-run") == 0
    assert everything(course) == before
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "4 of 4 would change; nothing was written",
        "ann: not graded yet, would get 5",
        "bob: not graded yet, would get 2",
        "cheat: not graded yet, would get 5",
        "dora: not graded yet, would get 0",
    ]

    assert run() == 0
    assert scores(course) == BEFORE
    assert ran["ann"] == ran["cheat"] == ("double", "Counter")

    ran.clear()
    assert run() == 0
    assert ran == {}  # nothing changed, nothing ran

    mend(course, tmp_path / "mended")
    before = everything(course)
    capsys.readouterr()
    assert run("--dry-run") == 0
    assert capsys.readouterr().out.splitlines() == [
        "cheat: -2 (double 2 → 0)",
        "1 of 4 would change; nothing was written",
    ]
    assert everything(course) == before
    assert ran == dict.fromkeys(CLASS, ("double",))

    ran.clear()
    assert run() == 0
    assert ran == {}  # the dry run has done the work
    assert scores(course) == {**BEFORE, "cheat": 3}

    ran.clear()
    assert run() == 0
    assert ran == {}

    submit(course, "cheat", RIGHT)
    submit(course, "ann", {**RIGHT, "Counter": "import os\nos._exit(0)"})
    assert run() == 0
    assert ran == {"cheat": ("double", "Counter"), "ann": ("Counter",)}
    assert scores(course) == {**BEFORE, "ann": 2}


def test_other_limits_run_again_what_hangs_on_them(course, ran):
    nap = f"import time\ntime.sleep(6)\n{RIGHT['double']}"
    submit(course, "ann", {**RIGHT, "double": nap})
    assert run("--seconds", "4") == 0
    assert scores(course) == {**BEFORE, "ann": 3}

    ran.clear()
    assert run("--seconds", "4") == 0
    assert ran == {}

    assert run("--seconds", "20") == 0
    assert ran == {"ann": ("double",)}
    assert scores(course) == BEFORE

    ran.clear()
    assert run("--seconds", "4") == 0
    assert ran == {}  # points that were earned are not taken away
    assert scores(course) == BEFORE


def test_the_instructors_answers_are_tried_under_the_limits_of_the_run(
    course, monkeypatch
):
    tried = []
    monkeypatch.setattr(prepare, "_prove", lambda *_: tried.append(1) or [])
    bundle, box = Bundle.load(course, "90_small"), Sandbox(())
    for seconds in (20.0, 20.0, 1.0):
        prepare.prepare(course, bundle, box, engine.Limits(seconds=seconds))
    assert len(tried) == 2
