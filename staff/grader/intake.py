"""Read one learner's file into the steps of a session.

The file is hostile until proven otherwise: it is never run, links in it are never
followed, and whatever it is, the outcome is a `Submission`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from staff.grader.align import Index, Piece, align, index
from staff.grader.arrange import Arrangement, arrange
from staff.grader.bundle import RUN, Bundle
from staff.grader.decode import Cell, Decoded, Limits, decode
from staff.grader.files import Refused, keep_original, read_below, shown
from staff.grader.find import Candidate, find, is_student, strange
from staff.grader.model import Submission
from staff.grader.suspect import code_suspicions, edited_tests, metadata_suspicions

__all__ = ["Candidate", "Limits", "find", "is_student", "originals", "read", "strange"]

_LOST = (
    "Your notebook had lost the course's marks on its cells, as happens in some "
    "programs. The cells were recognised all the same."
)


def originals(grading: Path, student: str, stem: str) -> Path:
    """Return the folder in which a learner's files are kept as they came.

    Raises:
        ValueError: this is no learner's name.
    """
    if not is_student(student):
        raise ValueError(f"expected a learner's name, got {shown(student)!r}")
    return grading / "originals" / student / stem


def read(
    candidate: Candidate,
    bundle: Bundle,
    limits: Limits | None = None,
    *,
    grading: Path | None = None,
) -> Submission:
    """Read a file and put its answers into the instructor's notebook.

    Args:
        candidate: from `find`.
        bundle: the assignment.
        limits: how much is read; the usual ones if None.
        grading: the course's grading folder, to keep the bytes handed in below it.

    Returns:
        The submission; `invalid` says why if nothing can be made of the file.
    """
    limits = limits or Limits()
    submission = Submission(
        *(candidate.student, candidate.file, ""),
        repairs=candidate.repairs,
        suspicions=candidate.concerns,
        invalid=candidate.problem,
        timestamp=candidate.timestamp,
    )
    if candidate.problem:
        return submission
    try:
        content = read_below(candidate.base, candidate.parts, limits.size)
        sha256 = hashlib.sha256(content).hexdigest()
        submission = replace(submission, sha256=sha256)
        if grading is not None:
            folder = originals(grading, candidate.student, bundle.stem)
            keep_original(folder, content)
        return _filled(submission, decode(content, limits), index(bundle))
    except Refused as why:
        return replace(submission, invalid=str(why))


def _filled(submission: Submission, decoded: Decoded, known: Index) -> Submission:
    pieces = align(decoded.cells, known)
    done = arrange(pieces, known)
    graded = {*known.answer.values(), *known.test.values()}
    if not {p.place for p in pieces} & graded and not _answered(done):
        raise Refused(
            "This is another notebook: none of its cells belongs to "
            f"{known.bundle.stem}."
        )
    edited = [*dict.fromkeys(edited_tests(pieces, known))]
    labels = [known.bundle.questions[name].label for name in edited]
    repairs = (
        *(*submission.repairs, *decoded.repairs, *_metadata(decoded.cells, known)),
        *done.repairs,
        *_given(pieces, known),
    )
    suspicions = (
        *submission.suspicions,
        *(f"{label}: the check cell was changed." for label in labels),
        *metadata_suspicions(decoded.cells, known),
        *code_suspicions(done.steps, known),
    )
    return replace(
        submission,
        steps=tuple(done.steps),
        missing=frozenset(done.missing),
        repairs=tuple(dict.fromkeys(repairs)),
        suspicions=tuple(dict.fromkeys(suspicions)),
    )


def _answered(done: Arrangement) -> bool:
    return any(step.kind == "answer" for step in done.steps)


def _metadata(cells: tuple[Cell, ...], known: Index) -> list[str]:
    return [] if any(c.grade_id in known.by_grade for c in cells) else [_LOST]


def _given(pieces: list[Piece], known: Index) -> Iterator[str]:
    """Yield what was done about given cells that were changed or deleted."""
    cells = known.bundle.cells
    changed = {p.place for p in pieces if p.changed}
    added = {p.after for p in pieces if p.after is not None}
    there = {p.place for p in pieces}
    lost = 0
    for place, cell in enumerate(cells):
        if cell.role == "test":
            label = known.bundle.questions[cell.question].label
            if place in changed:
                yield f"{label}: the check cell was changed; the original was used."
            elif place not in there:
                yield f"{label}: the check cell was missing; it was put back."
        elif cell.role in RUN and place in changed:
            begin = shown(cell.released.strip().split("\n")[0], 40)
            kept = ", and what you added was kept" if place in added else ""
            yield f"The given cell “{begin}” was changed; the original was used{kept}."
        lost += cell.role in RUN and place not in there
    for piece in pieces:
        if not piece.text and piece.cell.kind != "code" and piece.place is not None:
            name = cells[piece.place].question
            label = known.bundle.questions[name].label
            yield f"{label}: your answer stood in a text cell; it was read as code."
    if lost:
        yield f"{lost} given cell{'s were' if lost > 1 else ' was'} missing; put back."
