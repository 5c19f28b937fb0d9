"""Decide from an answer's text which of torch's functions it uses.

The judge decides this, from syntax, before anything runs: the watch in the subject's
process can be blinded, and is only a second opinion. Names are followed through
imports, assignments, `getattr` with a text, attributes of torch's modules and methods
of tensors; only code that the answer can reach counts.

What is found so decides. All else that could come to what is forbidden is left to a
person: the word itself where it is not the learner's own, a module that is handed on,
modules that no answer needs, and Python's own ways to find things by their names.

No text has anything imported: names are looked up among what is loaded.
"""

from __future__ import annotations

import ast
import functools
import importlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from staff.grader.judge.inert import inert

__all__ = ["Scratch"]

_RUNNING = {"eval", "exec", "compile", "globals", "locals", "vars", "get_ipython"}
_HIDING = {
    *("attrgetter", "methodcaller", "ctypes", "gc", "get_type_hints", "ForwardRef"),
    *("f_globals", "f_locals", "f_builtins", "f_back", "gi_frame", "tb_frame"),
    *("__builtins__", "__loader__", "__spec__"),
}
_IMPORTERS = {"import_module", "__import__"}
_FINDERS = {"getattr", "setattr", *_IMPORTERS}
_PLAIN = {  # attributes with underscores that lead to nothing else
    *("__init__", "__new__", "__call__", "__name__", "__class__", "__doc__"),
    *("__setattr__", "__setstate__", "__getstate__", "__post_init__"),
    *("__len__", "__iter__", "__next__", "__enter__", "__exit__", "__version__"),
    *("__getitem__", "__setitem__", "__contains__", "__repr__", "__str__"),
    *("__add__", "__sub__", "__mul__", "__matmul__", "__truediv__", "__pow__"),
    *("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__", "__hash__"),
}
_SPEAKERS = {"print", "warn", "__repr__", "__str__", "extra_repr"}
_KEYED = {"get", "setdefault", "pop"}
_BASES = {"torch.nn.Module", "torch.optim.Optimizer", "torch.autograd.Function"}
_PACKAGES = {  # whose modules an answer may use
    *("__future__", "abc", "cmath", "collections", "contextlib", "copy", "dataclasses"),
    *("decimal", "enum", "fractions", "functools", "helpers", "io", "itertools"),
    *("json", "math", "numbers", "numpy", "operator", "os", "pathlib", "random"),
    *("statistics", "string", "sys", "tempfile", "time", "torch", "typing"),
    *("warnings", "numpy.random", "numpy.linalg", "numpy.fft"),
}
_TORCHS = re.compile(
    r"torch(\.(amp|autograd|autograd\.function(al)?|cpu|cuda|fft|func|linalg|random"
    r"|special|types|utils|utils\.data|nn|nn\.(functional|init|parameter|utils)"
    r"|nn\.utils\.(clip_grad|parametrizations|parametrize|rnn|fusion|stateless)"
    r"|nn\.modules(\.\w+)?|optim(\.[a-z]\w*)?|distributions(\.\w+)?))?"
)
for _each in sorted(_PACKAGES):  # to be found where nothing is imported any more
    importlib.import_module(_each)
_MEMBERS = {  # of modules with ways from a text to an object: what an answer may use
    "contextlib": {"contextmanager", "nullcontext", "suppress"},
    "dataclasses": {"asdict", "astuple", "dataclass", "field", "replace"},
    "functools": {"cache", "cached_property", "lru_cache", "partial", "reduce"},
    "io": {"BytesIO", "StringIO"},
    "os": {"PathLike", "fspath", "getcwd", "linesep", "path", "sep"},
    "string": {"ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits"},
    "sys": {"byteorder", "float_info", "maxsize", "version", "version_info"},
}
_LOADERS = {"torch.load", "numpy.load", "numpy.fromfile"}
_SHORT = 10_000  # characters of a cell whose syntax is kept: many have the same
_PARTS = 5  # of a full name after the first
_MANY = 100  # full names that one name may stand for
_LONG = 100  # characters of what is no name of torch's
_LISTED = 20  # reasons for a person to look
_WORK = 200_000  # nodes and names that are gone through until all names are known

