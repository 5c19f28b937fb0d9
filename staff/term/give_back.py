"""``python -m staff return ASSIGNMENT``: feedback in the forms that platforms take.

Everything lies in ``grading/returned/NN_topic/``:

- ``pages/STUDENT/NN_topic.html``: one folder for each learner; with ``--zip``,
  ``STUDENT.zip`` in place of it.
- ``canvas.zip`` (``--canvas FILE``): for Canvas' "Upload Submissions". FILE is what its
  "Download Submissions" gave; Canvas finds the learner by the first number in a file's
  name and the submission by the second, and shows the file under the name of what was
  handed in. So names are kept, and what is in them is a notebook, as was handed in.
  Source: instructure/canvas-lms, lib/content_zipper.rb (`get_filename`), and
  `infer_comment_context_from_filename` of its assignments.
- ``moodle.zip`` (``--moodle FILE``): for Moodle's "Upload multiple feedback files in a
  zip". FILE is the assignment's grading worksheet; a learner's folder is called
  ``Full name_12345_assignfeedback_file_``, 12345 from "Participant 12345". Source:
  moodle/moodle, mod/assign/feedback/file/importziplib.php.
- ``changes.csv``: whose points changed since the last return, and how.
"""

from __future__ import annotations

import argparse
import hashlib
import html
import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat

from helpers.files import write_whole
from staff.course import Course, CourseError
from staff.grader.again import remembered, settle_again
from staff.grader.faults import InfraError, infra
from staff.grader.feedback import Page, points
from staff.grader.journal import Journal
from staff.grader.kept import read_kept
from staff.grader.marks import Marks
from staff.grader.policy import Policy
from staff.grader.requests import read_requests
from staff.term.book import Learner
from staff.term.export import Told, match
from staff.term.grades import Assignment, Grades, read_grades
from staff.term.table import plain, read_table, write_table

__all__ = ["Change", "changes", "feedback_notebook", "main"]

_FIRST = (2020, 1, 1, 0, 0, 0)  # of files in a ZIP: the same content, the same bytes


@dataclass(frozen=True)
class Change:
    """Points that are not what they were at the last return.

    Args:
        student: whose.
        what: question, "late" or "total".
        before: points then; None if nothing was returned.
        now: points.
    """

    student: str
    what: str
    before: float | None
    now: float


def main(arguments: list[str] | None = None) -> int:
    """Run ``python -m staff return``; return the exit status."""
    options = _options(arguments)
    course = Course()
    (stem,) = course.choose([options.assignment])
    try:
        for line in _Return(course, stem).run(options):
            print(line)
    except InfraError as error:
        raise CourseError(f"INFRA: {error}") from error
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m staff return", description="Give feedback back to the class."
    )
    add = parser.add_argument
    add("assignment", help="NN_topic or NN")
    add("--changes", action="store_true", help="only list whose points changed")
    add(
        "--only-changed",
        action="store_true",
        help="only pages that are not as returned",
    )
    add("--zip", action="store_true", help="STUDENT.zip in place of a folder")
    add("--canvas", type=Path, metavar="FILE", help="ZIP or folder of its submissions")
    add("--moodle", type=Path, metavar="FILE", help="its grading worksheet (CSV)")
    add("--anyway", action="store_true", help="also what a person has to look at first")
    return parser.parse_args(arguments)


