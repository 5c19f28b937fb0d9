"""Figures about doubt: reliability diagrams, bands of a regression, refused answers."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from math import isqrt
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from helpers.demos._stage import Choice, Scene, Slider
from helpers.evidence.metrics import (
    accuracy,
    calibration_bins,
    expected_calibration_error,
)
from helpers.show import plots
from helpers.words import say

__all__ = [
    "scene",
    "doubt_bands",
    "reliability_picture",
    "reliability_row",
    "risk_at",
    "shift_scene",
]

GRAY = "#999999"


def reliability_row(
    methods: Mapping[str, Tensor], labels: Tensor, *, n_bins: int = 15
) -> Figure:
    """Draw one reliability diagram per method, side by side.

    Args:
        methods: name -> probabilities (N, K), or (seeds, N, K): pooled over seeds.
        labels: classes (N,), the same for all.
    """
    fig, axes = plots.figure(len(methods), sharey=True, squeeze=False)
    for ax, (name, probs) in zip(axes[0], methods.items(), strict=True):
        many = probs if probs.dim() == 3 else probs[None]
        _diagram(ax, many.flatten(0, 1), labels.repeat(len(many)), n_bins)
        scores = [expected_calibration_error(p, labels, n_bins) for p in many]
        ax.set_title(f"{name}\nECE {sum(scores) / len(scores):.1%}")
    axes[0, 0].set_ylabel(say("accuracy in the bin"))
    handles, names = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside lower center", ncols=len(names))
    return fig


def reliability_picture(
    probs: Tensor, labels: Tensor, *, n_bins: int = 15, temperature: float = 1.0
) -> Figure:
    """Draw a reliability diagram beside the histogram of confidences.

    Args:
        probs: probabilities (N, K), before the temperature.
        temperature: the probabilities' logarithms are divided by it, > 0.
    """
    tiny = torch.finfo(probs.dtype).tiny
    probs = (probs.clamp_min(tiny).log() / temperature).softmax(-1)
    fig, (left, right) = plots.figure(2)
    _diagram(left, probs, labels, n_bins)
    error = expected_calibration_error(probs, labels, n_bins)
    sure, correct = probs.amax(1).mean().item(), accuracy(probs, labels)
    left.set(title=f"ECE {error:.1%}", ylabel=say("accuracy in the bin"))
    handles, names = left.get_legend_handles_labels()
    fig.legend(handles, names, loc="outside lower left", ncols=len(names))
    share = calibration_bins(probs, labels, n_bins).share
    right.bar(_middles(n_bins), 100 * share, 0.9 / n_bins, color=plots.PALETTE[0])
    right.axvline(sure, color=plots.PALETTE[1], label=say("mean confidence"))
    right.axvline(correct, color="#1a1a1a", linestyle="--", label=say("accuracy"))
    right.set(
        xlim=(0, 1), xlabel=say("confidence"), ylabel=say("share of the images (%)")
    )
    right.set_title(
        say("Confidence {sure:.1%}, accuracy {correct:.1%}", sure=sure, correct=correct)
    )
    right.legend(loc="upper left")
    return fig


def _middles(n_bins: int) -> Tensor:
    return (torch.arange(n_bins) + 0.5) / n_bins


def _diagram(ax: Axes, probs: Tensor, labels: Tensor, n_bins: int) -> None:
    """Draw accuracy per bin as bars, with the gap to the mean confidence."""
    bins = calibration_bins(probs, labels, n_bins)
    place, width = _middles(n_bins), 0.9 / n_bins
    lower = torch.minimum(bins.accuracy, bins.confidence)
    gap = bins.confidence - bins.accuracy
    ax.bar(
        place,
        lower,
        width,
        color=plots.PALETTE[4],
        label=say("the lower of accuracy and confidence"),
    )
    sure, modest = gap.clamp(min=0), (-gap).clamp(min=0)
    light, dark = "#f2b68f", plots.PALETTE[0]
    ax.bar(place, sure, width, bottom=lower, label=say("too sure"), color=light)
    ax.bar(place, modest, width, bottom=lower, label=say("too modest"), color=dark)
    ax.plot([0, 1], [0, 1], color="#1a1a1a", linewidth=0.8)
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel=say("confidence"))


def doubt_bands(
    line: Tensor,
    samples: Mapping[str, Tensor],
    points: tuple[Tensor, Tensor],
    *,
    truth: Tensor,
    titles: Sequence[str],
    noise: float = 0.0,
) -> Figure:
    """Draw mean and mean ± 2 standard deviations over samples, one panel per method.

    With `noise` an outer band shows where new data are expected: its variance is that
    of the samples plus that of the noise.

    Args:
        line: positions (n,).
        samples: name -> predictions (S, n).
        points: training data x (m,) and y (m,).
        truth: the function without noise on `line`, (n,).
        titles: one finding per panel.
        noise: standard deviation of the data's noise, ≥ 0; 0 leaves that band out.
    """
    fig, axes = plots.figure(len(samples), sharey=True, squeeze=False)
    for ax, title, name in zip(axes[0], titles, samples, strict=True):
        mean, sd = samples[name].mean(0).cpu(), samples[name].std(0).cpu()
        ax.plot(line, truth, color=GRAY, linewidth=1, label=say("truth"))
        color = plots.TREATMENTS.get(name, plots.PALETTE[0])
        ax.plot(line, mean, color=color, label=say("{name}: mean", name=name))
        band = {"color": color, "alpha": 0.25, "linewidth": 0}
        ax.fill_between(line, mean - 2 * sd, mean + 2 * sd, **band, label=say("± 2 sd"))
        if noise:
            outer = 2 * (sd.square() + noise**2).sqrt()
            faint = {"color": color, "alpha": 0.1, "linewidth": 0}
            label = say("± 2 sd with noise")
            ax.fill_between(line, mean - outer, mean + outer, **faint, label=label)
        ax.plot(*(p.cpu() for p in points), ".", color="#1a1a1a", label=say("data"))
        ax.set(xlabel="x", title=title, ylim=(-2.2, 2.2))
        ax.legend(loc="upper center", ncols=3, fontsize=9)
    axes[0, 0].set_ylabel("y")
    return fig


def risk_at(doubt: Tensor, wrong: Tensor, coverage: Sequence[float]) -> Tensor:
    """Return the share of errors among the least doubtful examples, (..., C).

    Args:
        doubt: larger means less sure, (..., N).
        wrong: True where the answer is wrong, (..., N).
        coverage: shares of the examples that are answered, each in (0, 1].
    """
    ordered = wrong.float().gather(-1, doubt.argsort(dim=-1, stable=True))
    total = ordered.cumsum(-1)
    count = [max(1, round(c * doubt.shape[-1])) for c in coverage]
    return torch.stack([total[..., n - 1] / n for n in count], -1)


def scene(methods: Mapping[str, Tensor], labels: Tensor, most: int = 600) -> Scene:
    """Return the reliability diagram with a slider for the temperature.

    Args:
        methods: name → probabilities (N, K).
        labels: classes (N,).
        most: examples that the page carries, the first ones.
    """
    first = next(iter(methods.values()))
    kept = {
        name: {
            "logits": [round(v, 3) for v in _log(p[:most]).flatten().tolist()],
            "labels": labels[:most].tolist(),
        }
        for name, p in methods.items()
    }
    return Scene(
        "mc_dropout",
        say("Reliability at any temperature"),
        say(
            "Share of right answers against confidence, and how often each confidence "
            "occurs."
        ),
        (
            Choice("method", say("method"), {name: name for name in methods}),
            Slider("temperature", say("temperature T"), 1.0, 0.25, 5.0, 0.05),
            Slider("bins", say("bins"), 15, 3, 30, 1),
        ),
        lambda: reliability_picture(first, labels),
        {"methods": kept},
    )


def shift_scene(
    answered: Mapping[str, Mapping[float, Mapping[str, Tensor]]],
    labels: Tensor,
    images: Mapping[str, Mapping[float, Tensor]],
    n_bins: int = 10,
) -> Scene:
    """Return reliability under a growing shift: a slider for its level.

    Args:
        answered: kind of shift -> level -> method -> probabilities (seeds, N, K),
            pooled over seeds; every kind with as many levels and the same methods.
        labels: classes (N,).
        images: kind -> level -> square images (n, D) that show what the shift does.
        n_bins: bins of the reliability diagrams.
    """
    shift = next(iter(answered))
    stops = [*answered[shift]]
    first = answered[shift][stops[0]]
    some = images[shift][stops[0]]
    kinds = {
        kind: [
            {
                "name": say("{kind}, {level}", kind=kind, level=level),
                "images": _grays(images[kind][level], some),
                "methods": {m: _bins(p, labels, n_bins) for m, p in methods.items()},
            }
            for level, methods in by_level.items()
        ]
        for kind, by_level in answered.items()
    }
    return Scene(
        "mc_shift",
        say("Reliability under a growing shift"),
        say(
            "A few images under the shift; share of right answers against confidence; "
            "the calibration error of each method at each level."
        ),
        (
            Choice("kind", say("shift"), {name: name for name in kinds}),
            Slider("level", say("level"), 0, values=tuple(range(len(stops)))),
            Choice("method", say("method"), {name: name for name in first}),
        ),
        lambda: reliability_row(answered[shift][stops[-1]], labels, n_bins=n_bins),
        {"side": isqrt(some.shape[1]), "shown": len(some), "kinds": kinds},
        parts=("_pixels.js",),
    )


def _bins(probs: Tensor, labels: Tensor, n_bins: int) -> dict[str, list[Any]]:
    """Return count, mean confidence and accuracy per bin; 0 where a bin is empty."""
    bins = calibration_bins(probs.flatten(0, 1), labels.repeat(len(probs)), n_bins)
    count = (bins.share * len(labels) * len(probs)).round().int().tolist()
    rounded = {
        name: [round(v, 4) for v in values.nan_to_num(0).tolist()]
        for name, values in (("confidence", bins.confidence), ("right", bins.accuracy))
    }
    return {"count": count, **rounded}


def _grays(images: Tensor, unshifted: Tensor) -> str:
    """Return images (n, D) as bytes in base64; black and white as in `unshifted`."""
    low, high = unshifted.min(), unshifted.max()
    scaled = (255 * (images - low) / (high - low)).clamp(0, 255).round()
    return b64encode(scaled.byte().cpu().numpy().tobytes()).decode()


def _log(probs: Tensor) -> Tensor:
    return probs.detach().cpu().double().clamp(min=1e-12).log()
