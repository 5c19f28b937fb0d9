"""The vocabulary in which checks are written: a `Trial` runs one learner's answer."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import torch
from torch import nn

from helpers.checks.vocabulary.report import (
    CheckFailed,
    NotAttempted,
    describe,
    learner_line,
)
from helpers.checks.vocabulary.watch import Watch

__all__ = ["Trial"]

# Each random comparison may raise a false alarm with this probability; a check
# makes fewer than 50 of them, which keeps it below 1e-6 as a whole.
FALSE_ALARM = 2e-8

# (rtol, atol): what rounding may change, with room for any order of operations.
# float64 is held to no more than float32 can keep: a right answer may turn a setting
# (p, a temperature, a strength) into a tensor, which is float32 by default, and round
# it by 6e-8; 1 - p or logits over a small temperature make several times that of it.
_TOLERANCE = {
    torch.float64: (1e-4, 1e-5),
    torch.float32: (1e-4, 1e-5),
    torch.bfloat16: (2e-2, 1e-2),
    torch.float16: (5e-3, 1e-3),
}

Mistakes = Mapping[str, object]

ANSWERED = "helpers.checks.answered"
"""Auditing event (PEP 578) raised after each use of an answer: graders look round."""


class Trial:
    """One run of one exercise's check: draws cases, calls the answer, compares.

    Args:
        title: "Exercise 2.2 · inverted_dropout".
        name: the exercise's name; a trailing underscore allows in-place changes.
        mistakes: id → sentence for each mistake that the check can name.
        seed: draws numbers, shapes and dtypes of the cases.
        from_scratch: regular expression for names of torch functions that the answer
            has to do without, or None.

    Every method that compares raises `CheckFailed` with the last call as its case.
    """

    def __init__(
        self,
        title: str,
        name: str,
        *,
        mistakes: Mapping[str, str],
        seed: int = 0,
        from_scratch: str | None = None,
    ) -> None:
        self.title, self.name = title, name
        self.mistakes, self.seed = mistakes, seed
        self.from_scratch = from_scratch
        self.case: str | None = None
        self.parts: list[str] = []
        self.random = random.Random(seed)
        self._draws = torch.Generator().manual_seed(self.random.getrandbits(48))
        self._labels: dict[int, tuple[object, str]] = {}

    # -- drawing cases ----------------------------------------------------------

    def part(self, label: str) -> None:
        """Name the behaviour that is checked from here on."""
        self.parts.append(label)

    def randn(self, *shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """Draw standard normal numbers without touching torch's global generator."""
        return torch.randn(*shape, generator=self._draws, dtype=dtype)

    def rand(self, *shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """Draw uniform numbers in [0, 1)."""
        return torch.rand(*shape, generator=self._draws, dtype=dtype)

    def integers(self, high: int, *shape: int) -> torch.Tensor:
        """Draw int64 numbers in [0, high)."""
        return torch.randint(high, shape, generator=self._draws)

    def generator(self) -> torch.Generator:
        """Return a fresh seeded generator for the answer to draw from."""
        return torch.Generator().manual_seed(self.random.getrandbits(48))

    def dtype(self) -> torch.dtype:
        """Pick float32 or float64."""
        return self.random.choice([torch.float32, torch.float64])

    # -- calling the answer -----------------------------------------------------

    def call(
        self,
        answer: Callable[..., Any],
        *args: Any,
        case: str | None = None,
        errors: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Call the answer and return what it returns.

        Args:
            answer: the learner's function, class, or an object built by it.
            case: text for the message; made from the arguments when None.
            errors: exception class name → mistake id, for mistakes that raise.

        Raises:
            NotAttempted: the stub still stands.
            CheckFailed: the answer raised, or changed one of its tensor arguments
                (unless the exercise's name ends in an underscore).
        """
        label = self._label(answer)
        self.case = case or f"{label}({_arguments(args, kwargs)})"
        inputs = _tensors((args, kwargs))
        before = [tensor.detach().clone() for tensor in inputs]
        result = self._guarded(lambda: answer(*args, **kwargs), errors or {})
        if not self.name.endswith("_"):
            self._unchanged(inputs, before)
        if isinstance(answer, type):
            self._labels[id(result)] = (result, f"{label}({_arguments(args, kwargs)})")
        return result

    def attempt(
        self,
        thunk: Callable[[], Any],
        *,
        case: str,
        errors: Mapping[str, str] | None = None,
    ) -> Any:
        """Run any use of the answer under the same guards as `call`."""
        self.case = case
        return self._guarded(thunk, errors or {})

    def _label(self, answer: object) -> str:
        if id(answer) in self._labels:
            return self._labels[id(answer)][1]
        return getattr(answer, "__name__", self.name)

    def _guarded(self, thunk: Callable[[], Any], errors: Mapping[str, str]) -> Any:
        watch = None
        try:
            if self.from_scratch is None:
                result = thunk()
            else:
                with Watch(self.from_scratch) as watch:
                    result = thunk()
        except CheckFailed:
            raise
        except (Exception, SystemExit) as error:
            self._raised(error, errors)
        sys.audit(ANSWERED)
        self._genuine(result)
        if watch is not None and watch.seen:
            self.fail(
                f"{_public(watch.seen)} does the very thing this exercise asks you to "
                "write.",
                advice="Write it from elementary tensor operations instead.",
            )
        return result

    def _genuine(self, result: object) -> None:
        """Refuse values that define for themselves what they are equal to."""
        parts = result if type(result) in (tuple, list) else [result]
        for part in parts[:20]:
            kind = type(part)
            if name := _replaced(part):
                self.fail(
                    f"the result has a {name} of its own in place of a tensor's.",
                    expected="a plain tensor",
                    got=f"a tensor whose attribute {name} was set",
                    advice="Return the value itself, without attributes of your own.",
                )
            if _impersonates(kind, part):
                self.fail(
                    "the result has a class of your own that stands in for a plain "
                    "value.",
                    expected="a plain tensor or number",
                    got=f"an object of class {kind.__name__}",
                    advice="Return the value itself.",
                )

    def _raised(self, error: BaseException, errors: Mapping[str, str]) -> NoReturn:
        if isinstance(error, NotImplementedError) and not error.args:
            raise NotAttempted(self.title) from None
        line = learner_line(error.__traceback__)
        text = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")
        names = [kind.__name__ for kind in type(error).__mro__]
        mistake = next((errors[name] for name in names if name in errors), None)
        try:
            self.fail(
                "your code raised an error.",
                expected="a result",
                got=text[:300] + (f"\nat {line}" if line else ""),
                mistake=mistake,
            )
        except CheckFailed as failed:
            failed.raised = type(error).__name__
            raise

    def raises(
        self,
        kind: type[BaseException],
        answer: Callable[..., Any],
        *args: Any,
        mistake: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Require that the call raises `kind`."""
        label = self._label(answer)
        self.case = f"{label}({_arguments(args, kwargs)})"
        try:
            try:
                result = answer(*args, **kwargs)
            finally:
                sys.audit(ANSWERED)
        except kind as error:
            if isinstance(error, NotImplementedError) and not error.args:
                raise NotAttempted(self.title) from None
            return
        except (Exception, SystemExit) as error:
            if isinstance(error, NotImplementedError) and not error.args:
                raise NotAttempted(self.title) from None
            got = f"{type(error).__name__}: {error}"[:300]
        else:
            got = f"no error, but {describe(result)}"
        self.fail(
            f"bad input must raise {kind.__name__}.",
            expected=kind.__name__,
            got=got,
            mistake=mistake,
        )

    def _unchanged(
        self, inputs: Sequence[torch.Tensor], before: Sequence[torch.Tensor]
    ) -> None:
        for now, then in zip(inputs, before, strict=True):
            if name := _replaced(now):
                self.fail(f"your code sets the attribute {name} of its argument.")
            same = now.shape == then.shape and _same(now.detach(), then)
            if not same:
                mistake = "in-place" if "in-place" in self.mistakes else None
                self.fail(
                    "your code changes its argument in place.",
                    expected=f"the argument still {describe(then)}",
                    got=_where(now, then) if now.shape == then.shape else describe(now),
                    mistake=mistake,
                    advice=None if mistake else "Work on a copy, or return a new one.",
                )

    # -- comparing --------------------------------------------------------------

    def fail(
        self,
        problem: str,
        *,
        expected: object = None,
        got: object = None,
        mistake: str | None = None,
        advice: str | None = None,
    ) -> NoReturn:
        """Raise `CheckFailed` for the present case; `mistake` is an id of the list."""
        if mistake is not None:
            advice = self.mistakes[mistake]
        raise CheckFailed(
            self.title,
            problem,
            case=self.case,
            expected=_text(expected),
            got=_text(got),
            mistake=mistake,
            advice=advice,
        ) from None

    def require(
        self,
        condition: object,
        problem: str,
        *,
        expected: object = None,
        got: object = None,
        mistake: str | None = None,
        advice: str | None = None,
    ) -> None:
        """Fail with `problem` unless `condition` is true."""
        if not bool(condition):
            self.fail(
                problem, expected=expected, got=got, mistake=mistake, advice=advice
            )

    def tensor(
        self,
        got: object,
        *,
        shape: Sequence[int] | None = None,
        dtype: torch.dtype | None = None,
        like: torch.Tensor | None = None,
        what: str = "the result",
        mistake: str | None = None,
    ) -> torch.Tensor:
        """Require a tensor of this shape and dtype (or those of `like`); return it."""
        if like is not None:
            shape, dtype = like.shape, like.dtype
        if not isinstance(got, torch.Tensor):
            self._not_a(got, "a tensor", what, mistake)
        if shape is not None and tuple(got.shape) != tuple(shape):
            self.fail(
                f"{what} has the wrong shape.",
                expected=f"shape {tuple(shape)}",
                got=f"shape {tuple(got.shape)}",
                mistake=mistake,
            )
        if dtype is not None and got.dtype != dtype:
            self.fail(
                f"{what} has the wrong dtype.",
                expected=dtype,
                got=got.dtype,
                mistake=mistake,
                advice=None if mistake else "Follow the dtype of the input.",
            )
        if like is not None and got.device != like.device:
            self.fail(
                f"{what} is on the wrong device.", expected=like.device, got=got.device
            )
        return got

    def number(
        self, got: object, *, what: str = "the result", mistake: str | None = None
    ) -> float:
        """Require a Python number (not a tensor, not a bool); return it as float."""
        if isinstance(got, bool) or not isinstance(got, (int, float)):
            self._not_a(got, "a Python float", what, mistake)
        return float(got)

    def _not_a(
        self, got: object, kind: str, what: str, mistake: str | None
    ) -> NoReturn:
        advice = None
        if got is None:
            advice = "Your function returns nothing: is `return` missing?"
        elif kind == "a Python float" and isinstance(got, torch.Tensor):
            advice = "`.item()` turns a tensor with one number into a Python float."
        self.fail(
            f"{what} is not {kind}.",
            expected=kind,
            got=f"{type(got).__name__}: {describe(got)}" if got is not None else "None",
            mistake=mistake,
            advice=advice,
        )

    def close(
        self,
        got: object,
        expected: torch.Tensor | float,
        *,
        what: str = "the result",
        mistakes: Mistakes | None = None,
        rtol: float | None = None,
        atol: float | None = None,
        advice: str | None = None,
    ) -> None:
        """Require `got` ≈ `expected`, same kind, shape, dtype and device.

        Args:
            mistakes: mistake id → the value that this mistake gives here. The first
                one that `got` agrees with is named (values that coincide with the
                right one are skipped).
            rtol, atol: tolerances; by default those of the dtype (rounding only).
        """
        wrong = dict(mistakes or {})
        if isinstance(expected, torch.Tensor):
            if isinstance(got, torch.Tensor) and got.shape != expected.shape:
                mistake = self._match(got, expected, wrong, rtol, atol)
                self.tensor(got, like=expected, what=what, mistake=mistake)
            value = self.tensor(got, like=expected, what=what)
        else:
            value, expected = self.number(got, what=what), float(expected)
        if _agree(value, expected, rtol, atol):
            return
        mistake = self._match(value, expected, wrong, rtol, atol)
        problem = f"{what} is not right."
        if _has_nan(value) and not _has_nan(expected):
            problem = f"{what} contains NaN."
        self.fail(
            problem,
            expected=expected,
            got=_where(value, expected),
            mistake=mistake,
            advice=advice,
        )

    def _match(
        self,
        got: object,
        expected: object,
        mistakes: Mistakes,
        rtol: float | None,
        atol: float | None,
    ) -> str | None:
        for mistake, value in mistakes.items():
            if _agree(value, expected, rtol, atol):
                continue
            if _agree(got, value, rtol, atol):
                return mistake
        return None

    def same(
        self, got: object, expected: object, *, what: str, mistake: str | None = None
    ) -> None:
        """Require equality of plain values (strings, ints, bools, tuples of them)."""
        if type(got) is not type(expected) or got != expected:
            self.fail(
                f"{what} is not right.", expected=expected, got=got, mistake=mistake
            )

    # -- randomness -------------------------------------------------------------

    def fraction(
        self,
        hits: float,
        trials: int,
        p: float,
        *,
        what: str,
        mistakes: Mapping[str, float] | None = None,
        advice: str | None = None,
    ) -> None:
        """Require that `hits` of `trials` independent coins fit probability `p`.

        The test is Chernoff's bound: a right answer fails with probability at most
        2e-8 per call, whatever `trials` and `p` are.

        Args:
            mistakes: mistake id → the probability that this mistake would show.
        """
        hits = int(hits)
        if _plausible(hits, trials, p):
            return
        mistake = next(
            (
                name
                for name, other in (mistakes or {}).items()
                if _plausible(hits, trials, other)
            ),
            None,
        )
        self.fail(
            f"{what} is not what it should be.",
            expected=f"about {p:.3g} (of {trials} draws)",
            got=f"{hits / trials:.3g}",
            mistake=mistake,
            advice=advice,
        )

    def draws(
        self,
        draw: Callable[[torch.Generator | None], torch.Tensor],
        *,
        case: str,
        with_generator: bool = True,
        without_generator: bool = True,
        repeated: str | None = None,
    ) -> None:
        """Require that every random number comes from the right generator.

        Same state → same result; the next call differs; a given generator leaves
        torch's global one alone; without one the global generator is used and is not
        reseeded.

        Args:
            draw: runs the answer with this generator; the chance that two
                independent results agree must be below 1e-9.
            with_generator, without_generator: which of the two ways to try.
            repeated: mistake id if two calls in a row give the same result.
        """
        if with_generator:
            self._draws_from_given(draw, case, repeated)
        if without_generator:
            self._draws_from_global(draw, case, repeated)

    def _draws_from_given(
        self, draw: Callable[..., torch.Tensor], case: str, repeated: str | None
    ) -> None:
        generator = self.generator()
        state = generator.get_state()
        global_state = torch.get_rng_state()
        first, second = (
            self.attempt(lambda: draw(generator), case=case + " twice")
            for _ in range(2)
        )
        self.require(
            torch.equal(torch.get_rng_state(), global_state),
            "your code draws from torch's global generator although it was given one.",
            advice="Pass `generator=generator` to the function that draws.",
        )
        self._new_each_time(first, second, repeated)
        generator.set_state(state)
        again = self.attempt(lambda: draw(generator), case=case)
        self.require(
            _same(first, again),
            "the same generator state gives two different results.",
            advice="Draw all random numbers from `generator`.",
        )

    def _draws_from_global(
        self, draw: Callable[..., torch.Tensor], case: str, repeated: str | None
    ) -> None:
        state = torch.get_rng_state()
        case += " with generator=None" if "(" in case else ""
        first, second = (
            self.attempt(lambda: draw(None), case=case + ", twice") for _ in range(2)
        )
        self._new_each_time(first, second, repeated)
        torch.set_rng_state(state)
        again = self.attempt(lambda: draw(None), case=case)
        self.require(
            _same(first, again),
            "after the same torch.manual_seed the result differs.",
            advice="Draw from torch's global generator when none is given.",
        )

    def _new_each_time(
        self, first: object, second: object, repeated: str | None
    ) -> None:
        self.require(
            not _same(first, second),
            "two calls in a row give the same random result.",
            expected="new random numbers in each call",
            mistake=repeated,
            advice="Never seed a generator inside the function.",
        )


# -- plain functions ----------------------------------------------------------------


def _public(names: Sequence[str]) -> str:
    """Return the first name that is not private, or else the first."""
    return next((name for name in names if "._" not in name), names[0])


def _arguments(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    parts = [describe(value) for value in args]
    parts += [f"{key}={describe(value)}" for key, value in kwargs.items()]
    return ", ".join(parts)


def _tensors(value: object) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, nn.Module):
        return [*value.parameters()]
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return []
    return [tensor for item in value for tensor in _tensors(item)]


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return describe(value)


def _same(a: object, b: object) -> bool:
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a.shape == b.shape and bool(
            torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)
            if a.is_floating_point() and b.is_floating_point()
            else torch.equal(a, b)
        )
    return bool(a == b)


_TENSORS = (torch.Tensor, nn.Parameter, nn.Buffer)
_PLAIN = (bool, int, float, complex, str, bytes, tuple, list, dict, set, type(None))


def _impersonates(kind: type, value: object) -> bool:
    """Tell whether a value of this class could pass for another by its own methods."""
    if kind in _TENSORS or kind in _PLAIN:
        return False
    if issubclass(kind, torch.Tensor) or hasattr(kind, "__torch_function__"):
        return True
    named = getattr(np, kind.__name__, None) is kind  # NumPy's own numbers and arrays
    if issubclass(kind, _PLAIN):
        base = next(each for each in _PLAIN if issubclass(kind, each))
        return kind.__eq__ is not base.__eq__ and not named
    return isinstance(value, (torch.Tensor, *_PLAIN))  # by a `__class__` of its own


def _replaced(value: object) -> str | None:
    """Return the name of one of a tensor's own attributes that somebody has set."""
    kind = type(value)
    own = vars(value) if kind in _TENSORS else ()
    return next((name for name in own if hasattr(kind, name)), None)


def _agree(
    got: object, expected: object, rtol: float | None, atol: float | None
) -> bool:
    if not isinstance(got, torch.Tensor):
        got = torch.as_tensor(got, dtype=torch.float64)
    if not isinstance(expected, torch.Tensor):
        expected = torch.as_tensor(expected, dtype=torch.float64)
    if got.shape != expected.shape:
        return False
    coarse = min(got.dtype, expected.dtype, key=_precision)
    default = _TOLERANCE.get(coarse, (0.0, 0.0))
    a, b = (t.detach().cpu().to(torch.float64) for t in (got, expected))
    return torch.allclose(
        a,
        b,
        rtol=default[0] if rtol is None else rtol,
        atol=default[1] if atol is None else atol,
        equal_nan=True,
    )


def _precision(dtype: torch.dtype) -> float:
    if not dtype.is_floating_point:
        return math.inf
    return -torch.finfo(dtype).eps


def _has_nan(value: object) -> bool:
    if isinstance(value, torch.Tensor):
        return value.is_floating_point() and bool(value.isnan().any())
    return isinstance(value, float) and math.isnan(value)


def _where(got: torch.Tensor | float, expected: torch.Tensor | float) -> str:
    """Describe `got`; for a large tensor name the entry that is furthest off."""
    if not isinstance(got, torch.Tensor) or got.numel() <= 8:
        return describe(got)
    off = (got.detach().double() - expected.detach().double()).abs().cpu()
    index = int(off.nan_to_num(math.inf).argmax())
    # torch.unravel_index would import sympy first, which takes seconds
    strides = [math.prod(got.shape[d + 1 :]) for d in range(got.dim())]
    place = [index // s % n for s, n in zip(strides, got.shape, strict=True)]
    here = got.detach().flatten()[index].item()
    there = expected.detach().flatten()[index].item()
    return f"{here:.5g} at {place} where {there:.5g} is right"


def _plausible(hits: int, trials: int, p: float) -> bool:
    """Chernoff: P(empirical fraction as far as this) ≤ 2·exp(-trials·KL(f‖p))."""
    f = hits / trials
    terms: Iterable[tuple[float, float]] = ((f, p), (1 - f, 1 - p))
    divergence = 0.0
    for a, b in terms:
        if a > 0:
            if b <= 0:
                return False
            divergence += a * math.log(a / b)
    return trials * divergence <= math.log(2 / FALSE_ALARM)
