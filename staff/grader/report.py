"""``python -m staff report ASSIGNMENT``: what a class did, and who needs a person.

Everything comes from the journal, so the report can be made while grading runs.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import re
import textwrap
from collections.abc import Iterable
from dataclasses import astuple, replace
from pathlib import Path

from staff.course import Course, CourseError
from staff.grader.bundle import Bundle
from staff.grader.faults import infra
from staff.grader.feedback import points
from staff.grader.journal import Journal
from staff.grader.pages import clean, cut, page_template
from staff.grader.policy import Policy
from staff.grader.pseudonyms import pseudonyms
from staff.grader.record import write_text
from staff.grader.report_page import BODY
from staff.grader.statistics import Case, Report, Row, gather

__all__ = ["collect", "main", "sentences", "to_csv", "to_page", "to_text"]

_WIDTH = 88
_COLUMNS = [
    *("attempted", "passed", "failed", "difficulty", "discrimination", "median time")
]
_KEYS = [
    *("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name"),
    *("email", "raw_score", "late_submission_penalty", "score", "max_score"),
]
_FILE = re.compile(r"[^“\s/]*+(?: [^“\s/]++)*?\.ipynb", re.I)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m staff report", description=__doc__)
    parser.add_argument("name", help="NN_topic or NN")
    parser.add_argument("--html", action="store_true", help="also write a page")
    parser.add_argument(
        "--csv", action="store_true", help="also write grades in nbgrader's export form"
    )
    parser.add_argument(
        "--anonymous", action="store_true", help="names that tell nothing"
    )
    options = parser.parse_args(arguments)
    if options.anonymous and options.csv:
        raise CourseError("grades without names: `python -m staff export wide`")
    course = Course()
    (stem,) = course.choose([options.name])
    report = collect(course, Bundle.load(course, stem))
    if options.anonymous:
        report = _without_names(course, report)
    print(to_text(report), end="")
    folder = course.grading / "reports"
    with infra("writing the report"):
        if options.html:
            write_text(folder / f"{stem}.html", to_page(report))
            print(f"\nPage: {_shown(course, folder / f'{stem}.html')}")
        if options.csv:
            write_text(folder / f"{stem}.csv", to_csv(course, stem))
            print(f"\nCSV: {_shown(course, folder / f'{stem}.csv')}")
    return 0


def _without_names(course: Course, report: Report) -> Report:
    """Return the report with other names for learners, and without what names them."""
    secret = pseudonyms(course, {case.student for case in report.cases})
    people = _people(course)
    cases = []
    for case in report.cases:
        names = {case.student, Path(case.file).name, *people.get(case.student, ())}
        why = _nameless(case.why, names)
        cases.append(Case(secret[case.student], "", why))
    return replace(report, cases=cases)


def _nameless(why: str, names: Iterable[str]) -> str:
    """Return a sentence without a learner's names, and without names of files.

    Platforms and learners write people's names into names of files, in forms that no
    list foresees, so that these go as a whole.
    """
    if why.startswith("Several files:"):
        return "Several files: the report with names says which one was graded."
    why = _FILE.sub("….ipynb", why)
    for name in sorted(filter(None, names), key=len, reverse=True):
        why = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "…", why, flags=re.I)
    return why


def _people(course: Course) -> dict[str, set[str]]:
    """Return student → names, address and number in the platform, of the gradebook."""
    from nbgrader import api

    path = course.grading / "gradebook.db"
    if not path.exists():
        return {}
    with infra("reading the gradebook"), api.Gradebook(f"sqlite:///{path}", "") as book:
        return {
            one.id: {
                str(part)
                for part in (one.first_name, one.last_name, one.email, one.lms_user_id)
                if part
            }
            for one in book.students
        }


def collect(course: Course, bundle: Bundle) -> Report:
    """Count what the journal holds and add who was scored by hand before.

    Raises:
        CourseError: nothing is graded yet.
    """
    journal = Journal(course, bundle.stem)
    if not len(journal):
        raise CourseError(
            f"{bundle.stem}: nothing is graded yet; "
            f"run `python -m staff grade {bundle.stem}`"
        )
    named = any(r.mistake for e in journal.entries() for r in e.questions.values())
    told = sentences(bundle) if named else {}
    report = gather(bundle, journal.entries(), told, Policy.read(course.root))
    report.cases.extend(_scored_by_hand(course, bundle.stem))
    return report


def sentences(bundle: Bundle) -> dict[str, dict[str, str]]:
    """Return question → mistake → sentence, from the checks themselves."""
    from helpers import checks

    try:
        module = checks.load(bundle.stem)
    except ValueError:  # an assignment without checks of its own
        return {}
    found = {name: getattr(module, name, None) for name in bundle.questions}
    return {name: getattr(check, "mistakes", {}) for name, check in found.items()}


def _scored_by_hand(course: Course, stem: str) -> list[Case]:
    """Return where a score given by hand stands over a newer verdict."""
    from nbgrader import api

    path = course.grading / "gradebook.db"
    if not path.exists():
        return []
    why = "{}: the score given by hand counts; the answer was graded again since"
    with infra("reading the gradebook"), api.Gradebook(f"sqlite:///{path}", "") as book:
        rows = (
            book.db.query(api.Grade)
            .join(api.SubmittedNotebook)
            .join(api.Notebook)
            .filter(api.Notebook.name == stem, api.Grade.needs_manual_grade)
            .filter(api.Grade.manual_score.isnot(None))
            .all()
        )
        found = [(r.student.id, r.name.removeprefix("test_")) for r in rows]
    return [Case(student, "", why.format(name)) for student, name in sorted(found)]


# --- in the terminal --------------------------------------------------------------


def to_text(report: Report) -> str:
    """Return the report for a terminal, at most 88 columns wide."""
    lines = [report.stem, _summary(report), _verdicts(report), _layers(report), ""]
    lines += _table(report.rows)
    for row in report.rows:
        if row.mistakes:
            lines += ["", row.question.title]
            for count, sentence in _mistakes(row):
                lines += _wrapped(f"{count}: {sentence}", "  ")
    lines += ["", f"For a person to look at: {len(report.cases) or 'nothing'}"]
    for case in report.cases:
        lines += _wrapped(f"{clean(case.student)[:60]}: {clean(case.why)}", "  ")
    return "\n".join(line for line in lines if line is not None) + "\n"


def _table(rows: list[Row]) -> list[str]:
    cells = [["", *_COLUMNS]]
    for row in rows:
        numbers = (row.attempted, row.passed, row.failed, *_figures(row))
        title = row.question.title
        title = f"{title[:24]}…" if len(title) > 25 else title
        cells.append([title, *map(str, numbers)])
    cells[0][5:] = ["discrim.", "time"]
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    return [
        line[0].ljust(widths[0])
        + "".join(f"  {c:>{w}}" for c, w in zip(line[1:], widths[1:], strict=True))
        for line in cells
    ]


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  "
    )


def _summary(report: Report) -> str:
    mean = "–" if report.mean is None else points(report.mean)
    count = _count(report.students, "submission")
    told = f"{count} · mean {mean} of {points(report.possible)} points"
    return f"{told}{_unreadable(report)}"


def _unreadable(report: Report) -> str:
    """Return how many files count as 0 because nobody can read them."""
    number = report.unreadable
    verb = "counts" if number == 1 else "count"
    return f" ({number} cannot be read and {verb} as 0)" if number else ""


def _verdicts(report: Report) -> str:
    return " · ".join(f"{n} {verdict}" for verdict, n in report.verdicts.items())


def _layers(report: Report) -> str:
    told = [f"{layers} ({n})" for layers, n in report.layers.items()]
    return f"Confined by {', '.join(told)}" if told else "Confined by nothing"


def _mistakes(row: Row) -> list[tuple[str, str]]:
    return [(f"{n} of {row.attempted}", clean(text)) for _, text, n in row.mistakes]


def _figures(row: Row) -> tuple[str, str, str]:
    """Return difficulty, discrimination and median time as they are shown."""
    return (
        "–" if row.difficulty is None else f"{row.difficulty:.0%}",
        f"{row.discrimination:+.2f}" if row.undefined == "" else row.undefined,
        "–" if row.seconds is None else f"{row.seconds:.2f} s",
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _shown(course: Course, path: Path) -> str:
    return os.path.relpath(path, course.root)


# --- as a page --------------------------------------------------------------------


def to_page(report: Report) -> str:
    """Return the report as one page."""
    return page_template(BODY).render(
        title=f"Report · {report.stem}",
        students=_count(report.students, "submission"),
        mean="–" if report.mean is None else points(report.mean),
        possible=points(report.possible),
        unreadable=_unreadable(report),
        verdicts=_verdicts(report),
        layers=_layers(report),
        rows=[_page_row(row, report.students) for row in report.rows],
        cases=[Case(*(cut(clean(t), 4000) for t in astuple(c))) for c in report.cases],
    )


def _page_row(row: Row, students: int) -> dict[str, object]:
    difficulty, discrimination, seconds = _figures(row)
    parts = {
        "good": row.passed,
        "bad": row.failed,
        "none": students - row.passed - row.failed,
    }
    bar, start = [], 0.0
    for kind, count in parts.items():
        width = 100 * count / students
        bar.append((kind, f"{start:.2f}", f"{width:.2f}"))
        start += width
    return {
        "title": row.question.title,
        "attempted": row.attempted,
        "passed": row.passed,
        "failed": row.failed,
        "difficulty": difficulty,
        "discrimination": discrimination,
        "seconds": seconds,
        "mistakes": _mistakes(row),
        "bar": bar,
        "bar_text": "{good} passed, {bad} failed, {none} without an answer".format(
            **parts
        ),
    }


# --- as nbgrader exports ----------------------------------------------------------


def to_csv(course: Course, stem: str) -> str:
    """Return the grades as `nbgrader export` writes them, safe for a spreadsheet.

    A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    from nbgrader import api

    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(_KEYS)
    path = course.grading / "gradebook.db"
    if not path.exists():
        raise CourseError("there is no gradebook yet; run `python -m staff register`")
    with infra("reading the gradebook"), api.Gradebook(f"sqlite:///{path}", "") as book:
        assignment = book.find_assignment(stem)
        handed_in = {s.student_id: s for s in assignment.submissions}
        for student in book.students:
            submission = handed_in.get(student.id)
            score = submission.score if submission else 0.0
            penalty = submission.late_submission_penalty if submission else 0.0
            row = [stem, assignment.duedate, submission and submission.timestamp]
            row += [student.id, student.last_name, student.first_name, student.email]
            row += [score, penalty, max(0.0, score - penalty), assignment.max_score]
            table.writerow([_field(value) for value in row])
    return file.getvalue()


def _field(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    return f"'{value}" if value.startswith(_FORMULA) else value
