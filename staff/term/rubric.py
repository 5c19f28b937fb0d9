"""``python -m staff rubric``: grade by hand with comments that are used again.

A rubric lies in ``grading/rubrics/NN_topic.toml``. Each exercise has items, each with
points and a comment; to grade is to name the items that an answer shows. Points and
comments go to nbgrader's gradebook, so formgrader and the learner's page show them.
Which items were named is kept beside the rubric: when an item's points or words change,
``again`` brings all who have it up to date.
"""

from __future__ import annotations

import argparse
import json
import math
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.files import write_whole
from staff.course import Course, CourseError
from staff.grader.again import settle_again
from staff.grader.bundle import Bundle, Manual, Question
from staff.grader.feedback import points
from staff.grader.kept import read_kept
from staff.grader.marks import of_assignment
from staff.term.book import opened
from staff.term.hand import find_question, rows, set_marks
from staff.term.table import read_table
from staff.term.whys import comments_on_written, read_whys

__all__ = ["Criteria", "Item", "Named", "Rubric", "main", "template"]

_RUBRICS = Path(__file__).resolve().parents[1] / "rubrics"
_STARTS = {"automatic", "full", "none"}


@dataclass(frozen=True)
class Item:
    """One thing that answers show.

    Args:
        points: added to the points of an answer that shows it; negative to take away.
        comment: for the learner.
    """

    points: float
    comment: str


@dataclass(frozen=True)
class Criteria:
    """The rubric of one exercise.

    Args:
        start: the points to begin with: "automatic" (those of the check), "full" or
            "none".
        items: name → item.
    """

    start: str
    items: dict[str, Item]


@dataclass(frozen=True)
class Named:
    """What was said of one answer: names of items, and a comment of its own."""

    items: tuple[str, ...]
    comment: str = ""


class Rubric:
    """The rubric of an assignment, and to whom its items were given.

    Args:
        course: whose ``grading/rubrics`` it lies in.
        bundle: the assignment.

    Raises:
        CourseError: there is none, or it is not as expected.
    """

    def __init__(self, course: Course, bundle: Bundle) -> None:
        self.course, self.bundle = course, bundle
        self.path = _path(course, bundle.stem)
        self.criteria = _read(self.path, bundle)
        self.given = _read_given(self.path.with_suffix(".json"))

    def mark(
        self, question: Question | Manual, named: Named, automatic: float
    ) -> float:
        """Return the points of an answer, from 0 to all of the question's.

        Raises:
            CourseError: the rubric has no such item.
        """
        criteria = self._of(question)
        starts = {"automatic": automatic, "full": question.points, "none": 0.0}
        total = starts[criteria.start]
        total += sum(self._item(question, name).points for name in named.items)
        return min(max(total, 0.0), question.points)

    def text(self, question: Question | Manual, named: Named) -> str:
        """Return the comment for the learner: a line for each item, then one's own."""
        items = [self._item(question, name) for name in named.items]
        lines = [
            f"{_signed(item.points)}: {item.comment}" if item.points else item.comment
            for item in items
        ]
        return "\n".join([*lines, *([named.comment] if named.comment else [])])

    def _of(self, question: Question | Manual) -> Criteria:
        return self.criteria.get(question.name, Criteria("automatic", {}))

    def _item(self, question: Question | Manual, name: str) -> Item:
        items = self._of(question).items
        if name not in items:
            raise CourseError(
                f"{question.label}: {name!r} is no item of {self.path.name}; there "
                f"are: {', '.join(items) or 'none yet'}"
            )
        return items[name]

    def apply(
        self, marks: Sequence[tuple[str, Question | Manual, Named]]
    ) -> Iterator[str]:
        """Give items to answers, all or none; yield what each got.

        Args:
            marks: (student, question, what was said of the answer).
        """
        told = []
        with opened(self.course) as book:
            for student, question, named in marks:
                grade, _ = rows(book, self.bundle, student, question)
                score = self.mark(question, named, grade.auto_score or 0.0)
                text = self.text(question, named)
                own = {"score": score, "comment": text}
                set_marks(book, self.bundle, student, question, **own)  # type: ignore[arg-type]
                self.given.setdefault(student, {})[question.name] = named
                told.append(
                    f"{student}, {question.label}: {points(score)} of "
                    f"{points(question.points)}"
                )
            book.db.commit()
        self._keep()
        yield from told
        yield from _settled(self.course, self.bundle.stem)

    def again(self) -> Iterator[str]:
        """Give everybody the points and words that the items have now."""
        marks = [
            (student, find_question(self.bundle, name), named)
            for student, answers in sorted(self.given.items())
            for name, named in answers.items()
        ]
        return self.apply(marks)

    def clear(self, student: str, question: Question | Manual) -> Iterator[str]:
        """Take points and comment by hand back."""
        with opened(self.course) as book:
            set_marks(book, self.bundle, student, question, score=None, comment=None)
            book.db.commit()
        self.given.get(student, {}).pop(question.name, None)
        self._keep()
        yield f"{student}, {question.label}: the points of the automatic check again"
        yield from _settled(self.course, self.bundle.stem)

    def _keep(self) -> None:
        data = {
            student: {
                name: {"items": list(named.items), "comment": named.comment}
                for name, named in sorted(answers.items())
            }
            for student, answers in sorted(self.given.items())
        }
        text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
        write_whole(self.path.with_suffix(".json"), text.encode(), mode=0o600)


