"""What members are built from: plain MLPs, and dropout with a rate for each member."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.words import say

__all__ = ["MemberDropout", "coin", "dropped", "masked", "mlp"]

LEVELS = 2**16  # a mask compares 16 random bits with the rate


class MemberDropout(nn.Module):
    r"""Inverted dropout whose rate is a setting of each member of a population.

    Alone it is plain inverted dropout, drawing from torch's global generator:
    $y = m x / (1 - p)$ in training, with $P(m = 0) = p$; the identity in evaluation.
    Inside a population the random bits come from the member's own generator, and the
    rate is rounded to a multiple of 2**-16.

    Args:
        p: probability of *dropping*, in [0, 1]; p = 1 gives zeros.
    """

    dropped: Tensor
    scale: Tensor

    def __init__(self, p: float = 0.0) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(say("expected a dropout rate in [0, 1], got {p}", p=p))
        self.p = float(p)
        # A population replaces these by its members' masks.
        nothing = torch.empty(0, dtype=torch.bool)
        self.register_buffer("dropped", nothing, persistent=False)
        self.register_buffer("scale", torch.ones(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not len(self.dropped):
            return F.dropout(x, self.p, self.training)
        return scaled_or_zero(x, self.dropped, self.scale)

    def extra_repr(self) -> str:
        return f"p={self.p}"


def coin(p: Tensor, dtype: torch.dtype | None = None) -> tuple[Tensor, Tensor]:
    """Return (threshold, scale): keep where 16 random bits reach the threshold.

    The threshold is int32: no number of 16 bits lies above all noise, as p = 1 asks.
    """
    level = (p * LEVELS).round()
    scale = torch.where(level < LEVELS, LEVELS / (LEVELS - level), 0.0)
    return (level - LEVELS // 2).to(torch.int32), scale.to(dtype or p.dtype)


def masked(x: Tensor, noise: Tensor, threshold: Tensor, scale: Tensor) -> Tensor:
    """Zero x where the noise stays below the threshold, and scale what is left."""
    return scaled_or_zero(x, dropped(noise, threshold), scale)


def dropped(noise: Tensor, threshold: Tensor) -> Tensor:
    """Return where 16 random bits stay below the threshold (bool)."""
    return noise.int() < threshold  # in 16 bits a threshold of 2**15 would wrap round


def scaled_or_zero(x: Tensor, dropped: Tensor, scale: Tensor) -> Tensor:
    """Return x · scale, but 0 where `dropped`; a product would give inf · 0 = NaN."""
    return (x * scale.to(x.dtype)).masked_fill(dropped, 0.0)


def mlp(
    sizes: Sequence[int],
    *,
    dropout: float = 0.0,
    activation: type[nn.Module] = nn.ReLU,
) -> nn.Sequential:
    """Build Linear → activation → MemberDropout per hidden layer, then Linear.

    Args:
        sizes: widths from input to output, e.g. (40, 100, 100, 10).
        dropout: rate of every dropout layer, in [0, 1].

    Inputs with more than two dimensions are flattened. Weights come from torch's
    global generator, as in any module.
    """
    if len(sizes) < 2:
        raise ValueError(
            say("expected at least input and output width, got {sizes}", sizes=sizes)
        )
    layers: list[nn.Module] = [nn.Flatten()]
    for n_in, n_out in zip(sizes[:-2], sizes[1:-1], strict=True):
        layers += [nn.Linear(n_in, n_out), activation(), MemberDropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))
