"""The vocabulary in which checks are written: a `Trial` runs one learner's answer.

A check never touches a *learner's object*: the answer itself, and whatever came out of
it that is no plain value (a module, an optimizer, a generator, an object of a class of
their own). It holds such an object only to hand it to one of these:

| to …                                          | ask                                  |
| --------------------------------------------- | ------------------------------------ |
| call a function, a class, an object           | `call`, `outcome`, `raises`          |
| hand it to one of torch's own classes         | `call(nn.Sequential, theirs)`        |
| call a method, read attributes                | `method`, `get`                      |
| switch or read modes                          | `set_mode`, `modes`                  |
| get parameters, gradients, a state_dict       | `parameters`, `gradients`, `state`   |
| have an optimizer step, change its settings   | `steps`, `set_groups`                |
| walk through it                               | `items`                              |
| ask what it is                                | `module`, `is_a`, `derives`, `kind`  |
| say it in a message                           | `describe`, and `got=` everywhere    |
| draw random numbers in it                     | `draws`, with `call` inside          |
| have a process killed in the midst of it      | `killed`                             |
| give it files, see those that it writes       | `folder`, `write`, `look_at`         |

Plain values that came back are the check's own: None, bools, numbers, text, tensors,
NumPy's numbers and arrays, and tuples, lists, dicts and sets of them. So are the
networks, optimizers and functions that it made itself and handed over, also when they
have been changed. A tensor that came back and carries a graph is differentiated by
`gradients`, as it came: what is computed from it carries none.

Each of these is one use of the list in `uses`, done by a `Subject`. The grader's is in
another process, and each use a message to it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NoReturn

import torch

from helpers.checks.vocabulary.handling import Explain, Handling
from helpers.checks.vocabulary.report import CheckFailed
from helpers.checks.vocabulary.values import agree as _agree
from helpers.checks.vocabulary.values import has_nan as _has_nan
from helpers.checks.vocabulary.values import same as _same
from helpers.checks.vocabulary.values import where as _where
from helpers.words import say

__all__ = ["FALSE_ALARM", "Explain", "Trial"]

# Each random comparison may raise a false alarm with this probability; a check
# makes fewer than 50 of them, which keeps it below 1e-6 as a whole.
FALSE_ALARM = 2e-8

Mistakes = Mapping[str, object]


class Trial(Handling):
    """One run of one exercise's check: draws cases, calls the answer, compares.

    Args:
        title: "Exercise 2.2 · inverted_dropout".
        name: the exercise's name; a trailing underscore allows in-place changes.
        mistakes: id → sentence for each mistake that the check can name.
        seed: draws numbers, shapes and dtypes of the cases.
        from_scratch: regular expression for names of torch functions that the answer
            has to do without, or None.
        quiet: let the answer run without warnings: torch warns of mistakes that the
            check names.

    Attributes:
        case: text of the last call, which the next message shows.
        parts: the behaviors checked so far.

    Every method that compares raises `CheckFailed` with the last call as its case.
    Every method that uses a learner's object raises `NotAttempted` where the stub still
    stands, and `CheckFailed` where the learner's code raises.
    """

    def __init__(
        self,
        title: str,
        name: str,
        *,
        mistakes: Mapping[str, str],
        seed: int = 0,
        from_scratch: str | None = None,
        quiet: bool = False,
    ) -> None:
        super().__init__(
            title, name, mistakes=mistakes, from_scratch=from_scratch, quiet=quiet
        )
        self.seed = seed
        self.parts: list[str] = []
        self.random = random.Random(seed)
        self._draws = torch.Generator().manual_seed(self.random.getrandbits(48))

    # -- drawing cases ----------------------------------------------------------

    def part(self, label: str) -> None:
        """Name the behavior that is checked from here on."""
        self.parts.append(say(label))

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

    def dtypes(self) -> list[torch.dtype]:
        """Return float32 and float64 in a drawn order, for checks that use both."""
        return self.random.sample([torch.float32, torch.float64], 2)

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
            expected=self._text(expected),
            got=self._text(got),
            mistake=mistake,
            advice=advice,
        ) from None

    def _text(self, value: object) -> str | None:
        if value is None or isinstance(value, str):
            return value
        return self.describe(value)

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
        what: str = say("the result"),
        mistake: str | None = None,
    ) -> torch.Tensor:
        """Require a tensor of this shape and dtype (or those of `like`); return it."""
        if like is not None:
            shape, dtype = like.shape, like.dtype
        if not isinstance(got, torch.Tensor):
            self._not_a(got, say("a tensor"), what, mistake)
        if shape is not None and tuple(got.shape) != tuple(shape):
            self.fail(
                say("{what} has the wrong shape.", what=what),
                expected=say("shape {shape}", shape=tuple(shape)),
                got=say("shape {shape}", shape=tuple(got.shape)),
                mistake=mistake,
            )
        if dtype is not None and got.dtype != dtype:
            self.fail(
                say("{what} has the wrong dtype.", what=what),
                expected=dtype,
                got=got.dtype,
                mistake=mistake,
                advice=None if mistake else say("Follow the dtype of the input."),
            )
        if like is not None and got.device != like.device:
            self.fail(
                say("{what} is on the wrong device.", what=what),
                expected=like.device,
                got=got.device,
            )
        return got

    def number(
        self, got: object, *, what: str = say("the result"), mistake: str | None = None
    ) -> float:
        """Require a Python number (not a tensor, not a bool); return it as float."""
        if isinstance(got, bool) or not isinstance(got, (int, float)):
            self._not_a(got, say("a Python float"), what, mistake, number=True)
        return float(got)

    def _not_a(
        self,
        got: object,
        kind: str,
        what: str,
        mistake: str | None,
        *,
        number: bool = False,
    ) -> NoReturn:
        advice = None
        if got is None:
            advice = say("Your function returns nothing: is `return` missing?")
        elif number and isinstance(got, torch.Tensor):
            advice = say(
                "`.item()` turns a tensor with one number into a Python float."
            )
        self.fail(
            say("{what} is not {kind}.", what=what, kind=kind),
            expected=kind,
            got="None" if got is None else f"{self.kind(got)}: {self.describe(got)}",
            mistake=mistake,
            advice=advice,
        )

    def close(
        self,
        got: object,
        expected: torch.Tensor | float,
        *,
        what: str = say("the result"),
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
        value: torch.Tensor | float
        if isinstance(expected, torch.Tensor):
            if isinstance(got, torch.Tensor) and got.shape != expected.shape:
                mistake = self._match(got, expected, wrong, rtol, atol)
                self.tensor(got, like=expected, what=what, mistake=mistake)
            value = self.tensor(got, like=expected, what=what)
        else:
            expected = float(expected)
            value = self.number(got, what=what)
        if _agree(value, expected, rtol, atol):
            return
        mistake = self._match(value, expected, wrong, rtol, atol)
        problem = say("{what} is not right.", what=what)
        if _has_nan(value) and not _has_nan(expected):
            problem = say("{what} contains NaN.", what=what)
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
                say("{what} is not right.", what=what),
                expected=expected,
                got=got,
                mistake=mistake,
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
            say("{what} is not what it should be.", what=what),
            expected=say("about {p:.3g} (of {trials} draws)", p=p, trials=trials),
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
            draw: has the answer called with this generator; the chance that two
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
        with self._as_one_case(case + say(" twice")):
            first, second = draw(generator), draw(generator)
        self.require(
            torch.equal(torch.get_rng_state(), global_state),
            say(
                "your code draws from torch's global generator although it was given "
                "one."
            ),
            advice=say("Pass `generator=generator` to the function that draws."),
        )
        self._new_each_time(first, second, repeated)
        generator.set_state(state)
        with self._as_one_case(case):
            again = draw(generator)
        self.require(
            _same(first, again),
            say("the same generator state gives two different results."),
            advice=say("Draw all random numbers from `generator`."),
        )

    def _draws_from_global(
        self, draw: Callable[..., torch.Tensor], case: str, repeated: str | None
    ) -> None:
        state = torch.get_rng_state()
        case += say(" with generator=None") if "(" in case else ""
        with self._as_one_case(case + say(", twice")):
            first, second = draw(None), draw(None)
        self._new_each_time(first, second, repeated)
        torch.set_rng_state(state)
        with self._as_one_case(case):
            again = draw(None)
        self.require(
            _same(first, again),
            say("after the same torch.manual_seed the result differs."),
            advice=say("Draw from torch's global generator when none is given."),
        )

    def _new_each_time(
        self, first: object, second: object, repeated: str | None
    ) -> None:
        self.require(
            not _same(first, second),
            say("two calls in a row give the same random result."),
            expected=say("new random numbers in each call"),
            mistake=repeated,
            advice=say("Never seed a generator inside the function."),
        )


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
