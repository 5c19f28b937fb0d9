"""Arms of an experiment, one network per seed each, trained side by side."""

import sys
import warnings
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from helpers.population import (
    MemberDropout,
    PopulationResult,
    grid,
    train_population,
)
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
        """Accuracy on the training labels as given, in percent, (seeds, records).

        NaN where the targets are neither classes nor probabilities, as `lessons` are.
        """
        return 100 * self._curves(self.population.train_accuracy)

    @property
    def val(self) -> Tensor:
        """Accuracy on the validation examples, in percent, (seeds, records)."""
        return 100 * self._curves(self.population.val_accuracy)

    @property
    def val_loss(self) -> Tensor:
        """Mean loss on the validation examples, (seeds, records)."""
        return self._curves(self.population.val_loss)

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

    def _curves(self, scores: Tensor) -> Tensor:
        return scores[:, self.members].T.cpu()


@one_thread()
def train_arm(
    build: Callable[..., nn.Module],
    train: Sequence[Tensor],
    *,
    seeds: Sequence[int],
    **settings: Any,
) -> Arm:
    """Train one network per seed, which fixes first weights, batches and masks.

    Args:
        build: makes a network, as for `train_population`.
        train: inputs (N, ...) and targets (N, ...); see `own_data` there for sets that
            differ from seed to seed.
        seeds: one per network.
        settings: what else `train_population` takes, e.g. val, steps, batch_size, lr.
            One default differs: without `record_every` only the end is recorded.
    """
    settings = {"record_every": ONLY_LAST, **settings}
    done = train_population(build, train, seeds=seeds, **settings)
    return Arm(done, slice(len(done)))


def train_arms(
    build: Callable[..., nn.Module] | Mapping[Name, Callable[[], nn.Module]],
    train: Sequence[Tensor],
    *,
    seeds: Sequence[int],
    targets: Mapping[Name, Tensor] | None = None,
    **settings: Any,
) -> dict[Name, Arm]:
    """Train one network per arm and seed, all of them as one population.

    The arms are paired: networks of one seed see the same batches and, where they have
    the same shape, begin with the same weights. They may differ in the rates of their
    `MemberDropout` layers, in weights and buffers, in targets and settings. Everything
    else has to be the same, because one forward pass computes them all.

    Args:
        build: makes one network of any arm; or name of the arm -> makes one of its.
        train: inputs (N, ...) and targets (N, ...); the inputs alone where every arm
            has targets of its own.
        seeds: one per network of an arm.
        targets: name of an arm -> targets of its own: (N, ...) for all seeds, or
            (seeds, N, ...), one set for each.
        settings: as for `train_arm`. Those that `train_population` takes per network,
            such as weight_decay, may be a mapping: name of the arm -> its value.

    Raises:
        ValueError: no arm, targets that are not one per input or of no arm, or networks
            that differ in something that cannot differ.
    """
    names = [*(build if isinstance(build, Mapping) else targets or ())]
    if not names or not {*(targets or ())} <= {*names}:
        raise ValueError(
            say(
                "expected at least one arm, and targets of these only; got arms {arms} "
                "and targets of {targets}.",
                arms=names,
                targets=[*(targets or ())],
            )
        )
    x, *rest = train
    if targets is not None:
        told = [targets[n] if n in targets else rest[0] for n in names]
        own = [
            _of_seeds(y, len(seeds), len(x), n)
            for n, y in zip(names, told, strict=True)
        ]
        rest, settings = [torch.cat(own)], {**settings, "own_data": {"train": "y"}}
    done = train_arm(
        _in_turn(build, len(seeds)) if isinstance(build, Mapping) else build,
        (x, *rest),
        seeds=[*seeds] * len(names),
        **{
            key: _of_arms(key, value, names, len(seeds))
            for key, value in settings.items()
        },
    ).population
    return {
        name: Arm(done, slice(k * len(seeds), (k + 1) * len(seeds)))
        for k, name in enumerate(names)
    }


def _of_seeds(y: Tensor, seeds: int, size: int, name: Hashable) -> Tensor:
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


def _of_arms(key: str, value: Any, names: Sequence[Hashable], seeds: int) -> Any:
    """Turn a setting per arm into one per network; leave any other as it is."""
    if key == "own_data" or not isinstance(value, Mapping):
        return value
    if missing := [name for name in names if name not in value]:
        raise ValueError(
            say(
                "{key}: expected a value for each arm, got none for {missing}.",
                key=key,
                missing=missing,
            )
        )
    return [value[name] for name in names for _ in range(seeds)]


def _in_turn(
    builds: Mapping[Name, Callable[[], nn.Module]], seeds: int
) -> Callable[[], nn.Module]:
    """Return a function that makes the networks of all arms, one with each call."""
    queue = [(name, build) for name, build in builds.items() for _ in range(seeds)]
    made: list[list[str]] = []

    def build() -> nn.Module:
        name, make = queue[len(made)]
        model = make()
        made.append(_fixed(model))
        if made[-1] != made[0]:
            raise ValueError(
                say(
                    "arm {arm!r}: expected a network that differs from the first arm's "
                    "in weights, buffers and dropout rates only, got {other} beside "
                    "{first}",
                    arm=name,
                    other=sorted({*made[-1]} - {*made[0]}),
                    first=sorted({*made[0]} - {*made[-1]}),
                )
            )
        return model

    return build


def _fixed(model: nn.Module) -> list[str]:
    """Name what one forward pass for all takes from the first network alone."""
    found = []
    for name, part in model.named_modules():
        found.append(f"{name or 'network'}: {type(part).__name__}")
        rate = {"p"} if isinstance(part, MemberDropout) else set()
        found += [
            f"{name + '.' if name else ''}{key} = {value}"
            for key, value in sorted(vars(part).items())
            if not key.startswith("_") and key not in rate
        ]
    return found


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
        build, train, settings: as for `train_arm`.
        val: inputs and labels that accuracy is measured on.
        rates: learning rates, > 0.
        seeds: one per network of each rate; the rates are paired.

    Returns:
        Validation accuracy after the last step, in percent, (seeds, rates). Outputs
        that are NaN count as naming class 0, which is guessing.
    """
    rows = grid(seeds=seeds, lr=rates)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        arm = train_arm(build, train, val=val, **rows, **settings)
    return arm.final.view(len(seeds), len(rates))
