"""Rubrics of the *why?* after each exercise: for oral exams, homework, hand grading.

Question and model answer stand in ``data/whys``, which learners have. What staff alone
need lies in ``staff/rubrics/whys/NN_topic.toml``: two criteria with a point each, an
answer that earns one of them, an answer that sounds well and earns none, the usual
misconception, and comments to be used again.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.study.whys import load_whys
from staff.course import CourseError

__all__ = ["WhyRubric", "read_whys"]

_FOLDER = Path(__file__).resolve().parents[1] / "rubrics" / "whys"


@dataclass(frozen=True)
class WhyRubric:
    """How to grade the answer to one why-question, of two points.

    Args:
        exercise: after which it is asked, as its check is called.
        question: what is asked.
        model: the course's answer, which earns both points.
        criteria: what earns each point.
        partial: an answer that earns about one, and what to say of it.
        empty: an answer that earns none.
        misconception: the usual one.
        comments: name → a comment that fits many answers.
    """

    exercise: str
    question: str
    model: str
    criteria: tuple[str, str]
    partial: tuple[str, str]
    empty: str
    misconception: str
    comments: dict[str, str]

    def to_markdown(self) -> Iterator[str]:
        """Yield the lines of its part of a key."""
        yield from (f"**Why?** {self.question} (2 points)", "")
        yield from (f"- 1 point. {each}" for each in self.criteria)
        yield from ("", f"*Both points:* {self.model}", "")
        answer, comment = self.partial
        yield from (f"*About one:* “{answer}” {comment}", "")
        yield from (f"*None:* “{self.empty}”", "")
        yield from (f"*Misconception:* {self.misconception}", "")
        yield from ("*Comments to use again:*", "")
        yield from (f"- `{name}`: {text}" for name, text in self.comments.items())
        yield ""


def read_whys(stem: str, folder: Path = _FOLDER) -> dict[str, WhyRubric]:
    """Return exercise → rubric; empty for a notebook that has none.

    Raises:
        CourseError: a file is not as expected, or is for other exercises.
    """
    path = folder / f"{stem}.toml"
    if not path.exists():
        return {}
    asked = load_whys(stem)
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        found = {}
        for name, entry in data.items():
            first, second = entry["criteria"]
            partial = entry["partial"]
            found[name] = WhyRubric(
                *(name, asked[name]["question"], asked[name]["answer"]),
                (first, second),
                (partial["answer"], partial["comment"]),
                *(entry["empty"], entry["misconception"], dict(entry["comments"])),
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CourseError(
            f"{path.name}: expected for each exercise in data/whys/{stem}.json: two "
            "criteria, partial.answer and .comment, empty, misconception, comments "
            f"({type(error).__name__}: {error})"
        ) from error
    return found