_Names = dict[int, Sequence[str]]
"""Node, by its number → full names of what it may stand for."""

_Scopes = dict[int, tuple[ast.AST, ...]]
"""Node, by its number → the functions that it stands in."""

_Aliases = dict[tuple[int, str], dict[str, None]]
"""Function, or 0, and a name of its own → full names, in order."""


class Scratch:
    """What the answers of one exercise are made of.

    Args:
        source: cells that come before, then the answer's, in their order.
        asks: names of the answers.
    """

    def __init__(self, source: Sequence[str], asks: Sequence[str]) -> None:
        self.source, self.asks = source, asks
        self._patterns: dict[str, None] = {}
        self._deep = False
        self._objects: dict[str, tuple[bool, Any]] = {}

    @cached_property
    def _cells(self) -> list[list[_Statement] | None]:
        """The cells' statements; None for one that cannot be read."""
        found: list[list[_Statement] | None] = []
        for each in self.source:
            try:
                found.append(_parsed(each))
            except (RecursionError, MemoryError):
                self._deep = True
                found.append(None)
        return found

    @cached_property
    def _all(self) -> list[_Statement]:
        return [statement for cell in self._cells for statement in cell or ()]

    def part(self, number: int) -> tuple[list[list[int]], bool]:
        """Return what of a cell the answers can come to, and if the rest may do more.

        Args:
            number: of the cell.

        Returns:
            ([start, end] in bytes of each such statement, whether another one may
            change, when it runs, what these do: it was not read.)

        Raises:
            ValueError: the statements cannot be cut out of the text.
        """
        cell = self._cells[number]
        if cell is None:
            return [], True
        found = [each.node for each in cell if each in self._read]
        rest = [each for each in cell if each not in self._read]
        more = any(
            not inert(each.node, self._given, _allowed) or self._mentions(each.binds)
            for each in rest
        )
        return _cut_out(self.source[number], found), more

    @cached_property
    def _read(self) -> set[_Statement]:
        """What the answers can come to, and what changes how a text is compiled."""
        kind = ast.ImportFrom
        future = (
            each
            for each in self._all
            if isinstance(each.node, kind) and each.node.module == "__future__"
        )
        return {*self._statements, *self._putting, *future}

    def _mentions(self, names: Iterable[str]) -> bool:
        """Tell whether a name stands in what was read, whatever it means there.

        In a class ``__name`` stands for a name that only ends like that.
        """
        names = {*names}
        private = (word for word in self._words_read if word.startswith("__"))
        ends = any(name.endswith(word) for word in private for name in names)
        return ends or not names.isdisjoint(self._words_read)

    @cached_property
    def _words_read(self) -> set[str]:
        return {word for each in self._read for word in each.words}

    @cached_property
    def _given(self) -> set[str]:
        """Names to which the cells give something other than what they import."""
        nodes = (node for each in self._all for node in each.nodes)
        kinds = (ast.Import, ast.ImportFrom)
        return {b for n in nodes if not isinstance(n, kinds) for b in _bound_here(n)}

    def __call__(self, pattern: str) -> tuple[str, ...]:
        """Return full names of torch's functions used that match, in their order."""
        self._patterns[pattern] = None
        wanted = re.compile(pattern)
        return tuple(name for name in self.used if wanted.search(name))

    @cached_property
    def used(self) -> list[str]:
        """Full names of all that is torch's and used by code within reach."""
        found: dict[str, None] = {}
        for node in filter(_loads, self._sure):  # else it is replaced, not used
            for name in self.named(node):
                if name.startswith("torch."):
                    found |= dict.fromkeys((name, *_real(name)))
        return list(found)

    @cached_property
    def helpers(self) -> list[str]:
        """Full names of the course's own that stand where an answer was to be written.

        They are called like an answer, or an answer is made of them.
        """
        found: dict[str, None] = {}
        node: Any
        for node in self.reached:
            if isinstance(node, (ast.Name, ast.Attribute)):
                named = self.named(node)
                found |= dict.fromkeys(n for n in named if _last(n) in self.asks)
            elif isinstance(node, ast.ClassDef) and node.name in self.asks:
                parts: list[ast.AST] = [*node.bases]
                found |= dict.fromkeys(n for p in parts for n in self.named(p))
            elif any(getattr(n, "id", "") in self.asks for n in _targets(node)):
                parts = [*ast.walk(node.value)]
                found |= dict.fromkeys(n for p in parts for n in self.named(p))
        for name in self.asks:
            found |= dict.fromkeys(self._aliases.get((0, name), ()))
        return [name for name in found if name.startswith("helpers.")]

    @property
    def unclear(self) -> list[str]:
        """What makes it unclear to a reader of syntax what is used: for a person.

        Words count that match the patterns asked for so far.
        """
        found: dict[str, None] = {}
        for node in self.reached:
            if len(found) < _LISTED:
                found |= dict.fromkeys(self._doubts(node))
        return [*found, *(["too deep"] if self._deep else [])]

    # -- what is left to a person ------------------------------------------------------

    def _doubts(self, node: Any) -> Iterator[str]:
        name = getattr(node, "id", getattr(node, "attr", None))
        found = name in _HIDING or (isinstance(node, ast.Name) and name in _RUNNING)
        if found or (name in _FINDERS and id(node) not in self._placed):
            yield str(name)
        if isinstance(node, (ast.Name, ast.Attribute)) and _special(str(name)):
            yield str(name)
        text = isinstance(node, ast.Constant) and id(node) not in self._said
        if text and "__" in (_text(node) or ""):
            yield "a text with __"
        for hint in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if hint is not None and any(map(_computes, ast.walk(hint))):
                yield "a computed annotation"
        if _is_getattr(node) and _got(node) is None:
            yield "getattr with a computed name"
        if _is_import(node) and (not node.args or _text(node.args[0]) is None):
            yield "an import of a computed name"
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            yield "import *"
        if isinstance(node, ast.expr) and _loads(node):
            yield from self._leads(node)
        for word in self._words(node):
            if len(word) < _LONG and any(_forbids(p, word) for p in self._patterns):
                yield f"the word {word[:40]}"

    def _leads(self, node: ast.expr) -> Iterator[str]:
        """Yield where an expression leads that no answer has to go."""
        for name in self.named(node):
            known, found = self._found(name)
            if any(
                _forbids(p, n) for p in self._patterns for n in (name, *_real(name))
            ):
                yield name  # not surely used, or it would decide
            elif isinstance(found, ModuleType):
                if not _allowed(name):
                    yield f"the module {name}"
                elif id(node) not in self._placed:
                    yield f"the module {name} as a value"
            elif not known or found is sys.modules or self._leads_on(name):
                yield name

    def _leads_on(self, name: str) -> bool:
        last = _last(name)
        private = last.startswith("_") and not name.startswith("torch.")
        finds = last in _HIDING | _FINDERS or name in _LOADERS
        home = self._home(name)
        member = name.removeprefix(f"{home}.").split(".")[0]
        known = member in _MEMBERS.get(home, {member})
        return private or finds or not (known and _allowed(home))

    def _words(self, node: Any) -> Iterator[str]:
        """Yield words that may be the name of what is forbidden."""
        if isinstance(node, (ast.Name, ast.Attribute)) and _loads(node):
            names = self.named(node)
            yield from (_last(n) for n in names if not n.startswith("torch."))
            if isinstance(node, ast.Name):
                word, own = node.id, node.id in self._own
            else:
                word, own = node.attr, self._of_its_own(node)
            if not (names or own):
                yield word
        elif isinstance(node, ast.MatchClass):
            yield from node.kwd_attrs
        elif isinstance(node, _TEXTS) and id(node) not in self._said:
            yield from re.findall(r"\w+", _text(node) or "")

    def _of_its_own(self, node: Any) -> bool:
        """Tell whether it is an attribute of an object whose class is the learner's."""
        owner = getattr(node, "value", None)
        return not self._inherits and getattr(owner, "id", "") in ("self", "cls")

    @cached_property
    def _inherits(self) -> bool:
        """Whether a class gets attributes from one of torch's."""
        kinds = [node for node in self.reached if isinstance(node, ast.ClassDef)]
        bases = {n for kind in kinds for b in kind.bases for n in self.named(b)}
        return any(n.startswith("torch.") for n in bases - _BASES)

    @cached_property
    def _own(self) -> set[str]:
        """Names that the text itself gives to something."""
        return {name for node in self.reached for name in _bound_here(node)}

    @cached_property
    def _placed(self) -> set[int]:
        """Nodes whose use is followed: what is looked up in, called, given a name."""
        found: set[int] = set()
        node: Any
        for node in self.reached:
            named = [isinstance(each, ast.Name) for each in _targets(node)]
            if isinstance(node, (ast.Attribute, ast.Expr)) or (named and all(named)):
                found.add(id(node.value))
            if isinstance(node, ast.Call):
                found.add(id(node.func))
                if _is_getattr(node):
                    found |= {id(each) for each in node.args[:1]}
        finders = (n for n in self.reached if getattr(n, "id", "") in _FINDERS)
        called = {id(n.func) for n in self.reached if isinstance(n, ast.Call)}
        kinds = [n for n in self.reached if isinstance(n, ast.ClassDef)]
        kept = {
            id(getattr(each, "value", None)) for kind in kinds for each in kind.body
        }
        return found - ({id(each) for each in finders} - called) - kept

    @cached_property
    def _said(self) -> set[int]:
        """Nodes of texts that are there to be read by people, or as keys."""
        found: set[int] = set()
        node: Any
        for node in self.reached:
            called = getattr(node, "func", None)
            name = getattr(called, "id", getattr(called, "attr", None))
            says = getattr(node, "name", name) in _SPEAKERS
            if says or isinstance(node, (ast.Raise, ast.Assert)):
                found |= {id(each) for each in ast.walk(node)}
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                found.add(id(node.value))
            elif isinstance(node, ast.Subscript):
                found.add(id(node.slice))
            elif isinstance(node, ast.Compare):
                found |= {id(node.left), *map(id, node.comparators)}
            elif isinstance(node, ast.Dict):
                found |= {*map(id, node.keys)}
            elif name in _KEYED and isinstance(node, ast.Call):
                found |= {*map(id, node.args[:1])}
        return found

    # -- what stands where -------------------------------------------------------------

    @cached_property
    def _statements(self) -> list[_Statement]:
        """All statements that the answers can come to."""
        makers: dict[str, list[_Statement]] = {}
        for each in self._all:
            for name in each.binds:
                makers.setdefault(name, []).append(each)
        return self._closure([*self.asks, "*"], makers)

    @cached_property
    def _putting(self) -> list[_Statement]:
        """Statements that may put something into what the answers use, and so on."""
        makers: dict[str, list[_Statement]] = {}
        brought = {n for each in self._all for n, _ in _imports(each.node)}
        for each in self._all:
            for name in {*each.binds, *each.puts_into} - brought - {*self.asks}:
                makers.setdefault(name, []).append(each)
        names = [name for each in self._statements for name in each.names]
        sure = {*self._statements}
        return [each for each in self._closure(names, makers) if each not in sure]

    def _closure(
        self, names: list[str], makers: dict[str, list[_Statement]]
    ) -> list[_Statement]:
        """Return what makes these names, and the names in that, and so on."""
        found: dict[_Statement, None] = {}
        open_, seen = [*names], set[str]()
        while open_:
            name = open_.pop()
            if name in seen:
                continue
            seen.add(name)
            for statement in makers.get(name, ()):
                if statement not in found:
                    found[statement] = None
                    open_ += statement.names
        return [*found]

    @cached_property
    def _sure(self) -> list[ast.AST]:
        """The nodes that the answers can come to; what is found there decides."""
        return [node for each in self._statements for node in each.nodes]

    @cached_property
    def reached(self) -> list[ast.AST]:
        """The nodes that they may come to."""
        more = (node for each in self._putting for node in each.nodes)
        return [*self._sure, *more]

    @cached_property
    def _scopes(self) -> _Scopes:
        """Node → the functions that it stands in, from outside."""
        found: _Scopes = {}
        for each in (*self._statements, *self._putting):
            found |= each.scopes
        return found

    @cached_property
    def _locals(self) -> dict[int, set[str]]:
        """Function → the names that are its own."""
        found: dict[int, set[str]] = {}
        for each in (*self._statements, *self._putting):
            found |= each.locals
        return found

    def _key(self, name: str, node: ast.AST) -> tuple[int, str]:
        """Return a name together with the function whose it is, 0 for none."""
        for scope in reversed(self._scopes.get(id(node), ())):
            if name in self._locals[id(scope)]:
                return id(scope), name
        return 0, name

    @property
    def _names(self) -> _Names:
        return self._followed[0]

    @property
    def _aliases(self) -> _Aliases:
        return self._followed[1]

    @cached_property
    def _followed(self) -> tuple[_Names, _Aliases]:
        aliases: _Aliases = {}
        assigned = []
        for node in self.reached:
            for name, full in _imports(node):
                aliases.setdefault(self._key(name, node), {})[full] = None
            for name, value in _assigned(node):
                assigned.append((self._key(name, node), id(value)))
        names, work = self._follow(aliases), 0
        while True:
            before = sum(map(len, aliases.values()))
            for key, number in assigned:
                if number in names:
                    aliases.setdefault(key, {}).update(dict.fromkeys(names[number]))
            if before == sum(map(len, aliases.values())):
                break
            names = self._follow(aliases)
            work += len(self.reached) + sum(map(len, names.values()))
            if work > _WORK:
                self._deep = True
                break
        return names, aliases

    def _follow(self, aliases: _Aliases) -> _Names:
        """Return what nodes may stand for, as far as the names in them are known."""
        names: _Names = {}
        for node in reversed(self.reached):  # its parts come before it
            if isinstance(node, ast.Name):
                found: Sequence[str] = [*aliases.get(self._key(node.id, node), ())]
            else:
                found = self._stands_for(node, names)
            if len(found) > _MANY:
                self._deep = True
            elif found:
                names[id(node)] = found
        return names

    def named(self, node: ast.AST) -> Sequence[str]:
        """Return the full names that an expression may stand for."""
        return self._names.get(id(node), ())

    def _stands_for(self, node: Any, names: _Names) -> Sequence[str]:
        parts: list[Any] = []
        if isinstance(node, ast.Attribute):
            return self._member(node.value, names, node.attr)
        if _is_getattr(node):
            name = _got(node)
            return self._member(node.args[0], names, name) if name else ()
        if _is_import(node) and node.args:
            return [name] if (name := _text(node.args[0])) else ()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            return [full for _, full in _imports(node) if full.count(".") > 1]
        if isinstance(node, (ast.Tuple, ast.List)):
            parts = node.elts
        elif isinstance(node, ast.IfExp):
            parts = [node.body, node.orelse]
        elif isinstance(node, ast.NamedExpr):
            parts = [node.value]
        return sorted({n for each in parts for n in names.get(id(each), ())})

    def _member(self, owner: Any, names: _Names, name: str) -> Sequence[str]:
        owners = names.get(id(owner))
        if owners:
            return sorted({full for each in owners for full in self._of(each, name)})
        own = isinstance(owner, ast.Name) and owner.id in ("self", "cls", "super")
        call = isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name)
        if own or (call and owner.func.id == "super"):
            return ()
        return _of_a_tensor(name)

    def _of(self, owner: str, name: str) -> Sequence[str]:
        """Return the full name of a member of something that has a full name."""
        known, found = self._found(owner)
        full = f"{owner}.{name}"
        if known and not isinstance(found, (ModuleType, type)):
            return _of_a_tensor(name)
        if not known and owner.startswith("torch.ops."):
            return [f"torch.ops.{name}"]  # whatever of torch's it is, as operators go
        if full.count(".") > _PARTS or not (known or owner.startswith("helpers.")):
            return ()
        _, member = self._found(full)
        home = member.__name__ if isinstance(member, ModuleType) else full
        return [home if sys.modules.get(home) is member else full]

    def _found(self, name: str) -> tuple[bool, Any]:
        if name not in self._objects:
            self._objects[name] = _looked_up(name)
        return self._objects[name]

    def _home(self, name: str) -> str:
        """Return the name of the module that something was found in."""
        while not isinstance(self._found(name)[1], ModuleType):
            name = name.rpartition(".")[0]
        return name


