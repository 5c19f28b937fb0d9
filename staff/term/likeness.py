"""Find answers that are the same, or nearly, once comments, layout and names are gone.

Learners whose answers have one form are one group, so that a hundred honest copies of
the obvious answer are one finding and not 4,950 pairs. Groups are compared only where
they share a fingerprint that few others have (winnowing: Schleimer, Wilkerson and
Aiken, "Winnowing", SIGMOD 2003), by the tokens that stand in both in the same order.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import combinations

from rapidfuzz.distance import Indel

from staff.term.tokens import Form, form

__all__ = ["Answer", "Finding", "Group", "Kind", "Outcome", "Question", "findings"]

RIGHT = "right"
_GRAM = 6  # tokens that make a fingerprint
_WINDOW = 4  # of so many fingerprints in a row the smallest is kept
_COMMON = 60  # groups that share a fingerprint: from then on it tells nothing


@dataclass(frozen=True)
class Question:
    """What was asked.

    Args:
        name: as in the notebook's metadata.
        title: for people.
        given: the answer cell as learners got it.
        model: the course's own answer.
    """

    name: str
    title: str
    given: str
    model: str


@dataclass(frozen=True)
class Answer:
    """One learner's answer to a question.

    Args:
        outcome: "right", "" if it is not known, else how it is wrong, so that equal
            texts are the same wrong answer.
        asked: `given` and `model` of a learner's own variant; None: the question's.
    """

    student: str
    text: str
    outcome: str = ""
    asked: tuple[str, str] | None = None


class Kind(IntEnum):
    """How alike, closest first."""

    LETTER = 0  # the same letters
    FORM = 1  # the same after normalization
    NEAR = 2  # some tokens differ


class Outcome(IntEnum):
    """What the answers came to, in the order in which they are shown."""

    SAME_WRONG = 0
    WRONG = 1
    MIXED = 2
    RIGHT = 3
    UNKNOWN = 4


@dataclass(frozen=True)
class Group:
    """Learners whose answers have one form."""

    form: Form
    answers: tuple[Answer, ...]

    @property
    def letters(self) -> list[Answer]:
        """One answer for each different text."""
        return [*{answer.text.strip(): answer for answer in self.answers}.values()]


@dataclass(frozen=True)
class Finding:
    """Answers that are alike: of one group, or of two.

    Args:
        changed: tokens of both sides without a partner; 0 within a group.
        models: it is the course's own answer.
    """

    question: Question
    kind: Kind
    outcome: Outcome
    groups: tuple[Group, ...]
    changed: int = 0
    models: bool = False

    @property
    def learners(self) -> list[str]:
        """All whose answers these are."""
        return sorted(a.student for group in self.groups for a in group.answers)

    @property
    def sides(self) -> tuple[Answer, Answer]:
        """Two of the answers, as different as they come."""
        if len(self.groups) == 2:
            return self.groups[0].answers[0], self.groups[1].answers[0]
        letters = self.groups[0].letters
        if len(letters) > 1:
            return letters[0], letters[1]
        return self.groups[0].answers[0], self.groups[0].answers[1]

    @property
    def rank(self) -> tuple[object, ...]:
        """The same wrong answer first; then the closest, rarest and longest."""
        size = min(len(group.form) for group in self.groups)
        learners = len(self.learners)
        return (
            *(self.outcome, self.models, self.kind, learners, self.changed),
            *(-size, self.learners),
        )


def findings(
    question: Question,
    answers: Sequence[Answer],
    *,
    least: float = 0.8,
    tokens: int = 20,
) -> list[Finding]:
    """Return what is alike among the answers to one question, in order of rank.

    Args:
        question: what was asked.
        answers: at most one per learner; those as given are left out.
        least: share of tokens in common from which two forms are nearly the same.
        tokens: forms with fewer are too short to tell anything, and left out.
    """
    groups = _groups(question, answers, tokens)
    found = [_within(question, group) for group in groups if len(group.answers) > 1]
    found += _near(question, groups, least)
    return sorted(found, key=lambda finding: finding.rank)


def _groups(question: Question, answers: Sequence[Answer], tokens: int) -> list[Group]:
    together: dict[tuple[str, ...], list[Answer]] = defaultdict(list)
    forms: dict[tuple[str, ...], Form] = {}
    for answer in sorted(answers, key=lambda each: each.student):
        given, _ = answer.asked or (question.given, question.model)
        made = form(answer.text, given)
        if len(made) >= tokens:
            forms[made.numbered] = made
            together[made.numbered].append(answer)
    return [Group(forms[key], tuple(some)) for key, some in together.items()]


def _within(question: Question, group: Group) -> Finding:
    kind = Kind.LETTER if len(group.letters) == 1 else Kind.FORM
    outcome = _outcome(group.answers)
    own = {answer.asked or (question.given, question.model) for answer in group.answers}
    same = all(form(model, g).numbered == group.form.numbered for g, model in own)
    return Finding(question, kind, outcome, (group,), models=same)


def _outcome(answers: Sequence[Answer]) -> Outcome:
    outcomes = {answer.outcome for answer in answers}
    if "" in outcomes:
        return Outcome.UNKNOWN
    if RIGHT in outcomes:
        return Outcome.RIGHT if len(outcomes) == 1 else Outcome.MIXED
    return Outcome.SAME_WRONG if len(outcomes) == 1 else Outcome.WRONG


def _near(
    question: Question, groups: Sequence[Group], least: float
) -> Iterator[Finding]:
    signs: dict[str, str] = {}
    texts = [_signs(group.form.loose, signs) for group in groups]
    for i, j in candidates([fingerprints(text) for text in texts]):
        whole = len(texts[i]) + len(texts[j])
        most = int(whole * (1 - least))
        changed = Indel.distance(texts[i], texts[j], score_cutoff=most)
        if changed <= most:
            pair = (groups[i], groups[j])
            outcome = _outcome([a for group in pair for a in group.answers])
            yield Finding(question, Kind.NEAR, outcome, pair, changed)


def _signs(tokens: Sequence[str], known: dict[str, str]) -> str:
    """Return the tokens as one sign each."""
    return "".join(known.setdefault(t, _sign(len(known))) for t in tokens)


def _sign(number: int) -> str:
    return chr(0x10000 + number % 1_000_000)  # beyond surrogates; so many are enough


def fingerprints(text: str) -> set[int]:
    """Return a text's fingerprints; one that shares ten tokens in a row shares one."""
    grams = [
        zlib.crc32(text[i : i + _GRAM].encode()) for i in range(len(text) - _GRAM + 1)
    ]
    windows = range(max(1, len(grams) - _WINDOW + 1))
    return {min(grams[i : i + _WINDOW]) for i in windows} if grams else set()


def candidates(prints: Sequence[set[int]]) -> Iterator[tuple[int, int]]:
    """Yield each pair that shares a fingerprint which few others have, once."""
    where: dict[int, list[int]] = defaultdict(list)
    for number, own in enumerate(prints):
        for each in own:
            where[each].append(number)
    lists = {tuple(some) for some in where.values() if 1 < len(some) <= _COMMON}
    yield from sorted({pair for some in lists for pair in combinations(some, 2)})
