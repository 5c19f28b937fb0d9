"""Pictures of notebook 02: thinned networks, masks, and what dropout did to a network.

Each rate of dropout has one color in all of them, see `color`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from torch import Tensor

from helpers.demos._stage import Choice, Scene, Slider
from helpers.evidence.intervals import mean_interval
from helpers.seeds import generator
from helpers.show import plots
from helpers.words import say

__all__ = [
    "color",
    "family",
    "filters",
    "masks_beside",
    "means_beside",
    "opening",
    "rates_over_steps",
    "removed",
    "scene",
    "thinned_network",
    "weights_by_size",
    "width_map",
]

WIDTHS = (5, 8, 8, 3)  # units per layer of the network that is drawn
INK, PALE = "#1a1a1a", "#d9d9d9"
_COLORS = {0.0: 0, 0.25: 5, 0.5: 1, 0.75: 6, 0.9: 2}  # rate -> place in the palette


def color(rate: float) -> str:
    """Return the color of a rate of dropout: 0, 0.25, 0.5, 0.75 or 0.9."""
    return plots.PALETTE[_COLORS[rate]]


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
    mode = say("training") if training else say("evaluation")
    there = sum(int(kept[k].sum()) for k in hidden)
    total = sum(WIDTHS[k] for k in hidden)
    left.set_title(
        say(
            "{mode}: {there} of {total} hidden units are there",
            mode=mode,
            there=there,
            total=total,
        )
    )
    _activations(right, before, before * kept[1] * factor)
    right.set_title(say("the units that are there: times {factor:.3g}", factor=factor))
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
    hidden = [say("hidden {k}", k=k) for k in range(1, len(kept) - 1)]
    hidden = hidden if len(hidden) > 1 else [say("hidden")]
    names = [say("input"), *hidden, say("output")]
    ax.set_xticks(range(len(kept)), names)
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.spines[["left", "bottom"]].set_visible(False)


def _activations(ax: Axes, before: Tensor, after: Tensor) -> None:
    place = range(1, len(before) + 1)
    ax.bar(place, before, 0.8, color=PALE, label=say("before"))
    ax.bar(place, after, 0.4, color=plots.PALETTE[0], label=say("after"))
    for values, style in ((before, "--"), (after, "-")):
        color = INK if style == "--" else plots.PALETTE[0]
        ax.axhline(values.mean().item(), color=color, linestyle=style, linewidth=1.4)
    ax.set(xlabel=say("unit of hidden 1"), ylabel=say("activation (lines: mean)"))
    ax.set_xticks(list(place))
    ax.legend(loc="upper right")
    ax.set_ylim(0, max(2.8, 1.25 * float(after.max())))


def masks_beside(yours: Any, target: Tensor) -> None:
    """Show which entries are 0 in your result, beside those in PyTorch's.

    Args:
        yours: what the answer returned; anything but a (rows, columns) tensor of the
            target's shape is said in one line instead.
        target: (rows, columns).
    """
    if not isinstance(yours, Tensor) or yours.shape != target.shape:
        got = tuple(yours.shape) if isinstance(yours, Tensor) else type(yours).__name__
        print(
            say(
                "Expected a tensor of shape {shape}, got {got}.",
                shape=tuple(target.shape),
                got=got,
            )
        )
        return
    fig, axes = plots.figure(2)
    two = ListedColormap(["white", plots.PALETTE[0]])
    shares = []
    for ax, values, whose in zip(
        axes, (yours, target), (say("yours"), say("torch's")), strict=True
    ):
        there = (values.detach().cpu() != 0).float()
        shares.append(1 - there.mean().item())
        ax.imshow(there, cmap=two, vmin=0, vmax=1, aspect="auto")
        ax.set(xlabel=say("column"), ylabel=say("row"))
        ax.set_title(
            say("{whose}: {shares:.0%} dropped", whose=whose, shares=shares[-1])
        )
        ax.grid(visible=False)
    marks = [
        Patch(facecolor=plots.PALETTE[0], label=say("kept")),
        Patch(facecolor="white", edgecolor=INK, label=say("dropped")),
    ]
    fig.legend(handles=marks, loc="outside lower center", ncols=2)
    alt = say(
        "Two pictures of masks side by side; in yours {shares:.0%} is dropped.",
        shares=shares[0],
    )
    plots.show(fig, alt=alt)


def opening(curves: Mapping[str, Tensor]) -> Figure:
    """Draw training and validation accuracy of the opening's two runs.

    Args:
        curves: name of the labels -> (epochs, 2): accuracy on the training labels and
            on the validation images, in percent.
    """
    fig, axes = plots.figure(2, sharey=True)
    for ax, (name, values) in zip(axes, curves.items(), strict=True):
        epochs = range(1, len(values) + 1)
        ax.plot(
            epochs, values[:, 0], color=color(0.0), label=say("training labels learned")
        )
        ax.plot(
            epochs, values[:, 1], color=color(0.0), ls="--", label=say("validation")
        )
        best, last = values[:, 1].max(), values[-1, 1]
        ax.set_title(
            say(
                "{name}: validation {best:.0f} % at best, {last:.0f} % at the end",
                name=name,
                best=best,
                last=last,
            )
        )
        ax.set(xlabel=say("epoch"))
    axes[0].set_ylabel(say("accuracy (%)"))
    axes[0].legend(loc="lower left")
    return fig


def rates_over_steps(steps: Tensor, percent: Mapping[float, Tensor]) -> Figure:
    """Draw validation accuracy over steps for each rate, and the last step's dots.

    Args:
        steps: (records,). percent: rate -> (seeds, records).
    """
    fig, (left, right) = plots.figure(2, sharey=True, width_ratios=(3, 2))
    for place, (p, values) in enumerate(percent.items()):
        name = f"p = {p:g}" if p else say("none")
        plots.band(steps, values, label=name, color=color(p), ax=left)
        _dots(right, place, values[:, -1], color(p))
    left.set(xlabel=say("training step"), ylabel=say("validation accuracy (%)"))
    left.set_ylim(bottom=40)
    left.set_title(say("Without dropout: ahead first, behind later"))
    names = [f"p = {p:g}" if p else say("none") for p in percent]
    right.set_xticks(range(len(names)), names)
    best = max(percent, key=lambda p: float(percent[p][:, -1].mean()))
    gain = float((percent[best] - percent[0.0])[:, -1].mean())
    right.set_title(
        say("Last step: p = {best:g} is {gain:.0f} points ahead", best=best, gain=gain)
    )
    right.set_xlabel(say("dots: seeds; diamond: mean, 95 % interval"), fontsize=9)
    return fig


def _dots(ax: Axes, place: float, values: Tensor, shade: str) -> None:
    """Draw one dot per seed, and beside them their mean with its 95 % interval."""
    values = values.detach().cpu()
    mean, low, high, n = mean_interval(values)
    beside = place - 0.2 + 0.25 * torch.linspace(0, 1, n)
    ax.plot(beside, values, "o", color=shade, alpha=0.55, ms=5)
    bars = [[mean - low], [high - mean]]
    ax.errorbar(place + 0.2, mean, yerr=bars, fmt="D", color=shade, ms=6, capsize=4)


def filters(none: Tensor, half: Tensor, count: int = 16) -> Figure:
    """Draw incoming weights of the first hidden units, without and with dropout.

    Args:
        none, half: (units, side²); each unit is scaled by its own largest weight.
        count: how many units of each.
    """
    side, rows = int(none.shape[1] ** 0.5), 4
    fig, axes = plots.figure(2)
    for ax, weights, name in zip(
        axes, (none, half), (say("none"), "p = 0.5"), strict=True
    ):
        tiles = weights[:count].detach().cpu().view(rows, count // rows, side, side)
        tiles = tiles / tiles.abs().amax((2, 3), keepdim=True)
        tiles = torch.nn.functional.pad(tiles, (1, 1, 1, 1), value=float("nan"))
        picture = tiles.transpose(1, 2).reshape(rows * (side + 2), -1)
        ax.imshow(picture, cmap="RdBu_r", vmin=-1, vmax=1)
        ax.axis("off")
        ax.set_title(
            say("{name}: incoming weights of {count} units", name=name, count=count)
        )
    fig.colorbar(axes[0].images[0], ax=axes, label=say("weight / the unit's largest"))
    return fig


def removed(parts: Sequence[float], accuracy: Mapping[float, Tensor]) -> Figure:
    """Draw validation accuracy against the share of hidden units taken away.

    Args:
        parts: shares, in [0, 1]. accuracy: rate in training -> (seeds, parts), in %.
    """
    fig, ax = plots.figure()
    for p, values in accuracy.items():
        name = (
            say("trained with p = {p:g}", p=p) if p else say("trained without dropout")
        )
        percent = [100 * part for part in parts]
        plots.band(percent, values, label=name, color=color(p), ax=ax)
    ax.axhline(10, color=INK, lw=0.8, ls=":", label=say("chance"))
    ax.set(
        xlabel=say("hidden units taken away (%)"), ylabel=say("validation accuracy (%)")
    )
    ax.set_ylim(0, 100)
    ax.legend()
    return fig


def family() -> Figure:
    """Draw a network with six hidden units, and three of its thinned versions."""
    masks = ([1] * 6, [1, 0, 1, 1, 0, 1], [0, 1, 1, 0, 0, 1], [1, 1, 0, 0, 1, 0])
    fig, axes = plots.figure(len(masks))
    fig.set_size_inches(10, 2.8)
    for ax, mask in zip(axes, masks, strict=True):
        there = [torch.ones(3).bool(), torch.tensor(mask).bool(), torch.ones(2).bool()]
        _network(ax, there)
        ax.set_title(
            say("{sum_mask} of 6 hidden units", sum_mask=sum(mask)), fontsize=11
        )
    return fig


def means_beside(bars: Mapping[str, Mapping[str, Tensor]]) -> Figure:
    """Draw the probabilities that each kind of mean gives to each class.

    Args:
        bars: panel's title -> name of the mean -> (classes,).
    """
    fig, axes = plots.figure(len(bars), sharey=True)
    for ax, (title, means) in zip(axes, bars.items(), strict=True):
        for k, (name, probs) in enumerate(means.items()):
            place = torch.arange(len(probs)) + 0.27 * (k - 1)
            ax.bar(place, probs, 0.25, label=name, color=(INK, PALE, "#8a8a8a")[k])
        ax.set_xticks(
            range(len(probs)), [say("class {k}", k=k) for k in range(len(probs))]
        )
        ax.set_title(title)
    axes[0].set_ylabel(say("probability"))
    axes[0].legend()
    return fig


def width_map(
    widths: Sequence[int], gain: Mapping[str, Mapping[str, Tensor]]
) -> Figure:
    """Draw what dropout gains against the width of the hidden layer.

    Args:
        gain: panel's title -> name of the labels -> (widths, seeds), in points.
    """
    fig, axes = plots.figure(len(gain), sharey=True)
    for ax, (title, lines) in zip(axes, gain.items(), strict=True):
        colors = plots.treatment_colors(lines)
        for (name, values), style in zip(lines.items(), ("-", "--"), strict=True):
            look = {"color": colors[name], "linestyle": style, "marker": "o"}
            plots.band(widths, values.T, label=name, color=look, ax=ax)
        ax.axhline(0, color=INK, lw=0.8)
        ax.set_xscale("log", base=2)
        ax.set_xticks(widths, [str(width) for width in widths])
        ax.set(xlabel=say("hidden units (log scale)"), title=title)
    axes[0].set_ylabel(say("p = 0.5 minus none (points)"))
    return fig


def weights_by_size(
    sizes: Tensor, solutions: Mapping[str, Tensor], truth: Tensor
) -> Figure:
    """Draw what is left of each feature's true weight, against the feature's size.

    Args:
        sizes, truth: (d,). solutions: name -> weights (d,).
    """
    fig, ax = plots.figure()
    looks: list[dict[str, Any]] = [
        {"color": plots.TREATMENTS["plain ridge"], "ls": ":", "marker": "s"},
        {"color": color(0.5), "ls": "-"},
        {"color": color(0.5), "ls": "", "marker": "o", "ms": 8, "mfc": "none"},
    ]
    for (name, w), look in zip(solutions.items(), looks, strict=True):
        ax.plot(sizes, 100 * w / truth, label=name, **look)
    ax.axhline(100, color=INK, lw=0.8, label=say("true weight"))
    ax.set_xscale("log", base=2)
    ax.set_xticks(sizes.tolist(), [f"{size:g}" for size in sizes.tolist()])
    ax.set(xlabel=say("size of the feature, root mean square (log scale)"))
    ax.set_ylabel(say("weight left (% of the true one)"))
    ax.set_ylim(0, 115)
    ax.legend(loc="center left", bbox_to_anchor=(0.0, 0.66))  # between 55 and 95 %
    return fig


def scene() -> Scene:
    """Return the moving picture of dropout: masks, both forms, both modes."""
    activations = 0.3 + torch.rand(WIDTHS[1], generator=generator(7))
    modes = {"training": say("training"), "evaluation": say("evaluation")}
    forms = {"inverted": say("inverted (today's)"), "standard": say("standard (2012)")}
    return Scene(
        "dropout_from_scratch",
        say("Dropout on a small network"),
        say(
            "A network with some hidden units switched off, and one layer's "
            "activations before and after."
        ),
        (
            Slider("rate", say("rate p"), 0.5),
            Choice("mode", say("mode"), modes),
            Choice("form", say("form"), forms),
        ),
        thinned_network,
        {"widths": list(WIDTHS), "activations": activations.tolist()},
    )
