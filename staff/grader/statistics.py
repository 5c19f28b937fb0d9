"""What a class did with an assignment, counted from the journal."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from staff.grader.bundle import Bundle, Question
from staff.grader.journal import Entry
from staff.grader.model import QuestionResult, Verdict
from staff.grader.policy import Policy
from staff.grader.scores import handed_in

__all__ = ["Case", "Report", "Row", "discrimination", "gather"]

_NOT_ATTEMPTED = frozenset(
    {Verdict.MISSING, Verdict.INVALID_FILE, Verdict.NOT_RUN, Verdict.INFRA}
)
_WHY = {
    Verdict.TAMPERED: "changed or read what belongs to the grader; 0 points until you "
    "have looked",
    Verdict.INVALID_FILE: "the file cannot be graded",
    Verdict.NOT_RUN: "was not run; 0 points until you have looked",
    Verdict.INFRA: "the grader failed; nothing is scored, grade again",
}


@dataclass(frozen=True)
class Case:
    """A submission that a person should look at, and why."""

    student: str
    file: str
    why: str
    evidence: str = ""


@dataclass(frozen=True)
class Row:
    """One question.

    Args:
        question: of the bundle.
        verdicts: how often each was given.
        mistakes: (id, sentence, how often), most frequent first.
        difficulty: mean share of its points, over readable submissions; None if none.
        discrimination: point-biserial correlation with the points of the other
            questions; None where it is not defined.
        undefined: why it is not.
        seconds: median over those who attempted it; None if nobody did.
    """

    question: Question
    verdicts: dict[Verdict, int]
    mistakes: list[tuple[str, str, int]]
    difficulty: float | None
    discrimination: float | None
    undefined: str
    seconds: float | None

    @property
    def attempted(self) -> int:
        """How many handed in an answer."""
        return sum(n for v, n in self.verdicts.items() if v not in _NOT_ATTEMPTED)

    @property
    def passed(self) -> int:
        """How many got its points."""
        return self.verdicts.get(Verdict.PASS, 0)

    @property
    def failed(self) -> int:
        """How many tried and did not."""
        return self.attempted - self.passed


@dataclass(frozen=True)
class Report:
    """All of it.

    Args:
        stem: the assignment.
        students: number of submissions.
        mean: points by the automatic checks, over all that nbgrader's gradebook has:
            a file that cannot be read counts as 0 there, and here; None if there are
            none.
        possible: points.
        rows: one for each question.
        verdicts: over all questions.
        cases: for a person.
        layers: what confined the sessions, and how many of them.
        unreadable: how many files cannot be read.
    """

    stem: str
    students: int
    mean: float | None
    possible: float
    rows: list[Row]
    verdicts: dict[Verdict, int]
    cases: list[Case]
    layers: dict[str, int] = field(default_factory=dict)
    unreadable: int = 0


def gather(
    bundle: Bundle,
    entries: Iterable[Entry],
    sentences: dict[str, dict[str, str]],
    policy: Policy | None = None,
) -> Report:
    """Count.

    Args:
        bundle: the assignment.
        entries: the latest of each student.
        sentences: question → mistake → its sentence.
        policy: the term's rules.
    """
    policy = policy or Policy()
    names = list(bundle.questions)
    counts: dict[str, Counter[Verdict]] = {name: Counter() for name in names}
    mistakes: dict[str, Counter[str]] = {name: Counter() for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    passed: list[list[bool]] = []
    scored: list[list[float]] = []
    cases: list[Case] = []
    layers: Counter[str] = Counter()
    students = unreadable = 0
    scores: list[float] = []
    worth = [float(question.points) for question in bundle.questions.values()]
    for entry in entries:
        students += 1
        cases += _cases(entry, bundle)
        if entry.layers:
            layers[" + ".join(entry.layers)] += 1
        own = [entry.questions.get(n, _NOTHING) for n in names]
        for name, result in zip(names, own, strict=True):
            counts[name][result.verdict] += 1
            if result.mistake:
                mistakes[name][result.mistake] += 1
            if result.verdict not in _NOT_ATTEMPTED:
                seconds[name].append(result.seconds)
        unreadable += any(r.verdict == Verdict.INVALID_FILE for r in own)
        if any(r.verdict == Verdict.INFRA for r in own):
            continue  # not in the gradebook either
        pairs = zip(own, worth, strict=True)
        scores.append(sum(policy.score(result, points) for result, points in pairs))
        if not any(r.verdict == Verdict.INVALID_FILE for r in own):
            passed.append([r.verdict == Verdict.PASS for r in own])
            scored.append(
                [policy.score(*pair) for pair in zip(own, worth, strict=True)]
            )
    totals = [sum(row) for row in scored]
    rows = []
    for index, (name, question) in enumerate(bundle.questions.items()):
        item = [row[index] for row in passed]
        rest = [t - row[index] for t, row in zip(totals, scored, strict=True)]
        value, undefined = discrimination(item, rest)
        told = sentences.get(name, {})
        rows.append(
            Row(
                question,
                dict(counts[name]),
                [(m, told.get(m, m), n) for m, n in mistakes[name].most_common()],
                statistics.fmean(item) if item else None,
                value,
                undefined,
                statistics.median(seconds[name]) if seconds[name] else None,
            )
        )
    total = sum(counts.values(), Counter())
    mean = statistics.fmean(scores) if scores else None
    ordered = {verdict: total[verdict] for verdict in Verdict if total[verdict]}
    return Report(
        *(bundle.stem, students, mean, sum(worth), rows, ordered, cases, dict(layers)),
        unreadable,
    )


def discrimination(
    item: Sequence[bool], rest: Sequence[float]
) -> tuple[float | None, str]:
    r"""Return the point-biserial correlation of an item with the rest score.

    $$ r = \frac{\bar y_1 - \bar y_0}{s_y} \sqrt{p (1 - p)}, $$
    with the means of the rest score of those who passed and of those who did not, its
    standard deviation (division by n) and the share p that passed.

    Returns:
        (r, "") or (None, why it is not defined).
    """
    if len(item) < 3:
        return None, "too few"
    if all(item) or not any(item):
        return None, "all passed" if item[0] else "none passed"
    spread = statistics.pstdev(rest)
    if spread == 0:
        return None, "the rest is equal"
    share = statistics.fmean(item)
    right = statistics.fmean(r for r, i in zip(rest, item, strict=True) if i)
    wrong = statistics.fmean(r for r, i in zip(rest, item, strict=True) if not i)
    return (right - wrong) / spread * math.sqrt(share * (1 - share)), ""


_NOTHING = QuestionResult(Verdict.NOT_RUN)


def _cases(entry: Entry, bundle: Bundle) -> list[Case]:
    """Return what a person should look at in one submission."""
    found = [Case(entry.student, entry.file, s) for s in entry.suspicions]
    if entry.invalid:
        return [Case(entry.student, entry.file, entry.invalid), *found]
    for name, result in entry.questions.items():
        if result.verdict in _WHY and name in bundle.questions:
            label = bundle.questions[name].title
            why = f"{result.verdict}, {label}: {_WHY[result.verdict]}"
            found.append(Case(entry.student, entry.file, why, result.evidence))
    if entry.timestamp and handed_in(entry.timestamp) is None:
        why = f"its time of handing in cannot be read: {entry.timestamp[:40]!r}"
        found.append(Case(entry.student, entry.file, why))
    return found
