"""Read masters: notebooks as text, whose cells carry short roles.

A master is a jupytext percent file. The line that opens a cell says its role::

    # %% [markdown]                  prose
    # %% [markdown] manual="name" points=3    an answer in words, graded by hand
    # %%                             provided code; of comments alone: a scratch cell
    # %% setup                       the first code cell: imports, read-only
    # %% solution="name"             the answer; ``### BEGIN SOLUTION`` ... ``### END``
    # %% test="name" points=2        the check, with a region of hidden tests
    # %% look  /  experiment  /  demo
    # %% figure  /  results  /  predict      plumbing: its code is folded in the page

This module only reads; ``rules`` says what is wrong with what was read.
"""

import ast
import io
import re
import tokenize
from dataclasses import dataclass, field
from pathlib import Path

import jupytext
from nbformat import NotebookNode

__all__ = ["FOLDED", "Cell", "Master", "Problem", "Region", "read_master"]

_MARKER = re.compile(r"# ?%%(?P<rest>$|\s.*$)")
_ATTRIBUTE = re.compile(r'(?P<key>[A-Za-z_]\w*)=(?P<value>"[^"]*"|\S+)(?:\s+|$)')
FOLDED = {"figure", "results", "predict"}
_BARE = {"setup", "look", "experiment", "demo", *FOLDED}
_KNOWN = (
    '[markdown], [markdown] manual="name" points=3, '
    "setup, look, experiment, demo, figure, results, predict, "
    'solution="name", or test="name" points=2'
)
_BORDER = re.compile(r"^\s*#+\s*(BEGIN|END) (SOLUTION|HIDDEN TESTS)\s*$")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a master, and where."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Region:
    """Lines of a cell between two borders; numbers count from 1 in the cell."""

    kind: str  # "SOLUTION" or "HIDDEN TESTS"
    begin: int
    end: int

    def holds(self, node: ast.AST) -> bool:
        """Tell whether a piece of syntax starts inside; some have no place at all."""
        line: int = getattr(node, "lineno", 0)
        return self.begin < line < self.end


@dataclass
class Cell:
    """One cell of a master.

    Args:
        role: markdown, manual, code, scratch, setup, look, experiment, demo, figure,
            results, predict, solution or test; install for the cell that the builder
            adds.
        name: the exercise, for a solution, a test or a manual cell; else "".
        points: for a test or a manual cell.
        source: as it will stand in the notebook.
        text: as it stands in the master (magics are comments).
        line: line of the master on which the text's first line stands.
        marker: line of the master that opens the cell.
        identity: what its id is made of, where that is not its source.
    """

    role: str
    source: str
    text: str
    line: int
    marker: int
    name: str = ""
    points: float = 0
    identity: str = ""
    regions: list[Region] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The notebook's own type of cell."""
        return "markdown" if self.role in ("markdown", "manual") else "code"

    @property
    def grade_id(self) -> str:
        """The id in nbgrader; "" for cells it does not know."""
        if self.role in ("solution", "manual"):
            return self.name
        names = {"test": f"test_{self.name}", "setup": "setup"}
        return names.get(self.role, "")

    def lines(self, region: Region) -> list[str]:
        """Return the lines inside a region, borders left out."""
        return self.source.split("\n")[region.begin : region.end - 1]

    def without_regions(self, stub: str = "") -> str:
        """Return the source with each region gone, or replaced by a stub."""
        kept = self.source.split("\n")
        for region in reversed(self.regions):
            border = kept[region.begin - 1]
            indent = border[: len(border) - len(border.lstrip())]
            kept[region.begin - 1 : region.end] = [indent + stub] if stub else []
        return "\n".join(kept)


@dataclass
class Master:
    """A master as read, with the problems met while reading."""

    path: Path
    cells: list[Cell]
    problems: list[Problem]

    @property
    def stem(self) -> str:
        """The one name of this notebook, everywhere."""
        return self.path.stem

    def complain(self, line: int, message: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(self.path, line, message))


def read_master(path: Path) -> Master:
    """Read a master's cells, roles and regions.

    Raises:
        FileNotFoundError: there is no such file.
    """
    master = Master(path, [], [])
    text = path.read_text(encoding="utf-8")
    try:
        ast.parse(text)
        markers = _marker_lines(text)
    except SyntaxError as error:
        master.complain(error.lineno or 1, f"not valid Python: {error.msg}")
        return master
    except tokenize.TokenError as error:
        master.complain(error.args[1][0], f"not valid Python: {error.args[0]}")
        return master
    _read_cells(master, text, markers)
    return master


