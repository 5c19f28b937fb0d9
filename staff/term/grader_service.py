"""``python -m staff grader-service``: the autograder of Grader-Service.

Grader-Service (https://github.com/TU-Wien-dataLAB/Grader-Service) grades with a program
that its executors `LocalProcessAutogradeExecutor` and `KubeAutogradeExecutor` call
``grader-convert autograde -i IN -o OUT``; the setting ``convert_executable`` names
another one. IN holds what a learner handed in, OUT a ``gradebook.json`` with the
assignment's cells, as the service's class GradeBookModel writes it. The program fills
in grades and comments, puts the executed notebooks beside them, and ends with 0;
anything else is a failed run, in which the service keeps what was there.

The service's own program reads a ``grader_config.py`` that lies among the files handed
in, as Python. This one runs nothing of a learner's but in the grader's sandbox.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from staff.course import Course, CourseError
from staff.grader import sandbox
from staff.grader.bundle import Bundle, Manual, Question
from staff.grader.faults import infra
from staff.grader.model import QuestionResult
from staff.grader.record import write_text
from staff.term.platforms import LEARNER, Graded, earned, graded, message_of

__all__ = ["fill", "grade_into", "main"]

_WAIT = 3600  # seconds for other submissions of this machine


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        "python -m staff grader-service", description=__doc__
    )
    add = parser.add_argument
    add("notebooks", nargs="*", help="such as 02; those of gradebook.json if none")
    add("--submission", type=Path, required=True, metavar="IN", help="a folder")
    add("--results", type=Path, required=True, metavar="OUT/gradebook.json")
    add("--sandbox", choices=sandbox.CHOICES[:-1], default="auto")
    add("--unsafe", action="store_true", help="no sandbox: answers can read the tests")
    options = parser.parse_args(arguments)
    course = Course()
    words = ["--unsafe"] if options.unsafe else ["--sandbox", options.sandbox]
    stems = course.choose(options.notebooks) if options.notebooks else []
    told = grade_into(course, options.submission, options.results, words, stems)
    print(f"{told}: {options.results}")
    return 0


def grade_into(
    course: Course, folder: Path, out: Path, words: list[str], stems: Sequence[str] = ()
) -> str:
    """Grade what one learner handed in; return what happened, in a line.

    Args:
        course: whose masters judge.
        folder: IN, what was handed in.
        out: OUT/gradebook.json, which is filled in.
        words: more words for `grade`.
        stems: the assignment's notebooks; those in gradebook.json that the course has,
            if empty.

    Raises:
        CourseError: gradebook.json is not as expected, or the grader itself failed.
            Then nothing is written.
    """
    book = _read(out)
    known = [name for name in book["notebooks"] if name in course.stems()]
    if not (wanted := [*stems] or known):
        raise CourseError(
            f"{out}: expected a notebook of this course among “notebooks”, found "
            f"{', '.join(book['notebooks']) or 'none'}"
        )
    made: dict[Path, str] = {}
    points = possible = 0.0
    course.grading.mkdir(exist_ok=True)
    with FileLock(course.grading / "platform.lock", timeout=_WAIT):
        for stem in wanted:
            bundle = Bundle.load(course, stem)
            found = graded(course, bundle, folder, words)
            fill(book, stem, found, bundle.by_hand)
            points, possible = points + found.points, possible + found.possible
            executed = course.grading / "autograded" / LEARNER / stem / f"{stem}.ipynb"
            if not found.invalid:
                made[out.parent / executed.name] = executed.read_text("utf-8")
    with infra("writing the results"):
        for path, text in made.items():
            write_text(path, text)
        write_text(out, json.dumps(book))
    return f"{points:g} of {possible:g} points"


def _read(path: Path) -> dict[str, Any]:
    try:
        book: dict[str, Any] = json.loads(path.read_text("utf-8"))
        for notebook in book["notebooks"].values():
            notebook["grade_cells_dict"], notebook["grades_dict"]
            notebook["solution_cells_dict"], notebook["comments_dict"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError(
            f"{path}: expected Grader-Service's gradebook.json, with notebooks and "
            f"their cells ({type(error).__name__}: {error})"
        ) from error
    return book


def fill(
    book: dict[str, Any], stem: str, found: Graded, manual: Iterable[Manual] = ()
) -> None:
    """Write results into the gradebook of one submission, as SaveAutoGrades does.

    Points and comments that a person gave stay, and the question is marked to be looked
    at again, as the service does itself.

    Raises:
        CourseError: the gradebook is of another version of the assignment.
    """
    notebook = book["notebooks"].get(stem)
    if notebook is None:
        raise CourseError(f"{stem}: no notebook of this name in gradebook.json")
    for question, result in found.questions:
        _grade(notebook, stem, question, earned(question, result))
        _comment(notebook, stem, question.name, result)
    for each in manual:  # a file that is none has nothing to be read by a person
        _grade(notebook, stem, each, 0.0 if found.invalid else None)


def _grade(
    notebook: dict[str, Any],
    stem: str,
    question: Question | Manual,
    points: float | None,
) -> None:
    name = question.grade_id
    cell = notebook["grade_cells_dict"].get(name)
    if cell is None or cell["max_score"] != question.points:
        raise CourseError(
            f"{stem}, {name}: expected a check with {question.points:g} points in "
            f"gradebook.json, found {cell and cell['max_score']}; Grader-Service has "
            "another version of the assignment: put the built notebook of "
            f"solutions/{stem}/ there and release it again"
        )
    old = notebook["grades_dict"].get(name) or {}
    by_hand = old.get("manual_score")
    notebook["grades_dict"][name] = {
        "id": name,
        "notebook_id": stem,
        "cell_id": name,
        "auto_score": points,
        "manual_score": by_hand,
        "extra_credit": old.get("extra_credit"),
        "needs_manual_grade": by_hand is not None or points is None,
        "max_score_gradecell": cell["max_score"],
        "max_score_taskcell": None,
        "failed_tests": points == 0 and cell["cell_type"] == "code",
        "max_score": cell["max_score"],
        "_type": "Grade",
    }
    cell["grade_id"] = name


def _comment(
    notebook: dict[str, Any], stem: str, name: str, result: QuestionResult
) -> None:
    """Put the check's message beside the answer, where feedback shows comments."""
    cell = notebook["solution_cells_dict"].get(name)
    if cell is None:
        raise CourseError(f"{stem}, {name}: gradebook.json has no such answer cell")
    old = notebook["comments_dict"].get(name) or {}
    notebook["comments_dict"][name] = {
        "id": name,
        "notebook_id": stem,
        "cell_id": name,
        "auto_comment": message_of(result),
        "manual_comment": old.get("manual_comment"),
        "_type": "Comment",
    }
    cell["comment_id"] = name
