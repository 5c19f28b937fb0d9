"""Tables for spreadsheets: read as they come, written so that nothing in them runs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from staff.course import CourseError
from staff.grader.faults import infra
from staff.grader.record import write_text

__all__ = ["Table", "cell", "number", "plain", "read_table", "to_csv", "write_table"]

_LARGEST = 50_000_000  # bytes
_FORMULA = (*"=+-@\t\r\n", *"＝＋－＠")  # the wide ones: in East Asian spreadsheets
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")


@dataclass(frozen=True)
class Table:
    """A file of rows.

    Args:
        path: for messages.
        header: names of the columns, without spaces around them.
        rows: as many cells as `header` has, as they stood in the file.
        lines: number of each row's last line in the file, from 1.
        delimiter: between the cells.
    """

    path: Path
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    delimiter: str = ","

    def column(self, *names: str) -> int | None:
        """Return where the first of these columns stands; case does not count."""
        known = [_squeezed(title) for title in self.header]
        for name in names:
            if _squeezed(name) in known:
                return known.index(_squeezed(name))
        return None

    def identifiers(self) -> int:
        """Return where the identifiers of Moodle's grading worksheet stand.

        Raises:
            CourseError: it is another table.
        """
        place = self.column("Identifier")
        if place is None:
            raise CourseError(
                f"{self.path.name}: expected Moodle's grading worksheet with a column "
                f"Identifier, found {', '.join(self.header[:8])}"
            )
        return place

    def where(self, row: int) -> str:
        """Return the place of a row for a message."""
        return f"{self.path.name}, line {self.lines[row]}"


def read_table(path: Path) -> Table:
    """Read a file of comma-, semicolon- or tab-separated values.

    Args:
        path: UTF-8, with or without a mark, or UTF-16 with one.

    Raises:
        CourseError: it is not there, not text, or has no rows.
    """
    text = _text(path)
    first = text.split("\n", 1)[0]
    delimiter = max(
        ",;\t", key=lambda sign: len(next(csv.reader([first], delimiter=sign), []))
    )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        numbered = [
            (row, reader.line_num) for row in reader if any(map(str.strip, row))
        ]
    except csv.Error as error:
        raise CourseError(
            f"{path}, line {reader.line_num}: expected a CSV file, found what is none "
            f"({error}); save the sheet as 'CSV UTF-8' and try again"
        ) from error
    if not numbered:
        raise CourseError(f"{path}: expected a first row with titles; it is empty")
    header = [title.strip() for title in numbered[0][0]]
    wide = len(header)
    rows = [(row + [""] * wide)[:wide] for row, _ in numbered[1:]]
    return Table(path, header, rows, [line for _, line in numbered[1:]], delimiter)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise CourseError(f"{path}: larger than 50 MB; expected a table of a class")
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path}: cannot be read ({error.strerror})") from error
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig").replace("\0", "")
    except UnicodeDecodeError as error:
        raise CourseError(
            f"{path}: expected text in UTF-8 (byte {error.start} is none); open it in "
            "a spreadsheet, save it as 'CSV UTF-8' and try again"
        ) from error


def _squeezed(name: str) -> str:
    return re.sub(r"[\s_()-]+", "", name).casefold()


def plain(text: str) -> str:
    """Return a cell's text without spaces around it and what tames formulas.

    Moodle puts an apostrophe in front (``csv_export_writer``), Canvas writes ``="..."``
    (``GradebookExporter#student_name``).
    """
    text = text.strip()
    if text.startswith('="') and text.endswith('"') and len(text) > 3:
        return text[2:-1].strip()
    if text.startswith("'") and text[1:].lstrip(" ").startswith(_FORMULA):
        return text[1:].strip()
    return text


def cell(value: object) -> str:
    """Return what is to stand in a cell: numbers as they are, formulas as text.

    A text that a spreadsheet would run gets an apostrophe in front, spaces before it or
    not; a number that is negative stays a number.
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return number(value)
    text = str(value)
    harmless = _NUMBER.fullmatch(text.strip()) or text == "-"  # Moodle's "none"
    if harmless or not text.lstrip(" ").startswith(_FORMULA):
        return text
    return f"'{text}"


def number(value: float) -> str:
    """Return points with at most four decimals: 2, 1.5, -0.25."""
    return f"{round(value, 4) + 0.0:.4f}".rstrip("0").rstrip(".")


def to_csv(
    rows: Iterable[Sequence[object]], *, delimiter: str = ",", terminator: str = "\n"
) -> str:
    """Return rows as the text of a file; every cell goes through `cell`."""
    file = io.StringIO()
    table = csv.writer(file, delimiter=delimiter, lineterminator=terminator)
    table.writerows([cell(value) for value in row] for row in rows)
    return file.getvalue()


def write_table(
    path: Path, rows: Iterable[Sequence[object]], *, delimiter: str = ","
) -> None:
    """Write rows to a file.

    Raises:
        InfraError: it cannot be written.
    """
    with infra(f"writing {path.name}"):
        write_text(path, to_csv(rows, delimiter=delimiter), mode=0o600)
