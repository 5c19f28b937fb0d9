"""Tell which statements run no code at all: they only give names to new things.

A definition whose defaults are constants does, an import of a known module, a constant
with a name. Of everything else it is not known what it changes, and in whose modules.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterable
from typing import Any

__all__ = ["inert"]

_BASES = {"nn.Module", "torch.nn.Module", "object"}
_MADE = (ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.expr_context)
_METHODS = {
    *("__init__", "__call__", "__len__", "__iter__", "__repr__", "__str__"),
    *("__enter__", "__exit__", "__next__", "__getitem__", "__contains__"),
}


def inert(node: Any, own: Container[str], allowed: Callable[[str], bool]) -> bool:
    """Tell whether nothing runs when this statement does.

    Args:
        node: the statement, of a cell or of a class in it.
        own: names to which the cells themselves give something, imports apart.
        allowed: tells of a module's name whether it may be imported.
    """
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        inside = getattr(node, "module", None)
        modules = [inside] if inside else [each.name for each in node.names]
        names = [each.asname or each.name for each in node.names]
        here = not getattr(node, "level", 0) and "*" not in names
        return here and all(map(allowed, modules)) and not any(map(_special, names))
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return not _special(node.name) and _is_plain(node, own)
    if isinstance(node, ast.ClassDef):
        bare = not (node.keywords or node.decorator_list or _special(node.name))
        bases = [ast.unparse(each) for each in node.bases if _is_name(each)]
        known = len(bases) == len(node.bases) and _BASES.issuperset(bases)
        theirs = not any(each.split(".")[0] in own for each in bases)
        return bare and known and theirs and all(_in_class(n, own) for n in node.body)
    return _is_constant(node)


def _in_class(node: Any, own: Container[str]) -> bool:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        known = node.name in _METHODS or not _special(node.name)
        return known and _is_plain(node, own)
    return _is_constant(node)


def _is_plain(node: Any, own: Container[str]) -> bool:
    """Tell whether a function is made without a call, a look-up or an operator."""
    args = node.args
    every = (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg)
    hints = [*(each.annotation for each in every if each), node.returns]
    defaults = (*args.defaults, *args.kw_defaults)
    named = all(_is_name(each) and _root(each) not in own for each in _there(hints))
    constants = all(isinstance(each, ast.Constant) for each in _there(defaults))
    return not node.decorator_list and named and constants


def _is_constant(node: Any) -> bool:
    """Tell whether a statement is a text, or gives a name to something constant."""
    if isinstance(node, ast.Assign):
        targets = [getattr(each, "id", "__") for each in node.targets]
        made = all(isinstance(each, _MADE) for each in ast.walk(node.value))
        return made and not any(map(_special, targets))
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or isinstance(node, ast.Pass)


def _there(nodes: Iterable[ast.AST | None]) -> Iterable[ast.AST]:
    return (node for node in nodes if node is not None)


def _is_name(node: Any) -> bool:
    """Tell whether it is a constant, a name, or an attribute of one, not deep."""
    for _ in range(3):
        if isinstance(node, (ast.Name, ast.Constant)):
            return True
        node = getattr(node, "value", None) if isinstance(node, ast.Attribute) else None
    return False


def _root(node: Any) -> str | None:
    """Return the name that an attribute is looked up in; None if there is none."""
    if not isinstance(node, ast.Attribute):
        return None
    while isinstance(node, ast.Attribute):
        node = node.value
    return getattr(node, "id", None)


def _special(name: str) -> bool:
    """Tell whether Python itself looks a name up: ``__builtins__``, say."""
    return name.startswith("__")
