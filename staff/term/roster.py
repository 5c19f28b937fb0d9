"""``python -m staff roster``: who is in the class, from the platform's own files.

Three kinds of file are read, and told apart by their titles:

- Canvas' gradebook (Grades › Export): ``Student, ID, [SIS User ID,] SIS Login ID,
  Section``, then assignments; a row "Points Possible" and perhaps one "Manual Posting"
  are no students. Source: instructure/canvas-lms, lib/gradebook_exporter.rb.
- Moodle's participants, grades (Grades › Export › Plain text) or grading worksheet:
  ``First name, Last name`` (once ``Surname``) or ``Full name``, ``ID number``, ``Email
  address``. Source: moodle/moodle, grade/export/txt/grade_export_txt.php.
- A plain table: ``id``, ``first_name`` and ``last_name`` or ``name``, ``email``,
  ``lms_user_id``; only ``id`` is needed.

All of it goes to the students of nbgrader's gradebook.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from staff.course import Course, CourseError
from staff.grader.find import is_student
from staff.term.book import Learner, learners, opened
from staff.term.table import Table, plain, read_table

__all__ = ["Roster", "main", "read_roster", "save"]

_FIELDS = {
    "first": ("first name", "firstname", "given name"),
    "last": ("last name", "lastname", "surname", "family name"),
    "name": ("student", "full name", "name"),
    "email": ("email address", "email", "e-mail"),
}
_IDS = {
    "Canvas": ("SIS Login ID", "SIS User ID", "ID"),
    "Moodle": ("Username", "ID number", "Email address"),
    "plain": ("id", "student_id", "username", "student", "login", "email"),
}
_LMS = {"Canvas": ("ID",), "Moodle": (), "plain": ("lms_user_id", "lms id", "lms")}
_LONGEST = 128  # characters of any of these in nbgrader's gradebook


@dataclass(frozen=True)
class Roster:
    """What stands in a file.

    Args:
        kind: "Canvas", "Moodle" or "plain".
        id_column: title of the column whose entries are the ids.
        students: in the file's order.
        left_out: rows that are no students, each with the reason.
    """

    kind: str
    id_column: str
    students: list[Learner]
    left_out: list[str]


def main(arguments: list[str] | None = None) -> int:
    """Run ``python -m staff roster``; return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m staff roster", description="Students of the gradebook."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser(
        "import", help="take students from a CSV file"
    ).add_argument
    add("file", type=Path, help="of Canvas, Moodle, or plain: id, name, email")
    add("--id", metavar="TITLE", help="column with the names of submitted folders")
    add("--dry-run", action="store_true", help="show what would change")
    commands.add_parser("show", help="list them")
    options = parser.parse_args(arguments)
    course = Course()
    if options.command == "show":
        return _show(course)
    roster = read_roster(options.file, id_column=options.id)
    for line in save(course, roster, dry_run=options.dry_run):
        print(line)
    return 0


def _show(course: Course) -> int:
    with opened(course) as book:
        found = list(learners(book).values())
    widths = [
        max((len(getattr(s, f.name)) for s in found), default=0)
        for f in fields(Learner)
    ]
    for one in found:
        parts = [getattr(one, each.name) for each in fields(Learner)]
        line = "  ".join(p.ljust(w) for p, w in zip(parts, widths, strict=True))
        print(line.rstrip())
    print(f"{len(found)} students")
    return 0


# --- reading ----------------------------------------------------------------------


def read_roster(path: Path, *, id_column: str | None = None) -> Roster:
    """Read a class from a file.

    Args:
        path: of a kind named above.
        id_column: title of the column whose entries name the submitted folders; the
            login of Canvas, the user name, ID number or address of Moodle, if None.

    Raises:
        CourseError: the file is not of these kinds, or names somebody twice; the
            message names line and remedy.
    """
    table = read_table(path)
    kind = _kind(table)
    place = _id_place(table, kind, id_column)
    students, left_out = [], []
    for index, row in enumerate(table.rows):
        why = _no_student(table, kind, row)
        if why:
            left_out.append(f"{table.where(index)}: {why}")
            continue
        students.append(_learner(table, kind, place, index))
    _unique(table, students)
    if not students:
        raise CourseError(f"{path}: expected students, found no row that is one")
    return Roster(kind, table.header[place], students, left_out)


def _kind(table: Table) -> str:
    if table.column("Student") == 0 and table.column("SIS Login ID", "Section"):
        return "Canvas"
    moodle = table.column("Email address") is not None
    named = table.column("Full name", "Surname", "Last name", "First name") is not None
    return "Moodle" if moodle and named else "plain"


def _id_place(table: Table, kind: str, wanted: str | None) -> int:
    titles = (wanted,) if wanted else _IDS[kind]
    for title in titles:
        place = table.column(title)
        if place is not None and any(plain(row[place]) for row in table.rows):
            return place
    raise CourseError(
        f"{table.path.name}: expected a column {' or '.join(map(repr, titles))} with "
        f"entries, found {', '.join(map(repr, table.header[:12]))}; name the column "
        "whose entries are the folders handed in: --id TITLE"
    )


