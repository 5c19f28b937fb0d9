"""Scores of predictions: accuracy, likelihood, calibration."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from helpers.words import say

__all__ = [
    "CalibrationBins",
    "accuracy",
    "calibration_bins",
    "expected_calibration_error",
    "negative_log_likelihood",
]


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Return the share of examples whose largest logit is at the label, in [0, 1].

    Args:
        logits: scores or probabilities, floating (N, K), N ≥ 1.
        labels: classes, integers (N,).

    Raises:
        ValueError: other shapes, or NaN in the logits.
    """
    logits, labels = _checked(logits, labels)
    return (logits.argmax(dim=1) == labels).double().mean().item()


def negative_log_likelihood(logits: Tensor, labels: Tensor) -> float:
    r"""Return the mean of $-\ln p(y)$ with p = softmax(logits), in nats.

    Args:
        logits: floating (N, K), N ≥ 1; not probabilities.
        labels: classes, integers (N,).

    Raises:
        ValueError: other shapes, NaN in the logits, or a label outside [0, K).
    """
    logits, labels = _checked(logits, labels)
    return F.cross_entropy(logits.double(), labels.long()).item()


class CalibrationBins(NamedTuple):
    """What `calibration_bins` found in each bin of confidence, (n_bins,), float64.

    Attributes:
        confidence: mean confidence of the bin's examples; NaN if it has none.
        accuracy: share of the bin's examples that are right; NaN if it has none.
        share: the bin's share of all examples; the shares sum to 1.
    """

    confidence: Tensor
    accuracy: Tensor
    share: Tensor


def calibration_bins(
    probs: Tensor, labels: Tensor, n_bins: int = 15
) -> CalibrationBins:
    """Return confidence, accuracy and share of the examples, bin by bin, on the CPU.

    An example's confidence is its largest probability, and bin b holds the confidences
    in (b/n_bins, (b+1)/n_bins]. The calibration error and every reliability diagram of
    the course rest on these bins.

    Args:
        probs: probabilities (N, K), N ≥ 1, rows sum to 1.
        labels: classes, integers (N,).
        n_bins: number of bins of equal width, ≥ 1.

    Raises:
        ValueError: other shapes, NaN, rows that are no probabilities, n_bins < 1.
    """
    probs, labels = _checked(probs, labels)
    if n_bins < 1:
        raise ValueError(
            say("n_bins: expected at least 1, got {n_bins}.", n_bins=n_bins)
        )
    probs = probs.double()
    _check_probabilities(probs)
    confidence, predicted = probs.max(dim=1)
    right = (predicted == labels).double()
    edges = torch.arange(1, n_bins).double() / n_bins
    bins = torch.bucketize(confidence, edges)  # edges[b - 1] < confidence <= edges[b]
    values = torch.stack([confidence, right, torch.ones_like(right)])  # (3, N)
    sums = torch.zeros(3, n_bins, dtype=torch.float64).index_add(1, bins, values)
    return CalibrationBins(sums[0] / sums[2], sums[1] / sums[2], sums[2] / len(right))


def expected_calibration_error(
    probs: Tensor, labels: Tensor, n_bins: int = 15
) -> float:
    r"""Return the gap between confidence and accuracy, averaged over bins, in [0, 1].

    $\sum_b \frac{n_b}{N} |\text{accuracy}_b - \text{confidence}_b|$ over the bins of
    `calibration_bins`.

    Args:
        probs: probabilities (N, K), N ≥ 1, rows sum to 1.
        labels: classes, integers (N,).
        n_bins: number of bins of equal width, ≥ 1.

    Raises:
        ValueError: other shapes, NaN, rows that are no probabilities, n_bins < 1.

    Source: Guo, Pleiss, Sun, Weinberger 2017, eq. 3, https://arxiv.org/abs/1706.04599.
    """
    bins = calibration_bins(probs, labels, n_bins)
    return (bins.share * (bins.accuracy - bins.confidence).abs()).nansum().item()


def _check_probabilities(probs: Tensor) -> None:
    sums = probs.sum(dim=1)
    if probs.min() < 0 or (sums - 1).abs().max() > 1e-2:
        raise ValueError(
            say(
                "probs: expected rows ≥ 0 that sum to 1, got a minimum of "
                "{min_probs:.3g} and sums from {min_sums:.3g} to {max_sums:.3g}. Apply "
                "softmax first.",
                min_probs=probs.min(),
                min_sums=sums.min(),
                max_sums=sums.max(),
            )
        )


def _checked(scores: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return both on the CPU: float64 is asked for later, and Apple's GPUs have none.

    Raises:
        ValueError: unless scores are (N, K) and labels classes (N,).
    """
    scores, labels = scores.detach().cpu(), labels.detach().cpu()
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not len(labels):
        raise ValueError(
            say(
                "expected scores of shape (N, K) and labels of shape (N,), N ≥ 1, got "
                "{shape} and {shape2}; for several models, call once per model.",
                shape=tuple(scores.shape),
                shape2=tuple(labels.shape),
            )
        )
    if scores.isnan().any():
        raise ValueError(say("scores: got NaN; did the training diverge?"))
    if labels.min() < 0 or labels.max() >= scores.shape[1]:
        raise ValueError(
            say(
                "labels: expected classes in [0, {size}), got {min_labels} to "
                "{max_labels}.",
                size=scores.shape[1],
                min_labels=labels.min(),
                max_labels=labels.max(),
            )
        )
    return scores, labels
