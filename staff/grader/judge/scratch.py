"""Decide from an answer's text which of torch's functions it uses.

The judge decides this, from syntax, before anything runs: the watch in the subject's
process can be blinded, and is only a second opinion. Names are followed through
imports, assignments, `getattr` with a text, attributes of torch's modules and methods
of tensors; only code that the answer can reach counts.
"""

from __future__ import annotations

import ast
import functools
import importlib
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

__all__ = ["Scratch"]

_HIDING = {
    *("eval", "exec", "compile", "globals", "locals", "vars", "gc"),
    *("attrgetter", "methodcaller", "ctypes", "__builtins__", "__code__", "__dict__"),
    *("__getattribute__", "__globals__", "__subclasses__"),
}
_IMPORTERS = {"import_module", "__import__"}
_SHORT = 10_000  # characters of a cell whose syntax is kept: many have the same
_DEEP = 8  # rounds in which names become known through other names


class Scratch:
    """What the answers of one exercise are made of.

    Args:
        source: cells that come before, then the answer's, in their order.
        asks: names of the answers.
    """

    def __init__(self, source: Iterable[str], asks: Sequence[str]) -> None:
        self.source, self.asks = source, asks

    @cached_property
    def trees(self) -> list[ast.Module]:
        """The cells' syntax; those are left out that do not run either."""
        return [tree for each in self.source if (tree := _parsed(each)) is not None]

    def __call__(self, pattern: str) -> tuple[str, ...]:
        """Return full names of torch's functions used that match, in their order."""
        wanted = re.compile(pattern)
        return tuple(name for name in self.used if wanted.search(name))

    @cached_property
    def used(self) -> list[str]:
        """Full names of all that is torch's and used by code within reach."""
        found: dict[str, None] = {}
        for node in self._reached:
            if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
                continue  # replaced, not used
            for name in self._named(node):
                if name.startswith("torch."):
                    found |= dict.fromkeys((name, *_real(name)))
        return list(found)

    @cached_property
    def unclear(self) -> list[str]:
        """What makes it unclear to a reader of syntax what is used: for a person."""
        found: dict[str, None] = {}
        node: Any
        for node in self._reached:
            name = getattr(node, "id", getattr(node, "attr", None))
            if name in _HIDING:
                found[str(name)] = None
            if name == "modules" and "sys.modules" in self._named(node):
                found["sys.modules"] = None
            if _is_getattr(node) and _text(node.args[1]) is None:
                found["getattr with a computed name"] = None
            if _is_import(node) and _text(node.args[0]) is None:
                found["an import of a computed name"] = None
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                found["import *"] = None
        return list(found)

    # -- what stands where -------------------------------------------------------------

    @cached_property
    def _reached(self) -> list[ast.AST]:
        """The nodes of all statements that the answers can come to."""
        found: list[ast.AST] = []
        makers: dict[str, list[ast.stmt]] = {}
        for tree in self.trees:
            for statement in tree.body:
                for name in _binds(statement):
                    makers.setdefault(name, []).append(statement)
        open_ = list(self.asks)
        seen: set[str] = set()
        done: set[int] = set()
        while open_:
            name = open_.pop()
            if name in seen:
                continue
            seen.add(name)
            for statement in makers.get(name, ()):
                if id(statement) in done:
                    continue
                done.add(id(statement))
                nodes = [*ast.walk(statement)]
                found += nodes
                open_ += [node.id for node in nodes if isinstance(node, ast.Name)]
        return found

    @cached_property
    def _aliases(self) -> dict[str, set[str]]:
        """Local name → full names that it may stand for."""
        aliases: dict[str, set[str]] = {}
        for node in self._reached:
            for name, full in _imports(node):
                aliases.setdefault(name, set()).add(full)
        self.__dict__["_aliases"] = aliases  # the rounds below look here
        assigned = [each for node in self._reached for each in _assigned(node)]
        for _ in range(_DEEP):
            before = sum(map(len, aliases.values()))
            for name, value in assigned:
                names = self._named(value)
                if names:
                    aliases.setdefault(name, set()).update(names)
            if sum(map(len, aliases.values())) == before:
                break
        return aliases

    def _named(self, node: Any) -> list[str]:
        """Return the full names that an expression may stand for."""
        if isinstance(node, ast.Name):
            return sorted(self._aliases.get(node.id, ()))
        if isinstance(node, (ast.Tuple, ast.List)):
            return [name for each in node.elts for name in self._named(each)]
        if isinstance(node, ast.IfExp):
            return [*self._named(node.body), *self._named(node.orelse)]
        if isinstance(node, ast.Attribute):
            return self._member(node.value, node.attr)
        if _is_getattr(node):
            name = _text(node.args[1])
            return self._member(node.args[0], name) if name else []
        if _is_import(node):
            return [name] if (name := _text(node.args[0])) else []
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            return [full for _, full in _imports(node) if full.count(".") > 1]
        return []

    def _member(self, owner: Any, name: str) -> list[str]:
        owners = self._named(owner)
        if owners:
            return [f"{each}.{name}" for each in owners]
        own = isinstance(owner, ast.Name) and owner.id in ("self", "cls", "super")
        call = isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name)
        if own or (call and owner.func.id == "super"):
            return []
        return [f"torch.Tensor.{name}"] if hasattr(Tensor, name) else []


