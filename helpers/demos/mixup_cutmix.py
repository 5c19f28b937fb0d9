"""Pictures of notebook 07: two real images mixed, and an augmentation at work."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor, nn

from helpers import data, seeds
from helpers.demos._stage import Choice, Scene, Slider
from helpers.evidence.metrics import calibration_bins
from helpers.show import plots
from helpers.training.runtime import own_randomness
from helpers.words import say

__all__ = [
    "COLORS",
    "METHODS",
    "betas",
    "dots",
    "mixed_pair",
    "reliability",
    "scene",
    "score_panels",
    "spiral_mixtures",
    "variants",
    "walk",
]

METHODS = ["mixup", "CutMix", "Cutout"]
SIDE = 28
INK, PALE = "#1a1a1a", "#d9d9d9"
COLORS = plots.TREATMENTS | {"CutMix, frozen": "#8a8a8a", "slow": INK}


def mixed_pair(
    lam: float = 0.6,
    method: str = "mixup",
    center_y: int = 18,
    center_x: int = 22,
    pair: int = 1,
) -> Figure:
    """Two images of Fashion-MNIST, what a method makes of them, and its target.

    Args:
        lam: weight of the first image, in [0, 1]; for CutMix and Cutout it sets the
            size of the box before it is clipped.
        method: one of METHODS; Cutout fills the box with background.
        center_y, center_x: middle of the box, in pixels from the top left corner.
        pair: which two images, 1 to 8.

    Returns:
        Four panels: both images, the mixture, and the weights of the two labels.
    """
    (first, second), names = _two(pair)
    box = _box(lam, center_y, center_x)
    y1, y2, x1, x2 = box
    area = (y2 - y1) * (x2 - x1) / SIDE**2
    if method == "mixup":
        mixture, weight = lam * first + (1 - lam) * second, lam
    else:
        other = second if method == "CutMix" else torch.zeros_like(first)
        mixture, weight = first.clone(), 1 - area
        mixture[y1:y2, x1:x2] = other[y1:y2, x1:x2]
    fig, axes = plots.figure(4, width_ratios=(1, 1, 1, 1.3))
    titles = (names[0], names[1], f"{method}, λ = {lam:.2f}")
    for ax, image, title in zip(axes, (first, second, mixture), titles, strict=False):
        ax.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        ax.set_title(title)
        ax.axis("off")
    if method != "mixup":
        frame: dict[str, Any] = {
            "fill": False,
            "edgecolor": plots.PALETTE[1],
            "linewidth": 2,
        }
        for ax in axes[1:3] if method == "CutMix" else axes[2:3]:
            ax.add_patch(Rectangle((x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, **frame))
    keeps = method == "Cutout"
    _target(axes[3], names, (1.0, 0.0) if keeps else (weight, 1 - weight))
    share = (
        say("{area:.0%} of the image is left", area=1 - area)
        if keeps
        else say("the target")
    )
    axes[3].set_title(
        share if method != "CutMix" else say("the box covers {area:.0%}", area=area)
    )
    return fig


def reliability(
    probs: Mapping[str, Tensor], labels: Tensor, *, n_bins: int = 10
) -> Figure:
    """Draw accuracy against confidence, one panel per method; the diagonal is honest.

    Args:
        probs: name -> (M, N, K), probabilities of M networks; they are pooled.
        labels: (N,).
        n_bins: bins of equal width; those with less than 1 % of the answers are left
            out.
    """
    fig, axes = plots.figure(len(probs), sharey=True, squeeze=False)
    for ax, (name, p) in zip(axes[0], probs.items(), strict=True):
        bins = calibration_bins(p.flatten(0, 1), labels.repeat(len(p)), n_bins)
        shown = bins.share >= 0.01
        ax.plot([0, 1], [0, 1], color="#8a8a8a", linestyle="--", linewidth=1)
        x, y = bins.confidence[shown], bins.accuracy[shown]
        ax.plot(x, y, "o-", color=COLORS.get(name, plots.PALETTE[0]))
        gap = (bins.share * (bins.accuracy - bins.confidence)).nansum().item()
        word = say("too modest") if gap > 0 else say("too sure")
        ax.set_title(
            say(
                "{name}: {gap:.0f} points {word}",
                name=name,
                gap=100 * abs(gap),
                word=word,
            )
        )
        ax.set(xlabel=say("confidence"), xlim=(0, 1), ylim=(0, 1))
    axes[0, 0].set_ylabel(say("accuracy at that confidence"))
    return fig


def score_panels(
    scores: Mapping[str, Mapping[str, Tensor]], titles: Sequence[str]
) -> Figure:
    """Draw one panel per score, one row per treatment: dots are seeds.

    Args:
        scores: name of the score with its unit -> treatment -> (seeds,).
        titles: the finding of each panel.

    The black bars are means, the gray line is the first treatment's.
    """
    fig, axes = plots.figure(len(scores), sharey=True)
    panels = zip(axes, scores.items(), titles, strict=True)
    for ax, (score, groups), title in panels:
        for row, (name, values) in enumerate(groups.items()):
            values = torch.as_tensor(values).cpu().double()
            place = torch.full_like(values, row)
            ax.plot(
                values,
                place,
                "o",
                color=COLORS.get(name, plots.PALETTE[0]),
                alpha=0.5,
                markersize=5,
            )
            ax.plot(values.mean(), row, "|", color=INK, ms=18, mew=2)
        first = torch.as_tensor(next(iter(groups.values()))).cpu().double()
        ax.axvline(first.mean().item(), color="#8a8a8a", linewidth=1)
        ax.set(xlabel=score, title=title)
        ax.grid(visible=False, axis="y")
    axes[0].set_yticks(range(len(groups)), list(groups))
    axes[0].invert_yaxis()
    return fig


def dots(groups: Mapping[str, Tensor], *, ax: Axes) -> Axes:
    """Draw one column of dots per treatment in its color; the black bar is the mean.

    Args:
        groups: treatment -> one value per seed, (n,).
    """
    for place, (name, values) in enumerate(groups.items()):
        values = torch.as_tensor(values).cpu().double()
        across = place + torch.linspace(-0.15, 0.15, len(values))
        ax.plot(
            across,
            values,
            "o",
            color=COLORS.get(name, plots.PALETTE[0]),
            alpha=0.6,
            markersize=5,
        )
        ax.plot(place, values.mean(), "_", color=INK, ms=26, mew=2)
    ax.set_xticks(range(len(groups)), [name.replace(" ", "\n") for name in groups])
    ax.grid(visible=False, axis="x")
    return ax


@torch.no_grad()
def walk(model: nn.Module, split: data.Split) -> Figure:
    """Draw a straight line from an image to another, and what the network says on it.

    The pair is the first one whose ends the network gets right, being over 90 % sure,
    and whose middle it takes for a third class, being over 90 % sure again; if there is
    none, the first pair of two classes.

    Args:
        model: images (N, 1, H, W) -> logits (N, K).
        split: images and classes; image i is paired with the one before it.
    """
    x, y = split
    x2, y2 = x.roll(1, 0), y.roll(1, 0)
    sure, said = model(x).softmax(1).max(1)
    known = (said == y) & (sure > 0.9)
    sure, said = model(0.5 * x + 0.5 * x2).softmax(1).max(1)
    foreign = (said != y) & (said != y2) & (y != y2) & (sure > 0.9)
    foreign &= known & known.roll(1, 0)
    i = int((foreign if foreign.any() else y != y2).nonzero()[0])
    lams = torch.linspace(1, 0, 5, device=x.device).view(-1, 1, 1, 1)
    blends = lams * x[i] + (1 - lams) * x2[i]
    sure, said = model(blends).softmax(1).max(1)
    fig, axes = plots.figure(5)
    fig.set_size_inches(10, 3)
    for ax, image, lam, k, p in zip(
        axes, blends[:, 0].cpu(), lams.flatten().tolist(), said, sure, strict=True
    ):
        ax.imshow(image, cmap="gray", interpolation="nearest")
        ax.set_title(
            say(
                "λ = {lam:.2f}\nsays {class_names}, {p:.0%}",
                lam=lam,
                class_names=data.CLASS_NAMES[int(k)],
                p=p,
            )
        )
        ax.axis("off")
    names = data.CLASS_NAMES[int(y[i])], data.CLASS_NAMES[int(y2[i])]
    end = say(": a third class on the way") if foreign.any() else ""
    fig.suptitle(
        say("From {names} to {names2}{end}", names=names[0], names2=names[1], end=end)
    )
    return fig


def betas(alphas: Sequence[float]) -> Figure:
    """Draw how λ is distributed for some α, 20,000 draws each."""
    fig, axes = plots.figure(len(alphas), sharey=True)
    fig.set_size_inches(10, 3)
    for ax, alpha in zip(axes, alphas, strict=True):
        with own_randomness(0):
            draws = torch.distributions.Beta(alpha, alpha).sample((20_000,))
        ax.hist(draws.tolist(), bins=20, range=(0, 1), weights=[100 / 20_000] * 20_000)
        ax.set(xlabel="λ", title=f"α = {alpha:g}")
    axes[0].set_ylabel(say("share of the draws (%)"))
    return fig


def spiral_mixtures(split: data.Split, n: int = 300) -> Figure:
    """Draw the rows of two spirals, and mixtures of two rows of the same class.

    Args:
        split: rows (N, 2) and classes 0 and 1.
        n: number of mixtures of each class, λ uniform.
    """
    x, y = split.x.cpu(), split.y.cpu()
    generator = seeds.generator(0)
    fig, axes = plots.figure(2, sharex=True, sharey=True)
    fig.set_size_inches(9, 4.5)
    for k, color, marker in ((0, plots.PALETTE[0], "o"), (1, plots.PALETTE[1], "^")):
        own = x[y == k]
        i, j = torch.randint(len(own), (2, n), generator=generator)
        lam = torch.rand(n, 1, generator=generator)
        style: dict[str, Any] = {"color": color, "marker": marker, "s": 12}
        axes[0].scatter(*own.T, label=say("class {k}", k=k), **style)
        axes[1].scatter(*(lam * own[i] + (1 - lam) * own[j]).T, alpha=0.6, **style)
    axes[0].set_title(say("{n_x} rows of a table", n_x=len(x)))
    axes[1].set_title(say("Mixtures of two rows of the same class"))
    for ax in axes:
        ax.set(xlabel=say("first column"), aspect="equal")
    axes[0].set_ylabel(say("second column"))
    axes[0].legend()
    return fig


def variants(rows: Sequence[Tensor], names: Sequence[str]) -> Figure:
    """Draw one row of images per treatment, its name on the left.

    Args:
        rows: (n, 1, H, W) each, all of one size.
        names: one per row.
    """
    fig, ax = plots.figure()
    gap, (n, _, height, width) = 2, rows[0].shape
    low = min(float(row.min()) for row in rows)
    canvas = torch.full(
        (len(rows) * (height + gap) - gap, n * (width + gap) - gap), 3.0
    )
    for r, row in enumerate(rows):
        for k, image in enumerate(row[:, 0].cpu()):
            top, left = r * (height + gap), k * (width + gap)
            canvas[top : top + height, left : left + width] = image
    ax.imshow(canvas, cmap="gray", vmin=low, vmax=3.0, interpolation="nearest")
    middle = [r * (height + gap) + height / 2 for r in range(len(rows))]
    ax.set_yticks(middle, list(names))
    ax.set_xticks([])
    ax.grid(visible=False)
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
    return fig


@cache
def _pool() -> tuple[Tensor, Tensor]:
    """Return 40 images in [0, 1], (40, 28, 28), and their labels."""
    x, y = data.fashion_mnist(40, 10).train
    low, high = x.amin((1, 2, 3), keepdim=True), x.amax((1, 2, 3), keepdim=True)
    return ((x - low) / (high - low))[:, 0], y


def _two(pair: int) -> tuple[Tensor, list[str]]:
    """Return two images of different classes, (2, 28, 28), and their names."""
    x, y = _pool()
    first = int((y == pair % 10).nonzero()[0])
    second = int((y == (pair + 6) % 10).nonzero()[0])
    return x[[first, second]], [data.CLASS_NAMES[int(y[k])] for k in (first, second)]


def _box(lam: float, center_y: int, center_x: int) -> tuple[int, int, int, int]:
    half = int(SIDE * (1 - lam) ** 0.5 / 2)
    y1, y2, x1, x2 = (
        min(max(edge, 0), SIDE)
        for center in (center_y, center_x)
        for edge in (center - half, center + half)
    )
    return y1, y2, x1, x2


def _target(ax: Axes, names: Sequence[str], weights: Sequence[float]) -> None:
    ax.barh([0, 1], weights, color=plots.PALETTE[:2], height=0.5)
    ax.set_yticks([0, 1], names)
    for row, weight in enumerate(weights):
        ax.text(weight + 0.03, row, f"{weight:.2f}", va="center")
    ax.set(xlim=(0, 1.25), xlabel=say("weight of the label"))
    ax.set_xticks([0, 0.5, 1])
    ax.grid(visible=False, axis="y")
    ax.invert_yaxis()


def scene() -> Scene:
    """Return the moving picture of mixup, CutMix and Cutout on eight pairs."""
    x, y = _pool()
    chosen = [
        int((y == k % 10).nonzero()[0]) for pair in range(8) for k in (pair, pair + 6)
    ]
    gray = (255 * x[chosen]).round().to(torch.uint8).numpy().tobytes()
    methods = {name.lower(): name for name in METHODS}
    return Scene(
        "mixup_cutmix",
        say("Two pictures become one"),
        say(
            "Two images of clothes, what a method makes of them, and the target's "
            "weights."
        ),
        (
            Slider("lambda", "λ", 0.6, 0.0, 1.0, 0.01),
            Choice("method", say("method"), methods),
            Slider("pair", say("pair"), 1, 1, 8, 1),
            Slider("across", say("box: across"), 18, 0, SIDE - 1, 1),
            Slider("down", say("box: down"), 14, 0, SIDE - 1, 1),
        ),
        mixed_pair,
        {
            "side": SIDE,
            "images": b64encode(gray).decode(),
            "labels": [int(y[k]) for k in chosen],
            "names": list(data.CLASS_NAMES),
        },
        parts=("_pixels.js",),
    )
