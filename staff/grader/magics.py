"""Set aside what only IPython understands, so that plain Python is left to run.

Magics (``%matplotlib inline``, ``%%time``), shell commands (``!pip install …``) and
questions (``torch.rand?``) mean nothing where answers are graded: there is no notebook
around them, no network and no terminal. Each such line becomes a comment behind a
``pass``. Where a magic only surrounds Python, as ``%%time`` and ``%time`` do, the
Python stays. Prompts of a session that a cell was copied from go.

A text is read once from front to back; nothing in it is looked at twice.
"""

from __future__ import annotations

import ast
import keyword
import re
from dataclasses import dataclass

__all__ = ["Plain", "plain"]

_ELSEWHERE = frozenset(
    [
        *("bash", "cmd", "cython", "file", "html", "HTML", "java", "javascript", "js"),
        *("julia", "latex", "markdown", "perl", "pypy", "python", "python2"),
        *("python3", "R", "ruby", "script", "sh", "sql", "svg", "SVG", "system", "sx"),
        "writefile",
    ]
)
"""Cell magics whose text is no Python of this notebook."""

_BARE = frozenset(
    [
        *("autoreload", "cat", "cd", "conda", "config", "env", "load_ext", "ls"),
        *("mamba", "matplotlib", "mkdir", "pip", "precision", "pylab", "reload_ext"),
        *("run", "time", "timeit", "uv", "who", "whos"),
    ]
)
"""Magics that IPython knows without their mark, if the line is no Python."""

_ESCAPES = "%!?/,;"
"""Marks at the beginning of a line; behind the last three IPython calls a function."""

_VALUES = {"!": "[]", "env": '""', "pwd": '""', "who_ls": "[]"}
_PYLAB = (
    "import numpy, matplotlib; from matplotlib import pyplot; np = numpy; "
    "plt = pyplot; from pylab import *; from numpy import *"
)
_PROMPTS = (
    (re.compile(r">>>( |$)", re.M), re.compile(r"^(>>>|\.\.\.)( |$)", re.M)),
    (
        re.compile(r"In \[\d++\]:( |$)", re.M),
        re.compile(r"^(In \[\d++\]:|[ ]*+\.{3,}+:)( |$)", re.M),
    ),
)
"""How a session's text begins, in Python's own shell and in IPython's; all prompts."""
_MARKS = re.compile(r"[\n\\#'\"()\[\]{}?=]")
_STOPS = {"'": re.compile(r"[\\'\n]"), '"': re.compile(r"[\\\"\n]")}
_STOPS |= {"'''": re.compile(r"[\\']"), '"""': re.compile(r"[\\\"]")}
_COMPARED = frozenset("=!<>:+-*/%&|^@~")
_BLANKS = " \t\f"
_LONGEST = 2_000  # characters of a magic's line in which options are looked for
_WITH_VALUE = {
    "-n",
    "-r",
    "-p",
    "-s",
    "-l",
    "-D",
    "-T",
}  # options of %%timeit and %%prun


@dataclass(frozen=True)
class Plain:
    """A cell without what only IPython understands.

    Args:
        text: Python, if the rest of the cell is.
        aside: the first line of everything that was set aside, in order.
    """

    text: str
    aside: tuple[str, ...]


def plain(source: str) -> Plain:
    """Return a cell's text with everything set aside that only IPython understands.

    Args:
        source: of a cell that is no valid Python; lines end in a newline alone.
    """
    scan = _Scan(_without_prompts(_outdented(source)))
    scan.run()
    return Plain("".join([*scan.out, *scan.behind]), tuple(scan.aside))


def _outdented(source: str) -> str:
    """Return a cell without the indentation of its first line, as IPython runs it."""
    body = source.lstrip("\n")
    indent = body[: len(body) - len(body.lstrip(" \t"))]
    if not indent or not body.strip():
        return source
    return "\n".join(line.removeprefix(indent) for line in source.split("\n"))


def _without_prompts(source: str) -> str:
    """Return a cell without the prompts of a session it was copied from."""
    for first, each in _PROMPTS:
        if first.match(source.lstrip("\n")):
            return each.sub("", source)
    return source


