"""Pictures of notebook 04: where Adam with L2 and AdamW end on a quadratic."""

from typing import Any, NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.optim import Adam, AdamW

from helpers.demos._stage import Scene, Slider
from helpers.seeds import generator
from helpers.show import plots

__all__ = ["scene", "Quadratics", "beside", "descend", "quadratics", "ridge_picture"]

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


def ridge_picture(decay: float = 0.5, batch: int = 40) -> Figure:
    """Draw where Adam + L2 and AdamW end, beside the ridge solutions in closed form.

    Args:
        decay: L2 strength of Adam, weight decay of AdamW, ≥ 0.
        batch: examples per gradient, 1 to 40; 40 takes all of them, without noise.
    """
    problem = quadratics(range(1))
    fig, ax = plots.figure()
    _landscape(ax, problem, decay)
    aim, off = ridge_solution(problem, decay)[0], {}
    for (name, optimizer), color in zip(
        OPTIMIZERS.items(), (plots.PALETTE[0], plots.PALETTE[1]), strict=True
    ):
        path = descend(
            problem, optimizer, decay=decay, batch=None if batch >= 40 else batch
        )[:, 0]
        off[name] = (path[-1] - aim).norm().item()
        ax.plot(*path.T, color=color, linewidth=1, alpha=0.7)
        end: dict[str, Any] = {"color": color, "markersize": 8, "zorder": 3}
        ax.plot(*path[-1:].T, "o", **end, label=f"{name} ends here")
    ax.set(xlabel="weight 1 (large feature)", ylabel="weight 2 (small feature)")
    ax.set(xlim=(-0.1, 1.3), ylim=(-1.7, 0.15))
    distances = ", ".join(f"{name} {value:.2f}" for name, value in off.items())
    ax.set_title(f"Distance to the ridge solution: {distances}")
    ax.legend(loc="lower left")
    return fig


def ridge_solution(problem: Quadratics, strength: float) -> Tensor:
    """Return argmin of the loss plus (strength/2)·‖w‖², shape (S, d)."""
    eye = torch.eye(problem.slope.shape[1], dtype=torch.float64)
    solved: Tensor = torch.linalg.solve(problem.hessian + strength * eye, problem.slope)
    return solved


def _landscape(ax: Axes, problem: Quadratics, decay: float) -> None:
    """Contours of the loss, all ridge solutions as a line, and the one for `decay`."""
    first, second = torch.meshgrid(
        torch.linspace(-0.1, 1.3, 80, dtype=torch.float64),
        torch.linspace(-1.7, 0.15, 80, dtype=torch.float64),
        indexing="xy",
    )
    w = torch.stack([first, second], -1)
    h, b = problem.hessian[0], problem.slope[0]
    loss = 0.5 * torch.einsum("abi,ij,abj->ab", w, h, w) - w @ b
    ax.contour(
        first, second, (loss - loss.min()).sqrt(), 12, colors="#bbbbbb", linewidths=0.8
    )
    strengths = [0.0, *torch.logspace(-3, 4, 80).tolist()]
    line = torch.stack([ridge_solution(problem, s)[0] for s in strengths])
    ax.plot(*line.T, color=INK, linestyle="--", label="ridge, all strengths")
    aim = ridge_solution(problem, decay).T
    ax.plot(*aim, "*", color=INK, markersize=21, label=f"ridge, {decay:g}")


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
        ax.set(xlabel=f"weight, {names[0]}", ylabel=f"weight, {names[1]}", title=title)
    return fig


def scene() -> Scene:
    """Return the moving picture of Adam with L2 and AdamW on one tilted bowl."""
    turn = torch.tensor(0.5)
    axes = torch.tensor([[turn.cos(), -turn.sin()], [turn.sin(), turn.cos()]])
    hessian = axes @ torch.diag(torch.tensor([4.0, 0.5])) @ axes.T
    return Scene(
        "adamw",
        "Adam with L2 and AdamW on one bowl",
        "Paths of both optimizers over the contours of a loss with two weights, and "
        "the ridge solution.",
        (
            Slider("decay", "decay", 0.5, values=(0.0, 0.1, 0.2, 0.5, 1.0, 2.0)),
            Slider("rate", "learning rate", 0.01, values=(0.003, 0.01, 0.03, 0.1)),
            Slider("noise", "noise of the gradient", 0.0, 0.0, 2.0, 0.1),
            Slider("seed", "seed", 1, 1, 20, 1),
        ),
        ridge_picture,
        {"hessian": hessian.tolist(), "minimum": [1.4, 0.8], "start": [-0.8, 1.6]},
    )
