"""What a learner is told: verdict, points and message of each question, on one page.

The page holds no test, no traceback, nothing active, and stays below 200 kB whatever
was handed in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from staff.authoring.release import WORDS_HERE
from staff.grader.bundle import Bundle, Manual, Question
from staff.grader.feedback_page import BODY
from staff.grader.marks import Marks
from staff.grader.model import Output, QuestionResult, Result, Submission, Verdict
from staff.grader.outputs import safe_outputs
from staff.grader.pages import clean, cut, page_template
from staff.grader.policy import Policy
from staff.grader.requests import Request

__all__ = ["WORDS", "Page", "lateness", "points"]

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
_HELD = {Verdict.TAMPERED, Verdict.NOT_RUN, Verdict.INVALID_FILE}
_LOOKED = "Looked at by your instructor"
_HIDDEN_HINT = (
    "Your answer passes the check that you see in the notebook, but not the same "
    "check on other numbers. Did it learn those numbers by heart?"
)

_PAGE = 150_000  # bytes for what learners wrote; the rest is ours
_NOTES = 12_000
_REQUESTS = 2_500  # the learner's about the whole, and the answer
_MOST = 0.3, 0.15, 0.3, 0.1  # of a share: message, comment, answer, output
_WRITTEN = 10_000


class Page:
    """Makes the pages of one assignment.

    Args:
        bundle: the assignment.
        policy: the term's rules.
        requests: student → what he or she wants to be looked at again.
    """

    def __init__(
        self,
        bundle: Bundle,
        policy: Policy | None = None,
        requests: Mapping[str, list[Request]] | None = None,
    ) -> None:
        self.bundle, self.policy = bundle, policy or Policy()
        self.requests = requests or {}
        self._template = page_template(BODY)
        self._heading = _heading(bundle)
        self._secrets = _secrets(bundle)

    def render(
        self, submission: Submission, result: Result, marks: Marks | None = None
    ) -> str:
        """Return the page of one submission.

        Args:
            submission: as read.
            result: complete.
            marks: what the gradebook says: points and comments by hand, lateness.
        """
        return self._template.render(self.content(submission, result, marks))

    def content(
        self, submission: Submission, result: Result, marks: Marks | None = None
    ) -> dict[str, Any]:
        """Return all that the page says, as clean text; arguments as of `render`."""
        marks = marks or Marks()
        questions = [
            self._question(question, submission, result, marks)
            for question in self.bundle.questions.values()
        ]
        questions += [
            self._by_hand(each, submission, marks) for each in self.bundle.by_hand
        ]
        notes = [submission.invalid] if submission.invalid else submission.repairs
        possible = sum(q.points for q in self.bundle.questions.values())
        possible += sum(each.points for each in self.bundle.by_hand)
        earned = sum(q["score"] for q in questions)
        return {
            "title": f"Feedback · {self._heading}",
            "student": cut(clean(submission.student), 1000),
            "file": cut(clean(submission.file), 1000),
            "earned": points(max(0.0, earned - marks.penalty)),
            "possible": points(possible),
            "late": self._late(earned, marks),
            "next_step": _next_step(submission, questions),
            "notes": self._notes(notes),
            "requests": self._requests("", submission, _REQUESTS),
            "questions": questions,
        }

    def reasons(self, submission: Submission, result: Result) -> dict[str, str]:
        """Return check cell → why it has its points, for formgrader."""
        return {
            question.grade_id: self._reason(question, submission, result)
            for question in self.bundle.questions.values()
        }

    def _reason(
        self, question: Question, submission: Submission, result: Result
    ) -> str:
        own = result.questions[question.name]
        score = self.policy.score(own, question.points)
        symbol = _SYMBOLS.get(own.verdict, "✗")
        lines = [
            f"{symbol} {points(score)} of {points(question.points)} points by the "
            f"automatic check: {WORDS[own.verdict]} ({own.verdict})"
        ]
        if own.hidden:
            lines.append("The visible part passes; the hidden part does not.")
        if own.mistake:
            lines.append(f"Named mistake: {own.mistake}")
        message = own.message or submission.invalid
        return "\n".join(lines + ([self._safe(message, 10_000)] if message else []))

    def _late(self, earned: float, marks: Marks) -> str:
        """Return what is to be said of lateness; "" if there was none."""
        if not marks.late:
            return ""
        told = f"Handed in {lateness(marks.late)} late"
        told += f" (it was due {self.policy.shown(marks.due)})"
        if not marks.penalty:
            return f"{told}; that costs no points."
        return (
            f"{told}: {points(marks.penalty)} of the {points(earned)} points earned "
            "are taken off."
        )

    def _notes(self, notes: Any) -> list[str]:
        notes = list(notes)
        shown = [self._safe(note, _NOTES // 20) for note in notes[:19]]
        rest = len(notes) - len(shown)
        return shown + ([f"… and {rest} more"] if rest else [])

    def _question(
        self,
        question: Question,
        submission: Submission,
        result: Result,
        marks: Marks,
    ) -> dict[str, Any]:
        own = result.questions[question.name]
        right = own.verdict == Verdict.PASS
        looked = own.verdict in _HELD and question.grade_id in marks.manual
        automatic = self.policy.score(own, question.points)
        share = _PAGE // len(self.bundle.questions)
        message, comment, answer, output = (int(share * part) for part in _MOST)
        cells = [
            step
            for step in submission.steps
            if step.kind == "answer" and step.question == question.name
        ]
        text = "\n\n".join(step.source for step in cells)
        printed = [o for step in cells for o in result.outputs.get(step.cell, [])]
        return {
            "title": question.title,
            "verdict": _LOOKED if looked else WORDS[own.verdict],
            "symbol": _SYMBOLS.get(own.verdict, "✗"),
            "tone": "good" if right else "wait" if own.verdict in _WAIT else "bad",
            **_decided(question.grade_id, question.points, automatic, marks),
            "comment": cut(clean(marks.comments.get(question.name, "")), comment),
            "requests": self._requests(question.name, submission, comment // 2),
            "part": _part(question, automatic, own),
            "hint": _hint(own, submission.lacking(question.name)),
            "message": "" if submission.invalid else self._safe(own.message, message),
            "answer": cut(clean(text), answer) if own.verdict != "MISSING" else "",
            "output": self._safe(_plain(printed), output),
        }

    def _requests(
        self, name: str, submission: Submission, limit: int
    ) -> list[tuple[str, str]]:
        """Return (what the learner asks, the answer or "") about a question."""
        return [
            (self._safe(one.text, limit), cut(clean(one.answer), limit))
            for one in self.requests.get(submission.student, [])
            if one.question == name
        ]

    def _by_hand(
        self, manual: Manual, submission: Submission, marks: Marks
    ) -> dict[str, Any]:
        """Show an answer in words: its points come from a person."""
        name = manual.grade_id
        text = dict(submission.written).get(name, "")
        empty = text.strip() in ("", WORDS_HERE)
        looked = name in marks.manual
        verdict = WORDS[Verdict.MISSING] if empty else "To be graded by hand"
        points_told = _decided(name, manual.points, 0.0, marks)
        given = f"Your instructor gave {points_told['earned']} of "
        given += f"{points_told['points']} points."
        comment = marks.comments.get(name, "")
        return {
            "title": manual.title,
            "verdict": _LOOKED if looked else verdict,
            "symbol": "○" if empty or looked else "?",
            "tone": "wait",
            **points_told,
            "earned": points_told["earned"] if empty or looked else "so far 0",
            "by_hand": given if looked else "",
            "comment": cut(clean(comment), _REQUESTS),
            "requests": self._requests(name, submission, _REQUESTS // 2),
            "part": "",
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


def lateness(seconds: float) -> str:
    """Return a time as people say it, the minute begun counted: "1 day 2 hours"."""
    minutes = int(-(-seconds // 60))
    days, rest = divmod(minutes, 24 * 60)
    parts = [(days, "day"), (rest // 60, "hour"), (rest % 60, "minute")]
    told = [f"{n} {word}{'s' * (n != 1)}" for n, word in parts if n]
    return " ".join(told[:2]) or "0 minutes"


def _decided(cell: str, worth: float, automatic: float, marks: Marks) -> dict[str, Any]:
    """Return the points of a graded cell, and what a person changed in them.

    Args:
        cell: nbgrader's name for it.
        worth: points that it can have.
        automatic: points of the automatic check.
        marks: of the submission.
    """
    manual, extra = marks.manual.get(cell), marks.extra.get(cell, 0.0)
    score = (automatic if manual is None else manual) + extra
    told = []
    if manual is not None:
        told.append(
            f"Your instructor gave {points(manual)} of {points(worth)} "
            f"points; the automatic check alone gives {points(automatic)}."
        )
    if extra:
        told.append(f"Extra credit: {points(extra)}.")
    return {
        "score": score,
        "full": score >= worth,
        "earned": points(score),
        "points": points(worth),
        "by_hand": " ".join(told),
    }


def _part(question: Question, automatic: float, result: QuestionResult) -> str:
    """Say for what a part of the points was given."""
    if not 0 < automatic < question.points or result.verdict == Verdict.PASS:
        return ""
    return (
        f"For the part of the check that you see you get {points(automatic)} of "
        f"{points(question.points)} points."
    )


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
        open_still = question["tone"] == "bad" or question["symbol"] == "○"
        if open_still and not question["full"]:
            return (
                f"How to go on: open your notebook at {question['title']}, change your "
                "answer, run the check below it, and hand the notebook in again."
            )
    if any(question["tone"] == "wait" for question in questions):
        return "How to go on: your instructor will look at your answers and tell you."
    if any(not question["full"] for question in questions):
        return (
            "Every check passes. How to go on: read what your instructor writes, then "
            "open the next notebook."
        )
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
