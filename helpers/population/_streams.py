"""What the members of a population see at each step: their batches and random bits."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from helpers.seeds import generator
from helpers.training import batch_sizes
from helpers.words import say

__all__ = ["MemberData", "MemberNoise"]

ROWS = 2**14  # examples × members evaluated at a time
BLOCK = 2**16  # random numbers drawn at a time; the masks do not depend on it
READINGS = {
    "": say("all members share both"),
    "x": say("each member has its own inputs"),
    "y": say("each member has its own targets"),
    "xy": say("each member has its own inputs and targets"),
}


class MemberData:
    """Inputs and targets of M members: shared by all, or one set for each.

    Args:
        split: pair (x, y); x (N, ...) floating, or int64 for an embedding; y (N, ...)
            int64 labels or float targets. What members own has M in front of it.
        members: M.
        device: where the data should lie.
        name: what messages call it.
        own: what each member has for itself, "", "x", "y" or "xy"; None: told from
            the shapes, where they can be read in one way only.

    Attributes:
        n: examples of each member.
        classes: the largest label + 1, where y is one label >= 0 per example.

    Raises:
        ValueError: shapes that do not fit together, or fit in two ways.
        TypeError: wrong dtypes.
    """

    def __init__(
        self,
        split: Sequence[Tensor],
        members: int,
        *,
        device: torch.device,
        name: str,
        own: str | None = None,
    ) -> None:
        x, y = split
        own = _owned(x, y, members, name) if own is None else own
        if own not in READINGS:
            raise ValueError(
                say(
                    "{name}: expected own_data to be '', 'x', 'y' or 'xy', got {own!r}",
                    name=name,
                    own=own,
                )
            )
        if not _reads(x, y, members, own):
            shapes = [
                f"{part} {f'({members}, N, ...)' if part in own else '(N, ...)'}"
                for part in "xy"
            ]
            raise ValueError(
                say(
                    "{name}: expected {shapes}, N >= 1, with own_data={own!r}; got "
                    "{shape} and {shape2}",
                    name=name,
                    shapes=say(" and ").join(shapes),
                    own=own,
                    shape=tuple(x.shape),
                    shape2=tuple(y.shape),
                )
            )
        if not x.is_floating_point() and x.dtype != torch.int64:
            raise TypeError(
                say(
                    "{name}: expected floating inputs (or int64 for an embedding), got "
                    "{dtype}; convert and standardize them first, e.g. x.float() / 255",
                    name=name,
                    dtype=x.dtype,
                )
            )
        if not y.is_floating_point() and y.dtype != torch.int64:
            raise TypeError(
                say(
                    "{name}: expected int64 labels, got {dtype}; use y.long()",
                    name=name,
                    dtype=y.dtype,
                )
            )
        self.members, self.device, self.name = members, device, name
        self.x, self.y = x.to(device), y.to(device)
        self.own_x, self.own_y = "x" in own, "y" in own
        self.n = y.shape[int(self.own_y)]
        plain = y.ndim == 1 + self.own_y and not y.is_floating_point()
        self.classes = int(y.max()) + 1 if plain and y.min() >= 0 else None

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

    def batch_sizes(self, size: int) -> list[int]:
        """Return an epoch's batch sizes; a single last example joins those before."""
        return batch_sizes(self.n, size, join_single=True)

    def batches(
        self, seeds: Sequence[int], size: int, total: int
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield `total` batches (M, B, ...), every member in its own order.

        Member k walks as `Batches(x, y, size, join_single=True, generator=...)` does
        with a CPU generator seeded by seeds[k]. A batch is valid until the next: its
        memory is used again.
        """
        generators = [generator(seed) for seed in seeds]
        first = torch.arange(len(seeds))[:, None] * self.n  # of each member's own rows
        x, y = (
            Rows(t.flatten(0, 1) if own else t)
            for t, own in ((self.x, self.own_x), (self.y, self.own_y))
        )
        sizes = self.batch_sizes(size)
        done = 0
        while done < total:
            order = torch.stack(
                [torch.randperm(self.n, generator=g) for g in generators]
            )
            for_x, for_y = (
                (order + first if own else order).to(self.device).split(sizes, dim=1)
                for own in (self.own_x, self.own_y)
            )
            for i, j in zip(for_x[: total - done], for_y, strict=False):
                yield x.take(i), y.take(j)
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
            return part.view(len(part), *shape, -1).movedim(-1, 1)
        return part.view(len(part), -1, *shape)


class Rows:
    """Rows of a tensor, chosen again and again into the same memory."""

    def __init__(self, rows: Tensor) -> None:
        self.rows = rows.detach()
        self.memory: dict[torch.Size, Tensor] = {}

    def take(self, index: Tensor) -> Tensor:
        """Return the rows at index (M, B), (M, B, ...), valid until the next call."""
        if index.shape not in self.memory:
            self.memory[index.shape] = self.rows.new_empty(
                index.numel(), *self.rows.shape[1:]
            )
        taken = self.memory[index.shape]
        torch.index_select(self.rows, 0, index.flatten(), out=taken)
        return taken.view(*index.shape, *taken.shape[1:])


def _owned(x: Tensor, y: Tensor, members: int, name: str) -> str:
    """Tell from the shapes what each member has for itself; refuse to guess."""
    fits = [own for own in READINGS if _reads(x, y, members, own)]
    fits = [own for own in fits if "x" not in own or x.ndim > 2]  # inputs are rows
    if len(fits) == 1:
        return fits[0]
    shapes = say(
        "got {shape} and {shape2}", shape=tuple(x.shape), shape2=tuple(y.shape)
    )
    if not fits:
        raise ValueError(
            say(
                "{name}: expected x (N, ...) or ({members}, N, ...) and y (N, ...) or "
                "({members}, N, ...), N >= 1, for {members} members; {shapes}",
                name=name,
                members=members,
                shapes=shapes,
            )
        )
    words = {
        own: say("own_data={own!r} if {readings}", own=own, readings=READINGS[own])
        for own in fits
    }
    raise ValueError(
        say(
            "{name}: {shapes} for {members} members, which can be read in {n_fits} "
            "ways; say {words}",
            name=name,
            shapes=shapes,
            members=members,
            n_fits=len(fits),
            words=say(", or ").join(words.values()),
        )
    )


def _reads(x: Tensor, y: Tensor, members: int, own: str) -> bool:
    """Do the shapes allow this reading?"""
    lengths = set()
    for part, t in (("x", x), ("y", y)):
        if t.ndim < 1 + (part in own) or (part in own and len(t) != members):
            return False
        lengths.add(t.shape[int(part in own)])
    return len(lengths) == 1 and 0 not in lengths
