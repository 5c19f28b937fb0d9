"""``python -m staff test``: everything that continuous integration runs, in order.

What needs long is sampled in a usual run; `staff.ci.effort` says when it is not.
"""

import argparse
import compileall
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import nbformat

from staff.ci import budget, effort, second_python
from staff.ci.junit import Case, read_cases, slowest
from staff.course import Course
from staff.environment import plain_environment, settle
from staff.grader.model import Step
from staff.grader.needed import needed_steps
from staff.runs import execute, strict_environment, untouched_problems

__all__ = ["Run", "main", "without_shows"]

_CELL_TIMEOUT = 600
_OWN = {"look", "solution", "test"}  # cells that learners' answers reach
_FETCHES = "install"  # the cell that fetches the course where it is missing
_FLOOR = 98  # percent of lines and branches, measured at 98.2 when it was set
_BY_ANSWERS = "helpers/checks/notebooks/*,helpers/checks/vocabulary/*"  # reach these
# Twice as many as the usual machine has cores: tests wait for browsers and processes.
_SIDE_BY_SIDE = ("-n4", "--dist=loadfile", "--no-loadscope-reorder")
_REACH = "coverage"  # the proof that is no file of tests, but how far tests reach
# What `tests` joins and each stage runs alone; the rest is the stage `unit`.
_PARTS: dict[str, Sequence[str]] = {
    "helpers": effort.PROOFS[_REACH].tests,
    "answers": effort.PROOFS["answers"].tests,
    "proofs": [
        path
        for name, proof in effort.PROOFS.items()
        if name not in (_REACH, "answers")
        for path in proof.tests
    ],
}
_LONGEST = 15  # test files in the list of where the time goes


@dataclass
class Run:
    """One run of the stages: where it works, and what it has counted.

    Args:
        course: under test.
        folder: temporary; the executed notebooks land here.
    """

    course: Course
    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    cases: list[Case] = field(default_factory=list)

    def command(self, *arguments: object, env: dict[str, str] | None = None) -> bool:
        """Run a Python module with arguments and show its output."""
        command = [sys.executable, "-m", *map(str, arguments)]
        env = {**(env or plain_environment()), "PYTHONUNBUFFERED": "1"}
        sys.stdout.flush()
        done = subprocess.run(command, cwd=self.course.root, env=env, check=False)
        return done.returncode == 0

    def pytest(self, *arguments: object, env: dict[str, str] | None = None) -> bool:
        """Run pytest, see `command`, and count what its tests did."""
        report = self.folder / f"junit-{time.monotonic_ns()}.xml"
        good = self.command(
            *("pytest", "-q", f"--junitxml={report}", "-o", "junit_family=xunit1"),
            *arguments,
            env=env,
        )
        cases = read_cases(report)
        self.cases += cases
        self.counts += Counter(case.outcome for case in cases)
        return good


def style(run: Run) -> bool:
    """Style: ruff's lint and format."""
    linted = run.command("ruff", "check", "--quiet", ".")
    return run.command("ruff", "format", "--check", "--quiet", ".") and linted


def types(run: Run) -> bool:
    """Types: mypy, strict, over helpers and staff."""
    return run.command("mypy", "--no-error-summary")


def tests(run: Run) -> bool:
    """Tests: helpers, unit, answers and proofs, side by side in one go."""
    apart = effort.whole(_REACH)  # what the other tests reach does not count
    good = helpers(run) if apart else True
    skip = [f"--ignore={_PARTS['helpers'][0]}"] if apart else []
    before = len(run.cases)
    proven = [name for name in effort.PROOFS if not (apart and name == _REACH)]
    good &= _proven(run, proven, "tests", *skip, *_SIDE_BY_SIDE)
    print(_by_part(run.cases[before:]))
    return good


def unit(run: Run) -> bool:
    """Unit tests."""
    skip = [f"--ignore={path}" for paths in _PARTS.values() for path in paths]
    return run.pytest("tests", *skip, *_SIDE_BY_SIDE, env=_one_thread())


