"""What a broken piece of a training shows when it is used."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.evidence.metrics import accuracy
from helpers.words import say

__all__ = ["batch_accuracy", "norm_input_variance", "train_on_batches"]

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


@torch.no_grad()
def norm_input_variance(model: nn.Module, x: Tensor) -> float:
    """Return the mean variance of what the first BatchNorm receives, over its features.

    The variance of a feature is that over the examples, with n - 1 below.

    Args:
        model: holds a `BatchNorm1d`; asked once, in the mode in which it comes. In
            train mode its running statistics move, as they always do.
        x: inputs (n, ...), n ≥ 2.

    Raises:
        ValueError: there is no BatchNorm1d.
    """
    norm = next((m for m in model.modules() if isinstance(m, nn.BatchNorm1d)), None)
    if norm is None:
        raise ValueError(say("expected a model with a BatchNorm1d, found none."))
    seen: list[Tensor] = []
    hook = norm.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    try:
        model(x)
    finally:
        hook.remove()
    return float(seen[0].var(0).mean())
