"""Turn the body of a check into what a notebook calls; show an answer before it."""

from __future__ import annotations

import functools
import inspect
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

import torch

from helpers.cards import in_kernel, publish
from helpers.checks.vocabulary.report import (
    CheckFailed,
    NotAttempted,
    describe,
    learner_line,
)
from helpers.checks.vocabulary.trial import Trial
from helpers.seeds import unshifted
from helpers.study import after, progress
from helpers.training.runtime import kept_randomness
from helpers.words import say

__all__ = ["Check", "exercise", "look"]

_GRADED = "NBGRADER_EXECUTION"  # nbgrader's own, for autograde and for Validate
_AT_THE_START = bool(os.environ.get(_GRADED))  # no answer has run yet: it can't lie


class Check(Protocol):
    """What a notebook calls: it returns where the answer is right.

    Attributes:
        number: as on the card, e.g. "2.2".
        mistakes: id → sentence said to the learner who makes this mistake.
        asks: names of the answers that it takes, in order.
        rules: its card has rules about an answer's means, which it cannot enforce.
    """

    __name__: str
    number: str
    mistakes: dict[str, str]
    asks: tuple[str, ...]
    rules: bool

    def __call__(self, *answers: Any, seed: int = 0) -> float | None:
        """Check the answers, on cases drawn from `seed`.

        Returns:
            None: all points. A check with tiers returns the points of the tier that
            was reached; graders take them from the last line of a test.

        Raises:
            CheckFailed: an answer is wrong; `NotAttempted`, one of its kind, where the
                stub still stands. In a learner's own notebook that one is only shown,
                so that "Run all" goes on in every front end.
            TypeError: another number of answers than the exercise asks for.
        """


def exercise(
    number: str,
    *,
    mistakes: Mapping[str, str],
    from_scratch: str | None = None,
    asks: Sequence[str] = (),
    quiet: bool = False,
    rules: bool = False,
) -> Callable[[Callable[..., float | None]], Check]:
    """Turn `body(answer, t)` into a check; the function's name is the exercise's.

    Args:
        number: as on the card, e.g. "2.2".
        mistakes: id → sentence said to the learner who makes this mistake.
        from_scratch: regular expression for names of torch functions that the answer
            has to do without.
        asks: names of the answers, where the exercise asks for more than one; the
            body then takes that many, before `t`.
        quiet: run the answer without warnings: torch warns of mistakes that are named.
        rules: the card has rules about an answer's means that no check can enforce:
            graders list answers whose text could break them.

    The check leaves torch's random states (of GPUs, too), default dtype, thread count
    and gradient mode as it found them. It carries `number`, `mistakes`, `asks` and
    `rules` as attributes.
    """

    def wrap(body: Callable[..., float | None]) -> Check:
        name = body.__name__
        title = say("Exercise {number} · {name}", number=number, name=name)
        names = tuple(asks) or (name,)

        @functools.wraps(body)
        def check(*answers: Any, seed: int = 0) -> float | None:
            if len(answers) != len(names):
                call, n = f"check.{name}({', '.join(names)})", len(answers)
                raise TypeError(
                    say("expected {call}, got {n} answers.", call=call, n=n)
                )
            t = Trial(
                title,
                name,
                mistakes=mistakes,
                seed=seed,
                from_scratch=from_scratch,
                quiet=quiet,
            )
            try:
                with _isolated(t.random.getrandbits(48)), unshifted():
                    for each, answer in zip(names, answers, strict=True):
                        _callable(t, each, answer)
                    earned = body(*answers, t)
            except CheckFailed as failed:
                attempted = not isinstance(failed, NotAttempted)
                after.failed(_stem(body), name, failed, attempted=attempted)
                if not _learners_own():
                    raise
                if not attempted:
                    publish(failed.bundle())
                    return None
                _show_as_card()
                raise
            print(
                say(
                    "✓ {title}: visible checks passed ({parts}).",
                    title=title,
                    parts=", ".join(t.parts),
                )
            )
            progress.record(_stem(body), name)
            after.passed(_stem(body), name)
            return earned

        del check.__wrapped__  # its signature is the check's own: answers, seed
        made = cast(Check, check)
        made.number, made.mistakes, made.asks = number, dict(mistakes), names
        made.rules = rules
        return made

    return wrap


def _callable(t: Trial, name: str, answer: object) -> None:
    t.require(
        t.can_be_called(answer),
        say("`{name}` is not a function or class any more.", name=name),
        got=f"{t.kind(answer)}: {t.describe(answer)}",
        advice=say("Run the cell of your answer again."),
    )


def _learners_own() -> bool:
    """Tell whether a learner runs this in a notebook; nobody grades or tests it."""
    return in_kernel() and not _AT_THE_START and not os.environ.get(_GRADED)


def _show_as_card() -> None:
    """Let IPython show failed checks as cards, not as text on an error's ground.

    The cell still counts as failed. Somebody else's way of showing errors is left as
    it is; failures then come as text.
    """
    from IPython import get_ipython

    shell: Any = get_ipython()
    if not shell.custom_exceptions:
        shell.set_custom_exc((CheckFailed,), _shown)


def _shown(
    shell: Any, kind: type, failed: Any, trace: Any, tb_offset: Any = None
) -> Any:
    publish(failed.bundle())
    shell._last_traceback = failed.lines()  # what programs that run notebooks report
    return shell._last_traceback


def _stem(body: Callable[..., float | None]) -> str:
    return Path(inspect.getfile(body)).stem


@contextmanager
def _isolated(seed: int) -> Iterator[None]:
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    python_state = random.getstate()
    try:
        with kept_randomness(), torch.enable_grad():
            torch.set_default_dtype(torch.float32)
            torch.set_num_threads(1)  # all is small; a second thread may have to wait
            torch.default_generator.manual_seed(seed)  # torch's own seeds GPUs, too
            yield
    finally:
        torch.set_default_dtype(dtype)
        random.setstate(python_state)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


def look(
    yours: Callable[[], Any],
    target: object = None,
    *,
    draw: Callable[[Any, Any], object] | None = None,
) -> None:
    """Show the learner's value beside the target, before any grading.

    Args:
        yours: calls the answer, e.g. `lambda: inverted_dropout(x, 0.5, True)`.
        target: what a right answer gives, or what it should look like.
        draw: `draw(yours, target)` makes a figure; by default both are printed.

    An exercise that is not attempted yet, or an answer that raises, is said in one
    line and stops nothing.
    """
    try:
        value = yours()
    except NotImplementedError as error:
        if not error.args:
            print(say("○ Not attempted yet: come back to this cell after your answer."))
            return
        _say(error)
    except Exception as error:
        _say(error)
    else:
        if draw is not None:
            _drawn(draw, value, target)
            return
        print(say("yours:  {value}", value=describe(value, limit=24)))
        if target is not None:
            print(say("target: {target}", target=describe(target, limit=24)))


def _drawn(draw: Callable[[Any, Any], object], value: object, target: object) -> None:
    try:
        draw(value, target)
    except Exception as error:  # a value of another shape, or none at all
        print(say("✗ Your value cannot be drawn: {error}", error=error))
        print(say("yours:  {value}", value=describe(value, limit=24)))


def _say(error: Exception) -> None:
    line = learner_line(error.__traceback__)
    print(
        say(
            "✗ Your code raised {name}: {error}", name=type(error).__name__, error=error
        )
    )
    if line:
        print(say("  at {line}", line=line))
