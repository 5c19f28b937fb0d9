"""What a person should look at; nothing here changes a score."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from staff.grader.align import Index, Piece
from staff.grader.decode import Cell
from staff.grader.files import shown
from staff.grader.model import Step
from staff.grader.syntax import LONGEST

__all__ = ["code_suspicions", "metadata_suspicions"]

_FLAGS = ("grade", "solution", "locked", "task")
_MOST = 20  # sentences about one submission

_PATTERNS = [
    (r"\bgc\s*\.\s*get_\w+|\bget_referrers\b", "asks for all objects in memory"),
    (r"_getframe|_current_frames|currentframe|\bf_(?:back|globals|locals)\b", "frames"),
    (r"\binspect\s*\.\s*(?:stack|getouterframes|trace)\b", "looks at frames"),
    (r"\bctypes\b|\bcffi\b", "calls C functions"),
    (r"\bset(?:trace|profile)\b|\bsys\s*\.\s*monitoring\b", "watches what runs"),
    (r"\bget_ipython\b|\b(?:ast|input)_transformers|set_custom_exc", "changes IPython"),
    (
        r"\bdef\s+__(?:eq|ne|bool|instancecheck|subclasshook|torch_function|"
        r"torch_dispatch)__",
        "says what comparisons or torch's functions do",
    ),
    (r"/proc\b|/dev/(?!null)|\blinecache\b|\bIn\s*\[", "reads what is not its own"),
    (
        r"gradebook|nbgrader|[\"'/](?:solutions|submitted|autograded)\b",
        "names what graders keep",
    ),
    (r"\bhelpers\s*\.\s*checks\b|\bhelpers\s+import\s+.*\bchecks\b", "the checks"),
    (
        r"\b_exit\b|\bos\s*\.\s*(?:kill|killpg|fork|execv\w*)\b",
        "ends or starts processes",
    ),
    (
        r"\bsubprocess\b|\bsocket\b|\burllib\b|\brequests\s*\.|^[ \t]*+!",
        "other programs",
    ),
    (
        r"(?<![.\w])(?:exec|eval)\s*\(|\b__import__\b|\bbuiltins\b|__builtins__",
        "hides code",
    ),
]
_HINTS = [(re.compile(pattern, re.M), what) for pattern, what in _PATTERNS]
_WHY = {
    "frames": "looks at frames",
    "the checks": "uses the checks' own code",
    "other programs": "starts other programs or uses the network",
    "hides code": "runs text as code, or touches Python's own functions",
}
_OURS = {"torch", "F", "nn", "np", "numpy", "math", "random", "json", "os", "sys"} | {
    *("builtins", "helpers", "check", "data", "checks", "load"),
}


def metadata_suspicions(cells: Iterable[Cell], known: Index) -> list[str]:
    """Return what was changed in nbgrader's metadata, which counts for nothing."""
    given = {c.nbgrader["grade_id"]: c for c in known.bundle.cells if c.nbgrader}
    found, seen = [], Counter()
    for cell in cells:
        if not cell.grade_id:
            continue
        seen[cell.grade_id] += 1
        if cell.grade_id not in given:
            found.append(
                f"A cell claims the unknown grade_id {_quoted(cell.grade_id)}."
            )
            continue
        found += _differences(cell, given[cell.grade_id].nbgrader)
    found += [
        f"{count} cells have the grade_id {_quoted(name)}."
        for name, count in seen.items()
        if count > 1
    ]
    return found[:_MOST]


def _differences(cell: Cell, given: dict) -> Iterator[str]:
    mine = cell.nbgrader
    if "points" in mine and mine["points"] != given.get("points"):
        yield (
            f"{_quoted(cell.grade_id)}: the file says {_quoted(mine['points'])} points "
            f"instead of {given.get('points', 'none')}."
        )
    for flag in _FLAGS:
        if flag in mine and mine[flag] is not given.get(flag, False):
            yield (
                f"{_quoted(cell.grade_id)}: the file says {flag}={_quoted(mine[flag])} "
                f"instead of {given.get(flag, False)}."
            )


def _quoted(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return shown(text, 60)


def edited_tests(pieces: Iterable[Piece], known: Index) -> Iterator[str]:
    """Yield the names of questions whose check cell was changed."""
    for piece in pieces:
        if piece.changed and piece.place is not None:
            cell = known.bundle.cells[piece.place]
            if cell.role == "test":
                yield cell.question


def code_suspicions(steps: Iterable[Step], known: Index) -> list[str]:
    """Return hints in what the learner wrote; honest code may well give some."""
    found = []
    for step in steps:
        if step.kind not in ("answer", "extra"):
            continue
        question = known.bundle.questions.get(step.question)
        where = question.label if question else f"cell {step.cell}"
        found += [f"{where}, {hint}" for hint in _hints(step.source)]
        if len(found) > _MOST:
            break
    return list(dict.fromkeys(found))[:_MOST]


def _hints(source: str) -> Iterator[str]:
    lines = source.split("\n")
    for pattern, what in _HINTS:
        if match := pattern.search(source):
            number = source.count("\n", 0, match.end())
            yield _hint(number + 1, _WHY.get(what, what), lines)
    for number in _assignments(source):
        yield _hint(number, "puts something of its own into a library", lines)


def _hint(number: int, what: str, lines: list[str]) -> str:
    return f"line {number} {what}: {shown(lines[number - 1].strip(), 80)}"


def _assignments(source: str) -> Iterator[int]:
    """Yield the lines that set or delete an attribute of a module."""
    if len(source) > LONGEST:
        return
    try:
        nodes = [*ast.walk(ast.parse(source))]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in nodes:
        target = None
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            target = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            named = node.func.id in ("setattr", "delattr") and node.args
            target = node.args[0] if named else None
        while isinstance(target, ast.Attribute):
            if target.attr == "backends":
                break
            target = target.value
        if isinstance(target, ast.Name) and target.id in _OURS:
            yield node.lineno
