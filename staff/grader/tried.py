"""What dry runs have found out, kept so that the run that follows need not repeat it.

It lies in ``grading/cache/`` in the journal's form. Whatever goes wrong with it, only
time is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from staff.course import Course, CourseError
from staff.grader.faults import InfraError
from staff.grader.journal import Journal, Recalled
from staff.grader.model import Result, Submission

__all__ = ["Tried"]


class Tried:
    """The results of dry runs; as a context it takes more of them.

    Args:
        course: whose ``grading/cache`` it is in.
        stem: the assignment.
        limits: see `Journal`.
    """

    def __init__(self, course: Course, stem: str, limits: str = "") -> None:
        self._journal: Journal | None = None
        self._writes = False
        with suppress(InfraError, OSError, KeyError, TypeError, ValueError):
            self._journal = Journal(course, stem, limits, folder="cache")

    def __enter__(self) -> Tried:
        if self._journal is not None:
            with suppress(CourseError, InfraError, OSError):  # another dry run has it
                self._journal.__enter__()
                self._writes = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._journal is not None and self._writes:
            self._journal.__exit__()
        self._writes = False

    def recall(self, submission: Submission, keys: Mapping[str, str]) -> Recalled:
        """Return what is known about a submission and what is left to be run."""
        nothing = Recalled(Result({}), tuple(keys))
        if self._journal is None:
            return nothing
        try:
            return self._journal.recall(submission, keys)
        except (InfraError, OSError, KeyError, TypeError, ValueError):
            return nothing

    def keep(
        self, submission: Submission, result: Result, keys: Mapping[str, str]
    ) -> None:
        """Keep what came of a submission, unless it is kept already."""
        if self._journal is None or not self._writes:
            return
        if not all(map(self._journal.knows, keys.values())):
            with suppress(InfraError, OSError):
                self._journal.append(submission, result, keys)

    def forget(self) -> None:
        """Delete everything: it stands in the journal by now."""
        if self._journal is not None:
            with suppress(OSError):
                self._journal.delete()
