"""Panels that stand side by side, put one below the other for narrow pages."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

__all__ = ["stack"]

WIDTH, HEIGHT = 6.0, 3.7  # inches: of the figure, and of one panel


def stack(fig: Figure) -> bool:
    """Put the panels of a figure of one row below each other; tell whether it had any.

    The figure gets narrower and higher. Axes that left their numbers or their name to
    a neighbor on the left get them back. Figures of several rows stay as they are.
    """
    placed = _columns(fig)
    count = len(set(placed.values()))
    if count < 2:
        return False
    title = 0.4 if fig.get_suptitle() else 0.0
    grid = GridSpec(count, 1, figure=fig)
    fig.set_size_inches(WIDTH, count * HEIGHT + title)
    for ax, column in placed.items():
        ax.set_subplotspec(grid[column])
    first = next(iter(placed))
    for ax in placed:
        if ax.get_shared_y_axes().joined(first, ax):
            _label_again(ax, first)
    fig.draw_without_rendering()  # beside a colorbar all is in place after two passes
    return True


def _columns(fig: Figure) -> dict[Axes, int]:
    """Return axes → column, or nothing unless all stand in one row of one grid."""
    specs = {ax: ax.get_subplotspec() for ax in fig.axes}
    placed = {ax: spec for ax, spec in specs.items() if spec is not None}
    grids = {id(spec.get_gridspec()) for spec in placed.values()}
    single = all(
        spec.get_gridspec().nrows == 1 and len(spec.colspan) == 1
        for spec in placed.values()
    )
    if len(grids) != 1 or not single:
        return {}
    return {ax: spec.colspan.start for ax, spec in placed.items()}


def _label_again(ax: Axes, first: Axes) -> None:
    ax.yaxis.set_tick_params(which="both", labelleft=True)
    if not ax.get_ylabel():
        ax.set_ylabel(first.get_ylabel())
