"""``python -m staff exam NAME --from 02 03``: an exam whose questions are drawn.

Writes a master, ``solutions/NAME.py``, builds it, and gives each learner a variant:
for every question one of several versions, with values, choices and seeds of its own.
No hints, no names of mistakes; visible checks say "runs" and no more. Grade it with
``python -m staff grade NAME``. The master and the plan hold the answers: keep them.

| kind    | what a learner does                                             |
| ------- | --------------------------------------------------------------- |
| `code`  | write the function of an exercise                               |
| `hunt`  | mend a wrong answer of the bank                                 |
| `which` | name the letter of the mistake that a wrong answer makes        |
| `hand`  | work out a value, from numbers that are drawn                   |
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from helpers import checks
from staff.authoring.build import build, read_checked
from staff.authoring.masters import Cell, Master
from staff.authoring.rules import STUB
from staff.course import Course, CourseError
from staff.grader import sandbox
from staff.grader.bundle import Bundle
from staff.grader.draw import Draw
from staff.grader.record import write_text
from staff.grader.variants import Slot, key_of
from staff.teaching.bank import Bank, Exercise
from staff.teaching.hands import HANDS
from staff.teaching.items import Item, make
from staff.teaching.judging import judge
from staff.teaching.variant import learners, release

__all__ = ["KINDS", "TITLE", "Version", "main", "pool", "slots", "text"]

_NAME = re.compile(r"\d\d_[a-z0-9]+(_[a-z0-9]+)*")
_SETUP = """\
import copy
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
"""
_LETTERS = "ABCDEF"
TITLE = "# Exam: what do you know?"
"""With which the master of an exam begins, and no other."""


@dataclass(frozen=True)
class Version:
    """One version of a question; ``{answer}`` stands for its function's name.

    Args:
        title: of its heading.
        task: Markdown.
        values: lines of code that learners get, or a comment.
        solution: the answer cell of the master.
        visible: the check that learners see.
        hidden: the check that counts.
    """

    title: str
    task: str
    values: str
    solution: str
    visible: str
    hidden: str


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m staff exam", description=__doc__)
    add = parser.add_argument
    add("name", metavar="NAME", help="NN_topic, new: 80_midterm")
    add("--from", dest="notebooks", nargs="+", required=True, metavar="NOTEBOOK")
    add("--kinds", nargs="+", choices=[*KINDS], default=[*KINDS], metavar="KIND",
        help="of the questions, in this order, again and again")  # fmt: skip
    add("--questions", type=int, default=6, metavar="N")
    add("--versions", type=int, default=4, metavar="N", help="of each question")
    add("--student", action="append", metavar="NAME", help="repeatable")
    add("--students", type=Path, metavar="FILE", help="one name a line")
    add("--sandbox", choices=sandbox.CHOICES[:-1], default="auto")
    options = parser.parse_args(arguments)
    course = Course()
    if not _NAME.fullmatch(options.name):
        parser.error(f"NAME: expected NN_topic, such as 80_midterm; got {options.name}")
    if course.master(options.name).exists():
        raise CourseError(
            f"solutions/{options.name}.py is there already. For more learners run "
            f"`python -m staff variant {options.name}`; for another exam take another "
            "name"
        )
    names = learners(course, options.student or [], options.students)
    draw = Draw(key_of(course, create=True), options.name, "exam")
    stems = course.choose(options.notebooks)
    kinds = [options.kinds[i % len(options.kinds)] for i in range(options.questions)]
    versions = pool(course, stems, kinds, options.versions, draw)
    write_text(course.master(options.name), text(options.name, versions, 0))
    try:
        build(course, [options.name])
        made = slots(course, options.name, versions)
        release(course, options.name, names, exam=True, slots=made, box=options.sandbox)
    except CourseError:
        course.master(options.name).unlink()
        raise
    return 0


# --- questions --------------------------------------------------------------------


def pool(
    course: Course, stems: Sequence[str], kinds: Sequence[str], number: int, draw: Draw
) -> list[list[Version]]:
    """Return the versions of each question, so many as there can be up to `number`.

    Raises:
        CourseError: the bank has none of a kind that is left.
    """
    exercises = [each for stem in stems for each in Bank(course).exercises(stem)]
    exercises = [e for e in map(_alone, exercises) if e is not None]
    sources: dict[str, list[Version]] = {}
    found = []
    shares = _shares(draw.order(exercises), kinds)
    for kind, wanted in {kind: kinds.count(kind) for kind in kinds}.items():
        mine = shares.get(kind, exercises)
        sources[kind] = KINDS[kind](mine, draw, wanted * number)
        if len(sources[kind]) < wanted:
            raise CourseError(
                f"{', '.join(stems)}: expected at least {wanted} questions of the kind "
                f"{kind}, found {len(sources[kind])}; take more notebooks, fewer "
                "questions, or other --kinds"
            )
    for place, kind in enumerate(kinds):
        share = kinds[:place].count(kind)
        found.append(sources[kind][share :: kinds.count(kind)][:number])
    return found


def _shares(
    exercises: Sequence[Exercise], kinds: Sequence[str]
) -> dict[str, list[Exercise]]:
    """Deal the exercises out: in two kinds of question one would help with the other.

    The kinds choose in turn, the one that can use fewest exercises first; who has
    enough waits until all have.
    """
    shares: dict[str, list[Exercise]] = {
        kind: [] for kind in ("which", "hunt", "code") if kind in kinds
    }
    rest, before = [*exercises], -1
    while shares and len(rest) != before:
        before = len(rest)
        lack = {k for k, share in shares.items() if len(share) < kinds.count(k)}
        for kind, share in shares.items():
            if lack and kind not in lack:
                continue
            fit = [e for e in rest if kind != "which" or len(e.mistakes) > 2]
            if fit:
                share.append(fit[0])
                rest.remove(fit[0])
    return shares


def _alone(exercise: Exercise) -> Exercise | None:
    """Return an exercise that needs the exam's own set-up cell only; else None."""
    check = getattr(checks.load(exercise.stem), exercise.name)
    alone = replace(exercise, setup=_SETUP)
    if check.asks != (exercise.name,) or not judge(alone, exercise.model).right:
        return None
    return alone


