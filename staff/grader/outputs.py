"""What cells put out, as data: text and PNG images, cut to size, and nothing else.

It comes from where learners' code ran, so nothing about its form is relied on.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from staff.grader.model import Output

__all__ = ["all_outputs", "safe_outputs"]

_TEXT = 100_000  # characters of one output
_IMAGE = 4 * 2**20  # bytes of one image
_MOST = 200  # outputs of one cell
_PNG = b"\x89PNG\r\n\x1a\n"


def all_outputs(found: Any) -> dict[str, list[Output]]:
    """Return the outputs of all cells, cell → outputs, from whatever was sent."""
    if not isinstance(found, dict):
        return {}
    return {
        cell: safe_outputs(outputs)
        for cell, outputs in found.items()
        if isinstance(cell, str)
    }


def safe_outputs(outputs: Any) -> list[Output]:
    """Return the outputs of a cell with nothing in them but text and PNG images."""
    given = outputs[:_MOST] if isinstance(outputs, list) else []
    return [safe for output in given if (safe := _safe(output)) is not None]


def _safe(output: Any) -> Output | None:
    if not isinstance(output, dict):
        return None
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {"output_type": kind, "name": name, "text": _plain(output.get("text"))}
    if kind == "error":
        lines = _texts(output.get("traceback"))
        return {
            "output_type": kind,
            "ename": _plain(output.get("ename"))[:200],
            "evalue": _plain(output.get("evalue")),
            "traceback": _plain("\n".join(lines)).split("\n"),
        }
    if kind in ("display_data", "execute_result"):
        return _shown(kind, output.get("data"))
    return None


def _shown(kind: str, data: Any) -> Output | None:
    data = data if isinstance(data, dict) else {}
    kept = {}
    if "text/plain" in data:
        kept["text/plain"] = _plain(data["text/plain"])
    if image := _png(data.get("image/png")):
        kept["image/png"] = image
    if not kept:
        return None
    shown: Output = {"output_type": kind, "data": kept, "metadata": {}}
    return shown | ({"execution_count": None} if kind == "execute_result" else {})


def _texts(value: Any) -> list[str]:
    parts = value if isinstance(value, list) else [value]
    return [part for part in parts if isinstance(part, str)]


def _plain(text: Any) -> str:
    whole = "".join(_texts(text)).encode("utf-8", "replace").decode()
    return whole if len(whole) <= _TEXT else whole[:_TEXT] + "\n… cut off"


def _png(text: Any) -> str:
    """Return base64 made anew from what was base64 of a PNG; "" if it was not."""
    text = "".join(_texts(text))
    if len(text) > _IMAGE * 4 // 3:
        return ""
    try:
        image = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(image).decode() if image.startswith(_PNG) else ""
