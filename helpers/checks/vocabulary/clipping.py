"""Exercises that clip gradients: hand some over, and judge what is left of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from helpers.checks.vocabulary.trial import Trial
from helpers.words import say

__all__ = [
    *("Clipped", "Clipping", "clip", "given_to", "judge", "left_by", "near"),
    *("per_tensor", "shrunk", "total", "with_norm"),
]


class Clipping(NamedTuple):
    """One case of an exercise that clips, and what came of it.

    Attributes:
        grads: those before, None for a parameter without.
        limit: max_norm, or clip_value.
        after: those after.
        returned: what the answer returned.
        text: the call in words.
    """

    grads: list[Tensor | None]
    limit: float
    after: list[Tensor | None]
    returned: Any
    text: str


Clipped = Callable[[list[Tensor], float], tuple[list[Tensor], float | None]]


def clip(
    t: Trial,
    answer: Any,
    grads: Sequence[Tensor | None],
    limit: float,
    *,
    walks_once: bool = False,
    keeps_objects: bool = False,
) -> Clipping:
    """Hand over parameters with these gradients; return what was made of them."""
    dtype = next((g.dtype for g in grads if g is not None), torch.float32)
    params = [
        nn.Parameter(t.randn(*(g.shape if g is not None else (2, 3)), dtype=dtype))
        for g in grads
    ]
    for p, g in zip(params, grads, strict=True):
        p.grad = None if g is None else g.clone()
    values = [p.detach().clone() for p in params]
    objects = [p.grad for p in params]
    given: Iterator[Tensor] | list[nn.Parameter] = (
        (p for p in params) if walks_once else params
    )
    kind = say("a generator of") if walks_once else say("a list of")
    shapes = ", ".join("none" if g is None else _numbers(g) for g in grads)
    text = say(
        "{name}({kind} {n_params} parameters, {limit:g}), gradients {shapes}",
        name=t.name,
        kind=kind,
        n_params=len(params),
        limit=limit,
        shapes=shapes,
    )
    returned = t.call(answer, given, limit, case=text)
    for p, v in zip(params, values, strict=True):
        t.require(
            torch.equal(p.detach(), v),
            say("your code changes a parameter itself."),
            expected=say("only its gradient, p.grad, changes"),
        )
    if keeps_objects:
        t.require(
            all(p.grad is o for p, o in zip(params, objects, strict=True)),
            say("p.grad is another tensor than before."),
            expected=say("the same tensor, changed in place"),
            advice=say(
                "Use an operation that ends in an underscore, such as clamp_; p.grad = "
                "... puts a new tensor in its place."
            ),
        )
    after = [None if p.grad is None else p.grad.detach().clone() for p in params]
    return Clipping([*grads], limit, after, returned, text)


def _numbers(g: Tensor) -> str:
    if g.numel() <= 4:
        return "[" + ", ".join(f"{v:.4g}" for v in g.flatten().tolist()) + "]"
    return say("of shape {shape}", shape=tuple(g.shape))


def given_to(case: Clipping) -> list[Tensor]:
    return [g for g in case.grads if g is not None]


def left_by(t: Trial, case: Clipping) -> list[Tensor]:
    """Return the gradients after the call, those that had one before."""
    t.case = case.text
    for before, now in zip(case.grads, case.after, strict=True):
        t.require(
            (before is None) == (now is None),
            say("a parameter without a gradient has one now, or the other way round."),
            advice=say("Leave out parameters whose .grad is None."),
        )
        if now is not None and before is not None:
            t.tensor(now, like=before, what=say("a gradient after clipping"))
    return [g for g in case.after if g is not None]


def near(a: Sequence[Tensor], b: Sequence[Tensor]) -> bool:
    return all(
        torch.allclose(p, q, rtol=1e-3, atol=1e-6) for p, q in zip(a, b, strict=True)
    )


def _explains(case: Clipping, said: float, flaw: Clipped) -> bool:
    grads, number = flaw(given_to(case), case.limit)
    number_fits = number is None or abs(said - number) <= 1e-3 * max(1e-3, abs(number))
    left = [g for g in case.after if g is not None]
    return near(left, grads) and number_fits


def judge(
    t: Trial,
    cases: Sequence[Clipping],
    right: Clipped,
    mistakes: Mapping[str, Sequence[Clipped]],
    hints: Sequence[tuple[str, Clipped]],
    *,
    says: str,
) -> None:
    """Require what `right` gives in every case; name what explains all that fail."""
    said = []
    for case in cases:
        left_by(t, case)
        said.append(float(case.returned))
    pairs = [*zip(cases, said, strict=True)]
    missed = [(c, s) for c, s in pairs if not _explains(c, s, right)]
    if not missed:
        return
    named = next(
        (
            name
            for name, flaws in mistakes.items()
            if any(all(_explains(*m, flaw) for m in missed) for flaw in flaws)
        ),
        None,
    )
    hint = next(
        (text for text, flaw in hints if all(_explains(*m, flaw) for m in missed)), None
    )
    case, number = missed[0]
    t.case = case.text
    grads, wanted = right(given_to(case), case.limit)
    left = left_by(t, case)
    if wanted is not None and near(left, grads):
        t.fail(
            say("the result, {says}, is not right.", says=says),
            expected=f"{wanted:.6g}",
            got=f"{number:.6g}",
            mistake=named,
            advice=hint,
        )
    off = next(k for k, g in enumerate(left) if not near([g], [grads[k]]))
    t.fail(
        say("gradient {off} is not right.", off=off + 1),
        expected=_first(grads[off]),
        got=_first(left[off]),
        mistake=named,
        advice=hint,
    )


def _first(g: Tensor) -> str:
    shown = ", ".join(f"{v:.5g}" for v in g.flatten()[:4].tolist())
    return f"[{shown}{', …' if g.numel() > 4 else ''}]"


def total(grads: Sequence[Tensor]) -> float:
    return float(sum(float(g.double().square().sum()) for g in grads) ** 0.5)


def shrunk(grads: list[Tensor], limit: float) -> tuple[list[Tensor], float | None]:
    norm = total(grads)
    factor = min(1.0, limit / (norm + 1e-6))
    return [g * factor for g in grads], norm


def per_tensor(grads: list[Tensor], limit: float) -> tuple[list[Tensor], None]:
    return [g * min(1.0, limit / (total([g]) + 1e-6)) for g in grads], None


def with_norm(norm: Callable[[list[Tensor]], float]) -> Clipped:
    def flaw(grads: list[Tensor], limit: float) -> tuple[list[Tensor], None]:
        return [g * min(1.0, limit / (norm(grads) + 1e-6)) for g in grads], None

    return flaw