# -- parts of it -----------------------------------------------------------------------


class _Statement:
    """A statement of a cell, and what was found out about it: many cells are alike.

    Args:
        node: its syntax.
    """

    def __init__(self, node: ast.stmt) -> None:
        self.node = node

    @cached_property
    def binds(self) -> tuple[str, ...]:
        """The module's names that it gives a value to, or changes."""
        return tuple(dict.fromkeys(_binds(self.node, self.locals)))

    @cached_property
    def puts_into(self) -> tuple[str, ...]:
        """The names whose methods it calls for what they change."""
        return tuple(_puts_into(self.node))

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All that it consists of."""
        return [*ast.walk(self.node)]

    @cached_property
    def names(self) -> list[str]:
        """The module's names in it: those that are no function's own."""
        return [*_free(self.node, self.locals)]

    @cached_property
    def words(self) -> set[str]:
        """The words of its text, whatever they stand for; none of a remark."""
        return {*re.findall(r"\w+", ast.unparse(self.node))}

    @cached_property
    def scopes(self) -> _Scopes:
        """Node → the functions in it that the node stands in, from outside."""
        found: _Scopes = {}
        waiting: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(self.node, ())]
        while waiting:
            node, scope = waiting.pop()
            found[id(node)] = scope
            inner = (*scope, node) if isinstance(node, _SCOPES) else scope
            outside = _outside(node)
            if isinstance(node, (ast.arguments, ast.comprehension)):
                waiting += [(each, scope[:-1]) for each in outside]
            else:
                waiting += [(each, scope) for each in outside]
            kept = {id(each) for each in outside}
            children = ast.iter_child_nodes(node)
            waiting += [(each, inner) for each in children if id(each) not in kept]
        return found

    @cached_property
    def locals(self) -> dict[int, set[str]]:
        """Function, class or comprehension in it → the names that are its own."""
        return {id(n): _local(n) for n in self.nodes if isinstance(n, _OWNERS)}


def _cut_out(source: str, statements: list[ast.stmt]) -> list[list[int]]:
    """Return [start, end] in bytes of each statement, decorators included.

    Raises:
        ValueError: what stands there is not these statements.
    """
    text, lines = source.encode(), [0]
    for line in text.split(b"\n"):
        lines.append(lines[-1] + len(line) + 1)
    places = []
    for node in statements:
        first = next(iter(getattr(node, "decorator_list", ())), node)
        start = lines[first.lineno - 1] + first.col_offset
        start = start if first is node else text.rfind(b"@", 0, start)
        end = lines[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        places.append([start, end])
    found = _parsed_anew(b"\n".join(text[a:b] for a, b in places).decode()) or []
    if [ast.dump(each.node) for each in found] != list(map(ast.dump, statements)):
        raise ValueError("statements that cannot be cut out of their cell")
    return places


def _computes(node: ast.AST) -> bool:
    """Tell whether a part of an annotation works something out."""
    kinds = (ast.Call, ast.JoinedStr, ast.IfExp, ast.NamedExpr, ast.BoolOp, ast.Compare)
    return isinstance(node, (*kinds, ast.Add, ast.Mod, ast.Mult))


def _parsed(source: str) -> list[_Statement] | None:
    return _parsed_once(source) if len(source) < _SHORT else _parsed_anew(source)


def _parsed_anew(source: str) -> list[_Statement] | None:
    try:
        return [*map(_Statement, ast.parse(source).body)]
    except (SyntaxError, ValueError):
        return None


_parsed_once = functools.lru_cache(maxsize=256)(_parsed_anew)


def _binds(statement: ast.stmt, local: Mapping[int, set[str]]) -> Iterator[str]:
    """Yield the module's names that a statement gives a value to, or changes.

    In a function these are those that are not its own.

    Args:
        local: see `_Statement.locals`.
    """
    waiting: list[tuple[ast.AST, frozenset[str] | None]] = [(statement, None)]
    while waiting:
        node, own = waiting.pop()
        if own is None:
            yield from _bound_here(node)
        if isinstance(node, ast.Global):
            yield from node.names
        root: Any = node
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        stored = isinstance(getattr(node, "ctx", None), ast.Store)
        if stored and isinstance(root, ast.Name) and root.id not in (own or ()):
            yield root.id
        if isinstance(node, _OWNERS):
            own = (own or frozenset()) | local[id(node)]
        waiting += [(child, own) for child in ast.iter_child_nodes(node)]


def _free(statement: ast.stmt, local: Mapping[int, set[str]]) -> Iterator[str]:
    """Yield the names of a statement that are no function's own.

    Args:
        local: see `_Statement.locals`.
    """
    waiting: list[tuple[ast.AST, frozenset[str]]] = [(statement, frozenset())]
    seen: set[int] = set()
    while waiting:
        node, own = waiting.pop()
        if isinstance(node, ast.Name) and node.id not in own:
            yield node.id
        if isinstance(node, ast.Global):
            yield from node.names
        inner = own
        if isinstance(node, _SCOPES):
            first = _first(node)
            seen |= {id(each) for each in first}
            waiting += [(each, own) for each in first]
            inner = own | local[id(node)]
        children = ast.iter_child_nodes(node)
        waiting += [(each, inner) for each in children if id(each) not in seen]


def _first(scope: Any) -> list[ast.AST]:
    """Return the parts of a function or comprehension that are none of its own."""
    if isinstance(scope, _WALKS):
        return [scope.generators[0].iter]
    return [*_outside(scope), *_outside(scope.args)]


def _puts_into(statement: ast.stmt) -> Iterator[str]:
    """Yield the names whose methods a statement calls for what they change."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            root: Any = node.value.func
            if getattr(root, "id", "") == "setattr" and node.value.args:
                root = node.value.args[0]
            while isinstance(root, (ast.Attribute, ast.Subscript)):
                root = root.value
            yield from filter(None, [getattr(root, "id", None)])


