"""One walk through a cell's tree: what it looks up, changes and imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

__all__ = ["Survey", "packages", "unguarded", "without_imports"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_TRIES: tuple[type[ast.AST], ...] = (ast.Try, ast.TryStar)
_Import = ast.Import | ast.ImportFrom


class _Scope:
    """Names of a function, a class or the cell itself.

    Args:
        outer: the scope around it.
        own: what is bound in it is not seen from outside, and not looked up there.
    """

    def __init__(self, outer: _Scope | None = None, *, own: bool = True) -> None:
        self.outer, self.own = outer, own
        self.bound: set[str] = set()
        self.loaded: set[str] = set()
        self.elsewhere: set[str] = set()  # said to be global

    def hand_up(self) -> None:
        """Give the outer scope what this one does not have itself."""
        if self.outer is None:
            return
        if self.own:
            self.loaded -= self.bound - self.elsewhere
        less, more = sorted((self.loaded, self.outer.loaded), key=len)
        more |= less
        self.outer.loaded, self.loaded = more, set()


_Waiting = tuple[ast.AST, _Scope, bool]
"""A node, the scope that it stands in, and whether a ``try`` guards it."""


class Survey:
    """What a tree looks up, changes and imports; takes its docstrings out.

    Args:
        tree: of a cell.

    Attributes:
        looked_up: names that are not bound in the function that uses them.
        changed: (line, name) where an attribute of a name is set or deleted.
        imports: package → names bound by importing from it outside of a ``try``.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.changed: list[tuple[int, str]] = []
        self.imports: dict[str, list[str]] = {}
        top = _Scope()
        self._scopes = [top]
        waiting: list[_Waiting] = [(node, top, False) for node in reversed(tree.body)]
        while waiting:
            waiting += self._visit(*waiting.pop())
        for scope in reversed(self._scopes):
            scope.hand_up()
        self.looked_up = top.loaded

    def _visit(self, node: ast.AST, scope: _Scope, guarded: bool) -> Iterator[_Waiting]:
        """Note one node; yield what is to be visited."""
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                scope.bound.add(node.id)
            if not isinstance(node.ctx, ast.Store):
                scope.loaded.add(node.id)
        elif isinstance(node, (*_FUNCTIONS, ast.Lambda, ast.ClassDef)):
            yield from self._definition(node, scope, guarded)
        elif isinstance(node, _COMPREHENSIONS):
            inner = self._inner(scope)
            for child in ast.iter_child_nodes(node):
                yield child, inner, guarded
        elif isinstance(node, _TRIES) and getattr(node, "handlers", None):
            tried = set(map(id, getattr(node, "body", ())))
            for child in ast.iter_child_nodes(node):
                yield child, scope, guarded or id(child) in tried
        else:
            self._note(node, scope, guarded)
            for child in ast.iter_child_nodes(node):
                yield child, scope, guarded

    def _inner(self, outer: _Scope, *, own: bool = True) -> _Scope:
        self._scopes.append(_Scope(outer, own=own))
        return self._scopes[-1]

    def _definition(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef,
        scope: _Scope,
        guarded: bool,
    ) -> Iterator[_Waiting]:
        if not isinstance(node, ast.Lambda):
            scope.bound.add(node.name)
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        inner = self._inner(scope, own=not isinstance(node, ast.ClassDef))
        arguments = getattr(node, "args", None)
        if isinstance(arguments, ast.arguments):
            inner.bound |= {
                each.arg for each in ast.walk(arguments) if isinstance(each, ast.arg)
            }
        body = node.body if isinstance(node.body, list) else [node.body]
        within = set(map(id, body))
        for child in ast.iter_child_nodes(node):
            yield child, inner if id(child) in within else scope, guarded

    def _note(self, node: ast.AST, scope: _Scope, guarded: bool) -> None:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            scope.bound |= {name.split(".")[0] for name in _bound(node)}
            if not guarded:
                self._import(node)
        elif isinstance(node, ast.Global):
            scope.elsewhere |= {*node.names}
        elif isinstance(node, ast.Attribute):
            if not isinstance(node.ctx, ast.Load):
                self._change(node.lineno, node.value)
        elif isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            if called in ("setattr", "delattr") and node.args:
                self._change(node.lineno, node.args[0])
        else:  # what an exception or a pattern is caught in
            for name in ("name", "rest"):
                if isinstance(caught := getattr(node, name, None), str):
                    scope.bound.add(caught)

    def _import(self, node: _Import) -> None:
        for alias in node.names:
            if package := _package(node, alias):
                names = self.imports.setdefault(package, [])
                if alias.name != "*":
                    names.append(_binds(node, alias))

    def _change(self, line: int, target: ast.expr) -> None:
        for _ in range(20):  # torch.nn.functional has three
            if not isinstance(target, ast.Attribute) or target.attr == "backends":
                break
            target = target.value
        if isinstance(target, ast.Name):
            self.changed.append((line, target.id))


# --- imports ----------------------------------------------------------------------


def _package(node: _Import, alias: ast.alias) -> str:
    if isinstance(node, ast.Import):
        return alias.name.split(".")[0]
    return "" if node.level else (node.module or "").split(".")[0]


def _binds(node: _Import, alias: ast.alias) -> str:
    return alias.asname or (
        alias.name.split(".")[0] if isinstance(node, ast.Import) else alias.name
    )


def _bound(node: _Import) -> Iterator[str]:
    return (_binds(node, alias) for alias in node.names)


def packages(node: ast.stmt) -> set[str]:
    """Return the packages that a statement imports, if it is an import."""
    if not isinstance(node, (ast.Import, ast.ImportFrom)):
        return set()
    return {_package(node, alias) for alias in node.names} - {""}


def unguarded(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run at the top level, outside of every ``try``."""
    waiting = list(body)[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            continue
        inner = [] if getattr(node, "handlers", None) else getattr(node, "body", [])
        waiting += [*getattr(node, "orelse", []), *inner][::-1]


def without_imports(
    text: str, nodes: Iterable[ast.stmt], absent: frozenset[str]
) -> str:
    """Return a text in which imports of some packages became comments.

    Args:
        text: of the cell.
        nodes: the statements that import them.
        absent: the packages.
    """
    lines = text.split("\n")
    for node in sorted(nodes, key=_position, reverse=True):
        assert isinstance(node, (ast.Import, ast.ImportFrom))
        kept = [a for a in node.names if _package(node, a) not in absent]
        left = ast.unparse(ast.Import(kept)) if kept else "pass"
        begin, end = node.lineno - 1, node.end_lineno or node.lineno
        before = lines[begin].encode()[: node.col_offset].decode()
        behind = lines[end - 1].encode()[node.end_col_offset :].decode()
        if not behind.strip():
            behind = f"  # {ast.unparse(node)}"
        lines[begin:end] = [before + left + behind]
    return "\n".join(lines)


def _position(node: ast.stmt) -> tuple[int, int]:
    return node.lineno, node.col_offset
