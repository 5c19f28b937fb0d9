"""Notebook 09's experiments: answers of several networks, their doubt, their scores.

Probabilities are (M, N, K) throughout: M networks, N examples, K classes.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.evidence.metrics import expected_calibration_error
from helpers.population import MemberDropout
from helpers.training import one_thread, own_randomness
from helpers.words import say

__all__ = [
    "Scores",
    "best_temperatures",
    "conformal_sets",
    "holds_truth",
    "of_truth",
    "probability_scores",
    "rotated",
    "thinned_probabilities",
]

TINY = 1e-30  # stands for a probability of 0 under a logarithm


def of_truth(values: Tensor, labels: Tensor) -> Tensor:
    """Return what belongs to each example's true class: (M, N, K) -> (M, N).

    Args:
        values: one per class, (M, N, K).
        labels: true classes, int64 (N,), the same for all networks.
    """
    return values.gather(-1, labels.expand(len(values), -1)[..., None])[..., 0]


class Scores(NamedTuple):
    """What `probability_scores` found, one number per network each, (M,).

    Attributes:
        accuracy: share of right answers, in percent.
        overconfidence: mean confidence minus accuracy, in percentage points.
        ece: expected calibration error over 15 bins, in percent.
        nll: mean of -ln p(true class), in nats.
        brier: mean of Σ(p - one_hot)², in [0, 2].
    """

    accuracy: Tensor
    overconfidence: Tensor
    ece: Tensor
    nll: Tensor
    brier: Tensor


def probability_scores(probs: Tensor, labels: Tensor) -> Scores:
    """Score the probabilities of several networks for the same examples.

    Args:
        probs: rows that sum to 1, (M, N, K).
        labels: true classes, int64 (N,).
    """
    right = 100 * (probs.argmax(-1) == labels).float().mean(1).cpu()
    ece = [100 * expected_calibration_error(p, labels) for p in probs]
    wrong = probs - F.one_hot(labels, probs.shape[-1])
    return Scores(
        accuracy=right,
        overconfidence=100 * probs.amax(-1).mean(1).cpu() - right,
        ece=torch.tensor(ece),
        nll=-of_truth(probs, labels).clamp_min(TINY).log().mean(1).cpu(),
        brier=wrong.square().sum(-1).mean(1).cpu(),
    )


def best_temperatures(probs: Tensor, labels: Tensor) -> list[float]:
    """Return each network's temperature with the lowest NLL, of 201 from 0.1 to 10.

    The logarithms of the probabilities serve as logits: exercise 9.5 for any method
    that gives probabilities.

    Args:
        probs: (M, N, K), of examples that no network was trained on.
        labels: true classes, int64 (N,).
    """
    grid = torch.logspace(-1, 1, 201)
    found = []
    for logits in probs.clamp_min(TINY).log():
        losses = [F.cross_entropy(logits / t, labels) for t in grid]
        found.append(grid[torch.stack(losses).argmin()].item())
    return found


def conformal_sets(
    calibration: Tensor, labels: Tensor, new: Tensor, *, alpha: float = 0.1
) -> Tensor:
    """Return the prediction sets of several networks: exercise 9.6.

    Args:
        calibration: probabilities (M, n, K) of examples kept out of training.
        labels: their true classes, int64 (n,).
        new: probabilities (M, N, K) of new examples.
        alpha: share of sets that may miss the truth, in (0, 1).

    Returns:
        bool (M, N, K), True where the class is in the set; all are, if there are too
        few examples for the promise.
    """
    rank = math.ceil((len(labels) + 1) * (1 - alpha))
    if rank > len(labels):
        return torch.ones_like(new, dtype=torch.bool)
    scores = 1 - of_truth(calibration, labels)
    return 1 - new <= scores.sort(-1).values[:, rank - 1, None, None]


def holds_truth(sets: Tensor, labels: Tensor) -> Tensor:
    """Return in percent how often each network's sets hold the true class, (M,).

    Args:
        sets: bool (M, N, K). labels: true classes, int64 (N,).
    """
    return 100 * of_truth(sets, labels).float().mean(1).cpu()


@torch.no_grad()
@one_thread()
def thinned_probabilities(
    networks: Sequence[nn.Sequential], x: Tensor, samples: int, *, seed: int = 0
) -> Tensor:
    """Return what thinned networks say, each sample with masks of its own.

    Exercise 9.2 for plain stacks of layers, in less time: whatever stands before the
    first dropout layer runs only once.

    Args:
        networks: in eval mode, with `MemberDropout` and no other layer that differs
            between train and eval mode; they come back as they were.
        x: inputs (N, ...), the same for all.
        samples: how many times each network is asked, ≥ 1.
        seed: of the masks, which are the same for all networks.

    Returns:
        Probabilities (samples, M, N, K).

    Raises:
        ValueError: a network without dropout, whose samples would all be equal.
    """
    return torch.stack([_thinned(net, x, samples, seed) for net in networks], 1)


def _thinned(net: nn.Sequential, x: Tensor, samples: int, seed: int) -> Tensor:
    places = [k for k, layer in enumerate(net) if isinstance(layer, MemberDropout)]
    if not places:
        raise ValueError(say("networks: expected a MemberDropout layer, found none."))
    hidden, rest = net[: places[0]](x), net[places[0] :]
    with own_randomness(seed, x.device):
        rest.train()
        found = torch.stack([rest(hidden).softmax(-1) for _ in range(samples)])
        rest.eval()
    return found


def rotated(x: Tensor, degrees: float, *, fill: float | Tensor = 0.0) -> Tensor:
    """Return square images turned about their centers, interpolated bilinearly.

    Args:
        x: flat images (N, side * side), rows from top to bottom.
        degrees: the angle, counterclockwise.
        fill: value of the corners that appear.
    """
    side = math.isqrt(x.shape[1])
    sin, cos = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    turn = torch.tensor([[cos, -sin, 0], [sin, cos, 0]], device=x.device)
    places = F.affine_grid(
        turn.expand(len(x), 2, 3), [len(x), 1, side, side], align_corners=False
    )
    images = x.view(-1, 1, side, side) - fill  # what lies outside counts as 0
    return (F.grid_sample(images, places, align_corners=False) + fill).flatten(1)
