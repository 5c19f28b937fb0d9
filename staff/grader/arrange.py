"""Put a learner's answers into the instructor's notebook, in its order."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from staff.grader.align import Index, Piece, in_order
from staff.grader.bundle import RUN, Question
from staff.grader.choose import Choice, last
from staff.grader.model import Step
from staff.grader.syntax import given

__all__ = ["Arrangement", "arrange"]

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

BEFORE, OWN, AFTER = range(3)
"""Where a step stands, relative to the template's own at its place."""

Key = tuple[int, int, int]
"""Place in the template, BEFORE/OWN/AFTER, position in the learner's notebook."""


@dataclass
class Arrangement:
    """Steps in order, and what was noticed on the way.

    Args:
        steps: of a session.
        missing: questions without an answer.
        repairs: sentences for the learner.
        pieces: cell → the piece of the learner's that its step runs.
    """

    steps: list[Step]
    missing: set[str]
    repairs: list[str]
    pieces: dict[str, Piece]


def arrange(pieces: list[Piece], known: Index) -> Arrangement:
    """Return the steps of a session.

    Each question gets one answer, at its own place. Other cells of the learner stay
    where they stood, counted from the template's cell that they follow.
    """
    return _Arranger(pieces, known).run()


class _Arranger:
    def __init__(self, pieces: list[Piece], known: Index) -> None:
        self.known, self.pieces = known, pieces
        self.choice = Choice(pieces, known)
        self.answers, self.code = self.choice.answers, self.choice.code
        self.keys: dict[Piece, Key] = {}
        self.steps: list[Step] = []
        self.used: dict[str, Piece] = {}

    def run(self) -> Arrangement:
        questions = self.known.bundle.questions
        self._place()
        for question in questions.values():
            if question.name in self.answers:
                self._neighbours(question)
        self._emit()
        missing = {*questions} - {*self.answers}
        return Arrangement(self.steps, missing, self.choice.repairs, self.used)

    # -- where the learner's other cells go --------------------------------------------

    def _place(self) -> None:
        anchors = [p for p in self.pieces if p.place is not None and self._anchors(p)]
        self.run_ = in_order(anchors)
        self.docs = [p.doc for p in self.run_]
        chosen = {*self.answers.values()}
        for piece in self.code:
            if piece in chosen or piece.place is not None or piece.reading.blank:
                continue
            anchor = self._anchor(piece.doc) if piece.after is None else piece.after
            self.keys[piece] = (anchor, AFTER, piece.doc)
        for question in self.known.bundle.questions.values():
            self._claimants(question)

    def _anchors(self, piece: Piece) -> bool:
        cell = self.known.bundle.cells[piece.at]
        if cell.role != "solution":
            return True
        answer = self.answers.get(cell.question)
        return answer is None or answer is piece or answer.place != piece.place

    def _anchor(self, doc: int) -> int:
        before = bisect_left(self.docs, doc)
        return self.run_[before - 1].at if before else -1

    def _claimants(self, question: Question) -> None:
        """Place what stands in the question's own cells but is not the answer."""
        answer = self.answers.get(question.name)
        place, wanted = self.known.answer[question.name], {*question.asks}
        for piece in self.choice.own(question):
            if piece in self.answers.values():
                continue
            names = {*piece.reading.defined} | piece.reading.assigned
            if answer is None:
                self._rest_of_stub(piece, place)
            elif piece.doc < answer.doc:
                self.keys[piece] = (place, BEFORE, piece.doc)
            elif wanted & names:
                self.choice.say(question, "a second cell for it was left out.")
            else:
                self.keys[piece] = (place, AFTER, piece.doc)

    def _rest_of_stub(self, piece: Piece, place: int) -> None:
        released = self.known.bundle.cells[place].released
        if source := piece.reading.additions(given(released)):
            self.keys[piece.part(source, place)] = (place, AFTER, piece.doc)

    def _neighbours(self, question: Question) -> None:
        """Note a moved answer; see that all it needs comes before its check."""
        answer = self.answers[question.name]
        place, test = self.known.answer[question.name], self.known.test[question.name]
        anchor = self._anchor(answer.doc) if answer.after is None else answer.after
        if answer.place == place and answer not in self.run_:
            self.choice.say(
                question, "your answer was moved; it was put back in its place."
            )
        if anchor >= test and answer.after is None:
            self._bring_companions(answer, place)
        self._bring_missing_names(question, answer, place, test)

    def _bring_companions(self, answer: Piece, place: int) -> None:
        """Let the learner's cells right before a moved answer go with it."""
        for piece in reversed([p for p in self.code if p.doc < answer.doc]):
            if piece.place is not None or piece not in self.keys:
                break
            self.keys[piece] = (place, BEFORE, piece.doc)

    def _bring_missing_names(
        self, question: Question, answer: Piece, place: int, test: int
    ) -> None:
        stub = self.known.stubs[question.name]
        for name in {*question.asks} - self.choice.found(question, answer):
            if name in answer.reading.defined and answer.reading.parsed:
                needed = AFTER  # the answer's cell would put the stub back
            else:
                needed = BEFORE
            found = [p for p in self.keys if p.reading.answers((name,), stub)]
            best = last(p for p in found if self.keys[p] < (test,)) or last(found)
            if best and not (place, needed) <= self.keys[best] < (test,):
                self.keys[best] = (place, needed, best.doc)

    # -- the steps --------------------------------------------------------------------

    def _emit(self) -> None:
        rows: list[tuple[Key, str, Piece | None]] = [
            (key, "", piece) for piece, key in self.keys.items()
        ]
        template = enumerate(self.known.bundle.cells)
        rows += [((place, OWN, 0), cell.role, None) for place, cell in template]
        used = {cell.id for cell in self.known.bundle.cells}
        for (place, _, _), role, piece in sorted(rows, key=lambda row: row[0]):
            if piece is None:
                self.steps += self._given(place, role)
            else:
                name = _extra_id(piece, used)
                self.steps.append(self._own("extra", piece, name))

    def _given(self, place: int, role: str) -> list[Step]:
        cell = self.known.bundle.cells[place]
        if role in RUN:
            return [Step("provided", cell.source, cell.id)]
        if role == "solution" and cell.question in self.answers:
            answer = self.answers[cell.question]
            return [self._own("answer", answer, cell.id, cell.question)]
        if role == "test" and cell.question in self.answers:
            return [Step("test", cell.source, cell.id, cell.question)]
        return []

    def _own(self, kind: str, piece: Piece, cell: str, question: str = "") -> Step:
        self.used[cell] = piece
        return Step(kind, piece.reading.text, cell, question)


def _extra_id(piece: Piece, used: set[str]) -> str:
    name = piece.cell.id if piece.after is None else ""
    if not _ID.fullmatch(name) or name in used:
        number = piece.doc
        while (name := f"extra-{number}") in used:
            number += 100_000
    used.add(name)
    return name
