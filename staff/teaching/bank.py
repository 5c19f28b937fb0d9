"""The bank: right and wrong answers to each exercise, and what is said of them.

``tests/answers/NN_topic/EXERCISE/`` holds ``right_*.py`` and ``wrong_MISTAKE.py`` or
``wrong_MISTAKE__variant.py``; mistakes that no check names are ``wrong_other__*.py``.
"""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from helpers import checks
from staff.course import Course, CourseError
from staff.grader.bundle import Bundle

__all__ = ["Bank", "BankAnswer", "Exercise", "without_comments"]

_HEAD = re.compile(r"^#+ +Exercise .*$", re.M)
_FOLDED = re.compile(r"<details>.*?</details>\s*", re.S)


@dataclass(frozen=True)
class BankAnswer:
    """One answer of the bank.

    Args:
        name: of its file, without ending.
        mistake: id of the named mistake; "" for right answers and others.
        right: whether it is.
        text: the whole answer cell, without comments, which might tell.
    """

    name: str
    mistake: str
    right: bool
    text: str

    @property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.text.split("\n")


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise with its answers.

    Args:
        stem: the notebook.
        name: as its check is called.
        number: "2.2".
        title: "Exercise 2.2 · Inverted dropout".
        task: what the card asks for, in Markdown, without hints and points.
        mistakes: id → sentence.
        setup: the notebook's set-up cell, whose names answers may use.
        stub: the answer cell as learners get it.
        model: the instructor's answer cell.
        answers: of the bank, in the order of their names.
    """

    stem: str
    name: str
    number: str
    title: str
    task: str
    mistakes: dict[str, str]
    setup: str
    stub: str
    model: str
    answers: tuple[BankAnswer, ...]

    @property
    def right(self) -> list[BankAnswer]:
        """The right answers."""
        return [answer for answer in self.answers if answer.right]

    @property
    def wrong(self) -> list[BankAnswer]:
        """The wrong ones whose mistake has a name."""
        return [answer for answer in self.answers if answer.mistake]


@dataclass(frozen=True)
class Bank:
    """The answers of one course."""

    course: Course

    @cached_property
    def stems(self) -> list[str]:
        """The notebooks that have answers in the bank."""
        there = {path.name for path in self._folder.glob("*/") if path.is_dir()}
        return [stem for stem in self.course.stems() if stem in there]

    @property
    def _folder(self) -> Path:
        return self.course.root / "tests" / "answers"

    def exercises(self, stem: str) -> list[Exercise]:
        """Return a notebook's exercises, in order.

        Raises:
            CourseError: the bank has none, or the notebook is not built.
        """
        if stem not in self.stems:
            raise CourseError(
                f"{stem}: expected answers in tests/answers/{stem}; there are none. "
                f"The bank has: {', '.join(self.stems)}"
            )
        bundle = Bundle.load(self.course, stem)
        cards = _cards(bundle)
        setup = next((c.source for c in bundle.cells if c.role == "setup"), "")
        module = checks.load(stem)
        found = []
        for name, question in bundle.questions.items():
            cell = bundle.cell("solution", name)
            folder = self._folder / stem / name
            answers = tuple(
                _answer(path.stem, path.read_text("utf-8"))
                for path in sorted(folder.glob("*.py"))
            )
            found.append(
                Exercise(
                    stem=stem,
                    name=name,
                    number=question.number,
                    title=question.title,
                    task=cards.get(question.number, ""),
                    mistakes=getattr(module, name).mistakes,
                    setup=setup,
                    stub=cell.released,
                    model=cell.source,
                    answers=answers,
                )
            )
        return found


def _answer(name: str, text: str) -> BankAnswer:
    right = name.startswith("right_")
    mistake = "" if right else name.removeprefix("wrong_").split("__")[0]
    mistake = "" if mistake == "other" else mistake.replace("_", "-")
    return BankAnswer(name, mistake, right, without_comments(text).strip("\n"))


def without_comments(text: str) -> str:
    """Return a program without its comments, all else as it was."""
    lines = text.split("\n")
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip() or "\0"
    return "\n".join(line for line in lines if line != "\0")


def _cards(bundle: Bundle) -> dict[str, str]:
    """Return number → what the card says below its title, hints left out."""
    found = {}
    for cell in bundle.cells:
        if cell.role != "markdown":
            continue
        heads = [*_HEAD.finditer(cell.source)]
        for head, following in zip(heads, [*heads[1:], None], strict=False):
            end = following.start() if following else len(cell.source)
            text = _FOLDED.sub("", cell.source[head.end() : end]).strip()
            number = re.search(r"\d+\.\d+", head[0])
            if number:
                found[number[0]] = text
    return found
