"""Grading that is killed, finds no room or a locked gradebook, goes on afterwards.

A usual run kills the grader of a class of 12 twice, at its start and at a place that
moves with the day; and one of nine other accidents happens, each of them within nine
days. With COURSE_TESTS=all, or =changed where grader or lock have changed since, there
are twenty kills in a class of 100, and all accidents.
"""

import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from staff.authoring.build import build
from staff.ci import effort
from staff.course import Course
from tests.hostile.arena import children, children_left, read_results, subreaper

STEM = "90_small"
WHOLE = effort.whole("interruptions")
CLASS = 100 if WHOLE else 12
KILLS = 20 if WHOLE else 2
LATER = 1.5 if WHOLE else 0.2  # seconds from the place of a kill to the kill, at most
WORKERS = 2 if WHOLE else 1
ACCIDENTS = 9
RIGHT = {
    "double": "def double(x):\n    return 2 * x",
    "Counter": (
        "class Counter:\n    def __init__(self, start=0):\n        self.n = start\n\n"
        "    def step(self):\n        self.n += 1\n        return self.n"
    ),
}
WRONG = {
    "double": "def double(x):\n    return x * x + 1",
    "Counter": "class Counter:\n    def step(self):\n        return 1",
}
POINTS = {"double": 2.0, "Counter": 3.0}
HOME = Course().root


def accident(number: int) -> pytest.MarkDecorator:
    """Mark one of the `ACCIDENTS`, which take turns daily."""
    elsewhen = not WHOLE and effort.today(ACCIDENTS) != number
    return pytest.mark.skipif(elsewhen, reason="another day's sample")


