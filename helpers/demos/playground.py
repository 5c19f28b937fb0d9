"""The playground: a network that trains in the page, with and without."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn

from helpers.demos._stage import Choice, Control, Scene, Slider
from helpers.seeds import generator
from helpers.show import plots
from helpers.training import own_randomness
from helpers.words import say

__all__ = ["playground"]

_STRENGTHS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
_SMALL = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1)
_RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)

_POINTS, _TRAINING = say("points"), say("network and training")
_EXTRA = say("regularizers of the network on the right")

_CONTROLS: tuple[Control, ...] = (
    Choice(
        "data",
        say("points"),
        {
            "moons": say("two moons"),
            "spirals": say("spirals"),
            "rings": say("rings"),
            "yours": say("yours"),
        },
        _POINTS,
    ),
    Slider("points", say("training points"), 60, 20, 300, 10, group=_POINTS),
    Slider("falsehood", say("false labels"), 0.2, 0.0, 0.5, 0.05, group=_POINTS),
    Slider("seed", say("seed"), 1, 1, 20, 1, group=_POINTS),
    Slider("depth", say("hidden layers"), 2, 1, 4, 1, group=_TRAINING),
    Slider(
        "width",
        say("units per layer"),
        32,
        values=(2, 4, 8, 16, 32, 64),
        group=_TRAINING,
    ),
    Choice(
        "activation", say("activation"), {"tanh": "tanh", "relu": "ReLU"}, _TRAINING
    ),
    Slider("rate", say("learning rate"), 0.01, values=_RATES, group=_TRAINING),
    Slider("batch", say("batch"), 20, values=(5, 10, 20, 50, 300), group=_TRAINING),
    Slider("decay", say("weight decay"), 0.3, values=_STRENGTHS, group=_EXTRA),
    Slider("l1", "L1", 0.0, values=_SMALL, group=_EXTRA),
    Slider("dropout", say("dropout"), 0.0, 0.0, 0.9, 0.05, group=_EXTRA),
    Slider("noise", say("input noise"), 0.0, 0.0, 0.6, 0.05, group=_EXTRA),
    Slider(
        "patience", say("patience (looks)"), 0, values=(0, 5, 10, 20, 50), group=_EXTRA
    ),
)


def playground(address: str = "") -> Scene:
    """Return the playground, ready to be shown or written as a page of its own.

    Args:
        address: of the page that shared settings are to open; the present one if empty.
    """
    return Scene(
        "playground",
        say("Regularization playground"),
        say(
            "The same small network trained twice on the same points, without and with "
            "regularizers: what it believes, its training and validation loss over the "
            "steps, and its weights."
        ),
        _CONTROLS,
        _still,
        {"address": address},
        parts=("_pixels.js", "_network.js"),
    )


def _still(steps: int = 400) -> Figure:
    """Draw what both networks believe after some steps: the picture without scripts."""
    x, y = _points()
    square = torch.linspace(-1.5, 1.5, 60)
    grid = torch.cartesian_prod(square, square)
    fig, panels = plots.figure(2)
    for ax, (name, decay) in zip(
        panels,
        {say("without"): 0.0, say("with weight decay 0.3"): 0.3}.items(),
        strict=True,
    ):
        with own_randomness(1):
            network = _network()
        _train(network, x, y, decay, steps)
        with torch.no_grad():
            belief = network(grid).sigmoid().view(60, 60).T
        ax.pcolormesh(square, square, belief, cmap="RdBu_r", vmin=0, vmax=1)
        for label, marker in ((0, "o"), (1, "s")):
            ax.plot(*x[y == label].T, marker, color="black", mfc="white", ms=4)
        ax.set(title=name, xlabel="x", ylabel="y")
        ax.grid(visible=False)
    return fig


def _points() -> tuple[Tensor, Tensor]:
    """Return 60 points of two moons (60, 2) and labels (60,), 12 of them false."""
    g = generator(1)
    angle = math.pi * torch.rand(60, generator=g)
    y = torch.arange(60) % 2
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], 1)
    x = torch.where(y[:, None] == 1, lower, upper) - torch.tensor([0.5, 0.25])
    x = 0.75 * x + 0.13 * torch.randn(60, 2, generator=g)
    false = torch.randperm(60, generator=g)[:12]
    y[false] = 1 - y[false]
    return x, y


def _network() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Linear(2, 32), nn.Tanh()),
        *(nn.Linear(32, 32), nn.Tanh()),
        *(nn.Linear(32, 1), nn.Flatten(0)),
    )


def _train(network: nn.Module, x: Tensor, y: Tensor, decay: float, steps: int) -> None:
    weights = [p for p in network.parameters() if p.dim() > 1]
    biases = [p for p in network.parameters() if p.dim() == 1]
    groups: list[dict[str, Any]] = [
        {"params": weights},
        {"params": biases, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.01, weight_decay=decay)
    for _ in range(steps):
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(network(x), y.float()).backward()
        optimizer.step()
