"""Climb a ladder of class sizes: where does grading saturate, and what comes next?

``python -m staff.bench.ladder`` grades classes of distinct submissions, each rung once
afresh and once when everything is known. ``--lose`` does it on a Dask scheduler of its
own, whose workers are killed on the way. ``--simulate`` replaces the engine by one that
returns at once, so that scheduler, journal and gradebook are all that works.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from nbgrader.api import Gradebook, SubmittedAssignment

from staff.authoring.release import nbgrader_config
from staff.bench.classroom import copy_course
from staff.bench.timed import Bench, timed
from staff.course import Course, CourseError, child_environment
from staff.grader import engine, grade
from staff.grader.bundle import Bundle
from staff.grader.journal import Journal
from staff.grader.model import Result, Submission
from staff.grader.prepare import solution
from staff.grader.record import Recorder
from staff.measured import Table, add_option, record

__all__ = ["Simulated", "main", "simulate"]

RUNGS = (100, 1_000)
_HEAD = [
    "Class",
    "Answers",
    "Seconds",
    "Per second",
    "CPU",
    "MiB",
    "Median s",
    "95 % s",
]
_SIMULATED = [
    "Class",
    "Files",
    "Answers",
    "Seconds",
    "Per second, first tenth",
    "last tenth",
    "MiB, first tenth",
    "at the end",
]


# --- classes that are graded ----------------------------------------------------------


def climb(bench: Bench, sizes: Sequence[int], workers: int) -> Table:
    """Grade a class of each size, then again when all its answers are known."""
    rows = []
    print("".join(f"{cell:>12}" for cell in _HEAD))
    for size in sizes:
        course = bench.course(size)
        log = course.root / "results.jsonl"
        words = ["grade", bench.stem, "--workers", str(workers), "--json", str(log)]
        for kind in ("new", "known"):
            psutil.cpu_percent()  # from here to the next call, of the whole machine
            run = timed(course, words, look=True)
            row = [f"{size:,}", kind, f"{run.seconds:.0f}", f"{size / run.seconds:.1f}"]
            row += [f"{psutil.cpu_percent():.0f} %", f"{run.whole / 2**20:.0f}"]
            row += _quantiles([] if kind == "known" else _latencies(log))
            print("".join(f"{cell:>12}" for cell in row), flush=True)
            rows.append(row)
    return Table(_HEAD, rows, "Ladder")


def _latencies(log: Path) -> list[float]:
    """Return the seconds that each submission was in the hands of a worker."""
    lines = log.read_text(encoding="utf-8").splitlines()
    return sorted(json.loads(line)["seconds"] for line in lines)


def _quantiles(spent: Sequence[float]) -> list[str]:
    """Return the median and the 95 % quantile of sorted times, in seconds."""
    if not spent:
        return ["", ""]
    at = [spent[int(share * (len(spent) - 1))] for share in (0.5, 0.95)]
    return [f"{each:.2f}" for each in at]


# --- workers that are lost ------------------------------------------------------------


def lose(bench: Bench, size: int, workers: int) -> Table:
    """Grade a class on a Dask scheduler whose workers are killed one after another.

    Raises:
        CourseError: somebody of the class has no verdict in the end.
    """
    course = bench.course(size)
    log = course.root / "results.jsonl"
    with _cluster(course, workers) as cluster:
        words = ["grade", bench.stem, "--scheduler", cluster.address]
        start = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "staff", *words, "--json", str(log)],
            cwd=course.root, env=cluster.env, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        killed = 0
        while process.poll() is None:
            done = len(log.read_text().splitlines()) if log.exists() else 0
            if killed < workers and done >= (killed + 1) * size // (workers + 1):
                cluster.replace(killed)
                killed += 1
            time.sleep(0.2)
        seconds = time.monotonic() - start
    found = {json.loads(line)["student"] for line in log.read_text().splitlines()}
    if process.returncode or len(found) != size:
        raise CourseError(f"{size - len(found)} of {size} have no verdict")
    print(
        f"{size} on {workers} Dask workers, {killed} of them killed on the way: "
        f"{seconds:.1f} s, nobody without a verdict"
    )
    row = [f"{size:,}", str(workers), str(killed), f"{seconds:.0f}"]
    head = ["Class", "Dask workers", "Killed", "Seconds"]
    return Table(head, [row], "Workers that are lost")


class _Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, course: Course, workers: int) -> None:
        self.env = child_environment(PYTHONPATH=str(course.root))
        self._course, self._file = course, course.root / "scheduler.json"
        self._scheduler = self._start("scheduler", "--port", "0", "--no-dashboard",
                                      "--scheduler-file", str(self._file))  # fmt: skip
        self.address = str(self._file)
        self._workers = [self._worker() for _ in range(workers)]

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            cwd=self._course.root, env=self.env, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _worker(self) -> subprocess.Popen[bytes]:
        return self._start("worker", "--scheduler-file", str(self._file), "--nthreads",
                           "1", "--no-nanny", "--no-dashboard")  # fmt: skip

    def replace(self, number: int) -> None:
        """Kill a worker without a word, and start another one."""
        _kill(self._workers[number])
        self._workers[number] = self._worker()

    def close(self) -> None:
        """End all of it."""
        for process in (*self._workers, self._scheduler):
            _kill(process)


@contextmanager
def _cluster(course: Course, workers: int) -> Iterator[_Cluster]:
    cluster = _Cluster(course, workers)
    try:
        yield cluster
    finally:
        cluster.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(psutil.Error):
        whole = psutil.Process(process.pid)
        for each in (*whole.children(recursive=True), whole):
            with suppress(psutil.Error):
                each.kill()
    process.wait()


# --- an engine that returns at once ---------------------------------------------------


class _AtOnce:
    """In the place of a warm process: everybody passes everything, in no time."""

    layers, grown = ("none",), False

    def grade(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Return a result without running anything."""
        passed = {"verdict": "PASS", "message": "", "seconds": 0.0}
        return {"questions": dict.fromkeys(message["wanted"], passed), "outputs": {}}

    def close(self) -> None:
        """Do nothing."""


