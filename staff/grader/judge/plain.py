"""A test that is plain code, run by the judge on stand-ins.

Such tests stand in other people's notebooks: ``assert double(1) == 2``. They run in the
judge's process. A learner's function or object is a `Proxy` there, each use of it a
message; plain values come back as values. It may also be handed to a check. What a
proxy cannot do ends in an error, and an assignment with such a test is refused before
anybody is graded: the instructor's own answer does not pass it.
"""

from __future__ import annotations

import ast
import builtins
import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from helpers import checks
from helpers.checks.vocabulary import uses
from helpers.checks.vocabulary.subject import Outcome, Raised, Subject
from staff.grader.judge.judge import Earlier, Told, concluded
from staff.grader.judge.remote import Absent, Breach, Remote
from staff.grader.judge.shared import Handle
from staff.grader.judge.wire import Lost, Malformed
from staff.grader.model import QuestionResult

__all__ = ["Proxy", "plainly", "used"]


class Proxy:
    """Stands for a learner's object: can be called, read, indexed, walked through."""

    __slots__ = ("_handle", "_remote")

    def __init__(self, handle: Handle, remote: Remote) -> None:
        self._handle, self._remote = handle, remote

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it."""
        return self._use(uses.call, _bare(args), _bare(kwargs))

    def __getattr__(self, name: str) -> Any:
        """Read an attribute."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self._use(uses.attributes, (name,))[0]

    def __getitem__(self, key: Any) -> Any:
        """Return an item."""
        return self._use(uses.method, "__getitem__", (_bare(key),))

    def __len__(self) -> int:
        """Return how many items there are."""
        return int(self._use(uses.method, "__len__", ()))

    def __iter__(self) -> Iterator[Any]:
        """Walk through the items."""
        return iter(self._use(uses.items))

    def __repr__(self) -> str:
        """Describe it."""
        return self._remote.describe(self._handle)

    def _use(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        outcome = self._remote.use(operation, self._handle, *arguments)
        if outcome.raised is not None:
            raise _error(outcome.raised)
        return _wrapped(outcome.value, self._remote)


class _Bare(Subject):
    """Passes a check's uses on, with handles in the place of proxies."""

    __slots__ = ("_remote",)

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def use(
        self, operation: Callable[..., Any], *arguments: Any, **how: Any
    ) -> Outcome:
        """Have a use done."""
        return self._remote.use(operation, *map(_bare, arguments), **how)

    def describe(self, value: object) -> str:
        """Return a short text."""
        return self._remote.describe(_bare(value))

    def kind(self, value: object) -> str:
        """Return the name of a class."""
        return self._remote.kind(_bare(value))


def _error(raised: Raised) -> Exception:
    """Return an exception of the same name and, as far as Python has it, kind.

    None is a StopIteration: the test would end as if there were nothing left to try.
    """
    names = [name for name in raised.names if not name.startswith("Stop")]
    found = (getattr(builtins, name, None) for name in names)
    kinds = (k for k in found if isinstance(k, type) and issubclass(k, Exception))
    text = {"__init__": lambda self: None, "__str__": lambda self: raised.message}
    made: Exception = type(raised.name, (next(kinds, Exception),), text)()
    return made


def _wrapped(value: Any, remote: Remote) -> Any:
    if isinstance(value, Handle):
        return Proxy(value, remote)
    return _inside(value, lambda each: _wrapped(each, remote))


def _bare(value: Any) -> Any:
    return value._handle if isinstance(value, Proxy) else _inside(value, _bare)


def _inside(value: Any, change: Callable[[Any], Any]) -> Any:
    """Change what is in a list, tuple or dict; the same object if nothing changes."""
    if type(value) is dict:
        new: Any = {key: change(each) for key, each in value.items()}
        same = all(new[key] is value[key] for key in value)
    elif type(value) in (list, tuple):
        new = type(value)(map(change, value))
        same = all(a is b for a, b in zip(new, value, strict=True))
    else:
        return value
    return value if same else new


def plainly(
    parts: Sequence[tuple[str, bool]],
    provided: Sequence[str],
    remote: Remote,
    *,
    seconds: float | None = None,
    earlier: Earlier = None,
) -> QuestionResult:
    """Run the parts of a test that is plain code.

    Args:
        parts: text, and whether it is hidden.
        provided: the instructor's cells before it; what the test needs of them runs.
        remote: to the subject that holds the answers.
        seconds, earlier: as of `concluded`.
    """
    names: dict[str, Any] = {"__name__": "__main__"}

    def run(text: str) -> float | None:
        if len(names) == 1:
            names.update(_names(parts, provided, remote))
        subject, checks.Trial.subject = checks.Trial.subject, _Bare(remote)
        try:
            return _points(_last_value(text, names))
        except (Lost, Breach, Malformed, checks.CheckFailed):
            raise
        except Exception as error:
            if isinstance(error, NameError) and error.name:  # of the test, not inside
                raise Absent(error.name) from None
            line = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            raise Told(type(error).__name__, line) from None
        finally:
            checks.Trial.subject = subject

    steps = [(functools.partial(run, text), hidden) for text, hidden in parts]
    return concluded(steps, seconds=seconds, earlier=earlier)


def _last_value(text: str, names: dict[str, Any]) -> Any:
    """Run a part and return the value of its last line, None if it has none."""
    body = ast.parse(text, "<test>").body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "<test>", "exec"), names)
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), "<test>", "eval"), names)


def _points(value: Any) -> float | None:
    """Return the points that a last line gives, as nbgrader takes them; None: all."""
    return value if type(value) is float and 0 < value < math.inf else None


def _names(
    parts: Sequence[tuple[str, bool]], provided: Sequence[str], remote: Remote
) -> Mapping[str, Any]:
    """Return the names that tests run under: the instructor's first."""
    names: dict[str, Any] = {"__name__": "__main__"}
    wanted = {name for text, _ in parts for name in used(text)}
    for statement in _needed(provided, wanted):
        exec(compile(ast.Module([statement], []), "<provided>", "exec"), names)
    remote.reset()
    others = sorted(n for n in wanted if n not in names and not hasattr(builtins, n))
    names.update(_wrapped(remote.given(others, whole=False), remote))
    return names


def _needed(provided: Sequence[str], wanted: set[str]) -> list[ast.stmt]:
    """Return the instructor's statements that make the wanted names, in order."""
    wanted, kept = set(wanted), []
    for source in reversed(provided):
        try:
            body = ast.parse(source).body
        except SyntaxError:  # a magic: it makes no name that tests use
            continue
        for statement in reversed(body):
            if _made(statement) & wanted:
                kept.append(statement)
                wanted |= _used(statement)
    return kept[::-1]


def used(source: str) -> set[str]:
    """Return the names in a test's text; none if it is no Python."""
    try:
        return _used(ast.parse(source))
    except SyntaxError:
        return set()


def _used(tree: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}


def _made(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {a.asname or a.name.split(".")[0] for a in statement.names}
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return {statement.name}
    stores = (n for n in ast.walk(statement) if isinstance(n, ast.Name))
    return {n.id for n in stores if isinstance(n.ctx, ast.Store)}
