"""What a learner is told: verdict, points and message of each question, on one page.

The page holds no test, no traceback, nothing active, and stays below 200 kB whatever
was handed in.
"""

from __future__ import annotations

import re
from typing import Any

from staff.authoring.release import WORDS_HERE
from staff.grader.bundle import Bundle, Manual, Question
from staff.grader.feedback_page import BODY
from staff.grader.model import Output, QuestionResult, Result, Submission, Verdict
from staff.grader.outputs import safe_outputs
from staff.grader.pages import clean, cut, page_template

__all__ = ["WORDS", "Page", "points"]

WORDS = {
    Verdict.PASS: "Right",
    Verdict.FAIL: "Not right yet",
    Verdict.ERROR: "Your code stopped with an error",
    Verdict.TIMEOUT: "Your code took too long",
    Verdict.OOM: "Your code asked for too much memory",
    Verdict.CRASHED: "Your code ended the Python process",
    Verdict.OUTPUT_LIMIT: "Your code printed too much",
    Verdict.MISSING: "No answer",
    Verdict.TAMPERED: "Held back until your instructor has looked at it",
    Verdict.INVALID_FILE: "The file could not be read",
    Verdict.NOT_RUN: "Not checked; your instructor will look at it",
    Verdict.INFRA: "Not checked yet",
}
"""Each verdict in plain words."""

_HINTS = {
    Verdict.TIMEOUT: "Look for a loop that never ends, or for work done again and "
    "again that could be done once.",
    Verdict.OOM: "Look for a tensor or a list that grows with every step, or one far "
    "larger than its input.",
    Verdict.CRASHED: "Look for exit(), os._exit() or a signal; an answer only returns.",
    Verdict.OUTPUT_LIMIT: "Remove the print from your loop.",
    Verdict.MISSING: "Replace `raise NotImplementedError` in the answer cell.",
}
_SYMBOLS = {Verdict.PASS: "✓", Verdict.MISSING: "○"}
_SYMBOLS |= dict.fromkeys((Verdict.TAMPERED, Verdict.NOT_RUN, Verdict.INFRA), "?")
_WAIT = {Verdict.MISSING, Verdict.TAMPERED, Verdict.NOT_RUN, Verdict.INFRA}
_HIDDEN_HINT = (
    "Your answer passes the check that you see in the notebook, but not the same "
    "check on other numbers. Did it learn those numbers by heart?"
)

_PAGE = 150_000  # bytes for what learners wrote; the rest is ours
_NOTES = 20_000
_WRITTEN = 10_000
_MOST = 0.4, 0.4, 0.2  # of a question's share: message, answer, output


