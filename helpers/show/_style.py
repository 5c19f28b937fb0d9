"""The look of the course's figures: colors, line styles, sizes."""

from collections.abc import Mapping
from typing import Any, Literal, overload

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

__all__ = [
    "PALETTE",
    "TEST",
    "TRAIN",
    "VAL",
    "Array",
    "Style",
    "as_array",
    "axes",
    "figure",
    "use_course_style",
]

# Okabe and Ito's color-blind-safe palette, reordered, without black and yellow; the
# last two are of Tol's "muted" scheme.
PALETTE = (
    "#0072B2",  # blue
    "#D55E00",  # vermilion
    "#009E73",  # green
    "#CC79A7",  # pink
    "#56B4E9",  # light blue
    "#E69F00",  # orange
    "#332288",  # indigo
    "#882255",  # wine
)
TRAIN: dict[str, Any] = {"color": PALETTE[0], "linestyle": "-"}
VAL: dict[str, Any] = {"color": PALETTE[5], "linestyle": "--"}
TEST: dict[str, Any] = {"color": PALETTE[2], "linestyle": ":"}

Style = str | Mapping[str, Any]
Array = npt.NDArray[np.float64]


def use_course_style() -> None:
    """Set matplotlib's defaults for this course; call it once per notebook.

    Faces are white and text nearly black whatever the theme around them, so that
    figures stay readable in dark mode.
    """
    ink, quiet = "#1a1a1a", "#d9d9d9"
    plt.rcParams.update(
        {
            "figure.figsize": (6, 4),
            "figure.dpi": 100,
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "savefig.facecolor": "white",
            "axes.facecolor": "white",
            "axes.edgecolor": ink,
            "axes.labelcolor": ink,
            "axes.titlecolor": ink,
            "axes.titlesize": 12,
            "axes.titlelocation": "left",
            "axes.labelsize": 11,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": cycler(color=PALETTE),
            "grid.color": quiet,
            "grid.linewidth": 0.6,
            "text.color": ink,
            "xtick.color": ink,
            "ytick.color": ink,
            "legend.frameon": False,
            "legend.fontsize": 10,
            "lines.linewidth": 1.8,
            "image.cmap": "viridis",
        }
    )


@overload
def figure(columns: Literal[1] = 1) -> tuple[Figure, Axes]: ...
@overload
def figure(columns: int, **options: Any) -> tuple[Figure, Any]: ...
def figure(columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """Return a new figure and its axes: 6x4 in for one panel, 10x4 for two, 12x4 more.

    Args:
        columns: panels side by side, ≥ 1.
        options: go to `plt.subplots`, e.g. sharey=True.

    Returns:
        The figure, and its axes: one, or an array of them as `plt.subplots` makes it.
    """
    width = {1: 6, 2: 10}.get(columns, 12)
    return plt.subplots(1, columns, figsize=(width, 4), **options)


def axes(ax: Axes | None) -> Axes:
    """Return `ax`, or the axes of a new figure of one panel if it is None."""
    return figure()[1] if ax is None else ax


def as_array(values: Any) -> Array:
    """Return numbers from a tensor on any device, a list or an array, as float64."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().double().numpy()
    elif isinstance(values, list | tuple):
        values = [as_array(v) if isinstance(v, Tensor) else v for v in values]
    return np.asarray(values, dtype=np.float64)
