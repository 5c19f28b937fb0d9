"""Run a check on answers that live in another process, and say how it ended."""

from __future__ import annotations

import contextlib
import functools
import io
import signal
import time
from collections.abc import Iterable, Iterator
from types import ModuleType

from helpers import checks
from staff.grader.judge.remote import Breach, Remote
from staff.grader.judge.wire import Lost, Malformed
from staff.grader.model import QuestionResult, Verdict

__all__ = ["judged"]


def judged(
    stem: str,
    name: str,
    remote: Remote,
    seeds: Iterable[int],
    *,
    seconds: float | None = None,
) -> QuestionResult:
    """Check an answer with several seeds, the first one visible, until one fails.

    Args:
        stem: of the notebook, e.g. "02_dropout_from_scratch".
        name: of the exercise.
        remote: to the subject that holds the answer; nobody else uses it.
        seeds: of the cases. Only the first one's numbers are told.
        seconds: for each seed, all that the judge itself computes included: a value
            that came back may keep a check busy. Only in a process's main thread.

    Returns:
        a `QuestionResult`. Whatever the subject does, it is one: never an exception.
        After TIMEOUT, CRASHED and TAMPERED the subject is in the midst of something:
        end it, and ask another one.
    """
    start = time.monotonic()
    result = QuestionResult(Verdict.PASS)
    for number, seed in enumerate(seeds):
        try:
            with _within(seconds):
                result = _once(stem, name, remote, seed, hidden=number > 0)
        except _Late:
            result = _lost(Lost("the check", late=True))
        if result.verdict is not Verdict.PASS:
            break
    more = {"seconds": time.monotonic() - start, "verdict": result.verdict}
    return QuestionResult(**{**result.to_json(), **more})


class _Late(BaseException):
    """The time is over; no check takes it for an error of its own."""


@contextlib.contextmanager
def _within(seconds: float | None) -> Iterator[None]:
    """Raise _Late in the block once its time is over; None gives it all time."""
    if seconds is None:
        yield
        return

    def late(number: int, frame: object) -> None:
        raise _Late

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@functools.cache
def _checks(stem: str) -> ModuleType:
    """Load a module once: no answer can reach it here."""
    return checks.load(stem)


def _once(
    stem: str, name: str, remote: Remote, seed: int, *, hidden: bool
) -> QuestionResult:
    check = getattr(_checks(stem), name)
    remote.reset()
    subject = checks.Trial.subject
    try:
        answers = remote.take(check.asks)
        checks.Trial.subject = remote
        with contextlib.redirect_stdout(io.StringIO()):
            earned = check(*answers, seed=seed)
    except checks.NotAttempted:
        text = "Not attempted: `raise NotImplementedError` still stands."
        return QuestionResult(Verdict.MISSING, text)
    except checks.CheckFailed as failed:
        return _failed(failed, hidden)
    except Lost as error:
        return _lost(error)
    except (Breach, Malformed) as error:
        text = "What came back from your code was changed on its way."
        return QuestionResult(Verdict.TAMPERED, text, evidence=str(error)[:1000])
    except Exception as error:  # a value of a kind that the check has no words for
        kind = type(error).__name__
        text = "What your code returned could not be checked."
        return QuestionResult(
            Verdict.ERROR, text, hidden=hidden, evidence=f"{kind}: {error}"[:1000]
        )
    finally:
        checks.Trial.subject = subject
    return QuestionResult(Verdict.PASS, earned=earned)


def _lost(error: Lost) -> QuestionResult:
    if error.late:
        text = "Your code did not come to an end in time."
        return QuestionResult(Verdict.TIMEOUT, text)
    text = "The process that ran your code ended."
    return QuestionResult(Verdict.CRASHED, text, evidence=str(error)[:1000])


def _failed(failed: checks.CheckFailed, hidden: bool) -> QuestionResult:
    """Say what a check said; of a hidden part the kind of problem, and no number."""
    verdict = Verdict.ERROR if failed.raised else Verdict.FAIL
    if failed.raised == "MemoryError" or "allocate memory" in f"{failed.got}":
        verdict = Verdict.OOM
    lines = failed.lines()
    if hidden:
        kind = "your code raised an error" if failed.raised else failed.problem
        kind = kind[:1].lower() + kind[1:]
        lines = [f"✗ {failed.title}: with other numbers, {kind}"]
        if failed.mistake and failed.advice:
            lines.append(f"  Mistake   {failed.advice}")
    return QuestionResult(
        verdict,
        "\n".join(lines)[:4000],
        mistake=failed.mistake or "",
        hidden=hidden,
    )
