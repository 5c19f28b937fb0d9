"""Arms of an experiment: networks that differ in their seeds only, and their scores."""

import sys
import warnings
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from helpers.population import PopulationResult, grid, train_population
from helpers.training import one_thread
from helpers.words import say

__all__ = ["Arm", "rate_sweep", "train_arm", "train_arms"]

Name = TypeVar("Name", bound=Hashable)
ONLY_LAST = sys.maxsize  # record_every: no step but the last, which always counts


@dataclass(frozen=True)
class Arm:
    """The networks of one arm, one per seed.

    Attributes:
        population: what was trained, perhaps together with other arms.
        members: which of its networks belong to this arm, in the order of its seeds.
    """

    population: PopulationResult
    members: slice

    def __len__(self) -> int:
        """Return the number of networks."""
        return len(range(len(self.population))[self.members])

    @property
    def steps(self) -> Tensor:
        """Steps that were done at each record, (records,)."""
        return self.population.steps

    @property
    def train(self) -> Tensor:
        """Accuracy on the training labels as given, in percent, (seeds, records)."""
        return 100 * self.population.train_accuracy[:, self.members].T

    @property
    def val(self) -> Tensor:
        """Accuracy on the validation examples, in percent, (seeds, records)."""
        return 100 * self.population.val_accuracy[:, self.members].T

    @property
    def final(self) -> Tensor:
        """Validation accuracy after the last step, in percent, (seeds,)."""
        return self.val[:, -1]

    def logits(self, x: Tensor) -> Tensor:
        """Return what the networks say about the same x (N, ...): (seeds, N, K)."""
        return self.population.logits(x)[self.members]

    def networks(self) -> list[nn.Module]:
        """Return copies of the networks, in evaluation mode, one per seed."""
        places = range(len(self.population))[self.members]
        return [self.population.member(k) for k in places]


@one_thread()
def train_arm(
    build: Callable[..., nn.Module],
    train: Sequence[Tensor],
    *,
    val: Sequence[Tensor],
    seeds: Sequence[int],
    **settings: Any,
) -> Arm:
    """Train one network per seed, which fixes first weights, batches and masks.

    Args:
        build: makes a network, as for `train_population`.
        train: inputs (N, ...) and targets (N, ...); see `own_data` there for sets that
            differ from seed to seed.
        val: inputs and labels that accuracy is measured on.
        seeds: one per network.
        settings: what else `train_population` takes, e.g. steps, batch_size, lr. One
            default differs: without `record_every` only the end is recorded.
    """
    settings = {"record_every": ONLY_LAST, **settings}
    done = train_population(build, train, val=val, seeds=seeds, **settings)
    return Arm(done, slice(len(done)))


def train_arms(
    build: Callable[..., nn.Module],
    x: Tensor,
    targets: Mapping[Name, Tensor],
    *,
    val: Sequence[Tensor],
    seeds: Sequence[int],
    **settings: Any,
) -> dict[Name, Arm]:
    """Train one arm per kind of targets: same inputs, seeds and settings.

    All are one population, which takes less time than one after the other.

    Args:
        build, val, settings: as for `train_arm`.
        x: inputs (N, ...) of all networks.
        targets: name of the arm -> its targets, labels or probabilities: (N, ...) for
            all seeds, or (seeds, N, ...), one set for each.
        seeds: one per network of an arm; the arms are paired.

    Raises:
        ValueError: no targets, or other than one per input.
    """
    if not targets:
        raise ValueError(say("targets: expected at least one arm, got none."))
    own = torch.cat(
        [_spread(y, len(seeds), len(x), name) for name, y in targets.items()]
    )
    settings = {"own_data": {"train": "y", "val": ""}, **settings}
    several = [*seeds] * len(targets)
    done = train_arm(build, (x, own), val=val, seeds=several, **settings).population
    return {
        name: Arm(done, slice(k * len(seeds), (k + 1) * len(seeds)))
        for k, name in enumerate(targets)
    }


def _spread(y: Tensor, seeds: int, size: int, name: Hashable) -> Tensor:
    """Return the targets of every seed, (seeds, N, ...)."""
    if y.shape[:2] == (seeds, size):
        return y
    if y.shape[:1] == (size,):
        return y.expand(seeds, *y.shape)
    raise ValueError(
        say(
            "targets {name!r}: expected one per input, {size}, for all seeds or for "
            "each of {seeds}; got the shape {shape}.",
            name=name,
            size=size,
            seeds=seeds,
            shape=tuple(y.shape),
        )
    )


def rate_sweep(
    build: Callable[..., nn.Module],
    train: Sequence[Tensor],
    *,
    val: Sequence[Tensor],
    rates: Sequence[float],
    seeds: Sequence[int],
    **settings: Any,
) -> Tensor:
    """Train with every learning rate and seed; return how accurate they end up.

    Networks that diverge are expected at high rates, and nobody is warned of them.

    Args:
        build, train, val, settings: as for `train_arm`.
        rates: learning rates, > 0.
        seeds: one per network of each rate; the rates are paired.

    Returns:
        Validation accuracy after the last step, in percent, (seeds, rates).
    """
    rows = grid(seeds=seeds, lr=rates)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        arm = train_arm(build, train, val=val, **rows, **settings)
    return arm.final.view(len(seeds), len(rates))
