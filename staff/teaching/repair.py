"""Mend a wrong answer with as few lines as can be, and prove it by the check."""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass
from itertools import combinations

from staff.teaching.bank import BankAnswer, Exercise
from staff.teaching.judging import judge

__all__ = ["Change", "Repair", "changes", "repair"]

_STEPS = 4  # changes between two answers that are tried one by one
_LINES = 3  # that a repair may change
_TRIED = 20  # repairs of one answer


@dataclass(frozen=True)
class Change:
    """Lines of one text that stand for lines of another; numbers count from 0."""

    first: int
    last: int
    lines: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many lines it touches."""
        return max(self.last - self.first, len(self.lines))


@dataclass(frozen=True)
class Repair:
    """A wrong answer mended.

    Args:
        changes: what was done, from top to bottom.
        text: the right answer that came of it.
    """

    changes: tuple[Change, ...]
    text: str


def changes(old: list[str], new: list[str]) -> list[Change]:
    """Return what has to be done to some lines to get others."""
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [
        Change(a, b, tuple(new[c:d])) for tag, a, b, c, d in codes if tag != "equal"
    ]


@functools.cache
def repair(exercise: Exercise, answer: BankAnswer) -> Repair | None:
    """Return the smallest repair that the check accepts; None if none is small.

    Lines are taken from the right answers: where one differs from the wrong one, one
    change alone is tried, or two together; at most three lines in all.
    """
    tried: dict[str, tuple[Change, ...]] = {}
    for right in exercise.right:
        some = changes(answer.lines, right.lines)
        if len(some) <= _STEPS:
            for few in (*combinations(some, 1), *combinations(some, 2)):
                if _size(few) <= _LINES:
                    tried.setdefault(applied(answer.lines, few), few)
    for text in sorted(tried, key=lambda text: _size(tried[text]))[:_TRIED]:
        if judge(exercise, text).right:
            few = tried[text]
            return _smaller(exercise, answer, few) or Repair(few, text)
    return None


def _size(some: tuple[Change, ...]) -> int:
    return sum(change.size for change in some)


def _smaller(
    exercise: Exercise, answer: BankAnswer, few: tuple[Change, ...]
) -> Repair | None:
    """Return a repair by one line alone, where another one changed several."""
    for change in few:
        if change.size < 2 or change.last - change.first != len(change.lines):
            continue
        for at, line in enumerate(change.lines, change.first):
            one = (Change(at, at + 1, (line,)),)
            text = applied(answer.lines, one)
            if judge(exercise, text).right:
                return Repair(one, text)
    return None


def applied(lines: list[str], some: tuple[Change, ...]) -> str:
    """Return the lines with changes made."""
    made = list(lines)
    for change in reversed(some):
        made[change.first : change.last] = change.lines
    return "\n".join(made)
