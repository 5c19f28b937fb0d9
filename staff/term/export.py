"""``python -m staff export``: grades for Canvas, for Moodle, and as one wide table.

Canvas and Moodle know their students best, so identities come from a file that they
wrote themselves, and that file is given back with the grades in it:

- ``canvas FILE``: FILE is Canvas' gradebook (Grades › Export). An assignment's column
  is called "Name (id)"; Canvas finds students by ID and assignments by the id in the
  title. Source: instructure/canvas-lms, lib/gradebook_exporter.rb and
  lib/gradebook_importer.rb.
- ``moodle FILE ASSIGNMENT``: FILE is the grading worksheet of one assignment ("Download
  grading worksheet"; it needs "Offline grading worksheet" and "Feedback comments" among
  the feedback types). Moodle looks for Identifier, Grade, Last modified (grade) and
  Feedback comments. Source: moodle/moodle, mod/assign/feedback/offline.
- ``moodle FILE``: FILE is the gradebook (Grades › Export › Plain text); what is written
  goes to Grades › Import › CSV, students mapped by "Email address" or "ID number".
- ``wide``: one row for each learner, one column for each question.

No text reaches a spreadsheet as a formula; negative numbers stay numbers.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from staff.course import Course, CourseError
from staff.grader.feedback import points
from staff.grader.pseudonyms import pseudonyms
from staff.term.book import Learner
from staff.term.grades import Assignment, Grades, read_grades
from staff.term.table import Table, plain, read_table, write_table

__all__ = ["canvas", "main", "match", "moodle_gradebook", "moodle_worksheet", "wide"]

Rows = list[list[object]]

_TITLE = re.compile(r"(?P<name>.*?)\s*\((?P<id>\d+)\)")
_IDENTITY = (
    *("Student", "LastName", "FirstName", "ID", "SIS User ID", "SIS Login ID"),
    *("Integration ID", "Root Account", "Section"),
)
_KEPT = {"EX", "N/A"}  # Canvas: excused, not assigned


@dataclass
class Told:
    """What is to be said about an export."""

    lines: list[str] = field(default_factory=list)


def main(arguments: list[str] | None = None) -> int:
    """Run ``python -m staff export``; return the exit status."""
    options = _options(arguments)
    course, told = Course(), Told()
    names = options.assignments
    if options.to == "canvas":
        names = names or list(_wanted(course, options.column))
    grades = read_grades(course, course.choose(names) if names else [])
    rows, delimiter = _rows(course, grades, options, told)
    name = "wide.csv" if options.to == "wide" else options.file.name
    target = options.out or course.grading / "exports" / name
    write_table(target, rows, delimiter=delimiter)
    for line in told.lines:
        print(line)
    print(f"written: {target}")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m staff export", description="Grades for Canvas, Moodle, spreadsheets."
    )
    commands = parser.add_subparsers(dest="to", required=True)
    for to in ("canvas", "moodle", "wide"):
        add = commands.add_parser(to).add_argument
        if to != "wide":
            add("file", type=Path, help=f"written by {to.capitalize()} itself")
        add("assignments", nargs="*", help="NN_topic or NN; those handed in, without")
        add("--out", type=Path, metavar="FILE", help="without: to grading/exports/")
        if to != "wide":
            add("--scale", action="store_true", help="to the points possible there")
            add("--zero", action="store_true", help="0 for what was not handed in")
        if to == "canvas":
            text = "column of an assignment, such as '02=Dropout (4711)'; repeatable"
            add("--column", action="append", default=[], metavar="NN=TITLE", help=text)
        if to == "wide":
            add("--anonymous", action="store_true", help="names that tell nothing")
    return parser.parse_args(arguments)


def _rows(
    course: Course, grades: Grades, options: argparse.Namespace, told: Told
) -> tuple[Rows, str]:
    if options.to == "wide":
        return wide(course, grades, anonymous=options.anonymous), ","
    table = read_table(options.file)
    scale, zero = options.scale, options.zero
    if options.to == "canvas":
        wanted = _wanted(course, options.column)
        rows = canvas(table, grades, wanted, told, scale=scale, zero=zero)
    elif table.column("Identifier") is not None:
        if len(grades.assignments) != 1:
            raise CourseError(
                f"{table.path.name} is the worksheet of one assignment; say which: "
                f"python -m staff export moodle {table.path.name} NN"
            )
        (one,) = grades.assignments
        rows = moodle_worksheet(table, grades, one, told, scale=scale, zero=zero)
    else:
        rows = moodle_gradebook(table, grades, told, zero=zero)
    return rows, table.delimiter


def _wanted(course: Course, given: Sequence[str]) -> dict[str, str]:
    found = {}
    for each in given:
        name, sign, title = each.partition("=")
        if not sign or not title:
            raise CourseError(f"--column {each!r}: expected NN=TITLE of a column")
        (stem,) = course.choose([name])
        found[stem] = title
    return found


# --- who is who -------------------------------------------------------------------


def match(table: Table, learners: dict[str, Learner], told: Told) -> dict[int, Learner]:
    """Return row → learner, by ids and addresses, and by a name that only one has.

    Args:
        table: of Canvas or Moodle.
        learners: of the gradebook.
        told: gets who was not found, on either side.
    """
    keys: dict[str, dict[str, Learner]] = {"id": {}, "lms": {}, "email": {}}
    for one in learners.values():
        for kind, values in keys.items():
            if value := getattr(one, kind).casefold():
                values[value] = one
    names = _unique_names(learners)
    columns = {
        "ID": ("lms", "id"),
        "SIS Login ID": ("id", "email"),
        "SIS User ID": ("id",),
        "Username": ("id",),
        "ID number": ("id", "lms"),
        "Email address": ("email", "id"),
    }
    found: dict[int, Learner] = {}
    for index, row in enumerate(table.rows):
        for title, kinds in columns.items():
            place = table.column(title)
            if place is None or index in found:
                continue
            value = plain(row[place]).casefold()
            for kind in kinds:
                if value and value in keys[kind]:
                    found.setdefault(index, keys[kind][value])
        by_name = names.get(_row_name(table, row))
        if index not in found and by_name is not None:
            found[index] = by_name
    _tell_unmatched(table, found, learners, told)
    return found


def _unique_names(learners: dict[str, Learner]) -> dict[frozenset[str], Learner]:
    names: dict[frozenset[str], list[Learner]] = {}
    for one in learners.values():
        if one.first and one.last:
            words = frozenset(f"{one.first} {one.last}".casefold().split())
            names.setdefault(words, []).append(one)
    return {words: each[0] for words, each in names.items() if len(each) == 1}


def _row_name(table: Table, row: list[str]) -> frozenset[str]:
    titles = ("Student", "Full name", "First name", "FirstName")
    more = ("Last name", "LastName", "Surname")
    places = [table.column(*titles), table.column(*more)]
    text = " ".join(plain(row[p]) for p in places if p is not None)
    return frozenset(text.replace(",", " ").casefold().split())


def _tell_unmatched(
    table: Table, found: dict[int, Learner], learners: dict[str, Learner], told: Told
) -> None:
    twice: dict[str, int] = {}
    for index, one in found.items():
        if one.id in twice:
            raise CourseError(
                f"{table.where(index)}: this row and line "
                f"{table.lines[twice[one.id]]} are both {one.name}; mend the ids on "
                "the roster (`python -m staff roster import`), or take a row out"
            )
        twice[one.id] = index
    for index, row in enumerate(table.rows):
        if index not in found and not _no_person(row):
            name = " ".join(plain(each) for each in row[:3]).strip()
            told.lines.append(f"{table.where(index)}: nobody here is {name[:60]}")
    missing = sorted(learners.keys() - twice.keys())
    if missing:
        told.lines.append(f"not in {table.path.name}: {', '.join(missing)}")


def _no_person(row: list[str]) -> bool:
    head = row[0].strip()
    return not head or head.startswith("Points Possible") or head == "Student, Test"


# --- Canvas -----------------------------------------------------------------------


def canvas(
    table: Table,
    grades: Grades,
    wanted: dict[str, str],
    told: Told,
    *,
    scale: bool = False,
    zero: bool = False,
) -> Rows:
    """Return Canvas' file with our grades: who is who, and our assignments' columns.

    Args:
        table: Canvas' gradebook.
        grades: ours.
        wanted: stem → title of its column, where the titles are not alike.
        told: gets what is to be said.
        scale: change our points to those possible there, should they differ.
        zero: 0 for what was not handed in; else its cell stays as it is there.

    Raises:
        CourseError: it is not Canvas' gradebook, a column is missing, or the points
            possible differ.
    """
    if table.column("Student", "LastName") is None or table.column("ID") is None:
        raise CourseError(
            f"{table.path.name}: expected Canvas' gradebook (Grades › Export) with the "
            f"columns Student and ID, found {', '.join(table.header[:6])}"
        )
    people = match(table, grades.learners, told)
    identity = [i for t in _IDENTITY if (i := table.column(t)) is not None]
    columns = {
        a.stem: _column(table, a, wanted.get(a.stem)) for a in grades.assignments
    }
    possible = next(
        (r for r in table.rows if r[0].strip().startswith("Points Possible")), None
    )
    factors = {
        a.stem: _factor(
            table, a, possible[columns[a.stem]] if possible else None, scale=scale
        )
        for a in grades.assignments
    }
    order = [*identity, *columns.values()]
    rows: Rows = [[table.header[place] for place in order]]
    for index, row in enumerate(table.rows):
        new: list[object] = [plain(row[place]) for place in identity]
        if row is possible:
            new[0] = "    Points Possible"  # as Canvas writes it
        for each in grades.assignments:
            there = row[columns[each.stem]].strip()
            learner = people.get(index)
            score = _score(each, learner, zero=zero) if learner else None
            keep = there in _KEPT or score is None
            new.append(there if keep else (score or 0.0) * factors[each.stem])
        if row is possible or index in people or _is_posting(row):
            rows.append(new)
    told.lines.append(f"{len(people)} students, {len(columns)} assignments for Canvas")
    return rows


def _is_posting(row: list[str]) -> bool:
    return not row[0].strip() and any("Manual Posting" in each for each in row)


def _column(table: Table, each: Assignment, wanted: str | None) -> int:
    """Return where an assignment's column stands in Canvas' file."""
    found = []
    for place, title in enumerate(table.header):
        match = _TITLE.fullmatch(title)
        name = match["name"] if match else title
        if wanted is not None:
            if wanted in (title, name):
                found.append(place)
        elif match and _alike(name, each.stem):
            found.append(place)
    if len(found) == 1:
        return found[0]
    titles = [t for t in table.header if _TITLE.fullmatch(t)]
    raise CourseError(
        f"{table.path.name}: expected one column for {each.stem}"
        f"{f' called {wanted!r}' if wanted else ''}, found {len(found)}; name it: "
        f"--column '{each.stem[:2]}=TITLE'; there are "
        f"{', '.join(map(repr, titles[:20]))}"
    )


def _alike(name: str, stem: str) -> bool:
    """Tell whether a title means an assignment: its name, or its number first."""
    words = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")
    return words == stem or words.split("_")[0] == stem[:2]


def _factor(table: Table, each: Assignment, there: str | None, *, scale: bool) -> float:
    try:
        possible = float((there or "").strip().replace(",", "."))
    except ValueError:
        return 1.0
    if not possible or possible == each.possible or not each.possible:
        return 1.0
    if not scale:
        raise CourseError(
            f"{table.path.name}: {each.stem} has {points(possible)} points there and "
            f"{points(each.possible)} here; change it there, or give --scale"
        )
    return possible / each.possible


def _score(each: Assignment, learner: Learner, *, zero: bool) -> float | None:
    marks = each.marks.get(learner.id)
    return marks.total if marks else 0.0 if zero else None


# --- Moodle -----------------------------------------------------------------------


def moodle_worksheet(
    table: Table,
    grades: Grades,
    each: Assignment,
    told: Told,
    *,
    scale: bool = False,
    zero: bool = False,
) -> Rows:
    """Return Moodle's grading worksheet with grades and comments filled in.

    The arguments are those of `canvas`; `each` is the worksheet's assignment.

    Raises:
        CourseError: it is no such worksheet, or the points possible differ.
    """
    grade, comment = table.column("Grade"), table.column("Feedback comments")
    most, may = table.column("Maximum Grade"), table.column("Grade can be changed")
    if grade is None or table.column("Last modified (grade)") is None:
        raise CourseError(
            f"{table.path.name}: expected Moodle's grading worksheet with the columns "
            "Identifier, Grade, Last modified (grade), found "
            f"{', '.join(table.header[:8])}; switch on 'Offline grading worksheet' in "
            "the assignment's feedback types and download it again"
        )
    people = match(table, grades.learners, told)
    rows: Rows = [[*table.header]]
    for index, row in enumerate(table.rows):
        new: list[object] = [plain(value) for value in row]
        learner = people.get(index)
        score = _score(each, learner, zero=zero) if learner else None
        if learner is not None and score is not None:
            if may is not None and row[may].strip().casefold() == "no":
                told.lines.append(f"{learner.name}: Moodle says the grade is locked")
            else:
                top = row[most] if most is not None else None
                new[grade] = score * _factor(table, each, top, scale=scale)
                if comment is not None:
                    new[comment] = summary(each, learner.id)
        rows.append(new)
    told.lines.append(f"{len(people)} students of {each.stem} for Moodle")
    return rows


def moodle_gradebook(
    table: Table, grades: Grades, told: Told, *, zero: bool = False
) -> Rows:
    """Return a table for Moodle's Grades › Import: who is who, one column each.

    The arguments are those of `canvas`.
    """
    titles = ("First name", "Last name", "Surname", "ID number", "Email address")
    keys = ("ID number", "Email address", "Username")
    identity = [i for t in (*titles, "Username") if (i := table.column(t)) is not None]
    if table.column(*keys) is None:
        raise CourseError(
            f"{table.path.name}: expected Moodle's grades or participants, a column "
            f"{' or '.join(keys)}, found {', '.join(table.header[:8])}"
        )
    people = match(table, grades.learners, told)
    rows: Rows = [[table.header[i] for i in identity]]
    rows[0] += [each.stem for each in grades.assignments]
    for index, row in enumerate(table.rows):
        if index in people:
            scores = [_score(a, people[index], zero=zero) for a in grades.assignments]
            rows.append([*(plain(row[i]) for i in identity), *scores])
    told.lines.append(f"{len(people)} students, {len(grades.assignments)} assignments")
    return rows


def summary(each: Assignment, student: str) -> str:
    """Return points and comments of each question, in a line each."""
    if student not in each.marks:
        return "Not handed in"
    marks, lines = each.marks[student], []
    for question in each.bundle.questions.values():
        got = f"{points(marks.score(question.grade_id))}/{points(question.points)}"
        comment = " ".join(marks.comments.get(question.name, "").split())
        lines.append(f"{question.title}: {got}" + (f". {comment}" if comment else ""))
    if marks.penalty:
        lines.append(f"Late: {points(-marks.penalty)}")
    return "\n".join(lines)


# --- one wide table ---------------------------------------------------------------


def wide(course: Course, grades: Grades, *, anonymous: bool = False) -> Rows:
    """Return one row for each learner with one column for each question.

    Args:
        course: keeps the key of the names that tell nothing.
        grades: of the term.
        anonymous: such names in place of ids, names and addresses.
    """
    rows: Rows = [["id"] if anonymous else ["id", *_PERSON]]
    for each in grades.assignments:
        number_ = each.stem[:2]
        rows[0] += [
            f"{number_} {q.number or q.name}" for q in each.bundle.questions.values()
        ]
        rows[0] += [f"{number_} late", f"{number_} total", f"{number_} of"]
    rows[0] += ["dropped", "total", "of", "percent"]
    secret = pseudonyms(course, list(grades.learners)) if anonymous else {}
    people = (
        sorted(grades.learners, key=secret.__getitem__)
        if anonymous
        else grades.learners
    )
    for student in people:
        one = grades.learners[student]
        person = [one.id, one.last, one.first, one.email, one.lms]
        row: list[object] = [secret[student]] if anonymous else [*person]
        for each in grades.assignments:
            row += _one(each, student)
        total = grades.total(student)
        row += [
            " ".join(stem[:2] for stem in total.dropped),
            total.score,
            total.possible,
        ]
        row.append(100 * total.score / total.possible if total.possible else 0.0)
        rows.append(row)
    return rows


_PERSON = ["last_name", "first_name", "email", "lms_user_id"]


def _one(each: Assignment, student: str) -> Iterator[object]:
    """Yield the cells of one assignment; empty where nothing was handed in."""
    marks = each.marks.get(student)
    for question in each.bundle.questions.values():
        yield None if marks is None else marks.score(question.grade_id)
    yield None if marks is None else -marks.penalty
    yield None if marks is None else marks.total
    yield each.possible
