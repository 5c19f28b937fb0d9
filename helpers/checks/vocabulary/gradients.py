"""Whether a gradient flows through a result, and whether torch records any more."""

from __future__ import annotations

import torch
from torch import Tensor

from helpers.checks.vocabulary.trial import Trial
from helpers.words import say

__all__ = ["gradient", "still_recorded"]


def gradient(
    t: Trial,
    out: Tensor,
    leaf: Tensor,
    *,
    of: str,
    advice: str,
    weight: Tensor | None = None,
) -> Tensor:
    """Return d(Σ weight·out)/d leaf; fail if there is none.

    Args:
        out: what came back from the answer, as it came.
        leaf: the tensor that was handed over, with requires_grad.
        of: what the message calls it, e.g. "the input".
        advice: how to mend it, e.g. "no .detach()".
        weight: like `out`; 1 everywhere when None.
    """
    t.require(
        out.requires_grad, say("no gradient flows through the result."), advice=advice
    )
    (found,) = t.gradients(out, [leaf], weight)
    if found is None:
        t.fail(say("no gradient reaches {of}.", of=of), advice=advice)
    return found


def still_recorded(t: Trial) -> None:
    """Require that an answer has not switched gradients off for good."""
    recorded = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    t.require(
        recorded,
        say("your code leaves gradients switched off for all that comes after it."),
        advice=say("Use `with torch.no_grad():`, which ends with its block."),
    )