def _signed(value: float) -> str:
    text = f"{value:+.2f}".rstrip("0").rstrip(".").replace("-", "\N{MINUS SIGN}")
    return f"{text} point{'s' * (abs(value) != 1)}"


def _settled(course: Course, stem: str) -> Iterator[str]:
    count = settle_again(course, stem)
    yield f"{count} page{'s' * (count != 1)} written anew"


# --- the files --------------------------------------------------------------------


def _path(course: Course, stem: str) -> Path:
    return course.grading / "rubrics" / f"{stem}.toml"


def _read(path: Path, bundle: Bundle) -> dict[str, Criteria]:
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CourseError(
            f"there is no rubric {path.name} yet; begin one: "
            f"`python -m staff rubric new {bundle.stem}`"
        ) from None
    except (OSError, ValueError) as error:
        raise CourseError(
            f"{path.name}: expected TOML, cannot read it: {error}"
        ) from error
    found = {}
    for name, entry in data.items():
        question = find_question(bundle, name)
        if not isinstance(entry, dict):
            raise CourseError(
                f"{path.name}: expected a table [{name}], found {entry!r}"
            )
        found[question.name] = _criteria(f"{path.name}, [{name}]", entry)
    return found


def _criteria(where: str, entry: dict[str, Any]) -> Criteria:
    start = entry.get("start", "automatic")
    if start not in _STARTS:
        raise CourseError(
            f"{where}: start: expected one of {', '.join(sorted(_STARTS))}, "
            f"found {start!r}"
        )
    if unknown := entry.keys() - {"start", "items", "title"}:
        raise CourseError(
            f"{where}: {', '.join(sorted(unknown))} is not known; an item stands as "
            'items.NAME = {points = -0.5, comment = "..."}'
        )
    items = entry.get("items", {})
    if not isinstance(items, dict):
        raise CourseError(f"{where}: items: expected a table, found {items!r}")
    return Criteria(
        start, {name: _item(where, name, own) for name, own in items.items()}
    )


def _item(where: str, name: str, own: Any) -> Item:
    value = own.get("points") if isinstance(own, dict) else None
    comment = own.get("comment") if isinstance(own, dict) else None
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value or 0) or not isinstance(comment, str):
        raise CourseError(
            f'{where}: items.{name}: expected {{points = -0.5, comment = "..."}}, '
            f"found {own!r}"
        )
    if any(sign.isspace() for sign in name):
        raise CourseError(f"{where}: items.{name!r}: expected a name without spaces")
    return Item(float(value or 0), comment)


def _read_given(path: Path) -> dict[str, dict[str, Named]]:
    def take(data: Any) -> dict[str, dict[str, Named]]:
        return {
            student: {
                name: Named(tuple(each["items"]), str(each["comment"]))
                for name, each in answers.items()
            }
            for student, answers in data.items()
        }

    return read_kept(
        path,
        take,
        name=path.name,
        by="`rubric` wrote itself",
        cure="move it away to go on: points and comments are in the gradebook, only "
        "`again` forgets them",
    )


def template(bundle: Bundle) -> str:
    """Return a rubric to be filled in, with a table for every exercise.

    It begins with the course's comments on answers to the exercise's why-question,
    which add no points, and with the criteria of what a person grades. Comments on
    answers to a notebook's written question, which is no exercise, are set aside at the
    end.
    """
    parts = [
        f"# Rubric of {bundle.stem}. Points are added to those that `start` names:\n"
        '# "automatic" (those of the check), "full" or "none"; never below 0, never '
        "above all.\n"
    ]
    whys = read_whys(bundle.stem)
    for question in bundle.questions.values():
        parts.append(
            f"{_head(question)}"
            'start = "automatic"\n'
            '# items.unclear = {points = -0.5, comment = "The names do not tell."}\n'
            '# items.elegant = {points = 0, comment = "Short and clear. Well done."}\n'
        )
        if question.name in whys:
            comments = whys[question.name].comments.items()
            parts += [_line(f"why-{name}", 0, text) for name, text in comments]
    for manual in bundle.by_hand:
        parts += [f'{_head(manual)}start = "none"\n', *_criteria_of(bundle, manual)]
    if written := comments_on_written(bundle.stem):
        parts.append(
            "\n# Comments on answers to the notebook's question to write down. It has "
            "no points in\n# the gradebook: to give a comment, copy its line to an "
            "exercise, without the #.\n"
        )
        lines = (_line(f"written-{name}", 0, text) for name, text in written.items())
        parts += [f"# {line}" for line in lines]
    return "".join(parts)


