"""``python -m staff collect``: what a platform's download holds, to where it is graded.

- Canvas' "Download Submissions": a ZIP of files called
  ``name[_LATE]_USER_ATTACHMENT_file.ipynb``; USER is Canvas' id, which the roster has.
  Source: instructure/canvas-lms, lib/content_zipper.rb.
- Moodle's "Download all submissions": a ZIP of folders called
  ``Full name_NUMBER_assignsubmission_file``, in which files lie as they were handed in.
  NUMBER is the participant's in the grading worksheet (``--moodle worksheet.csv``);
  without a worksheet the full name decides, where only one learner has it.

Notebooks go to ``grading/submitted/STUDENT/NN_topic/NN_topic.ipynb``, ``regrade.txt``
beside it. Neither ZIP tells when something was handed in: for lateness to count, write
a ``timestamp.txt`` beside it, or let the platform's own rule count.
"""

from __future__ import annotations

import argparse
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from helpers.files import write_whole
from staff.course import Course, CourseError
from staff.grader.faults import InfraError, infra
from staff.grader.files import shown
from staff.grader.find import is_student
from staff.grader.requests import FILES
from staff.term.book import Learner, learners, opened
from staff.term.export import Told, match
from staff.term.table import read_table

__all__ = ["collect", "main"]

_LARGEST = 20_000_000  # bytes of one file, as much as the grader reads
_MOST = 20_000  # files in a ZIP
_MOODLE = re.compile(r"(?P<name>[^_/]+)_(?P<number>\d+)_assignsubmission_file_?")


@dataclass(frozen=True)
class _Found:
    """One file of a ZIP: whose, and what it is called."""

    student: str
    name: str
    info: zipfile.ZipInfo


def main(arguments: list[str] | None = None) -> int:
    """Run ``python -m staff collect``; return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m staff collect", description="Take submissions from a platform's ZIP."
    )
    add = parser.add_argument
    add("assignment", help="NN_topic or NN")
    add("zip", type=Path, help="that Canvas or Moodle gave")
    add("--moodle", type=Path, metavar="FILE", help="Moodle's grading worksheet (CSV)")
    options = parser.parse_args(arguments)
    course = Course()
    (stem,) = course.choose([options.assignment])
    for line in collect(course, stem, options.zip, worksheet=options.moodle):
        print(line)
    return 0


def collect(
    course: Course, stem: str, path: Path, *, worksheet: Path | None = None
) -> Iterator[str]:
    """Put submissions where they are graded; yield what is to be said.

    Args:
        course: with the class on its roster.
        stem: the assignment.
        path: the ZIP.
        worksheet: Moodle's, for its participants' numbers.

    Raises:
        CourseError: it is no such ZIP.
    """
    with opened(course) as book:
        people = learners(book)
    told = Told()
    numbers = _numbers(worksheet, people, told) if worksheet else {}
    try:
        with zipfile.ZipFile(path) as archive, infra("writing submissions"):
            infos = [i for i in archive.infolist() if not i.is_dir()][:_MOST]
            found = [f for i in infos if (f := _whose(i, people, numbers, told))]
            count = 0
            for student in sorted({one.student for one in found}):
                own = [one for one in found if one.student == student]
                count += _write(course, stem, archive, student, own, told)
    except (OSError, zipfile.BadZipFile, RuntimeError) as error:
        raise CourseError(
            f"{path}: expected the ZIP of submissions that Canvas or Moodle gave "
            f"({error})"
        ) from error
    except InfraError as error:
        raise CourseError(f"INFRA: {error}") from error
    yield from told.lines
    from_moodle = any("_assignsubmission_file" in i.filename for i in infos)
    unknown = any(line.startswith("whose is ") for line in told.lines)
    if unknown and not from_moodle and not any(one.lms for one in people.values()):
        yield (
            "the roster has no numbers of Canvas yet, by which its ZIP tells who is "
            "who: `python -m staff roster import` takes them from its Grades › Export"
        )
    said = f"{count} notebook{'s' * (count != 1)} of {stem}"
    yield f"{said}; grade them: `python -m staff grade {stem}`" if count else said


def _numbers(path: Path, people: dict[str, Learner], told: Told) -> dict[str, str]:
    """Return a Moodle participant's number → student."""
    table = read_table(path)
    place = table.identifiers()
    found = {}
    for index, one in match(table, people, told).items():
        number = re.search(r"(\d+)\s*$", table.rows[index][place])
        if number is not None:
            found[number[1]] = one.id
    return found


def _whose(
    info: zipfile.ZipInfo,
    people: dict[str, Learner],
    numbers: dict[str, str],
    told: Told,
) -> _Found | None:
    parts = PurePosixPath(info.filename.replace("\\", "/")).parts
    if not parts or parts[0] == "__MACOSX" or parts[-1].startswith("."):
        return None
    for part in parts[:-1]:
        folder = _MOODLE.fullmatch(part)
        if folder is not None:
            names = [p.id for p in people.values() if _same(p.name, folder["name"])]
            by_name = names[0] if len(names) == 1 else ""
            student = numbers.get(folder["number"], by_name)
            return _known(student, parts[-1], info, told)
    by_lms = {one.lms: one.id for one in people.values() if one.lms}
    pieces = parts[-1].split("_")
    at = [place for place, piece in enumerate(pieces) if piece.isdecimal()]
    student = by_lms.get(pieces[at[0]], "") if len(at) > 1 else ""
    name = "_".join(pieces[at[1] + 1 :]) if len(at) > 1 else parts[-1]
    return _known(student, name, info, told)


def _same(one: str, other: str) -> bool:
    return sorted(one.casefold().split()) == sorted(other.casefold().split())


def _known(student: str, name: str, info: zipfile.ZipInfo, told: Told) -> _Found | None:
    if not is_student(student):
        told.lines.append(f"whose is {shown(info.filename, 100)}? left out")
        return None
    return _Found(student, name, info)


def _write(
    course: Course,
    stem: str,
    archive: zipfile.ZipFile,
    student: str,
    own: list[_Found],
    told: Told,
) -> int:
    """Write one learner's files; return 1 if a notebook is among them."""
    folder = course.grading / "submitted" / student / stem
    notebooks = [one for one in own if one.name.casefold().endswith(".ipynb")]
    # Of several the one that is called like the assignment, else the one named last.
    best = max(notebooks, key=lambda one: (stem in one.name, one.name), default=None)
    chosen = [(best, f"{stem}.ipynb")] if best else []
    chosen += [(one, one.name) for one in own if one.name in FILES]
    if best is not None and len(notebooks) > 1:
        told.lines.append(f"{student}: {len(notebooks)} notebooks, took {best.name}")
    if best is None:
        told.lines.append(f"{student}: no notebook")
    for one, name in chosen:
        if one.info.file_size > _LARGEST:
            told.lines.append(
                f"{student}: {shown(one.name)} is larger than 20 MB; left out"
            )
            continue
        with archive.open(one.info) as file:
            content = file.read(_LARGEST + 1)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, content, durable=False, mode=0o600)
    return bool(notebooks)
