"""Find the sentences in a module of ``helpers``, and those that nobody could translate.

A literal is a *text* if it reads like one (words and spaces), or if it stands where
learners read it: `PLACES` lists the calls, `NAMED` the arguments. A text belongs into
`say`. What looks like one and is none is listed in `OTHERWISE`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = [
    "LOOK_UP",
    "NAMED",
    "OTHERWISE",
    "PLACES",
    "Text",
    "says_something",
    "texts",
    "unsaid",
]

# Calls that look up what they are given, a literal.
LOOK_UP = ("say", "part")
# Calls whose arguments learners read, even a single word: name → positions.
PLACES: dict[str, set[int]] = {
    "fail": {0},
    "require": {1},
    "_not_a": {1},
    "finite": {2},
    "part": {0},
    "CheckFailed": {1},
    "Slider": {1},
    "Choice": {1},
    "Scene": {1, 2},
    "set_title": {0},
    "set_xlabel": {0},
    "set_ylabel": {0},
    "annotate": {0},
    "note": {0},
    "small": {0},
    "print": {0},
}
# The same for arguments by name.
NAMED = {
    *("problem", "expected", "got", "advice", "what", "of", "label", "xlabel"),
    *("ylabel", "title", "alt", "suptitle", "words"),
}
# Arguments that hold names, patterns or settings, though they may look like words.
OTHERWISE = {
    *("loc", "from_scratch", "color", "marker", "ls", "style", "va", "ha", "legend"),
    *("description", "dtype", "weight", "layout", "encoding", "reduction", "font"),
    *("pattern", "match", "factor", "kind"),
}
# Literals that look like texts; answers and options that code compares.
NAMES = {"good fit", "coupled scale", "one per example", "one per batch"}
_CALLS = {  # their arguments are no texts
    *("says", "search", "match", "compile", "findall", "sub", "split", "startswith"),
    *("endswith", "removeprefix", "removesuffix", "getattr", "hasattr", "replace"),
    *("field", "cast", "Literal", "TypeVar", "add_class", "audit", "partition"),
    *("say", "sub", "namedtuple", "strptime", "strftime", "simplefilter", "legend"),
    *("filterwarnings", "joined"),
}

_WORD = re.compile(r"""["'“‘(\[]*[A-Za-z][a-z]+(?:['’-][a-z]+)*["'”’)\]]*[.,;:?!…]*""")
_CODE = re.compile(r"`[^`]*`|\b(?:None|True|False|int)\b|\b\w+ ?=(?!=)\S*")
_MARKUP = re.compile(r"<[a-zA-Z/!]|&[a-z]+;")
_TAG = re.compile(r"<[^>]*(?:>|$)|^[^<>]*(?<![ =<])>|&[a-z]+;")
_SPOKEN = re.compile(r"""(?:aria-label|alt|title)=["']([^"']*)["']""")
_STYLE = re.compile(  # style sheets: properties such as "max-width: 80ch"
    r"^(?!.*(?:expected|\bgot\b)).*(?:gradient\(|\}|(?:^|[;{ ])(?:[a-z]+-)?"
    r"(?:width|color|height|display|size|margin|padding|border|left|right|numeric"
    r"|align): ?)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Text:
    """One text in a module.

    Attributes:
        node: the literal; an f-string is one.
        words: what it says, \0 in place of values.
        said: it stands in `say`.
        markup: words between tags: only they belong into `say`, not the tags.
    """

    node: ast.expr
    words: str
    said: bool
    markup: bool

    @property
    def line(self) -> int:
        """Where it stands."""
        return self.node.lineno


def unsaid(source: str) -> list[Text]:
    """Return the texts of a module that `say` does not get to see."""
    return [text for text in texts(source) if not text.said]


def texts(source: str) -> Iterator[Text]:
    """Find all texts of a module, in order."""
    tree = ast.parse(source)
    parents = {
        child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)
    }
    keys = {_words(node) for node in parents if _is_key(node, parents)}
    yield from _below(tree, parents, keys)


def _below(
    node: ast.AST, parents: dict[ast.AST, ast.AST], keys: set[str | None]
) -> Iterator[Text]:
    for child in ast.iter_child_nodes(node):
        if _is_annotation(child, node):
            continue
        if isinstance(child, ast.expr) and (words := _words(child)) is not None:
            yield from _judged(child, words, parents, keys)
        if isinstance(child, ast.JoinedStr):
            for part in child.values:
                if isinstance(part, ast.FormattedValue):
                    yield from _below(part, parents, keys)
        else:
            yield from _below(child, parents, keys)


def _is_key(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Tell whether a literal is compared, or looked up: then it is a name, no text."""
    parent = parents[node]
    if isinstance(parent, (ast.Tuple, ast.List, ast.Set)):
        parent = parents[parent]
    return isinstance(parent, (ast.Compare, ast.Subscript)) or (
        isinstance(parent, ast.Dict)
        and node in parent.keys
        and len(_words(node) or "") < 30
    )


def _is_annotation(child: ast.AST, node: ast.AST) -> bool:
    return child in (getattr(node, "annotation", None), getattr(node, "returns", None))


def _words(node: ast.AST) -> str | None:
    """Return what a literal says, or None if it is no string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (getattr(part, "value", "") for part in node.values)
        return "".join(part if isinstance(part, str) else "\0" for part in parts)
    return None


def _judged(
    node: ast.expr,
    words: str,
    parents: dict[ast.AST, ast.AST],
    keys: set[str | None],
) -> Iterator[Text]:
    if _said(node, parents):
        yield Text(node, words, said=True, markup=False)
        return
    read = _place(node, parents)
    if read is None or words in NAMES or (words in keys and not read):
        return
    if _MARKUP.search(words):
        spoken = [_TAG.sub(" \n ", words), *_SPOKEN.findall(words)]
        if "{ " not in words and any(map(says_something, spoken)):
            yield Text(node, words, said=False, markup=True)
    elif not _STYLE.search(words) and (
        _reads_like_text(words) or (read and says_something(words))
    ):
        yield Text(node, words, said=False, markup=False)


def _said(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    parent = parents[node]
    if not isinstance(node, ast.Constant) or not isinstance(parent, ast.Call):
        return False
    return _name(parent.func) in LOOK_UP and parent.args[:1] == [node]


def _place(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool | None:
    """Tell whether learners read what stands here; None where they cannot."""
    while True:
        node, parent = parents[node], node
        if isinstance(node, (ast.IfExp, ast.BinOp, ast.BoolOp, ast.Tuple, ast.List)):
            if isinstance(node, ast.IfExp) and parent is node.test:
                return None
            continue
        if isinstance(node, ast.keyword):
            if node.arg in OTHERWISE:
                return None
            return node.arg in NAMED
        if isinstance(node, ast.Call):
            name = _name(node.func)
            if name in _CALLS:
                return None
            if parent not in node.args:
                return False
            return node.args.index(parent) in PLACES.get(name, set())
        if isinstance(node, (ast.Expr, ast.Compare, ast.Subscript, ast.JoinedStr)):
            return None
        if isinstance(node, ast.Dict) and parent in node.keys:
            return None if len(_words(parent) or "") < 30 else False
        return False


def _name(function: ast.expr) -> str:
    return getattr(function, "attr", getattr(function, "id", ""))


def _reads_like_text(words: str) -> bool:
    return any(char.isspace() for char in words) and says_something(words)


def says_something(words: str) -> bool:
    """Tell whether there is a word of a language in it, outside `code`."""
    plain = _CODE.sub(" ", words).replace("\0", "0")
    return any(_WORD.fullmatch(token) for token in plain.split())
