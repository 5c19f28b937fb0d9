"""Tell which statements, when they run, only give names to what stands in them.

Definitions do, imports, and assignments of what is made without a call. Of all others
it is not known what they change, and in whose modules.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterable
from typing import Any

__all__ = ["inert"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MADE = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Lambda),
    *(ast.Tuple, ast.List, ast.Set, ast.Dict, ast.JoinedStr, ast.FormattedValue),
    *(ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp),
    *(ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop),
    *(ast.arguments, ast.arg),
)
_DECORATORS = {
    *("staticmethod", "classmethod", "property", "dataclass", "torch.no_grad()"),
    *("dataclasses.dataclass", "functools.cache", "torch.inference_mode()"),
}
_RUN = {"__init_subclass__", "__class_getitem__", "__set_name__", "__mro_entries__"}
"""Methods that run while a class is made, or looked up in: no call is to be seen."""


def inert(node: Any, own: Container[str], allowed: Callable[[str], bool]) -> bool:
    """Tell whether a statement can change nothing but what its names stand for.

    Args:
        node: the statement.
        own: names to which the cells themselves give something.
        allowed: tells of a module's name whether it may be imported.
    """
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        names = [each.asname or each.name for each in node.names]
        inside = node.module if isinstance(node, ast.ImportFrom) else None
        modules = [inside] if inside else [each.name for each in node.names]
        here = not getattr(node, "level", 0) and "*" not in names
        return here and all(map(allowed, modules)) and not any(map(_magic, names))
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        parts = [node.value, getattr(node, "annotation", None)]
        return all(map(_is_name, targets)) and _all_made(parts)
    if isinstance(node, _FUNCTIONS):
        parts = [node.args, node.returns]
        return not _magic(node.name) and _decorated(node, own) and _all_made(parts)
    if isinstance(node, ast.ClassDef):
        plain = not node.keywords and _decorated(node, own) and _all_made(node.bases)
        return plain and all(_in_a_class(each, own, allowed) for each in node.body)
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _in_a_class(node: ast.stmt, own: Container[str], allowed: Any) -> bool:
    if isinstance(node, _FUNCTIONS):
        parts = [node.args, node.returns]
        return node.name not in _RUN and _decorated(node, own) and _all_made(parts)
    return inert(node, own, allowed)


def _decorated(node: Any, own: Container[str]) -> bool:
    """Tell whether nothing of the text's own, or unknown, is called as a decorator."""
    words = [ast.unparse(each) for each in node.decorator_list]
    return all(w in _DECORATORS and w.split(".")[0] not in own for w in words)


def _all_made(parts: Iterable[ast.AST | None]) -> bool:
    """Tell whether expressions are made of what stands there, without a call."""
    waiting = [part for part in parts if part is not None]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, _MADE):
            return False
        inside = [node.args] if isinstance(node, ast.Lambda) else None
        waiting += inside or ast.iter_child_nodes(node)
    return True


def _is_name(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(_is_name, target.elts))
    return isinstance(target, ast.Name) and not _magic(target.id)


def _magic(name: str) -> bool:
    """Tell whether Python itself looks a name up: ``__builtins__``, say."""
    return name.startswith("__")
