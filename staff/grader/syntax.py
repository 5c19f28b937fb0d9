"""What a cell's code defines and asks for, found without running it.

Cells may hold IPython's magics, syntax errors, or anything else: then less is known
about them, and nothing is raised. Each text is parsed once and walked through once; no
more is done for it than its length allows.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from itertools import islice
from typing import Any, TypeGuard

from staff.grader.magics import plain
from staff.grader.survey import Survey, packages, unguarded, without_imports

__all__ = ["LONGEST", "Reading", "given", "read"]

LONGEST = 50_000
"""Characters up to which a cell is parsed."""

_LARGEST = 3_000  # nodes of a statement that is compared with others
_STATEMENTS = 300  # of a cell that is compared with others
_LARGE = "large"  # the form of what is not compared
_IMPORTS = 100  # statements that may be set aside in one cell
_CHANGES = 20
_LINE = 300  # characters in which a name is looked for
_IPYTHON = re.compile(r"^[ \t]*+[%!?,;/>I]|[?]$|\A[ \t]", re.M)
_WORD = re.compile(r"\w++")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_NAMED = (*_FUNCTIONS, ast.ClassDef)
_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True)
class Reading:
    """What is known about a cell's code.

    Args:
        parsed: it is valid Python, magics apart.
        text: what is to run: the cell without magics and the like.
        aside: the first lines of what was set aside.
        defined: functions, classes and lambdas at its top level, name → form without
            docstrings; "" for those that only seem to be there (not parsed), and
            "stub" for functions that do nothing but raise NotImplementedError.
        assigned: other names bound by assignments at its top level.
        forms: of its top-level statements; "large" for one that is like no other.
        own: (names, text) of imports, definitions and plain constants.
        bound: names of all such at its top level, inner blocks included.
        looked_up: names that it looks up outside of its functions' own; empty if it
            can not run; None if that is not known.
        changed: lines that set an attribute, and whose: (line, name).
        imports: package → names bound by importing from it, or "" for none.
        work: characters that had to be parsed.
    """

    parsed: bool
    text: str = ""
    aside: tuple[str, ...] = ()
    defined: dict[str, str] = field(default_factory=dict)
    assigned: frozenset[str] = frozenset()
    forms: tuple[str, ...] = ()
    own: tuple[tuple[tuple[str, ...], str], ...] = ()
    bound: frozenset[str] = frozenset()
    looked_up: frozenset[str] | None = None
    changed: tuple[tuple[int, str], ...] = ()
    imports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    work: int = 0

    @property
    def blank(self) -> bool:
        """Nothing but comments and space."""
        return self.parsed and not self.forms

    def answers(self, asks: tuple[str, ...], stub: Reading) -> set[str]:
        """Return the wanted names that are defined otherwise than in the stub."""
        return {
            name
            for name in asks
            if (form := self.defined.get(name)) not in (None, "stub")
            and form != stub.defined.get(name)
        }

    def untouched(self, stub: Reading) -> bool:
        """Tell whether there is no more in it than in the stub."""
        old = {*stub.forms}
        return self.parsed and all(f in old or f == "stub" for f in self.forms)

    def additions(self, given: Reading) -> str:
        """Return what a learner added to a given cell and may need elsewhere.

        These are imports, functions, classes, and names for plain constants, as far as
        the given cell has none of that name. Changes of what was given are left out.
        """
        there = given.bound | given.assigned
        return "\n".join(text for names, text in self.own if not there & {*names})

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        data = {each.name: getattr(self, each.name) for each in fields(self)}
        sets = ("assigned", "bound", "looked_up")
        return data | {k: sorted(data[k]) for k in sets if data[k] is not None}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Reading:
        """Build from plain data."""
        more: dict[str, Any] = {
            "own": tuple((tuple(names), text) for names, text in data["own"]),
            "changed": tuple((line, name) for line, name in data["changed"]),
            "imports": {k: tuple(v) for k, v in data["imports"].items()},
            "aside": tuple(data["aside"]),
            "forms": tuple(data["forms"]),
        }
        for name in ("assigned", "bound", "looked_up"):
            more[name] = None if data[name] is None else frozenset(data[name])
        return cls(**{**data, **more})


def read(source: str, absent: Iterable[str] = ()) -> Reading:
    """Find what a cell defines; never raises.

    Args:
        source: of the cell; lines end in a newline alone.
        absent: packages that are not installed: imports of them at the top level are
            set aside, unless they stand in a ``try``.
    """
    if len(source) > LONGEST:
        return unread(source)
    try:
        return _read(_Parsed(source, frozenset(absent)))
    except SyntaxError:
        known = None if _IPYTHON.search(source) else frozenset[str]()
        return replace(unread(source, 3 * len(source)), looked_up=known)
    except _UNREADABLE:
        return unread(source, 3 * len(source))


def unread(source: str, work: int = 0) -> Reading:
    """Return what can be said of a text that was not, or cannot be, parsed."""
    names = dict.fromkeys(_definitions(source), "")
    return Reading(False, source, defined=names, work=work)


@lru_cache(maxsize=1024)
def given(source: str) -> Reading:
    """Read one of the course's own cells, once."""
    return read(source)


