"""Figures about distillation: what a teacher says beyond its first choice."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from math import isqrt

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from helpers.demos._stage import Scene, Slider
from helpers.show import plots
from helpers.words import say

__all__ = ["scene", "alpha_bands", "gradient_sizes", "never_seen", "softened_answer"]

GREY = "#999999"


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
    left.plot(temperatures, anchor / squared, ":", color=GREY, label="∝ 1/T²")
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


def never_seen(names: Sequence[str], before: Tensor, after: Tensor) -> Axes:
    """Draw, per class, the share recognised by the student that never saw it.

    Args:
        names: of the K classes.
        before, after: shares in [0, 1] without and with the corrected bias, (K,).
    """
    fig, ax = plots.figure()
    place = torch.arange(len(names))
    ax.barh(
        place - 0.2, 100 * before, 0.38, color=plots.PALETTE[0], label=say("as trained")
    )
    ax.barh(
        place + 0.2,
        100 * after,
        0.38,
        color=plots.PALETTE[5],
        label=say("bias corrected"),
    )
    ax.set_yticks(place, names)
    ax.invert_yaxis()
    ax.set(xlim=(0, 100), xlabel=say("share recognised of the class never seen (%)"))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    return ax


def alpha_bands(alphas: Sequence[float], table: Mapping[str, Tensor]) -> Axes:
    """Draw the student's accuracy over alpha, one band per teacher.

    Args:
        alphas: (n,), in [0, 1].
        table: name of the teacher -> accuracies in percent, (seeds, n).
    """
    ax = plots.figure()[1]
    for (name, values), style in zip(
        table.items(), (plots.TRAIN, plots.VAL), strict=False
    ):
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
