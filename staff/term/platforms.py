"""``python -m staff platform gradescope|prairielearn NOTEBOOK``: grade inside others.

Runs in the container that such a system starts for one submission, grades it as `grade`
does, and writes ``results.json`` in the system's documented format:

- Gradescope: https://gradescope-autograders.readthedocs.io/en/latest/specs/
- PrairieLearn: https://prairielearn.readthedocs.io/en/latest/externalGrading/

If the grader itself fails, no results are written and the status is not 0, which both
show as a failure of the autograder: a learner never gets 0 for it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from staff.course import Course, CourseError
from staff.grader import grade, sandbox
from staff.grader.bundle import Bundle, Question
from staff.grader.decode import Limits
from staff.grader.faults import infra
from staff.grader.files import Refused, read_below
from staff.grader.model import QuestionResult, Verdict
from staff.grader.pages import clean, cut
from staff.grader.record import write_text

__all__ = [
    "LEARNER",
    "PLATFORMS",
    "Graded",
    "earned",
    "graded",
    "gradescope",
    "main",
    "message_of",
    "prairielearn",
]

LEARNER = "learner"
"""Whose files they are: one submission has nobody else's."""
_FILES = 20
_TEXT = 8_000  # bytes of a message: PrairieLearn reads up to 1 MB in all
_MISSING = "There is no notebook (a file that ends in .ipynb) in what was handed in."


@dataclass(frozen=True)
class Graded:
    """One submission's results.

    Args:
        questions: with their results, in order.
        invalid: why the file cannot be graded; "" if it was.
    """

    questions: tuple[tuple[Question, QuestionResult], ...]
    invalid: str = ""

    @property
    def possible(self) -> float:
        """Points that there are."""
        return sum(question.points for question, _ in self.questions)

    @property
    def points(self) -> float:
        """Points that were earned."""
        return sum(earned(*pair) for pair in self.questions)


def earned(question: Question, result: QuestionResult) -> float:
    """Return the points for a question."""
    return question.points if result.verdict is Verdict.PASS else 0.0


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m staff platform", description=__doc__)
    add = parser.add_argument
    add("platform", choices=[*PLATFORMS])
    add("name", metavar="NOTEBOOK", help="NN_topic or NN")
    add("--submission", type=Path, metavar="FOLDER", help="what was handed in")
    add("--results", type=Path, metavar="FILE", help="results.json")
    add("--sandbox", choices=sandbox.CHOICES[:-1], default="auto")
    add("--unsafe", action="store_true", help="no sandbox: answers can read the tests")
    options = parser.parse_args(arguments)
    platform = PLATFORMS[options.platform]
    results = options.results or Path(platform.results)
    with contextlib.suppress(FileNotFoundError):
        results.unlink()  # an older one is no answer if this run fails
    course = Course()
    (stem,) = course.choose([options.name])
    words = ["--unsafe"] if options.unsafe else ["--sandbox", options.sandbox]
    folder = options.submission or Path(platform.submission)
    found = graded(course, Bundle.load(course, stem), folder, words)
    with infra("writing the results"):
        write_text(results, json.dumps(platform.write(found), indent=1) + "\n")
    print(f"{found.points:g} of {found.possible:g} points: {results}")
    return 0


def graded(
    course: Course, bundle: Bundle, folder: Path, words: list[str] | None = None
) -> Graded:
    """Grade what lies in a folder, at the top or one folder below.

    Args:
        words: more words for `grade`.

    Raises:
        CourseError: the grader itself failed.
    """
    with tempfile.TemporaryDirectory(prefix="platform-") as place:
        base, lines = Path(place) / "submitted", Path(place) / "results.jsonl"
        try:
            number = _copied(folder, base / LEARNER / bundle.stem)
        except Refused as why:
            return _invalid(bundle, str(why))
        if not number:
            return _invalid(bundle, _MISSING)
        given = [bundle.stem, "--from", str(base), "--json", str(lines)]
        status = grade.main([*given, "--workers", "1", *(words or [])])
        told = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    if status or len(told) != 1:
        raise CourseError(
            f"INFRA: {bundle.stem} could not be graded here; see above. Nothing was "
            "scored: let the platform run it again"
        )
    results = {k: QuestionResult.from_json(v) for k, v in told[0]["questions"].items()}
    pairs = tuple((q, results[name]) for name, q in bundle.questions.items())
    return Graded(pairs, told[0]["invalid"])


def _invalid(bundle: Bundle, why: str) -> Graded:
    result = QuestionResult(Verdict.INVALID_FILE, why)
    return Graded(tuple((q, result) for q in bundle.questions.values()), why)


def _copied(folder: Path, target: Path) -> int:
    """Copy the notebooks handed in; return how many there were.

    Raises:
        Refused: one cannot be read.
    """
    target.mkdir(parents=True)
    number = 0
    for parts in _notebooks(folder):
        if number == _FILES:
            break
        content = read_below(folder, parts, Limits().size)
        name = parts[-1] if not (target / parts[-1]).exists() else f"{number}.ipynb"
        (target / name).write_bytes(content)
        number += 1
    return number


def _notebooks(folder: Path) -> Iterator[tuple[str, ...]]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise CourseError(
            f"{folder}: expected the folder of what was handed in ({error.strerror}); "
            "name it with --submission"
        ) from error
    for entry in found:
        if entry.name.lower().endswith(".ipynb"):
            yield (entry.name,)
    for entry in found:
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            for inner in sorted(os.listdir(entry.path)):
                if inner.lower().endswith(".ipynb"):
                    yield entry.name, inner


# --- what the systems read --------------------------------------------------------


def gradescope(found: Graded) -> dict[str, Any]:
    """Return Gradescope's results.json."""
    tests = [
        {
            "name": question.title,
            "number": question.number,
            "score": earned(question, result),
            "max_score": question.points,
            "status": "passed" if result.verdict is Verdict.PASS else "failed",
            "output": message_of(result),
            "output_format": "text",
            "visibility": "visible",
        }
        for question, result in found.questions
    ]
    return {
        "score": found.points,
        "output": _text(found.invalid),
        "output_format": "text",
        "stdout_visibility": "hidden",  # what staff read
        "tests": tests,
    }


def prairielearn(found: Graded) -> dict[str, Any]:
    """Return PrairieLearn's results.json; a file that is none costs no attempt."""
    if found.invalid:
        return {"gradable": False, "format_errors": [_text(found.invalid)]}
    return {
        "gradable": True,
        "score": found.points / found.possible if found.possible else 0.0,
        "message": f"{found.points:g} of {found.possible:g} points",
        "tests": [
            {
                "name": question.title,
                "points": earned(question, result),
                "max_points": question.points,
                "message": message_of(result),
            }
            for question, result in found.questions
        ],
    }


def message_of(result: QuestionResult) -> str:
    """Return what a learner is told about an answer."""
    if result.verdict is Verdict.PASS:
        return "All checks passed."
    return _text(result.message) or str(result.verdict)


def _text(text: str) -> str:
    return cut(clean(text), _TEXT)


@dataclass(frozen=True)
class Platform:
    """A system: where it puts things, and what it reads."""

    submission: str
    results: str
    write: Any


PLATFORMS = {
    "gradescope": Platform(
        "/autograder/submission", "/autograder/results/results.json", gradescope
    ),
    "prairielearn": Platform(
        "/grade/student", "/grade/results/results.json", prairielearn
    ),
}