def _definitions(source: str) -> Iterator[str]:
    """Yield the names of what seems to be defined at the top level."""
    text = f"\n{source}"
    for keyword in ("def", "class", "async"):
        at = -1
        while (at := text.find(f"\n{keyword}", at + 1)) >= 0:
            line = text[at + 1 : at + _LINE].split("\n", 1)[0]
            words = line.removeprefix("async").split(None, 1)
            name = _WORD.match(words[1]) if len(words) > 1 else None
            if name and words[0] in ("def", "class") and name[0].isidentifier():
                yield name[0]


# --- parsing ----------------------------------------------------------------------


class _Parsed:
    """A cell as a tree, without magics and without imports of what is not there.

    Raises:
        SyntaxError: it is no Python; or ValueError, RecursionError, MemoryError.
    """

    def __init__(self, source: str, absent: frozenset[str]) -> None:
        self.text, self.work = source, 0
        self.aside: tuple[str, ...] = ()
        self.tree = self._parse_plain()
        self.survey = Survey(self.tree)
        self.imports = self.survey.imports
        if absent & self.imports.keys():
            self._leave_out(absent)

    def _parse_plain(self) -> ast.Module:
        try:
            return self._parse(self.text)
        except SyntaxError:
            without = plain(self.text)
            if without.text == self.text:
                raise
            tree = self._parse(without.text)
        self.text, self.aside = without.text, without.aside
        return tree

    def _parse(self, text: str) -> ast.Module:
        self.work += len(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)

    def _leave_out(self, absent: frozenset[str]) -> None:
        """Set aside the imports of packages that are not there."""
        nodes = [node for node in unguarded(self.tree.body) if absent & packages(node)]
        if not 0 < len(nodes) <= _IMPORTS:
            return
        text = without_imports(self.text, nodes, absent)
        self.tree, self.text = self._parse(text), text
        self.survey = Survey(self.tree)


def _read(parsed: _Parsed) -> Reading:
    body, survey = parsed.tree.body, parsed.survey
    defined: dict[str, str] = {}
    assigned: set[str] = set()
    inner = _top_level(body)
    for node in inner:
        if isinstance(node, _NAMED):
            defined[node.name] = _form(node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {n.id for t in targets for n in ast.walk(t) if _stored(n)}
            if isinstance(node.value, ast.Lambda):
                defined |= dict.fromkeys(names, _form(node))
            else:
                assigned |= names
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            assigned |= {n.id for n in ast.walk(node.target) if _stored(n)}
    small = len(body) <= _STATEMENTS
    kept = [node for node in body if not isinstance(node, ast.Pass)]
    return Reading(
        *(True, parsed.text, parsed.aside, defined, frozenset(assigned)),
        forms=tuple(map(_form, kept)) if small else (_LARGE,),
        own=_own(parsed.text, body) if small else (),
        bound=frozenset(name for node in inner for name in _names(node)),
        looked_up=frozenset(survey.looked_up),
        changed=tuple(survey.changed[:_CHANGES]),
        imports={name: tuple(bound) for name, bound in parsed.imports.items()},
        work=parsed.work,
    )


def _stored(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _form(node: ast.stmt) -> str:
    if isinstance(node, _FUNCTIONS) and len(node.body) == 1:
        only = node.body[0]
        raised = only.exc if isinstance(only, ast.Raise) else None
        raised = raised.func if isinstance(raised, ast.Call) else raised
        if isinstance(raised, ast.Name) and raised.id == "NotImplementedError":
            return "stub"
    if next(islice(ast.walk(node), _LARGEST, None), None) is not None:
        return _LARGE
    try:
        return ast.dump(node)
    except RecursionError:
        return _LARGE


def _top_level(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements that run at a cell's top level, inner ones included."""
    found: list[ast.stmt] = []
    waiting = list(reversed(body))
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, _NAMED):
            continue
        for name in ("finalbody", "orelse", "handlers", "body"):
            waiting += reversed(getattr(node, name, None) or [])
    return found


def _own(text: str, body: list[ast.stmt]) -> tuple[tuple[tuple[str, ...], str], ...]:
    lines = text.split("\n")
    found = ((_names(node), node) for node in body)
    return tuple((names, _text(lines, node)) for names, node in found if names)


def _text(lines: list[str], node: ast.stmt) -> str:
    """Return the text of a statement at the top level, decorators included."""
    first = min([node, *getattr(node, "decorator_list", [])], key=_line)
    begin, end = first.lineno - 1, node.end_lineno or first.lineno
    if isinstance(node, _NAMED):
        return "\n".join(lines[begin:end])
    last = lines[end - 1].encode()[: node.end_col_offset].decode()
    whole = "\n".join([*lines[begin : end - 1], last])
    return whole.encode()[node.col_offset :].decode()


def _line(node: ast.stmt | ast.expr) -> int:
    return node.lineno


def _names(node: ast.stmt) -> tuple[str, ...]:
    """Return what an import, definition or constant binds; nothing for the rest."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        module = getattr(node, "module", "")
        return tuple(
            a.asname or (f"{module}.*" if a.name == "*" else a.name) for a in node.names
        )
    if isinstance(node, _NAMED):
        return (node.name,)
    if isinstance(node, ast.Assign):
        names = [t.id for t in node.targets if isinstance(t, ast.Name)]
        if len(names) == len(node.targets) and _is_constant(node.value):
            return tuple(names)
    return ()


def _is_constant(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (TypeError, *_UNREADABLE):
        return False
    return True
