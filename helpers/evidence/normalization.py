"""Notebook 10's experiments: what BatchNorm receives, and layers for populations."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.population import MemberDropout
from helpers.training import one_thread, own_randomness
from helpers.words import say

__all__ = [
    "ChannelDropout",
    "StochasticDepth",
    "input_movement",
    "input_variances",
    "variance_shifts",
]

BatchNorm = nn.modules.batchnorm._BatchNorm  # 1d, 2d and 3d
DROPOUT = (MemberDropout, nn.modules.dropout._DropoutNd)


class ChannelDropout(nn.Module):
    """Dropout of whole channels of images, of single units of vectors.

    What `nn.Dropout2d` and `nn.Dropout` do, with masks of its own for each network of
    a population, as in `MemberDropout`.

    Args:
        p: probability of *dropping*, in [0, 1].
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.coin = MemberDropout(p)

    def forward(self, x: Tensor) -> Tensor:
        """Return x (N, C, H, W) or (N, D), scaled by 1/(1 - p) where it is kept."""
        if x.dim() == 2:
            kept: Tensor = self.coin(x)
            return kept
        mask: Tensor = self.coin(torch.ones_like(x[:, :, :1, :1]))
        return x * mask


class StochasticDepth(nn.Module):
    """x + block(x), the block left out with probability p, image by image.

    As in notebook 06: a block that stays is multiplied by 1/(1 - p) in training. Each
    network of a population has coins of its own.

    Args:
        block: maps (N, C, H, W) to the same shape.
        p: probability of leaving it out, in [0, 1].
    """

    def __init__(self, block: nn.Module, p: float) -> None:
        super().__init__()
        self.block, self.coin = block, MemberDropout(p)

    def forward(self, x: Tensor) -> Tensor:
        """Return x plus the block's answer, or x alone."""
        stays: Tensor = self.coin(torch.ones_like(x[:, :1, :1, :1]))
        out: Tensor = x + self.block(x) * stays
        return out


@torch.no_grad()
def input_variances(model: nn.Module, x: Tensor) -> Tensor:
    """Return the variance of what each BatchNorm receives, averaged over its units.

    The model runs once, in the modes in which its modules are: a BatchNorm in train
    mode moves its statistics. Masks come from torch's global generator.

    Args:
        x: inputs (N, ...), N ≥ 2.

    Returns:
        (norms,), in the order in which they run. A unit's variance, with divisor
        n - 1, is taken over examples and positions.

    Raises:
        ValueError: a model without BatchNorm.
    """
    seen: list[Tensor] = []

    def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        units = inputs[0].transpose(0, 1).flatten(1)  # (N, C, ...) -> (C, N * ...)
        seen.append(units.var(1).mean())

    norms = [layer for layer in model.modules() if isinstance(layer, BatchNorm)]
    if not norms:
        raise ValueError(say("model: expected at least one BatchNorm, found none."))
    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    try:
        model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return torch.stack(seen)


def variance_shifts(model: nn.Module, x: Tensor) -> Tensor:
    r"""Return $\mathrm{Var}_\text{train}/\mathrm{Var}_\text{eval}$ at each BatchNorm.

    Both are measured with the stored statistics: what differs is dropout, on in the
    numerator and off in the denominator. The model ends in eval mode.

    Args:
        model: with BatchNorm and dropout layers, `MemberDropout` or torch's own. A
            `StochasticDepth` has a `MemberDropout`, so it is switched with them.
        x: inputs (N, ...), N ≥ 2.

    Returns:
        (norms,), in the order in which they run, see `input_variances`.

    Source: Li, Chen, Hu, Yang 2019, section 3, https://arxiv.org/abs/1801.05134.
    """
    quiet = input_variances(model.eval(), x)
    for layer in model.modules():
        layer.training = isinstance(layer, DROPOUT)
    tossing = input_variances(model, x)
    model.eval()
    return tossing / quiet


@one_thread()
def input_movement(
    build: Callable[[], nn.Sequential],
    train: Sequence[Tensor],
    x: Tensor,
    *,
    below: int,
    lr: float,
    seed: int,
    steps: int = 10,
    batch_size: int = 32,
) -> float:
    """Return how far a layer's inputs move in one step, early in training.

    A network is trained by SGD with momentum 0.9. After every step the modules below
    the layer are asked about the same x, in train mode. A unit moves by the difference
    of its means from one step to the next. Moves are averaged over the units, divided
    by the units' average standard deviation, and averaged over the steps.

    Args:
        build: makes the network, under the seed.
        train: inputs (N, ...) and labels (N,), N ≥ steps * batch_size.
        x: inputs (n, ...) that stay the same, n ≥ 2.
        below: how many of the network's modules lie below the layer.
        lr: learning rate.
        seed: of the first weights, the batches and whatever the modules draw.
        steps: of training, ≥ 2.
        batch_size: examples per step.

    Raises:
        ValueError: fewer than two steps, or too few examples for all of them.
    """
    if not 2 <= steps <= len(train[0]) // batch_size:
        raise ValueError(
            say(
                "steps: expected from 2 to {most}, as {size} examples allow in batches "
                "of {batch_size}; got {steps}.",
                most=len(train[0]) // batch_size,
                size=len(train[0]),
                batch_size=batch_size,
                steps=steps,
            )
        )
    with own_randomness(seed, x.device):
        model = build().to(x.device)
        order = torch.randperm(len(train[0]))[: batch_size * steps]
        optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        seen = []
        for batch in order.split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(model(train[0][batch]), train[1][batch]).backward()
            optimizer.step()
            with torch.no_grad():
                seen.append(model[:below](x))  # (n, units)
    moves = [
        (new.mean(0) - old.mean(0)).abs().mean() / old.std(0).mean()
        for old, new in pairwise(seen)
    ]
    return torch.stack(moves).mean().item()