_TEXTS = (ast.Constant, ast.BinOp, ast.JoinedStr)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_WALKS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (*_FUNCTIONS, *_WALKS)
_OWNERS = (*_SCOPES, ast.ClassDef)


def _bound_here(node: Any) -> Iterator[str]:
    """Yield the names to which a node itself gives something."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
        yield "*"
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (name for name, _ in _imports(node))
    elif isinstance(node, ast.MatchMapping):
        yield from filter(None, [node.rest])
    elif isinstance(node, _NAMING) and node.name:
        yield node.name


_NAMING = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.ExceptHandler, ast.MatchAs, ast.MatchStar),
)


def _outside(node: Any) -> list[ast.AST]:
    """Return the parts of a function's definition that are worked out before it."""
    if isinstance(node, _FUNCTIONS):
        return [*getattr(node, "decorator_list", ())]
    if isinstance(node, ast.arguments):
        return [each for each in (*node.defaults, *node.kw_defaults) if each]
    return []


def _local(scope: Any) -> set[str]:
    """Return the names that are a function's, class's or comprehension's own."""
    found, shared = set[str](), set[str]()
    walks = isinstance(scope, _WALKS)
    waiting = [each.target for each in scope.generators] if walks else []
    if not walks:
        outside = {id(each) for each in _outside(scope)}
        children = ast.iter_child_nodes(scope)
        waiting = [each for each in children if id(each) not in outside]
    while waiting:
        node = waiting.pop()
        found |= {*_bound_here(node)}
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            shared |= {*node.names}
        if isinstance(node, _WALKS):
            inner = [n for n in ast.walk(node) if isinstance(n, ast.NamedExpr)]
            waiting += [each.target for each in inner]
        elif not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            waiting += ast.iter_child_nodes(node)
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


