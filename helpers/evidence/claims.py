"""Claims: sentences about results, held to their measurement.

A claim is one sentence, the effects that it speaks of (one number per seed, usually
treatment minus control), and the condition that the sentence asserts. It *holds* when
the whole confidence interval of the mean fulfils the condition, *does not hold* when
none of it does, and is *not decided* in between.

The claims of one experiment stand in one table::

    with results():
        claim("l1_l2.sparse", "L1 leaves fewer weights.", fewer, "> 0")
        claim("l1_l2.small", "L2 leaves smaller ones.", smaller, "> 0")

The scores that they rest on can stand above them, arm by arm::

    with results(varies="8 initializations and orders; one split") as table:
        table.arms({"none": plain, "L1": sparse}, paired_with="none", unit="points")
        claim("l1_l2.helps", "L1 gains accuracy.", sparse - plain, "> 0")

On a learner's machine a claim that does not hold brings a warning and the notebook
goes on; with COURSE_STRICT=1 (set when the course tests itself) it is an error.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from helpers import cards, curtain, seeds
from helpers.evidence.experiments import Comparison, Experiment, experiment_line
from helpers.evidence.intervals import (
    Interval,
    Values,
    mean_interval,
    paired_difference,
)
from helpers.words import say

__all__ = [
    "Claim",
    "ClaimFailed",
    "Results",
    "claim",
    "ledger",
    "open_table",
    "read_ledger",
    "results",
]

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decided"
_WIDTH = 80  # columns of text
_SYMBOL = {HOLDS: "✓", FAILS: "✗", OPEN: "?"}
_SAID = {HOLDS: say("holds"), FAILS: say("does not hold"), OPEN: say("not decided")}


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
            effect = say("measured {mean:.4g}{unit}", mean=self.mean, unit=unit)
        else:
            effect = say(
                "effect {mean:.4g}{unit}, {confidence:.0%} interval {low:.4g} to "
                "{high:.4g} over {n} seeds",
                mean=self.mean,
                unit=unit,
                confidence=self.confidence,
                low=self.low,
                high=self.high,
                n=self.n,
            )
        if self.shift:
            effect += say(", seeds shifted by {shift:,}", shift=self.shift)
        return say(
            "{symbol} Claim {id}: {sentence}\n  {effect}; claimed {condition}: "
            "{verdict}.",
            symbol=_SYMBOL[self.verdict],
            id=self.id,
            sentence=self.sentence,
            effect=effect,
            condition=self.condition,
            verdict=_SAID[self.verdict],
        )


class Ledger(list[Claim]):
    """The claims of this session; shows as a table."""

    def _repr_html_(self) -> str:
        return _table(self)

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or say("No claims measured yet.")


class Results:
    """The claims of one experiment, shown together.

    Attributes:
        claims: in the order in which they were measured.
        after: ids of the predictions that the table decides.
        varies: what differs from seed to seed, in words; may be empty.
    """

    def __init__(self, after: Sequence[str] = (), varies: str = "") -> None:
        self.claims: list[Claim] = []
        self.after = [*after]
        self.varies = varies
        self._notes: list[Callable[[], str]] = []
        self._arms: list[_Arms] = []

    def arms(
        self,
        scores: Mapping[str, Values],
        *,
        paired_with: str = "",
        unit: str = "",
        digits: int = 2,
    ) -> None:
        """Add a table of arms: each one's mean, and its difference to the control's.

        Args:
            scores: name of the arm → one number per seed, (n,) each, n ≥ 2, seed k at
                place k in all that are compared.
            paired_with: the control's name; "" leaves differences out.
            unit: of the scores, e.g. "% accuracy".
            digits: shown after the decimal point.

        Raises:
            ValueError: no arm, an unknown control, or values that are not one finite
                number per seed.
        """
        if not scores or (paired_with and paired_with not in scores):
            raise ValueError(
                say(
                    "arms: expected the control {paired_with!r} among the arms, got "
                    "{scores}.",
                    paired_with=paired_with,
                    scores=", ".join(scores) or say("none"),
                )
            )
        self._arms.append(_Arms.measured(scores, paired_with, unit, digits))

    def note(self, id: str, text: Callable[[], str]) -> None:
        """Put a text above the table; it may change when `id` is predicted."""
        self.after.append(id)
        self._notes.append(text)

    def experiment(self) -> Experiment:
        """Return what the ledger's file keeps of the table beside its claims."""
        compared = [
            Comparison(arms.control, arms.unit, dict(arms.gains))
            for arms in self._arms
            if arms.gains
        ]
        ids = [entry.id for entry in self.claims]
        return Experiment(tuple(ids), self.varies, tuple(compared))

    def show(self) -> None:
        """Display the table, folded until what it decides is predicted."""
        if self.claims or self._notes or self._arms:
            curtain.show([*dict.fromkeys(self.after)], self.bundle)

    def bundle(self) -> cards.Bundle:
        """Return the table as HTML and, with the same words, as text."""
        notes = [note() for note in self._notes]
        doubts = _doubts(self.claims)
        page = "".join(cards.note(text) for text in notes)
        page += "".join(arms.page() for arms in self._arms)
        page += _table(self.claims) if self.claims else ""
        varies = (
            [say("What varies: {varies}.", varies=self.varies)] if self.varies else []
        )
        page += "".join(map(cards.small, varies))
        page += "".join(cards.note(text) for text in doubts)
        told = [textwrap.fill(text, _WIDTH) for text in (*varies, *doubts)]
        tables = [arms.text() for arms in self._arms]
        lines = [*notes, *tables, *map(_lines, self.claims), *told]
        return {"text/html": page, "text/plain": "\n".join(lines)}, {}