# -- parts of it -----------------------------------------------------------------------


def _parsed(source: str) -> ast.Module | None:
    return _parsed_once(source) if len(source) < _SHORT else _parsed_anew(source)


def _parsed_anew(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


_parsed_once = functools.lru_cache(maxsize=256)(_parsed_anew)


def _binds(statement: ast.stmt) -> Iterator[str]:
    """Yield the module's names that a statement gives a value to, or changes.

    In a function these are those that are not its own.
    """
    waiting: list[tuple[ast.AST, frozenset[str] | None]] = [(statement, None)]
    while waiting:
        node, own = waiting.pop()
        if own is None and isinstance(
            node, (*_DEFINITIONS, ast.Import, ast.ImportFrom)
        ):
            yield from _given(node)
        root: Any = node
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        stored = isinstance(getattr(node, "ctx", None), ast.Store)
        if stored and isinstance(root, ast.Name) and root.id not in (own or ()):
            yield root.id
        if isinstance(node, (*_DEFINITIONS, ast.Lambda)):
            own = frozenset(_local(node)) | (own or frozenset())
        waiting += [(child, own) for child in ast.iter_child_nodes(node)]


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _given(node: Any) -> Iterator[str]:
    if isinstance(node, _DEFINITIONS):
        yield node.name
    else:
        yield from (name for name, _ in _imports(node))


def _local(definition: ast.AST) -> set[str]:
    """Return the names that are a function's or class's own, inner ones' included."""
    found, shared = set(), set()
    for node in ast.walk(definition):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Global):
            shared |= {*node.names}
    return found - shared


def _imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield (local name, full name) of what an import statement brings."""
    if isinstance(node, ast.Import):
        for each in node.names:
            top = each.name.split(".")[0]
            yield (each.asname, each.name) if each.asname else (top, top)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for each in node.names:
            yield each.asname or each.name, f"{node.module}.{each.name}"


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield (name, value) of what is assigned, and of defaults of parameters."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _unpacked(target, node.value)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        yield from _unpacked(node.target, node.value)
    elif isinstance(node, (ast.For, ast.comprehension)):
        yield from _unpacked(node.target, node.iter)
    elif isinstance(node, ast.arguments):
        places = [*node.posonlyargs, *node.args]
        defaults = zip(reversed(places), reversed(node.defaults), strict=False)
        named = zip(node.kwonlyargs, node.kw_defaults, strict=True)
        for place, value in (*defaults, *named):
            if value is not None:
                yield place.arg, value


def _unpacked(target: Any, value: Any) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, (ast.Tuple, ast.List)):
        whole = isinstance(value, (ast.Tuple, ast.List))
        values = value.elts if whole and len(value.elts) == len(target.elts) else None
        for k, each in enumerate(target.elts):
            yield from _unpacked(each, values[k] if values else value)


def _is_getattr(node: Any) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "getattr"
        and len(node.args) >= 2
    )


def _is_import(node: Any) -> bool:
    if not (isinstance(node, ast.Call) and node.args):
        return False
    called = getattr(node.func, "id", getattr(node.func, "attr", ""))
    return called in _IMPORTERS


def _text(node: ast.expr) -> str | None:
    """Return a text that stands there, or is put together from such."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return None if left is None or right is None else left + right
    if isinstance(node, ast.FormattedValue):
        return _text(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = [_text(each) for each in node.values]
        whole = [part for part in parts if part is not None]
        return "".join(whole) if len(whole) == len(parts) else None
    return None


def _real(name: str) -> list[str]:
    """Return the name under which torch itself defines something, if it has it."""
    found: Any = torch
    path = ["torch"]
    for part in name.split(".")[1:]:
        if not hasattr(found, part):
            try:
                importlib.import_module(".".join([*path, part]))
            except (ImportError, ValueError):
                return []
        path.append(part)
        found = getattr(found, part, None)
    module = str(getattr(found, "__module__", None) or "")
    inner = str(getattr(found, "__qualname__", ""))
    return [f"{module}.{inner}"] if module.startswith("torch") and inner else []
