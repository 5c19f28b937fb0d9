"""A real Dask cluster grades like this machine, and may lose a worker.

What costs is to start warm processes: one proves the assignment here and then says what
the cluster should say, and one starts with each of its workers. A usual run has two
workers on one day, of which one is lost while the class is graded, and one on the next
day, by which the command line grades, too. COURSE_TESTS=all does both.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest
from distributed.scheduler import KilledWorker
from nbgrader.api import Gradebook

from staff.bench.classroom import copy_course, deal, hand_in
from staff.ci import effort
from staff.course import CourseError
from staff.grader import engine, remote, sandbox, worker
from staff.grader.bundle import Bundle
from staff.grader.find import find
from staff.grader.intake import read
from staff.grader.model import Verdict
from staff.grader.prepare import prepare
from staff.grader.remote import Remote
from staff.grader.worker import differs

STEM = "00_start_here"
STUDENTS = 6
TWO = effort.everything() or effort.today(2) == 0
COMMAND = effort.everything() or effort.today(2) == 1

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Cluster:
    """A scheduler and its workers, each a process of its own.

    Args:
        folder: for their files.
        path: where the workers find a course; "" is nowhere.
        settings: environment variables for the scheduler.
    """

    def __init__(self, folder, path, **settings):
        folder.mkdir()
        self.folder, self.path, self.workers = folder, path, []
        self.file = folder / "scheduler.json"
        host = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.scheduler = self._start(
            *("scheduler", *host, "--scheduler-file", self.file), **settings
        )
        self._wait(self.file.exists)

    @property
    def address(self):
        return json.loads(self.file.read_text())["address"]

    def add_worker(self):
        name = f"worker-{len(self.workers)}"
        place = ("--local-directory", self.folder / name, "--name", name)
        few = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
        self.workers.append(self._start("worker", self.address, *few, *place))

    def _start(self, *words, **settings):
        command = [sys.executable, "-m", "dask", *map(str, words)]
        plain = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        env = plain | {"PYTHONPATH": str(self.path)} | settings
        log = (self.folder / "log").open("ab")
        with log:
            return subprocess.Popen(
                command, cwd=self.folder, env=env, stdout=log, stderr=log
            )

    def _wait(self, ready):
        for _ in range(600):
            if ready():
                return
            assert self.scheduler.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text())

    def close(self):
        for process in (*self.workers, self.scheduler):
            with suppress(ProcessLookupError):
                process.terminate()
        for process in (*self.workers, self.scheduler):
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def cluster(folder, path="", workers=0, **settings):
    made = Cluster(folder, path, **settings)
    try:
        for _ in range(workers):
            made.add_worker()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = copy_course(tmp_path_factory.mktemp("remote") / "course", [STEM])
    hand_in(course, STEM, deal(STEM, STUDENTS))
    return course


class Kept(engine.Seat):
    """A seat that whoever closes it leaves to others: `end` closes it."""

    end = engine.Seat.close

    def close(self):
        self.__class__.last = self


@pytest.fixture(scope="module")
def proven(course):
    """Settings, and the seat at which they were proven."""
    bundle = Bundle.load(course, STEM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "Seat", Kept)
        settings = prepare(course, bundle, sandbox.choose(), engine.Limits())
    yield settings, Kept.last
    Kept.last.end()


@pytest.fixture(scope="module")
def settings(proven):
    return proven[0]


@pytest.fixture(scope="module")
def jobs(course):
    bundle = Bundle.load(course, STEM)
    return [
        engine.Job(read(each, bundle), tuple(bundle.questions))
        for each in find(course, STEM, None)
    ]


@pytest.fixture(scope="module")
def dask(course, tmp_path_factory):
    """A cluster of two workers, or of one."""
    folder = tmp_path_factory.mktemp("cluster") / "made"
    with cluster(folder, course.root, workers=1 + TWO) as started:
        yield started


def told(results):
    """Return what learners and the gradebook see: without times and outputs."""
    return {
        job.submission.student: {
            name: (each.verdict, each.message, each.mistake, each.hidden)
            for name, each in result.questions.items()
        }
        for job, result in results
    }


@pytest.fixture(scope="module")
def here(proven, jobs):
    """What this machine's own engine says."""
    return told((job, proven[1].grade(job)[0]) for job in jobs)


def test_class_gets_the_same_results_as_here(settings, jobs, here, dask):
    """Also where one of two workers is lost half-way."""
    results = []
    for each in Remote(settings, dask.address).results(jobs):
        results.append(each)
        if TWO and len(results) == 2:
            dask.workers[0].send_signal(signal.SIGKILL)
            assert dask.workers[0].wait() == -signal.SIGKILL
    assert len(results) == STUDENTS
    assert told(results) == here
    assert {each[0] for person in here.values() for each in person.values()} >= {
        *(Verdict.PASS, Verdict.FAIL)
    }
    layers = {result.layers for _, result in results}
    assert layers == {(*settings.box.layers, "limits")}


def test_only_so_many_jobs_are_read_ahead(settings, jobs, dask):
    taken = []
    alive = sum(process.poll() is None for process in dask.workers)

    def source():
        for number in range(15):
            taken.append(number)
            submission = replace(jobs[0].submission, student=f"s{number}", steps=())
            yield engine.Job(submission, ())

    for count, _ in enumerate(Remote(settings, dask.address).results(source())):
        assert len(taken) <= count + 1 + 2 * alive + 1
    assert len(taken) == 15


