"""What a training step costs, in plain steps."""

import time
from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.training import one_thread
from helpers.words import say

__all__ = ["seconds_of", "step_costs", "training_step"]


def training_step(
    model: nn.Module,
    batch: Callable[[], tuple[Tensor, Tensor]],
    *,
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    l1: float = 0.0,
) -> Callable[[], None]:
    r"""Return a function that does one step of AdamW, all included.

    A step draws a batch and follows the gradient of
    $\text{loss}(f(x), y) + \text{l1} \sum |w|$ at the rate 0.001; with l1 = 0 the sum
    is not computed.

    Args:
        model: trained in place, in train mode.
        batch: makes the inputs and targets of one step.
        loss_fn: (outputs, targets) -> mean loss, 0-dim.
        l1: strength of the penalty on all parameters, biases included, ≥ 0.
    """
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    model.train()

    def step() -> None:
        x, y = batch()
        loss = loss_fn(model(x), y)
        if l1:
            loss = loss + l1 * sum(w.abs().sum() for w in model.parameters())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


@one_thread()
def step_costs(
    steps: Mapping[str, Callable[[], object]], *, rounds: int = 8, repeats: int = 20
) -> dict[str, float]:
    """Time steps against each other; return each one's cost in steps of the first.

    In each round every step is repeated and its time divided by that of the first step
    in the same round, so that what slows the machine down for a while falls on both.
    The cost is the median of these ratios. A round before warms up and is not counted.

    Args:
        steps: name -> a function without arguments; the first one is the unit.
        rounds: ratios per step, ≥ 1.
        repeats: calls per round, ≥ 1.

    Returns:
        Name -> ratio of seconds of the processor; 1.0 for the first.

    Raises:
        ValueError: no step, or no round.
    """
    if not steps or rounds < 1 or repeats < 1:
        raise ValueError(
            say(
                "expected at least one step, round and repeat, got {n_steps}, {rounds} "
                "and {repeats}.",
                n_steps=len(steps),
                rounds=rounds,
                repeats=repeats,
            )
        )
    seconds = torch.tensor(
        [
            [seconds_of(step, repeats) for step in steps.values()]
            for _ in range(1 + rounds)
        ]
    )
    ratios = (seconds / seconds[:, :1])[1:].median(0).values
    return dict(zip(steps, ratios.tolist(), strict=True))


def seconds_of(step: Callable[[], object], repeats: int) -> float:
    """Return the processor's seconds for so many calls of a function."""
    start = time.process_time()
    for _ in range(repeats):
        step()
    return time.process_time() - start
