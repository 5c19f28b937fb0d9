"""What a person should look at; nothing here changes a score.

Learners' code is looked through word by word, once, and only so much of it.
"""

from __future__ import annotations

import re
import reprlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from staff.grader.align import Index, Piece
from staff.grader.decode import Cell
from staff.grader.files import shown
from staff.grader.model import Step

__all__ = ["code_suspicions", "edited_tests", "metadata_suspicions"]

_FLAGS = ("grade", "solution", "locked", "task")
_MOST = 20  # sentences about one submission
_READ = 100_000  # characters of one submission that are looked through
_NEAR = 200  # characters behind a word that may belong to it
_WORD = re.compile(r"\w++")
_BETWEEN = " \t\\\n"

_OBJECTS = "asks for all objects in memory"
_FRAMES = "looks at frames"
_NATIVE = "calls C functions"
_WATCHES = "watches what runs"
_IPYTHON = "changes IPython"
_COMPARES = "says what comparisons or torch's functions do"
_READS = "reads what is not its own"
_GRADERS = "names what graders keep"
_CHECKS = "uses the checks' own code"
_WARM_UP = "checks import again"  # what a warm-up asks for, behind "from helpers."
_PROCESSES = "ends or starts processes"
_PROGRAMS = "starts other programs or uses the network"
_HIDES = "runs text as code, or touches Python's own functions"


def _table(*rows: tuple[str, str]) -> dict[str, str]:
    return {word: why for words, why in rows for word in words.split()}


_WORDS = _table(
    ("get_referrers get_referents get_objects", _OBJECTS),
    ("_getframe _current_frames currentframe f_back f_globals f_locals", _FRAMES),
    ("ctypes cffi", _NATIVE),
    ("settrace setprofile", _WATCHES),
    ("get_ipython ast_transformers input_transformers set_custom_exc", _IPYTHON),
    ("linecache", _READS),
    ("_exit", _PROCESSES),
    ("subprocess socket urllib", _PROGRAMS),
    ("__import__ builtins __builtins__", _HIDES),
)
_ATTRIBUTES: dict[str, tuple[tuple[str, ...], str]] = {
    "gc": (("get_",), _OBJECTS),
    "inspect": (("stack", "getouterframes", "trace"), _FRAMES),
    "sys": (("monitoring",), _WATCHES),
    "helpers": (("checks",), _CHECKS),
    "os": (("kill", "killpg", "fork", "execv"), _PROCESSES),
    "requests": (("",), _PROGRAMS),
}
_FOLDERS = {"solutions", "submitted", "autograded"}
_SPECIAL = {
    *("__eq__", "__ne__", "__bool__", "__instancecheck__", "__subclasshook__"),
    *("__torch_function__", "__torch_dispatch__"),
}
_OURS = {"torch", "F", "nn", "np", "numpy", "math", "random", "json", "os", "sys"} | {
    *("builtins", "helpers", "check", "data", "checks", "load"),
}


def metadata_suspicions(cells: Iterable[Cell], known: Index) -> list[str]:
    """Return what was changed in nbgrader's metadata, which counts for nothing."""
    given = {c.nbgrader["grade_id"]: c for c in known.bundle.cells if c.nbgrader}
    found: list[str] = []
    seen: Counter[str] = Counter()
    for cell in cells:
        if not cell.grade_id:
            continue
        seen[cell.grade_id] += 1
        if len(found) >= _MOST:
            continue
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


def _differences(cell: Cell, given: dict[str, object]) -> Iterator[str]:
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
    text = value if isinstance(value, str) else reprlib.repr(value)
    return shown(text, 60)


def edited_tests(pieces: Iterable[Piece], known: Index) -> Iterator[str]:
    """Yield the names of questions whose check cell was changed."""
    for piece in pieces:
        if piece.changed and piece.place is not None:
            cell = known.bundle.cells[piece.place]
            if cell.role == "test":
                yield cell.question


def code_suspicions(
    steps: Iterable[Step], known: Index, pieces: Mapping[str, Piece]
) -> list[str]:
    """Return hints in what the learner wrote; honest code may well give some.

    Args:
        steps: of the session.
        known: the template.
        pieces: cell → the learner's piece that its step runs.
    """
    found: dict[str, None] = {}
    left = _READ
    for step in steps:
        if step.kind not in ("answer", "extra"):
            continue
        question = known.bundle.questions.get(step.question)
        where = question.label if question else f"cell {step.cell}"
        if left < len(step.source):
            found[f"{where}: too long to be looked through for hints."] = None
        hints = _hints(step.source[:left], pieces[step.cell].reading.changed)
        found |= dict.fromkeys(f"{where}, {hint}" for hint in hints)
        left = max(0, left - len(step.source))
        if len(found) > _MOST:
            break
    return [*found][:_MOST]


def _hints(source: str, changed: Iterable[tuple[int, str]]) -> Iterator[str]:
    lines = source.split("\n")
    first: dict[str, int] = {}
    for word in _WORD.finditer(source):
        why = _why(source, word[0], word.start(), word.end())
        if why and why not in first:
            first[why] = source.count("\n", 0, word.start())
    for why, number in first.items():
        yield _hint(number + 1, why, lines)
    for number, name in changed:
        if name in _OURS and number <= len(lines):
            yield _hint(number, "puts something of its own into a library", lines)


def _why(source: str, word: str, start: int, end: int) -> str:
    """Return what a word gives away where it stands; "" for most."""
    if why := _WORDS.get(word):
        return why
    if word in _ATTRIBUTES:
        names, why = _ATTRIBUTES[word]
        attribute = _behind(source, end, ".")
        if attribute is not None and attribute.startswith(names):
            line = attribute.split("\n", 1)[0].split("#")[0].strip()
            return "" if word == "helpers" and line == _WARM_UP else why
    before = source[start - 1 : start]
    if word == "helpers" and "checks" in _imported(source, end):
        return _CHECKS
    if word in _SPECIAL and source[max(0, start - _NEAR) : start].split()[-1:] == [
        "def"
    ]:
        return _COMPARES
    if before == "/" and (word == "proc" or (word == "dev" and _device(source, end))):
        return _READS
    if word == "In" and _behind(source, end, "[") is not None:
        return _READS
    if word in _FOLDERS and before and before in "\"'/":
        return _GRADERS
    if word in ("exec", "eval") and before != ".":
        return _HIDES if _behind(source, end, "(") is not None else ""
    return _GRADERS if "gradebook" in word or "nbgrader" in word else ""


def _behind(source: str, end: int, sign: str) -> str | None:
    """Return what follows a sign behind a word; None if another sign stands there."""
    near = source[end : end + _NEAR].lstrip(_BETWEEN)
    return near[1:].lstrip(_BETWEEN) if near.startswith(sign) else None


def _imported(source: str, end: int) -> list[str]:
    """Return the words behind ``from helpers import`` on its line."""
    words = _WORD.findall(source[end : end + _NEAR].split("\n", 1)[0])
    return words[1:] if words[:1] == ["import"] else []


def _device(source: str, end: int) -> bool:
    return source.startswith("/", end) and not source.startswith("/null", end)


def _hint(number: int, what: str, lines: list[str]) -> str:
    return f"line {number} {what}: {shown(lines[number - 1].strip(), 80)}"
