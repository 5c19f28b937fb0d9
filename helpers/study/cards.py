"""Flashcards that come back: soon where you did not know, later where you did.

Plain intervals, as Leitner's boxes (1972) have them: a card that was known moves one
box up and rests for 1, 3, 7, 14, then 30 days; one that was not goes back to the start
and comes again the next day.
"""

import random
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from helpers.study import _panel as panel
from helpers.study import _store as store
from helpers.study.titles import title

__all__ = ["DAYS", "Known", "choose", "show_cards", "turned"]

DAYS = (1, 1, 3, 7, 14, 30)  # of rest, by box; box 0: not known, or never seen


@dataclass(frozen=True)
class Known:
    """A card, and which notebook it belongs to.

    Attributes:
        stem: the notebook's, e.g. "02_dropout_from_scratch".
        front, back: plain texts, with `code`.
    """

    stem: str
    front: str
    back: str

    @property
    def id(self) -> str:
        """What its box is kept under; it changes with the front."""
        return f"{self.stem}/{zlib.crc32(self.front.encode()):08x}"


def show_cards(cards: Sequence[Known]) -> None:
    """Show cards to turn, one after the other; what was known is kept."""
    items = [
        {
            "id": card.id,
            "front": panel.as_html(card.front),
            "back": panel.as_html(card.back),
            "from": panel.as_html(title(card.stem)),
        }
        for card in cards
    ]
    entered: dict[str, bool] = {}

    def keep(state: dict[str, Any]) -> None:
        turns = state.get("turns")
        if not isinstance(turns, dict):
            return
        for card in cards:
            known = turns.get(card.id)
            if isinstance(known, bool) and card.id not in entered:
                entered[card.id] = known
                turned(card.id, known)

    text = "\n".join(
        f"{k}. {card.front}\n   {card.back}" for k, card in enumerate(cards, 1)
    )
    plain = "".join(
        f"<details><summary>{item['front']}</summary>{item['back']}</details>"
        for item in items
    )
    panel.show("cards", {"items": items}, text=text, plain=plain, keep=keep)


def choose(ids: Iterable[str], number: int, *, seed: str) -> list[str]:
    """Choose what to repeat: what is due first, then what was never seen.

    Args:
        ids: to choose from.
        number: how many, at most.
        seed: settles the order of those that are alike.
    """
    boxes = store.section("cards")
    today = date.today().isoformat()
    order = list(ids)
    random.Random(seed).shuffle(order)
    due = {id: str(boxes.get(id, {}).get("due", "")) for id in order}
    waiting = sorted((id for id in order if "" < due[id] <= today), key=due.__getitem__)
    unseen = [id for id in order if not due[id]]
    resting = sorted((id for id in order if due[id] > today), key=due.__getitem__)
    return [*waiting, *unseen, *resting][:number]


def turned(id: str, known: bool) -> None:
    """Move a card to its next box, and enter the day from which it is due again.

    A card that is turned twice on one day moves once.
    """
    today = date.today()

    def enter(data: dict[str, Any]) -> None:
        entry = data["cards"].get(id, {})
        if entry.get("seen") == today.isoformat() and known:
            return
        box = entry.get("box", 0) if isinstance(entry.get("box", 0), int) else 0
        box = min(max(box, 0) + 1, len(DAYS) - 1) if known else 0
        due = today + timedelta(days=DAYS[box])
        data["cards"][id] = {
            "box": box,
            "due": due.isoformat(),
            "seen": today.isoformat(),
        }

    store.update(enter)
