"""Batches of tensors that already lie where they are needed."""

from collections.abc import Iterator

import torch
from torch import Tensor

__all__ = ["Batches", "check_lengths"]


class Batches:
    """Walk over (inputs, labels) in batches, again and again; the last may be smaller.

    The tensors stay where they are and each batch is one index slice: no workers and
    no per-example Python. A new order is drawn from `generator` on every walk.

    Args:
        x: inputs (N, ...). y: labels or targets (N, ...), on the same device.
        batch_size: examples per batch, >= 1.
        shuffle: False walks in the given order.
        generator: source of the orders; torch's global one if None.

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
    ) -> None:
        check_lengths(x, y)
        if batch_size < 1:
            raise ValueError(f"expected batch_size >= 1, got {batch_size}")
        self.x, self.y, self.batch_size = x, y, batch_size
        self.shuffle, self.generator = shuffle, generator

    def __len__(self) -> int:
        return -(-len(self.x) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        if not self.shuffle:
            yield from zip(
                self.x.split(self.batch_size),
                self.y.split(self.batch_size),
                strict=True,
            )
            return
        where = self.generator.device if self.generator else "cpu"
        order = torch.randperm(len(self.x), generator=self.generator, device=where)
        for index in order.to(self.x.device).split(self.batch_size):
            yield self.x.index_select(0, index), self.y.index_select(0, index)


def check_lengths(x: Tensor, y: Tensor, name: str = "data") -> None:
    """Raise ValueError unless there is one label for each input, and at least one."""
    if len(x) == 0 or len(x) != len(y):
        raise ValueError(
            f"{name}: expected as many labels as inputs, and at least one; "
            f"got {len(x)} inputs and {len(y)} labels"
        )
