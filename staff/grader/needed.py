"""Leave out what no answer can see: provided cells whose names nobody asks for.

A session runs the instructor's cells that stand between the questions, but many of
them only show something. Such a cell runs if it makes a name that a learner's cell, a
test or another needed cell looks up. The set-up cell always runs.
"""

from __future__ import annotations

import dis
import functools
import types
import warnings
from collections.abc import Iterable, Iterator

from staff.grader.model import Step

__all__ = ["needed_steps"]

_LOADS = {"LOAD_NAME", "LOAD_GLOBAL", "DELETE_NAME"}
_STORES = {"STORE_NAME", "STORE_GLOBAL"}
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
    for number, step in enumerate(steps):
        if keep[number]:
            loads = _names(step.source)[0]
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
    """Return (names looked up outside of functions' own, names made), or (None, …)."""
    try:
        code = _compile(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return (None, frozenset()) if _has_magic(source) else (frozenset(),) * 2
    loads, stores = set(), set()
    for instruction in _instructions(code):
        if instruction.opname in _LOADS:
            loads.add(instruction.argval)
        elif instruction.opname in _STORES:
            stores.add(instruction.argval)
    return frozenset(loads), frozenset(stores)


def _compile(source: str) -> types.CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(source, "<cell>", "exec", flags=_AWAIT, dont_inherit=True)


def _has_magic(source: str) -> bool:
    return any(line.lstrip()[:1] in ("%", "!", "?") for line in source.splitlines())


def _instructions(code: types.CodeType) -> Iterator[dis.Instruction]:
    waiting = [code]  # functions may be nested more deeply than Python's stack
    while waiting:
        code = waiting.pop()
        yield from dis.get_instructions(code)
        waiting += [each for each in code.co_consts if isinstance(each, types.CodeType)]