class Page:
    """Makes the pages of one assignment.

    Args:
        bundle: the assignment.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._template = page_template(BODY)
        self._heading = _heading(bundle)
        self._secrets = _secrets(bundle)

    def render(self, submission: Submission, result: Result) -> str:
        """Return the page of one submission.

        Args:
            submission: as read.
            result: complete.
        """
        questions = [
            self._question(question, submission, result)
            for question in self.bundle.questions.values()
        ]
        questions += [self._by_hand(each, submission) for each in self.bundle.by_hand]
        notes = [submission.invalid] if submission.invalid else submission.repairs
        possible = sum(q.points for q in self.bundle.questions.values())
        possible += sum(each.points for each in self.bundle.by_hand)
        return self._template.render(
            title=f"Feedback · {self._heading}",
            student=cut(clean(submission.student), 1000),
            file=cut(clean(submission.file), 1000),
            earned=points(sum(q["score"] for q in questions)),
            possible=points(possible),
            next_step=_next_step(submission, questions),
            notes=self._notes(notes),
            questions=questions,
        )

    def _notes(self, notes: Any) -> list[str]:
        notes = list(notes)
        shown = [self._safe(note, _NOTES // 20) for note in notes[:19]]
        rest = len(notes) - len(shown)
        return shown + ([f"… and {rest} more"] if rest else [])

    def _question(
        self, question: Question, submission: Submission, result: Result
    ) -> dict[str, Any]:
        own = result.questions[question.name]
        right = own.verdict == Verdict.PASS
        share = _PAGE // len(self.bundle.questions)
        message, answer, output = (int(share * part) for part in _MOST)
        cells = [
            step
            for step in submission.steps
            if step.kind == "answer" and step.question == question.name
        ]
        text = "\n\n".join(step.source for step in cells)
        printed = [o for step in cells for o in result.outputs.get(step.cell, [])]
        return {
            "title": question.title,
            "verdict": WORDS[own.verdict],
            "symbol": _SYMBOLS.get(own.verdict, "✗"),
            "tone": "good" if right else "wait" if own.verdict in _WAIT else "bad",
            "score": own.score(question.points),
            "earned": points(own.score(question.points)),
            "points": points(question.points),
            "hint": _hint(own, submission.lacking(question.name)),
            "message": "" if submission.invalid else self._safe(own.message, message),
            "answer": cut(clean(text), answer) if own.verdict != "MISSING" else "",
            "output": self._safe(_plain(printed), output),
        }

    def _by_hand(self, manual: Manual, submission: Submission) -> dict[str, Any]:
        """Show an answer in words: its points come from a person."""
        text = dict(submission.written).get(manual.grade_id, "")
        empty = text.strip() in ("", WORDS_HERE)
        verdict = WORDS[Verdict.MISSING] if empty else "To be graded by hand"
        return {
            "title": manual.title,
            "verdict": verdict,
            "symbol": "○" if empty else "?",
            "tone": "wait",
            "score": 0,
            "earned": "0" if empty else "so far 0",
            "points": points(manual.points),
            "hint": "",
            "message": "",
            "answer": "" if empty else cut(clean(text), _WRITTEN),
            "output": "",
        }

    def _safe(self, text: str, limit: int) -> str:
        """Return a text cut to size, without lines of hidden tests."""
        lines = clean(text[: 10 * limit]).strip("\n").split("\n")
        kept = ["…" if self._secrets.search(_squeeze(line)) else line for line in lines]
        return cut("\n".join(kept), limit)


def points(value: float) -> str:
    """Return points as people write them: 2, 1.5."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _hint(result: QuestionResult, lacking: list[str]) -> str:
    if result.verdict == Verdict.ERROR and lacking:
        names = cut(clean(", ".join(lacking)), 200)
        return (
            f"Your answer uses what is not installed where answers are graded: {names}."
            " Solve it with what the course installs, or ask your instructor."
        )
    if result.verdict == Verdict.FAIL and result.hidden:
        return _HIDDEN_HINT
    return _HINTS.get(result.verdict, "")


def _next_step(submission: Submission, questions: list[dict[str, Any]]) -> str:
    if submission.invalid:
        return (
            "How to go on: open your notebook in Jupyter, save it, and hand in that "
            ".ipynb file. Nothing is lost."
        )
    for question in questions:
        if question["tone"] == "bad" or question["symbol"] == "○":
            return (
                f"How to go on: open your notebook at {question['title']}, change your "
                "answer, run the check below it, and hand the notebook in again."
            )
    if any(question["tone"] == "wait" for question in questions):
        return "How to go on: your instructor will look at your answers and tell you."
    return "Everything is right. How to go on: open the next notebook."


def _plain(outputs: list[Output]) -> str:
    parts = [
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for output in safe_outputs(outputs)
    ]
    return "\n".join(part.strip("\n") for part in parts if part.strip())


def _heading(bundle: Bundle) -> str:
    for cell in bundle.cells:
        if cell.role == "markdown" and cell.source.startswith("# "):
            return cell.source.split("\n")[0][2:].strip()
    return bundle.stem


def _secrets(bundle: Bundle) -> re.Pattern[str]:
    """Return what finds lines and long numbers that stand in hidden tests alone."""
    seen = _squeeze("\n".join(cell.released for cell in bundle.cells))
    hidden = [
        _squeeze(line)
        for question in bundle.questions.values()
        for line in question.hidden.split("\n")
    ]
    lines = {re.escape(h) for h in hidden if len(h) > 7 and h not in seen}
    numbers = set(re.findall(r"(?<![\w.])\d[\d_]{3,}(?![\w.])", "\n".join(hidden)))
    numbers |= {number.replace("_", "") for number in numbers}
    digits = {rf"(?<![\w.]){n}(?![\w.])" for n in numbers if n not in seen}
    return re.compile("|".join(sorted(lines | digits)) or r"(?!)")


def _squeeze(text: str) -> str:
    return " ".join(text.split())
