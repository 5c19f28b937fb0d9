"""What a check says: one exception class, rendered as a short message."""

from __future__ import annotations

import linecache
import textwrap
from pathlib import Path
from types import TracebackType
from typing import Any

import torch

from helpers import cards
from helpers.words import say

__all__ = ["CheckFailed", "NotAttempted", "describe", "learner_line"]

_WIDTH = 88
_LABEL = 10
_ROOT = Path(__file__).resolve().parents[3]
_COURSE = (str(_ROOT / "helpers"), str(_ROOT / "staff"))


class CheckFailed(AssertionError):
    """A check that did not pass, shown as a card or as a few labelled lines.

    IPython shows these instead of a traceback, so the learner reads what is wrong
    with the answer and never the source of the check.

    Attributes:
        title: "Exercise 2.2 · inverted_dropout".
        problem: one sentence, what is wrong.
        case: the call that showed it, or None.
        expected, got: what should have come and what came, or None.
        mistake: id of the named mistake that was recognised, or None.
        advice: the sentence that belongs to the mistake, or a hint, or None.
        raised: name of the exception that the answer raised, or None.
    """

    symbol = "✗"
    tone: cards.Tone = "bad"
    raised: str | None = None

    def __init__(
        self,
        title: str,
        problem: str,
        *,
        case: str | None = None,
        expected: object = None,
        got: object = None,
        mistake: str | None = None,
        advice: str | None = None,
    ) -> None:
        self.title, self.problem, self.case = title, problem, case
        self.expected, self.got = expected, got
        self.mistake, self.advice = mistake, advice
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """Return the message, one string per line, at most 88 columns wide."""
        lines = textwrap.wrap(f"{self.symbol} {self.title}: {self.problem}", _WIDTH)
        for label, text in self._rows():
            lines += _row(label, text)
        return lines

    def bundle(self) -> dict[str, Any]:
        """Return the message as a card and, with the same words, as text."""
        problem = self.problem[:1].upper() + self.problem[1:]
        title = f"{self.symbol} {self.title}"
        return {
            "text/html": cards.card(self.tone, title, problem, self._rows()),
            "text/plain": "\n".join(self.lines()),
        }

    def _rows(self) -> list[tuple[str, str]]:
        rows = [
            (say("Case"), self.case),
            (say("Expected"), self.expected),
            (say("Got"), self.got),
            (say("Mistake") if self.mistake else say("Hint"), self.advice),
        ]
        return [(label, str(text)) for label, text in rows if text is not None]

    def _render_traceback_(self) -> list[str]:
        return self.lines()

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> dict[str, Any]:
        return self.bundle()


class NotAttempted(CheckFailed):
    """An exercise whose stub still stands: no mistake, just not done yet."""

    symbol = "○"
    tone: cards.Tone = "open"

    def __init__(self, title: str) -> None:
        super().__init__(
            title,
            say(
                "not attempted yet. Replace `raise NotImplementedError` by your answer."
            ),
        )

    def lines(self) -> list[str]:
        """Return the message as one line."""
        return [f"{self.symbol} {self.title}: {self.problem}"]


def _row(label: str, text: str) -> list[str]:
    indent = " " * (_LABEL + 2)
    head = f"  {label:<{_LABEL - 1}} "
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        lines += textwrap.wrap(
            paragraph,
            _WIDTH,
            initial_indent=head if not lines else indent,
            subsequent_indent=indent,
            break_long_words=False,
        ) or [head.rstrip()]
    return lines


def describe(value: object, *, limit: int = 8) -> str:
    """Return a short text for a value, as it may stand in a message.

    Tensors of at most `limit` numbers are written out, larger ones by shape and
    dtype; everything else by its repr, cut at 60 characters.
    """
    if isinstance(value, torch.Tensor):
        return _describe_tensor(value, limit)
    if isinstance(value, torch.Generator):
        return say("a generator")
    if isinstance(value, torch.nn.Module):
        return _shorten(" ".join(repr(value).split()))
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)) and len(value) <= limit:
        inner = ", ".join(describe(item, limit=limit) for item in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    return _shorten(_safe_repr(value))


def _describe_tensor(value: torch.Tensor, limit: int) -> str:
    dtype = str(value.dtype).removeprefix("torch.")
    if value.is_nested:  # has no shape
        return say("a nested {dtype} tensor", dtype=dtype)
    if value.layout is not torch.strided:
        return say(
            "a sparse {dtype} tensor of shape {shape}",
            dtype=dtype,
            shape=tuple(value.shape),
        )
    if value.is_meta or value.numel() > limit:
        return say(
            "a {dtype} tensor of shape {shape}", dtype=dtype, shape=tuple(value.shape)
        )
    numbers = _numbers(value.detach().cpu().tolist())
    if value.dim() == 0:
        return say("a 0-dim tensor {numbers}", numbers=numbers)
    return numbers if value.dtype == torch.float32 else f"{numbers} ({dtype})"


def _numbers(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_numbers(item) for item in value) + "]"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _safe_repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # an answer may return anything
        return say("an object of type {name}", name=type(value).__name__)


def _shorten(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def learner_line(traceback: TracebackType | None) -> str | None:
    """Return "line 3 of your cell: …" for the last frame outside libraries."""
    found = None
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if "site-packages" not in name and not name.startswith(_COURSE):
            line = linecache.getline(name, traceback.tb_lineno).strip()
            if line and "lib/python" not in name:
                found = say(
                    "line {tb_lineno} of your cell: {line}",
                    tb_lineno=traceback.tb_lineno,
                    line=line,
                )
        traceback = traceback.tb_next
    return found
