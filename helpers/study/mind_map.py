"""The course as a mind map: what acts where, from the same list as the taxonomy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.show import plots
from helpers.study import reference
from helpers.words import say

__all__ = ["mind_map", "words"]

_SIDES = (("explicit", "architectural"), ("data", "optimization"))  # left, right
_BRANCH, _LEAF = 1.5, 2.6  # from the middle to a branch's end, and to its leaves


def mind_map() -> Figure:
    """Draw the four kinds of regularization around the middle, with all techniques.

    Behind each technique stands the number of the notebook that has it.
    """
    groups = {group["kind"]: group for group in reference.read("taxonomy")}
    fig, ax = plots.figure()
    fig.set_size_inches(10, 6)
    sides = [[groups[kind] for kind in side] for side in _SIDES]
    most = max(map(_height, sides))
    place = 0
    for side, sign in zip(sides, (-1, 1), strict=True):
        at = (_height(side) - 1) / 2
        for group in side:
            _branch(ax, group, sign=sign, top=at, color=plots.PALETTE[place])
            at -= len(group["techniques"]) + 1
            place += 1
    middle = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": "black"}
    ax.text(
        *(0, 0, say("regularization")),
        ha="center", va="center", fontsize=13, fontweight="bold", bbox=middle, zorder=3,
    )  # fmt: skip
    ax.set(xlim=(-5.6, 5.6), ylim=(-most / 2 - 0.5, most / 2 + 0.5))
    ax.axis("off")
    return fig


def words() -> str:
    """Return in one sentence per kind what the map shows."""
    return " ".join(
        f"{say(group['kind']).capitalize()}: "
        f"{', '.join(say(each['name']) for each in group['techniques'])}."
        for group in reference.read("taxonomy")
    )


def _height(side: Sequence[dict[str, Any]]) -> int:
    """Return how many lines a side needs: its leaves, and one between branches."""
    return sum(len(group["techniques"]) + 1 for group in side) - 1


def _branch(
    ax: Axes, group: dict[str, Any], *, sign: int, top: float, color: str
) -> None:
    leaves = group["techniques"]
    middle = top - (len(leaves) - 1) / 2
    name = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": color}
    _bow(ax, (0, 0), (sign * _BRANCH, middle), color, width=3)
    ax.text(
        *(sign * _BRANCH, middle, say(group["kind"])),
        ha="center", va="center", fontweight="bold", zorder=3,
        bbox={**name, "linewidth": 2.5},
    )  # fmt: skip
    for number, each in enumerate(leaves):
        end = sign * _LEAF, top - number
        _bow(ax, (sign * _BRANCH, middle), end, color, width=1)
        ax.text(
            *(sign * (_LEAF + 0.08), end[1]),
            f"{say(each['name'])} · {each['notebook'][:2]}",
            ha="left" if sign > 0 else "right", va="center", fontsize=10,
        )  # fmt: skip


def _bow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    color: str,
    *,
    width: float,
) -> None:
    """Draw a line that leaves and arrives level, as branches do."""
    steps = [k / 30 for k in range(31)]
    bend = [3 * s**2 - 2 * s**3 for s in steps]
    ax.plot(
        [start[0] + s * (end[0] - start[0]) for s in steps],
        [start[1] + b * (end[1] - start[1]) for b in bend],
        color=color,
        linewidth=width,
        zorder=1,
    )
