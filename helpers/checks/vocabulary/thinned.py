"""A network so small that the average over its thinned networks is known exactly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

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
        for _ in range(1000):
            self._draw(t)
            others = {
                0.4: (self.of_mean_logits, self.whole),
                0.3: (self.mean.mean(0),),  # examples mixed
                0.2: (self.votes,),
            }
            gaps = (
                (self.mean - other).abs().max() > gap
                for gap, values in others.items()
                for other in values
            )
            if all(gaps):
                return
        raise RuntimeError(
            say("no network found whose thinned networks disagree enough")
        )

    def _draw(self, t: Trial) -> None:
        p1, p2 = self.rates
        first, last = (
            linear_layer(t, 3, 2, dtype=self.dtype),
            linear_layer(t, 2, 3, dtype=self.dtype),
        )
        with torch.no_grad():
            last.weight.mul_(6)
        self.model = nn.Sequential(
            nn.Sequential(nn.Dropout(p1), first, nn.ReLU()), nn.Dropout(p2), last
        )
        self.x = 2 * nonzero(t, 12, 3, dtype=self.dtype)
        masks = torch.tensor(
            list(itertools.product((0, 1), repeat=5)), dtype=self.dtype
        )
        drop = torch.tensor([p1] * 3 + [p2] * 2, dtype=self.dtype)
        chance = torch.where(masks == 1, 1 - drop, drop).prod(1)[:, None, None]
        scaled = (masks / (1 - drop))[:, None]  # (32, 1, 5)
        with torch.no_grad():
            hidden = first(self.x * scaled[..., :3]).relu()
            self.logits = last(hidden * scaled[..., 3:])
            self.each = self.logits.softmax(-1)
            self.mean = (chance * self.each).sum(0)
            self.of_mean_logits = (chance * self.logits).sum(0).softmax(-1)
            first_choice = F.one_hot(self.each.argmax(-1), 3)
            self.votes = (chance * first_choice).sum(0)
            centred = self.logits - self.logits.mean(-1, keepdim=True)
            self._log_mean = (chance * centred).sum(0)
            self._log_sd = (chance * (centred - self._log_mean) ** 2).sum(0).sqrt()
            self.whole = last(first(self.x).relu()).softmax(-1)
        self.model.eval()

    def averaged_logits(self, probs: torch.Tensor, n: int) -> bool:
        """Tell whether probs (12, 3) are, up to a factor per row, exp(mean logits).

        Compared on a log scale, within six standard errors of a mean over n networks.
        """
        logs = probs.log()
        logs = logs - logs.mean(-1, keepdim=True)
        near = (logs - self._log_mean).abs() <= 6 * self._log_sd / n**0.5 + 1e-2
        rows = (probs > 1e-30).all(-1)
        return bool(rows.sum() >= 3 and near[rows].all())


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
