"""Batches of tensors that already lie where they are needed."""

from collections.abc import Iterator

import torch
from torch import Tensor

from helpers.words import say

__all__ = ["Batches", "batch_sizes", "check_lengths"]


def batch_sizes(n: int, batch_size: int, *, join_single: bool = False) -> list[int]:
    """Return the sizes of the batches that n examples are cut into, in order.

    Args:
        n: examples, >= 1. batch_size: examples per batch, >= 1.
        join_single: a last batch of one example is put into the batch before it:
            BatchNorm has no statistics of a single example. Never for batch_size 1.
    """
    sizes = [batch_size] * (n // batch_size)
    rest = n % batch_size
    if join_single and rest == 1 and sizes:
        sizes[-1] += 1
        rest = 0
    return [*sizes, rest] if rest else sizes


class Batches:
    """Walk over (inputs, labels) in batches, again and again; the last may be smaller.

    The tensors stay where they are and each batch is one index slice: no workers and
    no per-example Python. A new order is drawn from `generator` on every walk.

    Args:
        x: inputs (N, ...). y: labels or targets (N, ...), on the same device.
        batch_size: examples per batch, >= 1.
        shuffle: False walks in the given order.
        generator: source of the orders; torch's global one if None.
        join_single: put a last batch of one example into the one before it.

    Raises:
        ValueError: no examples, lengths that differ, or a batch size below 1.
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        batch_size: int,
        *,
        shuffle: bool = True,
        generator: torch.Generator | None = None,
        join_single: bool = False,
    ) -> None:
        check_lengths(x, y)
        if batch_size < 1:
            raise ValueError(
                say("expected batch_size >= 1, got {batch_size}", batch_size=batch_size)
            )
        self.x, self.y, self.batch_size = x, y, batch_size
        self.shuffle, self.generator = shuffle, generator
        self.sizes = batch_sizes(len(x), batch_size, join_single=join_single)

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        if not self.shuffle:
            yield from zip(
                self.x.split(self.sizes), self.y.split(self.sizes), strict=True
            )
            return
        where = self.generator.device if self.generator else "cpu"
        order = torch.randperm(len(self.x), generator=self.generator, device=where)
        for index in order.to(self.x.device).split(self.sizes):
            yield self.x.index_select(0, index), self.y.index_select(0, index)


def check_lengths(x: Tensor, y: Tensor, name: str = "data") -> None:
    """Raise ValueError unless there is one label for each input, and at least one."""
    if len(x) == 0 or len(x) != len(y):
        raise ValueError(
            say(
                "{name}: expected as many labels as inputs, and at least one; got "
                "{n_x} inputs and {n_y} labels",
                name=name,
                n_x=len(x),
                n_y=len(y),
            )
        )
