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

__all__ = ["TREATMENTS", "misplaced", "treatment_colors"]

_BLUE, _VERMILION, _GREEN, _PINK, _LIGHT, _ORANGE, _INDIGO, _WINE = PALETTE

_NAMES = {
    _BLUE: (
        *("none", "no dropout", "no decay", "no limit", "no norm", "no weight decay"),
        *("constant depth", "labels", "labels alone", "one network", "from scratch"),
        "minimum norm, no ridge",
    ),
    _VERMILION: (
        *("dropout", "dropout 0.25", "dropout 0.3", "p = 0.5", "MC dropout"),
        *("0.5 everywhere", "outputs", "trained with p = 0.5", "20 samples"),
    ),
    _PINK: (
        *("decay", "weight decay", "decay 0.01", "decay 1", "AdamW", "L2"),
        *("plain ridge", "ridge, λ = 1/(ηt)", "ridge chosen on validation"),
    ),
    _ORANGE: ("L1", "mixup", "soft answers", "one teacher"),
    _INDIGO: ("elastic net", "Adam + L2", "label smoothing"),
    _GREEN: (
        *("group L1", "stopped", "stochastic", "stochastic depth", "CutMix"),
        *("ensemble", "labels and ensemble"),
    ),
    _LIGHT: ("flips, crops", "augmentation", "moves", "true labels"),
    _WINE: ("max-norm 1", "Cutout", "false labels", "40 % false"),
}
TREATMENTS = {name: color for color, names in _NAMES.items() for name in names}
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
        f"{name}: expected {TREATMENTS[name]}, got {color}"
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
