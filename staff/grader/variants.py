"""Variants: each learner's own numbers, seeds, orders and questions, drawn from a key.

Nothing of a variant is stored but the plan of the assignment and one secret key:
``grading/variants/STEM.json`` and ``grading/variants/key``. The same key gives the same
learner the same variant, so that a file can be graded again at any time. Drawn are

- seeds of all checks: ``check.name(name)`` and ``seed=48_271`` in test cells;
- values in lines of code cells that say so::

      weights = [3, -4]  # drawn: integers(2, -9, 9)
      strength = 2.0  # drawn: choice(0.5, 1.0, 2.0)
      rate = 0.25  # drawn: decimal(0.1, 0.9, 2)
      count = 3  # drawn: integer(1, 9)
      names = ["A", "B"]  # drawn: order("A", "B")

- in an exam, one of several texts for each slot of cells.

Cells keep their ids, names and points: the gradebook knows one assignment.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from staff.course import Course, CourseError
from staff.grader.bundle import Bundle, TemplateCell, halves
from staff.grader.draw import Draw
from staff.grader.record import write_text

__all__ = ["Plan", "Slot", "Variants", "fingerprint", "key_of", "vary"]

_DRAWN = re.compile(r"^(\s*+)(\w++) = .*  # drawn: (\w++)(\(.*\))$", re.M)
_CHECK = re.compile(r"^check\.(\w+)\(([\w, ]*)\)$", re.M)
_SEED = re.compile(r"\bseed=[\d_]+")
_HINTS = re.compile(r"\n*<details>\s*<summary>Hint\b.*?</details>", re.S)
_SEEDS = 1 << 31


@dataclass(frozen=True)
class Slot:
    """Cells of which there are several versions, drawn together.

    Args:
        name: of the slot.
        versions: each cell id → (instructor's source, learner's source).
    """

    name: str
    versions: tuple[dict[str, tuple[str, str]], ...]


@dataclass(frozen=True)
class Plan:
    """How an assignment varies.

    Args:
        stem: the assignment.
        key: fingerprint of the key.
        exam: no hints, and visible checks that say "runs" and no more.
        slots: cells that are drawn.
    """

    stem: str
    key: str
    exam: bool = False
    slots: tuple[Slot, ...] = field(default=())

    @classmethod
    def load(cls, course: Course, stem: str) -> Plan | None:
        """Return an assignment's plan; None if all learners get the same.

        Raises:
            CourseError: the file is damaged.
        """
        path = _folder(course) / f"{stem}.json"
        try:
            data = json.loads(path.read_text("utf-8"))
            slots = tuple(
                Slot(
                    slot["name"],
                    tuple(
                        {cell: (a, b) for cell, (a, b) in version.items()}
                        for version in slot["versions"]
                    ),
                )
                for slot in data["slots"]
            )
            return cls(data["stem"], data["key"], data["exam"] is True, slots)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CourseError(
                f"{path}: expected the plan of a variant ({type(error).__name__}: "
                f"{error}); take it from your backup, or make the variants again"
            ) from error

    def save(self, course: Course) -> Path:
        """Write the plan; return where."""
        path = _folder(course) / f"{self.stem}.json"
        write_text(path, json.dumps(asdict(self), indent=1) + "\n", mode=0o600)
        return path


def _folder(course: Course) -> Path:
    return course.grading / "variants"


def key_of(course: Course, *, create: bool = False) -> bytes:
    """Return the secret key of a course's variants.

    Args:
        create: make one if there is none.

    Raises:
        CourseError: there is none, or the file holds none.
    """
    path = _folder(course) / "key"
    if create and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):  # another one was quicker
            opened = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(opened, "w") as file:
                file.write(secrets.token_hex(32) + "\n")
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise CourseError(
            f"{path}: expected the key from which variants were drawn "
            f"({type(error).__name__}); without it nobody can tell who got what: take "
            "it from your backup"
        ) from error
    if len(key) < 16:
        raise CourseError(f"{path}: expected 32 hexadecimal digits or more")
    return key


def fingerprint(key: bytes) -> str:
    """Return what tells two keys apart and gives none away."""
    return hashlib.sha256(b"variants" + key).hexdigest()[:16]


class Variants:
    """The bundle of each learner; the same for all where there is no plan.

    Raises:
        CourseError: there is a plan, and its key is lost or another one.
    """

    def __init__(self, course: Course, bundle: Bundle) -> None:
        self.base, self.plan = bundle, Plan.load(course, bundle.stem)
        self._key = b""
        if self.plan is not None:
            self._key = key_of(course)
            if fingerprint(self._key) != self.plan.key:
                raise CourseError(
                    f"grading/variants/key is not the key from which the variants of "
                    f"{bundle.stem} were drawn; take that one from your backup"
                )

    def of(self, student: str) -> Bundle:
        """Return what one learner got."""
        if self.plan is None:
            return self.base
        return vary(self.base, self.plan, self._key, student)


def vary(bundle: Bundle, plan: Plan, key: bytes, student: str) -> Bundle:
    """Return one learner's variant of an assignment.

    Raises:
        CourseError: a slot's cells are not there, or a drawn line is not understood.
    """
    chosen: dict[str, tuple[str, str]] = {}
    for slot in plan.slots:
        draw = Draw(key, plan.stem, student, "slot", slot.name)
        chosen |= draw.choice(slot.versions)
    lost = chosen.keys() - {cell.id for cell in bundle.cells}
    if lost:
        raise CourseError(
            f"{plan.stem}: the plan of its variants is for other cells "
            f"({', '.join(sorted(lost))}); the notebook was built anew: make the "
            "variants again, or build the notebook as it was"
        )
    cells = tuple(
        _varied(cell, chosen.get(cell.id), plan, Draw(key, plan.stem, student, cell.id))
        for cell in bundle.cells
    )
    questions = {}
    for name, question in bundle.questions.items():
        source = next(c.source for c in cells if (c.role, c.question) == ("test", name))
        visible, hidden = (half.rstrip("\n") for half in halves(source))
        questions[name] = replace(question, visible=visible, hidden=hidden)
    return Bundle(bundle.stem, cells, questions)


def _varied(
    cell: TemplateCell, chosen: tuple[str, str] | None, plan: Plan, draw: Draw
) -> TemplateCell:
    source, released = chosen or (cell.source, cell.released)
    if cell.role == "test":
        seeds = draw.below(_SEEDS), draw.below(_SEEDS)
        source = _seeded(source, *seeds)
        released = _seeded(released, *seeds)
        if plan.exam:
            source, released = _runs(source), _runs(released)
    elif cell.role == "markdown":
        if plan.exam:
            source, released = (_HINTS.sub("", text) for text in (source, released))
    else:
        values: dict[str, str] = {}
        source = _drawn(source, draw, values)
        released = _drawn(released, draw, values)
    return replace(cell, source=source, released=released)


def _seeded(source: str, visible: int, hidden: int) -> str:
    source = _SEED.sub(f"seed={hidden}", source)
    return _CHECK.sub(rf"check.\1(\2, seed={visible})", source)


def _runs(source: str) -> str:
    """Return a test whose visible part only asks whether the answers can be called."""

    def call(match: re.Match[str]) -> str:
        names = match[2].split(", seed=")[0]
        asked = " and ".join(f"callable({name.strip()})" for name in names.split(","))
        return f'assert {asked}\nprint("runs: {names}")'

    return re.sub(r"^check\.(\w+)\(([\w, =]*)\)$", call, source, flags=re.M)


# --- lines that are drawn ---------------------------------------------------------


def _drawn(source: str, draw: Draw, values: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        indent, name, kind, arguments = match.groups()
        if name not in values:
            values[name] = _value(draw, kind, arguments, match[0].strip())
        return f"{indent}{name} = {values[name]}"

    return _DRAWN.sub(value, source)


def _value(draw: Draw, kind: str, arguments: str, line: str) -> str:
    try:
        given = ast.literal_eval(f"{arguments[:-1]},)" if arguments != "()" else "()")
        return repr(_KINDS[kind](draw, *given))
    except (KeyError, ValueError, TypeError, SyntaxError, IndexError) as error:
        raise CourseError(
            f"{line}\nexpected one of integer(1, 9), integers(3, -9, 9), "
            'decimal(0.1, 0.9, 2), choice(1, 2, 4), order("A", "B", "C") after '
            f"“drawn:” ({type(error).__name__}: {error})"
        ) from error


def _decimal(draw: Draw, low: float, high: float, digits: int) -> float:
    scale = float(10**digits)
    return draw.integer(round(low * scale), round(high * scale)) / scale


_KINDS: dict[str, Callable[..., Any]] = {
    "integer": lambda draw, low, high: draw.integer(low, high),
    "integers": lambda draw, n, low, high: [draw.integer(low, high) for _ in range(n)],
    "decimal": _decimal,
    "choice": lambda draw, *values: draw.choice(values),
    "order": lambda draw, *values: draw.order(values),
}
