"""Cases for the checks of training epochs and evaluations, and what is right there."""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks import Trial
from helpers.checks.vocabulary.witness import Passes, Witness
from helpers.training import Batches
from helpers.words import say

__all__ = [
    "KINDS",
    "Branch",
    "Case",
    "Loss",
    "Pair",
    "Run",
    "Scores",
    "adam",
    "describe_sizes",
    "draw_batches",
    "first_difference",
    "in_some_form",
    "linear",
    "mode_model",
    "right_epoch",
    "same_batches",
    "same_parameters",
    "scores",
    "sgd",
    "shown",
    "smoothed",
    "usual_slips",
    "with_hard_end",
]

Loss = Callable[[Tensor, Tensor], Tensor]
Pair = tuple[Tensor, Tensor]


@dataclass
class Case:
    """One call of train_epoch: what it gets, and how a message describes it."""

    text: str
    model: nn.Module
    batches: Iterable[Pair]
    loss_fn: Loss
    optimizer: Callable[[Iterable[Tensor]], torch.optim.Optimizer]


class Branch(nn.Module):
    """x + dropout(x) with p=1: train mode gives x, eval mode 2x, without chance."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(1.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return x in train mode, 2x in eval mode."""
        out: Tensor = x + self.dropout(x)
        return out


KINDS = {Branch: say("dropout"), nn.BatchNorm1d: "BatchNorm"}


