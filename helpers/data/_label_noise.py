"""False labels (label noise) at an exact rate."""

import torch
from torch import Tensor

from helpers.words import say

__all__ = ["corrupt_labels"]


def corrupt_labels(
    labels: Tensor,
    num_classes: int,
    rate: float,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Flip exactly round(rate · n) labels, each to a class that it was not.

    Positions are drawn without replacement. A false label $y$ becomes
    $(y + s) \bmod K$ with $s$ uniform in $1, \dots, K - 1$.

    Args:
        labels: true classes, integers (n,) in [0, num_classes); not modified.
        num_classes: number of classes K, ≥ 2.
        rate: fraction of labels to flip, in [0, 1].
        generator: source of the draws; torch's global one if None.

    Returns:
        The new labels (n,) and a bool mask (n,), True exactly where they changed.

    Raises:
        ValueError: `rate`, `num_classes` or a label out of range.
    """
    if not 0 <= rate <= 1:
        raise ValueError(
            say("rate: expected a fraction in [0, 1], got {rate}.", rate=rate)
        )
    if num_classes < 2:
        raise ValueError(
            say(
                "num_classes: expected at least 2, got {num_classes}.",
                num_classes=num_classes,
            )
        )
    if labels.ndim != 1 or not ((labels >= 0) & (labels < num_classes)).all():
        raise ValueError(
            say(
                "labels: expected shape (n,) with values in [0, {num_classes}), got "
                "shape {shape}, values {extent}.",
                num_classes=num_classes,
                shape=tuple(labels.shape),
                extent=_extent(labels),
            )
        )
    n, source = len(labels), generator.device if generator else torch.device("cpu")
    chosen = torch.randperm(n, generator=generator, device=source)[: round(rate * n)]
    shift = torch.randint(
        1, num_classes, chosen.shape, generator=generator, device=source
    )
    chosen, shift = chosen.to(labels.device), shift.to(labels.device, labels.dtype)
    noisy = labels.clone()
    noisy[chosen] = (noisy[chosen] + shift) % num_classes
    return noisy, noisy != labels


def _extent(labels: Tensor) -> str:
    return (
        say(
            "{min_labels} to {max_labels}",
            min_labels=labels.min(),
            max_labels=labels.max(),
        )
        if labels.numel()
        else say("none")
    )
