"""Run a check on answers that live in another process, and say how it ended."""

from __future__ import annotations

import contextlib
import functools
import io
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType

import torch

from helpers import checks
from staff.grader.inside.budget import PATIENCE
from staff.grader.inside.run import CELL
from staff.grader.judge.remote import Absent, Breach, Remote
from staff.grader.judge.wire import Lost, Malformed
from staff.grader.model import QuestionResult, Verdict

__all__ = ["Earlier", "Told", "concluded", "judged", "loaded"]

Earlier = tuple[str, str] | None
"""Name and last line of the error with which the answer's own cell ended."""


class Told(Exception):
    """A test that is plain code has ended with an error; see `plain`.

    Args:
        name: of the error.
        line: its last line.
    """

    def __init__(self, name: str, line: str) -> None:
        super().__init__(line)
        self.name, self.line = name, line


def judged(
    stem: str,
    name: str,
    remote: Remote,
    seeds: Iterable[int],
    *,
    visible: int = 1,
    seconds: float | None = None,
    earlier: Earlier = None,
) -> QuestionResult:
    """Check an answer with several seeds, the first ones visible, until one fails.

    Args:
        stem: of the notebook, e.g. "02_dropout_from_scratch".
        name: of the exercise.
        remote: to the subject that holds the answer; nobody else uses it.
        seeds: of the cases.
        visible: how many of them are. Of the others no number is told.
        seconds: see `concluded`.
        earlier: what is said where there is no answer.

    Returns:
        a `QuestionResult`. Whatever the subject does, it is one: never an exception.
        After TIMEOUT, CRASHED and TAMPERED the subject is in the midst of something:
        end it, and ask another one.
    """

    def check(seed: int) -> float | None:
        subject = checks.Trial.subject
        remote.reset()
        try:
            function = getattr(loaded(stem), name)
            answers = remote.take(function.asks)
            checks.Trial.subject = remote
            earned: float | None = function(*answers, seed=seed)
        finally:
            checks.Trial.subject = subject
        return earned

    parts = [
        (functools.partial(check, seed), number >= visible)
        for number, seed in enumerate(seeds)
    ]
    return concluded(parts, seconds=seconds, earlier=earlier)


@functools.cache
def loaded(stem: str) -> ModuleType:
    """Load the checks of a notebook, once: no answer can reach them here."""
    return checks.load(stem)


def concluded(
    parts: Iterable[tuple[Callable[[], float | None], bool]],
    *,
    seconds: float | None = None,
    earlier: Earlier = None,
) -> QuestionResult:
    """Run the parts of a test until one fails; say how it ended.

    Args:
        parts: what to run, and whether it is hidden; each gives the points that a PASS
            earns, None for all of them. The last one counts.
        seconds: of the processor for each part, all that the judge itself computes:
            a value that came back may keep a check busy. On the clock they last longer.
            Only in a process's main thread.
        earlier: what is said where there is no answer.
    """
    start = time.monotonic()
    result = QuestionResult(Verdict.PASS)
    with _own_settings():
        for run, hidden in parts:
            try:
                with _within(seconds), contextlib.redirect_stdout(io.StringIO()):
                    result = _ended(run, hidden, earlier)
            except _Late:
                result = _lost(Lost("the check", late=True))
            if result.verdict is not Verdict.PASS:
                break
    spent = round(time.monotonic() - start, 4)
    more = {"seconds": spent, "verdict": result.verdict}
    return QuestionResult(**{**result.to_json(), **more})


@contextlib.contextmanager
def _own_settings() -> Iterator[None]:
    """Give torch's settings back: an answer sets the judge's as well, in each reply."""
    dtype, state = torch.get_default_dtype(), torch.get_rng_state()
    try:
        with torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_rng_state(state)


class _Late(BaseException):
    """The time is over; no check takes it for an error of its own."""


_TIMERS = (
    (signal.SIGPROF, signal.ITIMER_PROF, 1),
    (signal.SIGALRM, signal.ITIMER_REAL, 2 * PATIENCE),  # the subject's end comes first
)


@contextlib.contextmanager
def _within(seconds: float | None) -> Iterator[None]:
    """Raise _Late in the block once its time is over; None gives it all time."""
    if seconds is None:
        yield
        return

    def late(number: int, frame: object) -> None:
        raise _Late

    before = [signal.signal(kind, late) for kind, _, _ in _TIMERS]
    try:
        for _, timer, times in _TIMERS:
            signal.setitimer(timer, times * seconds, 1.0)
        yield
    finally:
        for (kind, timer, _), old in zip(_TIMERS, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(kind, old)


def _ended(
    run: Callable[[], float | None], hidden: bool, earlier: Earlier
) -> QuestionResult:
    try:
        earned = run()
    except checks.NotAttempted:
        text = "Not attempted: `raise NotImplementedError` still stands."
        return QuestionResult(Verdict.MISSING, text)
    except checks.CheckFailed as failed:
        return _failed(failed, hidden)
    except Absent as error:
        if earlier is not None:  # that is why the name is not there
            return _raised(*earlier, evidence=CELL)
        return _raised("NameError", f"NameError: {error}", hidden=hidden)
    except Told as error:
        return _raised(error.name, error.line, hidden=hidden)
    except Lost as error:
        return _lost(error)
    except (Breach, Malformed) as error:
        text = "What came back from your code was changed on its way."
        return QuestionResult(Verdict.TAMPERED, text, evidence=str(error)[:1000])
    except (KeyboardInterrupt, _Late):
        raise
    except BaseException as error:  # a value that the check has no words for
        kind = type(error).__name__
        text = "What your code returned could not be checked."
        return QuestionResult(
            Verdict.ERROR, text, hidden=hidden, evidence=f"{kind}: {error}"[:1000]
        )
    return QuestionResult(Verdict.PASS, earned=earned)


def _lost(error: Lost) -> QuestionResult:
    if error.late:
        text = "Your code did not come to an end in time."
        return QuestionResult(Verdict.TIMEOUT, text)
    text = "The process that ran your code ended."
    return QuestionResult(Verdict.CRASHED, text, evidence=str(error)[:1000])


def _raised(
    name: str, line: str, *, hidden: bool = False, evidence: str = ""
) -> QuestionResult:
    if name == "MemoryError" or _no_memory(line):
        text = "Your code asked for too much memory."
        return QuestionResult(Verdict.OOM, text)
    text = "Your code raised an error." if hidden else f"Your code raised {line}"
    return QuestionResult(Verdict.ERROR, text, hidden=hidden, evidence=evidence)


def _failed(failed: checks.CheckFailed, hidden: bool) -> QuestionResult:
    """Say what a check said; of a hidden part the kind of problem, and no number."""
    verdict = Verdict.ERROR if failed.raised else Verdict.FAIL
    if failed.raised == "MemoryError" or _no_memory(f"{failed.got}"):
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


def _no_memory(text: str) -> bool:
    return "allocate memory" in text or text.startswith("MemoryError")
