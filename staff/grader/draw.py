"""Draws that can be drawn again: from a key and a few words, the same every time.

What is drawn depends on nothing else: not on Python's version, nor on the order in
which others draw. Without the key nobody can tell it beforehand.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from typing import TypeVar

__all__ = ["Draw"]

T = TypeVar("T")
_WORD = 1 << 64


class Draw:
    """A stream of draws.

    Args:
        key: secret bytes; equal keys and labels give equal streams.
        labels: what the draws are for, e.g. assignment, learner, question.
    """

    def __init__(self, key: bytes, *labels: str) -> None:
        # Lengths keep ("ab", "c") and ("a", "bc") apart.
        text = "".join(f"{len(label)}:{label}" for label in labels)
        self._key = hmac.new(key, text.encode(), hashlib.sha256).digest()
        self._words = self._stream()

    def _stream(self) -> Iterator[int]:
        count = 0
        while True:
            block = hmac.new(self._key, count.to_bytes(8, "big"), hashlib.sha256)
            digest, count = block.digest(), count + 1
            yield from (
                int.from_bytes(digest[i : i + 8], "big") for i in range(0, 32, 8)
            )

    def below(self, number: int) -> int:
        """Return an integer from 0 to number - 1, each equally likely."""
        if not 1 <= number < _WORD:
            raise ValueError(f"expected a number from 1 to 2**64 - 1, got {number}")
        fair = _WORD - _WORD % number
        return next(word for word in self._words if word < fair) % number

    def integer(self, low: int, high: int) -> int:
        """Return an integer from low to high, both included."""
        return low + self.below(high - low + 1)

    def choice(self, values: Sequence[T]) -> T:
        """Return one of the values."""
        return values[self.below(len(values))]

    def order(self, values: Sequence[T]) -> list[T]:
        """Return all values in an order of their own (Fisher and Yates)."""
        mixed = list(values)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.below(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed

    def sample(self, values: Sequence[T], number: int) -> list[T]:
        """Return so many different ones of the values, or all if there are fewer."""
        return self.order(values)[:number]