def helpers(run: Run) -> bool:
    """Tests of helpers; how much of it they reach, where that is asked for."""
    print(_taken(_REACH), flush=True)
    env, tested = _one_thread(), (*_PARTS["helpers"], *_SIDE_BY_SIDE)
    if not effort.whole(_REACH):
        return run.pytest(*tested, env=env)
    run.command("coverage", "erase", env=env)  # what an interrupted run has left
    good = run.pytest(*tested, "--cov=helpers", "--cov-report=", env=env)
    bounds = ("report", f"--fail-under={_FLOOR}", f"--omit={_BY_ANSWERS}")
    good &= run.command("coverage", *bounds, env=env)
    run.command("coverage", "erase", env=env)
    if good:
        effort.stamp(_REACH)
    return good


def build(run: Run) -> bool:
    """Rebuild: the notebooks are what their masters give."""
    return run.command("staff", "build", "--check")


def answers(run: Run) -> bool:
    """Answers: right ones pass, wrong ones are named."""
    return _proven(run, ["answers"], *_PARTS["answers"], "-n2")


def proofs(run: Run) -> bool:
    """Long proofs: a sample, or the whole where that is asked for."""
    names = [name for name in effort.PROOFS if name not in (_REACH, "answers")]
    return _proven(run, names, *_PARTS["proofs"], *_SIDE_BY_SIDE)


def _proven(run: Run, names: list[str], *arguments: str) -> bool:
    """Run pytest; say how much of proofs that makes, and stamp what is whole."""
    for name in names:
        print(_taken(name), flush=True)
    good = run.pytest(*arguments, env=_one_thread())
    bad = {case.file for case in run.cases if case.outcome == "failed"}
    proven = {case.file for case in run.cases} - bad
    for name in names:
        if proven.issuperset(effort.PROOFS[name].tests):  # never so for a folder
            for part in filter(partial(effort.whole, name), effort.parts(name)):
                effort.stamp(name, part)
    return good


def _taken(name: str) -> str:
    """Say how much of a proof is made, and which of its parts are due."""
    parts = effort.parts(name)
    made = [part for part in parts if effort.whole(name, part)]
    due = [p for p in parts if p not in made and effort.changed(name, p)]
    said = "whole" if made == parts else effort.PROOFS[name].usual
    if made and made != parts:
        said += f"; whole: {', '.join(made)}"
    if not made:
        said += f"; last made whole {min(effort.last(name, part) for part in parts)}"
    if due:
        which = "" if due == parts else f" ({', '.join(due)})"
        said += f"; due, for its code has changed since{which}"
    return f"{name}: {said}"


def _by_part(cases: list[Case]) -> str:
    """Return what the tests of each stage that `tests` joins have done."""
    counts = {name: Counter[str]() for name in ("helpers", "unit", "answers", "proofs")}
    for case in cases:
        part = next((n for n, paths in _PARTS.items() if _within(case, paths)), "unit")
        counts[part][case.outcome] += 1
        counts[part]["seconds"] += round(case.seconds)
    return "\n".join(
        f"{name:<10} {n['passed']} passed, {n['failed']} failed, "
        f"{n['skipped']} skipped in {n['seconds']} s each alone"
        for name, n in counts.items()
    )


def _within(case: Case, paths: Sequence[str]) -> bool:
    return any(Path(case.file).is_relative_to(path) for path in paths)


def notebooks(run: Run) -> bool:
    """Instructor's notebooks: every cell, strict claims (nbmake), two at a time."""
    copy = run.folder / "solutions"
    for stem in run.course.stems():
        (copy / stem).mkdir(parents=True)
        shutil.copy(run.course.solution(stem), copy / stem)
    (run.folder / "pytest.ini").write_text("[pytest]\n")
    longest_first = sorted(copy.glob("*/*.ipynb"), reverse=True)
    return run.pytest(
        *("--nbmake", "--overwrite", f"--nbmake-timeout={_CELL_TIMEOUT}"),
        *("-c", run.folder / "pytest.ini", "--rootdir", run.folder, *longest_first),
        *("-p", "no:cacheprovider", "-n2", "--maxschedchunk=1"),
        env=strict_environment(OMP_NUM_THREADS="1"),
    )


