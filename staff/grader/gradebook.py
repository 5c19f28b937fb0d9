"""nbgrader's own commands and its gradebook, from any shell.

``python -m staff nbgrader autograde 02_...`` is ``nbgrader autograde 02_...`` with the
assignment entered into the gradebook first, so that a fresh clone can grade at once.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nbgrader.api import Gradebook
from sqlalchemy import text

from staff.authoring.release import nbgrader_config, run_generator
from staff.course import Course, child_environment

__all__ = ["enter", "nbgrader", "register"]

_INDEXED = {
    "grade": "notebook_id",
    "comment": "notebook_id",
    "submitted_notebook": "assignment_id",
    "submitted_assignment": "student_id",
}


def register(arguments: list[str] | None = None) -> int:
    """Run ``python -m staff register [NAMES]``; return the exit status."""
    parser = argparse.ArgumentParser("python -m staff register", description=__doc__)
    parser.add_argument("names", nargs="*", help="NN_topic or NN; all without")
    course = Course()
    for stem in course.choose(parser.parse_args(arguments).names):
        enter(course, stem)
        print(f"{stem}: in the gradebook")
    return 0


def enter(course: Course, stem: str) -> None:
    """Enter an assignment and its tests into the gradebook; again brings it up to date.

    nbgrader does this while it makes a release; that release goes to a temporary
    folder here, so no learner's notebook is touched.

    Raises:
        CourseError: nbgrader refuses, for example because tests were taken away from
            an assignment that has submissions.
    """
    course.grading.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="course-") as folder, _path():
        config = nbgrader_config(course)
        config.CourseDirectory.release_directory = folder
        run_generator(config, stem)
        _add_indexes(config)


def _add_indexes(config: Any) -> None:
    """Add what nbgrader needs to find a learner's rows without reading all others.

    It finds scores, grades and comments by these columns and has no index for them: a
    class of n takes n² steps. An index changes no row, and upgrades keep it.
    """
    with Gradebook(str(config.CourseDirectory.db_url)) as book:
        for table, column in _INDEXED.items():
            name = f"course_{table}_{column}"
            book.db.execute(
                text(f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({column})")
            )
        book.db.commit()


def nbgrader(arguments: list[str]) -> int:
    """Run an nbgrader command in the course's folder; return its exit status."""
    course = Course()
    course.grading.mkdir(exist_ok=True)
    if arguments[:1] == ["autograde"]:
        for stem in _assignments(course, arguments[1:]):
            enter(course, stem)
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(
        command, cwd=course.root, env=child_environment(), check=False
    )
    return done.returncode


def _assignments(course: Course, arguments: list[str]) -> list[str]:
    words = [word.removeprefix("--assignment=") for word in arguments]
    return [stem for stem in course.stems() if stem in words]


@contextmanager
def _path() -> Iterator[None]:
    """Let nbgrader find ``alembic``, which it starts by name, in this process."""
    before = os.environ.get("PATH")
    os.environ["PATH"] = child_environment()["PATH"]
    try:
        yield
    finally:
        if before is None:
            del os.environ["PATH"]
        else:
            os.environ["PATH"] = before
