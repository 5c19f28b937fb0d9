r"""Overfitting live: a one-hidden-layer network on a noisy sine, at any epoch at once.

The hidden units $\max(0, \pm(x - k))$ have random kinks $k$ and stay fixed; gradient
descent trains the output weights. For such a model the weights after $t$ epochs are
known without a loop, so a slider over epochs redraws at once:

$$\mathbf{w}_t = V \,\mathrm{diag}\!\left(\frac{1 - (1 - \eta s_i^2)^t}{s_i}\right)
U^\top \mathbf{y}, \qquad X = U \,\mathrm{diag}(s_i)\, V^\top.$$
"""

import math

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from helpers.data import noisy_sine
from helpers.demos._stage import Choice, Scene, Slider
from helpers.seeds import generator
from helpers.show.plots import TEST, TRAIN

__all__ = ["scene", "EPOCHS", "descent", "hidden_layer", "overfitting"]

EPOCHS = (10, 100, 1_000, 10_000, 1_000_000)
N, RATE = 20, 0.9  # training points; learning rate as a part of the largest stable one


def hidden_layer(x: Tensor, width: int, *, seed: int = 0) -> Tensor:
    """Return the fixed features of x: one constant and `width` ReLU units.

    Args:
        x: positions in [0, 1], (n,).
        width: number of units, ≥ 1; wider layers contain the narrower ones.
        seed: draws kinks and directions.

    Returns:
        float64 (n, 1 + width).
    """
    if width < 1:
        raise ValueError(f"width: expected at least 1 unit, got {width}.")
    draws = torch.rand(width, 2, generator=generator(seed), dtype=torch.float64)
    kink, direction = draws[:, 0], torch.where(draws[:, 1] < 0.5, -1.0, 1.0)
    units = (direction * (x.double()[:, None] - kink)).relu()  # (n, width)
    return torch.cat([torch.ones(len(x), 1, dtype=torch.float64), units], dim=1)


def descent(features: Tensor, targets: Tensor, epochs: Tensor) -> Tensor:
    r"""Return the weights of gradient descent from 0 on ½‖Xw - y‖² after `epochs`.

    Args:
        features: X, float64 (n, d).
        targets: y, float64 (n,).
        epochs: numbers of full-batch steps, ≥ 0, (e,).

    Returns:
        weights (e, d); the learning rate is 0.9 / (largest singular value)².
    """
    u, s, vt = torch.linalg.svd(features, full_matrices=False)
    s = s.clamp(min=1e-12 * s[0])
    left = torch.log1p(-RATE * (s / s[0]) ** 2)  # log of what one step leaves
    grown = -torch.expm1(epochs.double()[:, None] * left) / s  # (e, min(n, d))
    weights: Tensor = (grown * (u.T @ targets)) @ vt
    return weights


def overfitting(width: int = 100, noise: float = 0.3, epochs: int = 10_000) -> Figure:
    """Draw the fit after some epochs, and training and test error over all epochs.

    Args:
        width: hidden units, ≥ 1.
        noise: standard deviation of the noise in the 20 training targets, ≥ 0.
        epochs: how long to train, 1 to 1,000,000.
    """
    x, y = noisy_sine(N, noise=noise, seed=3)
    grid = torch.linspace(0, 1, 201)
    truth = torch.sin(2 * math.pi * grid.double())
    steps = torch.logspace(0, 6, 61)
    both = torch.cat([steps.double(), torch.tensor([float(epochs)]).double()])
    weights = descent(hidden_layer(x[:, 0], width), y.double(), both)  # (62, d)
    fits = weights @ hidden_layer(grid, width).T
    train = (weights @ hidden_layer(x[:, 0], width).T - y).square().mean(1)
    test = (fits - truth).square().mean(1) + noise**2
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    left.plot(grid, truth, color="#8a8a8a", label="truth")
    left.plot(x[:, 0], y, "o", color="#1a1a1a", label=f"{N} training points")
    left.plot(grid, fits[-1], color=TRAIN["color"], label=f"after {epochs:,} epochs")
    left.set(xlabel="x", ylabel="y", ylim=(-2.6, 2.6))
    left.set_title(f"{width} units: train {train[-1]:.3f}, test {test[-1]:.3f}")
    left.legend(loc="lower left")
    _errors(right, steps, train[:-1], test[:-1], epochs)
    return fig


def _errors(ax: Axes, steps: Tensor, train: Tensor, test: Tensor, now: int) -> None:
    ax.plot(steps, train.clamp(min=1e-5), **TRAIN, label="train")
    ax.plot(steps, test, **TEST, label="test (expected)")
    ax.axvline(now, color="#1a1a1a", linewidth=1)
    ax.set(xscale="log", yscale="log", ylim=(5e-5, 5))
    ax.set(xlabel="epochs (log scale)", ylabel="mean squared error (log scale)")
    best = float(steps[test.argmin()])
    ax.set_title(f"lowest test error after about {best:,.0f} epochs")
    ax.legend(loc="lower left")


def scene() -> Scene:
    """Return the moving picture of 200 polynomial fits, their bias and variance."""
    designs = {"fixed": "evenly spaced", "random": "drawn anew"}
    return Scene(
        "bias_variance",
        "Two hundred fits",
        "Polynomials fitted to 200 data sets with their mean and the truth; squared "
        "bias and variance over the degree.",
        (
            Slider("degree", "degree", 3, 0, 15, 1),
            Slider("points", "points per data set", 20, 8, 60, 1),
            Slider("noise", "noise (sd)", 0.3, 0.0, 1.0, 0.05),
            Choice("design", "places x", designs),
            Slider("seed", "seed", 1, 1, 20, 1),
        ),
        overfitting,
    )
