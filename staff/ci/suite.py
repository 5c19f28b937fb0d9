"""``python -m staff test``: everything that continuous integration runs, in order."""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from staff.ci import budget
from staff.course import Course, child_environment
from staff.environment import plain_environment, settle
from staff.runs import execute, strict_environment, untouched_problems

__all__ = ["Run", "main"]

_COUNTS = re.compile(r"(\d+) (passed|failed|skipped|error)")
_CELL_TIMEOUT = 600


@dataclass
class Run:
    """One run of the stages: where it works, and what it has counted.

    Args:
        course: under test.
        folder: temporary; the executed notebooks land here.
    """

    course: Course
    folder: Path
    counts: Counter = field(default_factory=Counter)

    def command(self, *arguments: object, env: dict | None = None) -> bool:
        """Run a Python module with arguments, show its output, add up its counts."""
        command = [sys.executable, "-m", *map(str, arguments)]
        process = subprocess.Popen(
            command,
            cwd=self.course.root,
            env={**(env or _plain_environment()), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        last = ""
        with process:
            for line in process.stdout:
                print(line, end="", flush=True)
                last = line if line.strip() else last
        if arguments[0] == "pytest":
            self.counts += Counter({k: int(n) for n, k in _COUNTS.findall(last)})
        return process.returncode == 0

    def pytest(self, *arguments: object, env: dict | None = None) -> bool:
        """Run pytest; see `command`."""
        return self.command("pytest", "-q", *arguments, env=env)


def style(run: Run) -> bool:
    """Style: ruff's lint and format."""
    linted = run.command("ruff", "check", "--quiet", ".")
    return run.command("ruff", "format", "--check", "--quiet", ".") and linted


def unit(run: Run) -> bool:
    """Unit tests."""
    env = _plain_environment(OMP_NUM_THREADS="1")
    skip = "--ignore=tests/test_answers.py"
    return run.pytest("tests", skip, "-n2", "--dist=loadfile", "--durations=5", env=env)


def build(run: Run) -> bool:
    """Rebuild: the notebooks are what their masters give."""
    return run.command("staff", "build", "--check")


def answers(run: Run) -> bool:
    """Answers: right ones pass, wrong ones are named."""
    env = _plain_environment(OMP_NUM_THREADS="1")
    return run.pytest("tests/test_answers.py", "-n2", "--durations=5", env=env)


def notebooks(run: Run) -> bool:
    """Instructor's notebooks: every cell, strict claims (nbmake)."""
    copy = run.folder / "solutions"
    for stem in run.course.stems():
        (copy / stem).mkdir(parents=True)
        shutil.copy(run.course.solution(stem), copy / stem)
    (run.folder / "pytest.ini").write_text("[pytest]\n")
    return run.pytest(
        *("--nbmake", "--overwrite", f"--nbmake-timeout={_CELL_TIMEOUT}"),
        *("-c", run.folder / "pytest.ini", "--rootdir", run.folder, copy),
        *("--durations=0", "-p", "no:cacheprovider"),
        env=strict_environment(),
    )


def learners(run: Run) -> bool:
    """Learners' notebooks: only unattempted exercises fail."""
    stems = run.course.stems()

    def problems_of(stem: str) -> list[str]:
        executed = execute(run.course.release(stem), OMP_NUM_THREADS="1")
        return untouched_problems(executed)

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(problems_of, stems))
    for stem, problems in zip(stems, found, strict=True):
        print(f"{stem}: {'failed' if problems else 'ok'}")
        for problem in problems:
            print(f"  {problem}")
    run.counts += Counter(
        passed=sum(not p for p in found), failed=sum(bool(p) for p in found)
    )
    return bool(stems) and not any(found)


def times(run: Run) -> bool:
    """Run times: each notebook within its budget."""
    timings = budget.read_all(run.folder / "solutions")
    return bool(timings) and budget.report(timings) == 0


STAGES: dict[str, Callable[[Run], bool]] = {
    stage.__name__: stage
    for stage in [style, unit, build, answers, notebooks, learners, times]
}


def main(arguments: list[str] | None = None) -> int:
    """Run the stages named (all without names); return 1 if any failed."""
    parser = argparse.ArgumentParser("python -m staff test", description=__doc__)
    stages = ", ".join(STAGES)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"of {stages}")
    chosen = parser.parse_args(arguments).stages or list(STAGES)
    unknown = set(chosen) - set(STAGES)
    if unknown:
        parser.error(f"no stage {', '.join(sorted(unknown))}; there are: {stages}")
    settle(plain_environment())
    with tempfile.TemporaryDirectory(prefix="course-test-") as folder:
        run = Run(Course(), Path(folder))
        results = [(name, *_timed(STAGES[name], run)) for name in chosen]
    return _summarise(results, run.counts)


def _timed(stage: Callable[[Run], bool], run: Run) -> tuple[bool, float]:
    print(f"\n=== {stage.__doc__}", flush=True)
    start = time.perf_counter()
    good = stage(run)
    seconds = time.perf_counter() - start
    print(f"--- {'ok' if good else 'FAILED'} in {seconds:.0f} s", flush=True)
    return good, seconds


def _summarise(results: list[tuple[str, bool, float]], counts: Counter) -> int:
    print("\n=== summary")
    for name, good, seconds in results:
        print(f"{name:<10} {seconds:6.0f} s  {'ok' if good else 'FAILED'}")
    failed = counts["failed"] + counts["error"]
    print(f"\n{counts['passed']} passed, {failed} failed, {counts['skipped']} skipped")
    return int(not all(good for _, good, _ in results))


def _plain_environment(**changes: str) -> dict[str, str]:
    """Return an environment that is the same on every machine, CI or not."""
    ours = child_environment(**changes)
    return {
        name: value
        for name, value in ours.items()
        if name != "CI" and not name.startswith("COURSE_")
    }
