"""Show figures with a text alternative, the same way in every front end."""

import base64
import html
import io
import os
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from helpers import curtain
from helpers.cards import Bundle, publish
from helpers.show._stacked import stack
from helpers.show._treatments import misplaced
from helpers.words import say

__all__ = ["Bundle", "bundle", "picture_html", "png", "publish", "show"]

DPI = 144  # sharp on dense screens; the page shows it at 96
_SHRINKS_TO = 0.85  # of its width; where there is less room, its panels are stacked


def png(fig: Figure) -> bytes:
    """Return the figure as a PNG, the same bytes for the same figure; close it."""
    image = _rendered(fig)
    plt.close(fig)
    return image


def picture_html(image: bytes, alt: str) -> str:
    """Return an <img> element that holds the PNG `image` and its alternative text."""
    return _img(image, alt)


def bundle(image: bytes, alt: str, *, narrow: bytes | None = None) -> Bundle:
    """Return data and metadata of one output: a page shows the first it can.

    Args:
        image: a PNG.
        alt: its alternative text.
        narrow: the same figure for where the page has not room enough for `image`.
    """
    page = _img(image, alt) if narrow is None else _either(image, narrow, alt)
    data: dict[str, Any] = {
        "image/png": base64.b64encode(image).decode(),
        "text/html": page,
        "text/plain": alt,
    }
    return data, {"image/png": {"alt": alt}}


def show(fig: Figure, alt: str, *, after: str | Sequence[str] = ()) -> None:
    """Display the figure with its alternative text, and close it.

    Panels that stand side by side stand one below the other where a page is narrow,
    so that words in them stay large enough to be read.

    Args:
        fig: a matplotlib figure; its size in inches is kept where there is room.
        alt: one sentence with what the figure shows, for those who cannot see it.
        after: id, or ids, of predictions that the figure decides; until they are made
            it stays folded.

    Raises:
        TypeError: `fig` is no figure.
        ValueError: `alt` is empty; with COURSE_STRICT=1 (set when the course tests
            itself) also a treatment with another color than everywhere else.
    """
    if not isinstance(fig, Figure):
        raise TypeError(
            say(
                "fig: expected a matplotlib Figure, got {name}; with axes, pass "
                "ax.figure.",
                name=type(fig).__name__,
            )
        )
    alt = checked_alt(alt)
    if os.environ.get("COURSE_STRICT") == "1" and (wrong := misplaced(fig)):
        raise ValueError(
            say("one color for each treatment: {wrong}", wrong="; ".join(wrong))
        )
    image = _rendered(fig)
    narrow = _rendered(fig) if stack(fig) else None
    plt.close(fig)
    made = bundle(image, alt, narrow=narrow)
    curtain.show([after] if isinstance(after, str) else after, lambda: made)


def checked_alt(alt: str) -> str:
    """Return `alt` on one line, or raise ValueError if it says nothing."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(
            say(
                "alt: expected a sentence that says what the figure shows, got "
                "{alt!r}.",
                alt=alt,
            )
        )
    return " ".join(alt.split())


def _rendered(fig: Figure) -> bytes:
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def _width(image: bytes) -> int:
    """Return how many pixels of a page a PNG is wide; its header says it."""
    return int.from_bytes(image[16:20], "big") * 96 // DPI


def _img(image: bytes, alt: str, kind: str = "", hidden: bool = False) -> str:
    data = base64.b64encode(image).decode()
    named = f'class="{kind}" ' if kind else ""
    return (
        f'<img {named}src="data:image/png;base64,{data}" alt="{html.escape(alt)}"'
        f' style="width: {_width(image)}px; max-width: 100%; height: auto'
        f'{"; display: none" if hidden else ""}">'
    )


def _either(image: bytes, narrow: bytes, alt: str) -> str:
    """Return both pictures, and the rule that shows the one for which there is room.

    The room is that of the output, not of the window: a container query. Where pages
    know none, or a front end takes the rule away, the wide picture stands alone.
    """
    least = round(_SHRINKS_TO * _width(image))
    name = f"course-figure-{least}"
    return (
        f"<style>@container {name} (max-width: {least - 1}px) {{"
        f" .{name} > .wide {{ display: none !important }}"
        f" .{name} > .stacked {{ display: inline !important }} }}</style>"
        f'<div class="{name}" style="container: {name} / inline-size">'
        f"{_img(image, alt, 'wide')}{_img(narrow, alt, 'stacked', hidden=True)}</div>"
    )
