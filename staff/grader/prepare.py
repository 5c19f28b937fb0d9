"""Prove the assignment on this machine before any learner's answer runs.

The instructor's own answers go through the sandbox first: a question that they do not
pass is the grader's fault, not the class's. The same run tells which modules the tests
load, so that the warm processes load them once, beforehand.
"""

from __future__ import annotations

import compileall
import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from helpers.files import write_whole
from staff.course import Course
from staff.grader import engine, sandbox
from staff.grader.bundle import RUN, Bundle
from staff.grader.faults import InfraError
from staff.grader.fingerprint import environment
from staff.grader.model import Step, Submission, Verdict

__all__ = ["Settings", "prepare", "solution"]


@dataclass(frozen=True)
class Settings:
    """All that a worker needs to start a warm process for one assignment."""

    root: Path
    stem: str
    setup: str
    box: sandbox.Sandbox
    limits: engine.Limits
    modules: tuple[str, ...] = ()

    def start(self) -> engine.Warm:
        """Start one."""
        # A session loads what it imports in a folder that it can not write to.
        compileall.compile_dir(self.root / "helpers", quiet=2)
        more = (self.limits, self.modules, (self.stem,))
        return engine.Warm(self.root, self.setup, self.box, *more)


def prepare(
    course: Course, bundle: Bundle, box: sandbox.Sandbox, limits: engine.Limits
) -> Settings:
    """Return the settings, the instructor's answers having passed under them.

    Raises:
        InfraError: they did not; the message says which question and why.
    """
    setup = next((c.source for c in bundle.cells if c.role == "setup"), "")
    settings = Settings(course.root, bundle.stem, setup, box, limits)
    memory = course.grading / "cache" / f"{bundle.stem}.json"
    key = _key(course, bundle, box, limits)
    modules = _remembered(memory, key)
    if modules is None:
        modules = _prove(bundle, settings)
        _remember(memory, key, modules)
    return Settings(course.root, bundle.stem, setup, box, limits, tuple(modules))


def solution(bundle: Bundle) -> Submission:
    """Return the instructor's answers as if they were a learner's."""
    steps = []
    for cell in bundle.cells:
        if cell.role in RUN:
            steps.append(Step("provided", cell.source, cell.id))
        elif cell.role in ("solution", "test"):
            kind = "answer" if cell.role == "solution" else "test"
            steps.append(Step(kind, cell.source, cell.id, cell.question))
    return Submission("(the instructor)", "", "", tuple(steps))


def _prove(bundle: Bundle, settings: Settings) -> list[str]:
    job = engine.Job(solution(bundle), tuple(bundle.questions), scout=True)
    seat = engine.Seat(settings.start, settings.limits)
    try:
        result, answer = seat.grade(job)
    finally:
        seat.close()
    for name, each in result.questions.items():
        if each.verdict is not Verdict.PASS:
            why = each.evidence or each.message
            raise InfraError(
                f"{bundle.stem}: the instructor's own answer to {name} does not pass "
                f"here ({each.verdict}: {why}); nobody was graded. "
                "`python -m staff doctor` may say what is wrong with this machine"
            )
    modules: list[str] = answer["modules"]
    return modules


def _key(
    course: Course, bundle: Bundle, box: sandbox.Sandbox, limits: engine.Limits
) -> str:
    parts = [bundle.digest, environment(course.root), *box.layers, repr(limits)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _remembered(path: Path, key: str) -> list[str] | None:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        return known["modules"] if known["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(path: Path, key: str, modules: list[str]) -> None:
    with contextlib.suppress(OSError):  # only a shortcut for the next run
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps({"key": key, "modules": modules}))
