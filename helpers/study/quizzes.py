"""Quizzes and flashcards: content in data/, shown in the notebook's output.

Everything needed is inside that output: it works without a network, and where no
JavaScript runs the questions stand there as text, answers at the end. What is answered
is kept in the learner's file.

A text is plain text; `backticks` mark code. HTML and $formulas$ are refused, because
the first would be swallowed and the second needs a network.
"""

import json
import re
from typing import TypedDict

from helpers.data import data_folder
from helpers.study._questions import Answer, Question, number_right
from helpers.study.answers import as_text, ask, question_id
from helpers.study.cards import Known, show_cards
from helpers.words import say

__all__ = [
    "Answer",
    "Card",
    "Question",
    "flashcards",
    "known_cards",
    "load_cards",
    "load_quiz",
    "parse_question",
    "quiz",
]

MINIMUM = 5  # questions per quiz, cards per set


class Card(TypedDict):
    """One flashcard."""

    front: str
    back: str


def quiz(stem: str) -> None:
    """Show the quiz of a notebook, e.g. quiz("02_dropout_from_scratch").

    Raises:
        FileNotFoundError: there is no such quiz; ValueError: its file is not right.
    """
    questions = load_quiz(stem)
    keyed = {question_id(f"quiz/{stem}", question): question for question in questions}
    ask(keyed, text=as_text(questions))


def flashcards(stem: str) -> None:
    """Show the flashcards of a notebook: click to turn, arrow for the next.

    Raises:
        FileNotFoundError: there are no such cards; ValueError: their file is not right.
    """
    show_cards(known_cards(stem))


def known_cards(stem: str) -> list[Known]:
    """Return the cards of a notebook as `cards.choose` and `show_cards` take them.

    Raises:
        FileNotFoundError: there are none; ValueError: their file is not right.
    """
    return [Known(stem, card["front"], card["back"]) for card in load_cards(stem)]


def load_quiz(stem: str) -> list[Question]:
    """Return the questions of data/quizzes/STEM.json, validated.

    The file holds a list of {"question": text, "answers": [{"answer": text,
    "correct": true or false, "feedback": text}, …]}: at least five questions, each
    with two different answers or more, at least one correct and one wrong, and
    feedback for every one.
    """
    entries, name = _load("quizzes", stem)
    return [
        parse_question(
            entry, say("{name}, question {number}", name=name, number=number)
        )
        for number, entry in enumerate(entries, 1)
    ]


def load_cards(stem: str) -> list[Card]:
    """Return the cards of data/flashcards/STEM.json, validated.

    The file holds a list of {"front": text, "back": text}, at least five.
    """
    entries, name = _load("flashcards", stem)
    cards = [
        _card(entry, say("{name}, card {k}", name=name, k=k))
        for k, entry in enumerate(entries, 1)
    ]
    fronts = [card["front"] for card in cards]
    _require(
        len(set(fronts)) == len(fronts), name, say("two cards have the same front")
    )
    return cards


def _load(kind: str, stem: str) -> tuple[list[object], str]:
    path = data_folder() / kind / f"{stem}.json"
    name = f"data/{kind}/{stem}.json"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in path.parent.glob("*.json"))) or "none"
        raise FileNotFoundError(
            say("{name} is missing. Those there are: {there}.", name=name, there=there)
        )
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(
            say("{name} is not valid JSON: {error}", name=name, error=error)
        ) from None
    entries = _list(content, name, say("expected a list"))
    count = len(entries)
    _require(
        count >= MINIMUM,
        name,
        say(
            "expected at least {minimum} items, got {count}",
            minimum=MINIMUM,
            count=count,
        ),
    )
    return entries, name


def parse_question(entry: object, where: str) -> Question:
    """Return a question read from JSON.

    Args:
        entry: as in `load_quiz`.
        where: what a message calls it.

    Raises:
        ValueError: it is not right.
    """
    found = _object(entry, {"question", "answers"}, where)
    asked = _text(found["question"], say("{where}, question", where=where))
    entries = _list(found["answers"], where, say("expected a list of answers"))
    answers = [
        _answer(a, say("{where}, answer {k}", where=where, k=k))
        for k, a in enumerate(entries, 1)
    ]
    texts = {answer["answer"] for answer in answers}
    _require(len(texts) == len(answers), where, say("two answers are the same"))
    question = Question(question=asked, answers=answers)
    right = number_right(question)
    _require(right >= 1, where, say("no answer is correct"))
    _require(right < len(answers), where, say("every answer is correct"))
    return question


def _answer(entry: object, where: str) -> Answer:
    found = _object(entry, {"answer", "correct", "feedback"}, where)
    text = _text(found["answer"], say("{where}, answer", where=where))
    feedback = _text(found["feedback"], say("{where}, feedback", where=where))
    truth = found["correct"]
    if not isinstance(truth, bool):
        raise _wrong(where, say("correct must be a bool, got {truth}", truth=truth))
    return Answer(answer=text, correct=truth, feedback=feedback)


def _card(entry: object, where: str) -> Card:
    found = _object(entry, {"front", "back"}, where)
    front = _text(found["front"], say("{where}, front", where=where))
    return Card(
        front=front, back=_text(found["back"], say("{where}, back", where=where))
    )


def _list(value: object, where: str, problem: str) -> list[object]:
    if not isinstance(value, list):
        raise _wrong(where, problem)
    return value


def _object(value: object, keys: set[str], where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _wrong(where, say("expected an object, got {value!r}", value=value))
    missing, unknown = sorted(keys - set(value)), sorted(set(value) - keys)
    _require(
        not missing, where, say("{missing} is missing", missing=", ".join(missing))
    )
    _require(
        not unknown, where, say("unknown entry {unknown}", unknown=", ".join(unknown))
    )
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(where, say("expected a text"))
    outside = re.sub(r"`[^`]*`", "", value)
    _require("`" not in outside, where, say("a backtick is not closed"))
    tag = re.search(r"</?[a-zA-Z][^<>]*>|&[a-z]+;|\$|\\\(", outside)
    _require(
        tag is None,
        where,
        say(
            "{tag!r} is HTML or a formula; write plain text, `code` or Unicode",
            tag=tag and tag[0],
        ),
    )
    return value


def _require(condition: bool, where: str, problem: str) -> None:
    if not condition:
        raise _wrong(where, problem)


def _wrong(where: str, problem: str) -> ValueError:
    return ValueError(f"{where}: {problem}.")
