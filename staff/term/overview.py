"""``python -m staff overview``: the class over the term.

Who has handed in what and with which points, who is stuck where, which named mistakes
went away and which stay. Points come from nbgrader's gradebook, so that means are those
that formgrader shows; verdicts and mistakes from the journals.
"""

from __future__ import annotations

import argparse
import statistics
import textwrap
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from staff.course import Course
from staff.grader.faults import infra
from staff.grader.feedback import points
from staff.grader.journal import Entry, Journal
from staff.grader.model import Verdict
from staff.grader.pages import clean, page_template
from staff.grader.pseudonyms import pseudonyms
from staff.grader.record import write_text
from staff.grader.report import sentences
from staff.grader.scores import handed_in
from staff.term.grades import Assignment, Grades, read_grades
from staff.term.overview_page import BODY
from staff.term.table import write_table

__all__ = ["Mistake", "Notebook", "Overview", "Stuck", "collect", "main", "to_text"]

_WIDTH = 88


@dataclass(frozen=True)
class Notebook:
    """The class in one notebook.

    Args:
        stem: the assignment.
        handed_in: learners.
        mean: points before lateness, over those; a file that cannot be read counts
            as 0.
        possible: points.
        late: learners who were late.
        unreadable: files.
        waiting: learners whom a person has to look at.
        attempts: mean number of different files that a learner has handed in.
    """

    stem: str
    handed_in: int
    mean: float
    possible: float
    late: int
    unreadable: int
    waiting: int
    attempts: float


@dataclass(frozen=True)
class Stuck:
    """A learner who tried a question several times and does not have it.

    Args:
        student: who.
        stem: the assignment.
        question: title.
        tries: different files handed in since the question was first tried.
        last: the named mistake of the last one, or its verdict.
    """

    student: str
    stem: str
    question: str
    tries: int
    last: str


@dataclass(frozen=True)
class Mistake:
    """A named mistake over time.

    Args:
        stem: the assignment.
        question: title.
        sentence: what it is.
        ever: learners who made it once.
        now: learners whose last file still makes it.
        weeks: (Monday of the week, learners who handed it in then), in order.
    """

    stem: str
    question: str
    sentence: str
    ever: int
    now: int
    weeks: list[tuple[str, int]]


@dataclass(frozen=True)
class Overview:
    """All of it.

    Args:
        grades: of the gradebook.
        names: student → as he or she is called here.
        notebooks: in the course's order.
        stuck: most tries first.
        mistakes: those that most still make first.
        attempts: (stem, student) → different files.
    """

    grades: Grades
    names: dict[str, str]
    notebooks: list[Notebook] = field(default_factory=list)
    stuck: list[Stuck] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    attempts: dict[tuple[str, str], int] = field(default_factory=dict)


