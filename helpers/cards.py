"""Cards and tables that read in light and in dark, and the same words as text.

Front ends bring their own colors: text takes the page's, so that it contrasts as the
page's own does. A colored edge says the kind of card; the words say it, too.
"""

import html
import re
from collections.abc import Sequence
from typing import Any, Literal

__all__ = [
    "Bundle",
    "Tone",
    "card",
    "in_kernel",
    "inline",
    "note",
    "publish",
    "small",
    "table",
]

Bundle = tuple[dict[str, Any], dict[str, Any]]  # an output's data, and its metadata
Tone = Literal["bad", "open", "good", "note"]

# Each contrasts by 3 or more with white and with the dark themes' #111 and #1e1e1e.
_EDGE = {"bad": "#d55e00", "open": "#808080", "good": "#009e73", "note": "#3d85c6"}
_QUIET = "mathjax_ignore tex2jax_ignore"  # a $ in a message opens no formula
_WIDTH = "max-width: 80ch"


def inline(text: str) -> str:
    """Return text as HTML: escaped, `backticks` as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(text))


def card(tone: Tone, title: str, text: str, rows: Sequence[tuple[str, str]]) -> str:
    """Return a card as HTML that wraps at words.

    Args:
        tone: "bad", "open" (neutral), "good" or "note": the color of the edge.
        title: first line, in bold.
        text: what follows it.
        rows: pairs of a label and its text, which may have several lines.
    """
    labelled = "".join(
        '<div style="display: flex; gap: 0.8em; margin-top: 0.25em">'
        f'<div style="flex: 0 0 5em; font-weight: 600">{html.escape(label)}</div>'
        '<div style="flex: 1; min-width: 0; white-space: pre-wrap">'
        f"{inline(value)}</div></div>"
        for label, value in rows
    )
    return (
        f'<div class="{_QUIET}" style="border-left: 5px solid {_EDGE[tone]};'
        f" padding: 0.3em 0.9em; margin: 0.4em 0; {_WIDTH}; line-height: 1.5;"
        ' color: inherit; overflow-wrap: break-word">'
        f'<div style="font-weight: 600">{inline(title)}</div>'
        f"<div>{inline(text)}</div>{labelled}</div>"
    )


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()
) -> str:
    """Return a table as HTML: text left-aligned, the columns `numbers` to the right."""

    def row(cells: Sequence[str], tag: str) -> str:
        inner = "".join(
            f'<{tag} style="text-align: {"right" if k in numbers else "left"};'
            " vertical-align: top; padding: 0.3em 0.6em; color: inherit;"
            f' overflow-wrap: break-word{_narrow(k in numbers)}">'
            f"{inline(cell)}</{tag}>"
            for k, cell in enumerate(cells)
        )
        return f"<tr>{inner}</tr>"

    body = "".join(row(cells, "td") for cells in rows)
    return (
        f'<table class="{_QUIET}" style="border-collapse: collapse; line-height: 1.4;'
        ' max-width: 100%; color: inherit; font-size: inherit; margin: 0.4em 0">'
        f"<thead>{row(head, 'th')}</thead><tbody>{body}</tbody></table>"
    )


def note(text: str) -> str:
    """Return a paragraph as HTML; each line of the text begins a new one."""
    lines = "<br>".join(inline(line) for line in text.splitlines())
    return (
        f'<p class="{_QUIET}" style="{_WIDTH}; color: inherit; margin: 0.4em 0;'
        f' font-weight: 600">{lines}</p>'
    )


def small(text: str) -> str:
    """Return a line under a table as HTML."""
    return (
        f'<p class="{_QUIET}" style="{_WIDTH}; color: inherit; margin: 0 0 0.4em;'
        f' font-size: 0.9em">{inline(text)}</p>'
    )


def _narrow(number: bool) -> str:
    return "; font-variant-numeric: tabular-nums; min-width: 4.5em" if number else ""


def in_kernel() -> bool:
    """Tell whether this code runs in a Jupyter kernel, whose page may show HTML."""
    import sys

    if "IPython" not in sys.modules:  # then there is none, and none need be loaded
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def publish(
    data: dict[str, Any],
    metadata: dict[str, Any] | None = None,
    *,
    display_id: str | None = None,
    update: bool = False,
) -> None:
    """Display a mime bundle in a notebook; elsewhere print its text.

    Args:
        data: mime type → content, with "text/plain".
        metadata: mime type → its metadata.
        display_id: a name by which the output can be replaced later.
        update: replace the outputs of that name.
    """
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import display

    if InteractiveShell.initialized():
        options: dict[str, Any] = {"metadata": metadata or {}, "raw": True}
        if display_id is not None:
            options |= {"display_id": display_id, "update": update}
        display(data, **options)
    elif not update:
        print(data["text/plain"])
