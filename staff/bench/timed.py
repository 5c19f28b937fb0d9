"""Classes for the benches of the grader, and commands that are timed on them."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from staff.bench.classroom import copy_course, deal, hand_in
from staff.course import Course, CourseError, child_environment

__all__ = ["CLASSES", "Bench", "Cost", "Run", "cost", "timed"]

CLASSES = (50, 200, 1000)


class Run(NamedTuple):
    """One command, run to its end.

    Args:
        seconds: wall time.
        own: bytes, the most that the command's own process had in memory.
        whole: bytes, the most that it and all processes below it had together, where
            each shared page counts once; 0 if nobody looked.
    """

    seconds: float
    own: int
    whole: int


class Cost(NamedTuple):
    """What grading costs: seconds once, and seconds for each submission."""

    start: float
    each: float

    def of(self, count: int) -> float:
        """Return seconds for a class."""
        return self.start + count * self.each


def cost(few: tuple[int, float], many: tuple[int, float]) -> Cost:
    """Return the cost that explains two runs, each (submissions, seconds)."""
    (n, short), (m, long) = few, many
    each = (long - short) / (m - n)
    return Cost(max(0.0, short - n * each), each)


class Bench:
    """Runs commands on classes, each in a fresh copy of the course.

    Args:
        folder: temporary.
        stem: the assignment.
        most: submissions of the largest class.
    """

    def __init__(self, folder: Path, stem: str, *, most: int = max(CLASSES)) -> None:
        self.folder, self.stem = folder, stem
        self.numbers = itertools.count()
        self.students = deal(stem, most)

    def course(self, count: int) -> Course:
        """Return a copy of the course with the first `count` students' submissions."""
        course = copy_course(self.folder / str(next(self.numbers)), [self.stem])
        few = dict(itertools.islice(self.students.items(), count))
        hand_in(course, self.stem, few, signed=True)  # alike only to a human
        return course

    def ours(self, count: int, workers: int, *, look: bool = False) -> Run:
        """Grade a class with ours."""
        words = ["grade", self.stem, "--workers", str(workers)]
        return timed(self.course(count), words, look=look)

    def stock(self, count: int) -> Cost:
        """Grade a class with stock nbgrader, then once more with nothing to do."""
        course, words = self.course(count), ["nbgrader", "autograde", self.stem]
        whole, nothing = timed(course, words), timed(course, words)
        return cost((0, nothing.seconds), (count, whole.seconds))


def timed(course: Course, words: Sequence[str], *, look: bool = False) -> Run:
    """Run ``python -m staff ...`` in a course.

    Args:
        course: where.
        words: the rest of the command.
        look: at the memory of all its processes. Each look walks through all their
            pages and holds up whoever forks meanwhile, so looks take a twentieth of the
            time at most.

    Raises:
        CourseError: it failed.
    """
    env = child_environment(PYTHONPATH=str(course.root), PYTHONWARNINGS="ignore")
    env = {k: v for k, v in env.items() if k != "CI" and not k.startswith("COURSE_")}
    command, log = [sys.executable, "-m", "staff", *words], course.root / "log"
    start, own, whole = time.monotonic(), 0, 0
    due = start if look else math.inf
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=course.root, env=env, stdout=file, stderr=file
        )
        while process.poll() is None:
            own = max(own, _peak(process.pid))
            if (began := time.monotonic()) >= due:
                whole = max(whole, _together(process.pid))
                due = began + max(0.25, 20 * (time.monotonic() - began))
            time.sleep(0.05)
    if process.returncode:
        raise CourseError(f"{' '.join(words)} failed:\n{log.read_text()[-2000:]}")
    return Run(time.monotonic() - start, own, whole)


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found[0]) * 1024 if found else 0


def _together(pid: int) -> int:
    """Return bytes that a process and all below it have in memory."""
    total = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in [process, *process.children(recursive=True)]:
            with suppress(psutil.Error):
                total += each.memory_full_info().pss
    return total