class _WithoutFiles(Recorder):
    def _write_files(self, *_: object) -> None:
        pass

    def _has_page(self, student: str) -> bool:
        return True


class Simulated(grade.Grading):
    """A run over a class that nobody has handed in, graded by `_AtOnce`.

    Scheduler, journal and gradebook are the real ones, and the files if there are any.

    Args:
        course: a copy; its gradebook is written.
        stem: the assignment.
        count: submissions, all different.
        workers: threads.
        files: write each learner's page and executed notebook, 70 kB or more.

    Attributes:
        looks: (seconds since the start, MiB) after each tenth of the class.
    """

    def __init__(
        self, course: Course, stem: str, count: int, workers: int, *, files: bool = True
    ) -> None:
        self.looks: list[tuple[float, float]] = []
        self._start = time.monotonic()
        self._count_of_class, self._files = count, files
        options = grade.options([stem, "--workers", str(workers)])
        super().__init__(course, Bundle.load(course, stem), options)
        self._steps = solution(self.bundle).steps

    def _candidates(self) -> Any:
        return range(self._count_of_class)  # as long as a class, and takes no memory

    def _recorder(self) -> Recorder:
        return (Recorder if self._files else _WithoutFiles)(self.course, self.bundle)

    def _jobs(self, journal: Journal) -> Iterator[engine.Job]:
        for number in range(self._count_of_class):
            submission = self._handed_in(number)
            keys = {
                name: self.bundle.question_key(name, submission, self.environment)
                for name in self.bundle.questions
            }
            known, wanted = self._recall(journal, submission, keys)
            self.known[submission.student] = (known, keys)
            yield engine.Job(submission, wanted)

    def _handed_in(self, number: int) -> Submission:
        """Return a submission like nobody else's: its first answer is signed.

        With it all its questions are new: their keys hold all cells before them.
        """
        student, steps = f"s{number:07d}", list(self._steps)
        first = next(n for n, step in enumerate(steps) if step.kind == "answer")
        signed = f"{steps[first].source}\n# {student}"
        steps[first] = dataclasses.replace(steps[first], source=signed)
        return Submission(student, student, f"{number:064x}", tuple(steps))

    def _engine(
        self, jobs: Iterator[engine.Job]
    ) -> Iterator[tuple[engine.Job, Result]]:
        make: Any = _AtOnce
        yield from engine.Local(make, self.limits, self.options.workers).results(jobs)

    def _count(self, submission: Submission, result: Result) -> None:
        super()._count(submission, result)
        done, size = self.tally.submissions, self._count_of_class
        if done * 10 // size > len(self.looks):
            seconds = time.monotonic() - self._start
            memory = psutil.Process().memory_info().rss / 2**20
            self.looks.append((seconds, memory))
            told = f"{done:,} of them, {done / seconds:.0f} per second"
            print(f"{told}, {memory:.0f} MiB", flush=True)


