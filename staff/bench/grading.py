"""Time grading: stock nbgrader and ours, on the same submissions, in one run.

``python -m staff.bench.grading`` makes a class from the answer bank in a copy of the
course. Stock nbgrader grades the first few of it, which is scaled; ours grades all.
``--workers`` and ``--memory`` show how ours grows with workers and with the class,
``--ladder`` where it saturates.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from staff.bench import ladder
from staff.bench.timed import CLASSES, Bench, cost
from staff.course import Course
from staff.measured import Table, add_option, record

__all__ = ["main"]

TARGET = 50
_SPEED = "Speed"


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