class _Return:
    """One return of one assignment."""

    def __init__(self, course: Course, stem: str) -> None:
        self.course, self.stem = course, stem
        self.folder = course.grading / "returned" / stem
        self.memory = course.grading / "returned" / f"{stem}.json"

    def run(self, options: argparse.Namespace) -> Iterator[str]:
        settle_again(self.course, self.stem)
        grades = read_grades(self.course, [self.stem])
        (each,) = grades.assignments
        before = _remembered(self.memory)
        found = changes(each, before)
        if options.changes:
            yield from _told(found, before)
            return
        ready, waiting = self._ready(each, before, options)
        yield from _told(found, before)
        if waiting:
            yield (
                f"not returned, a person has to look first (--anyway returns them): "
                f"{', '.join(waiting)}"
            )
        self._write(each, grades, ready, options)
        yield from self._platforms(each, grades, ready, options)
        write_table(self.folder / "changes.csv", _table(found))
        self._remember(each, ready, before)
        yield f"{len(ready)} returned: {self.folder}"

    def _ready(
        self, each: Assignment, before: Mapping[str, Any], options: argparse.Namespace
    ) -> tuple[dict[str, str], list[str]]:
        """Return (student → page, who has to wait)."""
        ready, waiting = {}, []
        for student, marks in sorted(each.marks.items()):
            path = self.course.grading / "feedback" / student / self.stem
            try:
                page = (path / f"{self.stem}.html").read_text("utf-8")
            except FileNotFoundError:
                continue  # in the gradebook, but nothing was handed in
            if marks.waiting and not options.anyway:
                waiting.append(student)
                continue
            if options.only_changed and before.get(student, {}).get("page") == _sum(
                page
            ):
                continue
            ready[student] = page
        return ready, waiting

    def _write(
        self,
        each: Assignment,
        grades: Grades,
        ready: dict[str, str],
        options: argparse.Namespace,
    ) -> None:
        pages = self.folder / "pages"
        with infra("writing the pages to be returned"):
            if pages.exists():
                shutil.rmtree(pages)  # what is in it was returned before
            pages.mkdir(parents=True)
            for student, page in ready.items():
                name = f"{self.stem}.html"
                if options.zip:
                    write_whole(
                        pages / f"{student}.zip", _zipped({name: page.encode()})
                    )
                else:
                    (pages / student).mkdir()
                    write_whole(pages / student / name, page.encode(), durable=False)

    def _platforms(
        self,
        each: Assignment,
        grades: Grades,
        ready: dict[str, str],
        options: argparse.Namespace,
    ) -> Iterator[str]:
        told = Told()
        if options.canvas:
            notebooks = self._notebooks(each, grades.policy, ready)
            files = _for_canvas(options.canvas, grades.learners, ready, notebooks, told)
            write_whole(self.folder / "canvas.zip", _zipped(files))
            told.lines.append(f"{len(files)} files in canvas.zip")
        if options.moodle:
            files = _for_moodle(options.moodle, grades.learners, ready, self.stem, told)
            write_whole(self.folder / "moodle.zip", _zipped(files))
            told.lines.append(f"{len(files)} files in moodle.zip")
        yield from told.lines

    def _notebooks(
        self, each: Assignment, policy: Policy, ready: dict[str, str]
    ) -> dict[str, bytes]:
        """Return student → feedback as a notebook."""
        journal, bundle = Journal(self.course, self.stem), each.bundle
        page = Page(bundle, policy, read_requests(self.course, bundle))
        found = {}
        for student in ready:
            entry = journal.latest(student)
            if entry is not None:
                own = remembered(self.course, bundle, journal, entry)
                content = page.content(*own, each.marks.get(student, Marks()))
                found[student] = feedback_notebook(content).encode()
        return found

    def _remember(
        self, each: Assignment, ready: dict[str, str], before: Mapping[str, Any]
    ) -> None:
        new = {
            student: {**_scores(each, student), "page": _sum(page)}
            for student, page in ready.items()
        }
        when = datetime.now(UTC).isoformat(timespec="seconds")
        for one in new.values():
            one["when"] = when
        text = json.dumps({**before, **new}, indent=1, ensure_ascii=False) + "\n"
        write_whole(self.memory, text.encode(), mode=0o600)


def _sum(page: str) -> str:
    return hashlib.sha256(page.encode()).hexdigest()


# --- what changed -----------------------------------------------------------------


def _remembered(path: Path) -> dict[str, Any]:
    def take(data: Any) -> dict[str, Any]:
        for one in data.values():
            if not isinstance(one["scores"], dict) or not isinstance(one["page"], str):
                raise TypeError
        return dict(data)

    return read_kept(
        path,
        take,
        name=f"grading/returned/{path.name}",
        by="`return` wrote",
        cure="move it away, and everything counts as not yet returned",
    )


def _scores(each: Assignment, student: str) -> dict[str, Any]:
    marks = each.marks[student]
    scores = {
        question.name: marks.score(question.grade_id)
        for question in each.bundle.questions.values()
    }
    return {"scores": {**scores, "late": 0.0 - marks.penalty, "total": marks.total}}


def changes(each: Assignment, before: Mapping[str, Any]) -> list[Change]:
    """Return what is not as it was returned.

    Args:
        each: the assignment as it stands.
        before: student → what was returned last.
    """
    found = []
    for student in sorted(each.marks):
        now = _scores(each, student)["scores"]
        then = before.get(student, {}).get("scores")
        if then is None:
            found.append(Change(student, "total", None, now["total"]))
            continue
        for what, value in now.items():
            if abs(value - then.get(what, 0.0)) > 1e-9:
                found.append(Change(student, what, then.get(what, 0.0), value))
    return found


def _told(found: list[Change], before: Mapping[str, Any]) -> Iterator[str]:
    new = [each.student for each in found if each.before is None]
    changed = [each for each in found if each.before is not None]
    if before:
        for each in changed:
            yield (
                f"{each.student}: {each.what} {points(each.before or 0.0)} → "
                f"{points(each.now)}"
            )
        people = len({each.student for each in changed})
        yield f"{people} with other points than returned, {len(new)} not returned yet"
    else:
        yield f"nothing was returned before; {len(new)} to be returned"


def _table(found: list[Change]) -> list[list[object]]:
    rows: list[list[object]] = [["student", "what", "before", "now"]]
    return rows + [[c.student, c.what, c.before, c.now] for c in found]


# --- the platforms' forms ---------------------------------------------------------


def _zipped(files: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _FIRST), content)
    return target.getvalue()


