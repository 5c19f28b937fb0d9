"""Notebook 08's experiments: what students are told, how they learn, what they cost."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.evidence.arms import Arm, train_arm
from helpers.evidence.costs import seconds_of
from helpers.training import one_thread
from helpers.words import say

__all__ = [
    "answer_cost",
    "confidence_only",
    "lesson_loss",
    "lessons",
    "margin",
    "recall_precision",
    "train_students",
]


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


def confidence_only(probs: Tensor) -> Tensor:
    """Keep each row's top probability and spread the rest evenly: exercise 8.5.

    Args:
        probs: probabilities (..., K), K ≥ 2; in a tie the first of the largest is kept.
    """
    top, place = probs.max(-1, keepdim=True)
    rest = (1 - top) / (probs.shape[-1] - 1)
    return rest.expand_as(probs).scatter(-1, place, top)


def train_students(
    build: Callable[..., nn.Module], x: Tensor, told: Tensor, **settings: Any
) -> Arm:
    """Train one student per seed, on labels or on the answers of a teacher.

    Args:
        build: makes a student.
        x: inputs (N, ...).
        told: labels, int64 (N,), or `lessons`: (N, 2K + 1) for all students, or
            (seeds, N, 2K + 1), where each student has a teacher of its own.
        settings: what else `helpers.evidence.arms.train_arm` takes.
    """
    loss_fn = lesson_loss if told.is_floating_point() else F.cross_entropy
    return train_arm(build, (x, told), loss_fn=loss_fn, **settings)


def margin(logits: Tensor, k: int) -> Tensor:
    """Return how far class k is ahead of the best other class: (N,), > 0 if it wins.

    Args:
        logits: scores (N, K), K ≥ 2.
        k: the class, in [0, K).
    """
    others = torch.cat([logits[:, :k], logits[:, k + 1 :]], 1)
    return logits[:, k] - others.amax(1)


def recall_precision(says: Tensor, true: Tensor) -> tuple[float, float]:
    """Return the share of the true ones that is found, and of the found that is true.

    Args:
        says: bool (N,), which examples are said to belong to the class.
        true: bool (N,), which do, at least one. Precision is 0 if nothing is found.
    """
    both = (says & true).sum()
    return (both / true.sum()).item(), (both / says.sum().clamp(min=1)).item()


def answer_cost(
    models: Sequence[nn.Module], x: Tensor, *, rounds: int = 20
) -> tuple[int, float]:
    """Return the models' parameters and what their answers to x cost.

    Args:
        models: asked one after the other.
        x: inputs (N, ...).
        rounds: how often all are asked, ≥ 1.

    Returns:
        How many parameters they have together, and processor time on one thread for
        one answer of each to all of x, in milliseconds.
    """
    parameters = sum(p.numel() for model in models for p in model.parameters())
    with torch.no_grad(), one_thread():
        seconds = seconds_of(lambda: [model(x) for model in models], rounds)
    return parameters, 1000 * seconds / rounds
