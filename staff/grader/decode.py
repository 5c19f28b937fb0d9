"""Turn the bytes of a learner's file into cells, whatever they are."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from staff.grader.files import Refused, shown

__all__ = ["Cell", "Decoded", "Limits", "decode", "outputs_handed_in"]

_LOOKS_LIKE = [
    (
        re.compile(r"\s*+<(!doctype|html|head|body|script|\?xml|!--)", re.I),
        "a web page",
    ),
    (re.compile(r"PK\x03\x04"), "a ZIP archive"),
    (re.compile(r"%PDF"), "a PDF"),
    (re.compile(r"\x1f.\x08", re.S), "a compressed file"),
    (re.compile(r"\s*+(import|from|def|class|#|\"\"\")[ \w]"), "a Python script"),
]


@dataclass(frozen=True)
class Limits:
    """How much of a file is read.

    Args:
        size: bytes.
        cells: how many there may be.
        parts: lists and objects in the JSON, which bounds the memory it takes.
        code: characters in code cells, which bounds the time for parsing.
    """

    size: int = 20_000_000
    cells: int = 5_000
    parts: int = 1_000_000
    code: int = 1_000_000


@dataclass(frozen=True)
class Cell:
    """One cell as handed in; nothing in it is to be trusted.

    Args:
        kind: "code", "markdown", "raw" or anything else.
        id: "" if it has none.
        grade_id: from nbgrader's metadata; "" if it has none.
        source: its text, lines ending in a newline alone.
        nbgrader: nbgrader's metadata.
    """

    kind: str
    id: str
    grade_id: str
    source: str
    nbgrader: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Decoded:
    """The cells of a file, and sentences for the learner about what was put right."""

    cells: tuple[Cell, ...]
    repairs: tuple[str, ...] = ()


def decode(content: bytes, limits: Limits | None = None) -> Decoded:
    """Read a notebook of any version and encoding.

    Raises:
        Refused: it is none; the message says what it seems to be.
    """
    limits = limits or Limits()
    text, repairs = _text(content)
    notebook = _json(text, content, limits)
    cells = _cells(notebook)
    if len(cells) > limits.cells:
        raise Refused(
            f"The notebook has {len(cells):,} cells; up to {limits.cells:,} are read."
        )
    found = tuple(_cell(cell) for cell in cells if isinstance(cell, dict))
    code = sum(len(cell.source) for cell in found if cell.kind != "markdown")
    if code > limits.code:
        raise Refused(
            f"The notebook holds {code:,} characters of code; up to {limits.code:,} "
            "are read. Load large data from a file instead."
        )
    if len(found) < len(cells):
        repairs.append("Some cells were damaged and had to be left out.")
    return Decoded(_clean(found, repairs), (*repairs, *_kernel(notebook)))


def outputs_handed_in(content: bytes, limits: Limits | None = None) -> dict[str, Any]:
    """Return cell id → outputs as they stand in a file; nothing in them is safe.

    Empty if the file is no notebook that `decode` reads.
    """
    limits = limits or Limits()
    if len(content) > limits.size:
        return {}
    try:
        cells = _cells(_json(_text(content)[0], content, limits))
    except Refused:
        return {}
    return {
        name: cell["outputs"]
        for cell in cells[: limits.cells]
        if isinstance(cell, dict) and (name := _string(cell.get("id")))
        if isinstance(cell.get("outputs"), list)
    }


def _text(content: bytes) -> tuple[str, list[str]]:
    if not content.strip():
        raise Refused(
            "The file is empty. Save the notebook, look that it has a size above 0, "
            "and hand it in again."
        )
    encoding = json.detect_encoding(content)
    repairs = []
    if not encoding.startswith("utf-8"):
        repairs.append("The file was not saved as UTF-8; it was converted.")
    try:
        return content.decode(encoding), repairs
    except UnicodeDecodeError:
        repairs.append("Some letters in the file are damaged; they were replaced.")
        return content.decode(encoding, "replace"), repairs


def _json(text: str, content: bytes, limits: Limits) -> dict[str, Any]:
    if text.count("{") + text.count("[") > limits.parts:
        raise Refused("The file is far more complicated than a notebook can be.")
    try:
        notebook = json.loads(text)
    except RecursionError as error:
        raise Refused(
            "The file is nested far deeper than a notebook can be."
        ) from error
    except ValueError as error:
        raise Refused(_no_json(text, content, error)) from error
    if not isinstance(notebook, dict):
        raise Refused("The file is no notebook, though it is JSON.")
    return notebook


def _no_json(text: str, content: bytes, error: ValueError) -> str:
    again = (
        "Download the notebook itself (a file that ends in .ipynb) and hand that in."
    )
    for pattern, what in _LOOKS_LIKE:
        if pattern.match(text):
            return f"The file is {what}, no notebook. {again}"
    if not text.lstrip().startswith("{") or not isinstance(error, json.JSONDecodeError):
        begin = shown(text.strip()[:30])
        return f"The file is no notebook; it begins with “{begin}”. {again}"
    if "}" not in text[error.pos :] or not text.rstrip().endswith("}"):
        return (
            f"The file breaks off after {len(content):,} bytes, so part of the "
            "notebook is missing. Save it again and hand in the whole file."
        )
    return (
        f"The file is damaged at line {error.lineno}, column {error.colno} "
        f"({error.msg}). Open it in Jupyter, save it again, and hand that in."
    )


def _cells(notebook: dict[str, Any]) -> list[Any]:
    """Return the list of cells; before version 4 they stood in worksheets."""
    cells = notebook.get("cells")
    sheets = notebook.get("worksheets")
    if not isinstance(cells, list) and isinstance(sheets, list):
        lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        cells = [cell for each in lists if isinstance(each, list) for cell in each]
    if not isinstance(cells, list):
        raise Refused("The file is no notebook: it has no cells.")
    return cells


def _cell(cell: dict[str, Any]) -> Cell:
    kind = _string(cell.get("cell_type"))
    source = cell.get("source")
    if source is None and kind == "code":
        source = cell.get("input")  # version 3
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    nbgrader = nbgrader if isinstance(nbgrader, dict) else {}
    return Cell(
        *(kind, _string(cell.get("id")), _string(nbgrader.get("grade_id"))),
        *(_joined(source), nbgrader),
    )


def _string(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= 200 else ""


def _joined(source: Any) -> str:
    lines = source if isinstance(source, list) else [source]
    return "".join(line for line in lines if isinstance(line, str))


def _clean(cells: tuple[Cell, ...], repairs: list[str]) -> tuple[Cell, ...]:
    cleaned = tuple(_cleaned(cell) for cell in cells)
    if any("\0" in cell.source for cell in cells):
        repairs.append("Some cells held null characters, which were taken out.")
    unknown = sum(cell.kind not in ("code", "markdown", "raw") for cell in cells)
    if unknown and not any(cell.kind == "heading" for cell in cells):
        repairs.append(f"{unknown} cell(s) of an unknown kind were left out.")
    return cleaned


def _cleaned(cell: Cell) -> Cell:
    source = cell.source.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    source = source.encode("utf-8", "replace").decode("utf-8")  # lone surrogates
    return Cell(cell.kind, cell.id, cell.grade_id, source, cell.nbgrader)


def _kernel(notebook: dict[str, Any]) -> list[str]:
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    spec, info = (metadata.get(key) for key in ("kernelspec", "language_info"))
    languages = [
        spec.get("language") if isinstance(spec, dict) else None,
        info.get("name") if isinstance(info, dict) else None,
    ]
    named = [name for name in languages if isinstance(name, str) and name]
    if any("python" not in name.lower() for name in named):
        return ["The notebook names another language than Python; it ran in Python."]
    return []
