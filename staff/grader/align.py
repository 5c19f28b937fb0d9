"""Recognise the template's cells in a learner's notebook."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from staff.grader.bundle import Bundle
from staff.grader.decode import Cell
from staff.grader.reader import Readings
from staff.grader.syntax import LONGEST, Reading, given

__all__ = ["Index", "Piece", "align", "in_order", "index"]

_ALIKE = 0.5  # share of words in common from which an edited cell is recognised
_MOST = 10_000  # comparisons of cells by their words
_LONGEST = 20_000  # characters of a cell compared by its words
TEXT = ("markdown", "manual")
_WORD = re.compile(r"\w++|[^\w\s]")


def tidy(source: str) -> str:
    """Return the text without blanks at line ends and empty lines around it.

    Longer texts than any of ours come back as they are.
    """
    if len(source) > LONGEST:
        return source
    return "\n".join(line.rstrip() for line in source.strip("\n").split("\n")).strip()


def _words(source: str) -> Counter[str]:
    return Counter(_WORD.findall(source[:_LONGEST]))


class Index:
    """A bundle's cells by all that a learner's cell may be recognised by."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.by_id: dict[str, int] = {}
        self.by_text: dict[str, int] = {}
        self.text_ids: dict[str, int] = {}
        self.answer: dict[str, int] = {}
        self.test: dict[str, int] = {}
        self.stubs: dict[str, Reading] = {}
        for place, cell in enumerate(bundle.cells):
            known = self.text_ids if cell.role in TEXT else self.by_id
            known[cell.id] = place
            for source in (cell.released, cell.source):
                self.by_text.setdefault(tidy(source), place)
            if cell.role == "solution":
                self.answer[cell.question] = place
                self.stubs[cell.question] = given(cell.released)
            elif cell.role == "test":
                self.test[cell.question] = place
        self.by_grade = {
            cell.nbgrader["grade_id"]: place
            for place, cell in enumerate(bundle.cells)
            if "grade_id" in cell.nbgrader
        }
        self.manual = {m.grade_id: m.place for m in bundle.by_hand}
        self.owner = {
            ask: name for name, q in bundle.questions.items() for ask in q.asks
        }

    @cached_property
    def words(self) -> dict[int, Counter[str]]:
        """Words of the code cells that are no answers."""
        return {
            place: _words(cell.released)
            for place, cell in enumerate(self.bundle.cells)
            if cell.role not in (*TEXT, "solution")
        }


@lru_cache(maxsize=8)
def index(bundle: Bundle) -> Index:
    """Return the bundle's index, made once."""
    return Index(bundle)


@dataclass(eq=False)
class Piece:
    """A learner's cell, or the part of one that was added to a given cell.

    Args:
        doc: its position in the learner's notebook.
        cell: as handed in.
        source: of it that may be run, magics included.
        place: position in the template of the cell that it is; None if it is none.
        after: position that it was added to; None for whole cells, but for a scratch
            cell that was written in: its own.
        text: it is no code cell and only shows where other cells stood.
        readings: reads its source.
    """

    doc: int
    cell: Cell
    source: str
    place: int | None = None
    after: int | None = None
    text: bool = False
    changed: bool = False
    readings: Readings = field(default_factory=Readings, repr=False)

    @property
    def at(self) -> int:
        """Its place, of a piece that has one."""
        if self.place is None:
            raise ValueError("this piece has no place in the template")
        return self.place

    @cached_property
    def reading(self) -> Reading:
        """What its code defines."""
        return self.readings(self.source)

    def part(self, source: str, after: int) -> Piece:
        """Return what was added to it, as a piece of its own."""
        return Piece(self.doc, self.cell, source, after=after, readings=self.readings)


def align(cells: tuple[Cell, ...], known: Index) -> list[Piece]:
    """Return the learner's cells with their places; additions follow their cells."""
    shared = {name for name, n in Counter(c.id for c in cells).items() if n > 1}
    readings = Readings()
    drafts = [Piece(k, c, c.source, readings=readings) for k, c in enumerate(cells)]
    pieces = [p for piece in drafts if (p := _identify(piece, known, shared))]
    for piece in pieces:  # first what matters most: not all may be readable
        if piece.place in known.answer.values():
            _ = piece.reading
    _recognise([p for p in pieces if p.place is None and not p.text], pieces, known)
    found = []
    for piece in pieces:
        found.append(piece)
        if piece.place is not None and not piece.text:
            found += _added(piece, known)
    return found


