"""Networks whose BatchNorms are to be measured again, and what is right for them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from helpers.checks import Trial
from helpers.checks.vocabulary.epochs import Branch, linear

__all__ = ["conv_net", "measured", "normed_net", "norms", "statistics"]


_SIZES = ([6, 6, 6], [5, 9, 4], [8, 8, 3, 8])


def _stale(t: Trial, norm: Any) -> Any:
    """Give a BatchNorm statistics and settings of its own."""
    with torch.no_grad():
        norm.weight.copy_(0.6 + t.rand(norm.num_features))
        norm.bias.copy_(t.randn(norm.num_features))
        norm.running_mean.copy_(5 + t.rand(norm.num_features))
        norm.running_var.copy_(7 + t.rand(norm.num_features))
        norm.num_batches_tracked.fill_(t.random.randint(5, 40))
    norm.momentum = t.random.choice([0.1, 0.2, 0.3])
    return norm


def normed_net(t: Trial, *, dropout: bool) -> tuple[nn.Module, list[Any]]:
    """Draw linear, BatchNorm, tanh, perhaps dropout, linear, BatchNorm; and batches."""
    width = t.random.randint(3, 5)
    middle: list[nn.Module] = [nn.Tanh()]
    if dropout:  # with p=1: train mode gives x, eval mode 2x, without chance
        middle.append(Branch(width))
    model = nn.Sequential(
        linear(t, 3, width, torch.float32),
        nn.Sequential(_stale(t, nn.BatchNorm1d(width)), *middle),
        linear(t, width, 4, torch.float32),
        _stale(t, nn.BatchNorm1d(4)),
    )
    batches = [
        (t.randn(n, 3) * (1 + k) + 2 * k, t.integers(4, n))
        for k, n in enumerate(t.random.choice(_SIZES))
    ]
    return model, batches


class _Channels(nn.Module):
    """x + Dropout2d(x) with p=1."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout2d(1.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return x in train mode, 2x in eval mode."""
        out: Tensor = x + self.drop(x)
        return out


def conv_net(t: Trial) -> tuple[nn.Module, list[Any]]:
    """Draw a convolution, Dropout2d with p=1 and BatchNorm2d; and batches of images."""
    conv = nn.Conv2d(1, 3, 2)
    with torch.no_grad():
        conv.weight.copy_(t.randn(3, 1, 2, 2))
    model = nn.Sequential(conv, _Channels(), _stale(t, nn.BatchNorm2d(3)), nn.Flatten())
    batches = [(t.randn(n, 1, 4, 4) * n, t.integers(3, n)) for n in (3, 5, 4)]
    return model, batches


def statistics(model: nn.Module) -> list[Tensor]:
    """Copy the running mean and variance of each BatchNorm, in turn."""
    pairs = ((norm.running_mean, norm.running_var) for norm in norms(model))
    return [value.clone() for pair in pairs for value in pair]


def norms(model: nn.Module) -> list[Any]:
    """List the model's BatchNorms."""
    kind = nn.modules.batchnorm._BatchNorm
    return [module for module in model.modules() if isinstance(module, kind)]


def measured(
    model: nn.Module,
    batches: Sequence[Any],
    *,
    dropout: bool = False,
    momentum: str = "plain",
    reset: bool = True,
) -> list[Tensor]:
    """Return what the statistics of a copy are after these batches, right or wrong."""
    model = copy.deepcopy(model).train(dropout)
    for norm in norms(model):
        if reset:
            norm.reset_running_stats()
        norm.train()
        norm.momentum = None if momentum == "plain" else norm.momentum
    with torch.no_grad():
        for x, _ in batches:
            model(x)
    return statistics(model)