def main(arguments: list[str] | None = None) -> int:
    """Run ``python -m staff overview``; return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m staff overview", description="The class over the term."
    )
    add = parser.add_argument
    add("assignments", nargs="*", help="NN_topic or NN; those handed in, without")
    add("--tries", type=int, default=2, metavar="N", help="stuck: after N files; 2")
    add("--anonymous", action="store_true", help="names that tell nothing")
    add("--html", action="store_true", help="also write a page")
    add("--csv", action="store_true", help="also write the table of learners")
    options = parser.parse_args(arguments)
    course = Course()
    names = options.assignments
    stems = course.choose(names) if names else []
    found = collect(course, stems, tries=options.tries, anonymous=options.anonymous)
    print(to_text(found), end="")
    folder = course.grading / "reports"
    name = "overview-anonymous" if options.anonymous else "overview"
    if options.html:
        _write_page(folder / f"{name}.html", found)
    if options.csv:
        write_table(folder / f"{name}.csv", _table(found))
        print(f"CSV: {folder / f'{name}.csv'}")
    return 0


def _write_page(path: Path, found: Overview) -> None:
    with infra("writing the overview"):
        write_text(path, to_page(found), mode=0o600)
    print(f"Page: {path}")


# --- counting ---------------------------------------------------------------------


def collect(
    course: Course,
    stems: Iterable[str] = (),
    *,
    tries: int = 2,
    anonymous: bool = False,
) -> Overview:
    """Count what gradebook and journals hold.

    Args:
        course: whose.
        stems: the assignments; those that somebody handed in, if empty.
        tries: different files after which a learner counts as stuck.
        anonymous: give learners names that tell nothing.

    Raises:
        CourseError: nothing is graded yet.
    """
    grades = read_grades(course, list(stems))
    everybody = {*grades.learners, *(s for a in grades.assignments for s in a.marks)}
    names = {s: one.name for s, one in grades.learners.items()}
    if anonymous:
        names = pseudonyms(course, everybody)
    found = Overview(grades, names)
    for each in grades.assignments:
        _add(found, course, each, tries)
    found.stuck.sort(key=lambda one: (-one.tries, one.stem, one.student))
    found.mistakes.sort(key=lambda one: (-one.now, -one.ever, one.stem))
    return found


def _add(found: Overview, course: Course, each: Assignment, tries: int) -> None:
    """Add what is known about one assignment."""
    files: dict[str, dict[str, Entry]] = {}
    for entry in Journal(course, each.stem).history():
        if not any(q.verdict is Verdict.INFRA for q in entry.questions.values()):
            own = files.setdefault(entry.student, {})
            own.pop(entry.sha256, None)  # handed in once more: now
            own[entry.sha256] = entry
    latest = {student: [*own.values()][-1] for student, own in files.items()}
    for student, own in files.items():
        found.attempts[each.stem, student] = len(own)
        found.stuck.extend(_stuck(each, student, [*own.values()], tries))
    found.mistakes.extend(_mistakes(each, files))
    scores = [sum(map(m.score, m.automatic)) for m in each.marks.values()]
    counts = [len(own) for own in files.values()]
    found.notebooks.append(
        Notebook(
            each.stem,
            len(each.marks),
            statistics.fmean(scores) if scores else 0.0,
            each.possible,
            sum(marks.late > 0 for marks in each.marks.values()),
            sum(bool(entry.invalid) for entry in latest.values()),
            sum(bool(marks.waiting) for marks in each.marks.values()),
            statistics.fmean(counts) if counts else 0.0,
        )
    )


def _stuck(
    each: Assignment, student: str, entries: list[Entry], tries: int
) -> Iterable[Stuck]:
    """Yield the questions that a learner tried `tries` times and does not have."""
    marks = each.marks.get(student)
    for question in each.bundle.questions.values():
        tried = [
            result
            for entry in entries
            if (result := entry.questions.get(question.name)) is not None
            and result.verdict not in {Verdict.MISSING, Verdict.INVALID_FILE}
        ]
        if len(tried) < tries or tried[-1].verdict is Verdict.PASS:
            continue
        if marks and marks.score(question.grade_id) >= question.points:
            continue  # a person has decided
        last = tried[-1].mistake or str(tried[-1].verdict)
        yield Stuck(student, each.stem, question.title, len(tried), last)


def _mistakes(
    each: Assignment, files: dict[str, dict[str, Entry]]
) -> Iterable[Mistake]:
    ever: dict[tuple[str, str], set[str]] = {}
    now: Counter[tuple[str, str]] = Counter()
    weeks: dict[tuple[str, str], dict[str, set[str]]] = {}
    for student, own in files.items():
        entries = [*own.values()]
        for entry in entries:
            for name, result in entry.questions.items():
                if not result.mistake or name not in each.bundle.questions:
                    continue
                key = (name, result.mistake)
                ever.setdefault(key, set()).add(student)
                week = weeks.setdefault(key, {}).setdefault(_week(entry), set())
                week.add(student)
                now[key] += entry is entries[-1]
    told = sentences(each.bundle) if ever else {}
    for key, students in ever.items():
        name, mistake = key
        yield Mistake(
            each.stem,
            each.bundle.questions[name].title,
            told.get(name, {}).get(mistake, mistake),
            len(students),
            now[key],
            sorted((week, len(who)) for week, who in weeks[key].items()),
        )


def _week(entry: Entry) -> str:
    """Return the Monday of the week in which a file was handed in, or graded."""
    moment = handed_in(entry.timestamp) or handed_in(entry.when)
    if moment is None:
        return "unknown"
    return f"{moment - timedelta(days=moment.weekday()):%Y-%m-%d}"


# --- showing ----------------------------------------------------------------------


def to_text(found: Overview) -> str:
    """Return the overview for a terminal."""
    lines = [f"{len(found.grades.learners)} learners", ""]
    head = ["", "in", "mean", "of", "late", "unreadable", "to look at", "attempts"]
    lines += _aligned([head, *(_row(one) for one in found.notebooks)])
    lines += ["", *_aligned(_progress(found))]
    lines += ["", f"Stuck: {len(found.stuck) or 'nobody'}"]
    for one in found.stuck[:40]:
        who = _name(found, one.student)
        text = f"{who}: {one.stem[:2]} {one.question}, {one.tries} files, {one.last}"
        lines += _wrapped(text)
    if len(found.stuck) > 40:
        lines.append(f"  … and {len(found.stuck) - 40} more")
    lines += ["", "Named mistakes: learners who made it → still make it"]
    for each in found.mistakes:
        text = f"{each.ever} → {each.now}: {each.stem[:2]} {clean(each.sentence)}"
        lines += _wrapped(text)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _row(one: Notebook) -> list[str]:
    counts = (one.late, one.unreadable, one.waiting)
    mean = (f"{one.mean:.2f}", points(one.possible))
    return [
        one.stem,
        str(one.handed_in),
        *mean,
        *map(str, counts),
        f"{one.attempts:.1f}",
    ]


def _progress(found: Overview) -> list[list[str]]:
    """Return one row for each learner: points in each notebook, and the term's."""
    grades = found.grades
    rows = [["", *(each.stem[:2] for each in grades.assignments), "term", "%"]]
    people = sorted(grades.learners, key=lambda s: _name(found, s).casefold())
    for student in people:
        row = [_name(found, student)[:30]]
        for each in grades.assignments:
            marks = each.marks.get(student)
            row.append("·" if marks is None else points(marks.total))
        total = grades.total(student)
        share = total.score / total.possible if total.possible else 0.0
        rows.append([*row, points(total.score), f"{share:.0%}"])
    return rows


