"""One thread's share of a population: update and measure some members together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.population._members import Stack
from helpers.population._streams import MemberData, MemberNoise
from helpers.training.runtime import DROPOUT_STREAM

__all__ = ["Plan", "Run", "make_optimizer", "measure", "member_losses"]


@dataclass(frozen=True)
class Plan:
    """What all members share."""

    steps: int
    batch_size: int
    record_every: int
    record_size: int | None
    optimizer: str
    momentum: float
    betas: tuple[float, float]
    loss_fn: Callable[[Tensor, Tensor], Tensor]


class Run:
    """Train the members of one stack, recording their curves.

    Args:
        stack: the members. settings: name -> (M,) of these members.
        train: their training data. val: their validation data, or None.
        plan: what all members share.
    """

    def __init__(
        self,
        stack: Stack,
        settings: dict[str, Tensor],
        *,
        train: MemberData,
        val: MemberData | None,
        plan: Plan,
    ) -> None:
        self.stack, self.settings, self.plan = stack, settings, plan
        self.train, self.val = train, val
        self.seeds = settings["seed"].tolist()
        self.optimizer = make_optimizer(stack.flat, settings, plan)
        self.penalty = _penalty_gradient(stack, settings)
        self.noise = MemberNoise(
            [seed + DROPOUT_STREAM for seed in self.seeds],
            {name: stack.noise_shapes[name] for name in stack.rates},
            batch_size=min(plan.batch_size, train.n),
            device=stack.flat.device,
            batch_last=stack.layers is not None,
        )
        self.records: list[tuple[Tensor, ...]] = []

    def steps(self) -> Iterator[int]:
        """Train, yielding the number of steps done after each of them."""
        plan, stack = self.plan, self.stack
        shown = self.train.part(slice(None), plan.record_size)
        batches = self.train.batches(self.seeds, plan.batch_size, plan.steps)
        for step, (x, y) in enumerate(batches, 1):
            out = stack(x, self.noise.draw(x.shape[1]))
            loss = member_losses(plan.loss_fn, out, y).sum()  # not their mean
            gradient = stack.differentiate(loss)
            if self.penalty:
                gradient += self.penalty(stack.flat)
            self._update(gradient)
            if step % plan.record_every == 0 or step == plan.steps:
                self._record(step, shown)
            yield step

    def _record(self, step: int, shown: MemberData) -> None:
        sets = (shown, self.val) if self.val else (shown,)
        scores = [s for d in sets for s in measure(self.stack, d, self.plan.loss_fn)]
        self.records.append((torch.tensor(step), *scores))

    def _update(self, gradient: Tensor) -> None:
        row = 0
        for group in self.optimizer.param_groups:
            (rows,) = group["params"]
            rows.grad = gradient[row : row + len(rows)]
            row += len(rows)
        self.optimizer.step()


def make_optimizer(
    flat: Tensor, settings: dict[str, Tensor], plan: Plan
) -> torch.optim.Optimizer:
    """Make torch's own optimizer with one parameter group per run of equal settings.

    The update is elementwise, so neighbouring rows of `flat` (M, P) with the same
    learning rate and decay are updated as one tensor by one fused kernel.
    """
    pairs = zip(settings["lr"].tolist(), settings["weight_decay"].tolist(), strict=True)
    groups, row = [], 0
    for (lr, decay), run in groupby(pairs):
        rows = flat[row : row + len(list(run))]  # shares its memory
        groups.append({"params": [rows], "lr": lr, "weight_decay": decay})
        row += len(rows)
    if plan.optimizer == "adamw":
        return torch.optim.AdamW(groups, betas=plan.betas, fused=True)
    if plan.optimizer == "adam":
        return torch.optim.Adam(groups, betas=plan.betas, fused=True)
    if plan.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=0.1, momentum=plan.momentum, fused=True)
    raise ValueError(
        f"expected optimizer 'adamw', 'adam' or 'sgd', got {plan.optimizer!r}"
    )


def member_losses(
    loss_fn: Callable[[Tensor, Tensor], Tensor], out: Tensor, y: Tensor
) -> Tensor:
    """Return each member's mean loss: out (M, B, K), y (M, B, ...) -> (M,)."""
    if loss_fn is not F.cross_entropy:
        return torch.vmap(loss_fn)(out, y)
    targets = y.transpose(1, 2) if y.ndim == 3 else y
    return F.cross_entropy(out.transpose(1, 2), targets, reduction="none").mean(1)


@torch.no_grad()
def measure(
    stack: Stack, data: MemberData, loss_fn: Callable[[Tensor, Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """Return the members' mean loss and accuracy on all of `data`, each (M,)."""
    loss, correct = torch.zeros(2, data.members, device=stack.flat.device)
    for x, y in data.in_order():
        out = stack(x)
        loss += member_losses(loss_fn, out, y) * y.shape[1]
        if not y.is_floating_point():
            correct += (out.argmax(-1) == y).sum(1)
        elif y.shape == out.shape and y.shape[-1] > 1:
            correct += (out.argmax(-1) == y.argmax(-1)).sum(1)
        else:
            correct += torch.nan  # regression has no accuracy
    return loss / data.n, correct / data.n


def _penalty_gradient(
    stack: Stack, settings: dict[str, Tensor]
) -> Callable[[Tensor], Tensor] | None:
    """Return w -> l2·w + l1·sign(w), on weights only; None without a penalty."""
    l2, l1 = (
        settings[k].to(stack.flat)[:, None] * stack.is_weight for k in ("l2", "l1")
    )
    if l1.any():
        return lambda w: l2 * w + l1 * w.sign()
    return (lambda w: l2 * w) if l2.any() else None
