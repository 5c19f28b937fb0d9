"""What a mask at every step does to a unit that should remember: figure and demo."""

from __future__ import annotations

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from helpers import seeds
from helpers.demos._stage import Scene, Slider
from helpers.show import plots
from helpers.words import say

__all__ = ["KNOWS", "memories", "paths", "scene"]

EXAMPLES, MOST, KNOWS = 60, 40, 0.5


def paths(coins: Tensor, p: float, passing: float = 0.0) -> Tensor:
    r"""Return the values of a unit that starts at 1 and is handed on from step to step.

    $$h_t = \tanh(2 z_t), \qquad
    z_t = a\,h_{t-1} + (1-a)\,\frac{m_t}{1-p}\,h_{t-1}.$$

    Args:
        coins: uniform numbers (steps, n); the mask m is 1 where they are ≥ p.
        p: probability of *dropping*, in [0, 1).
        passing: a, the share of the value that the coins do not touch, in [0, 1].

    Returns:
        The values before the first and after each step, (steps + 1, n).
    """
    masks = (coins >= p) / (1 - p)
    values = [torch.ones_like(coins[0])]
    for mask in masks:
        values.append((2 * values[-1] * (passing + (1 - passing) * mask)).tanh())
    return torch.stack(values)


def _panel(ax: Axes, values: Tensor, title: str) -> None:
    ax.plot(values.tolist(), color=plots.PALETTE[0], alpha=0.15, linewidth=1)
    share = (values > KNOWS).double().mean(1)
    label = say("share that still knows")
    ax.plot(share.tolist(), color=plots.PALETTE[1], linewidth=3, label=label)
    ax.set(xlabel=say("step"), ylabel=say("value of the unit"), ylim=(-0.05, 1.05))
    ax.set_title(title)


def memories(p: float = 0.4, steps: int = 12, passing: float = 0.0) -> Figure:
    """Draw 60 examples with new coins at every step, and with one mask each.

    Args:
        p: probability of *dropping*, in [0, 1).
        steps: how often the value is handed on, from 1.
        passing: share of the value that the coins do not touch, in [0, 1].
    """
    shape = steps, EXAMPLES
    coins = torch.rand(shape, generator=seeds.generator(1), dtype=torch.float64)
    fig, (left, right) = plots.figure(2, sharey=True)
    _panel(left, paths(coins, p, passing), say("New coins at every step"))
    _panel(right, paths(coins[:1].expand(shape), p, passing), say("One mask each"))
    left.legend(loc="center right")
    return fig


def scene() -> Scene:
    """Return both pictures with sliders for p, the steps and what passes by."""
    return Scene(
        "sequences",
        say("What a mask at every step does to a unit that should remember"),
        say("Two panels of 60 examples: new coins at every step, and one mask each."),
        (
            Slider("p", say("dropout rate p"), 0.4, 0.0, 0.9, 0.05),
            Slider("steps", say("steps T"), 12, 1, MOST, 1),
            Slider("passing", say("share a that passes by"), 0.0, 0.0, 1.0, 0.05),
        ),
        memories,
        {"examples": EXAMPLES, "most": MOST, "knows": KNOWS},
    )
