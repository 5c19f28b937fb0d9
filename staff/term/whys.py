"""Rubrics of why-questions: for oral exams, homework, hand grading.

There are two kinds. The *why?* after each exercise has its question and its model
answer in ``data/whys``; the *why?* that a notebook asks in its text, to be answered in
writing, has them in the notebook. Learners have all of these. What staff alone need
lies in ``staff/rubrics/whys/NN_topic.toml`` and in ``written/`` beside it: two criteria
with a point each, an answer that earns one of them, an answer that sounds well and
earns none, the usual misconception, and comments to be used again. Written questions
also have an answer in other words than the notebook's that earns both points, and what
to say of the one that earns none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from helpers.study.whys import load_whys
from staff.authoring.masters import Master
from staff.authoring.written import Written, written
from staff.course import CourseError

__all__ = ["WhyRubric", "comments_on_written", "read_whys", "read_written"]

_T = TypeVar("_T")
_RUBRICS = Path(__file__).resolve().parents[1] / "rubrics"
_FOLDER, _WRITTEN = _RUBRICS / "whys", _RUBRICS / "written"


@dataclass(frozen=True)
class WhyRubric:
    """How to grade the answer to one why-question, of two points.

    Args:
        exercise: after which it is asked, as its check is called; of a written question
            the rubric's name.
        question: what is asked.
        model: the course's answer, which earns both points.
        criteria: what earns each point.
        partial: an answer that earns about one, and what to say of it.
        empty: an answer that earns none.
        misconception: the usual one.
        comments: name → a comment that fits many answers.
        full: another answer that earns both points; "" if there is none.
        reply: what to say of `empty`.
    """

    exercise: str
    question: str
    model: str
    criteria: tuple[str, str]
    partial: tuple[str, str]
    empty: str
    misconception: str
    comments: dict[str, str]
    full: str = ""
    reply: str = ""

    def to_markdown(self) -> Iterator[str]:
        """Yield the lines of its part of a key."""
        yield from (f"**Why?** {self.question} (2 points)", "")
        yield from (f"- 1 point. {each}" for each in self.criteria)
        yield from ("", f"*Both points:* {self.model}", "")
        if self.full:
            yield from (f"*Both points, in other words:* “{self.full}”", "")
        answer, comment = self.partial
        yield from (f"*About one:* “{answer}” {comment}", "")
        yield from (f"*None:* “{self.empty}” {self.reply}".rstrip(), "")
        yield from (f"*Misconception:* {self.misconception}", "")
        yield from ("*Comments to use again:*", "")
        yield from (f"- `{name}`: {text}" for name, text in self.comments.items())
        yield ""


def read_whys(stem: str, folder: Path = _FOLDER) -> dict[str, WhyRubric]:
    """Return exercise → rubric; empty for a notebook that has none.

    Raises:
        CourseError: a file is not as expected, or is for other exercises.
    """
    asked = load_whys(stem)

    def take(name: str, entry: dict[str, Any]) -> WhyRubric:
        question = asked[name]["question"], asked[name]["answer"]
        return _rubric(name, question, entry, entry["empty"])

    return _read(
        folder / f"{stem}.toml",
        take,
        f"for each exercise in data/whys/{stem}.json: two criteria, partial.answer and "
        ".comment, empty, misconception, comments",
    )


def read_written(master: Master, folder: Path = _WRITTEN) -> dict[Written, WhyRubric]:
    """Return question → rubric of what a notebook asks in writing, in order.

    A rubric names its question by the words with which that begins, so that it cannot
    stay behind when another question is asked.

    Raises:
        CourseError: a file is not as expected, or a question and its rubric do not
            find each other.
    """
    asked = [*written(master)]

    def take(name: str, entry: dict[str, Any]) -> tuple[Written, WhyRubric]:
        (own,) = [one for one in asked if one.question.startswith(entry["asked"])]
        question, wrong = (own.question, own.model), entry["wrong"]
        made = _rubric(name, question, entry, wrong["answer"])
        return own, replace(made, full=entry["full"], reply=wrong["comment"])

    path = folder / f"{master.stem}.toml"
    read = _read(
        path,
        take,
        f"for each question to write down in {master.path.name}: asked (its first "
        "words), two criteria, full, partial.answer and .comment, wrong.answer and "
        ".comment, misconception, comments",
    )
    found = dict(read.values())
    if read and [*found] != asked:
        lacking = next((one for one in asked if one not in found), asked[0])
        raise CourseError(
            f"{path.name}: expected one rubric for each question to write down in "
            f"{master.path.name}, in their order; see “{lacking.question[:50]}…”"
        )
    return found


def comments_on_written(stem: str, folder: Path = _WRITTEN) -> dict[str, str]:
    """Return name → comment on answers to a notebook's written questions."""
    read = _read(
        folder / f"{stem}.toml", lambda _, entry: dict(entry["comments"]), "comments"
    )
    return {name: text for each in read.values() for name, text in each.items()}


def _rubric(
    name: str, question: tuple[str, str], entry: dict[str, Any], empty: str
) -> WhyRubric:
    """Return what both kinds have in common; `question` is it and its model answer."""
    first, second = entry["criteria"]
    partial = entry["partial"]
    return WhyRubric(
        *(name, *question, (first, second)),
        (partial["answer"], partial["comment"]),
        *(empty, entry["misconception"], dict(entry["comments"])),
    )


def _read(
    path: Path, take: Callable[[str, dict[str, Any]], _T], expected: str
) -> dict[str, _T]:
    """Return name → what `take` makes of each table; empty if there is no file."""
    if not path.exists():
        return {}
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        return {name: take(name, entry) for name, entry in data.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CourseError(
            f"{path.name}: expected {expected} ({type(error).__name__}: {error})"
        ) from error