def _for_canvas(
    source: Path,
    learners: Mapping[str, Learner],
    ready: Mapping[str, str],
    notebooks: Mapping[str, bytes],
    told: Told,
) -> dict[str, bytes]:
    """Return name → content; the names are those that Canvas gave."""
    by_lms = {one.lms: one.id for one in learners.values() if one.lms}
    if not by_lms:
        raise CourseError(
            "nobody has an id of Canvas; take them from its gradebook file: "
            "`python -m staff roster import FILE`"
        )
    files: dict[str, bytes] = {}
    served = set()
    for name in _names(source):
        numbers = [part for part in name.split("_") if part.isdecimal()]
        student = by_lms.get(numbers[0]) if len(numbers) > 1 else None
        if student is None:
            told.lines.append(f"{source.name}: whose is {name[:80]}? left out")
        elif student in ready and student not in served:
            served.add(student)
            as_notebook = name.endswith(".ipynb") and student in notebooks
            page = ready[student].encode()
            files[name] = notebooks[student] if as_notebook else page
    missing = sorted(ready.keys() - served)
    if missing:
        told.lines.append(f"not in {source.name}: {', '.join(missing)}")
    return files


def _names(source: Path) -> list[str]:
    """Return the names of the files in a ZIP or a folder."""
    try:
        if source.is_dir():
            return sorted(path.name for path in source.iterdir() if path.is_file())
        with zipfile.ZipFile(source) as archive:
            return sorted(
                Path(info.filename).name
                for info in archive.infolist()
                if not info.is_dir()
            )
    except (OSError, zipfile.BadZipFile) as error:
        raise CourseError(
            f"{source}: expected the ZIP that Canvas' 'Download Submissions' gave, or "
            f"the folder it was unpacked to ({error})"
        ) from error


def _for_moodle(
    source: Path,
    learners: dict[str, Learner],
    ready: Mapping[str, str],
    stem: str,
    told: Told,
) -> dict[str, bytes]:
    table = read_table(source)
    place, name = table.identifiers(), table.column("Full name")
    files = {}
    for index, one in match(table, learners, told).items():
        row = table.rows[index]
        number = re.search(r"(\d+)$", row[place].strip())
        if number is None:
            raise CourseError(
                f"{table.where(index)}: expected an identifier such as 'Participant "
                f"12345', found {row[place][:40]!r}"
            )
        if one.id in ready:
            full = plain(row[name]) if name is not None else one.name
            # Moodle looks for the number behind the first underscore.
            full = re.sub(r"[_/\\\x00-\x1f:*?\"<>|]+", " ", full).strip() or "learner"
            folder = f"{full}_{number[1]}_assignfeedback_file_"
            files[f"{folder}/{stem}.html"] = ready[one.id].encode()
    return files


# --- feedback as a notebook -------------------------------------------------------


def feedback_notebook(content: Mapping[str, Any]) -> str:
    """Return what a page says as a notebook of text cells; nothing in it is active.

    Args:
        content: of `staff.grader.feedback.Page.content`.
    """
    head = [f"# {_inline(content['title'])}"]
    head.append(f"**{content['earned']} of {content['possible']} points**")
    head += [_inline(content[key]) for key in ("late", "next_step") if content[key]]
    head += [f"- {_inline(note)}" for note in content["notes"]]
    head += _asked(content["requests"])
    cells = [_text(0, head)]
    for number, question in enumerate(content["questions"], 1):
        cells.append(_text(number, list(_about(question))))
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.nbformat_minor = 5
    return str(nbformat.writes(notebook)) + "\n"


def _about(question: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {_inline(question['title'])}"
    got = f"{question['earned']} of {question['points']} points"
    yield f"**{question['symbol']} {_inline(question['verdict'])} · {got}**"
    for key in ("by_hand", "part", "hint"):
        if question[key]:
            yield _inline(question[key])
    if question["comment"]:
        yield f"Your instructor writes:\n\n{_fenced(question['comment'])}"
    yield from _asked(question["requests"])
    if question["message"]:
        yield _fenced(question["message"])
    if question["answer"]:
        yield f"Your answer:\n\n{_fenced(question['answer'], 'python')}"


def _asked(requests: list[tuple[str, str]]) -> Iterator[str]:
    for asked, answer in requests:
        yield f"You asked for another look:\n\n{_fenced(asked)}"
        if answer:
            yield f"Your instructor answers:\n\n{_fenced(answer)}"
        else:
            yield "Your instructor has not answered yet."


def _text(number: int, parts: list[str]) -> Any:
    return nbformat.v4.new_markdown_cell("\n\n".join(parts), id=f"feedback-{number}")


def _inline(text: str) -> str:
    """Return a text in which Markdown and HTML mean nothing."""
    flat = html.escape(" ".join(text.split()))
    return re.sub(r"([\\`*_\[\]#~|$!])", r"\\\1", flat)


def _fenced(text: str, language: str = "text") -> str:
    """Return a block that the text cannot end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
