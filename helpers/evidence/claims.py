"""Claims: sentences about results, held to their measurement.

A claim is one sentence, the effects that it speaks of (one number per seed, usually
treatment minus control), and the condition that the sentence asserts. It *holds* when
the whole confidence interval of the mean fulfils the condition, *does not hold* when
none of it does, and is *not decided* in between.

On a learner's machine a claim that does not hold prints a warning and the notebook
goes on; with COURSE_STRICT=1 (set when the course tests itself) it is an error.
"""

from __future__ import annotations

import html
import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch

from helpers import seeds
from helpers.evidence.intervals import mean_interval

__all__ = ["Claim", "ClaimFailed", "claim", "ledger"]

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decided"
_SYMBOL = {HOLDS: "✓", FAILS: "✗", OPEN: "?"}


class ClaimFailed(AssertionError):
    """A sentence of the course contradicts, or outruns, its measurement."""

    def _render_traceback_(self) -> list[str]:
        return [f"✗ {self}"]


@dataclass(frozen=True)
class Claim:
    """One entry of the ledger.

    Attributes:
        id: "notebook.slug", unique in the course.
        sentence: what is claimed.
        condition: what the effect must fulfil, e.g. "> 0".
        mean, low, high: effect and its confidence interval (equal for exact facts).
        n: how many seeds were measured; 1 for an exact fact.
        unit: of the effect, e.g. "accuracy points"; may be empty.
        confidence: of the interval, 0.95 by default.
        verdict: "holds", "does not hold" or "not decided".
        shift: what was added to the notebook's seeds, see `helpers.seeds`.
    """

    id: str
    sentence: str
    condition: str
    mean: float
    low: float
    high: float
    n: int
    unit: str
    confidence: float
    verdict: str
    shift: int = 0

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if self.n == 1:
            effect = f"measured {self.mean:.4g}{unit}"
        else:
            effect = (
                f"effect {self.mean:.4g}{unit}, {self.confidence:.0%} interval "
                f"{self.low:.4g} to {self.high:.4g} over {self.n} seeds"
            )
        if self.shift:
            effect += f", seeds shifted by {self.shift:,}"
        return (
            f"{_SYMBOL[self.verdict]} Claim {self.id}: {self.sentence}\n"
            f"  {effect}; claimed {self.condition}: {self.verdict}."
        )


class Ledger(list[Claim]):
    """The claims of this session; shows as a table."""

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(c.sentence)}</td><td>{_effect(c)}</td>"
            f"<td>{html.escape(c.condition)}</td><td>{c.verdict}</td></tr>"
            for c in self
        )
        head = "<tr><th>Claim</th><th>Effect</th><th>Claimed</th><th>Verdict</th></tr>"
        return f"<table>{head}{rows}</table>"

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "No claims measured yet."


_LEDGER = Ledger()


def claim(
    id: str,
    sentence: str,
    values: float | Sequence[float] | torch.Tensor,
    condition: str,
    *,
    unit: str = "",
    confidence: float = 0.95,
) -> None:
    r"""Hold a sentence to its measurement: print it with its interval and verdict.

    The interval is Student's, $\bar v \pm t_{n-1} s / \sqrt n$, over seeds.

    Args:
        id: "notebook.slug", unique in the course.
        sentence: what is claimed, in words.
        values: one effect per seed (for a comparison: treatment minus control of the
            *same* seed), shape (n,), n ≥ 2, from any device; or one number, not a list,
            for an exact fact.
        condition: "> 0", "< -0.02", "within 0.01" (|effect| at most that) or
            "between 0.9 1.1".
        unit: of the effect, for the message.
        confidence: of the interval, in (0, 1).

    Raises:
        ValueError: the condition cannot be read, a value is not finite, or there is a
            list of one seed.
        ClaimFailed: only with COURSE_STRICT=1, when the claim does not hold or is
            not decided.
    """
    low_limit, high_limit = _limits(condition)
    mean, low, high, n = _interval(id, values, confidence)
    verdict = _verdict(low, high, low_limit, high_limit)
    entry = Claim(
        *(id, sentence, condition, mean, low, high, n, unit, confidence, verdict),
        shift=seeds.shifted_by(),
    )
    _enter(entry)
    print(entry)
    if verdict == HOLDS:
        return
    if os.environ.get("COURSE_STRICT") == "1":
        raise ClaimFailed(str(entry).removeprefix(_SYMBOL[verdict]).strip())
    here = "with these seeds" if entry.shift else "on your machine"
    print(
        f"  Warning: {here} the measurement does not support this sentence. "
        "Trust the measurement."
    )


def ledger() -> Ledger:
    """Return the claims measured since this notebook was started, in order."""
    return _LEDGER


def _limits(condition: str) -> tuple[float, float]:
    words = condition.split()
    try:
        numbers = [float(word) for word in words[1:]]
        match words[0], numbers:
            case ">", [limit]:
                return limit, math.inf
            case "<", [limit]:
                return -math.inf, limit
            case "within", [width] if width >= 0:
                return -width, width
            case "between", [low, high] if low <= high:
                return low, high
    except (ValueError, IndexError):
        pass
    raise ValueError(
        f"Cannot read the condition {condition!r}. "
        'Write "> 0", "< -0.02", "within 0.01" or "between 0.9 1.1".'
    )


def _interval(
    id: str, values: object, confidence: float
) -> tuple[float, float, float, int]:
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()  # first: an Apple GPU has no float64
    numbers = torch.as_tensor(values, dtype=torch.float64)
    if numbers.dim() > 1 or numbers.numel() == 0 or not numbers.isfinite().all():
        raise ValueError(
            f"claim {id}: expected one finite number, or one per seed, shape (n,); "
            f"got shape {tuple(numbers.shape)}"
            + (" with values that are not finite." if numbers.dim() <= 1 else ".")
        )
    if numbers.shape == (1,):
        raise ValueError(
            f"claim {id}: expected at least 2 seeds, got 1, which says nothing about "
            "others. Train more seeds; an exact fact is one number, not a list."
        )
    if numbers.dim() == 0:
        value = numbers.item()
        return value, value, value, 1
    interval = mean_interval(numbers, confidence)
    return interval.mean, interval.low, interval.high, numbers.numel()


def _verdict(low: float, high: float, low_limit: float, high_limit: float) -> str:
    # "> 0" and "< 0" are strict, "within" and "between" include their ends.
    if math.isinf(low_limit) or math.isinf(high_limit):
        inside = low > low_limit and high < high_limit
        outside = high <= low_limit or low >= high_limit
    else:
        inside = low >= low_limit and high <= high_limit
        outside = high < low_limit or low > high_limit
    return HOLDS if inside else FAILS if outside else OPEN


def _enter(entry: Claim) -> None:
    _LEDGER[:] = [c for c in _LEDGER if c.id != entry.id] + [entry]
    path = os.environ.get("COURSE_LEDGER")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(entry)) + "\n")


def _effect(c: Claim) -> str:
    if c.n == 1:
        return f"{c.mean:.4g} {html.escape(c.unit)}"
    return f"{c.mean:.4g} [{c.low:.4g}, {c.high:.4g}] {html.escape(c.unit)}"
