"""The part of a `Trial` that has to do with the learner's objects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from torch import Tensor, nn

from helpers.checks.vocabulary import uses
from helpers.checks.vocabulary.report import CheckFailed, NotAttempted, describe
from helpers.checks.vocabulary.subject import Outcome, Raised, Subject
from helpers.checks.vocabulary.values import (
    PLAIN,
    dense,
    form,
    forms,
    impersonates,
    replaced,
    same,
    tensors_in,
    where,
)
from helpers.words import say

__all__ = ["Explain", "Handling", "Spent"]

Explain = Callable[[Raised], None]


class Spent(NamedTuple):
    """What a training cost; see `uses.counted`.

    Attributes:
        steps: of torch's optimizers.
        passes: backward passes.
        seconds: of the processor.
    """

    steps: int
    passes: int
    seconds: float


class Handling(ABC):
    """Uses a learner's objects and requires that it goes well; see `Trial`.

    Args:
        title, name, mistakes, from_scratch, quiet: as of `Trial`.

    Attributes:
        subject: does what is asked of a learner's object; of the class, so that tests
            can put another in its place.
        case: text of the last call, which the next message shows.

    Every method raises `NotAttempted` where the stub still stands, and `CheckFailed`
    where the learner's code raises.
    """

    subject = Subject()

    def __init__(
        self,
        title: str,
        name: str,
        *,
        mistakes: Mapping[str, str],
        from_scratch: str | None,
        quiet: bool,
    ) -> None:
        self.title, self.name, self.mistakes = title, name, mistakes
        self.from_scratch, self.quiet = from_scratch, quiet
        self.case: str | None = None
        self._one_case = False
        self._labels: dict[int, tuple[object, str]] = {}

    @abstractmethod
    def fail(
        self,
        problem: str,
        *,
        expected: object = None,
        got: object = None,
        mistake: str | None = None,
        advice: str | None = None,
    ) -> NoReturn:
        """Raise `CheckFailed` for the present case."""

    @abstractmethod
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
        inputs = (
            [] if may_change or self.name.endswith("_") else tensors_in(args, kwargs)
        )
        with self._leaves(inputs):
            outcome = self.outcome(answer, *args, case=case, **kwargs)
            result = self._settled(outcome, errors, explain)
        if not isinstance(result, (Tensor, *PLAIN)):
            self._labels[id(result)] = (result, self._call_text(answer, args, kwargs))
        return result

    def calls(
        self,
        times: int,
        answer: Any,
        *args: Any,
        case: str | None = None,
        errors: Mapping[str, str] | None = None,
        explain: Explain | None = None,
    ) -> list[Any]:
        """Call the answer several times; return copies of what it returned, detached.

        It is one use, where as many `call` would be one each.

        Args:
            times: how often. The others are as of `call`.
        """
        with self._leaves(tensors_in(args, {})):
            self._say(case or self._call_text(answer, args, {}))
            outcome = self._use(uses.calls, answer, times, args, {})
            results = list(self._settled(outcome, errors, explain))
            for each in results:
                self._genuine(each)
        return results

    def outcome(
        self, answer: Any, *args: Any, case: str | None = None, **kwargs: Any
    ) -> Outcome:
        """Call the answer and return what came of it, be it an exception.

        Args: as of `call`. Nothing is required of the outcome.
        """
        self._say(case or self._call_text(answer, args, kwargs))
        return self._use(uses.call, answer, args, kwargs)

    def apart(self) -> AbstractContextManager[None]:
        """Let what is used in the block leave nothing behind; see `Subject.apart`."""
        return self.subject.apart()

    def train(
        self, answer: Any, *args: Any, case: str, explain: Explain | None = None
    ) -> tuple[Any, Spent]:
        """Call an answer that trains; return what it returned, and what it spent.

        Args: as of `call`; tensors among them must stay as they are.
        """
        with self._leaves(tensors_in(args, {})):
            self._say(case)
            outcome = self._use(uses.counted, answer, args)
            result, *spent = self._settled(outcome, explain=explain)
        if not isinstance(result, (Tensor, *PLAIN)):
            self._labels[id(result)] = (result, case)
        return result, Spent(*spent)

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
        with self._leaves(tensors_in(inputs, weight)):  # all that follows uses them
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

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Make a folder where the answer lives, for files; delete it in the end."""
        name = str(self._settled(self.subject.use(uses.folder)))
        try:
            yield Path(name)
        finally:
            with suppress(Exception):  # whatever is to be said has been said
                self.subject.use(uses.leave, name)

    def look_at(self, path: object) -> tuple[str, int, str]:
        """Return (kind, bytes, SHA-256) of what is there: "file", "folder" or ""."""
        kind, size, digest = self._settled(self.subject.use(uses.look_at, str(path)))
        return kind, size, digest

    def write(self, path: object, data: bytes) -> None:
        """Write a file that the answer is to read."""
        self._settled(self.subject.use(uses.write, str(path), data))

    def linked(self, path: object, second: object) -> bool:
        """Give a file a second name; False where there are none to be had."""
        made = self.subject.use(uses.linked, str(path), str(second))
        return bool(self._settled(made))

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
        given = forms(*arguments[1:])  # the first one is the learner's
        outcome = self.subject.use(
            operation, *arguments, watch=self.from_scratch, quiet=self.quiet
        )
        taken_apart = any(form(each) != before for each, before in given)
        if outcome.raised is None and taken_apart:
            self.fail(
                say("your code takes its argument apart."),
                expected=say("the same shapes and dtypes, and the same modules inside"),
                advice=say("Change numbers and modes; leave the rest as it came."),
            )
        return outcome

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
                say(
                    "{public} does the very thing this exercise asks you to write.",
                    public=_public(outcome.seen),
                ),
                advice=say("Write it from elementary tensor operations instead."),
            )
        return outcome.value

    def _genuine(self, result: object) -> None:
        """Refuse values that define for themselves what they are equal to.

        And tensors that are not dense: most of what a check does with one would fail.
        """
        parts: Any = result if type(result) in (tuple, list) else [result]
        for part in parts[:20]:
            kind = type(part)
            if name := replaced(part):
                self.fail(
                    say(
                        "the result has a {name} of its own in place of a tensor's.",
                        name=name,
                    ),
                    expected=say("a plain tensor"),
                    got=say("a tensor whose attribute {name} was set", name=name),
                    advice=say(
                        "Return the value itself, without attributes of your own."
                    ),
                )
            if impersonates(kind, part):
                self.fail(
                    say(
                        "the result has a class of your own that stands in for a plain "
                        "value."
                    ),
                    expected=say("a plain tensor or number"),
                    got=say("an object of class {name}", name=kind.__name__),
                    advice=say("Return the value itself."),
                )
            if isinstance(part, Tensor) and not dense(part):
                self.fail(
                    say("the result is no ordinary tensor."),
                    expected=say("a dense tensor"),
                    got=part,
                    advice=say("Return the numbers themselves, as torch.zeros does."),
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
                say("your code raised an error."),
                expected=say("a result"),
                got=text[:300]
                + (say("\nat {line}", line=error.line) if error.line else ""),
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
        got = say("no error, but {value}", value=self.describe(outcome.value))
        self.fail(
            say("bad input must raise {name}.", name=kind.__name__),
            expected=kind.__name__,
            got=got if error is None else str(error)[:300],
            mistake=mistake,
        )

    def module(self, made: Any) -> Any:
        """Require a learner's nn.Module that is ready for use; return it."""
        self.require(
            self.is_a(made, nn.Module),
            say("this is not an nn.Module."),
            expected=say("class ...(nn.Module)"),
            got=self.kind(made),
        )
        self.require(
            self._settled(self._use(uses.is_set_up, made)),
            say("nn.Module's own `__init__` has not run."),
            advice=say("Begin your `__init__` with `super().__init__()`."),
        )
        return made

    @contextmanager
    def _leaves(self, inputs: Sequence[Tensor]) -> Iterator[None]:
        """Fail if the block comes to its end and has changed one of these tensors."""
        before = [tensor.detach().clone() for tensor in inputs]
        yield
        for now, then in zip(inputs, before, strict=True):
            if name := replaced(now):
                self.fail(
                    say(
                        "your code sets the attribute {name} of its argument.",
                        name=name,
                    )
                )
            if now.shape != then.shape or not same(now.detach(), then):
                mistake = "in-place" if "in-place" in self.mistakes else None
                self.fail(
                    say("your code changes its argument in place."),
                    expected=say("the argument still {then}", then=describe(then)),
                    got=where(now, then) if now.shape == then.shape else describe(now),
                    mistake=mistake,
                    advice=None
                    if mistake
                    else say("Work on a copy, or return a new one."),
                )


def _public(names: Sequence[str]) -> str:
    """Return the first name that is not private, or else the first."""
    return next((name for name in names if "._" not in name), names[0])
