"""Figures of the course: axes in, axes out, shown with a text alternative.

Every function draws into `ax=` (a new figure's if None) and returns the axes. Titles
and axis names are the caller's: the title states the finding, axes name their unit.
"""

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from helpers.evidence.intervals import mean_interval
from helpers.show._pictures import compare, heatmap, images
from helpers.show._style import (
    PALETTE,
    TEST,
    TRAIN,
    VAL,
    Style,
    as_array,
    axes,
    figure,
    use_course_style,
)
from helpers.show._treatments import TREATMENTS, treatment_colors
from helpers.show.display import show
from helpers.words import say

if TYPE_CHECKING:
    from helpers.training import History

__all__ = [
    "PALETTE",
    "TEST",
    "TRAIN",
    "TREATMENTS",
    "VAL",
    "band",
    "compare",
    "curves",
    "figure",
    "heatmap",
    "images",
    "points",
    "show",
    "treatment_colors",
    "use_course_style",
]


def curves(history: "History", *, metric: str = "loss", ax: Axes | None = None) -> Axes:
    """Draw training and validation curves over epochs.

    Args:
        history: result of `fit`.
        metric: "loss" (in nats) or "accuracy" (drawn in percent).
        ax: where to draw.

    Raises:
        ValueError: another metric.
    """
    if metric not in ("loss", "accuracy"):
        raise ValueError(
            say("metric: expected 'loss' or 'accuracy', got {metric!r}.", metric=metric)
        )
    ax = axes(ax)
    scale = 100 if metric == "accuracy" else 1
    for part, label, style in (
        ("train", say("train"), TRAIN),
        ("val", say("validation"), VAL),
    ):
        values = scale * np.asarray(getattr(history, f"{part}_{metric}"), dtype=float)
        if len(values):
            marker = "o" if len(values) == 1 else None
            epochs = np.arange(1, len(values) + 1)
            ax.plot(epochs, values, **style, label=label, marker=marker)
    name = say("accuracy (%)") if metric == "accuracy" else say("loss (nats)")
    ax.set(xlabel=say("epoch"), ylabel=name)
    ax.locator_params(axis="x", integer=True)
    ax.legend()
    return ax


def band(
    x: Any,
    values: Any,
    *,
    label: str,
    color: Style | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the mean over seeds as a line, and its 95 % interval as a band.

    Args:
        x: positions (n,).
        values: one row per seed, (M, n), M ≥ 2; the interval is Student's t.
        label: name in the legend.
        color: a color, or a line style such as TRAIN, VAL, TEST; if None, that of the
            treatment called `label`, or blue.

    Raises:
        ValueError: shapes that do not fit, one seed only, NaN.
    """
    ax, x, values = axes(ax), as_array(x), as_array(values)
    if values.ndim != 2 or x.shape != values.shape[1:]:
        raise ValueError(
            say(
                "expected x of shape (n,) and values of shape (seeds, n), got {shape} "
                "and {shape2}.",
                shape=x.shape,
                shape2=values.shape,
            )
        )
    color = TREATMENTS.get(label, TRAIN) if color is None else color
    style = dict(color) if isinstance(color, Mapping) else {"color": color}
    mean, low, high, _ = np.array([mean_interval(column) for column in values.T]).T
    ax.plot(x, mean, **style, label=label)
    ax.fill_between(x, low, high, color=style["color"], alpha=0.2, linewidth=0)
    ax.legend()
    return ax


def points(groups: Mapping[str, Any], *, ax: Axes | None = None) -> Axes:
    """Draw one dot per seed and, beside them, each group's mean and 95 % interval.

    Args:
        groups: name of the group -> one value per seed, (n,); with a single value
            there is a dot and no interval. Treatments have their own colors.

    Raises:
        ValueError: no groups, NaN.
    """
    if not groups:
        raise ValueError(say("groups: expected at least one group, got none."))
    ax = axes(ax)
    colors = treatment_colors(groups)
    for place, (name, values) in enumerate(groups.items()):
        color = colors[name]
        values = as_array(values).ravel()
        offsets = place + np.linspace(-0.22, 0.02, len(values) + 2)[1:-1]
        ax.plot(offsets, values, "o", color=color, alpha=0.55, markersize=5)
        if len(values) > 1:
            mean, low, high, _ = mean_interval(values)
            bars: dict[str, Any] = {"yerr": [[mean - low], [high - mean]], "capsize": 4}
            ax.errorbar(place + 0.2, mean, **bars, fmt="D", color=color, ms=6)
    names = [textwrap.fill(name, 14) for name in groups]
    ax.set_xticks(range(len(groups)), names)
    ax.set_xlim(-0.5, len(groups) - 0.5)
    ax.grid(visible=False, axis="x")
    return ax
