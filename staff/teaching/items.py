"""Questions made from the bank, each with its key, each proven by the checks.

| kind       | what is asked                                                  |
| ---------- | -------------------------------------------------------------- |
| `hunt`     | where is the mistake, what does it do, and how is it mended?   |
| `which`    | which of these mistakes is made here?                          |
| `parsons`  | put these lines in order; some belong to no right answer       |
| `verdicts` | which of these answers are right?                              |
| `marking`  | for assistants: judge the answer as you would a learner's      |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from staff.grader.draw import Draw
from staff.teaching.bank import BankAnswer, Exercise
from staff.teaching.judging import SEEDS, judge
from staff.teaching.repair import Change, applied, changes, repair

__all__ = ["KINDS", "Item", "NotProven", "make"]

_CHOICES = 4
_BLOCKS = range(4, 13)  # lines of an answer that is put in order
_TURNS = 4  # right answers of an exercise that are looked at
_DISTRACTORS = 3
_SHOWN = 40  # lines of an answer that is read


class NotProven(Exception):
    """The checks do not say of an item what its key says."""


@dataclass(frozen=True)
class Item:
    """One question.

    Args:
        kind: see above.
        exercise: what the code is an answer to.
        name: unlike any other's, e.g. "hunt 2.2 scales-by-p".
        codes: the answers shown; for `parsons` the lines, in the order shown.
        choices: to choose from, in the order shown; empty for free answers.
        key: numbers of the right choices, of the lines at fault, or of the lines in
            their right order; they count from 0. For `marking` empty.
        mended: a right answer.
        why: sentences that explain the key.
        sources: names in the bank; for staff.
    """

    kind: str
    exercise: Exercise
    name: str
    codes: tuple[str, ...]
    choices: tuple[str, ...] = ()
    key: tuple[int, ...] = ()
    mended: str = ""
    why: tuple[str, ...] = ()
    sources: tuple[str, ...] = field(default=(), compare=False)


def make(kind: str, exercise: Exercise, draw: Draw, number: int) -> list[Item]:
    """Return up to so many items of one kind, each proven.

    Answers that yield none (too long, no small repair) are passed over.

    Raises:
        NotProven: the bank and the checks differ.
    """
    made: list[Item] = []
    for item in KINDS[kind](exercise, draw):
        if len(made) == number:
            break
        made.append(item)
    return made


def _said(exercise: Exercise, answer: BankAnswer) -> None:
    """Require that the checks say of an answer what the bank says, for all seeds."""
    for seed in SEEDS:
        judged = judge(exercise, answer.text, seed=seed)
        if (judged.right, judged.mistake) != (answer.right, answer.mistake):
            expected = answer.mistake or ("right" if answer.right else "wrong")
            raise NotProven(
                f"{exercise.stem}/{exercise.name}/{answer.name}: the bank says "
                f"{expected}, the check {judged.mistake or judged.right} (seed {seed}):"
                f"\n{judged.message}"
            )


def _named(exercise: Exercise, draw: Draw) -> Iterator[BankAnswer]:
    """Yield wrong answers, each mistake once before any comes again."""
    rest = draw.order(exercise.wrong)
    while rest:
        turn = {answer.mistake: answer for answer in rest}
        yield from (a for a in turn.values() if len(a.lines) <= _SHOWN)
        rest = [answer for answer in rest if answer not in turn.values()]


def _name(kind: str, exercise: Exercise, *words: str) -> str:
    return " ".join([kind, exercise.number, *words])


# --- bug hunts --------------------------------------------------------------------


def _hunts(exercise: Exercise, draw: Draw) -> Iterator[Item]:
    for answer in _named(exercise, draw):
        mended = repair(exercise, answer)
        if mended is None:
            continue
        _said(exercise, answer)
        yield Item(
            *("hunt", exercise, _name("hunt", exercise, answer.name), (answer.text,)),
            key=tuple(_at_fault(answer, mended.changes)),
            mended=mended.text,
            why=(exercise.mistakes[answer.mistake],),
            sources=(answer.name,),
        )


def _at_fault(answer: BankAnswer, some: tuple[Change, ...]) -> Iterator[int]:
    """Yield the lines that are changed, or before which some are missing."""
    for change in some:
        last = max(change.last, change.first + 1)
        yield from range(change.first, min(last, len(answer.lines)))


# --- which mistake is this? -------------------------------------------------------


def _which(exercise: Exercise, draw: Draw) -> Iterator[Item]:
    if len(exercise.mistakes) < 3:
        return
    for answer in _named(exercise, draw):
        others = [m for m in exercise.mistakes if m != answer.mistake]
        shown = [answer.mistake, *draw.sample(others, _CHOICES - 1)]
        sentences = list(dict.fromkeys(exercise.mistakes[m] for m in shown))
        if len(sentences) < len(shown):
            continue  # two ids, one sentence
        _said(exercise, answer)
        order = draw.order(shown)
        yield Item(
            *("which", exercise, _name("which", exercise, answer.name), (answer.text,)),
            choices=tuple(exercise.mistakes[mistake] for mistake in order),
            key=(order.index(answer.mistake),),
            why=(judge(exercise, answer.text).message,),
            sources=(answer.name,),
        )


# --- Parsons problems -------------------------------------------------------------


def _parsons(exercise: Exercise, draw: Draw) -> Iterator[Item]:
    for right in draw.sample(exercise.right, _TURNS):
        lines = [line for line in right.lines if line.strip()]
        if len(lines) not in _BLOCKS or len({*lines}) < len(lines):
            continue
        if not judge(exercise, "\n".join(lines)).right:
            raise NotProven(f"{exercise.name}/{right.name}: its lines alone fail")
        if not _needs_all(exercise, lines):
            continue
        wrong = _distractors(exercise, lines, draw)
        if not wrong:
            continue
        blocks = draw.order([*lines, *wrong])
        yield Item(
            *("parsons", exercise, _name("parsons", exercise, right.name)),
            tuple(blocks),
            key=tuple(blocks.index(line) for line in lines),
            mended="\n".join(lines),
            why=(
                *(f"`{w.strip()}`: {sentence}" for w, sentence in wrong.items()),
                *_swaps(exercise, lines),
            ),
            sources=(right.name,),
        )


def _needs_all(exercise: Exercise, lines: list[str]) -> bool:
    """Tell whether no line can be left out."""
    return not any(
        judge(exercise, "\n".join([*lines[:place], *lines[place + 1 :]])).right
        for place in range(len(lines))
    )


def _distractors(exercise: Exercise, lines: list[str], draw: Draw) -> dict[str, str]:
    """Return lines of wrong answers, wrong in every place of their indentation."""
    found: dict[str, str] = {}
    tried = {*lines}
    for answer in draw.order(exercise.wrong):
        there = [line for line in answer.lines if line.strip()]
        for change in changes(lines, there):
            if (change.last - change.first, len(change.lines)) != (1, 1):
                continue
            (line,) = change.lines
            if line in tried or len(found) == _DISTRACTORS:
                continue
            tried.add(line)
            mistake = judge(exercise, applied(lines, (change,))).mistake
            places = (
                Change(i, i + 1, (line,))
                for i, other in enumerate(lines)
                if _indent(other) == _indent(line)
            )
            if mistake and not any(
                judge(exercise, applied(lines, (one,))).right for one in places
            ):
                found[line] = exercise.mistakes[mistake]
    return found


def _swaps(exercise: Exercise, lines: list[str]) -> Iterator[str]:
    """Yield a sentence for neighbours that may change places: also right."""
    for first in range(len(lines) - 1):
        here, there = lines[first : first + 2]
        if _indent(here) != _indent(there):
            continue
        swapped = [*lines[:first], there, here, *lines[first + 2 :]]
        if judge(exercise, "\n".join(swapped)).right:
            yield f"`{here.strip()}` and `{there.strip()}` may change places."


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


# --- which are right? -------------------------------------------------------------


def _verdicts(exercise: Exercise, draw: Draw) -> Iterator[Item]:
    wrong = [*_named(exercise, draw)]
    right = [a for a in draw.order(exercise.right) if len(a.lines) <= _SHOWN]
    while wrong and right:
        number = min(draw.integer(1, 3), len(right))
        few = right[:number]
        others = list({a.mistake: a for a in wrong[: _CHOICES - number]}.values())
        right, wrong = right[number:], wrong[_CHOICES - number :]
        shown = draw.order([*few, *others])
        if len(shown) < 2:
            return
        for answer in shown:
            _said(exercise, answer)
        yield Item(
            *("verdicts", exercise, _name("verdicts", exercise, few[0].name)),
            tuple(answer.text for answer in shown),
            key=tuple(i for i, answer in enumerate(shown) if answer.right),
            why=tuple(
                "right" if a.right else exercise.mistakes[a.mistake] for a in shown
            ),
            sources=tuple(answer.name for answer in shown),
        )


# --- for assistants ---------------------------------------------------------------


def _marking(exercise: Exercise, draw: Draw) -> Iterator[Item]:
    wrong, right = _named(exercise, draw), iter(draw.order(exercise.right))
    while True:
        answer = next(wrong if draw.below(3) else right, None)  # two of three are wrong
        if answer is None:
            return
        _said(exercise, answer)
        yield Item(
            *("marking", exercise, _name("marking", exercise, answer.name)),
            (answer.text,),
            key=(0,) if answer.right else (),
            why=(exercise.mistakes.get(answer.mistake, "right"),),
            sources=(answer.name,),
        )


KINDS: dict[str, Callable[[Exercise, Draw], Iterator[Item]]] = {
    "hunt": _hunts,
    "which": _which,
    "parsons": _parsons,
    "verdicts": _verdicts,
    "marking": _marking,
}
