"""Figures about distillation: what a teacher says beyond its first choice."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from math import isqrt
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from helpers.demos._stage import Scene, Slider
from helpers.evidence.intervals import mean_interval
from helpers.show import plots
from helpers.words import say

__all__ = [
    "COLORS",
    "alpha_bands",
    "gradient_sizes",
    "ladder",
    "loss_spread",
    "never_seen",
    "scene",
    "softened_answer",
    "two_orders",
]

GRAY, INK = "#808080", "#1a1a1a"
COLORS = plots.TREATMENTS | {  # targets, in the whole notebook
    "first choice": plots.PALETTE[4],
    "confidence only": plots.PALETTE[7],
}


def softened_answer(
    image: Tensor, logits: Tensor, names: Sequence[str], temperature: float
) -> Figure:
    """Draw an image, and a teacher's probabilities for it at a temperature.

    Args:
        image: flat square, (side²,).
        logits: (K,).
        names: of the K classes.
        temperature: > 0.
    """
    probs = (logits / temperature).softmax(0).cpu()
    fig, (left, right) = plots.figure(2, width_ratios=(1, 2))
    plots.images(image[None], ax=left)
    right.barh(range(len(names)), 100 * probs, color=plots.PALETTE[0])
    right.set_yticks(range(len(names)), names)
    right.set(xlim=(0, 100), xlabel=say("the teacher's probability (%)"))
    right.invert_yaxis()
    first, second = probs.topk(2).indices.tolist()
    left.set_title(f"{names[first]}?")
    ratio = probs[first] / probs[second]
    right.set_title(
        say("{ratio:.3g} times likelier than {names}", ratio=ratio, names=names[second])
    )
    return fig


def gradient_sizes(temperatures: Sequence[float], sizes: Tensor) -> Figure:
    """Draw the size of the soft loss's gradient over T, without and with T².

    Args:
        temperatures: (n,), > 0.
        sizes: mean length of the gradient by a student's logits, (seeds, n).
    """
    fig, (left, right) = plots.figure(2)
    squared = torch.tensor(temperatures) ** 2
    plots.band(temperatures, sizes, label=say("gradient of KL"), ax=left)
    anchor = sizes[:, -1].mean() * squared[-1]
    left.plot(temperatures, anchor / squared, ":", color=GRAY, label="∝ 1/T²")
    plots.band(temperatures, sizes * squared, label=say("gradient of T²·KL"), ax=right)
    left.set(yscale="log", ylabel=say("length of the gradient (log scale)"))
    left.set_title(say("Without T²: the soft loss falls silent"))
    right.set(ylim=(0, None), ylabel=say("length of the gradient"))
    right.set_title(say("With T²: it levels off"))
    for ax in (left, right):
        ax.set(xscale="log", xlabel=say("temperature T (log scale)"))
        ax.set_xticks(temperatures, [f"{value:g}" for value in temperatures])
        ax.minorticks_off()
        ax.legend()
    return fig


def ladder(gains: Mapping[str, Mapping[str, Tensor]]) -> Figure:
    """Draw what each kind of target adds to labels: mean and 95 % interval.

    Args:
        gains: length of the training ("600 steps") -> kind of target -> one
            difference to labels per seed, in points, (n,). All have the same kinds.
    """
    fig = plots.figure()[0]
    ax = fig.axes[0]
    fig.set_size_inches(8, 4.2)
    kinds = [*next(iter(gains.values()))]
    marks = ("o", "s", "D")
    for shift, (length, mark) in enumerate(zip(gains, marks, strict=False)):
        for row, kind in enumerate(kinds):
            mean, low, high, _ = mean_interval(gains[length][kind])
            ax.errorbar(
                mean,
                row + 0.22 * shift - 0.11,
                xerr=[[mean - low], [high - mean]],
                fmt=mark,
                color=COLORS.get(kind, GRAY),
                mfc="white" if not shift else None,
                capsize=3,
            )
        ax.plot(
            [], [], mark, color=INK, mfc="white" if not shift else INK, label=length
        )
    ax.axvline(0, color=INK, linewidth=0.8)
    ax.set_yticks(range(len(kinds)), kinds)
    ax.invert_yaxis()
    ax.set_xlabel(say("accuracy minus that with labels (points), 95 % interval"))
    ax.legend(title=say("trained for"), loc="lower right")
    return fig


def two_orders(corners: Mapping[tuple[str, str], float]) -> Figure:
    """Draw the way from few first choices to many soft answers in both orders.

    Args:
        corners: (images, targets) -> mean accuracy in percent, with "200" or "3,000"
            images and "first choice" or "soft answers".
    """
    fig, panels = plots.figure(2, sharey=True)
    start, end = ("200", "first choice"), ("3,000", "soft answers")
    ways = {
        "First softness, then images": ("200", "soft answers"),
        "First images, then softness": ("3,000", "first choice"),
    }
    for ax, (title, middle) in zip(panels, ways.items(), strict=True):
        stops = [corners[stop] for stop in (start, middle, end)]
        for k, (stop, value) in enumerate(
            zip((start, middle, end), stops, strict=True)
        ):
            ax.plot([k - 0.3, k + 0.3], [value] * 2, color=COLORS[stop[1]], linewidth=4)
        for k, (a, b) in enumerate(zip(stops, stops[1:], strict=False)):
            what = (
                "images" if middle[0] == ("3,000" if k == 0 else "200") else "softness"
            )
            ax.annotate("", (k + 0.5, b), (k + 0.5, a), arrowprops={"arrowstyle": "->"})
            text = f"{what} {b - a:+.1f}"
            ax.text(k + 0.5, min(a, b) - 0.25, text, ha="center", va="top")
        names = [
            say("{images} images,\n{kind}", images=images, kind=kind)
            for images, kind in (start, middle, end)
        ]
        ax.set_xticks(range(3), names)
        ax.grid(visible=False, axis="x")
        ax.set_title(title)
    panels[0].set_ylabel(say("validation accuracy (%)"))
    panels[0].margins(y=0.2)
    return fig


def loss_spread(losses: Mapping[str, Tensor]) -> Figure:
    """Draw how estimates of one student's loss scatter from sample to sample.

    Args:
        losses: kind of target -> one estimate per sample, in nats, (n,).
    """
    fig, ax = plots.figure()
    everything = torch.cat([*losses.values()])
    edges = torch.linspace(everything.min(), everything.max(), 50).tolist()
    for kind, values in losses.items():
        color = COLORS.get(kind, GRAY)
        label = f"{kind}: {values.mean():.2f} ± {values.std():.2f}"
        ax.hist(values.tolist(), bins=edges, alpha=0.5, color=color, label=label)
        ax.axvline(values.mean().item(), color=color, linewidth=2)
    ax.set(xlabel=say("mean loss on 200 images (nats)"), ylabel=say("samples"))
    ax.legend(title=say("mean ± standard deviation"))
    return fig


def never_seen(names: Sequence[str], shares: Mapping[str, Tensor]) -> Axes:
    """Draw, per class, shares of students that never saw it: mean and single ones.

    Args:
        names: of the K classes.
        shares: kind -> shares in [0, 1], (K, students).
    """
    fig, ax = plots.figure()
    fig.set_size_inches(8, 5)
    place = torch.arange(len(names))
    looks = zip("osD", (plots.PALETTE[0], plots.PALETTE[4], GRAY), strict=True)
    for k, ((kind, values), (mark, color)) in enumerate(
        zip(shares.items(), looks, strict=False)
    ):
        rows = place + 0.22 * (k - 1)
        ax.plot(
            100 * values.cpu(),
            rows[:, None].expand(values.shape),
            ".",
            color=color,
            alpha=0.5,
        )
        mean = 100 * values.mean(1).cpu()
        ax.plot(mean, rows, mark, color=color, markersize=8, label=kind)
    ax.set_yticks(place, names)
    ax.invert_yaxis()
    ax.set(xlim=(0, 101), xlabel=say("share (%); small dots: single students"))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3)
    return ax


def alpha_bands(alphas: Sequence[float], table: Mapping[str, Tensor]) -> Axes:
    """Draw the student's accuracy over alpha, one band per teacher.

    Args:
        alphas: (n,), in [0, 1].
        table: name of the teacher -> accuracies in percent, (seeds, n).
    """
    ax = plots.figure()[1]
    dashed: dict[str, Any] = {"color": INK, "linestyle": "--"}
    styles: tuple[str | dict[str, Any], ...] = (COLORS["soft answers"], dashed)
    for (name, values), style in zip(table.items(), styles, strict=False):
        plots.band(alphas, values, label=name, color=style, ax=ax)
    ax.set(xlabel=say("alpha, the weight of the teacher's word"), xticks=alphas)
    ax.set_ylabel(say("student's validation accuracy (%)"))
    return ax


def scene(
    images: Tensor, labels: Tensor, logits: Tensor, names: Sequence[str]
) -> Scene:
    """Return the moving picture of a teacher's answer at any temperature.

    Args:
        images: squares (n, ...), floating, flat or not; stretched to 0 … 255 each.
        labels: classes (n,). logits: the teacher's (n, K). names: of the K classes.
    """
    flat = images.detach().cpu().flatten(1).double()
    low, high = flat.amin(1, keepdim=True), flat.amax(1, keepdim=True)
    gray = (255 * (flat - low) / (high - low)).round().to(torch.uint8)

    def picture() -> Figure:
        return softened_answer(flat[0].float(), logits[0].cpu(), names, 4.0)

    return Scene(
        "distillation",
        say("A teacher's answer at any temperature"),
        say("An image and the teacher's probability for each class."),
        (
            Slider("temperature", say("temperature T"), 1.0, 0.5, 20.0, 0.1),
            Slider("image", say("image"), 0, 0, len(images) - 1, 1),
        ),
        picture,
        {
            "side": isqrt(flat.shape[1]),
            "images": b64encode(gray.numpy().tobytes()).decode(),
            "labels": labels.tolist(),
            "logits": [[round(v, 4) for v in row] for row in logits.tolist()],
            "names": list(names),
        },
        parts=("_pixels.js",),
    )
