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
from staff.grader.faults import InfraError, infra
from staff.grader.files import Refused, keep_original, read_below, shown
from staff.grader.find import Candidate, find, is_student, strange
from staff.grader.model import Submission
from staff.grader.reader import installed
from staff.grader.suspect import code_suspicions, edited_tests, metadata_suspicions

__all__ = ["Candidate", "Limits", "find", "is_student", "originals", "read", "strange"]

_LOST = (
    "Your notebook had lost the course's marks on its cells, as happens in some "
    "programs. The cells were recognised all the same."
)
_WRITTEN = 100_000  # characters of an answer in words
_NAMED = 5  # lines set aside that are named
_ABSENT = 20  # packages that are named


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

    Raises:
        InfraError: this machine could not do it: the disk is full, say.
    """
    with infra(f"reading {candidate.file}"):
        return _read(candidate, bundle, limits or Limits(), grading)


def _read(
    candidate: Candidate, bundle: Bundle, limits: Limits, grading: Path | None
) -> Submission:
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
            with infra(f"keeping what {candidate.student} handed in"):
                keep_original(folder, content)
        return _filled(submission, decode(content, limits), index(bundle))
    except Refused as why:
        return replace(submission, invalid=str(why))
    except (InfraError, OSError):
        raise
    except Exception as error:  # a mistake of ours, which may stop no other
        text = f"The file could not be read ({type(error).__name__})."
        return replace(submission, invalid=text)


def _filled(submission: Submission, decoded: Decoded, known: Index) -> Submission:
    pieces = align(decoded.cells, known)
    done = arrange(pieces, known)
    graded = {*known.answer.values(), *known.test.values()}
    if not {p.place for p in pieces} & graded and not _answered(done):
        raise Refused(
            "This is another notebook: none of its cells belongs to "
            f"{known.bundle.stem}."
        )
    absent = _absent(pieces, done, known)
    edited = [*dict.fromkeys(edited_tests(pieces, known))]
    labels = [known.bundle.questions[name].label for name in edited]
    repairs = (
        *(*submission.repairs, *decoded.repairs, *_metadata(decoded.cells, known)),
        *done.repairs,
        *_given(pieces, known),
        *_aside(pieces, known),
        *_not_installed(absent),
    )
    suspicions = (
        *submission.suspicions,
        *(f"{label}: the check cell was changed." for label in labels),
        *metadata_suspicions(decoded.cells, known),
        *code_suspicions(done.steps, known, done.pieces),
        *_lacking(absent, known),
    )
    return replace(
        submission,
        steps=tuple(done.steps),
        missing=frozenset(done.missing),
        repairs=tuple(dict.fromkeys(repairs)),
        suspicions=tuple(dict.fromkeys(suspicions)),
        absent=tuple(absent),
        written=tuple(_written(pieces, known)),
    )


def _written(pieces: list[Piece], known: Index) -> Iterator[tuple[str, str]]:
    """Yield (cell, text) of the answers in words; the last of several counts."""
    cells = known.bundle.cells
    found = {p.place: p.cell.source for p in pieces if p.place is not None and p.text}
    for place, text in found.items():
        if cells[place].role == "manual":
            yield cells[place].id, text[:_WRITTEN]


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


# --- what cannot run here ---------------------------------------------------------


def _own(pieces: list[Piece], known: Index) -> Iterator[Piece]:
    """Yield the cells that are the learner's to fill, or stand where such run."""
    for piece in pieces:
        role = "" if piece.place is None else known.bundle.cells[piece.place].role
        if not piece.text and role in {"", "solution", *RUN}:
            yield piece


def _aside(pieces: list[Piece], known: Index) -> Iterator[str]:
    """Yield a sentence about magics and the like, if there were any."""
    own = _own(pieces, known)
    lines = [*dict.fromkeys(line for piece in own for line in piece.reading.aside)]
    if not lines:
        return
    first = ", ".join(f"“{shown(line.strip(), 60)}”" for line in lines[:_NAMED])
    more = f" and {len(lines) - _NAMED} more" if len(lines) > _NAMED else ""
    yield (
        "Magics, shell commands and questions to IPython were set aside, since they "
        f"mean nothing while grading: {first}{more}. This costs no points."
    )


def _absent(
    pieces: list[Piece], done: Arrangement, known: Index
) -> list[tuple[str, str]]:
    """Return (package, question) for what is not installed; "" for a mere import."""
    bound: dict[str, str] = {}
    found: dict[tuple[str, str], None] = {}
    for piece in _own(pieces, known):
        for package in piece.reading.imports:
            if not installed(package):
                found[package, ""] = None
                bound |= dict.fromkeys(piece.reading.imports[package], package)
    packages = {package for package, _ in found}
    for step in done.steps if packages else ():
        if step.kind == "answer":
            reading = done.pieces[step.cell].reading
            used = {bound[n] for n in bound.keys() & (reading.looked_up or ())}
            used |= packages & reading.imports.keys()
            found |= {(package, step.question): None for package in sorted(used)}
    return [*found][:_ABSENT]


def _not_installed(absent: list[tuple[str, str]]) -> Iterator[str]:
    """Yield a sentence for the learner."""
    names = [shown(package, 40) for package, question in absent if not question]
    if names:
        one = len(names) == 1
        yield (
            f"{', '.join(names)} {'is' if one else 'are'} not installed where answers "
            f"are graded; {'its import was' if one else 'their imports were'} set "
            f"aside. An answer that needs {'it' if one else 'them'} cannot run there: "
            "use what the course installs."
        )


def _lacking(absent: list[tuple[str, str]], known: Index) -> Iterator[str]:
    """Yield sentences for the instructor."""
    for package, question in absent:
        if question:
            label = known.bundle.questions[question].label
            yield (
                f"{label} imports {shown(package, 40)}, which is not installed here: "
                "install it and grade again, or tell the class to do without."
            )
