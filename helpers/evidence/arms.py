"""Arms of an experiment, trained as one population and given back one by one."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from helpers.population import MemberDropout, PopulationResult, train_population
from helpers.words import say

__all__ = ["Trained", "train_arms"]

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Trained:
    """One arm's networks: their curves, with a column per seed, and the networks.

    Attributes:
        steps: optimizer steps done at each record, (records,).
        train_loss, train_accuracy, val_loss, val_accuracy: (records, seeds); those of
            validation are (0, seeds) without validation data.
        population: all arms' networks.
        first: where this arm's networks begin among them.
    """

    steps: Tensor
    train_loss: Tensor
    train_accuracy: Tensor
    val_loss: Tensor
    val_accuracy: Tensor
    population: PopulationResult = field(repr=False)
    first: int

    def __len__(self) -> int:
        return self.train_loss.shape[1]

    def member(self, k: int) -> nn.Module:
        """Return the network of seed number k, in evaluation mode."""
        return self.population.member(self.first + range(len(self))[k])


def train_arms(
    builds: Mapping[Name, Callable[[], nn.Module]],
    train: Sequence[Tensor],
    *,
    seeds: Sequence[int],
    targets: Mapping[Name, Tensor] | None = None,
    **settings: Any,
) -> dict[Name, Trained]:
    """Train one network per arm and seed, all of them side by side.

    The arms are paired: networks of one seed see the same batches and, where they have
    the same shape, begin with the same weights. They may differ in the rates of their
    `MemberDropout` layers, in weights and buffers, in targets and settings. Everything
    else has to be the same, because one forward pass computes them all.

    Args:
        builds: name of the arm -> function that makes one network.
        train: inputs (N, ...) and targets (N, ...), shared by all networks.
        seeds: of initialization, batches and masks, one network each.
        targets: name of an arm -> targets of its own, shape and dtype alike in all;
            arms without an entry have those of `train`.
        settings: of `train_population`; those that it takes per member, such as
            `weight_decay`, may be a mapping from each arm's name to its value.

    Returns: name -> what became of the arm's networks.

    Raises:
        ValueError: networks that differ in something that cannot differ.
    """
    queue = [build for build in builds.values() for _ in seeds]
    made: list[list[str]] = []

    def build() -> nn.Module:  # called once per member, in order
        model = queue[len(made)]()
        made.append(_fixed(model))
        if made[-1] != made[0]:
            arm = [*builds][(len(made) - 1) // len(seeds)]
            raise ValueError(
                say(
                    "arm {arm!r}: expected a network that differs from the first arm's "
                    "in weights, buffers and dropout rates only, got {other} beside "
                    "{first}",
                    arm=arm,
                    other=sorted(set(made[-1]) - set(made[0])),
                    first=sorted(set(made[0]) - set(made[-1])),
                )
            )
        return model

    x, y = train
    own: dict[str, Any] = {}
    if targets is not None:
        each = torch.stack([targets.get(name, y) for name in builds])
        y = each.repeat_interleave(len(seeds), 0)
        own = {"own_data": {"train": "y"}}
    result = train_population(
        build,
        (x, y),
        seeds=[*seeds] * len(builds),
        **own,
        **{key: _spread(value, builds, len(seeds)) for key, value in settings.items()},
    )
    return {
        name: _cut(result, i * len(seeds), len(seeds)) for i, name in enumerate(builds)
    }


def _spread(value: Any, builds: Mapping[Any, object], seeds: int) -> Any:
    """Turn a setting per arm into one per network; leave any other as it is."""
    if not isinstance(value, Mapping):
        return value
    return [value[name] for name in builds for _ in range(seeds)]


def _cut(result: PopulationResult, first: int, seeds: int) -> Trained:
    part = slice(first, first + seeds)
    return Trained(
        steps=result.steps,
        train_loss=result.train_loss[:, part],
        train_accuracy=result.train_accuracy[:, part],
        val_loss=result.val_loss[:, part],
        val_accuracy=result.val_accuracy[:, part],
        population=result,
        first=first,
    )


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
