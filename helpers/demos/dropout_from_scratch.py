"""Pictures of notebook 02: a thinned network, and your masks beside PyTorch's."""

from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from helpers.demos._stage import Choice, Scene, Slider
from helpers.seeds import generator
from helpers.show import plots

__all__ = ["scene", "masks_beside", "thinned_network"]

WIDTHS = (5, 8, 8, 3)  # units per layer of the network that is drawn
INK, PALE = "#1a1a1a", "#d9d9d9"


def thinned_network(
    rate: float = 0.5, training: bool = True, mask: int = 1, inverted: bool = True
) -> Figure:
    """Draw a network whose hidden units are dropped, and one layer's activations.

    Args:
        rate: probability of dropping a hidden unit, in [0, 1].
        training: drop; else evaluation, in which all units are there.
        mask: seed of the coins, so that another number is another thinned network.
        inverted: scale the survivors by 1/(1-rate) in training; else all units by
            1-rate at evaluation.

    Returns:
        Two panels: the network, and the first hidden layer's activations before and
        after dropout with their means.
    """
    g = generator(mask)
    hidden = range(1, len(WIDTHS) - 1)
    kept = [torch.ones(width, dtype=torch.bool) for width in WIDTHS]
    if training:
        for k in hidden:
            kept[k] = torch.rand(WIDTHS[k], generator=g) >= rate
    before = 0.3 + torch.rand(WIDTHS[1], generator=generator(7))
    factor = _factor(rate, training, inverted)
    fig, (left, right) = plots.figure(2, width_ratios=(3, 2))
    _network(left, kept)
    mode = "training" if training else "evaluation"
    there = sum(int(kept[k].sum()) for k in hidden)
    total = sum(WIDTHS[k] for k in hidden)
    left.set_title(f"{mode}: {there} of {total} hidden units are there")
    _activations(right, before, before * kept[1] * factor)
    right.set_title(f"the units that are there: times {factor:.3g}")
    return fig


def _factor(rate: float, training: bool, inverted: bool) -> float:
    if inverted:
        return 1 / (1 - rate) if training and rate < 1 else 1.0
    return 1.0 if training else 1 - rate


def _network(ax: Axes, kept: list[Tensor]) -> None:
    places = [
        [(k, unit - (len(units) - 1) / 2) for unit in range(len(units))]
        for k, units in enumerate(kept)
    ]
    for k in range(len(kept) - 1):
        for a, (x0, y0) in enumerate(places[k]):
            for b, (x1, y1) in enumerate(places[k + 1]):
                if kept[k][a] and kept[k + 1][b]:
                    ax.plot([x0, x1], [y0, y1], color="#9fb8c8", lw=0.7, zorder=1)
    for units, row in zip(kept, places, strict=True):
        for there, (x, y) in zip(units, row, strict=True):
            color = plots.PALETTE[0] if there else "white"
            edge = INK if there else PALE
            ax.plot(x, y, "o", ms=13, mfc=color, mec=edge, zorder=2)
            if not there:
                ax.plot(x, y, "x", ms=7, color="#8a8a8a", zorder=3)
    ax.set_xticks(range(len(kept)), ["input", "hidden 1", "hidden 2", "output"])
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.spines[["left", "bottom"]].set_visible(False)


def _activations(ax: Axes, before: Tensor, after: Tensor) -> None:
    place = range(1, len(before) + 1)
    ax.bar(place, before, 0.8, color=PALE, label="before")
    ax.bar(place, after, 0.4, color=plots.PALETTE[0], label="after")
    for values, style in ((before, "--"), (after, "-")):
        color = INK if style == "--" else plots.PALETTE[0]
        ax.axhline(values.mean().item(), color=color, linestyle=style, linewidth=1.4)
    ax.set(xlabel="unit of hidden 1", ylabel="activation (lines: mean)")
    ax.set_xticks(list(place))
    ax.legend(loc="upper right")
    ax.set_ylim(0, max(2.8, 1.25 * float(after.max())))


def masks_beside(yours: Any, target: Tensor) -> None:
    """Show your result beside PyTorch's as pictures, on one colour scale.

    Args:
        yours: what the answer returned; anything but a (rows, columns) tensor of the
            target's shape is said in one line instead.
        target: (rows, columns).
    """
    if not isinstance(yours, Tensor) or yours.shape != target.shape:
        got = tuple(yours.shape) if isinstance(yours, Tensor) else type(yours).__name__
        print(f"Expected a tensor of shape {tuple(target.shape)}, got {got}.")
        return
    fig, ax = plots.figure()
    plots.compare(yours, target, kind="images", ax=ax)
    mine, theirs = (float((m == 0).float().mean()) for m in (yours, target))
    ax.set_title(f"dropped: {mine:.0%} in yours, {theirs:.0%} in PyTorch's")
    alt = f"Two pictures of masks side by side; in yours {mine:.0%} is dropped."
    plots.show(fig, alt=alt)


def scene() -> Scene:
    """Return the moving picture of dropout: masks, both forms, both modes."""
    activations = 0.3 + torch.rand(WIDTHS[1], generator=generator(7))
    modes = {"training": "training", "evaluation": "evaluation"}
    forms = {"inverted": "inverted (today's)", "standard": "standard (2012)"}
    return Scene(
        "dropout_from_scratch",
        "Dropout on a small network",
        "A network with some hidden units switched off, and one layer's activations "
        "before and after.",
        (
            Slider("rate", "rate p", 0.5),
            Choice("mode", "mode", modes),
            Choice("form", "form", forms),
        ),
        thinned_network,
        {"widths": list(WIDTHS), "activations": activations.tolist()},
    )
