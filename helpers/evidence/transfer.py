"""Tasks that share a data set: some of its classes, with few labels of each."""

from collections.abc import Sequence

import torch

from helpers.data import Split
from helpers.seeds import generator
from helpers.words import say

__all__ = ["classes_of", "few_of_each"]


def classes_of(part: Split, classes: Sequence[int]) -> Split:
    """Return the examples of some classes, labeled by the class's place among them.

    Args:
        part: inputs (n, ...) and classes (n,).
        classes: those to keep, each once; an example of classes[k] gets the label k.

    Raises:
        ValueError: a class that is named twice, or has no example.
    """
    known = set(part.y.tolist())
    if len(set(classes)) < len(classes) or not known.issuperset(classes):
        raise ValueError(
            say(
                "expected different classes among {known}, got {classes}.",
                known=", ".join(map(str, sorted(known))),
                classes=", ".join(map(str, classes)),
            )
        )
    place = torch.full((1 + max(known),), -1, device=part.y.device)
    place[list(classes)] = torch.arange(len(classes), device=part.y.device)
    inside = place[part.y] >= 0
    return Split(part.x[inside], place[part.y[inside]])


def few_of_each(part: Split, n: int, seed: int) -> Split:
    """Return n examples of each class, drawn without replacement, class after class.

    A larger n adds examples to those of a smaller one.

    Args:
        part: inputs (N, ...) and classes 0 to K - 1, (N,).
        n: examples per class, ≥ 1.
        seed: of the draw.

    Returns:
        Inputs (n·K, ...) and classes (n·K,).

    Raises:
        ValueError: a class has fewer than n examples.
    """
    rarest = int(torch.bincount(part.y).min())
    if not 1 <= n <= rarest:
        raise ValueError(
            say(
                "n: expected from 1 to {rarest}, which the rarest class has, got {n}.",
                rarest=rarest,
                n=n,
            )
        )
    order = torch.randperm(len(part.y), generator=generator(seed)).to(part.y.device)
    drawn = part.y[order]
    picks = torch.cat([order[drawn == k][:n] for k in range(1 + int(part.y.max()))])
    return Split(part.x[picks], part.y[picks])
