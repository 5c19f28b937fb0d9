"""What time an answer and a submission may use, and how it is counted.

A busy machine is no fault of an answer: code that waits has its time on the clock, code
that computes has it in processor seconds, and on the clock several times as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["PATIENCE", "Budget", "Clock"]

PATIENCE = 6  # times the limit that code which computes may take on the clock
_SHORT = 0.05  # seconds that count as they are: too short to ask who used them


class Clock:
    """Count the seconds that some processes use.

    Args:
        busy: returns (processor seconds that they have used until now, whether one of
            them wants the processor at this moment).
    """

    def __init__(self, busy: Callable[[], tuple[float, bool]]) -> None:
        self._busy = busy
        self._at, self._worked = time.monotonic(), 0.0

    def lap(self) -> float:
        """Return the seconds that count since the last lap."""
        now = time.monotonic()
        passed = now - self._at
        self._at = now
        if passed < _SHORT:
            return passed
        worked, runnable = self._busy()
        before, self._worked = self._worked, worked
        return min(passed, max(0.0, worked - before)) if runnable else passed


class Budget:
    """A number of seconds for several things together.

    Args:
        seconds: that may be spent. On the clock they last PATIENCE times as long.
    """

    def __init__(self, seconds: float) -> None:
        self.left = seconds
        self._end = time.monotonic() + PATIENCE * seconds

    @property
    def used_up(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 0 or time.monotonic() > self._end

    def spend(self, seconds: float) -> None:
        """Take something out."""
        self.left -= seconds
