"""Read off a test cell which check it calls, on which answers, with which seed."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Call", "calls", "owners"]

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """One call of a check.

    Args:
        stem: of the notebook whose checks it belongs to.
        name: of the check.
        asks: names of the answers that are handed over, in order.
        seed: of the cases.
    """

    stem: str
    name: str
    asks: tuple[str, ...]
    seed: int


def owners(sources: Iterable[str]) -> dict[str, str]:
    """Return name → stem for each ``check = load("02_…")`` at the top of a cell."""
    found: dict[str, str] = {}
    for source in sources:
        for statement in _body(source):
            found.update(_bound(statement))
    return found


def calls(source: str, known: dict[str, str]) -> list[Call] | None:
    """Return the calls that a part of a test is made of; None if it is other code.

    Args:
        source: the visible or the hidden part.
        known: name → stem, as `owners` finds them.
    """
    known, found = dict(known), []
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None
    for statement in body:
        if _matters_not(statement):
            continue
        if bound := dict(_bound(statement)):
            known.update(bound)
            continue
        value = statement.value if isinstance(statement, ast.Expr) else None
        call = _call(value, known) if isinstance(value, ast.Call) else None
        if call is None:
            return None
        found.append(call)
    return found


def _body(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError:  # a magic
        return []


def _matters_not(statement: ast.stmt) -> bool:
    """Tell whether a statement imports `load`, or names a constant."""
    if isinstance(statement, ast.ImportFrom):
        renamed = any(each.asname for each in statement.names)
        return statement.module == "helpers.checks" and not renamed
    value = statement.value if isinstance(statement, ast.Assign) else None
    return isinstance(value, ast.Constant)


def _bound(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        (target,), stem = statement.targets, _loaded(statement.value)
        if isinstance(target, ast.Name) and stem is not None:
            yield target.id, stem


def _loaded(node: ast.expr) -> str | None:
    """Return the stem in ``load("stem")``."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return None
    if node.func.id != "load" or len(node.args) != 1 or node.keywords:
        return None
    return _constant(node.args[0], str)


def _call(node: ast.Call, known: dict[str, str]) -> Call | None:
    if not isinstance(node.func, ast.Attribute):
        return None
    owner = node.func.value
    stem = known.get(owner.id) if isinstance(owner, ast.Name) else _loaded(owner)
    asks = [each.id for each in node.args if isinstance(each, ast.Name)]
    seeds = [_constant(k.value, int) for k in node.keywords if k.arg == "seed"]
    whole = len(asks) == len(node.args) and len(seeds) == len(node.keywords)
    if stem is None or not whole or len(seeds) > 1 or None in seeds:
        return None
    return Call(stem, node.func.attr, tuple(asks), int([*seeds, 0][0] or 0))


def _constant(node: ast.expr, kind: type[T]) -> T | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if type(value) is kind else None
