"""Record once more what the journal holds: after a change of dates, rules or marks.

Nothing of a learner's runs. Whatever would be written as it stands already is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from staff.course import Course, CourseError
from staff.grader.bundle import Bundle
from staff.grader.faults import InfraError
from staff.grader.find import Candidate
from staff.grader.intake import originals, read
from staff.grader.journal import Entry, Journal
from staff.grader.model import Result, Submission, Verdict
from staff.grader.record import Recorder

__all__ = ["remembered", "settle_again"]


def settle_again(course: Course, stem: str) -> int:
    """Bring gradebook and pages of an assignment up to date.

    Returns:
        The number of submissions for which something was written.

    Raises:
        CourseError: somebody is grading just now, or it could not be written.
    """
    if not len(Journal(course, stem)):
        return 0
    bundle, count = Bundle.load(course, stem), 0
    try:
        with Journal(course, stem) as journal, Recorder(course, bundle) as recorder:
            for entry in _scored(journal, bundle):
                short = _short(entry)
                result = Result(entry.questions)
                if recorder.is_settled(journal, short, result):
                    continue
                whole = remembered(course, bundle, journal, entry)
                count += recorder.settle(journal, *whole, None)
    except InfraError as error:
        raise CourseError(f"INFRA: {error}") from error
    return count


def _scored(journal: Journal, bundle: Bundle) -> Iterator[Entry]:
    """Yield the entries that can be recorded: every question has a verdict."""
    for entry in list(journal.entries()):
        verdicts = {q.verdict for q in entry.questions.values()}
        if (
            Verdict.INFRA not in verdicts
            and bundle.questions.keys() <= entry.questions.keys()
        ):
            yield entry


def _short(entry: Entry) -> Submission:
    """Return what of a submission tells whether it was recorded."""
    return Submission(
        *(entry.student, entry.file, entry.sha256),
        repairs=entry.repairs,
        invalid=entry.invalid,
        timestamp=entry.timestamp,
    )


def remembered(
    course: Course, bundle: Bundle, journal: Journal, entry: Entry
) -> tuple[Submission, Result]:
    """Return what was graded: answers from the file kept, verdicts from the journal."""
    short = _short(entry)
    result = Result(
        *(entry.questions, journal.outputs(entry), entry.layers, entry.seconds)
    )
    if entry.invalid or not entry.sha256:
        return short, result
    folder = originals(course.grading, entry.student, bundle.stem)
    file = Candidate(entry.student, folder, (f"{entry.sha256}.ipynb",))
    again = read(file, bundle)
    if again.invalid:  # somebody deleted it: verdicts and marks are left
        return short, result
    told = {"file": entry.file, "repairs": entry.repairs}
    return replace(again, **told, timestamp=entry.timestamp), result  # type: ignore[arg-type]
