"""A network so small that the average over its thinned networks is known exactly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.checks.vocabulary.coins import nonzero
from helpers.checks.vocabulary.gradients import still_recorded
from helpers.checks.vocabulary.trial import FALSE_ALARM, Trial
from helpers.words import say

__all__ = [
    "ThinnedNetworks",
    "among",
    "finite_at_large_logits",
    "first_row",
    "linear_layer",
    "mean_is_off",
    "no_graph",
    "row_of",
]


def linear_layer(
    t: Trial,
    inputs: int,
    outputs: int,
    *,
    bias: bool = True,
    dtype: torch.dtype = torch.float32,
) -> nn.Linear:
    """Return a linear layer none of whose parameters is near 0."""
    linear = nn.Linear(inputs, outputs, bias=bias, dtype=dtype)
    with torch.no_grad():
        for parameter in linear.parameters():
            parameter.copy_(nonzero(t, *parameter.shape, dtype=dtype))
    return linear


class ThinnedNetworks:
    """A network whose 32 thinned networks disagree, with what each of them says.

    Attributes:
        model: dropout on three inputs, two hidden units, dropout, three logits.
        x: (12, 3).
        logits, each: (32, 12, 3), logits and probabilities of each thinned network.
        mean: their mean probability, weighted by how often each is drawn.
        of_mean_logits: softmax of the mean of their logits, the named mistake.
        votes: the share of the networks that put each class first, another mistake.
        whole: what the network says with dropout off.
    """

    def __init__(self, t: Trial, dtype: torch.dtype) -> None:
        self.dtype, self.rates = dtype, t.random.choice([(0.5, 0.3), (0.4, 0.5)])
        for _ in range(_ROUNDS):
            parameters, x = _drawn(t, dtype)
            many = _said(parameters, x, self.rates)
            fit = many.disagree().nonzero()
            if len(fit):
                chosen = int(fit[0])
                self.x, said = (
                    x[chosen].clone(),
                    _Said(*(each[chosen] for each in many)),
                )
                self.model = _network([each[chosen] for each in parameters], self.rates)
                break
        else:
            raise RuntimeError(
                say("no network found whose thinned networks disagree enough")
            )
        self.logits, self.each, self.mean, *others = said
        self.of_mean_logits, self.votes, self.whole = others

    def averaged_logits(self, probs: torch.Tensor, n: int) -> bool:
        """Tell whether probs (12, 3) are, up to a factor per row, exp(mean logits).

        Compared on a log scale, within six standard errors of a mean over n networks.
        """
        logs, centred = (
            each - each.mean(-1, keepdim=True) for each in (probs.log(), self.logits)
        )
        _, chance = _masks(self.rates, self.dtype)
        mean = (chance * centred).sum(0)
        sd = (chance * (centred - mean) ** 2).sum(0).sqrt()
        near = (logs - mean).abs() <= 6 * sd / n**0.5 + 1e-2
        rows = (probs > 1e-30).all(-1)
        return bool(rows.sum() >= 3 and near[rows].all())


# -- drawing such a network ------------------------------------------------------------

_MANY = 16  # networks that are drawn at once: one of seventeen disagrees enough
_ROUNDS = 64
_SHAPES = ((2, 3), (2,), (3, 2), (3,))  # weight and bias of two layers


class _Said(NamedTuple):
    """What many networks say; as the attributes of `ThinnedNetworks`, (_MANY, ...)."""

    logits: Tensor
    each: Tensor
    mean: Tensor
    of_mean_logits: Tensor
    votes: Tensor
    whole: Tensor

    def disagree(self) -> Tensor:
        """Tell of each whether the named mistakes are far enough from what is right."""
        mixed = self.mean.mean(1, keepdim=True)  # of all examples
        others = (
            *((self.of_mean_logits, 0.4), (self.whole, 0.4)),
            *((mixed, 0.3), (self.votes, 0.2)),
        )
        gaps = [(self.mean - o).abs().amax((1, 2)) > gap for o, gap in others]
        return torch.stack(gaps).all(0)


def _drawn(t: Trial, dtype: torch.dtype) -> tuple[list[Tensor], Tensor]:
    """Draw the parameters and the examples of many networks."""
    parameters = [nonzero(t, _MANY, *shape, dtype=dtype) for shape in _SHAPES]
    parameters[2] *= 6
    return parameters, 2 * nonzero(t, _MANY, 12, 3, dtype=dtype)


def _said(parameters: Sequence[Tensor], x: Tensor, rates: tuple[float, float]) -> _Said:
    """Work out what networks say, each thinned one of them and all together."""
    scaled, chance = _masks(rates, x.dtype)
    logits = _logits(parameters, x, scaled)
    # Over three numbers that lie together it takes four times as long.
    each = logits.mT.softmax(-2).mT.contiguous()
    return _Said(
        logits,
        each,
        mean=(chance * each).sum(1),
        of_mean_logits=(chance * logits).sum(1).softmax(-1),
        votes=(chance * F.one_hot(each.argmax(-1), 3)).sum(1),
        whole=_logits(parameters, x, torch.ones_like(scaled[:1]))[:, 0].softmax(-1),
    )


def _masks(rates: tuple[float, float], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the 32 scaled masks (32, 1, 5), and how often each is drawn (32, 1, 1)."""
    drop = torch.tensor([rates[0]] * 3 + [rates[1]] * 2, dtype=dtype)
    masks = torch.tensor(list(itertools.product((0, 1), repeat=5)), dtype=dtype)
    chance = torch.where(masks == 1, 1 - drop, drop).prod(1)
    return (masks / (1 - drop))[:, None], chance[:, None, None]


