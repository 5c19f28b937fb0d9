"""Runs whose every epoch is kept, and the rules that would have ended them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers import seeds as shifts
from helpers.population import mlp
from helpers.training.runtime import own_randomness
from helpers.words import say

__all__ = [
    "Judged",
    "Watched",
    "by_increases",
    "by_loss_of",
    "by_patience",
    "judge",
    "train_watched",
]

Weights = list[Tensor]  # W1 (M, in, out), b1 (M, 1, out), W2, …


@dataclass
class Watched:
    """What M runs did, epoch by epoch.

    Attributes:
        right: which images were classified right, bool (epochs, M, n).
        loss: cross-entropy of each image in nats, (epochs, M, n).
        averaged: the same as `right`, for the running average of the weights.
    """

    right: Tensor
    loss: Tensor
    averaged: Tensor


def train_watched(
    train: Sequence[Tensor],
    val: Sequence[Tensor],
    rates: Tensor,
    *,
    sizes: Sequence[int],
    seeds: Sequence[int],
    batch_size: int = 100,
    momentum: float = 0.9,
    average: float = 0.98,
    plateau: Sequence[int] | None = None,
) -> Watched:
    r"""Train M ReLU networks at once by SGD, each step at a rate of its own.

    The update is torch's: $v \leftarrow \mu v + g$, $w \leftarrow w - \eta v$. Beside
    the weights runs their average $\bar w \leftarrow d \bar w + (1 - d) w$ with
    $d = \min(\text{average}, (1 + t)/(10 + t))$, so that the start is forgotten soon.

    Args:
        train: x (M, N, d), labels y (M, N); N is a multiple of `batch_size`.
        val: x (M, n, d), labels y (M, n): looked at after every epoch.
        rates: learning rates, (M, steps), steps a multiple of N / batch_size.
        sizes: of the layers, from d to the number of classes.
        seeds: (M,): first weights and order of the data of each run.
        batch_size, momentum: of SGD.
        average: how much of the average is kept at a step, in [0, 1).
        plateau: (M,): halve the rate of run k whenever its mean validation loss has
            set no new best for more than plateau[k] epochs (torch's ReduceLROnPlateau
            with factor ½ and threshold 0); 0 leaves the rate alone.

    Raises:
        ValueError: sizes that do not fit together.
    """
    x, y = train
    members, count = y.shape
    if count % batch_size or rates.shape[1] % (count // batch_size):
        raise ValueError(
            say(
                "expected whole epochs of whole batches, got {count} examples in "
                "batches of {batch_size} and {size} steps; leave out what is over.",
                count=count,
                batch_size=batch_size,
                size=rates.shape[1],
            )
        )
    if rates.shape[0] != members or len(seeds) != members:
        raise ValueError(
            say(
                "expected rates and seeds of {members} runs, as train has, got {size} "
                "and {n_seeds}.",
                members=members,
                size=rates.shape[0],
                n_seeds=len(seeds),
            )
        )
    weights = _first_weights(sizes, seeds, x)
    velocity = [torch.zeros_like(w) for w in weights]
    mean = [w.clone() for w in weights]
    rows = torch.arange(members, device=x.device)[:, None]
    halving = _Halving(plateau or [0] * members)
    looks: list[tuple[Tensor, ...]] = []
    per_epoch = count // batch_size
    orders = _orders(seeds, count, batch_size, x.device)
    for step, planned in enumerate(rates.to(x).T):
        batch, rate = next(orders), planned * halving.factor.to(x)
        slopes = _slopes(weights, x[rows, batch], y[rows, batch])
        keep = min(average, (1 + step) / (10 + step))
        for w, v, g, m in zip(weights, velocity, slopes, mean, strict=True):
            v.mul_(momentum).add_(g)
            w.sub_(rate[:, None, None] * v)
            m.lerp_(w, 1 - keep)
        if (step + 1) % per_epoch == 0:
            looks.append(_look(weights, mean, val))
            halving.see(looks[-1][1].mean(1).cpu())
    return Watched(*(torch.stack(part).cpu() for part in zip(*looks, strict=True)))


class _Halving:
    """Halve the rates of runs whose validation loss has stopped falling."""

    def __init__(self, patience: Sequence[int]) -> None:
        self.patience = torch.tensor(patience)
        self.factor = torch.ones(len(patience))
        self.best = torch.full((len(patience),), math.inf)
        self.waited = torch.zeros(len(patience), dtype=torch.int64)

    def see(self, loss: Tensor) -> None:
        """Take the runs' losses (M,) after an epoch."""
        self.waited = torch.where(loss < self.best, 0, self.waited + 1)
        self.best = torch.minimum(self.best, loss)
        due = (self.patience > 0) & (self.waited > self.patience)
        self.factor[due] /= 2
        self.waited[due] = 0


def _first_weights(sizes: Sequence[int], seeds: Sequence[int], like: Tensor) -> Weights:
    """Return the first weights of `mlp`, run k's drawn from its own seed."""
    models = []
    for seed in seeds:
        with own_randomness(seed):
            models.append(mlp(tuple(sizes)))
    layers = zip(*(m.parameters() for m in models), strict=True)
    stacked = [torch.stack([p.detach() for p in layer]) for layer in layers]
    return [
        (p.mT if p.ndim == 3 else p[:, None]).contiguous().to(like) for p in stacked
    ]


