r"""Notebook 11's descents: networks in one loop of plain SGD, with noise or clipping.

`train_population` moves all its networks by torch's own optimizers, from the gradient
at the weights themselves. Here each arm may change both on the way:

$$\mathbf w \leftarrow \mathbf w - \eta\; n_g\bigl(c\, \nabla L(n_w(\mathbf w))\bigr)$$

with noise $n_w$ on the weights, a factor $c$, and noise $n_g$ on the gradient.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from helpers.seeds import generator
from helpers.training import one_thread, own_randomness

__all__ = ["Variant", "Descent", "descend"]

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Variant:
    """What distinguishes the networks of one arm, which differ in their seeds.

    Attributes:
        build: makes a network; all arms' networks compute the same thing, and may
            differ in their buffers. In training it may draw random numbers.
        lr: learning rate, > 0.
        weights: the seeds' weights, one tensor (seeds, ...) at a time -> where the
            gradient is taken.
        factor: (norms of the seeds' whole gradients (seeds,), step from 0) -> what each
            gradient is multiplied by, (seeds,).
        gradients: (their gradients, one tensor (seeds, ...) at a time, step) -> those
            that are followed.
    """

    build: Callable[[], nn.Module]
    lr: float
    weights: Callable[[Tensor], Tensor] | None = None
    factor: Callable[[Tensor, int], Tensor] | None = None
    gradients: Callable[[Tensor, int], Tensor] | None = None


@dataclass(frozen=True)
class Descent:
    """What became of one arm.

    Attributes:
        accuracy: after the last step, on validation data, in percent, (seeds,).
        norms: of the gradients as they came out, (steps, seeds).
        weights: name -> (seeds, ...), after the last step.
    """

    accuracy: Tensor
    norms: Tensor
    weights: Tensors


Parts = Sequence[tuple[Variant, slice]]  # which of all networks are the arm's


@one_thread()
def descend(
    arms: Mapping[str, Variant],
    train: Sequence[Tensor],
    *,
    val: Sequence[Tensor],
    seeds: Sequence[int],
    steps: int,
    batch_size: int = 32,
) -> dict[str, Descent]:
    """Train one network per arm and seed by plain SGD, all of them side by side.

    A seed fixes a network's initialization and its batches, which are drawn with
    replacement; so the arms are paired. Noise is drawn for each network by itself.

    Args:
        arms: name -> what distinguishes its networks.
        train: inputs (N, ...) and classes (N,) int64. val: likewise.
        seeds: one network each, in every arm.
        steps: updates. batch_size: examples of each network per step.
    """
    (x, y), device, n = train, train[0].device, len(seeds)
    models = [_seeded(arm.build, s, device) for arm in arms.values() for s in seeds]
    state, fixed = stack_module_state(models)
    weights = {name: w.detach() for name, w in state.items()}
    parts = [(arm, slice(i * n, i * n + n)) for i, arm in enumerate(arms.values())]
    rates = torch.tensor([arm.lr for arm in arms.values()], device=device)
    rates = rates.repeat_interleave(n)
    orders, norms = [generator(seed) for seed in seeds], []
    with own_randomness(seeds[0], device):
        for step in range(steps):
            rows = [torch.randint(len(x), (batch_size,), generator=g) for g in orders]
            batch = torch.stack(rows).repeat(len(arms), 1).to(device)
            at = {name: _shaken(w, parts) for name, w in weights.items()}
            slopes = _slopes(models[0], at, fixed, (x[batch], y[batch]))
            norms.append(_squares(slopes).sqrt())
            factors = _factors(parts, norms[-1], step)
            for w, slope in zip(weights.values(), slopes, strict=True):
                change = _noised(_times(factors, slope), parts, step)
                w.sub_(_times(rates, change))
    scores, seen = _accuracy(models[0], weights, fixed, val), torch.stack(norms).cpu()
    return {
        name: Descent(
            scores[part], seen[:, part], {key: w[part] for key, w in weights.items()}
        )
        for name, (_, part) in zip(arms, parts, strict=True)
    }


def _seeded(
    build: Callable[[], nn.Module], seed: int, device: torch.device
) -> nn.Module:
    with own_randomness(seed):
        return build().to(device)


def _answer(model: nn.Module) -> Callable[[Tensors, Tensors, Tensor], Tensor]:
    """Return (weights, buffers, x) -> outputs of one network."""

    def answer(weights: Tensors, fixed: Tensors, x: Tensor) -> Tensor:
        out: Tensor = functional_call(model, (weights, fixed), (x,))
        return out

    return answer


def _slopes(
    model: nn.Module, weights: Tensors, fixed: Tensors, batch: tuple[Tensor, Tensor]
) -> tuple[Tensor, ...]:
    """Return the gradient of each network's loss, one tensor (M, ...) per weight."""
    answer = _answer(model)

    def loss(w: Tensors, b: Tensors, x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(answer(w, b, x), y)

    # In the sum no network feels the others.
    total = vmap(loss, randomness="different")(weights, fixed, *batch).sum()
    return torch.autograd.grad(total, list(weights.values()))


def _shaken(weight: Tensor, parts: Parts) -> Tensor:
    """Return the weights at which the gradient is taken, a leaf of their own."""
    at = weight.clone()
    for arm, part in parts:
        if arm.weights is not None:
            at[part] = arm.weights(weight[part])
    return at.requires_grad_()


def _squares(slopes: Sequence[Tensor]) -> Tensor:
    return torch.stack([s.flatten(1).square().sum(1) for s in slopes]).sum(0)


def _factors(parts: Parts, norms: Tensor, step: int) -> Tensor:
    factors = torch.ones_like(norms)
    for arm, part in parts:
        if arm.factor is not None:
            factors[part] = arm.factor(norms[part], step)
    return factors


def _noised(slope: Tensor, parts: Parts, step: int) -> Tensor:
    for arm, part in parts:
        if arm.gradients is not None:
            slope[part] = arm.gradients(slope[part], step)
    return slope


def _times(factors: Tensor, tensor: Tensor) -> Tensor:
    """Multiply each network's part of a tensor (M, ...) by its factor (M,)."""
    return tensor * factors.view(-1, *[1] * (tensor.ndim - 1))


@torch.no_grad()
def _accuracy(
    model: nn.Module, weights: Tensors, fixed: Tensors, val: Sequence[Tensor]
) -> Tensor:
    x, y = val
    out = vmap(_answer(model.eval()), in_dims=(0, 0, None))(weights, fixed, x)
    return 100 * (out.argmax(-1) == y).float().mean(1).cpu()
