"""Scores of predictions, and intervals over seeds."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = [
    "Interval",
    "accuracy",
    "expected_calibration_error",
    "mean_interval",
    "negative_log_likelihood",
    "paired_difference",
]

Values = Tensor | np.ndarray | Sequence[float]


class Interval(NamedTuple):
    """A mean over n values and the confidence interval of that mean."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.4g} [{self.low:.4g}, {self.high:.4g}] (n={self.n})"


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Return the share of examples whose largest logit is at the label, in [0, 1].

    Args:
        logits: scores or probabilities, floating (N, K), N ≥ 1.
        labels: classes, integers (N,).

    Raises:
        ValueError: other shapes, or NaN in the logits.
    """
    _check(logits, labels)
    return (logits.argmax(dim=1) == labels).double().mean().item()


def negative_log_likelihood(logits: Tensor, labels: Tensor) -> float:
    r"""Return the mean of $-\ln p(y)$ with p = softmax(logits), in nats.

    Args:
        logits: floating (N, K), N ≥ 1; not probabilities.
        labels: classes, integers (N,).

    Raises:
        ValueError: other shapes, NaN in the logits, or a label outside [0, K).
    """
    _check(logits, labels)
    return F.cross_entropy(logits.double(), labels.long()).item()


def expected_calibration_error(
    probs: Tensor, labels: Tensor, n_bins: int = 15
) -> float:
    r"""Return the gap between confidence and accuracy, averaged over bins, in [0, 1].

    $\sum_b \frac{n_b}{N} |\text{accuracy}_b - \text{confidence}_b|$, where an example's
    confidence is its largest probability and bin b is (b/n_bins, (b+1)/n_bins].

    Args:
        probs: probabilities (N, K), N ≥ 1, rows sum to 1.
        labels: classes, integers (N,).
        n_bins: number of bins of equal width, ≥ 1.

    Raises:
        ValueError: other shapes, NaN, rows that are no probabilities, n_bins < 1.

    Source: Guo, Pleiss, Sun, Weinberger 2017, eq. 3, https://arxiv.org/abs/1706.04599.
    """
    _check(probs, labels)
    if n_bins < 1:
        raise ValueError(f"n_bins: expected at least 1, got {n_bins}.")
    sums = probs.double().sum(dim=1)
    if probs.min() < 0 or (sums - 1).abs().max() > 1e-2:
        raise ValueError(
            "probs: expected rows ≥ 0 that sum to 1, got a minimum of"
            f" {probs.min():.3g} and sums from {sums.min():.3g} to {sums.max():.3g}."
            " Apply softmax first."
        )
    confidence, predicted = probs.double().max(dim=1)
    gap = (predicted == labels).double() - confidence  # (N,)
    edges = torch.arange(1, n_bins, device=gap.device).double() / n_bins
    bins = torch.bucketize(confidence, edges)  # edges[b - 1] < confidence <= edges[b]
    total = torch.zeros(n_bins, dtype=gap.dtype, device=gap.device)
    return total.index_add(0, bins, gap).abs().sum().item() / len(gap)


def mean_interval(values: Values, confidence: float = 0.95) -> Interval:
    r"""Return the mean over seeds and its interval by Student's t.

    $\bar v \pm t_{n-1} \, s / \sqrt n$ with the sample standard deviation s (n - 1).

    Args:
        values: one number per seed, (n,), n ≥ 2, finite.
        confidence: probability that the interval covers the true mean, in (0, 1).

    Raises:
        ValueError: fewer than two values, more than one dimension, NaN or infinity,
            or a confidence outside (0, 1).
    """
    from scipy.special import stdtrit

    if not 0 < confidence < 1:
        raise ValueError(f"confidence: expected in (0, 1), got {confidence}.")
    numbers = _numbers("values", values)
    n = len(numbers)
    if n < 2:
        raise ValueError(
            f"values: expected at least 2 (one per seed), got {n}; a single run has no"
            " spread. Train more seeds."
        )
    half = stdtrit(n - 1, (1 + confidence) / 2) * numbers.std(ddof=1) / math.sqrt(n)
    mean = float(numbers.mean())
    return Interval(mean, mean - float(half), mean + float(half), n)


def paired_difference(
    treatment: Values, control: Values, confidence: float = 0.95
) -> Interval:
    """Return the mean of treatment - control over shared seeds, with its interval.

    Args:
        treatment, control: one number per seed, (n,) each, seed k at place k in both.
        confidence: as in `mean_interval`.

    Raises:
        ValueError: unequal lengths, or as in `mean_interval`.
    """
    first, second = _numbers("treatment", treatment), _numbers("control", control)
    if len(first) != len(second):
        raise ValueError(
            f"expected one value per seed in both, got {len(first)} for treatment and"
            f" {len(second)} for control; run both with the same seeds."
        )
    return mean_interval(first - second, confidence)


def _numbers(name: str, values: Values) -> np.ndarray:
    """Return `values` as a finite float64 array (n,), or raise ValueError."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().double().numpy()
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1:
        raise ValueError(f"{name}: expected shape (n,), got {numbers.shape}.")
    if not np.isfinite(numbers).all():
        bad = np.flatnonzero(~np.isfinite(numbers)).tolist()
        raise ValueError(
            f"{name}: expected finite numbers, got NaN or infinity at {bad}; did the"
            " training diverge?"
        )
    return numbers


def _check(scores: Tensor, labels: Tensor) -> None:
    """Raise ValueError unless scores are (N, K) and labels classes (N,)."""
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not len(labels):
        raise ValueError(
            "expected scores of shape (N, K) and labels of shape (N,), N ≥ 1, got"
            f" {tuple(scores.shape)} and {tuple(labels.shape)}; for several models,"
            " call once per model."
        )
    if scores.isnan().any():
        raise ValueError("scores: got NaN; did the training diverge?")
    if labels.min() < 0 or labels.max() >= scores.shape[1]:
        raise ValueError(
            f"labels: expected classes in [0, {scores.shape[1]}), got"
            f" {labels.min()} to {labels.max()}."
        )
