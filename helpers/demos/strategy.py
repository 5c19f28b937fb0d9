"""12's five broken pieces, as they were found; their symptoms stand in the notebook."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = [
    "build_head",
    "make_batches",
    "make_optimizer",
    "train_best",
    "validation_loss",
]

Pair = tuple[Tensor, Tensor]


def validation_loss(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Return the mean cross-entropy of (N, ...) and labels (N,), in whatever mode.

    Broken: nobody has called `model.eval()`.
    """
    with torch.no_grad():
        return F.cross_entropy(model(x), y).item()


def make_optimizer(
    model: nn.Module, lr: float, weight_decay: float
) -> torch.optim.Optimizer:
    """Return Adam. Broken: its decay goes through the division by the gradients."""
    return torch.optim.Adam(model.parameters(), lr=lr, weight_decay=weight_decay)


def build_head(in_features: int, hidden: int, classes: int, p: float) -> nn.Module:
    """Return a head (N, in_features) -> (N, classes), dropping with probability p.

    Broken: BatchNorm stands directly behind dropout.
    """
    return nn.Sequential(
        nn.Linear(in_features, hidden),
        nn.ReLU(),
        nn.Dropout(p),
        nn.BatchNorm1d(hidden),
        nn.Linear(hidden, classes),
    )


def make_batches(
    train: Pair, val: Pair, augment: Callable[[Tensor], Tensor], batch_size: int
) -> tuple[list[Pair], list[Pair]]:
    """Return lists of training and validation batches (x, y).

    Broken: x is shuffled without y, and validation inputs are augmented, too.
    """
    (x, y), (val_x, val_y) = train, val
    x, val_x = augment(x[torch.randperm(len(y))]), augment(val_x)
    batches = zip(x.split(batch_size), y.split(batch_size), strict=True)
    val_batches = zip(val_x.split(batch_size), val_y.split(batch_size), strict=True)
    return list(batches), list(val_batches)


def train_best(
    model: nn.Module, step: Callable[[], None], score: Callable[[], float], steps: int
) -> nn.Module:
    """Return the model after `steps` times step(), each followed by score().

    Broken: it keeps references to the live weights, so the last ones come back.
    """
    best, best_score = model.state_dict(), float("-inf")
    for _ in range(steps):
        step()
        now = score()
        if now > best_score:
            best, best_score = model.state_dict().copy(), now
    model.load_state_dict(best)
    return model
