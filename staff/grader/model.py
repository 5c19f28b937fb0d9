"""What the parts of the grader hand to each other: plain data that is also JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["Output", "QuestionResult", "Result", "Step", "Submission", "Verdict"]


class Verdict(StrEnum):
    """How a question ended; the set is closed."""

    PASS = "PASS"  # every check passed: full points
    FAIL = "FAIL"  # a check said no
    ERROR = "ERROR"  # the learner's code raised
    TIMEOUT = "TIMEOUT"  # it ran longer than allowed
    OOM = "OOM"  # it asked for more memory than allowed
    CRASHED = "CRASHED"  # its process died
    OUTPUT_LIMIT = "OUTPUT_LIMIT"  # it printed or wrote more than allowed
    MISSING = "MISSING"  # no answer was handed in
    TAMPERED = "TAMPERED"  # it changed or read what belongs to the grader
    INVALID_FILE = "INVALID_FILE"  # the file is no notebook of this assignment
    NOT_RUN = "NOT_RUN"  # never reached, through no fault of this question
    INFRA = "INFRA"  # the grader's own fault: never scored, tried again


Output = dict[str, Any]
"""One output of a cell in nbformat's form, cut to size, without active content."""


@dataclass(frozen=True)
class Step:
    """One cell to run.

    Args:
        kind: "provided" (the instructor's), "extra" (a cell the learner added),
            "answer" or "test".
        source: the cell's code; of a test its visible and hidden part, borders kept.
        cell: id of the cell, the template's where it has one.
        question: the exercise's name, for answers and tests; else "".
    """

    kind: str
    source: str
    cell: str
    question: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return dict(vars(self))


@dataclass(frozen=True)
class Submission:
    """One learner's file, read and put in order.

    Args:
        student: as named by the folder or the file.
        file: path below the folder of submissions, for messages.
        sha256: fingerprint of the bytes handed in; "" if they could not be read.
        steps: all cells to run, in order; empty if `invalid`.
        missing: questions without an answer.
        repairs: what was put right, in sentences for the learner.
        suspicions: what a person should look at, in sentences for the instructor.
        invalid: why nothing can be run, in a sentence for both; "" if it can.
        timestamp: when it was handed in, as nbgrader writes it; "" if unknown.
        absent: (package, question) for packages that are not installed where answers
            are graded: imported somewhere (question ""), or used in an answer.
        written: (cell, text) of the answers in words, which a person grades.
    """

    student: str
    file: str
    sha256: str
    steps: tuple[Step, ...] = ()
    missing: frozenset[str] = frozenset()
    repairs: tuple[str, ...] = ()
    suspicions: tuple[str, ...] = ()
    invalid: str = ""
    timestamp: str = ""
    absent: tuple[tuple[str, str], ...] = ()
    written: tuple[tuple[str, str], ...] = ()

    def lacking(self, question: str) -> list[str]:
        """Return the packages that an answer uses and that are not installed."""
        return sorted({package for package, name in self.absent if name == question})


@dataclass(frozen=True)
class QuestionResult:
    """The verdict on one question.

    Args:
        verdict: how it ended.
        message: what the learner is told, plain text; names no hidden number.
        mistake: id of the named mistake, or "".
        hidden: the visible part passed and the hidden part did not.
        seconds: wall time of answer and tests.
        evidence: for a person who looks into it (TAMPERED, INFRA, or a PASS that
            leaves a doubt); never shown to learners.
        limited: other limits of time or memory might have led to another verdict.
        earned: points of a PASS, where the check has tiers; None for all of them.
    """

    verdict: Verdict
    message: str = ""
    mistake: str = ""
    hidden: bool = False
    seconds: float = 0.0
    evidence: str = ""
    limited: bool = False
    earned: float | None = None

    def score(self, points: float) -> float:
        """Return what it is worth, of so many points."""
        if self.verdict is not Verdict.PASS:
            return 0.0
        return points if self.earned is None else min(self.earned, points)

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> QuestionResult:
        """Build from plain data; checks the verdict."""
        return cls(**{**data, "verdict": Verdict(data["verdict"])})


@dataclass(frozen=True)
class Result:
    """What came of one submission.

    Args:
        questions: name → result, for the questions that were wanted.
        outputs: cell id → outputs in nbformat's form, for the executed notebook.
        layers: what confined the session, e.g. ("bubblewrap", "seccomp", "limits").
        seconds: wall time in the session.
    """

    questions: dict[str, QuestionResult]
    outputs: dict[str, list[Output]] = field(default_factory=dict)
    layers: tuple[str, ...] = ()
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Result:
        """Build from plain data."""
        questions = {
            name: QuestionResult.from_json(each)
            for name, each in data["questions"].items()
        }
        return cls(questions, data["outputs"], tuple(data["layers"]), data["seconds"])
