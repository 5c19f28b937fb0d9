"""Regrade requests: a file that a learner hands in with the notebook, and its answers.

The file is called ``regrade.txt`` (or ``.md``) and lies beside the notebook::

    Exercise 2.2: The docstring allows any dtype, and mine is the input's.
    Exercise 2.4
    I do not see why this is wrong: ...

What stands before the first "Exercise" is a request about the whole. Answers are kept
in ``grading/regrades/STEM.json``; both stand on the learner's page.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from helpers.files import write_whole
from staff.course import Course
from staff.grader.bundle import Bundle
from staff.grader.files import Refused, read_below
from staff.grader.find import is_student
from staff.grader.kept import read_kept
from staff.grader.pages import clean

__all__ = ["FILES", "Request", "keep_answer", "parse", "read_requests"]

FILES = ("regrade.txt", "regrade.md")
_LARGEST = 20_000  # bytes of one file
_HEAD = re.compile(r"[#* ]{0,8}exercise +(\d{1,3}\.\d{1,3}|\w{1,80})\b[ .:·*-]*", re.I)


@dataclass(frozen=True)
class Request:
    """What a learner asks.

    Args:
        question: the exercise's name; "" for the whole.
        text: of the learner.
        answer: of the instructor; "" if there is none yet.
    """

    question: str
    text: str
    answer: str = ""


def parse(text: str, bundle: Bundle) -> dict[str, str]:
    """Return question → what is asked about it; "" for the whole.

    Args:
        text: of the file; nothing in it is to be trusted.
        bundle: the assignment.
    """
    names = {q.number: q.name for q in bundle.questions.values() if q.number}
    names |= {name.casefold(): name for name in bundle.questions}
    found: dict[str, list[str]] = {"": []}
    here = ""
    for line in clean(text).split("\n"):
        head = _HEAD.match(line)
        name = names.get(head[1].casefold()) if head else None
        if head is not None and name is not None:
            here, line = name, line[head.end() :]
        found.setdefault(here, []).append(line)
    texts = {name: "\n".join(lines).strip() for name, lines in found.items()}
    return {name: text for name, text in texts.items() if text}


def read_requests(course: Course, bundle: Bundle) -> dict[str, list[Request]]:
    """Return student → requests, with the answers that were given to them.

    Raises:
        CourseError: the file of answers cannot be read.
    """
    base = course.grading / "submitted"
    answers, found = _answers(course, bundle.stem), {}
    try:
        students = sorted(e.name for e in os.scandir(base) if is_student(e.name))
    except OSError:
        students = []
    for student in students:
        text = _file(course, student, bundle.stem)
        asked = parse(text, bundle) if text else {}
        before = answers.get(student, {})
        asked |= {
            name: each["asked"] for name, each in before.items() if name not in asked
        }
        if asked:
            found[student] = [
                Request(name, text, _answer(before.get(name), text))
                for name, text in asked.items()
            ]
    return found


def _file(course: Course, student: str, stem: str) -> str:
    base = course.grading / "submitted"
    for name in FILES:
        if os.path.lexists(base / student / stem / name):
            try:
                content = read_below(base, (student, stem, name), _LARGEST)
            except Refused as why:
                return f"(The file {name} could not be read: {why})"
            return content.decode("utf-8", "replace")
    return ""


def _answer(kept: Mapping[str, str] | None, asked: str) -> str:
    return kept["answer"] if kept is not None and kept["asked"] == asked else ""


def keep_answer(
    course: Course, bundle: Bundle, student: str, request: Request, answer: str
) -> None:
    """Keep the answer to a request; a new text of the learner's opens it again."""
    answers = _answers(course, bundle.stem)
    kept = {"asked": request.text, "answer": answer}
    answers.setdefault(student, {})[request.question] = kept
    path = course.grading / "regrades" / f"{bundle.stem}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(answers, indent=1, ensure_ascii=False) + "\n"
    write_whole(path, text.encode(errors="replace"), mode=0o600)


def _answers(course: Course, stem: str) -> dict[str, dict[str, dict[str, str]]]:
    def take(data: Any) -> dict[str, dict[str, dict[str, str]]]:
        for answers in data.values():
            for each in answers.values():
                if not isinstance(each["asked"] + each["answer"], str):
                    raise TypeError
        return dict(data)

    path = course.grading / "regrades" / f"{stem}.json"
    return read_kept(
        path,
        take,
        name=f"grading/regrades/{path.name}",
        by="`python -m staff regrade` wrote",
        cure="mend it, or move it away: the requests are open again then",
    )