def _identify(piece: Piece, known: Index, shared: set[str]) -> Piece | None:
    cell = piece.cell
    same = known.by_text.get(tidy(cell.source))
    place = known.by_grade.get(cell.grade_id, same)
    named = known.by_id.get(cell.id)
    own = cell.id not in shared or (place is None and named in known.answer.values())
    if named is not None and own:
        place = named
    place = known.manual.get(cell.id, place)
    role = "" if place is None else known.bundle.cells[place].role
    if role == "manual":  # words, also where its cell was turned into code
        piece.place, piece.text = place, True
        return piece
    if cell.kind == "code":
        piece.place = None if role == "markdown" else place
        return piece
    # An answer's cell may have been turned into text.
    if place is not None and role == "solution":
        name = known.bundle.cells[place].question
        asks = known.bundle.questions[name].asks
        if piece.reading.answers(asks, known.stubs[name]):
            piece.place = place
            return piece
    piece.place, piece.text = known.text_ids.get(cell.id), True
    if piece.place is None and role == "markdown":
        piece.place = same
    return piece if piece.place is not None else None


def _recognise(unknown: list[Piece], pieces: list[Piece], known: Index) -> None:
    """Find copies of stubs by what they define, edited cells by their words."""
    rest = []
    for piece in unknown:
        made = [*piece.reading.defined, *piece.reading.assigned]
        wanted = {known.owner[name] for name in made if name in known.owner}
        for name in wanted:
            if piece.reading.untouched(known.stubs[name]):
                piece.place = known.answer[name]
        if not wanted and piece.source.strip():
            rest.append(piece)
    there = {piece.place for piece in pieces}
    free = {place: words for place, words in known.words.items() if place not in there}
    if len(rest) * len(free) > _MOST:
        return
    names = {place: name for name, place in known.test.items() if place in free}
    pairs = sorted(
        (-alike, piece.doc, place, piece)
        for piece in rest
        for place, alike in _alike(piece.source, free, names)
    )
    for _, _, place, piece in pairs:
        if piece.place is None and place not in there:
            piece.place = place
            there.add(place)


def _alike(
    source: str, free: dict[int, Counter[str]], names: dict[int, str]
) -> list[tuple[int, float]]:
    """Return (place, share of words in common); a check has to name its exercise."""
    words = _words(source)
    words[""], total = 0, words.total()
    found = []
    for place, others in free.items():
        most = total + others.total()
        if 4 * min(total, others.total()) >= most:  # else it cannot reach a half
            share = 2 * (words & others).total() / most
            if share >= _ALIKE and names.get(place, "") in words:
                found.append((place, share))
    return found


def _added(piece: Piece, known: Index) -> list[Piece]:
    """Return what was added to a given cell, as a piece of its own; note changes.

    A scratch cell that somebody has written in becomes a piece of its own as a whole.
    """
    cell = known.bundle.cells[piece.at]
    if cell.role == "solution":
        return []
    if tidy(piece.source) in (tidy(cell.released), tidy(cell.source)):
        return []
    if cell.role == "scratch":  # there to be written in: now it is the learner's own
        piece.after, piece.place = piece.place, None
        return []
    forms = (given(cell.released).forms, given(cell.source).forms)
    piece.changed = not (piece.reading.parsed and piece.reading.forms in forms)
    source = piece.reading.additions(given(cell.source))
    return [piece.part(source, piece.at)] if source else []


def in_order(pieces: list[Piece]) -> list[Piece]:
    """Return a longest run of placed pieces that stand in the template's order."""
    ends: list[int] = []  # smallest place that ends a run of this length
    last: list[Piece] = []
    before: dict[Piece, Piece | None] = {}
    for piece in pieces:
        length = bisect_left(ends, piece.at)
        before[piece] = last[length - 1] if length else None
        ends[length : length + 1] = [piece.at]
        last[length : length + 1] = [piece]
    run: list[Piece] = []
    at = last[-1] if last else None
    while at is not None:
        run.append(at)
        at = before[at]
    return run[::-1]
