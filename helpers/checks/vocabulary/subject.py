"""The learner's side of a check: a `Subject` uses the learner's objects."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from helpers.checks.vocabulary import report
from helpers.checks.vocabulary.watch import Watch

__all__ = ["Outcome", "Raised", "Subject"]


@dataclass(frozen=True)
class Raised:
    """What a learner's code raised, in words: the exception itself is not kept.

    Attributes:
        names: the exception's class and its bases, e.g. ("KeyError", "LookupError", …).
        message: what it says of itself.
        shown: the exception as a message may show it.
        line: "line 3 of your cell: …", where it was raised, or None.
        stub: it is the bare `NotImplementedError` of an untouched exercise.
    """

    names: tuple[str, ...]
    message: str
    shown: str
    line: str | None
    stub: bool

    @classmethod
    def of(cls, error: BaseException) -> Raised:
        """Put an exception into words."""
        return cls(
            names=tuple(kind.__name__ for kind in type(error).__mro__),
            message=str(error),
            shown=report.describe(error),
            line=report.learner_line(error.__traceback__),
            stub=isinstance(error, NotImplementedError) and not error.args,
        )

    @property
    def name(self) -> str:
        """The exception's class."""
        return self.names[0]

    def says(self, kind: str, *words: str) -> bool:
        """Tell whether it is of this class and says all of these words."""
        return kind in self.names and all(word in self.message for word in words)

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


@dataclass(frozen=True)
class Outcome:
    """What a use of a learner's object came to.

    Attributes:
        value: what it returned, None if it raised.
        raised: what it raised, or None.
        seen: names of torch's functions that were watched for and called.
    """

    value: Any = None
    raised: Raised | None = None
    seen: tuple[str, ...] = ()


class Subject:
    """Uses the learner's objects where they are: here, in this process.

    A check never does: it holds such an object only to hand it back to its `Trial`,
    which asks the subject. Another subject may hold stand-ins in their place and pass
    each use on to a process of its own.
    """

    __slots__ = ()  # nothing of it can be exchanged but the class itself

    def use(
        self,
        operation: Callable[..., Any],
        *arguments: Any,
        watch: str | None = None,
        quiet: bool = False,
    ) -> Outcome:
        """Do one of `uses` and return what came of it.

        Args:
            operation: a function of `helpers.checks.vocabulary.uses`.
            arguments: what it takes; learner's objects may stand inside.
            watch: regular expression for names of torch functions to watch for.
            quiet: let it run without warnings.

        An interruption and a failed check pass through.
        """
        watched = Watch(watch) if watch else None
        with contextlib.ExitStack() as stack:
            if quiet:
                stack.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore")
            try:
                with watched or contextlib.nullcontext():
                    value = operation(*arguments)
            except report.CheckFailed:
                raise
            except (Exception, SystemExit) as error:
                return Outcome(raised=Raised.of(error))
        return Outcome(value, seen=tuple(watched.seen) if watched else ())

    def apart(self) -> contextlib.AbstractContextManager[None]:
        """Let uses in the block leave nothing behind, where they can be kept apart.

        Here they cannot: this is the learner's own process.
        """
        return contextlib.nullcontext()

    def describe(self, value: object) -> str:
        """Return a short text for a value or a learner's object."""
        return report.describe(value)

    def kind(self, value: object) -> str:
        """Return the name of a value's class."""
        return type(value).__name__