def _logits(parameters: Sequence[Tensor], x: Tensor, scaled: Tensor) -> Tensor:
    """Return (_MANY, S, 12, 3) for scaled masks (S, 1, 5) of inputs and units."""
    weight, bias, last_weight, last_bias = (each[:, None] for each in parameters)
    hidden = (x[:, None] * scaled[..., :3]) @ weight.mT + bias[..., None, :]
    return (hidden.relu() * scaled[..., 3:]) @ last_weight.mT + last_bias[..., None, :]


def _network(parameters: Sequence[Tensor], rates: tuple[float, float]) -> nn.Sequential:
    """Return the network with these parameters, in eval mode."""
    dtype = parameters[0].dtype
    first, last = nn.Linear(3, 2, dtype=dtype), nn.Linear(2, 3, dtype=dtype)
    with torch.no_grad():
        for own, drawn in zip(
            (*first.parameters(), *last.parameters()), parameters, strict=True
        ):
            own.copy_(drawn)
    thinned = nn.Sequential(nn.Dropout(rates[0]), first, nn.ReLU())
    return nn.Sequential(thinned, nn.Dropout(rates[1]), last).eval()


# -- what is asked of predictions that are drawn from such networks --------------------


def among(rows: Tensor, each: Tensor) -> bool:
    """Tell whether all rows (S, n, K) stand among their possible values (V, n, K)."""
    close = (rows[:, None] - each[None]).abs().amax(-1) < 1e-3
    return bool(close.any(1).all())


def first_row(probs: Tensor) -> str:
    """Write out the probabilities of the first example of probs (n, K)."""
    return row_of(probs, 0)


def row_of(probs: Tensor, row: int) -> str:
    """Write out the probabilities of one example of probs (n, K)."""
    return "[" + ", ".join(f"{value:.2f}" for value in probs[row].tolist()) + "]"


def mean_is_off(
    t: Trial, got: Tensor, right: Tensor, n: int, *, what: str, advice: str,
    mistake: Callable[[], str | None] = lambda: None,
) -> None:  # fmt: skip
    """Fail if a mean (12, K) over n sampled networks is too far from the right one.

    Hoeffding's bound: a right answer fails with probability below 2e-8.

    Args:
        what: what the mean is taken over, e.g. "samples".
        mistake: looks for the mistake's id once the mean is off.
    """
    bound = math.sqrt(math.log(2 * got.numel() / FALSE_ALARM) / (2 * n))
    off = (got.double() - right).abs().amax(-1)  # (12,)
    if off.max() <= bound:  # nan is off too
        return
    worst = int(off.argmax())  # a nan counts as the largest
    t.fail(
        say("the mean over {n} {what} is off.", n=n, what=what),
        expected=say(
            "{right} ± {bound:.2f} for row {worst}, where the difference is largest",
            right=row_of(right, worst),
            bound=bound,
            worst=worst,
        ),
        got=row_of(got, worst),
        mistake=mistake(),
        advice=advice,
    )


def no_graph(t: Trial, probs: Tensor) -> None:
    """Require a result without a graph, and that torch still records later ones."""
    t.require(
        not probs.requires_grad,
        say("the result is attached to the graph of all the forward passes."),
        advice=say("Predict under torch.no_grad()."),
    )
    still_recorded(t)


def finite_at_large_logits(
    t: Trial, answer: Any, net: Any, n: int, *, last: nn.Linear
) -> None:
    """Enlarge the logits to 9,000, and require finite probabilities.

    Args:
        net: has `model`, `x` and `logits`.
        n: how many networks to sample.
        last: the model's layer that gives the logits.
    """
    t.part("logits in the thousands")
    with torch.no_grad():
        for parameter in last.parameters():
            parameter.mul_(9000 / net.logits.abs().max())
    case = say("{name}(model, x, {n}), with logits up to 9000", name=t.name, n=n)
    probs = t.call(answer, net.model, net.x, n, case=case)
    t.require(
        probs.isfinite().all(),
        say("large logits give probabilities that are not finite."),
        expected=say("numbers in [0, 1]"),
        got=first_row(probs.flatten(0, -2)),
        advice=say("exp() of a large logit is infinite; torch.softmax is safe."),
    )
