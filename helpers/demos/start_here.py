"""Pictures of 00_start_here: pairs of runs joined by seed, and rows of intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.evidence.intervals import (
    Interval,
    Values,
    mean_interval,
    paired_difference,
)
from helpers.show import plots
from helpers.words import say

__all__ = ["forest", "joined"]


def joined(
    arms: Mapping[str, Values],
    *,
    colors: Sequence[str],
    unit: str,
    shown: str = "seed",
) -> Figure:
    """Draw two arms with a line for each seed and, beside them, the differences.

    Args:
        arms: name → one number per seed, (n,) each; the control first, seed k at place
            k in both.
        colors: of the two arms; the differences have the second one's.
        unit: of the values, e.g. "validation accuracy (%)".
        shown: what one dot stands for.

    Raises:
        ValueError: other than two arms, or values that do not pair up.
    """
    if len(arms) != 2:
        raise ValueError(
            say(
                "arms: expected a control and a treatment, got {n_arms}.",
                n_arms=len(arms),
            )
        )
    (control, treatment), names = arms.values(), [*arms]
    gain = paired_difference(treatment, control)
    left, right = _numbers(control), _numbers(treatment)
    figure, axes = plots.figure(2)
    ax, beside = axes
    ax.plot([0, 1], [left, right], color="#9a9a9a", linewidth=0.8, zorder=1)
    for place, (values, color) in enumerate(zip((left, right), colors, strict=True)):
        ax.plot([place] * len(values), values, "o", color=color, alpha=0.7, zorder=2)
    ax.set_xticks([0, 1], names)
    ax.set(
        xlim=(-0.4, 1.4),
        ylabel=unit,
        title=say("Each line is one {shown}", shown=shown),
    )
    beside.axhline(0, color="#1a1a1a", linewidth=1)
    places = np.linspace(-0.25, 0.05, gain.n)
    beside.plot(places, right - left, "o", color=colors[1], alpha=0.7)
    bars = [[gain.mean - gain.low], [gain.high - gain.mean]]
    beside.errorbar(
        0.2, gain.mean, yerr=bars, fmt="D", color="#1a1a1a", capsize=4, ms=6
    )
    beside.set_xticks(
        [-0.1, 0.2], [say("one {shown}", shown=shown), say("mean, 95 %\ninterval")]
    )
    beside.set(
        xlim=(-0.4, 0.4),
        ylabel=say("{names} minus {names2}", names=names[1], names2=names[0]),
    )
    return figure


def forest(
    rows: Mapping[str, Values | Interval],
    *,
    colors: Sequence[str],
    unit: str,
    ax: Axes | None = None,
    zero: float | None = 0.0,
) -> Axes:
    """Draw one row for each name: the seeds as dots, their mean and 95 % interval.

    Args:
        rows: name → one number per seed, or an interval computed elsewhere (no dots).
        colors: one for each row.
        unit: of the values, for the axis.
        ax: where to draw; a new figure's if None.
        zero: where to draw the line of comparison; None for none.
    """
    if ax is None:
        ax = plots.figure()[1]
    places = range(len(rows))[::-1]
    for place, values, color in zip(places, rows.values(), colors, strict=True):
        interval = values if isinstance(values, Interval) else mean_interval(values)
        if not isinstance(values, Interval):
            dots = _numbers(values)
            ax.plot(dots, [place + 0.18] * len(dots), "o", color=color, alpha=0.4, ms=4)
        bars = [[interval.mean - interval.low], [interval.high - interval.mean]]
        ax.errorbar(
            interval.mean, place, xerr=bars, fmt="D", color=color, capsize=4, ms=6
        )
    if zero is not None:
        ax.axvline(zero, color="#1a1a1a", linewidth=1)
    ax.set_yticks([*places], [*rows])
    ax.set(xlabel=unit, ylim=(-0.6, len(rows) - 0.3))
    ax.grid(visible=False, axis="y")
    return ax


def _numbers(values: Values) -> npt.NDArray[np.float64]:
    array: npt.NDArray[np.float64] = torch.as_tensor(values).cpu().double().numpy()
    return array