def _name(found: Overview, student: str) -> str:
    return clean(found.names.get(student, student))


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        row[0].ljust(widths[0])
        + "".join(f"  {c:>{w}}" for c, w in zip(row[1:], widths[1:], strict=True))
        for row in rows
    ]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")


def _table(found: Overview) -> list[list[object]]:
    grades = found.grades
    head: list[object] = ["learner"]
    for each in grades.assignments:
        head += [f"{each.stem[:2]} points", f"{each.stem[:2]} files"]
    rows: list[list[object]] = [[*head, "term", "of"]]
    for student in sorted(grades.learners, key=lambda s: _name(found, s).casefold()):
        row: list[object] = [_name(found, student)]
        for each in grades.assignments:
            marks = each.marks.get(student)
            row.append(None if marks is None else marks.total)
            row.append(found.attempts.get((each.stem, student), 0))
        total = grades.total(student)
        rows.append([*row, total.score, total.possible])
    return rows


def to_page(found: Overview) -> str:
    """Return the overview as one page."""
    progress = _progress(found)
    return page_template(BODY).render(
        title="Overview of the term",
        learners=len(found.grades.learners),
        notebooks=[_row(one) for one in found.notebooks],
        head=progress[0][1:],
        progress=progress[1:],
        stuck=[
            (_name(found, s.student), s.stem, s.question, s.tries, clean(s.last))
            for s in found.stuck
        ],
        mistakes=[
            (m.stem, m.question, clean(m.sentence), m.ever, m.now, m.weeks)
            for m in found.mistakes
        ],
    )
