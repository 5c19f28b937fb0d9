"""One color for each treatment, the same in every figure of the course.

A name is that of an arm, as it stands in a legend or under a row of dots. Treatments
which never meet in one notebook may share a color; the control is always blue.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from helpers.show._style import PALETTE
from helpers.words import say

__all__ = ["TREATMENTS", "misplaced", "treatment_colors"]

_BLUE, _VERMILION, _GREEN, _PINK, _LIGHT, _ORANGE, _INDIGO, _WINE = PALETTE

TREATMENTS = {
    "none": _BLUE,
    "no dropout": _BLUE,
    "no decay": _BLUE,
    "no limit": _BLUE,
    "no norm": _BLUE,
    "constant": _BLUE,
    "constant depth": _BLUE,
    "labels": _BLUE,
    "labels alone": _BLUE,
    "one network": _BLUE,
    "from scratch": _BLUE,
    "minimum norm, no ridge": _BLUE,
    "dropout": _VERMILION,
    "dropout 0.3": _VERMILION,
    "p = 0.5": _VERMILION,
    "trained with p = 0.5": _VERMILION,
    "0.5 everywhere": _VERMILION,
    "outputs": _VERMILION,
    "MC dropout": _VERMILION,
    "20 samples": _VERMILION,
    "decay": _PINK,
    "weight decay": _PINK,
    "decay 0.01": _PINK,
    "decay 1": _PINK,
    "AdamW": _PINK,
    "L2": _PINK,
    "plain ridge": _PINK,
    "ridge, λ = 1/(ηt)": _PINK,
    "ridge chosen on validation": _PINK,
    "ensemble": _GREEN,
    "labels and ensemble": _GREEN,
    "stopped": _GREEN,
    "stochastic depth": _GREEN,
    "stochastic": _GREEN,
    "skip": _GREEN,
    "CutMix": _GREEN,
    "group L1": _GREEN,
    "augmentation": _LIGHT,
    "flips, crops": _LIGHT,
    "moves": _LIGHT,
    "true labels": _LIGHT,
    "mixup": _ORANGE,
    "soft answers": _ORANGE,
    "one teacher": _ORANGE,
    "L1": _ORANGE,
    "label smoothing": _INDIGO,
    "Adam + L2": _INDIGO,
    "elastic net": _INDIGO,
    "false labels": _WINE,
    "20 % false labels": _WINE,
    "40 % false": _WINE,
    "Cutout": _WINE,
    "max-norm 1": _WINE,
}
_SPARE = (_GREEN, _ORANGE, _LIGHT, _INDIGO, _WINE, _PINK, _VERMILION, _BLUE)


def treatment_colors(names: Iterable[str]) -> dict[str, str]:
    """Return name -> color: a treatment's own, for other arms colors not yet taken."""
    names = [*names]
    taken = {TREATMENTS.get(name) for name in names}
    free = [color for color in _SPARE if color not in taken] or [*_SPARE]
    others = [name for name in names if name not in TREATMENTS]
    spare = {name: free[k % len(free)] for k, name in enumerate(others)}
    return {name: TREATMENTS.get(name) or spare[name] for name in names}


def misplaced(fig: Figure) -> list[str]:
    """Return a sentence for each treatment of a figure with another one's color.

    Looks at what has a name in a legend, and at dots beside a name on an axis. Grays
    and black are nobody's.
    """
    return [
        say(
            "{name}: expected {color}, got {color2}",
            name=name,
            color=TREATMENTS[name],
            color2=color,
        )
        for ax in fig.axes
        for name, color in {*_in_legend(ax), *_beside_names(ax)}
        if name in TREATMENTS and color not in (TREATMENTS[name], None)
    ]


def _in_legend(ax: Axes) -> Iterator[tuple[str, str | None]]:
    for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
        part = handle[0] if isinstance(handle, tuple) else handle  # of bars, error bars
        find = getattr(part, "get_color", None) or getattr(part, "get_facecolor", None)
        yield name, None if find is None else _color(find())


def _beside_names(ax: Axes) -> Iterator[tuple[str, str | None]]:
    for axis, data in ((ax.xaxis, "get_xdata"), (ax.yaxis, "get_ydata")):
        words = [text.get_text() for text in axis.get_ticklabels()]
        for at, name in zip(axis.get_ticklocs(), words, strict=False):
            for line in ax.lines:
                places: npt.NDArray[np.float64] = np.asarray(
                    getattr(line, data)(orig=False), dtype=float
                )
                if len(places) and (abs(places - at) < 0.45).all():
                    yield name.replace("\n", " "), _color(line.get_color())


def _color(value: object) -> str | None:
    """Return a color as in the palette; None for grays."""
    if isinstance(value, np.ndarray) and value.ndim == 2:
        value = value[0]
    rgb = to_rgb(value)  # type: ignore[arg-type]
    return None if max(rgb) - min(rgb) < 0.02 else to_hex(rgb).upper()