def smoothed(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy with smoothed labels: a `loss_fn` that is not the usual one."""
    return F.cross_entropy(logits, labels, label_smoothing=0.2)


def sgd(lr: float, momentum: float = 0.0) -> Callable[..., torch.optim.Optimizer]:
    """Return a factory: parameters -> SGD."""
    return lambda parameters: torch.optim.SGD(parameters, lr=lr, momentum=momentum)


def adam(parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
    """Make an optimizer whose step is not lr times the gradient."""
    return torch.optim.Adam(parameters, lr=0.05)


def linear(t: Trial, inputs: int, outputs: int, dtype: torch.dtype) -> nn.Linear:
    """Make a linear layer with standard normal weights drawn from the trial's seed."""
    layer = nn.Linear(inputs, outputs, dtype=dtype)
    with torch.no_grad():
        layer.weight.copy_(t.randn(outputs, inputs, dtype=dtype))
        layer.bias.copy_(t.randn(outputs, dtype=dtype))
    return layer


def mode_model(t: Trial, layer: type[nn.Module]) -> tuple[nn.Sequential, Passes]:
    """Build linear → a layer with two modes → linear → witness, float32.

    Returns:
        (the network, what hears of its passes).
    """
    hidden = t.random.randint(4, 7)
    first = linear(t, 3, hidden, torch.float32)
    first.bias = None  # type: ignore[assignment]  # BatchNorm would cancel it
    last = linear(t, hidden, 3, torch.float32)
    passes = Passes(t.random.uniform(0.7, 1.4))
    layers = first, layer(hidden), nn.Tanh(), last, Witness(passes)
    return nn.Sequential(*layers), passes


def draw_batches(t: Trial, sizes: Sequence[int], model: nn.Module) -> list[Pair]:
    """Draw batches of these sizes: inputs (n, 3), labels of 3 classes.

    The model's two largest logits are never close, so that its choice is clear.
    """
    return [(_clear_inputs(t, n, model), t.integers(3, n)) for n in sizes]


def _clear_inputs(t: Trial, n: int, model: nn.Module) -> Tensor:
    dtype = next(model.parameters()).dtype
    x = t.randn(8 * n + 40, 3, dtype=dtype)
    with torch.no_grad():
        first, second = model(x).topk(2).values.unbind(1)
    return x[first - second > 0.01][:n]


def with_hard_end(model: nn.Module, batches: list[Pair]) -> list[Pair]:
    """Label the last batch by the least likely class, the others by the likeliest."""
    with torch.no_grad():
        easy = [(x, model(x).argmax(1)) for x, _ in batches[:-1]]
        x = batches[-1][0]
        return [*easy, (x, model(x).argmin(1))]


def in_some_form(t: Trial, batches: list[Pair]) -> Iterable[Pair]:
    """Give the batches as a list, or as `Batches` where their sizes allow it."""
    sizes = [len(y) for _, y in batches]
    regular = len(set(sizes[:-1])) <= 1 and sizes[-1] <= sizes[0]
    if not regular or t.random.random() < 0.5:
        return batches
    x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
    return Batches(x, y, sizes[0], shuffle=False)


def describe_sizes(batches: Iterable[Pair]) -> str:
    """Return e.g. "7 + 7 + 2 examples"."""
    return " + ".join(str(len(y)) for _, y in batches) + say(" examples")


@contextmanager
def same_batches(t: Trial, batches: Iterable[Pair]) -> Iterator[None]:
    """Require that the block leaves all inputs and labels as they are."""
    kept = [(x.clone(), y.clone()) for x, y in batches]
    yield
    same = all(
        torch.equal(a, b)
        for now, then in zip(batches, kept, strict=True)
        for a, b in zip(now, then, strict=True)
    )
    t.require(same, say("your code changes the batches in place."))


def shown(parameter: Tensor) -> str:
    """Write out the first numbers of a parameter."""
    numbers = ", ".join(f"{value:.4g}" for value in parameter.flatten()[:4].tolist())
    return f"[{numbers}{', …' if parameter.numel() > 4 else ''}]"


def usual_slips(losses: Sequence[float], sizes: Sequence[int]) -> dict[str, float]:
    """Return what is wrong with a mean loss → the value that it then has.

    Args:
        losses: the batches' mean losses.
        sizes: their numbers of examples.
    """
    count = sum(sizes)
    total = sum(loss * n for loss, n in zip(losses, sizes, strict=True))
    return {
        say(
            "This is the last batch's loss alone: add up those of all batches."
        ): losses[-1],
        say(
            "This is the first batch's loss alone: is `return` inside the loop?"
        ): losses[0],
        say(
            "This is the sum of the batches' losses: divide to get a mean per example."
        ): (sum(losses)),
        say("This is a sum over examples: divide by the number of examples."): total,
        say(
            "You divide by the number of examples, but the loss is a mean over its "
            "batch already: multiply each loss by its batch's size first."
        ): sum(losses) / count,
    }


@dataclass
class Run:
    """What an epoch does: parameters after it, losses before and after each update."""

    model: nn.Module
    before: list[float]
    after: list[float]
    sizes: list[int]

    def mean(self, losses: list[float] | None = None) -> float:
        """Average per example."""
        losses = self.before if losses is None else losses
        pairs = zip(losses, self.sizes, strict=True)
        return sum(loss * n for loss, n in pairs) / sum(self.sizes)


def right_epoch(case: Case, *, zero: bool = True, step_each: bool = True) -> Run:
    """Train a copy of the case's model, right or with one thing done wrongly."""
    model = copy.deepcopy(case.model)
    optimizer = case.optimizer(model.parameters())
    run = Run(model, [], [], [])
    for x, y in case.batches:
        if zero and step_each:
            optimizer.zero_grad()
        loss = case.loss_fn(model(x), y)
        loss.backward()
        if step_each:
            optimizer.step()
        run.before.append(loss.item())
        run.after.append(_loss_of(model, (x, y), case.loss_fn))
        run.sizes.append(len(y))
    if not step_each:
        optimizer.step()
    return run


def _loss_of(model: nn.Module, batch: Pair, loss_fn: Loss) -> float:
    model = copy.deepcopy(model)  # BatchNorm's buffers stay as they are
    with torch.no_grad():
        return loss_fn(model(batch[0]), batch[1]).item()


def same_parameters(a: nn.Module, b: nn.Module) -> bool:
    """Tell whether two models agree up to rounding."""
    return first_difference(a, b) is None


def first_difference(a: nn.Module, b: nn.Module) -> tuple[str, Tensor, Tensor] | None:
    """Return name and both values of the first parameter that differs, or None."""
    for (name, x), y in zip(a.named_parameters(), b.parameters(), strict=True):
        rtol = 1e-4 if x.dtype == torch.float32 else 1e-7
        if not torch.allclose(x, y, rtol=rtol, atol=rtol / 10):
            return name, x.detach(), y.detach()
    return None


@dataclass
class Scores:
    """The right loss and accuracy, and those of each batch."""

    losses: list[float]
    accuracies: list[float]
    sizes: list[int]

    def mean(self, values: list[float]) -> float:
        """Average per example."""
        pairs = zip(values, self.sizes, strict=True)
        return sum(value * n for value, n in pairs) / sum(self.sizes)


def scores(model: nn.Module, batches: Iterable[Pair], loss_fn: Loss) -> Scores:
    """Evaluate a copy of the model in the mode it has."""
    model, result = copy.deepcopy(model), Scores([], [], [])
    with torch.no_grad():
        for x, y in batches:
            logits = model(x)
            result.losses.append(loss_fn(logits, y).item())
            result.accuracies.append((logits.argmax(1) == y).double().mean().item())
            result.sizes.append(len(y))
    return result