def _no_student(table: Table, kind: str, row: list[str]) -> str:
    """Return why a row of Canvas' file is no student; "" if it is one."""
    if kind != "Canvas":
        return ""
    name = row[table.column("Student") or 0].strip()
    if name.startswith("Points Possible"):
        return "the points possible"
    if not name and any("Manual Posting" in each or each == "Muted" for each in row):
        return "how assignments are posted"
    if name.casefold() == "student, test":
        return "Canvas' test student"
    return ""


def _learner(table: Table, kind: str, place: int, index: int) -> Learner:
    row = table.rows[index]
    entry = {
        field: plain(row[column])
        for field, titles in _FIELDS.items()
        if (column := table.column(*titles)) is not None and column != place
    }
    own = plain(row[place])
    if not is_student(own):
        raise CourseError(
            f"{table.where(index)}: expected an id in {table.header[place]!r}, found "
            f"{own[:60]!r}; an id has letters and digits, then also . _ @ + - ' and "
            "single spaces, as the folder handed in has; mend it, or choose another "
            "column: --id TITLE"
        )
    first, last = entry.get("first", ""), entry.get("last", "")
    if not first and not last:
        first, last = _parts(entry.get("name", ""))
    email = entry.get("email") or (own if "@" in own else "")
    lms = table.column(*_LMS[kind]) if _LMS[kind] else None
    lms_id = "" if lms is None else plain(row[lms])
    found = Learner(own, first, last, email, lms_id)
    for each in fields(Learner):
        if len(getattr(found, each.name)) > _LONGEST:
            raise CourseError(
                f"{table.where(index)}: expected at most {_LONGEST} characters in each "
                f"cell, found {len(getattr(found, each.name))}; shorten it"
            )
    return found


def _parts(name: str) -> tuple[str, str]:
    """Return (first, last) name of "Last, First" or "First Last"."""
    if "," in name:
        last, first = name.split(",", 1)
        return first.strip(), last.strip()
    first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()


def _unique(table: Table, students: list[Learner]) -> None:
    for what in ("id", "email", "lms"):
        seen: dict[str, str] = {}
        for one in students:
            value = getattr(one, what).casefold()
            if value and value in seen:
                raise CourseError(
                    f"{table.path.name}: expected every {what} once, found {value!r} "
                    f"for {seen[value]} and {one.name}; take one of the rows out"
                )
            seen[value] = one.name


# --- saving -----------------------------------------------------------------------


def save(course: Course, roster: Roster, *, dry_run: bool = False) -> Iterator[str]:
    """Bring the students of the gradebook up to date; yield what changed.

    Nobody is ever taken out: who dropped the course keeps his or her grades.

    Args:
        course: whose gradebook; it is made if there is none.
        roster: as read.
        dry_run: change nothing.
    """
    with opened(course, create=True) as book:
        before = learners(book)
        new = changed = 0
        for one in roster.students:
            old = before.get(one.id)
            told = _changes(old, one)
            new += old is None
            changed += bool(old and told)
            if told:
                yield f"{one.id}: {told}"
            if told and not dry_run:
                book.update_or_create_student(one.id, **_columns(old, one))
        missing = before.keys() - {one.id for one in roster.students}
    for line in roster.left_out:
        yield f"left out: {line}"
    if missing:
        yield f"in the gradebook, not in this file: {', '.join(sorted(missing))}"
    yield from _strangers(course, {*before, *(one.id for one in roster.students)})
    would = "would be " if dry_run else ""
    yield (
        f"{roster.kind} file, ids from {roster.id_column!r}: {len(roster.students)} "
        f"students, {would}{new} new, {changed} changed"
    )


def _columns(old: Learner | None, new: Learner) -> dict[str, str | None]:
    """Return nbgrader's columns; what a file does not say stays."""
    names = {"first": "first_name", "last": "last_name", "lms": "lms_user_id"}
    return {
        names.get(each.name, each.name): getattr(new, each.name)
        for each in fields(Learner)
        if each.name != "id" and getattr(new, each.name)
    }


def _changes(old: Learner | None, new: Learner) -> str:
    if old is None:
        return f"new, {new.name}" + (f" <{new.email}>" if new.email else "")
    return ", ".join(
        f"{each.name} {getattr(old, each.name) or '–'} → {getattr(new, each.name)}"
        for each in fields(Learner)
        if getattr(new, each.name) not in ("", getattr(old, each.name))
    )


def _strangers(course: Course, ids: set[str]) -> Iterator[str]:
    """Yield folders of submissions that belong to nobody, with the nearest id."""
    from rapidfuzz import process

    folder = course.grading / "submitted"
    names = (
        sorted(p.name for p in folder.iterdir() if p.is_dir())
        if folder.is_dir()
        else []
    )
    for name in names:
        if name not in ids and not name.startswith("."):
            near = process.extractOne(name, sorted(ids), score_cutoff=70)
            hint = f"; is it {near[0]}?" if near else ""
            yield f"handed in by nobody on the roster: grading/submitted/{name}{hint}"
