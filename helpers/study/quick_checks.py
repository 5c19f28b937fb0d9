"""Quick checks: one question beside the text that it is about."""

import json

from helpers.data import data_folder
from helpers.study.answers import as_text, ask
from helpers.study.quizzes import Question, parse_question
from helpers.words import say

__all__ = ["load_quick_checks", "quick_check"]

_NAME = "quick_checks.json"


def quick_check(id: str) -> None:
    """Ask one question, and keep the answer.

    Args:
        id: which one, from data/quick_checks.json, e.g. "unscaled-dropout".

    Raises:
        ValueError: there is none of this name; the message lists those there are.
    """
    questions = load_quick_checks()
    if id not in questions:
        raise ValueError(
            say(
                "quick_check({id!r}): expected one of {questions}.",
                id=id,
                questions=", ".join(questions),
            )
        )
    ask({f"quick/{id}": questions[id]}, text=as_text([questions[id]]))


def load_quick_checks() -> dict[str, Question]:
    """Return id → question, validated like those of a quiz."""
    entries = json.loads((data_folder() / _NAME).read_text("utf-8"))
    return {
        id: parse_question(entry, f"data/{_NAME}, {id}")
        for id, entry in entries.items()
    }
