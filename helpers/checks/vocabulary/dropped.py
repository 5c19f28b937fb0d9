"""What all forms of dropout have in common: limits, bad rates, scale and gradient."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from helpers.checks.vocabulary.coins import survivors
from helpers.checks.vocabulary.gradients import gradient
from helpers.checks.vocabulary.trial import Trial
from helpers.words import say

__all__ = [
    "bad_rates",
    "finite",
    "limits",
    "masked_gradient",
    "no_zeros",
    "scaled",
]

DIVIDED: Mapping[str, str] = {"ZeroDivisionError": "nan-at-one"}


def no_zeros(
    t: Trial, out: Tensor, *, what: str, mistake: str = "active-at-evaluation"
) -> None:
    """Require that evaluation drops nothing.

    Args:
        what: what would be dropped, e.g. "units".
    """
    t.require(
        (out != 0).all(),
        say("{what} are dropped at evaluation.", what=what),
        expected=say("no zeros"),
        got=say("{mean_out:.0%} zeros", mean_out=(out == 0).double().mean().item()),
        mistake=mistake,
    )


def scaled(t: Trial, out: Tensor, x: Tensor, p: float) -> None:
    """Require that survivors are their input times 1/(1-p); name the usual slips."""
    wrong = {"not-scaled": (1.0, 1 - p, p), "scales-by-p": (1 / p,)}
    survivors(t, out, x, 1 / (1 - p), wrong)


def limits(t: Trial, answer: Any, x: Tensor) -> None:
    """Require answer(x, p, training, generator) for p=0 and p=1 in both modes."""
    for training, p in itertools.product((True, False), (0.0, 1.0)):
        out = t.call(answer, x, p, training, t.generator(), errors=DIVIDED)
        zeros = training and p == 1.0
        if zeros:
            finite(
                t,
                out,
                say("p=1 gives numbers that are not finite."),
                expected=say("zeros"),
            )
        t.close(out, torch.zeros_like(x) if zeros else x)


def finite(t: Trial, out: object, problem: str, *, expected: str | None = None) -> None:
    """Fail with "nan-at-one" if a tensor holds an infinity or NaN."""
    if isinstance(out, Tensor) and not out.isfinite().all():
        t.fail(problem, expected=expected, got=out, mistake="nan-at-one")


def bad_rates(t: Trial, answer: Any, x: Tensor) -> None:
    """Require a ValueError for p outside [0, 1], in training and at evaluation."""
    t.part("a p outside [0, 1]")
    for p, training in itertools.product((-0.1, 1.5), (True, False)):
        t.raises(ValueError, answer, x, p, training)


def masked_gradient(
    t: Trial, out: Tensor, x: Tensor, factor: float, *, of: str, advice: str
) -> None:
    """Require d(sum of outputs)/dx = mask · factor in training.

    Args:
        out: what came back for x, which requires gradients.
        of: what the message calls x, e.g. "the input".
    """
    found = gradient(t, out, x, of=of, advice=advice)
    mask = (out.detach() != 0).to(x.dtype)
    t.close(found, mask * factor, what=say("the gradient of result.sum()"))
