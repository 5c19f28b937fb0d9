"""Choose which of a learner's cells is the answer to a question."""

from __future__ import annotations

from collections.abc import Iterable

from staff.grader.align import Index, Piece
from staff.grader.bundle import Question

__all__ = ["Choice", "last"]


def last(pieces: Iterable[Piece]) -> Piece | None:
    """Return the piece that stands last in the learner's notebook."""
    return max(pieces, key=lambda piece: piece.doc, default=None)


class Choice:
    """The answers among a learner's pieces.

    In order: the last piece in the question's own cell that defines what is asked; the
    last that defines it elsewhere, before the check if there is one; whatever else
    stands in its own cell; a cell that seems to define it but is no valid Python.

    Args:
        answers: question's name → its piece; without those that nobody answered.
        repairs: sentences for the learner.
    """

    def __init__(self, pieces: list[Piece], known: Index) -> None:
        self.known, self.pieces = known, pieces
        self.code = [p for p in pieces if not p.text]
        placed = [p for p in self.code if p.place is not None]
        self.doc = {p.place: p.doc for p in reversed(placed)}
        self.answers: dict[str, Piece] = {}
        self.repairs: list[str] = []
        for question in known.bundle.questions.values():
            self._choose(question)

    def say(self, question: Question, text: str) -> None:
        """Note a repair."""
        self.repairs.append(f"{question.label}: {text}")

    def own(self, question: Question) -> list[Piece]:
        """Return what stands in the question's own cell, untouched stubs left out."""
        place = self.known.answer[question.name]
        stub = self.known.stubs[question.name]
        return [
            p
            for p in self.code
            if p.place == place and not (p.reading.blank or p.reading.untouched(stub))
        ]

    def _choose(self, question: Question) -> None:
        own, piece = self.own(question), None
        for kind in (self._in_own, self._elsewhere, self._unsure, self._broken):
            if piece := kind(question, own):
                break
        if piece is None:
            return
        self.answers[question.name] = piece
        place = self.known.answer[question.name]
        if not any(p.place == place for p in self.code):
            if piece.place is None and piece.after is None:
                piece.place = place
        elif piece.place != place:
            self.say(question, "your answer was found in another cell than its own.")
        if sum(bool(self.found(question, p)) for p in own) > 1:
            self.say(question, "there were several answers; the last one counts.")

    def found(self, question: Question, piece: Piece) -> set[str]:
        """Return the names asked for that a piece in the question's cell provides."""
        stub = self.known.stubs[question.name]
        found = piece.reading.answers(question.asks, stub)
        return found | (piece.reading.assigned & {*question.asks})

    def _in_own(self, question: Question, own: list[Piece]) -> Piece | None:
        return last(p for p in own if p.reading.parsed and self.found(question, p))

    def _elsewhere(self, question: Question, own: list[Piece]) -> Piece | None:
        place, test = self.known.answer[question.name], self.known.test[question.name]
        stub = self.known.stubs[question.name]
        end = self.doc.get(test, len(self.pieces))
        begin = max((p.doc for p in self.code if p.place == place), default=end)
        found = [
            p
            for p in self.code
            if p.place != place
            and self._may_answer(p)
            and p.reading.parsed
            and (
                p.reading.answers(question.asks, stub)
                or (begin < p.doc < end and p.reading.assigned & {*question.asks})
            )
        ]
        return last(p for p in found if p.doc <= end) or last(found)

    def _may_answer(self, piece: Piece) -> bool:
        """Tell whether all of a cell is the learner's: free, or an answer."""
        return piece.place is None or piece.place in self.known.answer.values()

    def _unsure(self, question: Question, own: list[Piece]) -> Piece | None:
        """Return the last cell with anything in it, unless the stub is still there."""
        wanted = {*question.asks}
        changed = [
            p for p in own if not (p.reading.parsed and self._is_stub(wanted, p))
        ]
        naming = [p for p in changed if wanted & {*p.reading.defined}]
        return last(naming) or last(changed)

    @staticmethod
    def _is_stub(wanted: set[str], piece: Piece) -> bool:
        return wanted <= {*piece.reading.defined}

    def _broken(self, question: Question, own: list[Piece]) -> Piece | None:
        wanted = {*question.asks}
        return last(
            p
            for p in self.code
            if p.place is None
            and not p.reading.parsed
            and wanted & {*p.reading.defined}
        )
