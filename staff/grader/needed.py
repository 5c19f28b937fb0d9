"""Leave out what no answer can see: provided cells whose names nobody asks for.

A session runs the instructor's cells that stand between the questions, but many of
them only show something. Such a cell runs if it makes a name that a learner's cell, a
test or another needed cell looks up. The set-up cell always runs.
"""

from __future__ import annotations

import ast
import dis
import functools
import types
import warnings
from collections.abc import Iterable, Iterator

from staff.grader.model import Step
from staff.grader.reader import LookUps

__all__ = ["needed_steps"]

_LOADS = {"LOAD_NAME", "LOAD_GLOBAL", "DELETE_NAME"}
_STORES = {"STORE_NAME", "STORE_GLOBAL"}
# These make their names whenever they run; a loop or a branch may not.
_CERTAIN = (
    *(ast.Assign, ast.Import, ast.ImportFrom),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
)
# Whoever uses these may look up anything.
_OPEN = {"globals", "locals", "vars", "eval", "exec", "get_ipython", "dir", "__main__"}
_AWAIT = 0x2000  # ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_MOST = 50_000  # characters of a learner's code that are compiled: half a second


def needed_steps(steps: Iterable[Step]) -> list[Step]:
    """Return the steps without those provided cells that nothing depends on.

    All of them, where the learner's code is too long to find out.
    """
    steps = list(steps)
    own = (len(s.source) for s in steps if s.kind in ("answer", "extra"))
    if sum(own) > _MOST:
        return steps
    keep = [step.kind != "provided" for step in steps]
    for number, step in enumerate(steps):
        if step.kind == "provided":  # the first is the set-up cell
            keep[number] = True
            break
    wanted: set[str] = set()
    looked_up = LookUps()
    for number, step in enumerate(steps):
        if keep[number]:
            theirs = step.kind in ("answer", "extra")
            loads = looked_up(step.source) if theirs else _names(step.source)[0]
            if loads is None or (step.kind != "provided" and loads & _OPEN):
                return steps
            wanted |= loads
    _close(steps, keep, wanted)
    return [step for step, kept in zip(steps, keep, strict=True) if kept]


def _close(steps: list[Step], keep: list[bool], wanted: set[str]) -> None:
    """Keep each cell that makes a wanted name, and then what it wants itself."""
    again = True
    while again:
        again = False
        for number, step in enumerate(steps):
            loads, stores = ((), ()) if keep[number] else _names(step.source)
            if loads is None or wanted.intersection(stores):
                keep[number] = again = True
                wanted |= loads or set()


@functools.lru_cache(maxsize=4096)
def _names(source: str) -> tuple[frozenset[str] | None, frozenset[str]]:
    """Return (names a cell looks up that it has not made, names made), or (None, …).

    Args:
        source: of the instructor's cells alone; others are read by `looked_up`.
    """
    loads: set[str] = set()
    made: set[str] = set()  # for certain, by a statement before
    stores: set[str] = set()
    try:
        for statement in _parse(source).body:
            code = _compile(statement)
            for instruction in _instructions(code):
                if instruction.opname in _LOADS and instruction.argval not in made:
                    loads.add(instruction.argval)
                elif instruction.opname in _STORES:
                    stores.add(instruction.argval)
            if isinstance(statement, _CERTAIN):
                own = dis.get_instructions(code)
                made |= {step.argval for step in own if step.opname in _STORES}
    except SyntaxError:
        return None, frozenset()  # a magic
    return frozenset(loads), frozenset(stores)


def _parse(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _compile(statement: ast.stmt) -> types.CodeType:
    module = ast.Module([statement], [])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code: types.CodeType = compile(
            module, "<cell>", "exec", flags=_AWAIT, dont_inherit=True
        )
        return code


def _instructions(code: types.CodeType) -> Iterator[dis.Instruction]:
    waiting = [code]  # functions may be nested more deeply than Python's stack
    while waiting:
        code = waiting.pop()
        yield from dis.get_instructions(code)
        waiting += [each for each in code.co_consts if isinstance(each, types.CodeType)]
