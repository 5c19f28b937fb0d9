"""The speed challenge: ten questions against the clock, best time kept."""

import zlib
from typing import Any

from helpers.study import _panel as panel
from helpers.study import _store as store
from helpers.study._questions import Question, number_right
from helpers.study.answers import as_text, item
from helpers.study.quizzes import load_quiz
from helpers.study.titles import catalogue
from helpers.words import say

__all__ = ["best", "challenge"]

COUNT = 10  # questions in a round
PENALTY = 5  # seconds that a wrong answer costs
_POOL = 60  # questions that travel in one output


def challenge() -> None:
    """Ask ten questions from the notebooks that have been begun, against the clock."""
    pool = _pool()
    heard: list[dict[str, float]] = []

    def keep(state: dict[str, Any]) -> None:
        rounds = state.get("rounds")
        for entry in rounds[len(heard) :] if isinstance(rounds, list) else ():
            heard.append(entry)
            _enter(entry)

    words = say(
        "{count} questions from the notebooks that you have begun. The clock starts "
        "with your click; a wrong answer costs {penalty} seconds.",
        count=COUNT,
        penalty=PENALTY,
    )
    record = best()
    spec = {
        "pool": [item(question) for question in pool],
        "count": COUNT,
        "penalty": PENALTY,
        "best": record,
        "words": panel.as_html(words),
    }
    needs = say("It needs a page with scripts.")
    known = "" if record is None else say("\nBest time: {record:.1f} s.", record=record)
    text = say(
        "{words}{known}\n{needs} Three of the questions:\n",
        words=words,
        known=known,
        needs=needs,
    )
    panel.show(
        "challenge",
        spec,
        text=text + as_text(pool[:3]),
        plain=f"<p>{panel.as_html(words)} {panel.as_html(needs)}</p>",
        keep=keep,
    )


def best() -> float | None:
    """Return the best time in seconds, or None before the first round."""
    entries = store.section("challenge")
    seconds = entries.get("best", {}).get("seconds")
    return float(seconds) if isinstance(seconds, int | float) else None


def _pool() -> list[Question]:
    """Return questions with one right answer from notebooks that have been begun."""
    data = {} if store.reason_off() else store.read()
    stems = [
        stem
        for k, stem in enumerate(catalogue())
        if k < 2 or data and _begun(data, stem)
    ]
    questions = [
        question
        for stem in stems
        for question in load_quiz(stem)
        if number_right(question) == 1
    ]
    mixed = sorted(questions, key=lambda q: zlib.crc32(q["question"].encode()))
    return mixed[:_POOL]


def _begun(data: dict[str, Any], stem: str) -> bool:
    answered = any(id.startswith(f"quiz/{stem}/") for id in data["answers"])
    return answered or bool(data["passed"].get(stem))


def _enter(entry: object) -> None:
    """Keep a round's time if it is the best so far."""
    if not isinstance(entry, dict):
        return
    seconds, wrong = entry.get("seconds"), entry.get("wrong")
    if not isinstance(seconds, int | float) or seconds <= 0:
        return
    now = store.now()

    def enter(data: dict[str, Any]) -> None:
        old = data["challenge"].get("best", {}).get("seconds")
        if not isinstance(old, int | float) or seconds < old:
            data["challenge"]["best"] = {
                "seconds": seconds,
                "wrong": wrong,
                "when": now,
            }

    store.update(enter)
