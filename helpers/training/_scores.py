"""What a run is judged by: sums over batches, taken where the batches are."""

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Score", "Tally"]

IGNORED = -100  # the label that F.cross_entropy leaves out, e.g. for padding
NAN = float("nan")


class Score(NamedTuple):
    """Mean loss per example, and the share of examples classified correctly.

    With one label per token both are per token.
    """

    loss: float
    accuracy: float


class Tally:
    """Add up loss and right answers, batch by batch.

    The sums stay on the device: no batch is kept, and nobody waits for a GPU before
    `score`. Every batch is judged by itself, so labels and probabilities may alternate.
    """

    def __init__(self, device: torch.device) -> None:
        self.loss = torch.zeros((), device=device)
        self.right: Tensor | float = 0
        self.count: Tensor | int = 0

    def add(self, loss: Tensor, out: Tensor, y: Tensor) -> None:
        """Take a batch: its mean loss (0-dim), outputs and targets, see `evaluate`."""
        right, count = count_right(out.detach(), y)
        if isinstance(count, int):  # loss in half precision is added in float32
            self.loss = torch.add(self.loss, loss.detach(), alpha=count)
        else:
            self.loss = self.loss + loss.detach().float() * count
        self.right = self.right + right
        self.count = self.count + count

    def score(self) -> Score:
        """Return the means so far; the one place that waits for the device."""
        count = int(self.count) or NAN  # every label was an ignored one
        return Score(float(self.loss) / count, float(self.right) / count)


def count_right(out: Tensor, y: Tensor) -> tuple[Tensor | float, Tensor | int]:
    """Return how many answers are right, and of how many; see `evaluate`.

    The first is NaN where the outputs (N, K, ...) are no scores of the targets.
    """
    if y.is_floating_point():
        if out.ndim < 2 or out.shape != y.shape or out.shape[1] == 1:
            return NAN, len(y)  # regression
        y = y.argmax(1)
    counted = y.numel() if y.ndim == 1 else (y != IGNORED).count_nonzero()
    if out.ndim < 2 or (len(out), *out.shape[2:]) != y.shape:
        return NAN, counted
    return (out.argmax(1) == y).count_nonzero(), counted
