"""What one looks up, from data/: glossary, timeline, taxonomy, techniques, questions.

Each is a list that the course map, notebook 12 and the site draw from. In a notebook
each shows as a table with links to the notebooks, elsewhere as the same words in text.
`folded` closes whole tables, `folds` each row of one, until the reader opens it.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helpers.cards import inline
from helpers.data import data_folder
from helpers.study.titles import here, title
from helpers.words import say

__all__ = [
    "Folds",
    "Reference",
    "folded",
    "folds",
    "glossary",
    "questions",
    "read",
    "taxonomy",
    "techniques",
    "timeline",
]

_FILES = ("glossary", "timeline", "taxonomy", "techniques", "questions")
_KINDS = ("interview", "course", "topic")
_QUIET = "mathjax_ignore tex2jax_ignore"
_CELL = "text-align: left; vertical-align: top; padding: 0.3em 0.6em; color: inherit"


@dataclass(frozen=True)
class Reference:
    """A table to look things up in; shows in a notebook and as text.

    Attributes:
        name: what it is, in words.
        head: names of the columns; the last one holds the notebook.
        rows: texts, the last of each a notebook's stem.
    """

    name: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __repr__(self) -> str:
        lines = [self.name]
        for *texts, stem in self.rows:
            lines.append(f"  {' · '.join(texts)} ({title(stem)})")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col" style="{_CELL}">{html.escape(each)}</th>'
            for each in self.head
        )
        body = "".join(_row(row) for row in self.rows)
        return (
            f'<table class="{_QUIET}" style="border-collapse: collapse; color: inherit;'
            ' line-height: 1.4; max-width: 60em">'
            '<caption style="text-align: left; font-weight: 600; color: inherit">'
            f"{html.escape(self.name)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


@dataclass(frozen=True)
class Folds:
    """Texts behind headlines, closed until the reader opens them.

    Attributes:
        items: of each the headline, its HTML, and its text.
        name: what they are, in words; "" for nothing above them.
    """

    items: tuple[tuple[str, str, str], ...]
    name: str = ""

    def __repr__(self) -> str:
        lines = [f"{head}\n{text}" for head, _, text in self.items]
        return "\n".join([self.name, *lines] if self.name else lines)

    def _repr_html_(self) -> str:
        above = (
            f'<div style="font-weight: 600; color: inherit; margin-top: 0.6em">'
            f"{html.escape(self.name)}</div>"
        )
        return (above if self.name else "") + "".join(
            f'<details class="{_QUIET}" style="color: inherit; line-height: 1.5;'
            ' max-width: 60em; margin: 0.2em 0">'
            f'<summary style="cursor: pointer">{inline(head)}</summary>'
            f'<div style="padding: 0.2em 1.2em">{page}</div></details>'
            for head, page, _ in self.items
        )


def folded(*tables: Reference) -> Folds:
    """Return whole tables, each behind its name."""
    return Folds(
        tuple((table.name, table._repr_html_(), repr(table)) for table in tables)
    )


def folds(table: Reference) -> Folds:
    """Return each row of a table behind its first column, such as answers."""
    items = []
    for number, (first, *texts, stem) in enumerate(table.rows, 1):
        page = "".join(f"{inline(text)} " for text in texts)
        text = f"  {' · '.join(texts)} ({title(stem)})"
        items.append((f"{number} · {first}", f"{page}({_where(stem)})", text))
    return Folds(tuple(items), table.name)


def read(name: str) -> list[dict[str, Any]]:
    """Return one of the lists as it stands in data/.

    Args:
        name: "glossary", "timeline", "taxonomy", "techniques" or "questions".

    Raises:
        ValueError: there is no such list.
    """
    if name not in _FILES:
        raise ValueError(
            say(
                "expected one of {names}, got {name!r}",
                names=", ".join(_FILES),
                name=name,
            )
        )
    text = (data_folder() / f"{name}.json").read_text("utf-8")
    entries: list[dict[str, Any]] = json.loads(text)
    return entries


def glossary(word: str = "") -> Reference:
    """Return the course's terms, one sentence each.

    Args:
        word: only those whose term or sentence holds it, in upper or lower case.

    Raises:
        ValueError: nothing holds the word.
    """
    entries = read("glossary")
    found = [
        each
        for each in entries
        if word.casefold() in f"{each['term']} {each['text']}".casefold()
    ]
    if not found:
        terms = ", ".join(each["term"] for each in entries)
        raise ValueError(
            say(
                "expected a word that the glossary holds, got {word!r}; its terms are "
                "{terms}",
                word=word,
                terms=terms,
            )
        )
    rows = _rows(found, ("term", "text"))
    return Reference(
        say("Glossary"), (say("Term"), say("Meaning"), say("Notebook")), rows
    )


def timeline() -> Reference:
    """Return the techniques by the year in which they were published."""
    entries = sorted(read("timeline"), key=lambda each: int(each["year"]))
    rows = _rows(entries, ("year", "technique", "paper"))
    head = (say("Year"), say("Technique"), say("Publication"), say("Notebook"))
    return Reference(say("Timeline"), head, rows)


def taxonomy() -> Reference:
    """Return the techniques by where they act: explicit, architectural and so on."""
    rows = tuple(
        (say(group["kind"]), say(each["name"]), str(each["notebook"]))
        for group in read("taxonomy")
        for each in group["techniques"]
    )
    head = (say("Kind"), say("Technique"), say("Notebook"))
    return Reference(say("Kinds of regularization"), head, rows)


def techniques() -> Reference:
    """Return each technique's call, key setting, usual range and when it hurts."""
    keys = ("name", "api", "setting", "range", "source", "batchnorm", "hurts")
    head = (
        *(say("Technique"), say("In torch"), say("Key setting"), say("Usual range")),
        *(say("Source of the range"), say("Beside BatchNorm?"), say("When it hurts")),
        say("Notebook"),
    )
    return Reference(say("Techniques"), head, _rows(read("techniques"), keys))


def questions(kind: str = "") -> Reference:
    """Return questions that are asked about regularization, with their answers.

    Args:
        kind: "interview", "course" (asked in every one), "topic" (what else belongs
            to it), or all of them.

    Raises:
        ValueError: there is no such kind.
    """
    if kind and kind not in _KINDS:
        raise ValueError(
            say(
                "expected one of {names}, got {name!r}",
                names=", ".join(_KINDS),
                name=kind,
            )
        )
    found = [each for each in read("questions") if kind in ("", each["kind"])]
    head = say("Question"), say("Answer"), say("Notebook")
    name = {
        "interview": say("Questions in interviews"),
        "course": say("Questions in every course"),
        "topic": say("What else belongs here"),
    }.get(kind, say("Questions"))
    return Reference(name, head, _rows(found, ("question", "answer")))


def _rows(
    entries: Sequence[dict[str, Any]], keys: Sequence[str]
) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (*(say(str(each[key])) for key in keys), str(each["notebook"]))
        for each in entries
    )


def _row(row: Sequence[str]) -> str:
    first, *texts, stem = row
    cells = "".join(f'<td style="{_CELL}">{inline(text)}</td>' for text in texts)
    return (
        f'<tr><th scope="row" style="{_CELL}; font-weight: 600">{inline(first)}</th>'
        f'{cells}<td style="{_CELL}">{_where(stem)}</td></tr>'
    )


def _where(stem: str) -> str:
    """Return a notebook's title as HTML, with a link if it lies beside this one."""
    name, place = html.escape(title(stem)), here(stem)
    return f'<a href="{html.escape(place)}">{name}</a>' if place else name
