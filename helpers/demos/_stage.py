"""Demos that run in the page: one output of HTML and script, with a picture beside.

A scene is a script (``NAME.js`` beside this module), its controls and its data. It
needs no kernel: it moves after the notebook is closed and opened again, in an exported
page, and on the course's site. Where scripts do not run (GitHub, graders, an untrusted
notebook) the same output shows a picture with a text alternative.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

from matplotlib.figure import Figure

from helpers.show.display import bundle, checked_alt, picture_html, png, publish
from helpers.words import say, script_words

__all__ = ["Choice", "Control", "Scene", "Slider"]

_FOLDER = Path(__file__).parent
_STAGE = ("_stage.js", "_coins.js")
_STILL = say("This is a still picture of a demo. Run this cell to move it.")


@dataclass(frozen=True)
class Slider:
    """A number: from `low` to `high` in steps, or one of `values`.

    Args:
        name: of the script's variable. label: what the learner reads.
        value: at the start. group: of controls in which it stands, with a headline.
    """

    name: str
    label: str
    value: float
    low: float = 0.0
    high: float = 1.0
    step: float = 0.05
    values: Sequence[float] = ()
    group: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what the script needs to build the control."""
        shared = _shared(self, self.value)
        if self.values:
            if self.value not in self.values:
                raise ValueError(
                    say(
                        "{name}: expected a start among {values}, got {value}.",
                        name=self.name,
                        values=list(self.values),
                        value=self.value,
                    )
                )
            return {**shared, "type": "range", "values": list(self.values)}
        if not self.low <= self.value <= self.high:
            raise ValueError(
                say(
                    "{name}: expected a start from {low} to {high}, got {value}.",
                    name=self.name,
                    low=self.low,
                    high=self.high,
                    value=self.value,
                )
            )
        ends = {"min": self.low, "max": self.high, "step": self.step}
        return {**shared, "type": "range", **ends}


@dataclass(frozen=True)
class Choice:
    """One of several: `options` maps what the script gets to what the learner reads."""

    name: str
    label: str
    options: Mapping[str, str]
    group: str = ""

    def spec(self) -> dict[str, Any]:
        """Return what the script needs for the control; the first one is chosen."""
        pairs = [list(pair) for pair in self.options.items()]
        return {**_shared(self, pairs[0][0]), "type": "choice", "options": pairs}


Control = Slider | Choice


def _fewer_colors(image: bytes) -> bytes:
    """Return the PNG with 48 colors: a quarter of the size, and it is held twice."""
    from PIL import Image

    small, buffer = Image.open(BytesIO(image)).convert("RGB"), BytesIO()
    small.quantize(48, dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _shared(control: Control, value: float | str) -> dict[str, Any]:
    shown = {"name": control.name, "label": control.label, "value": value}
    return {**shown, "group": control.group}


@dataclass(frozen=True)
class Scene:
    """One demo.

    Args:
        name: of its script, which defines a function of that name:
            ``NAME(stage) -> {draw, describe, height, ...}``; see ``_stage.js``.
        title: of the group of controls, for those who listen.
        alt: what the picture shows; the script adds the present numbers.
        controls: in the order in which they stand in the page.
        picture: draws the figure for front ends without scripts.
        data: anything that JSON can hold; keep it below 300 kB.
        parts: further scripts that stand before this one.
    """

    name: str
    title: str
    alt: str
    controls: Sequence[Control]
    picture: Callable[[], Figure]
    data: Mapping[str, Any] = field(default_factory=dict)
    parts: Sequence[str] = ()

    def fragment(self, inside: str, place: str = "") -> str:
        """Return HTML for a cell's output; `inside` shows until the script runs.

        Args:
            inside: HTML. place: id of the element, unlike any other if empty: a saved
                output of an earlier kernel may stand in the same page.
        """
        script = self._script()
        place = f"demo-{place or uuid4().hex[:12]}"
        return (
            f'<div id="{place}">{inside}</div>\n<script>(() => {{\n'
            f"const SAID = {_json(script_words(script))};\n{script}\n"
            f"const host = document.getElementById({json.dumps(place)});\n"
            f"host.stage = new Stage(host, {self._spec()}, {self.name});\n"
            "})();</script>"
        )

    def page(self, words: str = "") -> str:
        """Return a page of its own.

        Args:
            words: HTML that stands above the demo.
        """
        title = html.escape(self.title)
        needs = html.escape(say("It needs a browser that runs scripts."))
        inside = f"<p>{html.escape(self.alt)} {needs}</p>"
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>{_PAGE}</style>\n</head>\n<body>\n<main>\n"
            f"<h1>{title}</h1>\n{words}\n"
            f"{self.fragment(inside, self.name)}\n</main>\n</body>\n</html>\n"
        )

    def show(self) -> None:
        """Display the demo in a notebook; elsewhere print its text."""
        alt = checked_alt(self.alt)
        image = _fewer_colors(png(self.picture()))
        data, metadata = bundle(image, alt)
        still = f"{picture_html(image, alt)}\n<p><em>{_STILL}</em></p>"
        data["text/html"] = self.fragment(still)
        publish(data, metadata)

    def _script(self) -> str:
        files = [*_STAGE, *self.parts, f"{self.name}.js"]
        text = "\n".join((_FOLDER / file).read_text("utf-8") for file in files)
        if "</script" in text.lower():
            raise ValueError(
                say("{name}: a script must not hold its own end tag.", name=self.name)
            )
        return text

    def _spec(self) -> str:
        spec = {
            "title": self.title,
            "alt": self.alt,
            "controls": [control.spec() for control in self.controls],
            "data": dict(self.data),
        }
        return _json(spec)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).replace("</", "<\\/")


_PAGE = """
:root { color-scheme: light dark; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: #ffffff;
  color: #1b1b1b; }
main { max-width: 1000px; margin: 0 auto; padding: 16px; }
h1 { font-size: 1.5rem; margin: 0 0 8px; }
h2 { font-size: 1.15rem; margin: 16px 0 4px; }
main > p, li { max-width: 72ch; }
@media (prefers-color-scheme: dark) {
  body { background: #161616; color: #f0f0f0; }
}
"""