def learners(run: Run) -> bool:
    """Learners' notebooks: only unattempted exercises fail."""
    stems = run.course.stems()
    stems = effort.turns(stems, min(2, len(stems)))

    def problems_of(stem: str) -> list[str]:
        path = run.course.release(stem)
        if not effort.everything():
            path = without_shows(path, run.folder / "releases")
        return untouched_problems(execute(path, OMP_NUM_THREADS="1"))

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


def without_shows(path: Path, folder: Path) -> Path:
    """Write a copy without the experiments on which no exercise depends.

    They are the same cells as the instructor's, where they have just been run, and the
    builder sees to it that none of them uses an answer.
    """
    notebook = nbformat.read(path, as_version=4)
    roles = {c.id: c.metadata.get("course", {}).get("role") for c in notebook.cells}
    steps = [
        Step("test" if roles[c.id] in _OWN else "provided", c.source, c.id)
        for c in notebook.cells
        if c.cell_type == "code" and roles[c.id] != _FETCHES
    ]
    kept = {step.cell for step in needed_steps(steps)}
    kept |= {cell for cell, role in roles.items() if role == _FETCHES}
    notebook.cells = [c for c in notebook.cells if c.id in kept]
    folder.mkdir(exist_ok=True)
    nbformat.write(notebook, folder / path.name)
    return folder / path.name


def second(run: Run) -> bool:
    """Another Python: set-up, one notebook, the tests of helpers."""
    outcome = second_python.check(run.course, run.folder)
    cases = read_cases(outcome.report) if outcome.report else []
    run.cases += cases
    run.counts += Counter(case.outcome for case in cases)
    return outcome.good


def times(run: Run) -> bool:
    """Run times: each notebook within its budget."""
    timings = budget.read_all(run.folder / "solutions")
    return bool(timings) and budget.report(timings) == 0


STAGES: dict[str, Callable[[Run], bool]] = {
    stage.__name__: stage
    for stage in [
        *(style, types, tests, build, notebooks, learners, times),
        *(helpers, unit, answers, proofs, second),
    ]
}
USUAL = [*STAGES][: [*STAGES].index("times") + 1]  # the others are asked for by name:
# `second`, and those that are in `tests`.


def main(arguments: list[str] | None = None) -> int:
    """Run the stages named (the usual ones without); return 1 if any failed."""
    parser = argparse.ArgumentParser("python -m staff test", description=__doc__)
    stages = ", ".join(STAGES)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"of {stages}")
    chosen = parser.parse_args(arguments).stages or USUAL
    unknown = set(chosen) - set(STAGES)
    if unknown:
        parser.error(f"no stage {', '.join(sorted(unknown))}; there are: {stages}")
    settle(plain_environment())
    with tempfile.TemporaryDirectory(prefix="course-test-") as folder:
        run = Run(Course(), Path(folder))
        for name in ("helpers", "staff"):  # hundreds of processes import them
            compileall.compile_dir(run.course.root / name, quiet=2)
        results = [(name, *_timed(STAGES[name], run)) for name in chosen]
        print(slowest(run.cases, _LONGEST))
    return _summarise(results, run.counts)


def _timed(stage: Callable[[Run], bool], run: Run) -> tuple[bool, float]:
    print(f"\n=== {stage.__doc__}", flush=True)
    start = time.perf_counter()
    good = stage(run)
    seconds = time.perf_counter() - start
    print(f"--- {'ok' if good else 'FAILED'} in {seconds:.0f} s", flush=True)
    return good, seconds


def _summarise(results: list[tuple[str, bool, float]], counts: Counter[str]) -> int:
    print("\n=== summary")
    for name, good, seconds in results:
        print(f"{name:<10} {seconds:6.0f} s  {'ok' if good else 'FAILED'}")
    failed = counts["failed"]
    print(f"\n{counts['passed']} passed, {failed} failed, {counts['skipped']} skipped")
    return int(not all(good for _, good, _ in results))


def _one_thread() -> dict[str, str]:
    """Return the environment for two test processes on two cores."""
    return plain_environment(OMP_NUM_THREADS="1")
