"""Figures about penalties on weights: prices, shrinkage, recovery, boundaries."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from helpers.demos._stage import Scene, Slider
from helpers.show import plots
from helpers.words import say

__all__ = [
    "balls",
    "boundaries",
    "coefficient_paths",
    "decay_pair",
    "moon_boundary",
    "moon_grid",
    "one_problem",
    "pruning",
    "rate_lines",
    "recovery",
    "scene",
    "shrink_maps",
    "sorted_sizes",
]

GRAY, INK = "#999999", "#1a1a1a"


def shrink_maps(threshold: float = 1.0) -> Figure:
    """Draw the prices of L1 and L2, and what each does to a weight of given size."""
    w = torch.linspace(-3, 3, 241)
    fig, (left, right) = plots.figure(2)
    l1, l2 = (plots.TREATMENTS[name] for name in ("L1", "L2"))
    left.plot(w, threshold * w.abs(), color=l1, label="L1: λ|w|")
    left.plot(w, threshold * w**2 / 2, "--", color=l2, label="L2: λw²/2")
    left.set(title=say("Near 0 an L2 price is almost nothing"), ylabel=say("price"))
    right.plot(w, w, color="#bbbbbb", label=say("no penalty"))
    soft, hard = F.softshrink(w, threshold), F.hardshrink(w, threshold)
    right.plot(w, soft, color=l1, label=say("L1: soft threshold"))
    right.plot(w, w / (1 + threshold), "--", color=l2, label="L2: w/(1+λ)")
    right.plot(w, hard, ":", color=INK, label=say("hard threshold"))
    right.set(
        title=say("L1 makes zeros, L2 only scales"), ylabel=say("best compromise")
    )
    for ax in (left, right):
        ax.set_xlabel(
            say("weight w that the data want (λ = {threshold:g})", threshold=threshold)
        )
        ax.legend()
    return fig


def sorted_sizes(fits: Mapping[str, Tensor], *, step: float) -> Figure:
    """Draw |w| from the largest to the smallest on a log axis; zeros are left out.

    Args:
        fits: name -> weights (d,).
        step: height of a line for comparison, e.g. the length of one L1 step.
    """
    fig, ax = plots.figure()
    for (name, w), style in zip(fits.items(), ("-", "--", "o-"), strict=False):
        size = w.abs().sort(descending=True).values
        rank = torch.arange(1, len(w) + 1)
        ax.semilogy(rank[size > 0], size[size > 0], style, markersize=4, label=name)
    ax.axhline(step, color=GRAY, linewidth=1)
    note: dict[str, Any] = {"va": "bottom", "ha": "right", "color": "#666666"}
    ax.text(len(w), step, say("length of one SGD step of L1"), **note)
    ax.set(
        title=say("Autograd stops near 0, proximal steps stop at 0"),
        xlabel=say("rank of the weight"),
        ylabel=say("|weight| (log scale)"),
    )
    ax.legend(loc="lower left")
    return fig


def recovery(
    strengths: Sequence[float],
    scores: Mapping[str, tuple[Tensor, Tensor]],
    *,
    mark: float,
    titles: Sequence[str],
) -> Figure:
    """Draw precision and recall over the strength, one panel per penalty.

    Args:
        strengths: (n,), > 0.
        scores: name of the penalty -> (precision, recall), each (seeds, n).
        mark: strength of the first penalty at which a gray line is drawn.
        titles: one finding per panel.
    """
    fig, axes = plots.figure(len(scores), sharey=True, squeeze=False)
    for ax, title, name in zip(axes[0], titles, scores, strict=True):
        precision, recall = scores[name]
        plots.band(strengths, precision, label=say("precision"), color=INK, ax=ax)
        dashed = {"color": "#767676", "linestyle": "--"}
        plots.band(strengths, recall, label=say("recall"), color=dashed, ax=ax)
        ax.set(
            xscale="log",
            xlabel=say("{name} strength (log scale)", name=name),
            ylim=(0, 1.05),
        )
        ax.set_title(title)
    axes[0, 0].axvline(mark, color=GRAY, linewidth=1)
    axes[0, 0].set_ylabel(say("fraction of features"))
    return fig


def decay_pair(
    decays: Sequence[float],
    tables: Mapping[str, Mapping[str, Tensor]],
    *,
    titles: Sequence[str],
) -> Figure:
    """Draw training and validation accuracy over the decay, one panel per labels.

    Args:
        decays: (n,).
        tables: labels -> "train" and "val" -> accuracies in percent, (seeds, n).
        titles: one finding per panel.
    """
    fig, axes = plots.figure(len(tables), sharey=True, squeeze=False)
    place = range(len(decays))
    for ax, title, table in zip(axes[0], titles, tables.values(), strict=True):
        for part, style in (("train", plots.TRAIN), ("val", plots.VAL)):
            name = {"train": say("training"), "val": say("validation")}[part]
            plots.band(place, table[part], label=name, color=style, ax=ax)
        ax.set_xticks(place, [f"{decay:g}" for decay in decays])
        ax.set(xlabel=say("weight decay λ (not to scale)"), title=title)
    axes[0, 0].set_ylabel(say("accuracy (%)"))
    return fig


def one_problem(x: Tensor, y: Tensor, truth: Tensor) -> Figure:
    """Draw a sparse problem: true weights, and each feature's correlation with y.

    Args:
        x: (n, d). y: (n,). truth: (d,), 0 where a feature is useless.
    """
    z = (x - x.mean(0)) / x.std(0)
    correlation = (z * ((y - y.mean()) / y.std())[:, None]).mean(0)
    fig, (left, right) = plots.figure(2)
    for ax, heights in ((left, truth), (right, correlation)):
        for real, color in ((True, plots.PALETTE[0]), (False, GRAY)):
            at = ((truth != 0) == real).nonzero()[:, 0]
            ax.bar(
                at,
                heights[at],
                color=color,
                label=say("real") if real else say("useless"),
            )
        ax.set_xlabel(say("feature, 0 to 49"))
    left.set(ylabel=say("true weight"), title=say("The truth: 10 of 50 features"))
    right.set(ylabel=say("correlation with the outcome"))
    right.set_title(say("What 100 patients show"))
    right.legend()
    return fig


def coefficient_paths(
    strengths: Sequence[float],
    paths: Mapping[str, Tensor],
    truth: Tensor,
    mark: float,
) -> Figure:
    """Draw how every weight of one problem moves with the strength.

    Args:
        strengths: (n,), > 0.
        paths: name of the penalty -> weights (n, d).
        truth: (d,), 0 where a feature is useless.
        mark: strength of the first penalty at which a dashed line is drawn.
    """
    fig, axes = plots.figure(len(paths), sharey=True, squeeze=False)
    for ax, weights in zip(axes[0], paths.values(), strict=True):
        for real, color in ((False, GRAY), (True, plots.PALETTE[0])):
            lines = ax.plot(strengths, weights[:, (truth != 0) == real], color=color)
            lines[0].set_label(say("real feature") if real else say("useless feature"))
        ax.set(xscale="log", xlabel=say("strength (log scale)"))
    axes[0, 0].axvline(mark, color="#333333", linestyle="--", label=say("theory"))
    axes[0, 0].set(ylabel=say("weight"), title=say("L1 switches weights off"))
    axes[0, -1].set_title(say("L2 turns them all down"))
    low, high = axes[0, 0].get_ylim()
    axes[0, 0].set_ylim(low - 0.25 * (high - low), high)  # room for the legend
    axes[0, 0].legend(loc="lower left", ncols=2)
    return fig


def pruning(nets: Mapping[str, tuple[Tensor, Tensor, Tensor]]) -> Figure:
    """Draw accuracy and units left against the share of weights that are zero.

    Args:
        nets: name -> (zeros in percent, units left, accuracy in percent), each
            (strengths, seeds).
    """
    fig, (left, right) = plots.figure(2)
    for name, (zeros, units, accuracy) in nets.items():
        color = plots.TREATMENTS[name]
        for ax, values in ((left, accuracy), (right, units)):
            ax.plot(zeros, values, ".", color=color, alpha=0.4)
            ax.plot(zeros.mean(1), values.mean(1), "o-", color=color, label=name)
            ax.set_xlabel(say("weights of the first layer that are 0 (%)"))
    left.set(
        ylabel=say("validation accuracy (%)"), title=say("Half of the weights can go")
    )
    right.set(
        ylabel=say("units left of 32"), title=say("Units die as a whole under both")
    )
    right.legend(title=say("mean, and one dot per seed"))
    return fig


def rate_lines(rates: Sequence[float], scores: Mapping[str, Tensor]) -> Figure:
    """Draw accuracy against the learning rate, one panel without and one with dropout.

    Args:
        rates: (n,), > 0.
        scores: "dropout P, NAME" -> accuracy in percent, (n, seeds).
    """
    fig, axes = plots.figure(2, sharey=True)
    panels = dict.fromkeys(name.split(", ")[0] for name in scores)
    for ax, panel in zip(axes, panels, strict=True):
        for name, values in scores.items():
            if name.startswith(panel + ", "):
                plots.band(rates, values.T, label=name.split(", ")[1], ax=ax)
        ax.axhline(10, color=GRAY, linestyle=":", label=say("guessing"))
        ax.set(xscale="log", xlabel=say("learning rate (log scale)"), title=panel)
        ax.set_xticks(rates, [f"{rate:g}" for rate in rates])
        ax.minorticks_off()
        ax.legend()
    axes[0].set_ylabel(say("validation accuracy (%)"))
    return fig


def moon_boundary(points: tuple[Tensor, Tensor], logits: Tensor) -> Figure:
    """Draw one network's decision on the plane, and its training points.

    Args:
        points: x (n, 2) and y (n,) in {0, 1}.
        logits: (4800, 2), the network's outputs on `moon_grid()`.
    """
    fig, ax = plots.figure()
    _draw_boundary(ax, points, logits)
    return fig


def _three_boundaries(
    points: tuple[Tensor, Tensor], logits: Mapping[float, Tensor]
) -> Figure:
    """Draw the first seed's decision at the lowest, middle and highest strength."""
    strengths = sorted(logits)
    shown = strengths[0], strengths[len(strengths) // 2], strengths[-1]
    fig, axes = plots.figure(3, sharey=True)
    for ax, strength in zip(axes, shown, strict=True):
        _draw_boundary(ax, points, logits[strength][0])
        ax.set(
            title=say("L2 strength {strength:g}", strength=strength),
            xlabel=say("feature 1"),
        )
    for ax in axes[1:]:
        ax.set_ylabel("")
    return fig


def _draw_boundary(ax: Axes, points: tuple[Tensor, Tensor], logits: Tensor) -> None:
    px, py = _mesh()
    probability = logits.cpu().softmax(1)[:, 1].view(px.shape)
    shades: dict[str, Any] = {"cmap": "PuOr", "vmin": 0, "vmax": 1}
    ax.contourf(
        px, py, probability, levels=torch.linspace(0, 1, 11), alpha=0.6, **shades
    )
    ax.contour(px, py, probability, levels=[0.5], colors="black")
    x, y = (t.cpu() for t in points)
    ax.scatter(x[:, 0], x[:, 1], c=y, s=20, edgecolors="white", **shades)
    ax.set(xlabel=say("feature 1"), ylabel=say("feature 2"))


def moon_grid() -> Tensor:
    """Return the 4,800 points of the plane that `moon_boundary` draws, (4800, 2)."""
    px, py = _mesh()
    return torch.stack([px.ravel(), py.ravel()], 1)


def _mesh() -> tuple[Tensor, Tensor]:
    ticks = torch.linspace(-2.2, 3.2, 80), torch.linspace(-1.8, 2.3, 60)
    px, py = torch.meshgrid(*ticks, indexing="xy")
    return px, py


def balls(strength: float = 0.8) -> Figure:
    """Draw where loss ellipses meet the diamond of L1 and the circle of L2.

    Args:
        strength: of the penalty, ≥ 0; the loss is ½‖w - (1.4, 0.5)‖².
    """
    w = torch.tensor([1.4, 0.5])
    ends = {"L1": (w.abs() - strength).clamp(min=0), "L2": w / (1 + strength)}
    fig, panels = plots.figure(2)
    angle = torch.linspace(0, 2 * torch.pi, 121)
    circle = torch.stack([angle.cos(), angle.sin()])
    for ax, (kind, end) in zip(panels, ends.items(), strict=True):
        ax.plot(*(w[:, None] + (end - w).norm() * circle), **plots.TRAIN)
        size = end.abs().sum() if kind == "L1" else end.norm()
        shape = circle / circle.abs().sum(0) if kind == "L1" else circle
        ax.plot(*(size * shape), **plots.VAL)
        ax.plot(*end, "o", color="black")
        ax.set(
            title=say(
                "{kind}: ends at ({end:.2f}, {end2:.2f})",
                kind=kind,
                end=end[0],
                end2=end[1],
            ),
            aspect="equal",
        )
        ax.set(xlabel=say("weight 1"), ylabel=say("weight 2"))
    return fig


def scene() -> Scene:
    """Return the moving picture of loss ellipses that touch the L1 and L2 balls."""
    return Scene(
        "l1_l2",
        say("Ellipses, a diamond and a circle"),
        say(
            "Loss ellipses touching the diamond of L1 and the circle of L2, and what "
            "each penalty does to one weight alone."
        ),
        (
            Slider("strength", say("strength"), 0.4, 0.0, 2.0, 0.01),
            Slider(
                "correlation", say("correlation of the features"), 0.3, -0.9, 0.9, 0.05
            ),
            Slider("second", say("weight 2 without penalty"), 0.5, -0.7, 1.4, 0.05),
        ),
        balls,
    )


def boundaries(
    points: tuple[Tensor, Tensor],
    logits: Mapping[float, Tensor],
    *,
    seen: Mapping[float, Tensor],
    fresh: Mapping[float, Tensor],
) -> Scene:
    """Return the moving picture of many networks' decisions on the plane.

    Args:
        points: x (n, 2) and y (n,) in {0, 1}, on which they were trained.
        logits: strength -> outputs on `moon_grid()`, (seeds, 4800, 2).
        seen, fresh: strength -> shares of training and new points right, (seeds,).
    """
    rows = [
        values.cpu().softmax(-1)[..., 1].view(-1, 60, 80) for values in logits.values()
    ]
    frames = (255 * torch.stack(rows)[..., ::2, ::2]).round().to(torch.uint8)
    start = sorted(logits)[len(logits) // 2]
    x, y = (t.detach().cpu() for t in points)
    ends = moon_grid()[[0, -82]]  # of the points that are kept
    return Scene(
        "boundaries",
        say("Decision boundaries at eight strengths"),
        say(
            "Left: one network's decision on two moons with its training points. "
            "Right: the boundaries of all seeds."
        ),
        (
            Slider("strength", say("L2 strength"), start, values=tuple(logits)),
            Slider("seed", say("seed"), 0, 0, frames.shape[1] - 1, 1),
        ),
        lambda: _three_boundaries(points, logits),
        {
            "strengths": list(logits),
            "seeds": frames.shape[1],
            "columns": frames.shape[3],
            "rows": frames.shape[2],
            "extent": _cells(ends, frames.shape[3], frames.shape[2]),
            "x": [round(v, 3) for v in x.flatten().tolist()],
            "y": y.tolist(),
            "frames": b64encode(frames.numpy().tobytes()).decode(),
            "seen": [[round(v, 4) for v in seen[s].tolist()] for s in logits],
            "fresh": [[round(v, 4) for v in fresh[s].tolist()] for s in logits],
        },
        parts=("_pixels.js",),
    )


def _cells(ends: Tensor, columns: int, rows: int) -> dict[str, list[float]]:
    """Return the frame around cells whose first and last centers are `ends` (2, 2)."""
    half = (ends[1] - ends[0]) / torch.tensor([columns - 1, rows - 1]) / 2
    low, high = ends[0] - half, ends[1] + half
    return {"x": [low[0].item(), high[0].item()], "y": [low[1].item(), high[1].item()]}
