"""Answers to quizzes and quick checks: kept in the learner's file, and counted.

Every answer explains itself, so people click on all of them. What counts is what came
first: with one right answer the first pick, with several the picks up to as many.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helpers.study import _panel as panel
from helpers.study import _store as store
from helpers.study._questions import Question, number_right
from helpers.words import say

__all__ = ["Count", "as_text", "ask", "count", "item", "picks", "question_id"]


@dataclass(frozen=True)
class Count:
    """How a set of questions stands.

    Attributes:
        answered, right: how many questions; right at the first try.
    """

    answered: int
    right: int


def ask(questions: dict[str, Question], *, text: str) -> None:
    """Show questions to click on, with what was picked before.

    Args:
        questions: id → question; the id is what the answer is kept under.
        text: the same as plain text.
    """
    before = picks()
    items = [
        item(question) | {"id": id, "picks": before.get(id, [])}
        for id, question in questions.items()
    ]

    def keep(state: dict[str, Any]) -> None:
        _keep(questions, state.get("picks"))

    plain = "".join(map(_plain, questions.values()))
    panel.show("questions", {"items": items}, text=text, plain=plain, keep=keep)


def item(question: Question) -> dict[str, Any]:
    """Return what a panel shows of a question."""
    return {
        "question": panel.as_html(question["question"]) + _several(question),
        "answers": [
            {
                "text": panel.as_html(answer["answer"]),
                "correct": answer["correct"],
                "feedback": panel.as_html(answer["feedback"]),
            }
            for answer in question["answers"]
        ],
    }


def question_id(prefix: str, question: Question) -> str:
    """Return an id that changes with the question's words, so that no answer to an
    older question is taken for one to this."""
    words = "\0".join(
        [question["question"], *(a["answer"] for a in question["answers"])]
    )
    return f"{prefix}/{zlib.crc32(words.encode()):08x}"


def as_text(questions: Sequence[Question]) -> str:
    """Return questions as text, what is right and why at the end."""
    lines: list[str] = []
    key = ["", say("Answers")]
    for number, question in enumerate(questions, 1):
        lines.append(f"{number}. {question['question']}{_several(question)}")
        key.append(f"{number}.")
        for letter, a in zip("abcdefghij", question["answers"], strict=False):
            lines.append(f"   {letter}) {a['answer']}")
            mark = say("right") if a["correct"] else say("wrong")
            key.append(f"   {letter}) {mark}: {a['feedback']}")
    return "\n".join(lines + key)


def picks() -> dict[str, list[int]]:
    """Return what was picked: id → numbers of answers from 0, in order."""
    entries = store.section("answers")
    return {
        id: [k for k in entry.get("picks", []) if isinstance(k, int)]
        for id, entry in entries.items()
        if isinstance(entry.get("picks"), list)
    }


def count(prefix: str) -> Count:
    """Count the answers whose id begins so, e.g. "quiz/02_dropout_from_scratch/"."""
    entries = store.section("answers")
    found = [entry for id, entry in entries.items() if id.startswith(prefix)]
    return Count(len(found), sum(entry.get("right") is True for entry in found))


def _keep(questions: dict[str, Question], state: object) -> None:
    """Enter the picks that are new; what came first is never replaced."""
    if not isinstance(state, dict):
        return
    now = store.now()

    def enter(data: dict[str, Any]) -> None:
        for id, question in questions.items():
            chosen = _valid(state.get(id), len(question["answers"]))
            before = data["answers"].get(id, {})
            old = _valid(before.get("picks"), len(question["answers"]))
            merged = old + [k for k in chosen if k not in old]
            if merged != old:
                right = _is_right(question, merged)
                entry = {"picks": merged, "right": right}
                data["answers"][id] = {"when": now} | before | entry

    store.update(enter)


def _valid(chosen: object, number: int) -> list[int]:
    if not isinstance(chosen, list):
        return []
    return [k for k in chosen if isinstance(k, int) and 0 <= k < number]


def _is_right(question: Question, chosen: list[int]) -> bool:
    """Tell whether the first picks, as many as there are right answers, are these."""
    right = {k for k, answer in enumerate(question["answers"]) if answer["correct"]}
    return set(chosen[: len(right)]) == right


def _several(question: Question) -> str:
    if number_right(question) < 2 or "Several answers" in question["question"]:
        return ""
    return say(" (More than one is right.)")


def _plain(question: Question) -> str:
    """Return a question as HTML, its answers' feedback folded."""
    answers = "".join(
        f"<li>{panel.as_html(a['answer'])}<details>"
        f"<summary>{panel.as_html(say('Is it right?'))}</summary>"
        f"{panel.as_html(say('Right.') if a['correct'] else say('Not this one.'))} "
        f"{panel.as_html(a['feedback'])}</details></li>"
        for a in question["answers"]
    )
    asked = panel.as_html(question["question"]) + _several(question)
    return f"<p><b>{asked}</b></p><ul>{answers}</ul>"