@pytest.mark.skipif(not COMMAND, reason="another day's sample")
def test_command_line_grades_by_it(course, here, dask):
    command = ["-m", "staff", "grade", STEM, "--scheduler", dask.address]
    few = sorted(here)[:2]
    command += [f"--student={student}" for student in few]
    env = {**os.environ, "PYTHONPATH": str(course.root)}
    done = subprocess.run(
        [sys.executable, *command], cwd=course.root, env=env, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    points = {
        q.grade_id: q.points for q in Bundle.load(course, STEM).questions.values()
    }
    expected = {
        student: sum(
            points[f"test_{name}"] for name, q in each.items() if q[0] is Verdict.PASS
        )
        for student, each in here.items()
        if student in few
    }
    with Gradebook(f"sqlite:///{course.grading / 'gradebook.db'}") as book:
        scores = {s.student.id: s.score for s in book.assignment_submissions(STEM)}
    assert scores == expected


def test_last_worker_lost_is_said(settings, jobs, dask):
    """And that there is none at all."""
    remote = Remote(settings, dask.address)
    left = remote.results(jobs)
    next(left)
    for process in dask.workers:
        process.kill()
    remote.patience = 2
    with pytest.raises(CourseError, match="what was graded is kept"):
        list(left)

    with pytest.raises(CourseError, match=r"no worker for 2 seconds.*dask worker"):
        next(remote.results(jobs))


def test_worker_without_the_course_is_said(settings, jobs, dask, tmp_path):
    for process in dask.workers:
        process.kill()
        process.wait()
    (tmp_path / "staff.py").touch()  # hides an installed course
    dask.path = tmp_path
    dask.add_worker()
    with pytest.raises(CourseError, match="install the course") as caught:
        next(Remote(settings, dask.address).results(jobs))
    assert "tcp://127.0.0.1" in str(caught.value)


def test_scheduler_gone_is_said(settings, jobs, course, tmp_path):
    def source():
        yield jobs[0]
        made.scheduler.kill()
        made.scheduler.wait()
        yield jobs[1]

    with cluster(tmp_path / "made", course.root, workers=1) as made:
        results = Remote(settings, made.address, patience=5).results(source())
        with pytest.raises(CourseError, match="has gone|no worker"):
            list(results)


def test_no_scheduler_is_said(settings, jobs):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(CourseError, match="No Dask scheduler answers at tcp"):
        next(Remote(settings, f"tcp://127.0.0.1:{port}", patience=2).results(jobs))


def test_failed_task_is_nobodys_fault(settings, jobs):
    future = SimpleNamespace(
        status="error",
        exception=lambda: KilledWorker(
            "grade_text", SimpleNamespace(address="tcp://a:1"), 3
        ),
    )
    flow = object.__new__(remote._Flow)
    result = flow._collect(future, jobs[0])
    assert {*result.questions} == {*jobs[0].wanted}
    for each in result.questions.values():
        assert each.verdict is Verdict.INFRA
        assert "the worker failed: KilledWorker" in each.evidence


# -- without a cluster ---------------------------------------------------------------


@pytest.fixture
def same(monkeypatch, course, settings):
    """This process as a worker that has the course."""
    monkeypatch.setattr(worker, "Course", lambda root=course.root: type(course)(root))
    return Remote(settings, "tcp://nowhere")


def test_worker_knows_its_own_course(same):
    assert differs(same.order) == ""


@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("helpers/evidence/metrics.py", "helpers"),
        ("staff/grader/inside/session.py", "session"),
    ],
)
def test_worker_with_other_code_refuses(same, course, file, what):
    path = course.root / file
    before = path.read_bytes()
    try:
        path.write_bytes(before + b"\n# changed\n")
        why = differs(same.order)
    finally:
        path.write_bytes(before)
    assert why.startswith("another course in ")
    assert f"{what} " in why


def test_worker_with_another_assignment_refuses(same, course):
    path = course.solution(STEM)
    before = path.read_text()
    try:
        path.write_text(before.replace("BEGIN HIDDEN TESTS", "BEGIN HIDDEN TESTS\\n#"))
        assert "assignment" in differs(same.order)
        path.unlink()
        assert "expected a built notebook" in differs(same.order)
    finally:
        path.write_text(before)


def test_worker_without_the_sandbox_refuses(same, monkeypatch):
    def none():
        return (sandbox.Finding("seccomp", True, ""),)

    monkeypatch.setattr(sandbox, "probe", none)
    assert "no bubblewrap" in differs(same.order) or "no landlock" in differs(
        same.order
    )


def test_job_survives_the_way(jobs):
    job = jobs[0]
    job = replace(job, submission=replace(job.submission, missing=frozenset({"a"})))
    assert worker.unpacked(json.loads(json.dumps(worker.packed(job)))) == job


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{}", '{"layers": 3}', '{"layers": [], "questions": [1]}', None],
)
def test_answer_that_is_none_is_infra(jobs, text):
    result = remote._checked(jobs[0], text)
    assert {q.verdict for q in result.questions.values()} == {Verdict.INFRA}
