"""Small submissions written by hand, run in one warm process under all layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from staff.course import Course
from staff.grader import sandbox
from staff.grader.engine import Job, Limits, Seat, Warm
from staff.grader.model import Result, Step, Submission

SETUP = "import torch"
LIMITS = Limits(seconds=3.0, memory=1 << 30)


@contextmanager
def seated(setup: str = SETUP, **more: Any) -> Iterator[Seat]:
    """Give the block a worker's place whose warm process has run a set-up cell."""
    box = sandbox.choose()
    make = lambda: Warm(Course().root, setup, box, LIMITS, **more)  # noqa: E731
    with closing(Seat(make, LIMITS)) as seat:
        yield seat


def asked(name: str, answer: str, test: str, hidden: str = "pass") -> list[Step]:
    """Return the steps of one question."""
    text = f"{test}\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS\n"
    return [
        Step("answer", answer, name, name),
        Step("test", text, f"test_{name}", name),
    ]


def graded(seat: Seat, *steps: Step, setup: str = SETUP) -> Result:
    """Return the result of a submission: the set-up cell, then these steps."""
    steps = (Step("provided", setup, "setup"), *steps)
    wanted = tuple(step.question for step in steps if step.kind == "test")
    return seat.grade(Job(Submission("ada", "f", "0", steps), wanted))[0]


def verdicts(result: Result) -> dict[str, str]:
    """Return question → verdict."""
    return {name: each.verdict.value for name, each in result.questions.items()}
