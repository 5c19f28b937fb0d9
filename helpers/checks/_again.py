"""Check an earlier exercise once more, from memory and on other numbers."""

from __future__ import annotations

from typing import Any

from helpers.checks._registry import load
from helpers.checks.vocabulary.report import CheckFailed
from helpers.study.cards import turned
from helpers.study.titles import find
from helpers.study.warm_up import exercise_id, todays_seed

__all__ = ["again"]


def again(*answers: Any) -> None:
    """Check an answer to an earlier exercise, found by its name, on new numbers.

    Args:
        answers: what the exercise asks for, e.g. `again(inverted_dropout)`.

    How it went decides after how many days the exercise comes back as a warm-up.

    Raises:
        CheckFailed: the answer is wrong.
        ValueError: no exercise has this name.
    """
    stem, name = find(getattr(answers[0], "__name__", "") if answers else "")
    try:
        getattr(load(stem), name)(*answers, seed=todays_seed())
    except CheckFailed:
        turned(exercise_id(name), False)
        raise
    turned(exercise_id(name), True)
