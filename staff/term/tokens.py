r"""Read an answer as what it says: without comments, layout and chosen names.

Texts come from learners and may be anything. They are never parsed: one regular
expression takes them apart from left to right, each character once (all its repetitions
are possessive), and what is no Python comes out as single signs.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["CHARACTERS", "TOKENS", "Form", "form", "lines_of"]

CHARACTERS = 20_000
"""Of one answer that are read."""

TOKENS = 2_000
"""Of one answer that are compared."""

OWN = "·"  # stands for any name that the learner chose
_STRING = r"""(?i:[rbuf]{0,2}+)(?:
    '''(?:[^'\\]|\\.?+|'(?!''))*+(?:'''|\Z)
  | \"\"\"(?:[^"\\]|\\.?+|"(?!""))*+(?:\"\"\"|\Z)
  | '(?:[^'\\\n]|\\.?+)*+'?+
  | "(?:[^"\\\n]|\\.?+)*+"?+
)"""
_TOKEN = re.compile(
    rf"""
    (?P<space>[ \t\f]++|\\\n|\#[^\n]*+)
  | (?P<newline>\n|;)
  | (?P<string>{_STRING})
  | (?P<number>(?:\d|\.\d)(?:[eE][+-]\d|[\w.])*+)
  | (?P<name>[^\W\d]\w*+)
  | (?P<sign>->|:=|\*\*=?+|//=?+|>>=?+|<<=?+|[-+*/%&|^@=<>!]=?+|.)
    """,
    re.X | re.S,
)
_ASSIGNS = {"=", "+=", "-=", "*=", "/=", "//=", "%=", "**=", "@=", "&=", "|=", "^="}
_OPENS, _CLOSES = set("([{"), set(")]}")
_BEFORE_PARAMETER = {"(", ",", "*", "**", "lambda"}


@dataclass(frozen=True)
class Token:
    """One word or sign, and how many brackets are open before it."""

    kind: str
    text: str
    depth: int


@dataclass(frozen=True)
class Form:
    """What is left of an answer.

    Args:
        numbered: its tokens, the learner's names numbered in order of appearance, with
            a newline after each simple statement: equal forms are the same program.
        loose: the same with one sign for all such names.
        cut: it was longer than is read.
    """

    numbered: tuple[str, ...]
    loose: tuple[str, ...]
    cut: bool = False

    def __len__(self) -> int:
        return len(self.loose)


def lines_of(source: str) -> list[list[Token]]:
    """Return the statements of a text, without comments, magics, docstrings, types."""
    lines: list[list[Token]] = [[]]
    depth = 0
    for match in _TOKEN.finditer(source[:CHARACTERS]):
        kind, text = match.lastgroup or "sign", match[0]
        if kind == "newline" and not depth:
            lines.append([])
        elif kind not in ("space", "newline"):
            depth = max(0, depth - (text in _CLOSES))
            lines[-1].append(Token(kind, _plain(kind, text), depth))
            depth += text in _OPENS
    return [_untyped(_bare(line)) for line in lines if _says_something(line)]


def _plain(kind: str, text: str) -> str:
    """Return 'a' and "a" alike."""
    if kind == "string" and text[0] == "'" and not set('"\\\n') & set(text):
        return f'"{text[1:-1]}"' if text[-1] == "'" and len(text) > 1 else text
    return text


def _bare(line: list[Token]) -> list[Token]:
    """Return a statement without the brackets that only let it go over lines."""
    starts = (i for i, t in enumerate(line) if _assigns(t) or t.text == "return")
    first = next(starts, len(line)) + 1
    if first >= len(line) - 1 or line[first].text != "(" or line[-1].text != ")":
        return line
    inner = line[first + 1 : -1]
    if line[-1].depth != line[first].depth or not all(t.depth for t in inner):
        return line
    return [*line[:first], *(Token(t.kind, t.text, t.depth - 1) for t in inner)]


def _untyped(line: list[Token]) -> list[Token]:
    """Return the head of a function without its annotations."""
    if "def" not in [token.text for token in line[:2]]:
        return line
    kept: list[Token] = []
    skips = ""  # what opened the annotation
    for token in line:
        ends = {":": {",", "=", ")"}, "->": {":"}}.get(skips, set())
        at = 0 if skips == "->" or token.text == ")" else 1
        if token.text in ends and token.depth == at:
            skips = ""
        elif token.text in (":", "->") and token.depth == (token.text == ":"):
            skips = token.text
        if not skips:
            kept.append(token)
    return kept


def _says_something(line: Sequence[Token]) -> bool:
    if not line or line[0].text in ("%", "!", "pass"):
        return False
    return any(token.kind != "string" for token in line)


def form(source: str, given: str = "") -> Form:
    """Return an answer's form.

    Args:
        source: the cell as handed in.
        given: the cell as the course gave it; its statements are left out.
    """
    lines = lines_of(source)
    own, attributes = _own(lines)
    numbers: dict[str, str] = {}
    numbered: list[str] = []
    loose: list[str] = []
    known = _given(given)
    for line in lines:
        named = list(_renamed(line, own, attributes))
        for name in named:
            if name.startswith(OWN):
                numbers.setdefault(name, f"{OWN}{len(numbers)}")
        plain = tuple(OWN if name.startswith(OWN) else name for name in named)
        if plain not in known:
            end = [] if named[-1] == ":" else ["\n"]
            numbered += [*(numbers.get(name, name) for name in named), *end]
            loose += [*plain, *end]
    cut = len(source) > CHARACTERS or len(loose) > TOKENS
    return Form(tuple(numbered[:TOKENS]), tuple(loose[:TOKENS]), cut)


@lru_cache(maxsize=256)
def _given(source: str) -> frozenset[tuple[str, ...]]:
    lines = lines_of(source)
    own, attributes = _own(lines)
    named = (_renamed(line, own, attributes) for line in lines)
    return frozenset(
        tuple(OWN if name.startswith(OWN) else name for name in line) for line in named
    )


# --- which names the learner chose ------------------------------------------------


def _own(lines: Iterable[Sequence[Token]]) -> tuple[set[str], set[str]]:
    """Return the names that a text binds, and the attributes that it gives `self`."""
    names: set[str] = set()
    attributes: set[str] = set()
    for line in lines:
        texts = [token.text for token in line]
        last = max((i for i, t in enumerate(line) if _assigns(t)), default=-1)
        defines = "def" in texts[:2]
        inside = ""  # "for" and "lambda" until their "in" and ":"
        for i, token in enumerate(line):
            before = texts[i - 1] if i else ""
            after = texts[i + 1] if i + 1 < len(line) else ""
            if token.text in ("for", "lambda"):
                inside = token.text
            elif token.text == {"for": "in", "lambda": ":"}.get(inside):
                inside = ""
            if token.kind != "name" or keyword.iskeyword(token.text):
                continue
            if before == ".":
                if texts[i - 2 : i - 1] == ["self"] and i < last and not token.depth:
                    attributes.add(token.text)
            elif (
                (i < last and not token.depth and after not in {".", "(", "["})
                or before in ("def", "class", "as")
                or after == ":="
                or inside == "for"
                or (inside == "lambda" and before in _BEFORE_PARAMETER)
                or (defines and token.depth == 1 and before in _BEFORE_PARAMETER)
            ):
                names.add(token.text)
    return names - {"self"}, attributes


def _assigns(token: Token) -> bool:
    return token.kind == "sign" and not token.depth and token.text in _ASSIGNS


def _renamed(
    line: Sequence[Token], own: set[str], attributes: set[str]
) -> Iterator[str]:
    """Yield a statement's tokens, the learner's names marked as such."""
    texts = [token.text for token in line]
    defines = "def" in texts[:2]
    for i, token in enumerate(line):
        before = texts[i - 1] if i else ""
        if before == ".":
            mine = texts[i - 2 : i - 1] == ["self"] and token.text in attributes
            yield f"{OWN}.{token.text}" if mine else token.text
        elif token.text in own and not (
            token.depth
            and not defines
            and before in ("(", ",")
            and texts[i + 1 : i + 2] == ["="]
        ):
            yield f"{OWN}{token.text}"
        else:
            yield token.text
