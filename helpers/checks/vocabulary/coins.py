"""Read a dropout mask off an output, and judge its coins: rate, scale, independence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from helpers.checks.vocabulary.trial import Trial
from helpers.words import say

__all__ = [
    "independent",
    "kept",
    "nonzero",
    "perhaps_drawn",
    "rate",
    "survivors",
]


def nonzero(t: Trial, *shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Draw numbers with 0.5 ≤ |x| < 1.5, so that a zero in an output was dropped."""
    sign = torch.where(t.rand(*shape) < 0.5, -1.0, 1.0).to(dtype)
    return sign * (0.5 + t.rand(*shape, dtype=dtype))


def rate(t: Trial) -> float:
    """Pick a p for which p, 1-p, 1/p and 1/(1-p) are all far apart.

    None is near a multiple of 0.1 from below: coins of ten sides would show.
    """
    return t.random.choice([0.21, 0.22, 0.31, 0.71, 0.72, 0.81])


def kept(outs: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return where the results of several calls are not 0: (calls, ...) bool."""
    return torch.stack([out.detach() != 0 for out in outs])


def independent(
    t: Trial, masks: torch.Tensor, *, shared: Mapping[int, tuple[str, str | None]]
) -> None:
    """Require that the coins of several calls do not copy one another.

    Args:
        masks: (calls, ...) bool, True where kept; at least 300 coins per slice.
        shared: axis → (sentence, mistake id or None) if all slices along it are equal.

    A right answer fails with probability below 1e-12.
    """
    t.require(not masks.all(), say("nothing is dropped in training: there is no 0."))
    t.require(masks.any(), say("everything is dropped in training."))
    different = {axis: _different(masks, axis) for axis in range(masks.dim())}
    for axis, (problem, mistake) in shared.items():
        alone = masks.shape[axis] == 1
        t.require(alone or different[axis] > 1, problem, mistake=mistake)
    for axis, count in different.items():
        t.require(
            count == masks.shape[axis],
            say("some coins are copies of others."),
            expected=say("a coin of its own for each place and each call"),
            got=say(
                "{count} different masks in {size} ",
                count=count,
                size=masks.shape[axis],
            )
            + (
                say("slices along dimension {axis} of x", axis=axis - 1)
                if axis
                else say("calls")
            ),
        )
    for dims in _groups(masks.dim()):
        counts = masks.sum(dims)
        t.require(
            counts.min() < counts.max(),
            say("each call drops exactly the same number of units."),
            advice=say(
                "Toss a coin per unit instead of choosing a fixed number of them: with "
                "independent coins that number varies."
            ),
        )


def _different(masks: torch.Tensor, axis: int) -> int:
    return len(torch.unique(masks.movedim(axis, 0).flatten(1), dim=0))


def _groups(ndim: int) -> list[tuple[int, ...]]:
    return [tuple(range(first, ndim)) for first in range(1, ndim)] + [(1,)]


def survivors(
    t: Trial,
    out: torch.Tensor,
    x: torch.Tensor,
    factor: float,
    mistakes: Mapping[str, Sequence[float]],
) -> None:
    """Require that every output that is not 0 equals its input times `factor`.

    Args:
        mistakes: mistake id → factors that this mistake would show.
    """
    alive = out.detach() != 0
    if not alive.any():
        t.fail(say("everything is dropped in training."))
    ratio = out.detach()[alive].double() / x.detach()[alive].double()
    if _near(ratio, factor):
        return
    names = (m for m, wrong in mistakes.items() if any(_near(ratio, w) for w in wrong))
    low, high = ratio.min().item(), ratio.max().item()
    t.fail(
        say("the units that survive do not have the right size."),
        expected=say("each survivor is its input times {factor:.4g}", factor=factor),
        got=say("times {low:.4g}", low=low)
        if high - low < 1e-3
        else say("times {low:.4g} … {high:.4g}", low=low, high=high),
        mistake=next(names, None),
        advice=say(
            "The factor follows from p alone: the same for all survivors and masks."
        ),
    )


def _near(ratio: torch.Tensor, factor: float) -> bool:
    return bool(((ratio - factor).abs() <= 1e-4 * abs(factor)).all())


def perhaps_drawn(t: Trial, answer: Any, *args: Any, text: str) -> None:
    """Require that what is drawn, if anything, comes from the right generator.

    For answers that may be deterministic; where one must draw, `Trial.draws` asks more.

    Args:
        answer: takes `args` and, after them, a generator or nothing.
        text: how messages write the call, without ", generator)".
    """
    state = torch.get_rng_state()
    generator = t.generator()
    before = generator.get_state()
    first = t.call(answer, *args, generator, case=say("{text}, generator)", text=text))
    t.require(
        torch.equal(torch.get_rng_state(), state),
        say("your code draws from torch's global generator although it was given one."),
        advice=say("Pass `generator=generator` to the function that draws."),
    )
    generator.set_state(before)
    again = t.call(answer, *args, generator, case=say("the same with the same state"))
    t.require(
        first == again,
        say("the same generator state gives two different results."),
        expected=first,
        got=again,
        advice=say("Draw all random numbers from `generator`."),
    )
    ends, results = [], []
    for seed in (1, 2, 2):
        torch.default_generator.manual_seed(seed)
        results.append(t.call(answer, *args, case=f"{text})"))
        ends.append(torch.get_rng_state())
    t.require(
        not torch.equal(ends[0], ends[1]),
        say("your code seeds torch's global generator."),
        advice=say("Never seed inside the function."),
    )
    t.require(
        results[1] == results[2],
        say("after the same torch.manual_seed the result differs."),
        advice=say("Draw from torch's global generator when none is given."),
    )
