"""Show figures with a text alternative, the same way in every front end."""

import base64
import html
import io
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from helpers import curtain
from helpers.cards import Bundle, publish

__all__ = ["Bundle", "bundle", "picture_html", "png", "publish", "show"]

DPI = 144  # sharp on dense screens; the page shows it at 96


def png(fig: Figure) -> bytes:
    """Return the figure as a PNG, the same bytes for the same figure; close it."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    plt.close(fig)
    return buffer.getvalue()


def picture_html(image: bytes, alt: str) -> str:
    """Return an <img> element that holds the PNG `image` and its alternative text."""
    width = int.from_bytes(image[16:20], "big") * 96 // DPI  # from the PNG's header
    data = base64.b64encode(image).decode()
    return (
        f'<img src="data:image/png;base64,{data}" alt="{html.escape(alt)}"'
        f' style="width: {width}px; max-width: 100%; height: auto">'
    )


def bundle(image: bytes, alt: str) -> Bundle:
    """Return data and metadata of one output: a page shows the first it can."""
    data: dict[str, Any] = {
        "image/png": base64.b64encode(image).decode(),
        "text/html": picture_html(image, alt),
        "text/plain": alt,
    }
    return data, {"image/png": {"alt": alt}}


def show(fig: Figure, alt: str, *, after: str | Sequence[str] = ()) -> None:
    """Display the figure with its alternative text, and close it.

    Args:
        fig: a matplotlib figure; its size in inches is kept.
        alt: one sentence with what the figure shows, for those who cannot see it.
        after: id, or ids, of predictions that the figure decides; until they are made
            it stays folded.

    Raises:
        TypeError: `fig` is no figure.
        ValueError: `alt` is empty.
    """
    if not isinstance(fig, Figure):
        raise TypeError(
            f"fig: expected a matplotlib Figure, got {type(fig).__name__}; with axes,"
            " pass ax.figure."
        )
    alt = checked_alt(alt)
    made = bundle(png(fig), alt)
    curtain.show([after] if isinstance(after, str) else after, lambda: made)


def checked_alt(alt: str) -> str:
    """Return `alt` on one line, or raise ValueError if it says nothing."""
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(
            f"alt: expected a sentence that says what the figure shows, got {alt!r}."
        )
    return " ".join(alt.split())