class _Scan:
    """One walk over a text, statement by statement."""

    def __init__(self, source: str) -> None:
        self.source, self.at, self.size = source, 0, len(source)
        self.out: list[str] = []
        self.behind: list[str] = []  # what goes to the end
        self.aside: list[str] = []

    def run(self) -> None:
        while self.at < self.size:
            start = self.at
            begin = self._skip(start)
            first = self.source[begin : begin + 1]
            if first and first in _ESCAPES:
                self._escape(self.source[start:begin], begin)
            else:
                self._statement(start)

    def _skip(self, at: int) -> int:
        while at < self.size and self.source[at] in _BLANKS:
            at += 1
        return at

    def _end_of_line(self, at: int) -> int:
        """Return where a line ends that a backslash may go on with the next one."""
        while True:
            end = self.source.find("\n", at)
            if end < 0:
                return self.size
            if self.source[end - 1 : end] != "\\":
                return end
            at = end + 1

    # -- lines that begin with a mark of IPython's -------------------------------------

    def _escape(self, indent: str, begin: int) -> None:
        if self.source.startswith("%%", begin):
            return self._cell_magic(indent, begin)
        end = self._end_of_line(begin)
        text = self.source[begin:end]
        self._take(end)
        name, rest = _name_and_rest(text.lstrip("%"))
        self._line_magic(indent, name if text[0] == "%" else "", rest, text)

    def _line_magic(self, indent: str, name: str, rest: str, text: str) -> None:
        kept = ""
        if name == "time" and _is_python(rest):
            kept = rest
        elif name == "pylab" and not indent:
            kept = _PYLAB
        self._write(indent + (kept or "pass"), text)

    def _cell_magic(self, indent: str, begin: int) -> None:
        end = self._end_of_line(begin)
        text = self.source[begin:end]
        name, rest = _name_and_rest(text[2:])
        if name in _ELSEWHERE or name[:1] in ("", "!"):
            self.aside.append(_first(text))
            self.out.append(_comment(self.source[begin:]))
            self.at = self.size
            return
        self._take(end)
        kept = ""
        if name == "timeit" and _is_python(code := _behind_options(rest)):
            kept = code
        elif name == "capture" and (kept_as := _behind_options(rest)).isidentifier():
            self._captured(kept_as)
        self._write(indent + kept if kept else "", text)

    def _captured(self, name: str) -> None:
        if not keyword.iskeyword(name):
            empty = f"from IPython.utils.capture import CapturedIO as {name}"
            self.behind.append(f"\n{empty}; {name} = {name}(None, None)")

    def _take(self, end: int) -> None:
        self.at = min(end + 1, self.size)
        self.newline = "\n" if end < self.size else ""

    def _write(self, kept: str, text: str) -> None:
        """Write what stays of a line, and the whole of it as a comment."""
        self.aside.append(_first(text))
        between = "  " if kept else ""
        self.out.append(f"{kept}{between}{_comment(text)}{self.newline}")

    # -- all others --------------------------------------------------------------------

    def _statement(self, start: int) -> None:
        """Go to the end of a statement; see whether IPython has a part in it."""
        at, depth, asks = start, 0, False
        while (mark := _MARKS.search(self.source, at)) is not None:
            sign, at = mark[0], mark.end()
            if sign == "\n" and not depth:
                break
            if sign == "\\":
                at += 1
            elif sign == "#":
                at = self.source.find("\n", at)
                at = self.size if at < 0 else at
            elif sign in "'\"":
                at = self._string(sign, at)
            elif sign in "([{":
                depth += 1
            elif sign in ")]}":
                depth = max(0, depth - 1)
            elif sign == "?":
                asks = True
            elif sign == "=" and not depth and self._assigns(start, at):
                return
        else:
            at = self.size
        text = self.source[start:at].rstrip("\n")
        self.at = at
        self.newline = "\n" if at > start and self.source[at - 1] == "\n" else ""
        body = text.lstrip(_BLANKS)
        indent = text[: len(text) - len(body)]
        if asks and text.rstrip().endswith("?"):
            self._write(f"{indent}pass", body)
        elif _bare(body) and not _is_python(body):
            self._line_magic(indent, *_name_and_rest(body), body)
        else:
            self.out.append(self.source[start:at])

    def _string(self, quote: str, at: int) -> int:
        """Return where a string ends whose first quotation mark ends at `at`."""
        if self.source.startswith(quote * 2, at):
            at += 2
            quote *= 3
        stops = _STOPS[quote]
        while (stop := stops.search(self.source, at)) is not None:
            at = stop.end()
            if stop[0] == "\\":
                at += 1
            elif stop[0] == "\n":
                return at - 1  # an end is missing
            elif self.source.startswith(quote, at - 1):
                return at - 1 + len(quote)
        return self.size

    def _assigns(self, start: int, at: int) -> bool:
        """Write ``name = !command`` or ``name = %magic``, if that is what it is.

        Args:
            start: of the statement.
            at: behind its equals sign.
        """
        value = self._skip(at)
        sign = self.source[value : value + 1]
        if not sign or sign not in "!%" or self.source[at - 2 : at - 1] in _COMPARED:
            return False
        end = self._end_of_line(value)
        text = self.source[value:end]
        name, rest = _name_and_rest(text[1:])
        if sign == "%" and name == "time" and _is_python(rest):
            kept = rest
        else:
            kept = _VALUES.get("!" if sign == "!" else name, "None")
        before = self.source[start:at]
        self._take(end)
        self._write(f"{before} {kept}", text)
        return True


def _bare(text: str) -> bool:
    """Tell whether a line may begin with a magic that has lost its mark."""
    word = text[:20].split(None, 1)[:1]
    return bool(word) and word[0] in _BARE


def _name_and_rest(text: str) -> tuple[str, str]:
    parts = text.split(None, 1)
    return (parts[0] if parts else "", parts[1].strip() if len(parts) > 1 else "")


def _behind_options(text: str) -> str:
    """Return the rest of a magic's line behind its options."""
    text = text[:_LONGEST]
    while text.startswith("-"):
        option, text = _name_and_rest(text)
        if option in _WITH_VALUE:
            _, text = _name_and_rest(text)
    return text


def _is_python(text: str) -> bool:
    if not text:
        return False
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _first(text: str) -> str:
    return text.split("\n", 1)[0].rstrip()


def _comment(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.split("\n"))
