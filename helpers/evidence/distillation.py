"""What a population of students is told: soft targets, labels and a temperature."""

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.words import say

__all__ = ["lesson_loss", "lessons"]


def lessons(
    targets: Tensor,
    labels: Tensor,
    temperature: float = 4.0,
    alpha: float = 0.9,
) -> Tensor:
    r"""Put all that the distillation loss needs into one tensor: (..., N, 2K + 1).

    A population hands targets to its loss as one tensor. Each example's row holds
    $\alpha T^2 p$ (K numbers), $(1 - \alpha)$ times the one-hot label (K), and T.

    Args:
        targets: a teacher's probabilities, softened at `temperature`: (..., N, K).
        labels: classes, int64 (..., N).
        temperature: T > 0, for the student's softened answer.
        alpha: weight of the teacher, in [0, 1].

    Raises:
        ValueError: a temperature or alpha out of range.
    """
    if not temperature > 0:
        raise ValueError(
            say(
                "temperature: expected > 0, got {temperature}.", temperature=temperature
            )
        )
    if not 0 <= alpha <= 1:
        raise ValueError(say("alpha: expected in [0, 1], got {alpha}.", alpha=alpha))
    hard = F.one_hot(labels, targets.shape[-1]).to(targets).expand_as(targets)
    warmth = torch.full_like(targets[..., :1], temperature)
    soft = alpha * temperature**2 * targets
    return torch.cat([soft, (1 - alpha) * hard, warmth], -1)


def lesson_loss(logits: Tensor, told: Tensor) -> Tensor:
    r"""Return the distillation loss of one student, 0-dim, in nats.

    $-\alpha T^2 \sum_k p_k \ln q_k^{(T)} - (1 - \alpha) \ln q_y$, averaged over
    examples: `helpers.distillation_loss` up to the teacher's entropy, a constant that
    has no gradient. Plain labels (N,) give the usual cross-entropy.

    Args:
        logits: the student's, (N, K).
        told: rows of `lessons`, (N, 2K + 1). Or labels, int64 (N,).
    """
    if told.ndim == 1:
        return F.cross_entropy(logits, told)
    classes = logits.shape[1]
    soft, hard = told[:, :classes], told[:, classes:-1]
    temperature = told[:, -1:]
    warm = (logits / temperature).log_softmax(1)
    return -(soft * warm + hard * logits.log_softmax(1)).sum(1).mean()
