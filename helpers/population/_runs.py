"""One thread's share of a population: update and measure some members together."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.population._members import Stack
from helpers.population._streams import MemberData, MemberNoise
from helpers.population._updates import Update
from helpers.training.runtime import DROPOUT_STREAM

__all__ = ["Plan", "Run", "measure", "member_losses", "slope_at"]

IGNORED = -100  # the label that F.cross_entropy leaves out, e.g. for padding


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
        settings: Mapping[str, Tensor],
        *,
        train: MemberData,
        val: MemberData | None,
        plan: Plan,
    ) -> None:
        self.stack, self.settings, self.plan = stack, settings, plan
        self.train, self.val = train, val
        self.seeds: list[int] = settings["seed"].tolist()
        self.update = Update(
            stack,
            settings,
            name=plan.optimizer,
            momentum=plan.momentum,
            betas=plan.betas,
        )
        self.penalties = _penalties(stack, settings)
        self.noise = MemberNoise(
            [seed + DROPOUT_STREAM for seed in self.seeds],
            {name: stack.noise_shapes[name] for name in stack.rates},
            batch_size=max(train.batch_sizes(plan.batch_size)),
            device=stack.flat.device,
            batch_last=stack.layers is not None,
        )
        self.records: list[tuple[Tensor, ...]] = []

    def steps(self) -> Iterator[int]:
        """Train, yielding the number of steps done after each of them."""
        plan = self.plan
        shown = self.train.part(slice(None), plan.record_size)
        batches = self.train.batches(self.seeds, plan.batch_size, plan.steps)
        for step, (x, y) in enumerate(batches, 1):
            self._differentiate(x, y)
            self._update()
            if step % plan.record_every == 0 or step == plan.steps:
                self._record(step, shown)
            yield step

    def _record(self, step: int, shown: MemberData) -> None:
        sets = (shown, self.val) if self.val else (shown,)
        scores = [s for d in sets for s in measure(self.stack, d, self.plan.loss_fn)]
        self.records.append((torch.tensor(step), *scores))

    def _differentiate(self, x: Tensor, y: Tensor) -> None:
        """Put the gradient of the sum of the members' losses into `stack.gradient`."""
        stack, loss_fn = self.stack, self.plan.loss_fn
        noise = self.noise.draw(x.shape[1])
        if stack.matrices is None:
            losses = member_losses(loss_fn, stack(x, noise), y)
            stack.differentiate(losses.sum())  # not their mean
        else:
            classes = self.train.classes
            stack.matrices.differentiate(
                x, noise, lambda out: slope_at(loss_fn, out, y, classes)
            )
        for kind, strength in self.penalties.items():
            slope = stack.flat if kind == "l2" else stack.flat.sign()
            stack.gradient.addcmul_(strength, slope)

    def _update(self) -> None:
        unused = self.stack.unused
        if unused is None:
            self.update.step()
            return
        for strength in self.penalties.values():
            unused = unused & (strength == 0)  # a penalty is a use
        before = self.stack.flat[unused]
        self.update.step()
        self.stack.flat[unused] = before


def member_losses(
    loss_fn: Callable[[Tensor, Tensor], Tensor], out: Tensor, y: Tensor
) -> Tensor:
    """Return each member's mean loss: out (M, B, K, ...), y (M, B, ...) -> (M,)."""
    if loss_fn is not F.cross_entropy:
        return torch.vmap(loss_fn)(out, y)
    scores = out.transpose(1, 2)  # (M, K, B, ...)
    if y.is_floating_point():
        return F.cross_entropy(scores, y.transpose(1, 2), reduction="none").mean(
            tuple(range(1, y.ndim - 1))
        )
    each = F.cross_entropy(scores, y, reduction="none", ignore_index=IGNORED)
    return each.flatten(1).sum(1) / (y != IGNORED).flatten(1).sum(1)


def slope_at(
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    out: Tensor,
    y: Tensor,
    classes: int | None = None,
) -> Tensor:
    """Return the gradient of the sum of the members' losses at out (M, B, K).

    Autograd computes it, but for cross-entropy of plain labels (`classes` says how
    many): it is (softmax(out) - one_hot(y)) / B, and the losses are not needed.
    """
    if loss_fn is F.cross_entropy and classes is not None and classes <= out.shape[2]:
        slope = out.transpose(1, 2).softmax(1)  # (M, K, B)
        slope.scatter_(1, y.unsqueeze(1), -1.0, reduce="add").mul_(1 / y.shape[1])
        return slope.transpose(1, 2)
    with torch.enable_grad():
        out = out.detach().requires_grad_()
        return torch.autograd.grad(member_losses(loss_fn, out, y).sum(), out)[0]


@torch.no_grad()
def measure(
    stack: Stack, data: MemberData, loss_fn: Callable[[Tensor, Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """Return the members' mean loss and accuracy on all of `data`, each (M,).

    With one label per token both are per token, those labeled -100 left out.
    """
    loss, right, count = torch.zeros(3, len(stack), device=stack.flat.device)
    for x, y in data.in_order():
        out = stack(x)
        hits, counted = _count_right(out, y)
        loss += member_losses(loss_fn, out, y) * counted
        right += hits
        count += counted
    return loss / count, right / count


def _count_right(out: Tensor, y: Tensor) -> tuple[Tensor | float, Tensor | int]:
    """Return per member how many answers are right, and of how many.

    As in `helpers.training.evaluate`: outputs (M, B, K, ...) are scores of labels
    (M, B, ...) or of probabilities like them; else the first is NaN: regression.
    """
    if y.is_floating_point():
        if y.shape != out.shape or y.ndim < 3 or y.shape[2] == 1:
            return torch.nan, y.shape[1]
        y = y.argmax(2)
    counted = (y != IGNORED).flatten(1).sum(1)
    if out.ndim < 3 or (*out.shape[:2], *out.shape[3:]) != y.shape:
        return torch.nan, counted
    return (out.argmax(2) == y).flatten(1).sum(1), counted


def _penalties(stack: Stack, settings: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return "l2" and "l1" -> strength for each number of `flat`; none that are 0."""
    strengths = {}
    for kind in ("l2", "l1"):
        strength = settings[kind].to(stack.flat)  # (M,)
        if strength.any():
            each = [
                strength.repeat_interleave(p[0].numel()) for p in stack.trained.values()
            ]
            strengths[kind] = torch.cat(each) * stack.is_weight
    return strengths
