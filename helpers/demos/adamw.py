"""Pictures of notebook 04: where Adam with L2 and AdamW end on a quadratic."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.optim import Adam, AdamW

from helpers.demos._stage import Scene, Slider
from helpers.seeds import generator
from helpers.show import plots
from helpers.words import say

__all__ = [
    "BOWL",
    "Quadratics",
    "beside",
    "descend",
    "ends_picture",
    "quadratics",
    "resting_point",
    "scene",
    "still",
]

OPTIMIZERS: dict[str, type[Adam]] = {"Adam + L2": Adam, "AdamW": AdamW}
INK = "#1a1a1a"


class Quadratics(NamedTuple):
    r"""Least-squares problems $\frac{1}{2n}\|Xw - y\|^2$, one per seed.

    Attributes:
        x: features (S, n, d). y: targets (S, n).
        hessian: XᵀX/n, (S, d, d). slope: Xᵀy/n, (S, d).
    """

    x: Tensor
    y: Tensor
    hessian: Tensor
    slope: Tensor


class Bowl(NamedTuple):
    """The loss ½(w - minimum)ᵀ hessian (w - minimum) of two weights.

    Attributes:
        hessian: (2, 2). minimum, start: (2,).
        noise: (2,), size of each weight's gradient noise, to be multiplied.
    """

    hessian: Tensor
    minimum: Tensor
    start: Tensor
    noise: Tensor


def _tilted(angle: float) -> Bowl:
    turn = torch.tensor(angle)
    axes = torch.tensor([[turn.cos(), -turn.sin()], [turn.sin(), turn.cos()]])
    hessian = axes @ torch.diag(torch.tensor([4.0, 0.5])) @ axes.T
    points = [[1.4, 0.8], [-0.8, 1.6], [1.0, 0.25]]
    return Bowl(hessian, *torch.tensor(points))


BOWL = _tilted(0.5)


def quadratics(seeds: range, *, n: int = 40) -> Quadratics:
    """Draw problems of two weights, float64; the first feature is six times as large.

    Args:
        seeds: one problem per seed.
        n: examples per problem, ≥ 2.
    """
    xs, ys = [], []
    for seed in seeds:
        g = generator(seed)
        x = torch.randn(n, 2, generator=g, dtype=torch.float64)
        x = x * x.new_tensor([3.0, 0.5])
        noise = 0.5 * torch.randn(n, generator=g, dtype=torch.float64)
        xs.append(x)
        ys.append(x @ x.new_tensor([1.0, -1.5]) + noise)
    x, y = torch.stack(xs), torch.stack(ys)
    return Quadratics(x, y, x.mT @ x / n, torch.einsum("snd,sn->sd", x, y) / n)


def descend(
    problem: Quadratics,
    optimizer: type[Adam],
    *,
    decay: float,
    batch: int | None = None,
    steps: int = 1500,
) -> Tensor:
    """Walk down all problems at once from w = 0; the learning rate falls to zero.

    Args:
        optimizer: torch.optim.Adam or AdamW; decay becomes its weight_decay, ≥ 0.
        batch: examples per step, drawn with replacement (seed 0); all if None.
        steps: how many; the rate follows a cosine from 0.05 to 0.

    Returns:
        The weights before each step and at the end, (steps + 1, S, d).
    """
    w = torch.zeros_like(problem.slope, requires_grad=True)
    opt = optimizer([w], lr=0.05, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
    g, path = generator(0), [w.detach().clone()]
    n = problem.y.shape[1]
    for _ in range(steps):
        rows = torch.randint(n, (batch,), generator=g) if batch else slice(None)
        x, y = problem.x[:, rows], problem.y[:, rows]
        residual = torch.einsum("snd,sd->sn", x, w.detach()) - y
        w.grad = torch.einsum("snd,sn->sd", x, residual) / y.shape[1]
        opt.step()
        schedule.step()
        path.append(w.detach().clone())
    return torch.stack(path)


def ridge_solution(problem: Quadratics, strength: float) -> Tensor:
    """Return argmin of the loss plus (strength/2)·‖w‖², shape (S, d)."""
    eye = torch.eye(problem.slope.shape[1], dtype=torch.float64)
    solved: Tensor = torch.linalg.solve(problem.hessian + strength * eye, problem.slope)
    return solved


def _landscape(ax: Axes, problem: Quadratics) -> None:
    """Draw the first problem's loss as contours, and all its ridge solutions.

    Args:
        ax: where to draw; its limits are set to what the optimizers of the notebook
            reach.
    """
    first, second = torch.meshgrid(
        torch.linspace(0.5, 1.1, 80, dtype=torch.float64),
        torch.linspace(-1.7, -0.2, 80, dtype=torch.float64),
        indexing="xy",
    )
    w = torch.stack([first, second], -1)
    h, b = problem.hessian[0], problem.slope[0]
    loss = 0.5 * torch.einsum("abi,ij,abj->ab", w, h, w) - w @ b
    ax.contour(
        *(first, second, (loss - loss.min()).sqrt(), 12),
        colors="#bbbbbb",
        linewidths=0.8,
    )
    strengths = [0.0, *torch.logspace(-3, 4, 80).tolist()]
    line = torch.stack([ridge_solution(problem, s)[0] for s in strengths])
    ax.plot(
        *line.T,
        color=INK,
        linestyle="--",
        linewidth=1,
        label=say("ridge, any strength"),
    )
    ax.set(xlim=(0.5, 1.1), ylim=(-1.7, -0.2))


def ends_picture(
    problem: Quadratics,
    ridge: Tensor,
    coupled: Tensor,
    ends: Mapping[str, Tensor],
    forecasts: Mapping[str, Tensor],
) -> Figure:
    """Draw where AdamW ends: in the first problem's plane, and as distances in all.

    Args:
        problem: S problems.
        ridge: the ridge solutions, (S, 2). coupled: where Adam + L2 ends, (S, 2).
        ends: name of a batch size -> where AdamW ends, (S, 2).
        forecasts: of the same names, without those that have none -> (S, 2).

    Returns:
        Two panels. Distances count the way from least squares to ridge as 1.
    """
    fig, (ax, right) = plots.figure(2)
    _landscape(ax, problem)
    coupled_color = plots.TREATMENTS["Adam + L2"]
    ax.plot(*coupled[0], "o", color=coupled_color, label=say("Adam + L2"))
    ax.plot(
        *ridge[0], "s", color=INK, fillstyle="none", markersize=11, label=say("ridge")
    )
    way = (ridge_solution(problem, 0.0) - ridge).norm(dim=1)
    spread = torch.linspace(-0.12, 0.12, len(ridge))
    colors = plots.treatment_colors(["Adam + L2", *ends])
    for place, (name, w) in enumerate(ends.items()):
        color = colors[name]
        ax.plot(*w[0], "o", color=color, label=f"AdamW, {name}")
        right.plot(
            place - 0.15 + spread, (w - ridge).norm(dim=1) / way, "o", color=color, ms=4
        )
        if name in forecasts:
            aim = forecasts[name]
            box: dict[str, Any] = {"color": color, "fillstyle": "none"}
            ax.plot(*aim[0], "s", markersize=11, **box)
            off = (w - aim).norm(dim=1) / way
            right.plot(place + 0.15 + spread, off, "s", ms=5, **box)
    right.plot([], [], "o", color=INK, ms=4, label=say("from ridge"))
    right.plot(
        [], [], "s", color=INK, ms=5, fillstyle="none", label=say("from its own ridge")
    )
    right.set_xticks(range(len(ends)), list(ends))
    right.set(ylim=(-0.05, 1.05), ylabel=say("distance (1 = least squares to ridge)"))
    right.set_title(say("AdamW, all problems: at its own ridge"))
    right.legend(loc="upper right")
    ax.set(
        xlabel=say("weight 1 (large feature)"), ylabel=say("weight 2 (small feature)")
    )
    ax.set_title(say("Problem 0: dots end in or beside their squares"))
    ax.legend(loc="upper left", fontsize=7)
    return fig


def beside(
    panels: dict[str, tuple[Tensor, Tensor]], *, names: tuple[str, str]
) -> Figure:
    """Draw the final weights of two runs against each other, one panel per pair.

    Args:
        panels: title -> weights (n,) of the first and of the second run.
        names: what the two axes show.

    Returns:
        The figure. Runs that are the same lie on the diagonal.
    """
    fig, axes = plots.figure(len(panels))
    for ax, (title, (first, second)) in zip(axes, panels.items(), strict=True):
        ends = [float(min(first.min(), second.min())), float(first.max())]
        ends[1] = max(ends[1], float(second.max()))
        ax.plot(ends, ends, color=INK, linewidth=0.8)
        ax.plot(first, second, "o", color=plots.PALETTE[0], alpha=0.5, markersize=4)
        ax.set(
            xlabel=say("weight, {names}", names=names[0]),
            ylabel=say("weight, {names}", names=names[1]),
            title=title,
        )
    return fig


def scene() -> Scene:
    """Return the moving picture of Adam with L2 and AdamW on one tilted bowl."""
    return Scene(
        "adamw",
        say("Adam with L2 and AdamW on one bowl"),
        say(
            "Paths of both optimizers over the contours of a loss with two weights, "
            "with the ridge solution and the ridge solution of one strength per "
            "weight."
        ),
        (
            Slider("decay", say("decay"), 0.5, values=(0.0, 0.1, 0.2, 0.5, 1.0, 2.0)),
            Slider("rate", say("learning rate"), 0.01, values=(0.003, 0.01, 0.03, 0.1)),
            Slider("noise", say("noise of the gradient"), 0.0, 0.0, 2.0, 0.1),
            Slider("seed", say("seed"), 1, 1, 20, 1),
        ),
        still,
        {
            "hessian": BOWL.hessian.tolist(),
            "minimum": BOWL.minimum.tolist(),
            "start": BOWL.start.tolist(),
            "noise": BOWL.noise.tolist(),
        },
    )


def still(decay: float = 0.5, rate: float = 0.01, steps: int = 2000) -> Figure:
    """Draw what the moving picture shows after `steps` steps without noise.

    Args:
        decay: L2 strength of Adam, weight decay of AdamW, ≥ 0.
        rate: learning rate. steps: of each optimizer.
    """
    fig, axes = plots.figure(2)
    ridge = torch.linalg.solve(
        BOWL.hessian + decay * torch.eye(2), BOWL.hessian @ BOWL.minimum
    )
    for ax, (name, kind) in zip(axes, OPTIMIZERS.items(), strict=True):
        color = plots.TREATMENTS[name]
        path = _walk(kind, decay, rate, steps)
        _contours(ax)
        ax.plot(*path.T, color=color, linewidth=1.5)
        ax.plot(*ridge, "s", color=plots.PALETTE[2], markersize=9, label=say("ridge"))
        ax.plot(
            *BOWL.minimum, "o", color=INK, fillstyle="none", label=say("no penalty")
        )
        ax.plot(
            *path[-1],
            "o",
            color=color,
            markersize=8,
            label=say("after {steps:,} steps", steps=steps),
        )
        off = (path[-1] - ridge).norm()
        ax.set(
            xlim=(-1.2, 2.2),
            ylim=(-1.2, 2.2),
            xlabel=say("weight 1"),
            ylabel=say("weight 2"),
        )
        ax.set_title(say("{name}: {off:.2f} from ridge", name=name, off=off))
        ax.legend(loc="lower left")
    return fig


def resting_point(decay: float, noise: float) -> Tensor:
    """Return where AdamW rests on the bowl, (2,): ridge with strengths decay·σ.

    σ is the root mean square of each weight's gradient there, signal and noise.
    """
    own, w = noise * BOWL.noise, BOWL.minimum
    size = own + 1.0  # not 0: where the box |w| ≤ 1/decay ends, 0 is no rest
    for _ in range(500):
        strengths = torch.diag(decay * size)
        w = torch.linalg.solve(BOWL.hessian + strengths, BOWL.hessian @ BOWL.minimum)
        slope = BOWL.hessian @ (w - BOWL.minimum)
        size = (size + (own**2 + slope**2).sqrt()) / 2
    return w


def _walk(kind: type[Adam], decay: float, rate: float, steps: int) -> Tensor:
    """Return the weights before each step and at the end, (steps + 1, 2)."""
    w = BOWL.start.clone().requires_grad_()
    optimizer, path = kind([w], lr=rate, weight_decay=decay), [BOWL.start]
    for _ in range(steps):
        w.grad = BOWL.hessian @ (w.detach() - BOWL.minimum)
        optimizer.step()
        path.append(w.detach().clone())
    return torch.stack(path)


def _contours(ax: Axes) -> None:
    """Draw the bowl's contours."""
    line = torch.linspace(-1.2, 2.2, 90)
    first, second = torch.meshgrid(line, line, indexing="xy")
    off = torch.stack([first, second], -1) - BOWL.minimum
    loss = 0.5 * torch.einsum("abi,ij,abj->ab", off, BOWL.hessian, off)
    levels = [0.02, 0.15, 0.5, 1.2, 2.4, 4.0]
    ax.contour(first, second, loss, levels, colors="#bbbbbb", linewidths=0.8)
