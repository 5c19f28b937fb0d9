"""Drawings of tables and images: heat maps, batches, a value beside its target."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from helpers.show._style import PALETTE, Array, as_array, axes
from helpers.words import say

__all__ = ["compare", "heatmap", "images"]


def heatmap(
    values: Any,
    *,
    x: Sequence[object],
    y: Sequence[object],
    label: str,
    fmt: str = ".2f",
    mark: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a table of numbers as colors, with the numbers in the cells.

    Args:
        values: (rows, columns); NaN cells stay gray.
        x, y: names of the columns and of the rows; the first row is at the top.
        label: quantity and unit, at the color bar.
        fmt: format of the numbers; "" leaves them out.
        mark: "max" or "min" frames that cell.

    Raises:
        ValueError: shapes that do not fit, another `mark`.
    """
    table, ax = as_array(values), axes(ax)
    if table.shape != (len(y), len(x)):
        raise ValueError(
            say(
                "values: expected shape (len(y), len(x)) = ({n_y}, {n_x}), got "
                "{shape}.",
                n_y=len(y),
                n_x=len(x),
                shape=table.shape,
            )
        )
    if mark not in (None, "max", "min"):
        raise ValueError(
            say("mark: expected 'max', 'min' or None, got {mark!r}.", mark=mark)
        )
    picture = ax.imshow(table, aspect="auto")
    ax.set_facecolor("#bbbbbb")
    ax.set_xticks(range(len(x)), [str(name) for name in x])
    ax.set_yticks(range(len(y)), [str(name) for name in y])
    ax.grid(visible=False)
    ax.figure.colorbar(picture, ax=ax, label=label)
    if fmt:
        _write_cells(ax, table, fmt)
    if mark:
        best = np.nanargmax(table) if mark == "max" else np.nanargmin(table)
        row, column = divmod(int(best), len(x))
        frame: dict[str, Any] = {"fill": False, "edgecolor": PALETTE[1], "linewidth": 3}
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **frame))
    return ax