def simulate(
    folder: Path, stem: str, count: int, *, workers: int, files: bool = True
) -> Table:
    """Grade a simulated class, then once more when everything is known.

    Args:
        folder: new, or empty.
        stem: the assignment.
        count: submissions, at least 10.
        workers: threads.
        files: see `Simulated`.

    Raises:
        CourseError: somebody is not recorded, or was recorded again.
    """
    rows = []
    course = copy_course(folder, [stem])
    (course.grading / "submitted").mkdir(parents=True)
    for kind, expected in (("new", count), ("known", 0)):
        grading = Simulated(course, stem, count, workers, files=files)
        grading.run()
        found = grading.tally.recorded, *_recorded(course, stem)
        if found != (expected, count, count):
            raise CourseError(
                f"{kind}: of {count} submissions {found[0]} were recorded now, not "
                f"{expected}; journal and gradebook have {found[1]} and {found[2]}"
            )
        times, memory = zip((0.0, 0.0), *grading.looks, strict=True)
        tenths = [count / 10 / (times[n] - times[n - 1]) for n in (1, -1)]
        row = [f"{count:,}", "yes" if files else "no", kind, f"{times[-1]:.0f}"]
        row += [f"{each:.0f}" for each in (*tenths, memory[1], memory[-1])]
        rows.append(row)
    return Table(_SIMULATED, rows, "Simulated")


def _recorded(course: Course, stem: str) -> tuple[int, int]:
    """Return how many submissions journal and gradebook have."""
    with Gradebook(nbgrader_config(course).CourseDirectory.db_url) as book:
        handed_in = book.db.query(SubmittedAssignment).count()
    return len(Journal(course, stem)), handed_in


# --- the command ----------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """Print what was measured; return 0 (it is a report, not a check)."""
    parser = argparse.ArgumentParser(
        "python -m staff.bench.ladder", description=__doc__
    )
    add = parser.add_argument
    add("assignment", nargs="?", default="02", help="NN_topic or NN (default 02)")
    add("--rungs", type=int, nargs="*", default=RUNGS, help="sizes of the classes")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="workers (all cores)")
    add("--lose", type=int, default=0, metavar="N", help="a class of N on Dask")
    add("--simulate", type=int, default=0, metavar="N", help="a simulated class of N")
    more = "no page and no notebook for each of a simulated class"
    add("--without-files", action="store_true", help=more)
    add_option(parser)
    options = parser.parse_args(arguments)
    (stem,) = Course().choose([options.assignment])
    print(
        f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, {stem}, "
        f"{options.jobs} workers"
    )
    with tempfile.TemporaryDirectory(prefix="course-ladder-") as name:
        folder = Path(name)
        if options.simulate:
            (folder / "simulated").mkdir()
            how: Any = {"workers": options.jobs, "files": not options.without_files}
            found = simulate(folder / "simulated", stem, options.simulate, **how)
        else:
            bench = Bench(folder, stem, most=max([options.lose, *options.rungs]))
            if options.lose:
                found = lose(bench, options.lose, options.jobs)
            else:
                found = climb(bench, options.rungs, options.jobs)
    if options.record:
        command = "make bench-grade ARGS=--ladder"
        keys = 3 if options.simulate else 2
        record(Course(), "ladder", command, [found], keys=keys)
    return 0


if __name__ == "__main__":
    sys.exit(main())
