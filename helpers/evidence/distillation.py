"""What a population of students is told: targets, label, temperature, weight."""

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["lesson_loss", "lessons"]


def lessons(
    targets: Tensor,
    labels: Tensor,
    temperature: float = 4.0,
    alpha: float = 0.9,
) -> Tensor:
    """Put all that the loss needs into one tensor: (..., N, K + 3).

    A population hands targets to its loss as one tensor, so each example's row holds
    the K soft targets, its label, the temperature and alpha.

    Args:
        targets: a teacher's probabilities, softened at `temperature`: (..., N, K).
        labels: classes, int64 (..., N).
        temperature: > 0, for the student's softened answer.
        alpha: weight of the teacher, in [0, 1].

    Raises:
        ValueError: a temperature or alpha out of range.
    """
    if not temperature > 0:
        raise ValueError(f"temperature: expected > 0, got {temperature}.")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha: expected in [0, 1], got {alpha}.")
    told = [torch.as_tensor(v).to(targets) for v in (labels, temperature, alpha)]
    columns = [v.expand(targets.shape[:-1])[..., None] for v in told]
    return torch.cat([targets, *columns], -1)


def lesson_loss(logits: Tensor, told: Tensor) -> Tensor:
    r"""Return the distillation loss of one student, 0-dim, in nats.

    $-\alpha T^2 \sum_k p_k \ln q_k^{(T)} + (1 - \alpha) \mathrm{CE}(q, y)$, averaged
    over examples: `helpers.distillation_loss` up to the teacher's entropy, a constant
    that has no gradient. Plain labels (N,) give the usual cross-entropy.

    Args:
        logits: the student's, (N, K).
        told: rows of `lessons`, (N, K + 3); temperature and alpha of the first row
            hold for all. Or labels, int64 (N,).
    """
    if told.ndim == 1:
        return F.cross_entropy(logits, told)
    targets, label, temperature, alpha = told.split([logits.shape[1], 1, 1, 1], dim=1)
    warmth, weight = temperature[0, 0], alpha[0, 0]
    soft = -(targets * (logits / warmth).log_softmax(1)).sum(1).mean()
    hard = -logits.log_softmax(1).gather(1, label.long()).mean()
    return weight * warmth**2 * soft + (1 - weight) * hard
