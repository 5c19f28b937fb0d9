"""Write items down: Markdown with a key apart, GIFT for Moodle, JSON, a notebook."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import nbformat

from staff.grader.bundle import Bundle
from staff.teaching.items import Item

__all__ = [
    "POINTS",
    "gift",
    "key",
    "marking_sheets",
    "notebook",
    "questions",
    "to_json",
]

POINTS = {"hunt": 4, "which": 2, "parsons": 4, "verdicts": 2}
"""Of one item in an exam."""

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ASKS = {
    "hunt": (
        "This answer is wrong. **Which lines are at fault, what goes wrong because of "
        "them, and what should stand there?** The answer can be mended by changing few "
        "lines."
    ),
    "which": "This answer is wrong. **Which mistake is it?** One of these is right.",
    "parsons": (
        "**Put these lines into an order that is a right answer.** Their indentation "
        "is right. Some lines belong to no right answer: leave them out."
    ),
    "verdicts": "**Which of these answers are right?** At least one is.",
    "marking": "**Right or wrong? If wrong: what would you tell the learner?**",
}


def questions(
    title: str, items: Sequence[Item], points: dict[str, int] | None = None
) -> str:
    """Return a sheet without its key, in Markdown.

    Args:
        points: kind → points, where the sheet is an exam.
    """
    lines = [f"# {title}", ""]
    if points:
        whole = sum(points[item.kind] for item in items)
        lines += [f"{len(items)} questions, {whole} points.", ""]
    for number, item in enumerate(items, 1):
        worth = f" ({points[item.kind]} points)" if points else ""
        lines += [f"## {number} · {_topic(item)}{worth}", "", item.exercise.task, ""]
        lines += [_ASKS[item.kind], "", *_body(item)]
    return "\n".join(lines).rstrip() + "\n"


def _topic(item: Item) -> str:
    return item.exercise.title.partition(" · ")[2] or item.exercise.name


def _body(item: Item) -> list[str]:
    if item.kind == "parsons":
        return [*_numbered(item.codes, _LETTERS), ""]
    lines: list[str] = []
    for letter, code in zip(_LETTERS, item.codes, strict=False):
        if len(item.codes) > 1:
            lines += [f"**{letter}**", ""]
        lines += [*_numbered(code.split("\n")), ""]
    lines += [f"- **{a}.** {b}" for a, b in zip(_LETTERS, item.choices, strict=False)]
    return [*lines, ""]


def _numbered(lines: Sequence[str], labels: str = "") -> list[str]:
    names = labels or range(1, len(lines) + 1)
    numbered = [f"{n:>2}  {x}".rstrip() for n, x in zip(names, lines, strict=False)]
    return ["```python", *numbered, "```"]


def key(title: str, items: Sequence[Item]) -> str:
    """Return the key of a sheet, in Markdown."""
    lines = [f"# {title}: key", ""]
    for number, item in enumerate(items, 1):
        lines += [f"## {number} · {_topic(item)}", "", _solution(item), ""]
        if item.kind == "which":
            lines += ["What the check says:", "", "```", *item.why, "```", ""]
        else:
            lines += [*(f"- {why}" for why in _reasons(item)), ""]
        if item.mended:
            lines += ["A right answer:", "", "```python", item.mended, "```", ""]
        files = ", ".join(item.sources)
        folder = f"{item.exercise.stem}/{item.exercise.name}"
        lines += [f"<sub>{folder}: {files}</sub>", ""]
    return "\n".join(lines).rstrip() + "\n"


def _solution(item: Item) -> str:
    if item.kind == "hunt":
        lines = ", ".join(str(number + 1) for number in item.key)
        return (
            f"Mended below at line {lines}. Other repairs may be right, too: "
            "`hunts.ipynb` has the check."
        )
    if item.kind == "marking":
        return "Right." if item.key else "Wrong."
    return f"**{', '.join(_LETTERS[n] for n in item.key)}**"


def _reasons(item: Item) -> list[str]:
    if item.kind == "verdicts":
        return [f"{a}: {b}" for a, b in zip(_LETTERS, item.why, strict=False)]
    return [why for why in item.why if why != "right"]


# --- other forms ------------------------------------------------------------------


def gift(items: Sequence[Item]) -> str:
    """Return the items that have choices in GIFT, which Moodle's question bank reads.

    Source: https://docs.moodle.org/en/GIFT_format. `which` has one right choice,
    `verdicts` several of equal weight; wrong ones take away as much.
    """
    return "\n\n".join(_gift(item) for item in items if item.kind in _GIFT) + "\n"


def _gift_which(item: Item) -> list[str]:
    return [f"{'=' if i in item.key else '~'}{c}" for i, c in enumerate(item.choices)]


def _gift_verdicts(item: Item) -> list[str]:
    weight = 100 / len(item.key)
    wrong = 100 / max(1, len(item.codes) - len(item.key))
    return [
        f"~%{weight if i in item.key else -wrong:.5g}%{_LETTERS[i]}"
        for i in range(len(item.codes))
    ]


_GIFT: dict[str, Callable[[Item], list[str]]] = {
    "which": _gift_which,
    "verdicts": _gift_verdicts,
}


def _gift(item: Item) -> str:
    answers = _GIFT[item.kind](item)
    head = [line for line in _body(item) if not line.startswith("- **")]
    text = "\n".join([item.exercise.task, "", _ASKS[item.kind], "", *head]).strip()
    lines = [f"{a[0]}{_escaped(a[1:])}" for a in answers if item.kind == "which"]
    lines = lines or answers
    body = "\n".join(f"  {line}" for line in lines)
    return f"::{_escaped(item.name)}::[markdown]{_escaped(text)} {{\n{body}\n}}"


def _escaped(text: str) -> str:
    """Return a text in which nothing is GIFT's own; an empty line would end it."""
    for sign in "\\~=#{}:":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", "\\n")


