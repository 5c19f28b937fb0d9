"""Small things to click in an output, which work in every front end.

A panel is HTML and a script in one output: it needs no widget to be read, and survives
saving and reopening. What was clicked reaches Python through the value of a text field
that nobody sees. Where that field is missing (a closed kernel, a page, GitHub) the
panel says that nothing is kept, and what to do; where no script runs either, the plain
HTML or text inside stands there.
"""

import html
import json
import os
import re
import secrets
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers import cards
from helpers.cards import publish
from helpers.study import _store as store
from helpers.words import say, script_words

if TYPE_CHECKING:
    from ipywidgets import Text, Widget

__all__ = ["as_html", "code", "in_kernel", "lines_as_html", "show", "show_widget"]

State = dict[str, Any]


def show(
    kind: str,
    spec: State,
    *,
    text: str,
    plain: str,
    keep: Callable[[State], None] | None = None,
    before: str = "",
) -> None:
    """Display a panel; elsewhere print its text.

    Args:
        kind: which panel of the script: questions, cards, challenge, mark or skip.
        spec: what it shows; must go into JSON, its texts are HTML.
        text: the whole as plain text, for places without HTML.
        plain: the whole as HTML, for pages without scripts; not empty.
        keep: gets the panel's whole state, as often as something was clicked, possibly
            twice with nothing new. Not called where nothing is recorded.
        before: HTML that stands above the panel and needs no script.
    """
    connected = keep is not None and in_kernel() and not store.reason_off()
    name = f"study-{secrets.token_hex(6)}"
    note = _note(keep is not None, connected)
    full = spec | {"kind": kind, "name": name, "kept": connected, "note": note}
    publish({"text/html": before + _fragment(name, full, plain), "text/plain": text})
    if connected and keep is not None:
        _connect(name, keep)


def show_widget(widget: "Widget", text: str) -> None:
    """Display a widget, and a text of ours where there are no widgets."""
    view = {"model_id": widget.model_id, "version_major": 2, "version_minor": 0}
    publish({"application/vnd.jupyter.widget-view+json": view, "text/plain": text})


def in_kernel() -> bool:
    """Tell whether a person may click: there is a kernel, and no automatic run."""
    return os.environ.get("COURSE_HEADLESS") != "1" and cards.in_kernel()


def as_html(text: str) -> str:
    """Escape a text, mark its `code`, and keep viewers from seeing formulas."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", code(text))


def code(text: str) -> str:
    """Escape a program, for <pre>."""
    return html.escape(text).replace("$", "&#36;").replace("\\", "&#92;")


def lines_as_html(lines: list[str]) -> str:
    """Return paragraphs of texts."""
    return "".join(f"<p>{as_html(line)}</p>" for line in lines)


def _note(wanted: bool, connected: bool) -> str:
    """Say why what is clicked goes nowhere; "" where it is kept."""
    if not wanted or connected:
        return ""
    off = store.reason_off()
    return say("Nothing is kept here: {off}.", off=off or say("there is no kernel"))


def _fragment(name: str, spec: State, plain: str) -> str:
    spec = spec | {"said": script_words(_script())}
    data = json.dumps(spec, ensure_ascii=False).replace("<", "\\u003c")
    return (
        f'<div id="{name}" class="study-panel">{plain}</div>\n'
        f"<script>({_script()})({data});</script>"
    )


@cache
def _script() -> str:
    return Path(__file__).with_name("_panel.js").read_text("utf-8").strip()


def _connect(name: str, keep: Callable[[State], None]) -> None:
    """Display the field that carries the panel's state to `keep`, and answers it."""
    import ipywidgets as widgets

    field = widgets.Text(layout={"display": "none"})
    field.add_class(name)
    field.observe(_receive(field, keep), names="value")
    show_widget(field, "")


def _receive(
    field: "Text", keep: Callable[[State], None]
) -> Callable[[dict[str, Any]], None]:
    def receive(change: dict[str, Any]) -> None:
        try:
            state = json.loads(change["new"])
            count = int(state.pop("count"))
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # not from the panel
        keep(state)
        field.placeholder = str(count)  # the panel reads there that it was kept

    return receive
