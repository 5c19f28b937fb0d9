"""What the measuring commands have found, with the day and the machine.

It stands in ``docs/measured.json``. A command writes there when it is told to, with
``--record``; ``python -m staff numbers`` takes it from there into README and docs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from staff.course import Course

__all__ = ["Measured", "Table", "add_option", "markdown", "record", "recorded"]


@dataclass(frozen=True)
class Table:
    """What a command shows.

    Args:
        head: names of the columns.
        rows: texts.
        title: a line above it; may be empty.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""


@dataclass(frozen=True)
class Measured:
    """One command's findings.

    Args:
        command: that measured them.
        on: the day, ISO.
        machine: in words.
        tables: what it found.
    """

    command: str
    on: str
    machine: str
    tables: Sequence[Table]


def add_option(parser: argparse.ArgumentParser) -> None:
    """Give a command the option that writes its findings down."""
    told = "write what was found to docs/measured.json; then: python -m staff numbers"
    parser.add_argument("--record", action="store_true", help=told)


def record(
    course: Course, name: str, command: str, tables: Sequence[Table], *, keys: int = 0
) -> None:
    """Write a command's findings down, in the place of its older ones.

    Args:
        course: whose ``docs/measured.json`` is written.
        name: of the findings, the same each time.
        command: that measured them.
        tables: what it found.
        keys: how many first cells tell rows of one table apart: rows that are there,
            and not among the new ones, stay, and so do tables with other titles. With
            0 all that is older goes.
    """
    found = recorded(course)
    if keys and name in found:
        older = {table.title: table for table in found[name].tables}
        newer = {t.title: _joined(older.get(t.title), t, keys) for t in tables}
        tables = [*(older | newer).values()]
    today = date.today().isoformat()
    found[name] = Measured(command, today, _machine(), tables)
    content = {key: asdict(each) for key, each in sorted(found.items())}
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    _file(course).write_text(text, encoding="utf-8")
    print("docs/measured.json is written; next: python -m staff numbers")


def recorded(course: Course) -> dict[str, Measured]:
    """Return what is written down; nothing where there is no file."""
    try:
        text = _file(course).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    return {name: _read(each) for name, each in json.loads(text).items()}


def markdown(table: Table) -> list[str]:
    """Return the lines of a table in Markdown."""
    lines = [f"| {' | '.join(row)} |" for row in (table.head, *table.rows)]
    return [lines[0], f"| {' | '.join('---' for _ in table.head)} |", *lines[1:]]


def _joined(older: Table | None, newer: Table, keys: int) -> Table:
    rows = {tuple(row[:keys]): row for row in older.rows} if older else {}
    rows |= {tuple(row[:keys]): row for row in newer.rows}
    return Table(
        newer.head, [rows[key] for key in sorted(rows, key=_order)], newer.title
    )


def _order(cells: Sequence[str]) -> list[tuple[int, str]]:
    """Return what sorts 200 before 1,000, and texts by the alphabet."""
    digits = [cell.replace(",", "") for cell in cells]
    return [(int(d), "") if d.isdigit() else (-1, d) for d in digits]


def _read(entry: Mapping[str, object]) -> Measured:
    tables = entry["tables"]
    assert isinstance(tables, list)
    return Measured(
        str(entry["command"]),
        str(entry["on"]),
        str(entry["machine"]),
        [Table(**table) for table in tables],
    )


def _machine() -> str:
    """Return the kind of processor, and how many; what else runs is not known."""
    cores = os.cpu_count() or 1
    return f"{platform.machine()}, {cores} core{'s' if cores > 1 else ''}"


def _file(course: Course) -> Path:
    return course.root / "docs" / "measured.json"