def images(
    batch: Any,
    titles: Sequence[str] | None = None,
    *,
    columns: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw images side by side in one pair of axes, all on one gray scale.

    Args:
        batch: (N, H, W), (N, 1, H, W), (N, 3, H, W) or flat square ones (N, side²).
        titles: one short text per image.
        columns: images per row; all in one row up to 8, then 8 per row, if None.

    Raises:
        ValueError: another shape, or another number of titles.
    """
    tiles = _tiles(as_array(batch))  # (N, H, W, 1 or 3)
    n, height, width, channels = tiles.shape
    if titles is not None and len(titles) != n:
        raise ValueError(
            say(
                "titles: expected {n}, one per image, got {n_titles}.",
                n=n,
                n_titles=len(titles),
            )
        )
    columns = columns or min(n, 8)
    rows = -(-n // columns)
    gap = max(1, width // 10)
    head = height // 4 if titles is not None else 0
    step_y, step_x = height + gap + head, width + gap
    canvas = np.ones((rows * step_y - gap, columns * step_x - gap, channels))
    for k, tile in enumerate(tiles):
        top, left = head + (k // columns) * step_y, (k % columns) * step_x
        canvas[top : top + height, left : left + width] = tile
    ax = _fitting(canvas) if ax is None else ax
    ax.imshow(canvas, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    for k, title in enumerate(titles or ()):
        top, left = head + (k // columns) * step_y, (k % columns) * step_x
        place = left + width / 2, top - 0.6
        ax.text(*place, title, ha="center", va="bottom", fontsize=9)
    ax.axis("off")
    return ax


def compare(
    yours: Any, target: Any, *, kind: str = "auto", ax: Axes | None = None
) -> Axes:
    """Draw the learner's values over the expected ones.

    Args:
        yours, target: numbers of one shape: scalar or (n,) as bars or lines,
            (rows, columns) as two pictures on one color scale.
        kind: "bars" (up to 12 numbers), "lines", "images", or "auto".

    Raises:
        ValueError: shapes differ or do not suit `kind`.
    """
    yours, target = as_array(yours), as_array(target)
    if yours.shape != target.shape:
        raise ValueError(
            say(
                "yours: expected the target's shape {shape}, got {shape2}.",
                shape=target.shape,
                shape2=yours.shape,
            )
        )
    if kind == "auto":
        flat = "bars" if target.size <= 12 else "lines"
        kind = "images" if target.ndim == 2 else flat
    drawers = {
        "bars": _compare_bars,
        "lines": _compare_lines,
        "images": _compare_images,
    }
    if kind not in drawers:
        raise ValueError(
            say(
                "kind: expected one of {drawers}, got {kind!r}.",
                drawers=[*drawers, "auto"],
                kind=kind,
            )
        )
    ndim = 2 if kind == "images" else 1
    if kind != "images":
        yours, target = np.atleast_1d(yours), np.atleast_1d(target)
    if target.ndim != ndim:
        raise ValueError(
            say(
                "kind={kind!r}: expected {ndim} dimensions, got {ndim2}.",
                kind=kind,
                ndim=ndim,
                ndim2=target.ndim,
            )
        )
    ax = axes(ax)
    drawers[kind](ax, yours, target)
    return ax


def _write_cells(ax: Axes, table: Array, fmt: str) -> None:
    """Write each number into its cell, white on dark colors and black on light."""
    low, high = np.nanmin(table), np.nanmax(table)
    for (row, column), value in np.ndenumerate(table):
        if not np.isnan(value):
            light = value > low + 0.6 * (high - low)
            color = "black" if light else "white"
            place: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9}
            ax.text(column, row, format(value, fmt), color=color, **place)


def _fitting(canvas: Array) -> Axes:
    """Return the axes of a figure 6 in wide, as high as the picture and a title."""
    height = 6 * canvas.shape[0] / canvas.shape[1]
    return plt.subplots(figsize=(6, 0.4 + height))[1]


def _tiles(batch: Array) -> Array:
    """Return images as (N, H, W, 1 or 3), scaled to [0, 1] over the whole batch."""
    if batch.ndim == 2:
        side = round(batch.shape[1] ** 0.5)
        if side * side == batch.shape[1]:
            batch = batch.reshape(len(batch), side, side)
    if batch.ndim == 3:
        batch = batch[:, None]
    if batch.ndim != 4 or batch.shape[1] not in (1, 3) or not len(batch):
        raise ValueError(
            say(
                "batch: expected (N, H, W), (N, 1, H, W), (N, 3, H, W) or (N, side²), "
                "got {shape}.",
                shape=batch.shape,
            )
        )
    low, high = batch.min(), batch.max()
    scaled: Array = (batch - low) / (high - low if high > low else 1)
    return scaled.transpose(0, 2, 3, 1)


def _compare_bars(ax: Axes, yours: Array, target: Array) -> None:
    place = np.arange(len(target))
    ax.bar(place, target, 0.7, color="#c8c8c8", label=say("expected"))
    ax.plot(place, yours, "o", color=PALETTE[0], markersize=8, label=say("yours"))
    ax.axhline(0, color="#1a1a1a", linewidth=0.8)
    ax.set_xticks(place)
    ax.legend()


def _compare_lines(ax: Axes, yours: Array, target: Array) -> None:
    place = np.arange(len(target))
    ax.plot(place, target, color="#c8c8c8", linewidth=6, label=say("expected"))
    ax.plot(place, yours, color=PALETTE[0], linewidth=1.8, label=say("yours"))
    ax.legend()


def _compare_images(ax: Axes, yours: Array, target: Array) -> None:
    rows, columns = target.shape
    gap = np.full((rows, max(1, columns // 6)), np.nan)
    both = np.hstack([yours, gap, target])
    picture = ax.imshow(both, interpolation="nearest")
    ax.figure.colorbar(picture, ax=ax, orientation="horizontal", shrink=0.6)
    for name, left in (("yours", 0), ("expected", columns + gap.shape[1])):
        middle = left + (columns - 1) / 2
        ax.text(middle, rows - 0.4, name, ha="center", va="top", fontsize=11)
    ax.axis("off")