def _marker_lines(text: str) -> list[int]:
    """Return the numbers of the lines that open cells (not those inside strings)."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = (t for t in tokens if t.type == tokenize.COMMENT and t.start[1] == 0)
    return [t.start[0] for t in comments if _MARKER.fullmatch(t.string)]


def _read_cells(master: Master, text: str, markers: list[int]) -> None:
    lines = text.split("\n")
    before = "".join(lines[: markers[0] - 1] if markers else lines).strip()
    if before or not markers:
        master.complain(
            1, "a master starts with a cell marker such as '# %% [markdown]'"
        )
        return
    converted = jupytext.reads(text, fmt="py:percent").cells
    if len(converted) != len(markers):
        master.complain(
            markers[0],
            f"{len(markers)} cell markers, but jupytext sees {len(converted)} cells; "
            "does a text or a string hold a line that starts with '# %%'?",
        )
        return
    ends = [*(m - 1 for m in markers[1:]), len(lines)]
    for marker, end, cell in zip(markers, ends, converted, strict=True):
        _read_cell(master, marker, lines[marker:end], cell)


def _read_cell(
    master: Master, marker: int, body: list[str], converted: NotebookNode
) -> None:
    blank = next((i for i, line in enumerate(body) if line.strip()), 0)
    text = "\n".join(body[blank:]).rstrip()
    opening = master.path.read_text(encoding="utf-8").split("\n")[marker - 1]
    known = len(master.problems)
    role, name, points = _read_role(master, marker, opening)
    line = marker + 1 + blank
    cell = Cell(role, converted.source, text, line, marker, name, points)
    if cell.kind != converted.cell_type and len(master.problems) == known:
        master.complain(marker, f"expected a {cell.kind} cell, found {opening!r}")
    cell.regions = _read_regions(master, cell)
    if not cell.source.strip():
        master.complain(marker, "the cell is empty; fill it or take it out")
    elif role == "code" and _is_scratch(cell.source):
        cell.role = "scratch"
    master.cells.append(cell)


def _is_scratch(source: str) -> bool:
    """Tell whether a cell is there to be written in: it holds comments alone."""
    return all(line.lstrip()[:1] in ("", "#") for line in source.split("\n"))


def _read_role(master: Master, line: int, opening: str) -> tuple[str, str, float]:
    """Return a cell's role, the exercise it belongs to ("" if none), and its points."""
    rest = opening.partition("%%")[2].strip()
    if rest == "":
        return "code", "", 0
    if rest == "[markdown]":
        return "markdown", "", 0
    if rest in _BARE:
        return rest, "", 0
    found = {m["key"]: m["value"].strip('"') for m in _ATTRIBUTE.finditer(rest)}
    strange = _ATTRIBUTE.sub("", rest).strip()
    if strange == "[markdown]" and set(found) == {"manual", "points"}:
        points = _read_points(master, line, found["points"])
        return "manual", _read_name(master, line, found["manual"]), points
    if not strange and set(found) == {"solution"}:
        return "solution", _read_name(master, line, found["solution"]), 0
    if not strange and set(found) == {"test", "points"}:
        points = _read_points(master, line, found["points"])
        return "test", _read_name(master, line, found["test"]), points
    if not strange and set(found) == {"test"}:
        message = "a test needs its points, such as '# %% test=\"name\" points=2'"
        master.complain(line, message)
        return "test", found["test"], 1
    master.complain(line, f"unknown role {rest!r}; a cell is {_KNOWN}")
    return "code", "", 0


def _read_name(master: Master, line: int, name: str) -> str:
    if not (name.isascii() and name.isidentifier() and len(name) <= 59):
        message = f"expected the name of a function or class, found {name!r}"
        master.complain(line, message)
    return name


def _read_points(master: Master, line: int, value: str) -> float:
    if re.fullmatch(r"\d+(\.\d+)?", value) and float(value) > 0:
        number = float(value)
        return int(number) if number.is_integer() else number
    master.complain(line, f"points must be a positive number, found {value!r}")
    return 1


def _read_regions(master: Master, cell: Cell) -> list[Region]:
    regions, begin, kind = [], 0, ""
    for number, line in enumerate(cell.source.split("\n"), start=1):
        border = _BORDER.match(line)
        if border is None:
            _suspect(master, cell, number, line)
        elif border[1] == "BEGIN" and not begin:
            begin, kind = number, border[2]
        elif border[1] == "END" and begin and border[2] == kind:
            regions.append(Region(kind, begin, number))
            begin = 0
        else:
            wanted = f"END {kind}" if begin else f"a BEGIN before END {border[2]}"
            master.complain(
                cell.line + number - 1, f"expected {wanted}, found {line.strip()!r}"
            )
            return regions
    if begin:
        master.complain(cell.line + begin - 1, f"### BEGIN {kind} is never closed")
    return regions


def _suspect(master: Master, cell: Cell, number: int, line: str) -> None:
    if re.search(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS)", line):
        master.complain(
            cell.line + number - 1,
            "write a border as '### BEGIN SOLUTION', alone on its line; "
            f"found {line!r}",
        )