def _head(question: Question | Manual) -> str:
    size = points(question.points)
    return f"\n[{json.dumps(question.name)}]  # {question.title}, {size} points\n"


def _line(name: str, value: float, comment: str) -> str:
    told = json.dumps(comment, ensure_ascii=False)
    return f"items.{name} = {{points = {value:g}, comment = {told}}}\n"


def _criteria_of(bundle: Bundle, manual: Manual) -> Iterator[str]:
    """Yield two items for each criterion of a question by hand: all, and half."""
    path = _RUBRICS / f"{bundle.stem}.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for each in known.get(manual.name, {}).get("criteria", ()):
        name = each["name"].split()[0].lower()
        yield _line(name, each["points"], f"{each['name']}: yes.")
        yield _line(f"{name}-half", each["points"] / 2, f"{each['name']}: in part.")


# --- the command ------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """Run ``python -m staff rubric``; return the exit status."""
    options = _options(arguments)
    course = Course()
    (stem,) = course.choose([options.assignment])
    bundle = Bundle.load(course, stem)
    if options.command == "new":
        lines = _new(course, bundle)
    else:
        lines = _run(Rubric(course, bundle), options)
    for line in lines:
        print(line)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m staff rubric", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    texts = {
        "new": "begin a rubric",
        "show": "its items, and how often each was given",
        "apply": "give items to an answer, or to many from a table",
        "again": "give everybody what the items say now",
        "clear": "take points and comment by hand back",
    }
    for name, text in texts.items():
        add = commands.add_parser(name, help=text).add_argument
        add("assignment", help="NN_topic or NN")
        if name in ("apply", "clear"):
            many = {"nargs": "?"} if name == "apply" else {}
            add("student", **many)  # type: ignore[arg-type]
            add("exercise", help="its number or name", **many)  # type: ignore[arg-type]
        if name == "apply":
            add("items", nargs="*")
            add("--comment", default="", help="for this answer alone")
            add("--from", dest="table", type=Path, metavar="FILE", help=_COLUMNS)
    return parser.parse_args(arguments)


_COLUMNS = "a table with the columns student, exercise, items, comment"


def _new(course: Course, bundle: Bundle) -> Iterator[str]:
    path = _path(course, bundle.stem)
    if path.exists():
        raise CourseError(f"{path}: there is one already; edit it, or move it away")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, template(bundle).encode())
    yield f"written: {path}; give its exercises items, then `rubric apply`"


def _run(rubric: Rubric, options: argparse.Namespace) -> Iterator[str]:
    bundle = rubric.bundle
    if options.command == "show":
        return _show(rubric)
    if options.command == "again":
        return rubric.again()
    if options.command == "clear":
        question = find_question(bundle, options.exercise)
        return rubric.clear(options.student, question)
    if options.table:
        return rubric.apply(_from_table(bundle, options.table))
    if not options.exercise:
        raise CourseError(
            "rubric apply: expected STUDENT EXERCISE ITEM..., or --from FILE"
        )
    question = find_question(bundle, options.exercise)
    named = Named(tuple(options.items), options.comment)
    return rubric.apply([(options.student, question, named)])


def _from_table(
    bundle: Bundle, path: Path
) -> list[tuple[str, Question | Manual, Named]]:
    table = read_table(path)
    titles = ("student", "exercise", "items", "comment")
    places = [table.column(title) for title in titles]
    if (
        places[0] is None
        or places[1] is None
        or (places[2] is None and places[3] is None)
    ):
        raise CourseError(
            f"{path.name}: expected {_COLUMNS}, found {', '.join(table.header)}"
        )
    found = []
    for row in table.rows:
        cells = ["" if place is None else row[place].strip() for place in places]
        items = tuple(cells[2].replace(",", " ").split())
        question = find_question(bundle, cells[1])
        found.append((cells[0], question, Named(items, cells[3])))
    return found


def _show(rubric: Rubric) -> Iterator[str]:
    counts = Counter(
        (name, item)
        for answers in rubric.given.values()
        for name, named in answers.items()
        for item in named.items
    )
    with opened(rubric.course) as book:
        marks = of_assignment(book.db, rubric.bundle.stem)
    for question in rubric.bundle.questions.values():
        criteria = rubric.criteria.get(question.name, Criteria("automatic", {}))
        by_hand = sum(question.grade_id in each.manual for each in marks.values())
        yield (
            f"{question.title}: {by_hand} of {len(marks)} answers graded by hand, "
            f"points start from {criteria.start}"
        )
        for name, item in criteria.items.items():
            times = counts[question.name, name]
            yield f"  {name}  {item.points:+g}  {times} times  {item.comment}"