def _orders(
    seeds: Sequence[int], count: int, size: int, device: torch.device
) -> Iterator[Tensor]:
    """Yield the examples of each batch, (M, size), every epoch in a new order."""
    sources = [shifts.generator(seed) for seed in seeds]
    while True:
        order = torch.stack([torch.randperm(count, generator=g) for g in sources])
        yield from order.to(device).split(size, dim=1)


def _outputs(weights: Weights, x: Tensor) -> Tensor:
    """Return logits (M, n, K) for x (M, n, d)."""
    for k in range(0, len(weights), 2):
        x = torch.baddbmm(weights[k + 1], F.relu(x) if k else x, weights[k])
    return x


def _slopes(weights: Weights, x: Tensor, y: Tensor) -> Sequence[Tensor]:
    """Return the gradients of every run's own mean loss."""
    for w in weights:
        w.requires_grad_(True)
    each = F.cross_entropy(_outputs(weights, x).transpose(1, 2), y, reduction="none")
    slopes = torch.autograd.grad(each.mean(1).sum(), weights)
    for w in weights:
        w.requires_grad_(False)
    return slopes


def _look(weights: Weights, mean: Weights, val: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return right, loss and averaged of one epoch, see `Watched`."""
    x, y = val
    out = _outputs(weights, x)
    loss = F.cross_entropy(out.transpose(1, 2), y, reduction="none")
    return out.argmax(2) == y, loss, _outputs(mean, x).argmax(2) == y


# -- rules: after which epoch does a run end? ---------------------------------------

Rule = Callable[[Sequence[float]], int]


def by_patience(patience: int) -> Rule:
    """Return the rule "stop after `patience` losses in a row that are no new best".

    A rule takes losses, one per epoch, and returns how many epochs are trained: all,
    if it never stops.
    """

    def epochs(losses: Sequence[float]) -> int:
        best, at = math.inf, 0
        for k, loss in enumerate(losses, 1):
            if loss < best:
                best, at = loss, k
            if k - at == patience:
                return k
        return len(losses)

    return epochs


def by_loss_of(percent: float) -> Rule:
    """Return Prechelt's GL: stop once the loss is `percent` % above its best so far.

    Source: Prechelt 1998, section 2.2, https://doi.org/10.1007/3-540-49430-8_3.
    """

    def epochs(losses: Sequence[float]) -> int:
        best = math.inf
        for k, loss in enumerate(losses, 1):
            best = min(best, loss)
            if loss > (1 + percent / 100) * best:
                return k
        return len(losses)

    return epochs


def by_increases(strips: int, length: int = 5) -> Rule:
    """Return Prechelt's UP: stop after `strips` strips in a row that end higher.

    Only the last epoch of each strip of `length` epochs is looked at, and it is
    compared with the last one of the strip before.

    Source: Prechelt 1998, section 2.2, https://doi.org/10.1007/3-540-49430-8_3.
    """

    def epochs(losses: Sequence[float]) -> int:
        ends = losses[length - 1 :: length]
        rising = 0
        for k, (before, now) in enumerate(zip(ends, ends[1:], strict=False), 2):
            rising = rising + 1 if now > before else 0
            if rising == strips:
                return k * length
        return len(losses)

    return epochs


@dataclass
class Judged:
    """What a rule brings, each a mean over the validation sets, (M,).

    Attributes:
        epochs: trained until the rule ends the run.
        reported: accuracy of the kept epoch on the images that chose it, in [0, 1].
        honest: its accuracy on all other images.
    """

    epochs: Tensor
    reported: Tensor
    honest: Tensor

    @property
    def optimism(self) -> Tensor:
        """Reported minus honest accuracy, (M,)."""
        return self.reported - self.honest


def judge(run: Watched, rule: Rule, *, images: int, by: str = "accuracy") -> Judged:
    """Stop recorded runs by a rule and keep the best epoch up to there.

    The images are cut into validation sets; each set decides on its own, and the images
    outside it say what the kept epoch is worth.

    Args:
        run: n images, n a multiple of `images`.
        rule: gets a set's losses, or its accuracies with a minus.
        images: size of a validation set, less than n.
        by: what chooses, "accuracy" or "loss".

    Raises:
        ValueError: another `by`, or sets that do not fit.
    """
    count = run.right.shape[2]
    if by not in ("accuracy", "loss"):
        raise ValueError(say("by: expected 'accuracy' or 'loss', got {by!r}.", by=by))
    if images >= count or count % images:
        raise ValueError(
            say(
                "images: expected a part of {count} that divides it, got {images}.",
                count=count,
                images=images,
            )
        )
    right = run.right.double()
    inside = right.unflatten(2, (-1, images)).mean(3)  # (epochs, M, sets)
    outside = (right.sum(2, keepdim=True) - inside * images) / (count - images)
    watched = run.loss.unflatten(2, (-1, images)).mean(3) if by == "loss" else -inside
    ends = torch.tensor(
        [
            [rule(curve) for curve in member]
            for member in watched.permute(1, 2, 0).tolist()
        ]
    )  # (M, sets)
    late = torch.arange(len(watched))[:, None, None] >= ends
    best = watched.masked_fill(late, math.inf).argmin(0, keepdim=True)
    chosen = [part.gather(0, best)[0].mean(1) for part in (inside, outside)]
    return Judged(ends.double().mean(1), *chosen)
