"""Bookmarks: exercises to come back to."""

from typing import Any

from helpers.study import _panel as panel
from helpers.study import _store as store
from helpers.study.titles import catalogue, find, link, title
from helpers.words import say

__all__ = ["Table", "mark", "offer", "table", "unmark"]


class Table(list[tuple[str, str]]):
    """Bookmarked exercises (stem, name); shows as a list of links in a notebook."""

    def __repr__(self) -> str:
        return "\n".join(map(_words, self)) or _NONE

    def _repr_html_(self) -> str:
        items = "".join(
            f'<li><a href="{link(stem)}">{panel.as_html(_words((stem, name)))}</a></li>'
            for stem, name in self
        )
        return f"<ul>{items}</ul>" if items else f"<p>{_NONE}</p>"


_NONE = say("No bookmarks. Under each check stands “Come back to this”.")


def table() -> Table:
    """Return the bookmarked exercises, in the order of the course."""
    marked = store.section("bookmarks")
    return Table(
        (stem, name)
        for stem, exercises in catalogue().items()
        for name in exercises
        if name in marked.get(stem, {})
    )


def mark(exercise: str) -> None:
    """Bookmark an exercise by number or name, e.g. mark("2.2")."""
    _set(*find(exercise), True)


def unmark(exercise: str) -> None:
    """Take a bookmark away."""
    _set(*find(exercise), False)


def offer(
    stem: str, exercise: str, *, words: str = "", before: str = "", text: str = ""
) -> None:
    """Show the button "Come back to this".

    Args:
        stem, exercise: which exercise.
        words: stand beside the button.
        before: HTML that stands above it.
        text: the same as plain text.
    """

    def keep(state: dict[str, Any]) -> None:
        if isinstance(state.get("marked"), bool):
            _set(stem, exercise, state["marked"])

    number = catalogue()[stem][exercise]["number"]
    how = say('To come back to this: bookmarks.mark("{number}")', number=number)
    panel.show(
        "mark",
        {"marked": (stem, exercise) in table(), "words": panel.as_html(words)},
        text="\n".join(line for line in (text, words, how) if line),
        plain=f"<p>{panel.as_html(words)}</p>" if words else "<p></p>",
        keep=keep,
        before=before,
    )


def _set(stem: str, exercise: str, marked: bool) -> None:
    now = store.now()

    def enter(data: dict[str, Any]) -> None:
        if marked:
            data["bookmarks"].setdefault(stem, {}).setdefault(exercise, now)
        else:
            data["bookmarks"].get(stem, {}).pop(exercise, None)

    store.update(enter)


def _words(entry: tuple[str, str]) -> str:
    stem, name = entry
    card = catalogue()[stem][name]
    return say(
        "{number} {title}, in {title2}",
        number=card["number"],
        title=card["title"],
        title2=title(stem),
    )
