"""``python -m staff kit``: syllabus and lesson plans, and keys that stay with staff.

All of it is taken from the masters, the checks and the bank, so that it changes with
them: ``docs/kit/`` for everybody, ``grading/kit/`` with the answers for staff.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from types import MappingProxyType

from helpers import checks
from helpers.files import write_whole
from staff.authoring.masters import Master, read_master
from staff.authoring.written import Written
from staff.authoring.written import written as to_write
from staff.course import Course, CourseError
from staff.teaching.bank import Bank, Exercise
from staff.teaching.exam import TITLE
from staff.term.whys import WhyRubric, read_whys, read_written

__all__ = [
    "Card",
    "Lesson",
    "key",
    "lesson",
    "lesson_plan",
    "main",
    "predictions",
    "spread",
    "syllabus",
    "taught",
]

_MINUTES = re.compile(r"\*\*Time:\*\* about (\d+) minutes")
_CARD = re.compile(
    r"Exercise (?P<number>\d+\.\d+[a-z]?) · (?P<title>.+?) "
    r"\((?P<points>\d+) points?, ~(?P<minutes>\d+) min\)"
)
_RUBRICS = Path(__file__).resolve().parents[1] / "rubrics"
_TALK = 15  # minutes of talking before a notebook, in the plans
_NOTE = "*Written by `python -m staff kit` from the masters: change those instead.*"


@dataclass(frozen=True)
class Card:
    """An exercise as its card says."""

    number: str
    title: str
    points: int
    minutes: int


@dataclass(frozen=True)
class Section:
    """A section of a notebook: its exercises, and what learners predict there."""

    title: str
    cards: tuple[Card, ...]
    predictions: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Lesson:
    """What a lesson plan is made of.

    Args:
        stem: the notebook.
        question: its title.
        goals: what learners can do afterwards.
        needs: what they need before.
        minutes: of the whole notebook.
        sections: in order.
        written: the questions to be answered in writing.
    """

    stem: str
    question: str
    goals: tuple[str, ...]
    needs: str
    minutes: int
    sections: tuple[Section, ...]
    written: tuple[Written, ...] = ()

    @property
    def number(self) -> str:
        """ "02"."""
        return self.stem[:2]

    @property
    def cards(self) -> list[Card]:
        """All exercises."""
        return [card for section in self.sections for card in section.cards]

    @property
    def points(self) -> int:
        """All points."""
        return sum(card.points for card in self.cards)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m staff kit", description=__doc__)
    parser.parse_args(arguments)
    course = Course()
    files = written(course)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    print(f"{len(files)} files in docs/kit/ and grading/kit/")
    return 0


def written(course: Course, *, keys: bool = True) -> dict[Path, str]:
    """Return path → text of the whole kit.

    Args:
        keys: also those with answers.
    """
    masters = taught(course)
    lessons = [lesson(master) for master in masters.values()]
    public, private = course.root / "docs" / "kit", course.grading / "kit"
    files = {public / "syllabus.md": syllabus(lessons)}
    for each in lessons:
        files[public / f"{each.stem}.md"] = lesson_plan(each)
        if keys:
            exercises = Bank(course).exercises(each.stem)
            rubrics = read_written(masters[each.stem])
            files[private / f"{each.stem}_key.md"] = key(each, exercises, rubrics)
    return files


def taught(course: Course) -> dict[str, Master]:
    """Return stem → master of each lesson: of all notebooks but exams."""
    masters = {stem: read_master(course.master(stem)) for stem in course.stems()}
    return {
        stem: master
        for stem, master in masters.items()
        if not (master.cells and master.cells[0].source.startswith(TITLE))
    }


# --- from a master ----------------------------------------------------------------


def lesson(master: Master) -> Lesson:
    """Read what a lesson plan needs from a master.

    Raises:
        CourseError: the first cell does not say it in the course's form.
    """
    first = next((c.source for c in master.cells if c.role == "markdown"), "")
    title = re.match(r"# (?:\d\d · )?(.+)", first)
    minutes = _MINUTES.search(first)
    needs = re.search(r"\*\*(?:You need|Before):\*\* (.+?)\s\*\*Time", first, re.S)
    goals = tuple(_bullets(first))
    if not (title and minutes and needs and goals):
        raise CourseError(
            f"{master.path.name}: expected a title, goals as a list, “**You need:**” "
            "and “**Time:** about N minutes” in the first cell"
        )
    return Lesson(
        *(master.stem, title[1], goals, " ".join(needs[1].split()), int(minutes[1])),
        *(tuple(_sections(master)), tuple(to_write(master))),
    )


def _bullets(text: str) -> Iterator[str]:
    for item in re.findall(r"^(?:-|\d\.) (.+(?:\n {2,3}.+)*)", text, re.M):
        yield " ".join(item.split()).rstrip(",.;")


def _sections(master: Master) -> Iterator[Section]:
    title, cards, asked = "", list[Card](), list[tuple[str, tuple[str, ...]]]()
    for cell in master.cells:
        if cell.role == "predict":
            asked += predictions(cell.source)
        if cell.role != "markdown":
            continue
        for line in cell.source.splitlines():
            if line.startswith("## "):
                if title:
                    yield Section(title, tuple(cards), tuple(asked))
                title, cards, asked = line[3:], [], []
            match = _CARD.search(line) if line.startswith("#") else None
            if match:
                number, name, points, minutes = match.groups()
                cards.append(Card(number, name, int(points), int(minutes)))
    if title:
        yield Section(title, tuple(cards), tuple(asked))


def predictions(source: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield question and options of each prediction that a cell asks for."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "predict":
            try:
                _, question, options = (ast.literal_eval(a) for a in node.args[:3])
            except ValueError:  # made by code: not the same for every reader
                continue
            yield question, tuple(map(str, options))


# --- syllabus ---------------------------------------------------------------------


def spread(minutes: Sequence[int], weeks: int) -> list[range]:
    """Return consecutive lessons for each week, so that the longest week is shortest.

    Args:
        minutes: of each lesson.
        weeks: at most as many as there are lessons.
    """
    number = len(minutes)
    cuts = combinations(range(1, number), weeks - 1)

    def loads(cut: tuple[int, ...]) -> tuple[int, int]:
        sums = [sum(minutes[a:b]) for a, b in pairwise((0, *cut, number))]
        return max(sums), sum(each * each for each in sums)

    best = min(cuts, key=loads)
    return [range(a, b) for a, b in pairwise((0, *best, number))]


def syllabus(lessons: Sequence[Lesson]) -> str:
    """Return the syllabus for 4, 8 and 14 weeks."""
    whole = sum(each.minutes for each in lessons)
    lines = [
        *("# Syllabus", "", _NOTE, ""),
        f"{len(lessons)} notebooks, {sum(len(each.cards) for each in lessons)} "
        f"exercises, {sum(each.points for each in lessons)} points, about "
        f"{whole / 60:.0f} hours of work.",
        "",
        "| notebook | question | minutes | points |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| [{each.number}]({each.stem}.md) | {each.question} | {each.minutes} "
        f"| {each.points} |"
        for each in lessons
    ]
    for weeks in (4, 8, 14):
        lines += ["", f"## {weeks} weeks", "", *_plan(lessons, weeks)]
    lines += [
        "",
        "Hours are those of learners at the notebooks, as each notebook says itself. "
        f"Talk no longer than {_TALK} minutes before a notebook: the first experiment "
        "says more.",
    ]
    return "\n".join(lines) + "\n"


def _plan(lessons: Sequence[Lesson], weeks: int) -> list[str]:
    """Return the table of one plan; weeks that are left over are for exams."""
    minutes = [each.minutes for each in lessons]
    taught = min(weeks, len(lessons))
    rows = [
        (
            ", ".join(f"{lessons[i].number}" for i in some),
            " · ".join(lessons[i].question for i in some),
            f"{sum(minutes[i] for i in some) / 60:.1f}",
        )
        for some in spread(minutes, taught)
    ]
    if weeks - taught >= 2:
        exam = ("", "Midterm: `python -m staff exam 80_midterm --from …`", "")
        rows.insert(len(rows) // 2, exam)
    if weeks > taught:
        rows.append(("", "Final: `python -m staff exam 81_final --from …`", ""))
    lines = ["| week | notebooks | what for | hours |", "| --- | --- | --- | --- |"]
    lines += [f"| {n} | {a} | {b} | {c} |" for n, (a, b, c) in enumerate(rows, 1)]
    return lines


# --- lesson plans -----------------------------------------------------------------


def lesson_plan(each: Lesson) -> str:
    """Return the lesson plan of one notebook; it gives no answers away."""
    lines = [
        *(f"# {each.number} · {each.question}", "", _NOTE, ""),
        f"About {each.minutes} minutes, {len(each.cards)} exercises, {each.points} "
        f"points. Learners need {each.needs}",
        *("", "## Afterwards they can", ""),
        *(f"- {goal}" for goal in each.goals),
        *("", "## Plan", "", "| section | exercises | minutes of exercises |"),
        "| --- | --- | --- |",
    ]
    for section in each.sections:
        cards = "; ".join(f"{c.number} {c.title} ({c.points})" for c in section.cards)
        minutes = sum(card.minutes for card in section.cards)
        lines.append(f"| {section.title} | {cards} | {minutes or ''} |")
    asked = [one for section in each.sections for one in section.predictions]
    if asked:
        lines += ["", "## Ask before you run", ""]
        lines += ["Let hands go up before the cell runs; the cell below answers.", ""]
        lines += [
            f"- {question} *{' / '.join(options)}*" for question, options in asked
        ]
    if each.written:
        lines += ["", "## To write down", ""]
        lines += ["On paper, before anybody unfolds the notebook's own answer.", ""]
        lines += [f"- After *{one.after}*: {one.question}" for one in each.written]
    lines += ["", "## Mistakes to expect", ""]
    lines += ["The checks name these; hear them in the room first.", ""]
    lines += _mistakes(each)
    return "\n".join(lines).rstrip() + "\n"


def _mistakes(each: Lesson) -> Iterator[str]:
    module = checks.load(each.stem)
    found = [item for item in vars(module).values() if hasattr(item, "mistakes")]
    titles = {card.number: card.title for card in each.cards}
    for check in found:
        title = titles.get(check.number, check.__name__)
        yield f"**{check.number} {title}**"
        yield ""
        yield from (f"- {sentence}" for sentence in check.mistakes.values())
        yield ""


def key(
    each: Lesson,
    exercises: Sequence[Exercise],
    written: Mapping[Written, WhyRubric] = MappingProxyType({}),
) -> str:
    """Return the answers of one notebook, with other right ones and named mistakes.

    Why-questions and questions graded by hand come with their rubrics.

    Args:
        each: the notebook. exercises: its own.
        written: rubrics of the questions to be answered in writing.
    """
    whys = read_whys(each.stem)
    lines = [f"# {each.number} · {each.question}: key", ""]
    lines += ["For staff: answers to all exercises. Do not publish.", ""]
    for exercise in exercises:
        lines += [f"## {exercise.title}", "", exercise.task, ""]
        lines += ["**The course's answer**", "", *_fenced(exercise.model)]
        other = min(exercise.right, key=lambda answer: len(answer.text))
        lines += [f"**Right as well** (one of {len(exercise.right)} in the bank)", ""]
        lines += [
            *_fenced(other.text),
            "**Mistakes, each with an answer that makes it**",
        ]
        lines += ["", *_examples(exercise)]
        if exercise.name in whys:
            lines += [*whys[exercise.name].to_markdown()]
    for question, rubric in written.items():
        lines += [f"## To write down, after *{question.after}*", ""]
        lines += [*rubric.to_markdown()]
    lines += _by_hand(each.stem)
    return "\n".join(lines).rstrip() + "\n"


def _by_hand(stem: str) -> Iterator[str]:
    """Yield the rubrics of questions that a person grades, with sample answers."""
    path = _RUBRICS / f"{stem}.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for rubric in known.values():
        yield from (f"## {rubric['exercise']}, by hand ({rubric['points']} points)", "")
        yield from (rubric["before"], "", "| criterion | all | half | none |")
        yield "| --- | --- | --- | --- |"
        for one in rubric["criteria"]:
            yield f"| {one['name']} | {one['full']} | {one['half']} | {one['none']} |"
        for sample in rubric["samples"]:
            yield from ("", f"*An answer worth {sample['points']:g} points:*", "")
            yield from (f"> {line}".rstrip() for line in sample["answer"].split("\n"))
            yield from ("", sample["comment"])
        yield ""


def _examples(exercise: Exercise) -> Iterator[str]:
    shortest = {
        answer.mistake: answer
        for answer in sorted(exercise.wrong, key=lambda a: -len(a.text))
    }
    for mistake, sentence in exercise.mistakes.items():
        yield f"*{mistake}*: {sentence}"
        yield ""
        yield from _fenced(shortest[mistake].text)


def _fenced(code: str) -> list[str]:
    kept = [x for x in code.split("\n") if not x.strip().startswith("### ")]
    return ["```python", *kept, "```", ""]