def to_json(items: Sequence[Item]) -> str:
    """Return all items with their keys as JSON, for programs."""
    return json.dumps([_plain(item) for item in items], indent=1, ensure_ascii=False)


def _plain(item: Item) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "name": item.name,
        "notebook": item.exercise.stem,
        "exercise": item.exercise.name,
        "task": item.exercise.task,
        "asks": _ASKS[item.kind],
        "codes": item.codes,
        "choices": item.choices,
        "key": item.key,
        "mended": item.mended,
        "why": item.why,
        "sources": item.sources,
    }


def notebook(bundle: Bundle, items: Sequence[Item]) -> str:
    """Return a notebook of bug hunts: each answer stands before its own check."""
    setup = next((c.source for c in bundle.cells if c.role == "setup"), "")
    cells = [
        nbformat.v4.new_markdown_cell(
            "# Bug hunts\n\nEach answer below is wrong. Read it first: which line is "
            "at fault, and what goes wrong because of it? Then mend it; the check says "
            "whether it is right."
        ),
        nbformat.v4.new_code_cell(setup),
        nbformat.v4.new_code_cell(
            f'from helpers.checks import load\n\ncheck = load("{bundle.stem}")'
        ),
    ]
    for number, item in enumerate(items, 1):
        asks = ", ".join(bundle.questions[item.exercise.name].asks)
        text = f"## {number} · {_topic(item)}\n\n{item.exercise.task}"
        cells += [
            nbformat.v4.new_markdown_cell(text),
            nbformat.v4.new_code_cell(item.codes[0]),
            nbformat.v4.new_code_cell(f"check.{item.exercise.name}({asks})"),
        ]
    for number, cell in enumerate(cells):
        cell["id"] = f"hunt-{number}"
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    return str(nbformat.writes(made))


def marking_sheets(items: Sequence[Item]) -> tuple[str, str]:
    """Return the table that assistants fill in, and the same filled in, as CSV."""
    empty, full = io.StringIO(), io.StringIO()
    head = ["number", "exercise", "right or wrong", "mistake", "what to tell"]
    tables = [csv.writer(file, lineterminator="\n") for file in (empty, full)]
    for table in tables:
        table.writerow(head)
    for number, item in enumerate(items, 1):
        row = [number, item.exercise.number]
        verdict = "right" if item.key else "wrong"
        mistake = "" if item.key else item.sources[0].removeprefix("wrong_")
        told = "" if item.key else item.why[0]
        tables[0].writerow([*row, "", "", ""])
        plain = mistake.split("__")[0].replace("_", "-")
        tables[1].writerow([*row, verdict, plain, told])
    return empty.getvalue(), full.getvalue()
