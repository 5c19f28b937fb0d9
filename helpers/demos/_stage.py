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
from itertools import count
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from helpers.show.display import bundle, checked_alt, picture_html, png, publish

__all__ = ["Choice", "Flag", "Scene", "Slider"]

_FOLDER = Path(__file__).parent
_STAGE = ("_stage.js", "_coins.js")
_NUMBER = count(1)


@dataclass(frozen=True)
class Slider:
    """A number: from `low` to `high` in steps, or one of `values`.

    Args:
        name: of the script's variable. label: what the learner reads.
        value: at the start.
    """

    name: str
    label: str
    value: float
    low: float = 0.0
    high: float = 1.0
    step: float = 0.05
    values: Sequence[float] = ()

    def spec(self) -> dict[str, Any]:
        """Return what the script needs to build the control."""
        shared = {"name": self.name, "label": self.label, "value": self.value}
        if self.values:
            if self.value not in self.values:
                raise ValueError(
                    f"{self.name}: expected a start among {list(self.values)}, got "
                    f"{self.value}."
                )
            return {**shared, "type": "range", "values": list(self.values)}
        if not self.low <= self.value <= self.high:
            raise ValueError(
                f"{self.name}: expected a start from {self.low} to {self.high}, got "
                f"{self.value}."
            )
        ends = {"min": self.low, "max": self.high, "step": self.step}
        return {**shared, "type": "range", **ends}


@dataclass(frozen=True)
class Choice:
    """One of several: `options` maps what the script gets to what the learner reads."""

    name: str
    label: str
    options: Mapping[str, str]

    def spec(self) -> dict[str, Any]:
        """Return what the script needs for the control; the first one is chosen."""
        pairs = [list(pair) for pair in self.options.items()]
        shared = {"name": self.name, "label": self.label, "value": pairs[0][0]}
        return {**shared, "type": "choice", "options": pairs}


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    name: str
    label: str
    value: bool

    def spec(self) -> dict[str, Any]:
        """Return what the script needs to build the control."""
        shared = {"name": self.name, "label": self.label, "value": self.value}
        return {**shared, "type": "flag"}


Control = Slider | Choice | Flag


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

    def fragment(self, inside: str) -> str:
        """Return HTML for a cell's output; `inside` shows until the script runs."""
        place = f"demo-{self.name}-{next(_NUMBER)}"
        return (
            f'<div id="{place}">{inside}</div>\n<script>(() => {{\n{self._script()}\n'
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
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}</title>\n<style>{_PAGE}</style>\n</head>\n<body>\n<main>\n"
            f"<h1>{title}</h1>\n{words}\n"
            f"{self.fragment(html.escape(self.alt))}\n</main>\n</body>\n</html>\n"
        )

    def show(self) -> None:
        """Display the demo in a notebook; elsewhere print its text."""
        alt = checked_alt(self.alt)
        image = png(self.picture())
        data, metadata = bundle(image, alt)
        data["text/html"] = self.fragment(picture_html(image, alt))
        publish(data, metadata)

    def _script(self) -> str:
        files = [*_STAGE, *self.parts, f"{self.name}.js"]
        text = "\n".join((_FOLDER / file).read_text("utf-8") for file in files)
        if "</script" in text.lower():
            raise ValueError(f"{self.name}: a script must not hold its own end tag.")
        return text

    def _spec(self) -> str:
        spec = {
            "title": self.title,
            "alt": self.alt,
            "controls": [control.spec() for control in self.controls],
            "data": dict(self.data),
        }
        return json.dumps(spec, ensure_ascii=False).replace("</", "<\\/")


_PAGE = """
:root { color-scheme: light dark; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: #ffffff;
  color: #1b1b1b; }
main { max-width: 1000px; margin: 0 auto; padding: 16px; }
h1 { font-size: 1.5rem; margin: 0 0 8px; }
@media (prefers-color-scheme: dark) {
  body { background: #161616; color: #f0f0f0; }
}
"""
