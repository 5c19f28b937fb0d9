"""What the members of a population see at each step: their batches and random bits."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from helpers.seeds import generator

__all__ = ["MemberData", "MemberNoise"]

ROWS = 2**14  # examples × members evaluated at a time
BLOCK = 2**16  # random numbers drawn at a time; the masks do not depend on it


class MemberData:
    """Inputs and targets of M members: shared by all, or one set for each.

    Args:
        split: pair (x, y); x (N, ...) or (M, N, ...), floating; y (N,) or (M, N),
            int64 labels or float targets, or probabilities with one more dimension.
        members: M.
        device: where the data should lie.
        name: what messages call it.

    Raises:
        ValueError: shapes that do not fit together. TypeError: wrong dtypes.
    """

    def __init__(
        self, split: Sequence[Tensor], members: int, *, device: torch.device, name: str
    ) -> None:
        x, y = split
        own_y = y.ndim > 1 and len(y) == members and y.shape[1] in x.shape[:2]
        if y.is_floating_point() and len(y) == len(x) != members:
            own_y = False  # probabilities (N, K) of shared data
        self.n = y.shape[1] if own_y else len(y)
        own_x = x.ndim > 2 and x.shape[:2] == (members, self.n)
        if self.n == 0 or (x.shape[1] if own_x else len(x)) != self.n:
            raise ValueError(
                f"{name}: expected x (N, ...) or ({members}, N, ...) and y (N,) or "
                f"({members}, N), N >= 1; got {tuple(x.shape)} and {tuple(y.shape)}"
            )
        if not x.is_floating_point():
            raise TypeError(
                f"{name}: expected floating inputs, got {x.dtype}; "
                "convert and standardise them first, e.g. x.float() / 255"
            )
        if not y.is_floating_point() and y.dtype != torch.int64:
            raise TypeError(
                f"{name}: expected int64 labels, got {y.dtype}; use y.long()"
            )
        self.members, self.device, self.name = members, device, name
        self.x, self.y = x.to(device), y.to(device)
        self.own_x, self.own_y = own_x, own_y

    def example(self) -> Tensor:
        """Return one input as a single network sees it, (1, ...)."""
        return (self.x[0] if self.own_x else self.x)[:1]

    def part(self, members: slice, count: int | None = None) -> "MemberData":
        """Return the data of some members, cut to the first `count` examples."""
        pairs = ((self.x, self.own_x), (self.y, self.own_y))
        cut = [t[members, :count] if own else t[:count] for t, own in pairs]
        part = object.__new__(MemberData)
        part.__dict__ = {**self.__dict__, "x": cut[0], "y": cut[1]}
        part.members = len(range(self.members)[members])
        part.n = self.n if count is None else min(count, self.n)
        return part

    def take(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return each member's own batch: index (M, B) -> x, y (M, B, ...)."""
        return _take(self.x, index, self.own_x), _take(self.y, index, self.own_y)

    def batches(
        self, seeds: Sequence[int], size: int, total: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield `total` batches (M, B, ...), every member in its own order.

        Member k walks as `Batches(x, y, size, generator=...)` does with a CPU
        generator seeded by seeds[k]; an epoch's last batch may be smaller.
        """
        generators = [generator(seed) for seed in seeds]
        done = 0
        while done < total:
            orders = [torch.randperm(self.n, generator=g) for g in generators]
            orders = torch.stack(orders).to(self.device)  # (M, N)
            for index in orders.split(size, dim=1)[: total - done]:
                yield self.take(index)
                done += 1

    def in_order(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield all examples in order, (M, B, ...), for evaluation."""
        pairs = ((self.x, self.own_x), (self.y, self.own_y))
        full = [t if own else t.expand(self.members, *t.shape) for t, own in pairs]
        size = max(1, ROWS // self.members)
        yield from zip(*(t.split(size, dim=1) for t in full), strict=True)


class MemberNoise:
    """Random bits for the dropout masks, from one generator per member.

    A member's bits depend on its seed and step only, not on the other members: its
    masks are the same when it is trained alone.

    Args:
        seeds: one per member.
        shapes: layer name -> shape of one example at that layer.
        batch_size: examples per step (the largest).
        device: where the bits are used.
        batch_last: lay them out with the batch as last dimension in memory.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        shapes: dict[str, torch.Size],
        *,
        batch_size: int,
        device: torch.device,
        batch_last: bool = False,
    ) -> None:
        where = device if device.type == "cuda" else torch.device("cpu")
        self.generators = [generator(seed, where) for seed in seeds]
        self.shapes, self.device, self.batch_last = shapes, device, batch_last
        self.sizes = [batch_size * shape.numel() for shape in shapes.values()]
        words = -(-sum(self.sizes) // 4)  # 64 random bits make four numbers
        steps = max(1, BLOCK // max(1, 4 * words))
        self.words = torch.empty(
            (len(seeds), steps, words), dtype=torch.int64, device=where
        )
        self.next = steps

    def draw(self, batch: int) -> dict[str, Tensor]:
        """Return the next step's bits: layer name -> int16 (M, batch, ...)."""
        if not self.shapes:
            return {}
        if self.next == self.words.shape[1]:
            for row, generator in zip(self.words, self.generators, strict=True):
                row.random_(-(2**63), None, generator=generator)
            self.next = 0
        bits = self.words[:, self.next].view(torch.int16).to(self.device)
        self.next += 1
        parts = bits[:, : sum(self.sizes)].split(self.sizes, dim=1)
        return {
            name: self._arrange(part, shape)[:, :batch]
            for part, (name, shape) in zip(parts, self.shapes.items(), strict=True)
        }

    def _arrange(self, part: Tensor, shape: torch.Size) -> Tensor:
        """Shape a layer's numbers (M, B·n) to (M, B, ...)."""
        if self.batch_last:
            return part.unflatten(1, (*shape, -1)).movedim(-1, 1)
        return part.unflatten(1, (-1, *shape))


def _take(tensor: Tensor, index: Tensor, own: bool) -> Tensor:
    if own:
        start = torch.arange(len(index), device=index.device) * tensor.shape[1]
        index, tensor = index + start[:, None], tensor.flatten(0, 1)
    return tensor.index_select(0, index.flatten()).unflatten(0, index.shape)
