"""Pictures with the labels that a network is told, where some of them are false."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from torch import Tensor

from helpers.show._style import PALETTE, figure
from helpers.words import say

__all__ = ["labeled_images"]

INK, FALSE = "#1a1a1a", PALETTE[7]


def labeled_images(
    images: Tensor, given: Sequence[str], true: Sequence[str], *, title: str = ""
) -> Figure:
    """Draw images with the labels they are given; false ones in red, with the truth.

    Args:
        images: (n, side²), n ≥ 2; they stand in two rows.
        given, true: n names each.
        title: of the figure; "" for none.

    Raises:
        ValueError: another number of names.
    """
    if not len(images) == len(given) == len(true):
        raise ValueError(
            say(
                "expected a given and a true name for each of {n_images} images, got "
                "{n_given} and {n_true}.",
                n_images=len(images),
                n_given=len(given),
                n_true=len(true),
            )
        )
    side = int(images.shape[-1] ** 0.5)
    fig = figure()[0]
    fig.clear()
    fig.set_size_inches(10, 3.6)
    places = fig.subplots(2, -(-len(images) // 2)).ravel()
    for ax in places:
        ax.axis("off")
    for ax, image, told, truth in zip(places, images, given, true, strict=False):
        ax.imshow(image.cpu().view(side, side), cmap="gray")
        text = (
            say("{told}\n(is: {truth})", told=told, truth=truth)
            if told != truth
            else f"{told}\n"
        )
        color = FALSE if told != truth else INK
        ax.set_title(text, fontsize=9, color=color, loc="center")
    if title:
        fig.suptitle(title, x=0.01, ha="left")
    return fig
