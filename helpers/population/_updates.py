"""One optimizer step for all members, each with its own learning rate and decay."""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby
from typing import Any

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from helpers.population._members import Stack, by_name
from helpers.words import say

__all__ = ["Update"]


class Update:
    """Torch's own update rules, one call per run of members with equal settings.

    An update is elementwise, so neighboring members with the same learning rate and
    decay are updated by one fused kernel, and all in a single row if they share both.
    The rules are the functions inside `torch.optim.AdamW` and the others: what the
    classes do around them takes as long again on networks this small.

    Args:
        stack: the members; the gradient is read from `stack.gradient`.
        settings: "lr" and "weight_decay" -> (M,).
        name: "adamw" (decoupled decay), "adam" or "sgd" (coupled).
        momentum: of sgd. betas: of the other two.

    Raises:
        ValueError: another name.
    """

    def __init__(
        self,
        stack: Stack,
        settings: Mapping[str, Tensor],
        *,
        name: str,
        momentum: float,
        betas: tuple[float, float],
    ) -> None:
        if name not in ("adamw", "adam", "sgd"):
            raise ValueError(
                say(
                    "expected optimizer 'adamw', 'adam' or 'sgd', got {name!r}",
                    name=name,
                )
            )
        shapes = {key: p.shape for key, p in stack.trained.items()}
        flats = by_name(stack.flat, shapes).values()
        pairs = zip(
            settings["lr"].tolist(), settings["weight_decay"].tolist(), strict=True
        )
        self.calls: list[Callable[[], None]] = []
        row = 0
        for (lr, decay), run in groupby(pairs):
            rows = slice(row, row + len(list(run)))
            row = rows.stop
            params = [flat[rows] for flat in flats]
            slopes = [slope[rows] for slope in stack.slopes.values()]
            if row - rows.start == len(stack):
                params, slopes = [stack.flat], [stack.gradient]
            rates = {"lr": lr, "weight_decay": decay}
            self.calls.append(
                _sgd(params, slopes, momentum, rates)
                if name == "sgd"
                else _adam(
                    adamw if name == "adamw" else adam, params, slopes, betas, rates
                )
            )

    def step(self) -> None:
        """Move all members along their gradients."""
        for call in self.calls:
            call()


def _adam(
    rule: Callable[..., None],
    params: list[Tensor],
    slopes: list[Tensor],
    betas: tuple[float, float],
    rates: Mapping[str, Any],
) -> Callable[[], None]:
    return partial(
        rule,
        params,
        slopes,
        [torch.zeros_like(p) for p in params],
        [torch.zeros_like(p) for p in params],
        [],
        [torch.zeros((), device=p.device) for p in params],  # steps done
        beta1=betas[0],
        beta2=betas[1],
        eps=1e-8,
        amsgrad=False,
        maximize=False,
        fused=True,
        **rates,
    )


def _sgd(
    params: list[Tensor],
    slopes: list[Tensor],
    momentum: float,
    rates: Mapping[str, Any],
) -> Callable[[], None]:
    velocities: list[Tensor | None] = [None] * len(params)  # `sgd` fills the list
    return partial(
        sgd,
        params,
        slopes,
        velocities,
        momentum=momentum,
        dampening=0.0,
        nesterov=False,
        maximize=False,
        fused=True,
        **rates,
    )
