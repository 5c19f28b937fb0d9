"""Ask the checks about an answer of the bank; only for texts that can be trusted."""

from __future__ import annotations

import contextlib
import functools
import io
import linecache
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType, ModuleType
from typing import Any
from unittest.mock import patch

from helpers import checks
from helpers.checks import CheckFailed
from staff.teaching.bank import Exercise

__all__ = ["SEEDS", "Judged", "judge"]

SEEDS = (1, 20_261, 904_407)
"""Seeds with which an answer is tried: what is said of it must hold for all."""


_SECONDS = 5.0  # of processor time for one answer


@dataclass(frozen=True)
class Judged:
    """What a check says.

    Args:
        right: it passes.
        mistake: id of the named mistake, or "".
        message: what a learner reads.
    """

    right: bool
    mistake: str = ""
    message: str = ""


def judge(exercise: Exercise, text: str, *, seed: int = SEEDS[0]) -> Judged:
    """Run an answer after its notebook's set-up cell, and check it.

    Args:
        text: the answer cell. It runs here, in this process, and is trusted.
        seed: of the check's cases.
    """
    check = getattr(_module(exercise.stem), exercise.name)
    where = f"<{exercise.stem}/{exercise.name}>"
    linecache.cache[where] = (len(text), None, text.splitlines(True), where)
    names = {**_setup(exercise.stem, exercise.setup), "__name__": "__main__"}
    with _quiet(), _limited():
        try:
            exec(compile(text, where, "exec"), names)
            check(*(names[name] for name in check.asks), seed=seed)
        except CheckFailed as failed:
            return Judged(False, failed.mistake or "", str(failed))
        except Exception as error:  # it cannot even be defined
            return Judged(False, "", f"{type(error).__name__}: {error}")
    return Judged(True)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep checks from printing, and from noting exercises as solved."""
    off = patch.dict(os.environ, COURSE_PROGRESS="off")
    with contextlib.redirect_stdout(io.StringIO()), off:
        yield


class _Endless(Exception):
    """The answer took longer than any honest one does."""


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """End what computes for long: a line too few can make a loop endless.

    Only in a process's main thread.
    """

    def late(number: int, frame: FrameType | None) -> None:
        raise _Endless(f"no end after {_SECONDS:g} seconds of computing")

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@functools.cache
def _module(stem: str) -> ModuleType:
    return checks.load(stem)


@functools.lru_cache(maxsize=16)
def _setup(stem: str, source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    with _quiet():
        exec(compile(source, f"<set-up of {stem}>", "exec"), names)
    return names
