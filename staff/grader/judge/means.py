"""Read off an answer's text what it needs for nothing that its exercise allows.

A check measures what a network knows. Whether it was told so by other pictures than
those given, by pasted weights or by steps that nobody counts is not to be seen from
outside, and such an answer may even be right. So nothing here decides: where a card has
rules about an answer's means, what is named here is left to a person.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import helpers
from staff.grader.judge.scratch import Scratch

__all__ = ["doubtful"]

_NAMES = re.compile(
    r"helpers\.(checks|data|demos|study)\b"  # they have pictures, and the sealed ones
    r"|(io|os|pathlib|posixpath|sys|tempfile)\b"  # files and processes
    r"|torch\.(.*\.)?_(?!_)"  # the engine by its own name
)
_WORDS = re.compile(
    r"open(_memmap)?|memmap|DataSource|from_?file|(loadtx|genfromtx|read_tex)t"
    r"|read_bytes|load_checkpoint|grad_fn|next_functions"
)
_ONE, _ALL = 2_000, 20_000  # characters of one literal, of all together
_WHOLES = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.BinOp, ast.UnaryOp)


def doubtful(scratch: Scratch) -> list[str]:
    """Return what a person should look at where an exercise has rules about means.

    Args:
        scratch: of the answer, and of all that stands before it.
    """
    named = dict.fromkeys(name for n in scratch.reached for name in _away(scratch, n))
    unclear = (each for each in scratch.unclear if not _of_the_course(each))
    return [*named, *_long(scratch.reached), *unclear]


def _away(scratch: Scratch, node: Any) -> Iterator[str]:
    """Yield names of files, data and processes that a node may stand for."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        yield from filter(_NAMES.match, scratch.named(node))
        word = node.id if isinstance(node, ast.Name) else node.attr
        yield from [word] if _WORDS.fullmatch(word) else []


def _of_the_course(name: str) -> bool:
    """Tell whether something stands in one of the course's modules, loaded or not."""
    *inside, last = name.split(".")
    place = Path(helpers.__file__).parent.parent.joinpath(*inside)
    known = place.is_dir() or place.with_suffix(".py").is_file()
    return inside[:1] == ["helpers"] and known and last not in sys.modules


def _long(nodes: list[ast.AST]) -> Iterator[str]:
    """Yield what is said of literals in which weights or pictures could be pasted."""
    sizes: dict[int, int] = {}
    for node in reversed(nodes):  # its parts come before it
        if isinstance(node, ast.Constant):
            sizes[id(node)] = _size(node.value)
        elif isinstance(node, _WHOLES):
            parts: Iterable[ast.AST] = ast.iter_child_nodes(node)
            sizes[id(node)] = sum(sizes.get(id(each), 0) for each in parts)
    largest = max(sizes.values(), default=0)
    whole = sum(_size(n.value) for n in nodes if isinstance(n, ast.Constant))
    if largest > _ONE:
        yield f"a literal of {largest} characters"
    if whole > _ALL:
        yield f"literals of {whole} characters in all"


def _size(value: Any) -> int:
    if isinstance(value, (str, bytes)):
        return len(value)
    return value.bit_length() // 3 if isinstance(value, int) else len(repr(value))
