"""What dropout does to the variance that BatchNorm stores: figure, demo, cure."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from helpers import seeds
from helpers.demos._stage import Scene, Slider
from helpers.show import plots
from helpers.words import say

__all__ = ["histograms", "recalibrated", "scene", "shift", "units"]

EXAMPLES, MOST = 400, 16
TRAIN, EVAL = plots.PALETTE[1], plots.PALETTE[0]


def units(examples: int = EXAMPLES, most: int = MOST) -> tuple[Tensor, Tensor]:
    """Draw ReLU activations and the weights of a unit that sums them up.

    Returns:
        activations (examples, most), float64, rounded to 3 digits as a page carries
        them; weights (most,), the first of which is 1.
    """
    draw = seeds.generator(10)
    x = torch.randn(examples, most, generator=draw, dtype=torch.float64).relu()
    weights = torch.randn(most, generator=draw, dtype=torch.float64)
    weights[0] = 1.0
    return (1000 * x).round() / 1000, (1000 * weights).round() / 1000


def shift(x: Tensor, weights: Tensor, p: float) -> float:
    r"""Return Var(train)/Var(eval) of Σ w·x with inverted dropout on x.

    $$1 + \frac{p}{1-p}\,\frac{\sum_j w_j^2\,E[x_j^2]}{\mathrm{Var}(w^\top x)}.$$

    Args:
        x: activations (n, d).
        weights: (d,).
        p: probability of *dropping*, in [0, 1).
    """
    noise = (weights.square() * x.square().mean(0)).sum()
    signal = (x @ weights).var(correction=0)
    return float(1 + p / (1 - p) * noise / signal)


def histograms(p: float = 0.5, count: int = 1) -> Figure:
    """Draw what arrives at a BatchNorm with dropout on, and with dropout off.

    Args:
        p: probability of *dropping*, in [0, 1).
        count: units that are summed up, from 1.
    """
    x, weights = units()
    x, weights = x[:, :count], weights[:count]
    coins = torch.rand(x.shape, generator=seeds.generator(1))
    quiet, tossing = x @ weights, (x * (coins >= p) / (1 - p)) @ weights
    fig, ax = plots.figure()
    low, high = tossing.min().item(), tossing.max().item()
    bins = torch.linspace(low, high, 25, dtype=torch.float64).tolist()
    for values, name, color in (
        (quiet, say("evaluation"), EVAL),
        (tossing, say("training"), TRAIN),
    ):
        ax.hist(values.tolist(), bins=bins, color=color, alpha=0.55, label=name)
    ax.set(xlabel=say("input of the BatchNorm"), ylabel=say("examples"))
    ratio = shift(x, weights, p)
    ax.set_title(
        say("p = {p:g}: {ratio:.2f} times the variance in training", p=p, ratio=ratio)
    )
    ax.legend()
    return fig


def scene() -> Scene:
    """Return the two histograms with sliders for p and the number of units."""
    x, weights = units()
    return Scene(
        "normalization",
        say("What a BatchNorm receives in training and at evaluation"),
        say("Two histograms of the same sum of units, with dropout on and off."),
        (
            Slider("p", say("dropout rate p"), 0.5, 0.0, 0.9, 0.05),
            Slider("units", say("units summed up"), 1, 1, MOST, 1),
        ),
        histograms,
        {"x": x.flatten().tolist(), "weights": weights.tolist()},
    )


@torch.no_grad()
def recalibrated(model: nn.Module, batches: Iterable[Tensor]) -> nn.Module:
    """Return a copy in eval mode whose BatchNorms were measured without dropout.

    Args:
        batches: inputs; each batch counts the same.
    """
    model = copy.deepcopy(model).eval()
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_running_stats()
            module.momentum = None
            module.train()
    for x in batches:
        model(x)
    return model.eval()