@dataclass(frozen=True)
class _Arms:
    """Scores of the arms of an experiment, ready to be shown."""

    control: str
    unit: str
    digits: int
    means: Mapping[str, Interval]
    gains: Mapping[str, Interval]

    @classmethod
    def measured(
        cls, scores: Mapping[str, Values], control: str, unit: str, digits: int
    ) -> _Arms:
        """Return the arms' means and, with a control, the differences to it."""
        means = {name: mean_interval(values) for name, values in scores.items()}
        others = {name: v for name, v in scores.items() if control and name != control}
        gains = {
            name: paired_difference(values, scores[control])
            for name, values in others.items()
        }
        return cls(control, unit, digits, means, gains)

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Return the head and one row for each arm."""
        head = [
            say("Arm"),
            say("Mean, {unit}", unit=self.unit) if self.unit else say("Mean"),
            say("Seeds"),
        ]
        if self.control:
            head.append(
                say("Difference to {control}, 95 % interval", control=self.control)
            )
        rows = []
        for name, mean in self.means.items():
            row = [name, f"{mean.mean:.{self.digits}f}", str(mean.n)]
            if self.control:
                row.append(self._gain(name))
            rows.append(row)
        return head, rows

    def _gain(self, name: str) -> str:
        if name not in self.gains:
            return "–"
        gain, d = self.gains[name], self.digits
        return f"{gain.mean:+.{d}f} [{gain.low:+.{d}f}, {gain.high:+.{d}f}]"

    def page(self) -> str:
        """Return the table as HTML."""
        head, rows = self.rows()
        return cards.table(head, rows, numbers=range(1, len(head)))

    def text(self) -> str:
        """Return the table as text, columns aligned."""
        head, rows = self.rows()
        widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if k else cell.ljust(width)
                for k, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in [head, *rows]
        )


_LEDGER = Ledger()
_TABLES: list[Results] = []  # those that are being filled; the last takes the claims


def claim(
    id: str,
    sentence: str,
    values: float | Sequence[float] | torch.Tensor | Interval,
    condition: str,
    *,
    unit: str = "",
    confidence: float = 0.95,
) -> None:
    r"""Hold a sentence to its measurement: show it with its interval and verdict.

    Inside `with results():` it becomes a row of the table; elsewhere it is printed.

    The interval is Student's, $\bar v \pm t_{n-1} s / \sqrt n$, over seeds.

    Args:
        id: "notebook.slug", unique in the course.
        sentence: what is claimed, in words.
        values: one effect per seed (for a comparison: treatment minus control of the
            *same* seed), shape (n,), n ≥ 2, from any device; or one number, not a list,
            for an exact fact; or an interval that is computed already, such as
            `proportion_interval`'s of a share (`confidence` is then its own).
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
    if _TABLES:
        _TABLES[-1].claims.append(entry)
        return
    print("\n".join([str(entry), *(f"  {doubt}" for doubt in _doubts([entry]))]))
    _be_strict([entry])


@contextlib.contextmanager
def results(*, after: str | Sequence[str] = (), varies: str = "") -> Iterator[Results]:
    """Collect the claims measured inside and show them as one table.

    A `recall` inside stands above the table, and folds it until the prediction is made.

    Args:
        after: ids of more predictions that the table decides.
        varies: what differs from seed to seed, in words: "8 initializations and
            orders; one split, one draw of false labels". It stands under the table,
            for an interval speaks of nothing else.

    Raises:
        ClaimFailed: only with COURSE_STRICT=1, after the table is shown, when a claim
            does not hold or is not decided.
    """
    table = Results([after] if isinstance(after, str) else after, varies)
    _TABLES.append(table)
    try:
        yield table
    finally:
        _TABLES.remove(table)
        table.show()
    _write(experiment_line(table.experiment()))
    _be_strict(table.claims)


