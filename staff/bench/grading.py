"""Time grading: stock nbgrader and ours, on the same submissions, in one run.

``python -m staff.bench.grading`` makes a class from the answer bank in a copy of the
course. Stock nbgrader grades the first few of it, which is scaled; ours grades all.
``--workers`` and ``--memory`` show how ours grows with workers and with the class,
``--ladder`` where it saturates.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from staff.bench.classroom import copy_course, deal, hand_in
from staff.course import Course, CourseError, child_environment
from staff.measured import Table, add_option, record

__all__ = ["Cost", "Run", "cost", "main"]

TARGET = 50
_SPEED = "Speed"
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
        look: at the memory of all its processes, four times a second; that takes time.

    Raises:
        CourseError: it failed.
    """
    env = child_environment(PYTHONPATH=str(course.root), PYTHONWARNINGS="ignore")
    env = {k: v for k, v in env.items() if k != "CI" and not k.startswith("COURSE_")}
    command, log = [sys.executable, "-m", "staff", *words], course.root / "log"
    start, own, whole = time.monotonic(), 0, 0
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=course.root, env=env, stdout=file, stderr=file
        )
        while process.poll() is None:
            own = max(own, _peak(process.pid))
            whole = max(whole, _together(process.pid) if look else 0)
            time.sleep(0.25 if look else 0.05)
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


# --- what is shown ------------------------------------------------------------------


def speed(bench: Bench, count: int, few: int, workers: int) -> Table:
    """Compare both on the same class."""
    stock = bench.stock(few)
    ours = cost(
        *((n, bench.ours(n, workers).seconds) for n in (workers, max(count, 10)))
    )
    print(f"{'':<34}{'stock nbgrader':>16}{'ours':>10}{'ratio':>8}")
    print(_line("seconds per submission", stock.each, ours.each, TARGET))
    print(_line("seconds of start-up", stock.start, ours.start))
    print(_line(f"seconds for {count}, all in", stock.of(count), ours.of(count)))
    print(f"Stock was measured on {few} of them and scaled to {count}.")
    rows = [
        ["stock nbgrader", f"{stock.each:.2f}", f"{stock.start:.0f}", str(few)],
        [
            f"ours, {workers} workers",
            f"{ours.each:.2f}",
            f"{ours.start:.0f}",
            str(count),
        ],
    ]
    return Table(["Grader", "Seconds each", "Start", "Submissions"], rows, _SPEED)


def _line(name: str, stock: float, ours: float, target: float = 0) -> str:
    ratio = stock / ours if ours else float("inf")
    reached = (
        "" if not target else f"  ≥ {target}x: {'yes' if ratio >= target else 'no'}"
    )
    return f"{name:<34}{stock:>16.2f}{ours:>10.3f}{ratio:>7.1f}x{reached}"


def scaling(bench: Bench, count: int) -> Table:
    """Compare one worker with two."""
    start, many = 4, max(count, 20)
    times = {
        n: cost(*((size, bench.ours(size, n).seconds) for size in (start, many)))
        for n in (1, 2)
    }
    for n, each in times.items():
        print(f"{n} worker{'s'[: n - 1]}: {each.each:.3f} s per submission")
    print(f"two are {times[1].each / times[2].each:.2f}x as fast as one")
    rows = [[str(n), f"{each.each:.2f}"] for n, each in times.items()]
    return Table(["Workers", "Seconds each"], rows, "Workers")


def memory(bench: Bench, sizes: Sequence[int], workers: int) -> Table:
    """Show the grader's memory as the class grows."""
    rows = []
    for size in sizes:
        run = bench.ours(size, workers, look=True)
        own, whole = run.own / 2**20, run.whole / 2**20
        print(
            f"class of {size:>5}: at most {own:.0f} MiB, {whole:.0f} MiB with workers "
            f"and answers; {run.seconds:.0f} s",
            flush=True,
        )
        rows.append([str(size), f"{own:.0f}", f"{whole:.0f}"])
    head = ["Class", "MiB", "MiB with workers and answers"]
    return Table(head, rows, "Memory")


@contextmanager
def _bench(stem: str) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="course-bench-") as folder:
        yield Bench(Path(folder), stem)


def main(arguments: list[str] | None = None) -> int:
    """Print the comparison; return 0 (it is a report, not a check)."""
    parser = argparse.ArgumentParser(
        "python -m staff.bench.grading", description=__doc__
    )
    add = parser.add_argument
    add("assignment", nargs="?", default="02", help="NN_topic or NN (default 02)")
    add("--class", dest="count", type=int, default=200, help="submissions (200)")
    add("--stock", type=int, default=10, help="submissions that stock grades (10)")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="workers (all cores)")
    add("--workers", action="store_true", help="compare one worker with two instead")
    add("--memory", action="store_true", help="measure memory instead")
    add("--sizes", type=int, nargs="+", default=CLASSES, help="classes for --memory")
    add("--ladder", action="store_true", help="see staff.bench.ladder --help instead")
    add_option(parser)
    words = sys.argv[1:] if arguments is None else arguments
    if "--ladder" in words:
        from staff.bench import ladder

        return ladder.main([word for word in words if word != "--ladder"])
    options = parser.parse_args(words)
    (stem,) = Course().choose([options.assignment])
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, "
        f"{stem}, {options.jobs} workers"
    )
    with _bench(stem) as bench:
        if options.workers:
            found = scaling(bench, options.count)
        elif options.memory:
            found = memory(bench, options.sizes, options.jobs)
        else:
            found = speed(bench, options.count, options.stock, options.jobs)
    if options.record:
        record(Course(), "grading", "make bench-grade ARGS=--record", [found], keys=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
