"""What a cell's code defines, found without running it.

Cells may hold IPython's magics, syntax errors, or anything else: then less is known
about them, and nothing is raised.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field

__all__ = ["Reading", "additions", "read"]

LONGEST = 50_000
"""Characters up to which a cell is parsed."""

_PYTHON_MAGICS = {"capture", "debug", "memit", "mprun", "prun", "time", "timeit"}
_CELL_MAGIC = re.compile(r"\s*%%(\w*)[^\n]*")
_MAGIC = re.compile(
    r"^([ \t]*+)(?:[%!?].*|[\w.*]++\?{1,2}[ \t]*|[\w.,\[\] \t]++=[ \t]*+[%!].*)$", re.M
)
_DEFINITION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+([^\W\d]\w*)", re.M)
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Reading:
    """What is known about a cell's code.

    Args:
        parsed: it is valid Python, magics apart.
        defined: functions, classes and lambdas at its top level, name → form without
            docstrings; "" for those that only seem to be there (not parsed), and
            "stub" for functions that do nothing but raise NotImplementedError.
        assigned: other names bound by assignments at its top level.
        forms: of its top-level statements.
    """

    parsed: bool
    defined: dict[str, str] = field(default_factory=dict)
    assigned: frozenset[str] = frozenset()
    forms: tuple[str, ...] = ()

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


def read(source: str) -> Reading:
    """Find what a cell defines; never raises."""
    if len(source) > LONGEST:
        return Reading(False, dict.fromkeys(_DEFINITION.findall(source), ""))
    if (magic := _CELL_MAGIC.match(source)) and magic[1] not in _PYTHON_MAGICS:
        return Reading(False)
    try:
        return _read(_parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Reading(False, dict.fromkeys(_DEFINITION.findall(source), ""))


def _parse(source: str) -> ast.Module:
    """Parse a cell; the lines of the tree are the lines of the cell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except SyntaxError:
            body = _CELL_MAGIC.sub(_blank, source, count=1)
            return ast.parse(_MAGIC.sub(r"\1pass", body))


def _blank(magic: re.Match[str]) -> str:
    return "\n" * magic[0].count("\n")


def _read(tree: ast.Module) -> Reading:
    _drop_docstrings(tree)
    defined: dict[str, str] = {}
    assigned: set[str] = set()
    for node in _top_level(tree.body):
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
    forms = tuple(_form(node) for node in tree.body if not isinstance(node, ast.Pass))
    return Reading(True, defined, frozenset(assigned), forms)


def _stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _drop_docstrings(tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if (
            isinstance(node, _NAMED)
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]


def _form(node: ast.stmt) -> str:
    if isinstance(node, _NAMED[:2]) and len(node.body) == 1:
        only = node.body[0]
        raised = only.exc if isinstance(only, ast.Raise) else None
        raised = raised.func if isinstance(raised, ast.Call) else raised
        if isinstance(raised, ast.Name) and raised.id == "NotImplementedError":
            return "stub"
    return ast.dump(node)


def _top_level(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements that run at a cell's top level, inner ones included."""
    found, waiting = [], list(reversed(body))
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, _NAMED):
            continue
        for name in ("finalbody", "orelse", "handlers", "body"):
            waiting += reversed(getattr(node, name, None) or [])
    return found


def additions(source: str, given: str) -> str:
    """Return what a learner added to a given cell and may need elsewhere.

    These are imports, functions, classes, and names for plain constants, as far as the
    given cell has none of that name. Changes of what was given are left out.
    """
    magic = _CELL_MAGIC.match(source)
    if len(source) > LONGEST or (magic and magic[1] not in _PYTHON_MAGICS):
        return ""
    try:
        new, old = _parse(source), _parse(given)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    there = {name for node in _top_level(old.body) for name in _names(node)}
    there |= read(given).assigned
    lines, kept = source.split("\n"), []
    for node in new.body:
        names = _names(node)
        if names and not there & {*names}:
            first = min([node, *getattr(node, "decorator_list", [])], key=_line)
            alone = isinstance(node, _NAMED)
            text = lines[first.lineno - 1 : node.end_lineno] if alone else _plain(node)
            kept.append("\n".join(text))
    return "\n".join(kept)


def _line(node: ast.AST) -> int:
    return node.lineno


def _plain(node: ast.stmt) -> list[str]:
    return [ast.unparse(node)]


def _names(node: ast.stmt) -> list[str]:
    """Return what an import, definition or constant binds; nothing for the rest."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        module = getattr(node, "module", "")
        return [
            a.asname or (f"{module}.*" if a.name == "*" else a.name) for a in node.names
        ]
    if isinstance(node, _NAMED):
        return [node.name]
    if isinstance(node, ast.Assign) and all(
        isinstance(t, ast.Name) for t in node.targets
    ):
        try:
            ast.literal_eval(node.value)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return []
        return [t.id for t in node.targets]
    return []
