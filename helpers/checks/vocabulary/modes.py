"""Train and eval mode: of a learner's layer, and of a network that is handed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn

from helpers.checks.vocabulary.trial import Explain, Trial
from helpers.words import say

__all__ = ["Layer", "kept_modes", "modes_of", "put_modes", "require_modes"]

_NETWORK = "nn.Sequential(nn.Sequential(layer), nn.Identity())"


class Layer:
    """A module of the learner's class; it remembers the mode it was last put in.

    Args:
        made: what the class gave; fails unless it is an nn.Module.
        errors, explain: as of `Trial.call`, for each forward pass.
        after: called after each forward pass, to look at what it must leave alone.

    Attributes:
        module: the learner's object, for the trial only.
        training: the mode; a new module is in train mode.
    """

    def __init__(
        self,
        t: Trial,
        made: Any,
        *,
        errors: Mapping[str, str] | None = None,
        explain: Explain | None = None,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        self.module = t.module(made)
        self.training = True
        self._t, self._errors, self._explain = t, errors, explain
        self._after = after
        self._inside: Layer | None = None

    def nested(self) -> Layer:
        """Return a network that consists of this layer, two levels down."""
        network = partial(self._t.call, nn.Sequential, case=_NETWORK, may_change=True)
        made = network(network(self.module), nn.Identity())
        outer = Layer(self._t, made, errors=self._errors, explain=self._explain)
        outer._inside, outer._after = self, self._after
        return outer

    def train(self, training: bool = True) -> Layer:
        """Put it into train mode, or into eval mode; return itself."""
        self._t.set_mode(self.module, training)
        return self._noted(training)

    def eval(self) -> Layer:
        """Put it into eval mode; return itself."""
        return self.train(False)

    def _noted(self, training: bool) -> Layer:
        self.training = training
        if self._inside is not None:
            self._inside._noted(training)
        return self

    def __call__(self, x: Tensor, case: str | None = None) -> Any:
        """Run the layer on x and return what it gives."""
        case = case or self._case(x)
        out = self._t.call(
            self.module, x, case=case, errors=self._errors, explain=self._explain
        )
        self._after()
        return out

    def calls(self, times: int, x: Tensor) -> list[Any]:
        """Run the layer on x several times; see `Trial.calls`."""
        case, errors = self._case(x), self._errors
        outs = self._t.calls(
            times, self.module, x, case=case, errors=errors, explain=self._explain
        )
        self._after()
        return outs

    def _case(self, x: Tensor) -> str:
        return say(
            "layer(x) in {mode} mode, x of shape {shape}",
            mode=say("training") if self.training else say("evaluation"),
            shape=tuple(x.shape),
        )


# -- a network that the check made ---------------------------------------------------


def modes_of(model: nn.Module) -> list[bool]:
    """Return `training` of all its modules, the model's own first."""
    return [module.training for module in model.modules()]


def put_modes(model: nn.Module, modes: Sequence[bool]) -> None:
    """Give each of its modules a mode of its own."""
    for module, mode in zip(model.modules(), modes, strict=True):
        module.training = mode


@contextmanager
def kept_modes(model: nn.Module) -> Iterator[None]:
    """Put the modes back at the end of the block, whatever the answer left."""
    modes = modes_of(model)
    try:
        yield
    finally:
        put_modes(model, modes)


def require_modes(
    t: Trial,
    model: nn.Module,
    modes: Sequence[bool],
    *,
    advice: str,
    left_on: str | None = None,
) -> None:
    """Require that every module has the mode that it came in.

    Args:
        modes: those before the call.
        left_on: mistake id where a module came in eval mode and is in train mode.
    """
    for module, mode in zip(model.modules(), modes, strict=True):
        t.require(
            module.training == mode,
            say("a module's mode is changed: {name}.", name=type(module).__name__),
            expected=say("train mode, as it came")
            if mode
            else say("eval mode, as it came"),
            got=say("train mode") if module.training else say("eval mode"),
            mistake=None if mode else left_on,
            advice=advice,
        )
