"""Telling which slip a wrong value comes from: those with an id, and mere sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from helpers.checks.vocabulary.trial import Trial
from helpers.checks.vocabulary.values import agree

__all__ = ["advised", "all_like", "like", "not_named"]


def like(got: Tensor, value: Tensor) -> bool:
    """Tell whether two tensors agree up to rounding."""
    return agree(got.detach(), value.detach(), None, None)


def all_like(got: Sequence[Tensor], values: Sequence[Tensor]) -> bool:
    """Tell whether all pairs of two lists of one length agree up to rounding."""
    return all(like(a, b) for a, b in zip(got, values, strict=True))


def not_named(
    t: Trial,
    got: Tensor,
    right: Tensor,
    wrong: Mapping[str, Sequence[Tensor]],
    problem: str,
) -> None:
    """Fail with `problem` if `got` is what a mistake gives, and not what is right.

    Args:
        wrong: mistake id → the values that it may give here. Those that coincide with
            the right one are skipped.
    """
    if like(got, right):
        return
    for mistake, values in wrong.items():
        for value in values:
            if like(got, value) and not like(value, right):
                t.fail(problem, expected=right, got=got, mistake=mistake)


def advised(t: Trial, got: Tensor, right: Tensor, wrong: Mapping[str, Tensor]) -> None:
    """Require `right`; advise by the first sentence whose value was returned.

    Args:
        wrong: sentence → the value that this slip gives here. Those that coincide with
            the right one are skipped.
    """
    fits = (
        text
        for text, value in wrong.items()
        if like(got, value) and not like(value, right)
    )
    t.close(got, right, advice=next(fits, None))
