"""A module that tells the check of each pass: no answer can take back what was told."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["Pass", "Passes", "Witness"]


class Pass(NamedTuple):
    """One forward pass of a `Witness`, as the check has heard of it.

    Attributes:
        examples: how many there were.
        training: whether the witness was in train mode.
        recorded: whether gradients were on.
        tracked: whether the input carried a graph.
    """

    examples: int
    training: bool
    recorded: bool
    tracked: bool


class Passes:
    """Hears of passes, and gives the factor without which their numbers are wrong.

    It is a function of the check's and stays where the check is. Copies of a witness,
    the check's own as well, share it.

    Args:
        factor: known to no answer that has not asked.
    """

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self._heard: list[Pass] = []

    def __call__(self, x: Tensor, training: bool) -> float:
        """Note a pass with input x (N, ...); return the factor."""
        recorded = torch.is_grad_enabled()
        self._heard.append(Pass(len(x), training, recorded, x.requires_grad))
        return self.factor

    def __deepcopy__(self, memo: dict[int, Any]) -> Passes:
        return self

    def take(self) -> list[Pass]:
        """Return the passes heard of since the last time that this was asked."""
        heard, self._heard = self._heard, []
        return heard


class Witness(nn.Module):
    """Multiplies by the factor that `passes` gives, and so has to tell it of each pass.

    An answer can pass it by, or tell it a lie, only by writing down more than it takes
    to do what is asked.
    """

    def __init__(self, passes: Passes) -> None:
        super().__init__()
        self.passes = passes

    def forward(self, x: Tensor) -> Tensor:
        """Return x (N, ...) times the factor."""
        return x * self.passes(x, self.training)