def _renamed(code: str, name: str) -> str:
    code = code.replace("{", "{{").replace("}", "}}")
    return re.sub(rf"(?<![.\w]){name}\b", "{answer}", code)


def _check(exercise: Exercise) -> str:
    load = f'from helpers.checks import load\n\nload("{exercise.stem}")'
    return f"{load}.{exercise.name}({{answer}}, seed=48_271)"


_CALLABLE = 'assert callable({answer})\nprint("runs: {answer}")'
_NO_VALUES = "# Room for trying things out"


def _title(exercise: Exercise) -> str:
    return exercise.title.partition(" · ")[2] or exercise.name


def _task(exercise: Exercise) -> str:
    task = re.sub(rf"`{exercise.name}\b", "`{answer}", _braced(exercise.task))
    return f"{task}\n\nCall it `{{answer}}`."


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _code(exercises: Sequence[Exercise], draw: Draw, number: int) -> list[Version]:
    return [
        Version(
            *(_title(each), _task(each), _NO_VALUES),
            *(_renamed(each.model, each.name), _CALLABLE, _check(each)),
        )
        for each in draw.sample(exercises, number)
    ]


def _items(
    kind: str, exercises: Sequence[Exercise], draw: Draw, number: int
) -> list[Item]:
    """Return proven items, of as many exercises as can be."""
    found: list[list[Item]] = []
    each = -(-number // max(1, len(exercises)))
    for exercise in draw.order(exercises):
        found.append(make(kind, exercise, draw, each))
    return [item for turn in range(each) for some in found for item in some[turn:][:1]][
        :number
    ]


def _hunt(exercises: Sequence[Exercise], draw: Draw, number: int) -> list[Version]:
    return [
        Version(
            _title(item.exercise),
            f"{_task(item.exercise)}\n\n**This answer is wrong. Write it again, "
            "mended:**\n\n```python\n"
            f"{_renamed(item.codes[0], item.exercise.name)}\n```",
            _NO_VALUES,
            _renamed(item.exercise.model, item.exercise.name),
            *(_CALLABLE, _check(item.exercise)),
        )
        for item in _items("hunt", exercises, draw, number)
    ]


def _which(exercises: Sequence[Exercise], draw: Draw, number: int) -> list[Version]:
    return [_choose(item) for item in _items("which", exercises, draw, number)]


def _choose(item: Item) -> Version:
    choices = "\n".join(
        f"- **{a}.** {_braced(b)}" for a, b in zip(_LETTERS, item.choices, strict=False)
    )
    letter = _LETTERS[item.key[0]]
    return Version(
        title=f"A mistake in “{_title(item.exercise)}”",
        task=(
            f"{_braced(item.exercise.task)}\n\n**This answer is wrong. Which mistake "
            f"is it?** Let `{{answer}}` return its letter.\n\n```python\n"
            f"{_braced(item.codes[0])}\n```\n\n{choices}"
        ),
        values=_NO_VALUES,
        solution=(
            'def {answer}():\n    """Return the letter of the mistake."""\n'
            f'    ### BEGIN SOLUTION\n    return "{letter}"\n    ### END SOLUTION'
        ),
        visible='assert isinstance({answer}(), str)\nprint("runs: {answer}")',
        hidden=(f'assert {{answer}}().strip().upper() == "{letter}", "another letter"'),
    )


def _hand(exercises: Sequence[Exercise], draw: Draw, number: int) -> list[Version]:
    stems = {exercise.stem for exercise in exercises}
    hands = [hand for hand in HANDS if hand.stem in stems]
    return [
        Version(
            title=hand.title,
            task=f"{hand.text} The values are yours alone; let `{{answer}}` return the "
            "result, to three digits or more.",
            values=hand.values,
            solution=(
                'def {answer}():\n    """Return a number."""\n    ### BEGIN SOLUTION\n'
                f"    return {hand.formula}\n    ### END SOLUTION"
            ),
            visible='float({answer}())\nprint("runs: {answer}")',
            hidden=(
                f"expected = {hand.formula}\n"
                "error = abs(float({answer}()) - expected)\n"
                'assert error <= 2e-3 * max(abs(expected), 0.1), "another value"'
            ),
        )
        for hand in draw.sample(hands, number)
    ]


KINDS: dict[str, Callable[[Sequence[Exercise], Draw, int], list[Version]]] = {
    "code": _code,
    "hunt": _hunt,
    "which": _which,
    "hand": _hand,
}
_POINTS = 2


# --- the master -------------------------------------------------------------------


def text(stem: str, questions: Sequence[Sequence[Version]], turn: int) -> str:
    """Return a master with one version of each question.

    Args:
        turn: number of the version; those with fewer begin again.
    """
    number = stem[:2]
    whole = _POINTS * len(questions)
    head = (
        f"{TITLE}\n\n{len(questions)} questions, {whole} points. "
        "Your questions and numbers are your own. The cell below each answer only says "
        "whether it runs."
    )
    parts = [_cell("[markdown]", head), _cell("setup", _SETUP.rstrip())]
    for place, versions in enumerate(questions, 1):
        one, answer = versions[turn % len(versions)], f"answer_{place}"
        title = f"### Exercise {number}.{place} · {one.title} ({_POINTS} points)"
        hidden = f"### BEGIN HIDDEN TESTS\n{one.hidden}\n### END HIDDEN TESTS"
        for role, source in (
            ("[markdown]", f"{_braced(title)}\n\n{one.task}"),
            ("", one.values),
            (f'solution="{answer}"', one.solution),
            (f'test="{answer}" points={_POINTS}', f"{one.visible}\n{hidden}"),
        ):
            parts.append(_cell(role, source.format(answer=answer)))
    return "\n\n".join(parts) + "\n"


def _cell(role: str, source: str) -> str:
    if role == "[markdown]":
        source = "\n".join(f"# {line}".rstrip() for line in source.split("\n"))
    return f"# %% {role}".rstrip() + f"\n{source}"


def slots(
    course: Course, stem: str, questions: Sequence[Sequence[Version]]
) -> tuple[Slot, ...]:
    """Return the versions of each question by the built notebook's cells.

    Raises:
        CourseError: what was built is not what was written.
    """
    bundle = Bundle.load(course, stem)
    built = [cell for cell in bundle.cells if cell.role != "install"]
    most = max(map(len, questions))
    masters = [_read(stem, text(stem, questions, turn)) for turn in range(most)]
    sources = [[_pair(cell) for cell in master.cells] for master in masters]
    if [cell.source for cell in built] != [source for source, _ in sources[0]]:
        raise CourseError(f"{stem}: the built notebook is not the exam that was drawn")
    found = []
    for place, versions in enumerate(questions):
        cells = range(2 + 4 * place, 6 + 4 * place)
        found.append(
            Slot(
                f"answer_{place + 1}",
                tuple(
                    {built[cell].id: sources[turn][cell] for cell in cells}
                    for turn in range(len(versions))
                ),
            )
        )
    return tuple(found)


def _read(stem: str, source: str) -> Master:
    with tempfile.TemporaryDirectory(prefix="exam-") as folder:
        course = Course(Path(folder))
        course.solutions.mkdir()
        course.master(stem).write_text(source, "utf-8")
        return read_checked(course, stem)


def _pair(cell: Cell) -> tuple[str, str]:
    stub = STUB if cell.role == "solution" else ""
    return cell.source, cell.without_regions(stub)
