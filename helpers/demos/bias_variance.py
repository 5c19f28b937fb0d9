r"""Overfitting live: a one-hidden-layer network on a noisy sine, at any epoch at once.

The hidden units $\max(0, \pm(x - k))$ have random kinks $k$ and stay fixed; gradient
descent trains the output weights. For such a model the weights after $t$ epochs are
known without a loop, so a slider over epochs redraws at once:

$$\mathbf{w}_t = V \,\mathrm{diag}\!\left(\frac{1 - (1 - \eta s_i^2)^t}{s_i}\right)
U^\top \mathbf{y}, \qquad X = U \,\mathrm{diag}(s_i)\, V^\top.$$
"""

import math
from base64 import b64encode

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from helpers.data import noisy_sine
from helpers.demos._stage import Choice, Scene, Slider
from helpers.seeds import generator
from helpers.show.plots import TEST, TRAIN, VAL
from helpers.words import say

__all__ = [
    "EPOCHS",
    "descent",
    "hidden_layer",
    "overfitting",
    "scene",
    "training_scene",
    "two_hundred_fits",
]

EPOCHS = tuple(sorted({round(10 ** (k / 5)) for k in range(31)}))  # 1 to a million
WIDTHS = (2, 10, 100, 1000)
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
        raise ValueError(
            say("width: expected at least 1 unit, got {width}.", width=width)
        )
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
    left.plot(grid, truth, color="#8a8a8a", label=say("truth"))
    left.plot(x[:, 0], y, "o", color="#1a1a1a", label=say("{n} training points", n=N))
    left.plot(
        grid,
        fits[-1],
        color=TRAIN["color"],
        label=say("after {epochs:,} epochs", epochs=epochs),
    )
    left.set(xlabel="x", ylabel="y", ylim=(-2.6, 2.6))
    left.set_title(
        say(
            "{width} units: train {train:.3f}, test {test:.3f}",
            width=width,
            train=train[-1],
            test=test[-1],
        )
    )
    left.legend(loc="lower left")
    _errors(right, steps, train[:-1], test[:-1], epochs)
    return fig


def _errors(ax: Axes, steps: Tensor, train: Tensor, test: Tensor, now: int) -> None:
    ax.plot(steps, train.clamp(min=1e-5), **TRAIN, label=say("train"))
    ax.plot(steps, test, **TEST, label=say("test (expected)"))
    ax.axvline(now, color="#1a1a1a", linewidth=1)
    ax.set(xscale="log", yscale="log", ylim=(5e-5, 5))
    ax.set(
        xlabel=say("epochs (log scale)"), ylabel=say("mean squared error (log scale)")
    )
    best = float(steps[test.argmin()])
    ax.set_title(say("lowest test error after about {best:,.0f} epochs", best=best))
    ax.legend(loc="lower left")


def scene() -> Scene:
    """Return the moving picture of 200 polynomial fits, their bias and variance."""
    designs = {"fixed": say("evenly spaced"), "random": say("drawn anew")}
    return Scene(
        "bias_variance",
        say("Two hundred fits"),
        say(
            "Polynomials fitted to 200 data sets with their mean and the truth; "
            "squared bias and variance over the degree."
        ),
        (
            Slider("degree", say("degree"), 3, 0, 15, 1),
            Slider("points", say("points n per data set"), 30, 8, 60, 1),
            Slider("noise", say("noise (sd)"), 0.3, 0.0, 1.0, 0.05),
            Choice("design", say("places x"), designs),
            Slider("seed", say("seed"), 1, 1, 20, 1),
        ),
        two_hundred_fits,
    )


def two_hundred_fits(degree: int = 3, points: int = 20, noise: float = 0.3) -> Figure:
    """Draw polynomials fitted to 200 data sets, their mean and the truth.

    Args:
        degree: of the polynomials, 0 to points - 1.
        points: of each data set, evenly spaced in [0, 1].
        noise: standard deviation of the targets' noise, ≥ 0.
    """
    x, grid = (torch.linspace(0, 1, n, dtype=torch.float64) for n in (points, 101))
    powers = torch.arange(degree + 1)
    y = torch.sin(2 * math.pi * x)[:, None].repeat(1, 200)
    y += noise * torch.randn(points, 200, generator=generator(1)).double()
    features, on_grid = ((2 * at - 1)[:, None] ** powers for at in (x, grid))
    fits = on_grid @ torch.linalg.lstsq(features, y).solution  # (101, 200)
    fig, ax = plt.subplots(figsize=(6, 4))
    ax.plot(grid, fits, color=TRAIN["color"], alpha=0.06)
    ax.plot(grid, fits.mean(1), color=VAL["color"], lw=3, label=say("mean of the fits"))
    ax.plot(grid, torch.sin(2 * math.pi * grid), "k--", label=say("truth"))
    ax.set(xlabel="x", ylabel="y", ylim=(-2.2, 2.2))
    ax.set_title(say("200 fits of degree {degree}", degree=degree))
    ax.legend()
    return fig


def training_scene() -> Scene:
    """Return the moving picture of one network over up to a million epochs.

    Its fits are linear in the targets, so the page carries the answers to the sine and
    to noise of size 1, and adds them.
    """
    x, clean = noisy_sine(N, noise=0, seed=3)
    shape = noisy_sine(N, noise=1, seed=3)[1] - clean
    grid = torch.linspace(0, 1, 61)
    places = torch.cat([grid, x[:, 0]])
    answers = {}
    for width in WIDTHS:
        hidden, seen = (hidden_layer(at, width) for at in (places, x[:, 0]))
        both = [
            descent(seen, y.double(), torch.tensor(EPOCHS)) @ hidden.T
            for y in (clean, shape)
        ]  # (epochs, places) each
        table = torch.stack(both).float().numpy().tobytes()
        answers[str(width)] = b64encode(table).decode()
    return Scene(
        "overfitting",
        say("A network on a noisy sine, for up to a million epochs"),
        say(
            "Left: the fit of 20 noisy points and the truth. Right: training and "
            "expected test error over the epochs."
        ),
        (
            Slider("width", say("hidden units"), 100, values=WIDTHS),
            Slider("noise", say("noise (sd)"), 0.3, 0.0, 1.0, 0.05),
            Slider("epochs", say("epochs"), 10_000, values=EPOCHS),
        ),
        overfitting,
        {
            "grid": _rounded(grid),
            "x": _rounded(x[:, 0]),
            "shape": _rounded(shape),
            "epochs": EPOCHS,
            "answers": answers,
        },
        parts=("_pixels.js",),
    )


def _rounded(values: Tensor) -> list[float]:
    return [round(v, 6) for v in values.tolist()]
