"""Quizzes and flashcards: content in data/, shown by jupyterquiz and jupytercards.

Everything needed is inside the notebook's output: it works without a network, and
where no JavaScript runs the questions stand there as text, answers at the end.

A text is plain text; `backticks` mark code. HTML and $formulas$ are refused, because
the first would be swallowed and the second needs a network.
"""

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from helpers.data import data_folder

__all__ = ["flashcards", "load_cards", "load_quiz", "quiz"]

MINIMUM = 5  # questions per quiz, cards per set


def quiz(stem: str) -> None:
    """Show the quiz of a notebook, e.g. quiz("02_dropout_from_scratch").

    Raises:
        FileNotFoundError: there is no such quiz; ValueError: its file is not right.
    """
    questions = load_quiz(stem)
    rich = [
        {
            "question": _as_html(_asked(q)),
            "type": "many_choice" if _correct(q) > 1 else "multiple_choice",
            "answers": [
                {
                    "answer": _as_html(a["answer"]),
                    "correct": a["correct"],
                    "feedback": _as_html(a["feedback"]),
                }
                for a in q["answers"]
            ],
        }
        for q in questions
    ]

    def show() -> None:
        from jupyterquiz import display_quiz

        display_quiz(rich, colors=_COLORS, max_width=700)

    _show(show, _quiz_text(questions))


def flashcards(stem: str) -> None:
    """Show the flashcards of a notebook: click to turn, arrow for the next.

    Raises:
        FileNotFoundError: there are no such cards; ValueError: their file is not right.
    """
    cards = load_cards(stem)
    rich = [{side: _as_html(c[side]) for side in ("front", "back")} for c in cards]

    def show() -> None:
        from jupytercards import display_flashcards

        display_flashcards(rich, front_colors=["#345995"], known_widgets=False)

    text = "\n".join(
        f"{k}. {c['front']}\n   {c['back']}" for k, c in enumerate(cards, 1)
    )
    _show(show, text)


def load_quiz(stem: str) -> list[dict[str, Any]]:
    """Return the questions of data/quizzes/STEM.json, validated.

    The file holds a list of {"question": text, "answers": [{"answer": text,
    "correct": true or false, "feedback": text}, …]}: at least five questions, each
    with two different answers or more, at least one correct and one wrong, and
    feedback for every one.
    """
    questions, name = _load("quizzes", stem)
    for number, question in enumerate(questions, 1):
        _check_question(question, f"{name}, question {number}")
    return questions


def load_cards(stem: str) -> list[dict[str, Any]]:
    """Return the cards of data/flashcards/STEM.json, validated.

    The file holds a list of {"front": text, "back": text}, at least five.
    """
    cards, name = _load("flashcards", stem)
    for number, card in enumerate(cards, 1):
        where = f"{name}, card {number}"
        _check_keys(card, {"front", "back"}, where)
        for side in ("front", "back"):
            _check_text(card[side], f"{where}, {side}")
    fronts = [card["front"] for card in cards]
    _require(len(set(fronts)) == len(fronts), name, "two cards have the same front")
    return cards


def _load(kind: str, stem: str) -> tuple[list, str]:
    path: Path = data_folder() / kind / f"{stem}.json"
    name = f"data/{kind}/{stem}.json"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in path.parent.glob("*.json"))) or "none"
        raise FileNotFoundError(f"{name} is missing. Those there are: {there}.")
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{name} is not valid JSON: {error}") from None
    _require(isinstance(content, list), name, "expected a list")
    count = len(content)
    _require(count >= MINIMUM, name, f"expected at least {MINIMUM} items, got {count}")
    return content, name


def _check_question(question: object, where: str) -> None:
    _check_keys(question, {"question", "answers"}, where)
    _check_text(question["question"], f"{where}, question")
    answers = question["answers"]
    _require(isinstance(answers, list), where, "expected a list of answers")
    for number, answer in enumerate(answers, 1):
        place = f"{where}, answer {number}"
        _check_keys(answer, {"answer", "correct", "feedback"}, place)
        _check_text(answer["answer"], f"{place}, answer")
        _check_text(answer["feedback"], f"{place}, feedback")
        truth = answer["correct"]
        _require(isinstance(truth, bool), place, f"correct must be a bool, got {truth}")
    texts = {answer["answer"] for answer in answers}
    _require(len(texts) == len(answers), where, "two answers are the same")
    right, count = _correct(question), len(answers)
    _require(right >= 1, where, "no answer is correct")
    _require(right < count, where, "every answer is correct")


def _check_keys(entry: object, keys: set[str], where: str) -> None:
    _require(isinstance(entry, dict), where, f"expected an object, got {entry!r}")
    missing, unknown = sorted(keys - set(entry)), sorted(set(entry) - keys)
    _require(not missing, where, f"{', '.join(missing)} is missing")
    _require(not unknown, where, f"unknown entry {', '.join(unknown)}")


def _check_text(text: object, where: str) -> None:
    _require(isinstance(text, str) and bool(text.strip()), where, "expected a text")
    outside = re.sub(r"`[^`]*`", "", text)
    _require("`" not in outside, where, "a backtick is not closed")
    tag = re.search(r"</?[a-zA-Z][^<>]*>|&[a-z]+;|\$|\\\(", outside)
    _require(
        tag is None,
        where,
        f"{tag and tag[0]!r} is HTML or a formula; write plain text, `code` or Unicode",
    )


def _require(condition: bool, where: str, problem: str) -> None:
    if not condition:
        raise ValueError(f"{where}: {problem}.")


def _correct(question: dict[str, Any]) -> int:
    return sum(answer["correct"] for answer in question["answers"])


def _asked(question: dict[str, Any]) -> str:
    several = " (More than one is right.)" if _correct(question) > 1 else ""
    return question["question"] + several


def _as_html(text: str) -> str:
    """Escape, mark code, and keep the viewers from seeing formulas or links."""
    escaped = html.escape(text).replace("$", "&#36;")
    escaped = escaped.replace("[", "&#91;").replace("\\", "&#92;")
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escaped)


def _quiz_text(questions: list[dict[str, Any]]) -> str:
    lines, key = [], ["", "Answers"]
    for number, q in enumerate(questions, 1):
        lines.append(f"{number}. {_asked(q)}")
        key.append(f"{number}.")
        for letter, a in zip("abcdefghij", q["answers"], strict=False):
            lines.append(f"   {letter}) {a['answer']}")
            mark = "right" if a["correct"] else "wrong"
            key.append(f"   {letter}) {mark}: {a['feedback']}")
    return "\n".join(lines + key)


def _show(show: Callable[[], None], text: str) -> None:
    """Run `show`, and let its first output carry `text` for places without HTML."""
    from IPython import get_ipython
    from IPython.display import display
    from IPython.utils.capture import capture_output

    if get_ipython() is None:
        print(text)
        return
    with capture_output() as captured:
        show()
    for number, output in enumerate(captured.outputs):
        plain = {"text/plain": "" if number else text}
        display(dict(output.data) | plain, raw=True)


_COLORS = {
    "--jq-multiple-choice-bg": "#345995",
    "--jq-many-choice-bg": "#4c1a57",
    "--jq-correct-color": "#00692c",
    "--jq-incorrect-color": "#a8321e",
}
