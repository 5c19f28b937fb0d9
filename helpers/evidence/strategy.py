"""One training protocol on several draws of a data set, and the scores it leaves."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.data import Split
from helpers.population import grid, train_population
from helpers.training import one_thread
from helpers.words import say

__all__ = ["Scores", "mixed_copies", "chosen_by_val", "train_on_draws"]

Pair = tuple[Tensor, Tensor]


class Scores(NamedTuple):
    """Accuracies in percent, (kinds, rates, decays, draws) each.

    Attributes:
        train: on the training targets as given, false ones included, of the first
            `record_size` examples.
        val: after the last step.
        test: after the last step.
        curve: on validation data, (looks, kinds, rates, decays, draws).
        steps: optimizer steps done at each look, (looks,).
        networks: the trained networks, the draw varying fastest and the kind slowest.
    """

    train: Tensor
    val: Tensor
    test: Tensor
    curve: Tensor
    steps: Tensor
    networks: list[nn.Module]

    def chosen(self) -> Tensor:
        """Return the test accuracy of each kind's best setting, (kinds, draws).

        The best rate and decay have the best validation accuracy, averaged over draws;
        of equals the first counts.
        """
        return chosen_by_val(self.val.flatten(1, 2), self.test.flatten(1, 2))


def chosen_by_val(val: Tensor, test: Tensor) -> Tensor:
    """Return the test accuracy of each kind's best candidate, (kinds, draws).

    The best one has the best validation accuracy, averaged over draws; of equals the
    first counts.

    Args:
        val, test: accuracies, (kinds, candidates, draws).
    """
    best = val.mean(-1).argmax(1)
    return test[torch.arange(len(test)), best]


@one_thread()  # so many small operations gain nothing from a second one
def train_on_draws(
    build: Callable[..., nn.Module],
    train: Mapping[str, Sequence[Pair]],
    *,
    val: Split | Sequence[Pair],
    test: Split | Sequence[Pair],
    kinds: Sequence[str] | None = None,
    rates: Sequence[float] = (1e-3,),
    decays: Sequence[float] = (0.0,),
    steps: int = 400,
    looks: int = 1,
    first_seed: int = 0,
    record_size: int = 500,
    **more: Any,
) -> Scores:
    """Train a network on every draw, for each kind of labels, rate and decay.

    Network k of each setting has the data of draw k and the seed `first_seed` + k, of
    its first weights and the order of its batches, so settings are paired by draw.

    Args:
        build: makes a network, see `train_population`.
        train: kind of labels -> inputs (n, ...) and targets of each draw, classes (n,)
            or probabilities (n, K). All have the same n.
        val, test: one `Split` for all draws, or inputs and classes of each draw.
        kinds: which of the kinds to train on, all if None.
        rates: learning rates of AdamW, > 0.
        decays: its decoupled weight decays, ≥ 0.
        steps: optimizer steps, a multiple of `looks`.
        looks: how often validation data are looked at, evenly spaced; the last look
            follows the last step.
        first_seed: the seed of draw 0.
        record_size: training accuracy is that of so many examples, the first ones.
        more: for `train_population`, such as batch_size, loss_fn or l1.

    Raises:
        ValueError: an unknown kind, not the same number of draws everywhere, or steps
            that are no multiple of looks.
    """
    kinds = [*train] if kinds is None else kinds
    draws = range(_count(train, kinds, val, test))
    if steps % looks:
        raise ValueError(
            say(
                "expected steps that are a multiple of looks, got {steps} and {looks}.",
                steps=steps,
                looks=looks,
            )
        )
    rows = grid(kind=kinds, lr=rates, decay=decays, draw=draws)
    members = zip(rows["kind"], rows["draw"], strict=True)
    done = train_population(
        build,
        _stacked([train[kind][k] for kind, k in members]),
        val=_for_members(val, rows["draw"]),
        test=_for_members(test, rows["draw"]),
        own_data={"train": "xy", "val": _owned(val), "test": _owned(test)},
        seeds=[first_seed + k for k in rows["draw"]],
        lr=rows["lr"],
        weight_decay=rows["decay"],
        steps=steps,
        record_every=steps // looks,
        record_size=record_size,
        **more,
    )
    assert done.test_accuracy is not None
    shape = (len(kinds), len(rates), len(decays), len(draws))
    curve = 100 * done.val_accuracy.cpu().reshape(-1, *shape)
    return Scores(
        100 * done.train_accuracy[-1].cpu().reshape(shape),
        curve[-1],
        100 * done.test_accuracy.cpu().reshape(shape),
        curve,
        done.steps.cpu(),
        [done.member(k) for k in range(len(done))],
    )


def mixed_copies(
    x: Tensor,
    labels: Tensor,
    *,
    generator: torch.Generator,
    least: float = 0.0,
    copies: int = 10,
    classes: int = 10,
) -> Pair:
    r"""Return a training set of mixtures, for a run that draws none of its own.

    $s x_i + (1 - s) x_j$, and one-hot labels alike. Each copy of the set has a random
    order of partners j; each mixture has a share s of its own, uniform in [least, 1].

    Args:
        x: inputs (n, d).
        labels: int64 (n,), in [0, classes).
        generator: of the shares and orders, on the CPU.
        least: smallest share of the example itself, in [0, 1]; 1 mixes nothing.
        copies: mixtures of each example.
        classes: number of classes K.

    Returns:
        Inputs (copies·n, d) and probabilities (copies·n, K), copy after copy.

    Source: Zhang, Cisse, Dauphin, Lopez-Paz 2018, https://arxiv.org/abs/1710.09412,
    with α = 1 where least is 0; they mix anew in every batch.
    """
    n = len(x)
    share = least + (1 - least) * torch.rand(copies * n, 1, generator=generator)
    orders = [torch.randperm(n, generator=generator) for _ in range(copies)]
    share, partner = share.to(x.device), torch.cat(orders).to(x.device)
    targets = F.one_hot(labels, classes).to(x.dtype)
    mixed = [
        share * part.repeat(copies, 1) + (1 - share) * part[partner]
        for part in (x, targets)
    ]
    return mixed[0], mixed[1]


def _count(
    train: Mapping[str, Sequence[Pair]],
    kinds: Sequence[str],
    val: Split | Sequence[Pair],
    test: Split | Sequence[Pair],
) -> int:
    """Return the number of draws, the same everywhere."""
    if unknown := [kind for kind in kinds if kind not in train]:
        raise ValueError(
            say(
                "expected kinds of {known}, got {unknown}.",
                known=", ".join(train),
                unknown=", ".join(unknown),
            )
        )
    parts = [train[kind] for kind in kinds]
    parts += [part for part in (val, test) if not isinstance(part, Split)]
    counts = {len(part) for part in parts}
    if len(counts) != 1:
        raise ValueError(
            say(
                "expected as many draws of each kind of labels, of val and of test, "
                "got {counts}.",
                counts=", ".join(map(str, sorted(counts))),
            )
        )
    return counts.pop()


def _owned(part: Split | Sequence[Pair]) -> str:
    return "" if isinstance(part, Split) else "xy"


def _for_members(part: Split | Sequence[Pair], draws: Sequence[int]) -> Pair:
    """Return shared data as they are, or each member's own, one after the other."""
    return part if isinstance(part, Split) else _stacked([part[k] for k in draws])


def _stacked(pairs: Sequence[Pair]) -> Pair:
    x, y = zip(*pairs, strict=True)
    return torch.stack(x), torch.stack(y)