def _targets(node: ast.AST) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else []


def _is_getattr(node: Any) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Name) and called.id == "getattr"


def _got(node: ast.Call) -> str | None:
    """Return the name that a `getattr` asks for, if it stands there."""
    return _text(node.args[1]) if len(node.args) >= 2 else None


def _is_import(node: Any) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = getattr(node.func, "id", getattr(node.func, "attr", ""))
    return called in _IMPORTERS


def _text(node: ast.expr, parts: int = 50) -> str | None:
    """Return a text that stands there, or is put together from a few such."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
        text = node.value
        return text.decode("latin-1") if isinstance(text, bytes) else text
    inner: list[ast.expr] = []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        inner = [node.left, node.right]
    elif isinstance(node, ast.FormattedValue):
        inner = [node.value]
    elif isinstance(node, ast.JoinedStr):
        inner = node.values
    texts = [_text(each, parts - 1) for each in inner] if parts else []
    known = [text for text in texts if text is not None]
    return "".join(known) if inner and len(known) == len(inner) else None


def _loads(node: Any) -> bool:
    return not isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del))


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in _PLAIN


# -- what torch has --------------------------------------------------------------------


def _looked_up(name: str) -> tuple[bool, Any]:
    """Return whether something of this full name is loaded, and what.

    Nothing is imported, and no code runs: modules and classes are looked into.
    """
    found: Any = None
    path = ""
    for part in name.split("."):
        path = f"{path}.{part}" if path else part
        kinds = found.__mro__ if isinstance(found, type) else [found]
        spaces = [vars(k) for k in kinds if isinstance(k, (ModuleType, type))]
        space = next((each for each in spaces if part in each), None)
        if space is not None:
            found = space[part]
        elif path in sys.modules:
            found = sys.modules[path]
        else:
            return False, None
    return True, found


def _of_a_tensor(name: str) -> Sequence[str]:
    known, _ = _looked_up(f"torch.Tensor.{name}")
    return [f"torch.Tensor.{name}"] if known else ()


def _real(name: str) -> list[str]:
    """Return the name under which torch itself defines something, if it has it."""
    _, found = _looked_up(name)
    module = str(getattr(found, "__module__", None) or "")
    inner = str(getattr(found, "__qualname__", ""))
    return [f"{module}.{inner}"] if module.startswith("torch") and inner else []


def _allowed(module: str) -> bool:
    """Tell whether an answer may use a module, and nobody has to look."""
    top, *inner = module.split(".")
    if top == "torch":
        return _TORCHS.fullmatch(module) is not None
    known = top in _PACKAGES or module == "posixpath"  # called os.path, too
    return known and not any(part.startswith("_") for part in inner)


@functools.lru_cache(maxsize=4096)
def _forbids(pattern: str, word: str) -> bool:
    """Tell whether a word is forbidden, or what torch calls by it."""
    return re.search(pattern, word) is not None or word in _words_for(pattern)


@functools.cache
def _words_for(pattern: str) -> frozenset[str]:
    """Return what torch's modules call things whose full names match."""
    found = set()
    kinds = (type, FunctionType, BuiltinFunctionType)
    modules = [m for n, m in [*sys.modules.items()] if n.startswith("torch.")]
    for module in modules:
        for name, each in [*vars(module).items()]:
            if not issubclass(type(each), kinds):
                continue
            full = f"{each.__module__}.{each.__qualname__}"
            if full.startswith("torch.") and re.search(pattern, full):
                found.add(name)
    return frozenset(found)