def open_table() -> Results | None:
    """Return the table that is being filled, or None."""
    return _TABLES[-1] if _TABLES else None


def ledger() -> Ledger:
    """Return the claims measured since this notebook was started, in order."""
    return _LEDGER


def read_ledger(path: Path) -> list[Claim]:
    """Return the claims that a run wrote to the file named by COURSE_LEDGER.

    Of claims measured more than once the last measurement counts; no file, no claims.
    """
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    entries = [entry for entry in map(json.loads, lines) if "id" in entry]
    claims = (Claim(**entry) for entry in entries)
    return list({claim.id: claim for claim in claims}.values())


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
        say(
            'Cannot read the condition {condition!r}. Write "> 0", "< -0.02", "within '
            '0.01" or "between 0.9 1.1".',
            condition=condition,
        )
    )


def _interval(
    id: str, values: object, confidence: float
) -> tuple[float, float, float, int]:
    if isinstance(values, Interval):
        return values
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()  # first: an Apple GPU has no float64
    numbers = torch.as_tensor(values, dtype=torch.float64)
    if numbers.dim() > 1 or numbers.numel() == 0 or not numbers.isfinite().all():
        raise ValueError(
            say(
                "claim {id}: expected one finite number, or one per seed, shape (n,); "
                "got shape {shape}",
                id=id,
                shape=tuple(numbers.shape),
            )
            + (say(" with values that are not finite.") if numbers.dim() <= 1 else ".")
        )
    if numbers.shape == (1,):
        raise ValueError(
            say(
                "claim {id}: expected at least 2 seeds, got 1, which says nothing "
                "about others. Train more seeds; an exact fact is one number, not a "
                "list.",
                id=id,
            )
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
    _write(json.dumps(asdict(entry)))


def _write(line: str) -> None:
    path = os.environ.get("COURSE_LEDGER")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(line + "\n")


def _be_strict(claims: Sequence[Claim]) -> None:
    failed = [c for c in claims if c.verdict != HOLDS]
    if failed and os.environ.get("COURSE_STRICT") == "1":
        told = [str(c).removeprefix(_SYMBOL[c.verdict]).strip() for c in failed]
        raise ClaimFailed("\n".join(told))


def _doubts(claims: Sequence[Claim]) -> list[str]:
    """Return what to say of claims that do not hold; nothing if all do."""
    failed = [c for c in claims if c.verdict != HOLDS]
    if not failed:
        return []
    here = say("with these seeds") if failed[0].shift else say("on your machine")
    which = say("this sentence") if len(claims) == 1 else say("every sentence")
    return [
        say(
            "Warning: {here} the measurement does not support {which}. Trust the "
            "measurement.",
            here=here,
            which=which,
        )
    ]


def _lines(c: Claim) -> str:
    """Return a claim as text, wrapped at words."""
    indent = "    "
    return "\n".join(
        textwrap.fill(
            line.strip(),
            _WIDTH,
            initial_indent=indent if number else "",
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for number, line in enumerate(str(c).splitlines())
    )


def _table(claims: Sequence[Claim]) -> str:
    """Return claims as an HTML table: words to the left, numbers to the right."""
    if not claims:
        return f"<p>{say('No claims measured yet.')}</p>"
    head = [
        say("What is claimed"),
        say("Measured"),
        say("Interval"),
        say("Seeds"),
        say("Must be"),
        say("It…"),
    ]
    rows = [
        [
            c.sentence,
            f"{c.mean:.4g} {c.unit}".strip(),
            say("{low:.4g} to {high:.4g}", low=c.low, high=c.high)
            if c.n > 1
            else say("exact"),
            str(c.n) if c.n > 1 else "",
            c.condition,
            f"{_SYMBOL[c.verdict]} {_SAID[c.verdict]}",
        ]
        for c in claims
    ]
    page = cards.table(head, rows, numbers=(1, 2, 3))
    sizes = sorted({f"{c.confidence:.0%}" for c in claims if c.n > 1})
    shift = next((c.shift for c in claims if c.shift), 0)
    told = (
        [say("Intervals: {sizes}, over seeds.", sizes=say(" and ").join(sizes))]
        if sizes
        else []
    )
    told += [say("Seeds shifted by {shift:,}.", shift=shift)] if shift else []
    return page + (cards.small(" ".join(told)) if told else "")
