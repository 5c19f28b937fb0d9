"""What a broken piece of a training shows when it is used."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.evidence.metrics import accuracy

__all__ = ["batch_accuracy", "train_on_batches"]

Batches = Sequence[tuple[Tensor, Tensor]]


def train_on_batches(
    model: nn.Module, batches: Batches, *, epochs: int, lr: float = 1e-3
) -> None:
    """Train in place with AdamW on the same batches, in the same order, every epoch.

    Args:
        model: in the mode in which it is to be trained; gives logits (B, K).
        batches: inputs (B, ...) and classes (B,) of each step.
        epochs: how often to go through the batches.
        lr: learning rate; the decay is torch's own, 0.01.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    for _ in range(epochs):
        for x, y in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()


@torch.no_grad()
def batch_accuracy(model: nn.Module, batches: Batches) -> float:
    """Return the share of right answers on all batches together, in percent.

    Args:
        model: in the mode in which it is to be asked; gives logits (B, K).
        batches: inputs (B, ...) and classes (B,), at least one.
    """
    x, y = (torch.cat(part) for part in zip(*batches, strict=True))
    return 100 * accuracy(model(x), y)
