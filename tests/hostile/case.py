"""One hostile (or merely unusual) submission as data, and short ways to write it.

A case says what is handed in and which verdicts are right. Questions it does not name
were answered right and must keep their points: PASS.
"""

from __future__ import annotations

import copy
import json
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = [
    *("STEM", "TARGET", "LOST", "RIGHT", "WRONG"),
    *("Bank", "Case", "Desk", "verdicts"),
]

STEM = "02_dropout_from_scratch"
TARGET = "inverted_dropout"
"""The question that most cases attack: one stands before it, four stand behind it."""

RIGHT = """\
def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    coins = torch.rand(x.shape, generator=generator, device=x.device)
    return x * (coins >= p) / (1 - p)
"""
WRONG = """\
def inverted_dropout(x, p, training, generator=None):
    return x
"""
LOST = "FAIL ERROR TAMPERED CRASHED TIMEOUT"
"""What a wrong answer may get that attacks the grader: no points, whatever it does."""
ALL = "*"

Notebook = dict[str, Any]


@dataclass
class Desk:
    """Where one submission is written.

    Args:
        folder: the student's, ``submitted/STUDENT/STEM``; exists, empty.
        notebook: plain JSON with every question answered right, to be changed.
        names: what the attacker is assumed to know: paths, a port; see `Desk.fill`.
    """

    folder: Path
    notebook: Notebook
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The file that nbgrader expects."""
        return self.folder / f"{STEM}.ipynb"

    def fill(self, text: str) -> str:
        """Replace each ``@NAME@`` by what the attacker knows."""
        for name, value in self.names.items():
            text = text.replace(f"@{name}@", value)
        return text

    def cell(self, cell_id: str = TARGET) -> dict[str, Any]:
        """Return a cell of the notebook."""
        return next(c for c in self.notebook["cells"] if c.get("id") == cell_id)

    def index(self, cell_id: str = TARGET) -> int:
        """Return the place of a cell in the notebook."""
        return self.notebook["cells"].index(self.cell(cell_id))

    def answer(self, text: str, question: str = TARGET) -> None:
        """Write an answer."""
        self.cell(question)["source"] = self.fill(text)

    def insert(self, text: str, *, before: str, kind: str = "code") -> dict[str, Any]:
        """Add a cell of the learner's own."""
        cell = {"cell_type": kind, "metadata": {}, "source": self.fill(text)}
        cell["id"] = f"own-{len(self.notebook['cells'])}"
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        self.notebook["cells"].insert(self.index(before), cell)
        return cell

    def copy_of(self, cell_id: str = TARGET) -> dict[str, Any]:
        """Return a copy of a cell."""
        return copy.deepcopy(self.cell(cell_id))

    def data(self) -> bytes:
        """Return the notebook as the bytes of a file."""
        return json.dumps(self.notebook).encode()


@dataclass(frozen=True)
class Case:
    """One submission and what the grader must say of it.

    Args:
        category: the file of the bank it stands in.
        name: unique; the student is called like it unless `student` says otherwise.
        about: what it does, in one line.
        expect: question → allowed verdicts; ``"*"`` stands for all that are not named.
        make: writes the submission.
        student: name of the folder that is handed in.
    """

    category: str
    name: str
    about: str
    expect: Mapping[str, frozenset[str]]
    make: Callable[[Desk], None]
    student: str = ""

    def allowed(self, question: str) -> frozenset[str]:
        """Return the verdicts that are right for a question."""
        return self.expect.get(question) or self.expect.get(ALL) or verdicts("PASS")

    @property
    def honest(self) -> bool:
        """Every question must get its points."""
        return all(allowed == {"PASS"} for allowed in self.expect.values())

    @property
    def folder(self) -> str:
        """The student's name."""
        return self.student or self.name


def verdicts(words: str) -> frozenset[str]:
    """Return a set of verdicts from their names, separated by spaces."""
    return frozenset(words.split())


def _expect(given: str | Mapping[str, str]) -> dict[str, frozenset[str]]:
    if isinstance(given, str):
        given = {TARGET: given}
    return {question: verdicts(words) for question, words in given.items()}


def _clean(code: str) -> str:
    return textwrap.dedent(code).strip("\n") + "\n"


class Bank:
    """The cases of one category.

    Args:
        category: its name.
    """

    def __init__(self, category: str) -> None:
        self.category = category
        self.cases: list[Case] = []

    def add(
        self,
        name: str,
        about: str,
        expect: str | Mapping[str, str],
        *,
        student: str = "",
    ) -> Callable[[Callable[[Desk], None]], Callable[[Desk], None]]:
        """Return a decorator for a function that writes the submission."""

        def wrap(make: Callable[[Desk], None]) -> Callable[[Desk], None]:
            case = Case(self.category, name, about, _expect(expect), make, student)
            self.cases.append(case)
            return make

        return wrap

    def notebook(self, name: str, about: str, expect: str | Mapping[str, str]):
        """Return a decorator for a function that changes the notebook's JSON."""

        def wrap(change: Callable[[Desk], None]):
            def make(desk: Desk) -> None:
                change(desk)
                desk.path.write_bytes(desk.data())

            self.add(name, about, expect)(make)
            return change

        return wrap

    def answers(
        self,
        name: str,
        about: str,
        expect: str | Mapping[str, str],
        texts: Mapping[str, str],
    ) -> None:
        """Add a case that replaces the answers of several questions."""

        def make(desk: Desk) -> None:
            for question, text in texts.items():
                desk.answer(_clean(text), question)

        self.notebook(name, about, expect)(make)

    def instead(
        self, name: str, about: str, expect: str | Mapping[str, str], code: str
    ) -> None:
        """Add a case whose whole answer cell is this code."""
        self.answers(name, about, expect, {TARGET: code})

    def beside(
        self,
        name: str,
        about: str,
        expect: str | Mapping[str, str],
        code: str,
        answer: str = WRONG,
    ) -> None:
        """Add a case whose cell defines an answer, then runs this code."""
        self.answers(name, about, expect, {TARGET: f"{answer}\n\n{_clean(code)}"})

    def inside(
        self, name: str, about: str, expect: str, code: str, answer: str = WRONG
    ) -> None:
        """Add a case whose answer runs this code when it is called."""
        head, body = answer.split("\n", 1)
        text = f"{head}\n{textwrap.indent(_clean(code), '    ')}{body}"
        self.answers(name, about, expect, {TARGET: text})