def places() -> list[int]:
    """Return after how many graded submissions the grader is killed, each time."""
    if WHOLE:
        return list(range(0, CLASS, CLASS // KILLS))
    return [0, 1 + effort.today(CLASS // 2)]


pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A course of one small notebook, with the staff's own code in it."""
    from tests.staff.conftest import make_course

    course = make_course(tmp_path_factory.mktemp("built"))
    for name in ("nbgrader_config.py", "pyproject.toml"):
        shutil.copy(HOME / name, course.root)
    for name in ("staff", "helpers", "data"):
        shutil.copytree(HOME / name, course.root / name)
    assert build(course, []) == 0
    return course


@pytest.fixture
def course(built, undisturbed, tmp_path):
    """A fresh copy of that course; in a usual run it need not be proven again."""
    shutil.copytree(built.root, tmp_path / "course")
    course = Course(tmp_path / "course")
    if not WHOLE:
        proof = undisturbed.grading / "cache"
        shutil.copytree(proof, course.grading / "cache", dirs_exist_ok=True)
    return course


def answers_of(number: int) -> dict[str, str]:
    """Return one student's answers: right, wrong or none, in every mixture."""
    chosen = {}
    for place, name in enumerate(RIGHT):
        kind = (number // 3**place) % 3
        if kind < 2:
            chosen[name] = (RIGHT, WRONG)[kind][name] + f"\n# {number}"
    return chosen


def expected(number: int) -> float:
    answers = answers_of(number)
    return sum(
        POINTS[name] for name in RIGHT if answers.get(name, "").startswith(RIGHT[name])
    )


def hand_in(course: Course, size: int = CLASS, first: int = 0) -> dict[str, float]:
    """Hand in a class, numbered from `first`; return student → score."""
    release = json.loads(course.release(STEM).read_text("utf-8"))
    stubs = {cell["id"]: cell["source"] for cell in release["cells"]}
    for number in range(first, first + size):
        for cell in release["cells"]:
            cell["source"] = answers_of(number).get(cell["id"], stubs[cell["id"]])
        folder = course.grading / "submitted" / f"s{number:03}" / STEM
        folder.mkdir(parents=True)
        (folder / f"{STEM}.ipynb").write_text(json.dumps(release))
    return {f"s{number:03}": expected(number) for number in range(first, first + size)}


def start(course: Course, *flags: str, **popen) -> subprocess.Popen:
    """Start the grader as an instructor would; what it says is piped."""
    words = ["grade", STEM, f"--workers={WORKERS}", "--seconds", "10", *flags]
    plain = {k: v for k, v in os.environ.items() if not k.startswith("COURSE_")}
    plain |= {"PYTHONPATH": str(course.root), "PYTHONWARNINGS": "ignore"}
    temporary = course.root.parent / "temporary"
    temporary.mkdir(exist_ok=True)
    plain |= {"TMPDIR": str(temporary)}
    return subprocess.Popen(
        [sys.executable, "-m", "staff", *words],
        cwd=course.root,
        env=plain,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        **popen,
    )


def finish(course: Course, *flags: str, **popen) -> tuple[int, str]:
    """Run the grader to its end; return exit status and what it said."""
    return ending(start(course, *flags, **popen))


def ending(process: subprocess.Popen) -> tuple[int, str]:
    """Wait for the grader's end; return exit status and what it said."""
    with process:
        try:
            said, _ = process.communicate(timeout=600)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, said


def kill(process: subprocess.Popen) -> None:
    """End the grader alone: its workers must notice by themselves."""
    with process:
        process.kill()


def scores(course: Course) -> dict[str, float]:
    """Return student → score from the gradebook, each as often as it stands there."""
    query = (
        "select submitted_assignment.student_id, sum(grade.auto_score), count(*) "
        "from grade "
        "join submitted_notebook on grade.notebook_id = submitted_notebook.id "
        "join submitted_assignment on submitted_notebook.assignment_id = "
        "submitted_assignment.id group by submitted_assignment.id"
    )
    file = course.grading / "gradebook.db"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        rows = db.execute(query).fetchall()
    assert len({row[0] for row in rows}) == len(rows)
    assert {row[2] for row in rows} <= {len(POINTS)}
    return {student: score or 0.0 for student, score, _ in rows}


def graded(course: Course) -> int:
    """Return how many submissions have left a trace in the records so far."""
    return len(list((course.grading / "feedback").glob(f"*/{STEM}/*.html")))


def names(course: Course) -> set[str]:
    """Return the paths of all files below the grading folder."""
    root = course.grading
    return {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()}


def plain_feedback(course: Course) -> dict[str, str]:
    files = (course.grading / "feedback").glob(f"*/{STEM}/*.html")
    return {p.parts[-3]: p.read_text("utf-8") for p in files}


@pytest.fixture(scope="module")
def undisturbed(built, tmp_path_factory):
    """The same class graded in one go."""
    root = tmp_path_factory.mktemp("undisturbed") / "course"
    shutil.copytree(built.root, root)
    course = Course(root)
    assert scores_after(course, hand_in(course))
    return course


@pytest.fixture
def done(undisturbed, tmp_path):
    """A copy of that course: its scores are `DONE`."""
    shutil.copytree(undisturbed.root, tmp_path / "course", symlinks=True)
    return Course(tmp_path / "course")


DONE = {f"s{number:03}": expected(number) for number in range(CLASS)}


def scores_after(course: Course, wanted: dict[str, float]) -> bool:
    status, said = finish(course)
    assert status == 0, said
    assert scores(course) == wanted
    return True


def test_killed_again_and_again(course, undisturbed):
    wanted = hand_in(course)
    chance = random.Random(20_26 if WHOLE else effort.today(1_000))
    kills, seen, mine = 0, [], set(children())
    with subreaper():
        for goal in places():
            process = start(course)
            while process.poll() is None and graded(course) < goal:
                time.sleep(0.01)
            end = time.monotonic() + chance.uniform(0, LATER)
            while process.poll() is None and time.monotonic() < end:
                time.sleep(0.005)
            if process.poll() is None:
                kills += 1
            kill(process)
            seen.append(graded(course))
            assert children_left(mine, patience=10) == []
    assert kills >= (KILLS * 3 // 4 if WHOLE else KILLS), seen
    assert scores_after(course, wanted)
    assert scores(course) == scores(undisturbed)
    assert names(course) == names(undisturbed)
    assert plain_feedback(course).keys() == wanted.keys()


def test_second_run_changes_nothing(undisturbed, tmp_path):
    before = {n: (undisturbed.grading / n).read_bytes() for n in names(undisturbed)}
    file = tmp_path / "again.jsonl"
    status, said = finish(undisturbed, "--json", str(file))
    assert status == 0, said
    changed = {
        name
        for name in names(undisturbed) | before.keys()
        if "journal" not in name
        and (undisturbed.grading / name).read_bytes() != before.get(name)
    }
    assert changed <= {"gradebook.db"}
    assert len(read_results(file)) in {0, CLASS}


@accident(0)
def test_new_submission_after_a_kill_never_shows_the_old_score(done):
    course, wanted = done, DONE
    better = course.grading / "submitted" / "s004" / STEM / f"{STEM}.ipynb"
    notebook = json.loads(better.read_text())
    for cell in notebook["cells"]:
        cell["source"] = RIGHT.get(cell["id"], cell["source"])
    better.write_text(json.dumps(notebook))
    with subreaper():
        process = start(course)
        time.sleep(1)
        kill(process)
    assert scores(course).get("s004") in {None, wanted["s004"], 5.0}
    assert scores_after(course, wanted | {"s004": 5.0})


@contextmanager
def locked(course: Course):
    """Hold the gradebook as another program might."""
    db = sqlite3.connect(course.grading / "gradebook.db", isolation_level=None)
    try:
        db.execute("pragma busy_timeout = 20000")
        db.execute("begin exclusive")
        yield
        db.execute("rollback")
    finally:
        db.close()


def assert_infra(status: int, said: str) -> None:
    assert status != 0, said
    assert "INFRA" in said, said[-2000:]
    assert "Traceback" not in said, said[-2000:]


@accident(1)
def test_locked_gradebook_is_infra_and_resumable(done):
    more = hand_in(done, 6, first=CLASS)
    with locked(done):
        status, said = finish(done)
    assert_infra(status, said)
    assert "locked" in said
    assert scores(done) == DONE
    assert scores_after(done, DONE | more)


@accident(2)
def test_gradebook_locked_while_grading_is_infra_and_resumable(course):
    wanted = hand_in(course, 60)
    process = start(course)
    while process.poll() is None and graded(course) < 3:
        time.sleep(0.01)
    with locked(course):
        status, said = ending(process)
    assert_infra(status, said)
    partly = scores(course)
    assert partly == {name: wanted[name] for name in partly}
    assert len(partly) < len(wanted)
    assert scores_after(course, wanted)


def limited(room: int):
    """Return what limits the size of files: a full disk, as far as writers can tell."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    return limit


def each(*sizes: int, first: int) -> list:
    """Return sizes, each of them an accident of its own."""
    return [pytest.param(n, marks=accident(first + k)) for k, n in enumerate(sizes)]


@pytest.mark.parametrize("room", each(0, 2_000, 60_000, first=3))
def test_no_room_for_a_gradebook_is_infra_and_resumable(course, room):
    wanted = hand_in(course, 12)
    assert_infra(*finish(course, preexec_fn=limited(room)))
    if (course.grading / "gradebook.db").exists():
        assert scores_if_any(course) == {}
    assert scores_after(course, wanted)


@accident(6)
def test_no_more_room_while_recording_is_infra_and_resumable(done):
    wanted = DONE | hand_in(done, 60, first=CLASS)
    size = (done.grading / "gradebook.db").stat().st_size
    assert_infra(*finish(done, preexec_fn=limited(size + 8192)))
    partly = scores(done)
    assert partly == {name: wanted[name] for name in partly}
    assert len(partly) < len(wanted)
    assert scores_after(done, wanted)


def scores_if_any(course: Course) -> dict[str, float]:
    try:
        return scores(course)
    except sqlite3.OperationalError:  # not even the tables were made
        return {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize("kilobytes", each(64, 700, first=7))
def test_full_disk_is_infra_and_resumable(course, kilobytes):
    wanted = hand_in(course, 40)
    grading = course.grading
    submitted = course.root / "handed-in"
    (grading / "submitted").rename(submitted)
    options = ["-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(grading)]
    mounted = subprocess.run(["mount", *options], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"nothing may be mounted here: {mounted.stderr}")
    try:
        (grading / "submitted").symlink_to(submitted)
        assert_infra(*finish(course))
        grow = ["mount", "-o", "remount,size=200m", str(grading)]
        subprocess.run(grow, check=True)
        assert scores_after(course, wanted)
    finally:
        subprocess.run(["umount", "-l", str(grading)], check=True)
