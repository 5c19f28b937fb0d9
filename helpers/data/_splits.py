"""Splits of a data set: train, validation, and a test part that counts its openings."""

import warnings
from typing import NamedTuple

import torch
from torch import Tensor

from helpers.seeds import generator
from helpers.words import say

__all__ = ["SealedTest", "Split", "Splits", "split_pool", "stratified_order"]


class Split(NamedTuple):
    """Inputs and labels of one part of a data set, on one device.

    Attributes:
        x: inputs, float32 (n, ...).
        y: int64 class labels, (n,).
    """

    x: Tensor
    y: Tensor


class SealedTest:
    """A test part that is opened on purpose, with a reason, and once.

    Each look at the test score before the last decision makes that score a little
    too good. So the first opening is silent, and each later one warns.
    """

    def __init__(self, split: Split) -> None:
        self._split = split
        self._reasons: list[str] = []

    def open(self, reason: str) -> Split:
        """Return the test split and remember why it was opened.

        Args:
            reason: what is decided by looking, e.g. "final score of notebook 02".

        Raises:
            ValueError: `reason` is empty or not a string.
        """
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(
                say(
                    "open() expects a reason in words, got {reason!r}; say what you "
                    "will report, e.g. open('final accuracy of the chosen model').",
                    reason=reason,
                )
            )
        self._reasons.append(reason.strip())
        if self.openings > 1:
            before = "; ".join(repr(r) for r in self._reasons[:-1])
            warnings.warn(
                say(
                    "The test part is opened for time {openings} (before: {before}). "
                    "If anything was chosen in between, its score is too good now: "
                    "choose on the validation part.",
                    openings=self.openings,
                    before=before,
                ),
                stacklevel=2,
            )
        return self._split

    @property
    def openings(self) -> int:
        """How often the test part has been opened."""
        return len(self._reasons)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was opened, in order."""
        return tuple(self._reasons)

    def __len__(self) -> int:
        return len(self._split.y)

    def __repr__(self) -> str:
        return say(
            "SealedTest({n_self:,} examples, opened {openings} times)",
            n_self=len(self),
            openings=self.openings,
        )


class Splits(NamedTuple):
    """The three parts of a data set; `test.open(reason)` gives the third."""

    train: Split
    val: Split
    test: SealedTest


def stratified_order(labels: Tensor, seed: int) -> Tensor:
    """Return a random order of which every slice has the classes' shares of the whole.

    With K classes of one size, each K in a row that start at a multiple of K hold every
    class once. Else a slice's count of a class is off its share by a few at most.

    Args:
        labels: class labels, integers (n,).
        seed: another seed, another order; no global random state is touched.

    Returns:
        Positions, int64 (n,), on the CPU.
    """
    labels = labels.cpu()
    draws = generator(seed, split=True)
    order = torch.randperm(len(labels), generator=draws)
    grouped = order[torch.argsort(labels[order], stable=True)]  # class after class
    jitter = torch.rand(len(labels), generator=draws, dtype=torch.float64)
    sizes = [size for size in torch.bincount(labels).tolist() if size]
    rank = torch.cat([torch.arange(size) for size in sizes])
    size = torch.repeat_interleave(torch.tensor(sizes), torch.tensor(sizes))
    return grouped[torch.argsort((rank + jitter) / size)]  # each spread over [0, 1)


def split_pool(
    pool: Split,
    test: Split,
    counts: tuple[int, int, int],
    split_seed: int,
    device: str | torch.device,
) -> tuple[Split, Split, Split]:
    """Return train from the front of the pool's order, val from its end, and test.

    So a larger training part contains the smaller one, and the validation part does
    not depend on the training part's size.

    Args:
        pool, test: all examples to draw from; each part gets its classes' shares.
        counts: how many for train, val and test.
        split_seed: seed of the order.
        device: where the parts go.

    Raises:
        ValueError: there are not that many examples.
    """
    n_train, n_val, n_test = counts
    n_pool, n_sealed = len(pool.y), len(test.y)
    if n_train < 1 or n_val < 0 or n_train + n_val > n_pool:
        raise ValueError(
            say(
                "n_train, n_val: expected n_train ≥ 1, n_val ≥ 0 and at most "
                "{n_pool:,} together, got {n_train:,} and {n_val:,}.",
                n_pool=n_pool,
                n_train=n_train,
                n_val=n_val,
            )
        )
    if not 1 <= n_test <= n_sealed:
        raise ValueError(
            say(
                "n_test: expected 1 to {n_sealed:,}, got {n_test:,}.",
                n_sealed=n_sealed,
                n_test=n_test,
            )
        )
    order = stratified_order(pool.y, split_seed)
    sealed = stratified_order(test.y, split_seed)[:n_test]
    train, val = order[:n_train], order[n_pool - n_val :]
    return (
        _take(pool, train, device),
        _take(pool, val, device),
        _take(test, sealed, device),
    )


def _take(part: Split, positions: Tensor, device: str | torch.device) -> Split:
    return Split(part.x[positions].to(device), part.y[positions].to(device))
