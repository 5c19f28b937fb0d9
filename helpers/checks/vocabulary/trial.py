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

Plain values that came back are the check's own: None, bools, numbers, text, tensors,
NumPy's numbers and arrays, and tuples, lists, dicts and sets of them. So are the
networks, optimizers and functions that it made itself and handed over, also when they
have been changed. A tensor that came back and carries a graph is differentiated by
`gradients`, as it came: what is computed from it carries none.

Each of these is one use of the list in `uses`, done by a `Subject`. A subject in
another process would make it a message.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor, nn

from helpers.checks.vocabulary import uses
from helpers.checks.vocabulary.report import CheckFailed, NotAttempted, describe
from helpers.checks.vocabulary.subject import ANSWERED, Outcome, Raised, Subject

__all__ = ["ANSWERED", "Trial"]

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
Explain = Callable[[Raised], None]


class Trial:
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
        subject: does what is asked of a learner's object; of the class, so that tests
            can put another in its place.
        case: text of the last call, which the next message shows.
        parts: the behaviors checked so far.

    Every method that compares raises `CheckFailed` with the last call as its case.
    Every method that uses a learner's object raises `NotAttempted` where the stub still
    stands, and `CheckFailed` where the learner's code raises.
    """

    subject = Subject()

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
        self.title, self.name = title, name
        self.mistakes, self.seed = mistakes, seed
        self.from_scratch, self.quiet = from_scratch, quiet
        self.case: str | None = None
        self._one_case = False
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

    def dtypes(self) -> list[torch.dtype]:
        """Return float32 and float64 in a drawn order, for checks that use both."""
        return self.random.sample([torch.float32, torch.float64], 2)

    # -- using a learner's object -----------------------------------------------

    def call(
        self,
        answer: Any,
        *args: Any,
        case: str | None = None,
        errors: Mapping[str, str] | None = None,
        explain: Explain | None = None,
        may_change: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Call the answer and return what it returns.

        Args:
            answer: the learner's function, class, or an object built by it; or one of
                torch's own classes, to be handed a learner's object.
            case: text for the message; made from the arguments when None.
            errors: exception class name → mistake id, for mistakes that raise.
            explain: sees what was raised first, and may fail in better words.
            may_change: allow changes of tensors among the arguments, as a name that
                ends in an underscore does.

        Raises:
            NotAttempted: the stub still stands.
            CheckFailed: the answer raised, or changed one of its tensor arguments, or
                used what has to be written from scratch.
        """
        inputs = [] if may_change or self.name.endswith("_") else _tensors(args, kwargs)
        before = [tensor.detach().clone() for tensor in inputs]
        outcome = self.outcome(answer, *args, case=case, **kwargs)
        result = self._settled(outcome, errors, explain)
        self._unchanged(inputs, before)
        if not isinstance(result, (Tensor, *_PLAIN)):
            self._labels[id(result)] = (result, self._call_text(answer, args, kwargs))
        return result

    def outcome(
        self, answer: Any, *args: Any, case: str | None = None, **kwargs: Any
    ) -> Outcome:
        """Call the answer and return what came of it, be it an exception.

        Args: as of `call`. Nothing is required of the outcome.
        """
        self._say(case or self._call_text(answer, args, kwargs))
        return self._use(uses.call, answer, args, kwargs)

    def method(
        self,
        owner: Any,
        name: str,
        *args: Any,
        case: str,
        explain: Explain | None = None,
    ) -> Any:
        """Call a method of a learner's object, which may change its arguments."""
        self._say(case)
        outcome = self._use(uses.method, owner, name, args)
        return self._settled(outcome, None, explain)

    def get(self, owner: Any, *names: str, case: str) -> tuple[Any, ...]:
        """Read attributes of a learner's object, in this order."""
        self._say(case)
        return tuple(self._settled(self._use(uses.attributes, owner, names)))

    def set_mode(self, module: Any, training: bool) -> None:
        """Put a learner's module into train or eval mode."""
        self._settled(self._use(uses.set_mode, module, training))

    def modes(self, module: Any) -> list[bool]:
        """Read `training` of a learner's module and of all that are inside."""
        return list(self._settled(self._use(uses.modes, module)))

    def parameters(self, module: Any) -> list[Tensor]:
        """Return a module's parameters; those the check made are the very same."""
        return list(self._settled(self._use(uses.parameters, module)))

    def gradients(
        self,
        out: Tensor,
        inputs: Sequence[Tensor],
        weight: Tensor | None = None,
        *,
        explain: Explain | None = None,
    ) -> list[Tensor | None]:
        """Differentiate a tensor that came back from the learner's code.

        Args:
            out: the tensor, as it came.
            inputs: tensors that were handed over, or a learner's module's parameters.
            weight: like `out`; 1 everywhere when None.
            explain: sees what was raised first, and may fail in better words.

        Returns:
            d(Σ weight·out)/d input for each input, None where no gradient arrives.
        """
        outcome = self._use(uses.gradients, out, inputs, weight)
        return list(self._settled(outcome, None, explain))

    def state(self, owner: Any, *, case: str) -> Any:
        """Return a copy of a learner's object's `state_dict()`."""
        self._say(case)
        return self._settled(self._use(uses.state, owner))

    def set_groups(self, optimizer: Any, **settings: float) -> None:
        """Write settings, such as weight_decay, into every group of an optimizer."""
        self._settled(self._use(uses.set_groups, optimizer, settings))

    def steps(
        self,
        optimizer: Any,
        params: Sequence[Tensor],
        grads: Sequence[Sequence[Tensor | None]],
        *,
        case: str,
    ) -> None:
        """Have a learner's optimizer take one step per row of gradients.

        Args:
            params: those that it holds; the check's own.
            grads: rows of one gradient for each parameter, None for none.
        """
        self._say(case)
        self._settled(self._use(uses.steps, optimizer, params, grads))

    def items(self, values: Any) -> list[Any]:
        """Walk through an iterable that came back, and return its items."""
        return list(self._settled(self._use(uses.items, values)))

    def killed(self, answer: Any, *args: Any, limit: int) -> bool:
        """Call in a process that is killed once a file exceeds `limit` bytes.

        Returns:
            whether it was; False also where there can be no second process.
        """
        return bool(self._settled(self._use(uses.killed, answer, args, limit)))

    def is_a(self, value: Any, kind: type) -> bool:
        """Tell whether something that came back is of this class of torch's."""
        return bool(self._settled(self._use(uses.is_a, value, kind)))

    def derives(self, answer: Any, base: type) -> bool:
        """Tell whether the answer is a class derived from this one of torch's."""
        return bool(self._settled(self._use(uses.derives, answer, base)))

    def can_be_called(self, answer: Any) -> bool:
        """Tell whether the answer is a function or class at all."""
        return bool(self._settled(self._use(uses.can_be_called, answer)))

    def kind(self, value: Any) -> str:
        """Return the name of the class of something that came back."""
        return self.subject.kind(value)

    def describe(self, value: Any) -> str:
        """Return a short text for something that came back."""
        return self.subject.describe(value)

    def label(self, answer: Any) -> str:
        """Return a function's name, or the call that made an object."""
        if id(answer) not in self._labels:
            outcome = self._use(uses.name, answer, self.name)
            self._labels[id(answer)] = (answer, str(self._settled(outcome)))
        return self._labels[id(answer)][1]

    def _call_text(
        self, answer: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> str:
        parts = [self.describe(value) for value in args]
        parts += [f"{key}={self.describe(value)}" for key, value in kwargs.items()]
        return f"{self.label(answer)}({', '.join(parts)})"

    def _say(self, case: str) -> None:
        if not self._one_case:
            self.case = case

    @contextmanager
    def _as_one_case(self, case: str) -> Iterator[None]:
        """Have all uses in the block appear under one text."""
        self.case, self._one_case = case, True
        try:
            yield
        finally:
            self._one_case = False

    def _use(self, operation: Callable[..., Any], *arguments: Any) -> Outcome:
        return self.subject.use(
            operation, *arguments, watch=self.from_scratch, quiet=self.quiet
        )

    def _settled(
        self,
        outcome: Outcome,
        errors: Mapping[str, str] | None = None,
        explain: Explain | None = None,
    ) -> Any:
        """Return the value; fail if there is none, or none that can be trusted."""
        if outcome.raised is not None:
            self._raised(outcome.raised, errors or {}, explain)
        self._genuine(outcome.value)
        if outcome.seen:
            self.fail(
                f"{_public(outcome.seen)} does the very thing this exercise asks you "
                "to write.",
                advice="Write it from elementary tensor operations instead.",
            )
        return outcome.value

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

    def _raised(
        self, error: Raised, errors: Mapping[str, str], explain: Explain | None
    ) -> NoReturn:
        if error.stub:
            raise NotAttempted(self.title) from None
        if explain is not None:
            explain(error)
        text = str(error).splitlines()[0].rstrip(": ")
        try:
            self.fail(
                "your code raised an error.",
                expected="a result",
                got=text[:300] + (f"\nat {error.line}" if error.line else ""),
                mistake=next((errors[n] for n in error.names if n in errors), None),
            )
        except CheckFailed as failed:
            failed.raised = error.name
            raise

    def raises(
        self,
        kind: type[BaseException],
        answer: Any,
        *args: Any,
        mistake: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Require that the call raises `kind`."""
        self._say(self._call_text(answer, args, kwargs))
        outcome = self.subject.use(uses.call, answer, args, kwargs, quiet=self.quiet)
        self.refused(kind, outcome, mistake=mistake)

    def refused(
        self, kind: type[BaseException], outcome: Outcome, *, mistake: str | None = None
    ) -> None:
        """Require that what was done raised `kind`."""
        error = outcome.raised
        if error is not None and error.stub:
            raise NotAttempted(self.title) from None
        if error is not None and kind.__name__ in error.names:
            return
        got = f"no error, but {self.describe(outcome.value)}"
        self.fail(
            f"bad input must raise {kind.__name__}.",
            expected=kind.__name__,
            got=got if error is None else str(error)[:300],
            mistake=mistake,
        )

    def module(self, made: Any) -> Any:
        """Require a learner's nn.Module that is ready for use; return it."""
        self.require(
            self.is_a(made, nn.Module),
            "this is not an nn.Module.",
            expected="class ...(nn.Module)",
            got=self.kind(made),
        )
        self.require(
            self._settled(self._use(uses.is_set_up, made)),
            "nn.Module's own `__init__` has not run.",
            advice="Begin your `__init__` with `super().__init__()`.",
        )
        return made

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
            got="None" if got is None else f"{self.kind(got)}: {self.describe(got)}",
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
        with self._as_one_case(case + " twice"):
            first, second = draw(generator), draw(generator)
        self.require(
            torch.equal(torch.get_rng_state(), global_state),
            "your code draws from torch's global generator although it was given one.",
            advice="Pass `generator=generator` to the function that draws.",
        )
        self._new_each_time(first, second, repeated)
        generator.set_state(state)
        with self._as_one_case(case):
            again = draw(generator)
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
        with self._as_one_case(case + ", twice"):
            first, second = draw(None), draw(None)
        self._new_each_time(first, second, repeated)
        torch.set_rng_state(state)
        with self._as_one_case(case):
            again = draw(None)
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


def _tensors(*values: object) -> list[Tensor]:
    """Return the tensors among arguments, and the parameters of modules."""
    return [tensor for value in values for tensor in _tensors_in(value)]


def _tensors_in(value: object) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, nn.Module):
        return [*value.parameters()]
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return []
    return _tensors(*value)


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
