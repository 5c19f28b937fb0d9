"""What a question is."""

from typing import TypedDict

__all__ = ["Answer", "Question", "number_right"]


class Answer(TypedDict):
    """One answer of a question."""

    answer: str
    correct: bool
    feedback: str


class Question(TypedDict):
    """One question, with two answers or more."""

    question: str
    answers: list[Answer]


def number_right(question: Question) -> int:
    """Return how many of a question's answers are right."""
    return sum(answer["correct"] for answer in question["answers"])
